// The CSV files inside a zip, decompressed one after the other and checked: yauzl reads the directory, but leaves the
// checksum to its caller.
import { closeSync } from 'node:fs'
import { crc32, createInflateRaw } from 'node:zlib'
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl'
import { ChpipeError, errorMessage } from '../errors.ts'
import { CHUNK_BYTES, chunksOf, type RegisterPart, through } from './register-bytes.ts'

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
 * Opens the CSV files of a zip; the file descriptor is closed with it. Throws a `data` error for a broken or encrypted
 * zip and for one without a CSV.
 */
export async function openZip(fd: number, name: string, signal: AbortSignal): Promise<RegisterZip> {
  try {
    const { zip, entries } = await readDirectory(fd, name)
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

async function readDirectory(fd: number, name: string): Promise<{ zip: ZipFile; entries: Entry[] }> {
  const entries: Entry[] = []
  let zip: ZipFile
  try {
    zip = await fromFdPromise(fd, { autoClose: false })
    for await (const entry of zip.eachEntry()) if (isCsv(entry)) entries.push(entry)
  } catch (cause) {
    throw new ChpipeError('data', `The zip file is broken (${errorMessage(cause)}): ${name}`, {
      hint: 'download it again',
      cause,
    })
  }
  if (entries.length === 0) throw withoutCsv(name)
  for (const entry of entries) refuseUnreadable(entry, name)
  return { zip, entries }
}

function withoutCsv(name: string): ChpipeError {
  return new ChpipeError('data', `The zip file holds no .csv file: ${name}`, {
    hint: 'take the zip as it comes from https://download.companieshouse.gov.uk/en_output.html',
  })
}

function isCsv({ fileName }: Entry): boolean {
  return /\.csv$/i.test(fileName) && !fileName.startsWith('__MACOSX/')
}

function refuseUnreadable(entry: Entry, name: string): void {
  if (entry.isEncrypted()) {
    throw new ChpipeError('data', `${entry.fileName} in ${name} is encrypted`, { hint: 'decrypt the zip first' })
  }
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw new ChpipeError('data', `${entry.fileName} in ${name} is packed by an unknown method`, {
      hint: 'unpack it and import the .csv file',
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
