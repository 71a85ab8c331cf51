// Bytes to lines. Lines are cut on 0x0A and decoded whole, so no character is ever torn, however the chunks fall.
import { isUtf8 } from 'node:buffer'

/** Longer lines are rejected. */
const MAX_LINE_BYTES = 8 * 1024 * 1024

/** What is kept of a longer one: enough to recognise it, and its end, where the timepoint stands (facts 3.4). */
const HEAD_BYTES = 64 * 1024
const TAIL_BYTES = 1024

/** So many parts of a line are joined, so that a line in crumbs takes no more room than one in a piece. */
const MANY_PARTS = 1024

export type Line =
  | { kind: 'heartbeat' }
  /** `utf8` is false when bytes were no UTF-8 and became U+FFFD. */
  | { kind: 'line'; text: string; bytes: number; utf8: boolean }
  | { kind: 'overlong'; head: string; tail: string; bytes: number }

export interface Splitter {
  /** The lines that end in this chunk. The chunk may be kept until its last line has ended. */
  push(chunk: Uint8Array): Generator<Line>
  /** What is left when the body has ended: bytes without a line end. Afterwards the splitter is empty. */
  rest(): Line | null
}

const LINE_FEED = 0x0a

/** Makes a splitter for one body. It never holds more than one line of up to `maxBytes`. */
export function createSplitter(maxBytes: number = MAX_LINE_BYTES): Splitter {
  let parts: Buffer[] = []
  let unjoined = 0
  let bytes = 0
  let cut: { head: Buffer; tail: Buffer } | null = null

  const keep = (part: Buffer) => {
    if (part.length === 0) return
    bytes += part.length
    if (cut) {
      cut.tail = lastBytes(part.length >= TAIL_BYTES ? part : Buffer.concat([cut.tail, part]))
      return
    }
    parts.push(part)
    unjoined += 1
    if (unjoined === MANY_PARTS) {
      parts.push(Buffer.concat(parts.splice(-MANY_PARTS)))
      unjoined = 0
    }
    if (bytes <= maxBytes) return
    const whole = Buffer.concat(parts)
    cut = { head: Buffer.from(whole.subarray(0, Math.min(HEAD_BYTES, maxBytes))), tail: lastBytes(whole) }
    parts = []
    unjoined = 0
  }

  const take = (): Line => {
    const line: Line = cut
      ? { kind: 'overlong', head: cut.head.toString('utf8'), tail: cut.tail.toString('utf8'), bytes }
      : decode(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts))
    parts = []
    unjoined = 0
    bytes = 0
    cut = null
    return line
  }

  return {
    *push(chunk) {
      const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      let start = 0
      for (let end = buffer.indexOf(LINE_FEED); end !== -1; end = buffer.indexOf(LINE_FEED, start)) {
        keep(buffer.subarray(start, end))
        start = end + 1
        yield take()
      }
      keep(buffer.subarray(start))
    },
    rest: () => (bytes === 0 ? null : take()),
  }
}

function decode(bytes: Buffer): Line {
  const text = bytes.toString('utf8')
  if (text.trim() === '') return { kind: 'heartbeat' }
  return { kind: 'line', text, bytes: bytes.length, utf8: isUtf8(bytes) }
}

function lastBytes(part: Buffer): Buffer {
  return Buffer.from(part.subarray(Math.max(0, part.length - TAIL_BYTES)))
}
