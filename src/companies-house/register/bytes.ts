// Streams of bytes as async iterables: they end with the signal's own reason and with errors that name the input.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { addAbortSignal, type Duplex, pipeline, Readable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl'
import { ChpipeError, errorMessage, systemReason } from '../../errors.ts'
import { tempFolder } from '../../files.ts'

/** How much is read, decompressed and parsed at a time: a larger piece is no faster and costs memory. */
export const CHUNK_BYTES = 64 * 1024

/** What files of one kind are called, inside a zip and in sentences about them. */
export interface FileKind {
  /** How the name of such a file ends in a zip. */
  ending: RegExp
  /** The same in words: `.csv`. */
  called: string
  /** What to do when a zip has none. */
  otherwise: string
  /** What to do about a file that is empty. */
  again: string
  /** What is to be named in the place of a folder, or of what is not there. */
  name: string
}

/** One file with a header of its own. */
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
    throw cause instanceof ChpipeError ? cause : brokenOff(name, cause)
  }
}

/** The error for input that the system fails to read. */
export function brokenOff(name: string, cause: unknown): ChpipeError {
  const { reason, hint } = systemReason(cause)
  return new ChpipeError('data', `The file cannot be read, as ${reason}: ${name}`, { hint, cause })
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
async function* chunksOf(stream: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
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

// The files of one kind inside a zip, decompressed one after the other and checked: yauzl reads the directory, but leaves the
// checksum to its caller.

const STORED = 0
const DEFLATED = 8

export interface RegisterZip {
  name: string
  parts: RegisterPart[]
  /** Counted in decompressed bytes, as the directory gives them. */
  bytesTotal: number
  bytesRead(): number
  close(): void
}

/**
 * Opens the files of a kind in a zip; the file descriptor is closed with it. Throws a `data` error for a broken or
 * encrypted zip and for one without such a file.
 */
export async function openZip(fd: number, name: string, kind: FileKind, signal: AbortSignal): Promise<RegisterZip> {
  try {
    const { zip, entries } = await readDirectory(fd, name, kind)
    let read = 0
    const parts = entries.map((entry): RegisterPart => {
      async function* chunks(): AsyncGenerator<Buffer> {
        for await (const chunk of entryBytes(zip, entry, name, signal)) {
          read += chunk.length
          yield chunk
        }
      }
      return { name: entries.length > 1 ? entry.fileName : null, file: entry.fileName, chunks }
    })
    const bytesTotal = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0)
    return { name, parts, bytesTotal, bytesRead: () => read, close: () => closeSync(fd) }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

async function readDirectory(fd: number, name: string, kind: FileKind): Promise<{ zip: ZipFile; entries: Entry[] }> {
  const entries: Entry[] = []
  let zip: ZipFile
  try {
    zip = await fromFdPromise(fd, { autoClose: false })
    for await (const entry of zip.eachEntry()) if (isOfKind(entry, kind)) entries.push(entry)
  } catch (cause) {
    throw new ChpipeError('data', `The zip file is broken (${errorMessage(cause)}): ${name}`, {
      hint: 'download it again',
      cause,
    })
  }
  if (entries.length === 0) throw holdsNone(name, kind)
  for (const entry of entries) refuseUnreadable(entry, name)
  return { zip, entries }
}

function holdsNone(name: string, { called, otherwise }: FileKind): ChpipeError {
  return new ChpipeError('data', `The zip file holds no ${called} file: ${name}`, { hint: otherwise })
}

function isOfKind({ fileName }: Entry, { ending }: FileKind): boolean {
  return ending.test(fileName) && !fileName.startsWith('__MACOSX/')
}

function refuseUnreadable(entry: Entry, name: string): void {
  if (entry.isEncrypted()) {
    throw new ChpipeError('data', `${entry.fileName} in ${name} is encrypted`, { hint: 'decrypt the zip first' })
  }
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw new ChpipeError('data', `${entry.fileName} in ${name} uses an unknown compression method`, {
      hint: 'unpack it and import what is inside',
    })
  }
}

async function* entryBytes(zip: ZipFile, entry: Entry, name: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  let size = 0
  let checksum = 0
  try {
    for await (const chunk of await unpacked(zip, entry, signal)) {
      size += chunk.length
      checksum = crc32(chunk, checksum)
      yield chunk
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw broken(entry, name, `it breaks off after byte ${size} (${errorMessage(cause)})`, cause)
  }
  if (size !== entry.uncompressedSize) {
    throw broken(entry, name, `it ends at byte ${size} instead of ${entry.uncompressedSize}`)
  }
  if (checksum !== entry.crc32) throw broken(entry, name, `the checksum over its ${size} bytes is wrong`)
}

/** yauzl would unpack by itself, but in pieces of 16 kB. */
async function unpacked(zip: ZipFile, entry: Entry, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
  const raw = await zip.openReadStreamPromise(entry, { decodeFileData: false })
  if (entry.compressionMethod === STORED) return chunksOf(raw, signal)
  return through(raw, createInflateRaw({ chunkSize: CHUNK_BYTES }), signal)
}

function broken(entry: Entry, name: string, what: string, cause?: unknown): ChpipeError {
  return new ChpipeError('data', `${entry.fileName} in ${name} is broken: ${what}`, {
    hint: 'download it again',
    cause,
  })
}
