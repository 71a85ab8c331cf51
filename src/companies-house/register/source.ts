// Opens a register file wherever it comes from: a path or a stream, plain, gzip or zip. What it is shows in its first
// bytes, not in its name.

import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import { DAY_MS } from '../../clock.ts'
import { ChpipeError, errorMessage, systemReason } from '../../errors.ts'
import {
  brokenOff,
  CHUNK_BYTES,
  type FileKind,
  headed,
  openZip,
  type RegisterPart,
  readable,
  spool,
  through,
} from './bytes.ts'

/** A path, or a stream such as stdin with its name for messages. */
export type RegisterInput = { path: string } | { stream: NodeJS.ReadableStream; name: string }

export interface RegisterSource {
  name: string
  parts: RegisterPart[]
  /** What `bytesRead` will reach; null for a stream, which does not tell. */
  bytesTotal: number | null
  bytesRead(): number
  close(): void
}

/** Bytes that can be had once, and their first few beforehand. */
interface Opened {
  name: string
  head: Buffer
  bytes: AsyncIterable<Buffer>
  bytesTotal: number | null
  signal: AbortSignal
}

const MAGIC_BYTES = 4

/**
 * Opens a register file. Throws a `data` error for what cannot be read, is empty, or is a zip without a readable CSV;
 * whether its bytes are whole shows only when they are read. Reading rejects with the signal's reason once it aborts. The
 * caller closes it.
 */
export function openRegister(input: RegisterInput, signal: AbortSignal): Promise<RegisterSource> {
  return openSource(input, REGISTER, signal)
}

/** The same for files of another kind. */
export async function openSource(input: RegisterInput, kind: FileKind, signal: AbortSignal): Promise<RegisterSource> {
  if ('path' in input) {
    const size = fileSize(input.path, kind)
    if (size !== null) return openFile(input.path, size, kind, signal)
  }
  const name = 'path' in input ? input.path : input.name
  const stream = 'path' in input ? createReadStream(input.path) : toReadable(input.stream)
  const { head, bytes } = await headed(readable(stream, name, signal), MAGIC_BYTES)
  if (isZip(head)) return openZip(await spool(bytes), name, kind, signal)
  if (head.length === 0) throw emptyFile(name, kind)
  return plainSource({ name, head, bytes, bytesTotal: null, signal })
}

async function openFile(path: string, size: number, kind: FileKind, signal: AbortSignal): Promise<RegisterSource> {
  const fd = openForReading(path, kind)
  const head = Buffer.alloc(MAGIC_BYTES)
  const length = readSync(fd, head, 0, MAGIC_BYTES, 0)
  if (isZip(head)) return openZip(fd, path, kind, signal)
  closeSync(fd)
  if (length === 0) throw emptyFile(path, kind)
  const bytes = whenRead(path, signal)
  return plainSource({ name: path, head: head.subarray(0, length), bytes, bytesTotal: size, signal })
}

/**
 * The file is opened when it is its turn, so that one which is not read is not left open. A stream would wake a thread for
 * each piece, which takes longer than to copy it; whatever else is due has its turn between two of them.
 */
async function* whenRead(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    for (;;) {
      signal.throwIfAborted()
      // A new one each time: whoever takes the pieces may keep them.
      const piece = Buffer.allocUnsafeSlow(CHUNK_BYTES)
      const length = readPiece(fd, piece, path)
      if (length === 0) return
      yield piece.subarray(0, length)
      await nextTurn()
    }
  } catch (cause) {
    if (fd === undefined) throw brokenOff(path, cause)
    throw cause
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function readPiece(fd: number, piece: Buffer, path: string): number {
  try {
    return readSync(fd, piece)
  } catch (cause) {
    throw brokenOff(path, cause)
  }
}

function plainSource({ name, head, bytes, bytesTotal, signal }: Opened): RegisterSource {
  let read = 0
  async function* metered(): AsyncGenerator<Buffer> {
    for await (const chunk of bytes) {
      read += chunk.length
      yield chunk
    }
  }
  async function* gunzipped(): AsyncGenerator<Buffer> {
    try {
      yield* through(metered(), createGunzip({ chunkSize: CHUNK_BYTES }), signal)
    } catch (cause) {
      signal.throwIfAborted()
      if (cause instanceof ChpipeError) throw cause
      throw new ChpipeError('data', `The gzip file is broken near byte ${read} (${errorMessage(cause)}): ${name}`, {
        hint: 'download it again',
        cause,
      })
    }
  }
  const part: RegisterPart = { name: null, file: name, chunks: isGzip(head) ? gunzipped : metered }
  return { name, parts: [part], bytesTotal, bytesRead: () => read, close() {} }
}

const REGISTER: FileKind = {
  ending: /\.csv$/i,
  called: '.csv',
  otherwise: 'use the zip exactly as downloaded from https://download.companieshouse.gov.uk/en_output.html',
  again: 'download it again: https://download.companieshouse.gov.uk/en_output.html',
  name: 'name the register file as it was downloaded, such as BasicCompanyData.zip',
}

function emptyFile(name: string, { again }: FileKind): ChpipeError {
  return new ChpipeError('data', `The file is empty: ${name}`, { hint: again })
}

function toReadable(stream: NodeJS.ReadableStream): Readable {
  return stream instanceof Readable ? stream : new Readable().wrap(stream)
}

/** The size of a regular file; null for a pipe or a device. */
function fileSize(path: string, kind: FileKind): number | null {
  let stats: ReturnType<typeof statSync>
  try {
    stats = statSync(path)
  } catch (cause) {
    throw unreadable(path, kind, cause)
  }
  if (stats.isDirectory()) throw new ChpipeError('data', `This is a folder, not a file: ${path}`, { hint: kind.name })
  return stats.isFile() ? stats.size : null
}

function openForReading(path: string, kind: FileKind): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw unreadable(path, kind, cause)
  }
}

function unreadable(path: string, kind: FileKind, cause: unknown): ChpipeError {
  const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
  if (missing) return new ChpipeError('data', `There is no such file: ${path}`, { hint: kind.name, cause })
  const { reason, hint } = systemReason(cause)
  return new ChpipeError('data', `The file cannot be read, as ${reason}: ${path}`, { hint, cause })
}

/** A file entry or, in an empty zip, the end of the directory comes first. */
function isZip(head: Buffer): boolean {
  const magic = head.toString('latin1')
  return magic === 'PK\x03\x04' || magic === 'PK\x05\x06'
}

function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b
}

// Which month's register file it is, and which part of it: the names of the files tell (facts 5.1).

export interface RegisterPartNumber {
  part: number
  of: number
}

export interface RegisterEdition {
  /** The day that the file is of, at whose beginning its facts were true; null where it is unknown. */
  asOf: string | null
  /** The parts of the register that it holds; null for one that is not a part. */
  parts: RegisterPartNumber[] | null
}

const NAME = /BasicCompanyData(?:AsOneFile)?-(\d{4}-\d{2}-\d{2})(?:-part(\d+)_(\d+))?/i

/** The file of the next month may be out before the month is; a later day is a slip of the pen. */
const MOST_AHEAD_MS = 31 * DAY_MS

/** The last day that a file may be of. */
export function latestEdition(now: number): string {
  return new Date(now + MOST_AHEAD_MS).toISOString().slice(0, 10)
}

/**
 * The edition of an opened file: by `asOf` where it is given, else by the names inside the zip, else by the file's own.
 * Several files in one zip that are not of the same day count as the oldest of them. An impossible date does not count.
 */
export function editionOf(
  { name, parts }: Pick<RegisterSource, 'name' | 'parts'>,
  { asOf, now }: { asOf?: string | undefined; now: number },
): RegisterEdition {
  const own = readName(name)
  const inside = parts.map(({ file }) => readName(file) ?? own)
  const days = inside.flatMap((read) => read?.day ?? []).filter((day) => day <= latestEdition(now))
  const numbers = inside.flatMap((read) => read?.number ?? [])
  return { asOf: asOf ?? days.sort()[0] ?? null, parts: numbers.length === parts.length ? numbers : null }
}

function readName(name: string): { day: string | null; number: RegisterPartNumber | null } | null {
  const [, day = '', part, of] = NAME.exec(name) ?? []
  if (day === '') return null
  const date = new Date(`${day}T00:00:00Z`)
  const exists = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day)
  return { day: exists ? day : null, number: part && of ? { part: Number(part), of: Number(of) } : null }
}
