import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { ZipFile } from 'yazl'

export interface ZipPart {
  /** The name inside the zip. */
  name: string
  path: string
}

/** What would not get smaller is stored as it is. */
const PACKED_ALREADY = /\.(gz|parquet|xlsx|zip)$/

/** Whoever unpacks personal data is the only one to read it. */
const FILE_MODE = 0o100600

/**
 * Packs files into a new zip at `path`, one after the other in little memory, and waits until its bytes are on the disk.
 * All entries bear the time `at`, so that the same files give the same bytes. Rejects with what the file system said, or
 * with the signal's reason; what was written until then is left to the caller.
 */
export async function writeZip(path: string, parts: ZipPart[], at: Date, signal: AbortSignal): Promise<void> {
  const zip = new ZipFile()
  const target = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true, signal })
  zip.on('error', (error: Error) => target.destroy(error))
  zip.outputStream.pipe(target)
  for (const { name, path: from } of parts) {
    zip.addFile(from, name, { mtime: at, mode: FILE_MODE, compress: !PACKED_ALREADY.test(name) })
  }
  zip.end()
  try {
    await finished(target)
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}
