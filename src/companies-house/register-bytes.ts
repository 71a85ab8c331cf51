// Streams of bytes as async iterables: they end with the signal's own reason and with errors that name the input.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { addAbortSignal, type Duplex, pipeline, Readable } from 'node:stream'
import { ChpipeError } from '../errors.ts'
import { systemReason } from '../system-error.ts'
import { tempFolder } from '../temp-folder.ts'

/** How much is read, decompressed and parsed at a time: a larger piece is no faster and costs memory. */
export const CHUNK_BYTES = 256 * 1024

/** One CSV with a header of its own. */
export interface RegisterPart {
  /** Its name within a zip that holds several. */
  name: string | null
  /** The name of its file, inside a zip where it comes from one. */
  file: string
  /** Its bytes, decompressed; they can be had once. */
  chunks(): AsyncIterable<Buffer>
}

/** The chunks of a stream; what goes wrong with it becomes a `data` error. */
export async function* readable(stream: Readable, name: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    yield* chunksOf(stream, signal)
  } catch (cause) {
    if (cause instanceof ChpipeError) throw cause
    const { reason, hint } = systemReason(cause)
    throw new ChpipeError('data', `The file cannot be read, as ${reason}: ${name}`, { hint, cause })
  }
}

/** The chunks that come out of a transform, no faster than they are taken. */
export async function* through(
  bytes: AsyncIterable<Buffer> | Readable,
  transform: Duplex,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const from = bytes instanceof Readable ? bytes : Readable.from(bytes)
  yield* chunksOf(pipeline(from, transform, ignoreOutcome), signal)
}

/** Whoever takes the chunks meets the error there. */
function ignoreOutcome(): void {}

/** The chunks of a stream as they are. */
export async function* chunksOf(stream: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of addAbortSignal(signal, stream))
      yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/** The first bytes, and then all of them. Fewer than asked for when there are no more. */
export async function headed(
  source: AsyncIterable<Buffer>,
  size: number,
): Promise<{ head: Buffer; bytes: AsyncIterable<Buffer> }> {
  const iterator = source[Symbol.asyncIterator]()
  let head: Buffer = Buffer.alloc(0)
  while (head.length < size) {
    const next = await iterator.next()
    if (next.done) break
    head = Buffer.concat([head, next.value])
  }
  async function* bytes(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { head: head.subarray(0, size), bytes: bytes() }
}

/** Copies bytes to a private temporary file that has no name any more, so that nothing can be left behind. */
export async function spool(bytes: AsyncIterable<Buffer>): Promise<number> {
  const parent = tempFolder()
  let folder: string | undefined
  let fd: number | undefined
  try {
    folder = mkdtempSync(join(parent, 'chpipe-register-'))
    fd = openSync(join(folder, 'register.zip'), 'wx+', 0o600)
    rmSync(folder, { recursive: true })
    for await (const chunk of bytes) for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
    return fd
  } catch (cause) {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    if (fd !== undefined) closeSync(fd)
    if (cause instanceof ChpipeError) throw cause
    const { reason } = systemReason(cause)
    throw new ChpipeError('data', `The zip could not be kept for a moment in ${parent}: ${reason}`, {
      hint: 'save it as a file and import that, or name a folder on a larger disk with CHPIPE_TMP',
      cause,
    })
  }
}
