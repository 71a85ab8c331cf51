// Lines of a bulk file as text. It is UTF-8; a line that is not is read as Windows-1252 (facts 5.2). Bytes are cut at line
// ends only, so that no character ever is.
import { isUtf8 } from 'node:buffer'
import { ChpipeError } from '../../errors.ts'

const LF = 0x0a
const NOTHING = Buffer.alloc(0)

/** Longer than any record; what has no line end for so long is another kind of file. */
const LONGEST_LINE = 65_536

/** The lines of a file without their ends, in batches as they arrive. Throws a `data` error for a line without an end. */
export async function* linesOf(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<string[]> {
  let rest: Buffer = NOTHING
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(LF)
    if (end === -1) {
      rest = Buffer.concat([rest, chunk])
      if (rest.length > LONGEST_LINE) throw withoutLines(name)
      continue
    }
    yield decodeLines(rest.length === 0 ? chunk.subarray(0, end) : Buffer.concat([rest, chunk.subarray(0, end)]))
    rest = Buffer.from(chunk.subarray(end + 1))
    if (rest.length > LONGEST_LINE) throw withoutLines(name)
  }
  if (rest.length > 0) yield decodeLines(rest)
}

function withoutLines(name: string): ChpipeError {
  return new ChpipeError('data', `A line is longer than ${LONGEST_LINE} bytes: this is no file of officers: ${name}`, {
    hint: 'name the files of product 195, 216 or 198 as Companies House delivers them',
  })
}

function decodeLines(bytes: Buffer): string[] {
  const lines = isUtf8(bytes) ? bytes.toString('utf8').split('\n') : [...separately(bytes)]
  return bytes.includes(0x0d) ? lines.map((line) => line.replace(/\r$/, '')) : lines
}

const WINDOWS = new TextDecoder('windows-1252')

function* separately(bytes: Buffer): Generator<string> {
  for (let from = 0; from <= bytes.length; ) {
    const at = bytes.indexOf(LF, from)
    const line = bytes.subarray(from, at === -1 ? bytes.length : at)
    yield isUtf8(line) ? line.toString('utf8') : WINDOWS.decode(line)
    if (at === -1) return
    from = at + 1
  }
}
