// A delivery as it lies somewhere, a folder or a zip, whoever made it: names, sizes and bytes, and no way out of it.
import { mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { tempFolder } from '../../../temp-folder.ts'

export interface Source {
  /** Size of each file by its name, in bytes, as the folder or the zip's directory tells. */
  sizes: Map<string, number>
  /** What else is wrong with the names: not a plain file, or there twice. */
  oddities: { name: string; problem: 'not a file' | 'twice' }[]
  /** The bytes of a file; breaks off with an error when they are damaged or become more than its size. */
  read(name: string): AsyncIterable<Buffer>
  /** Where the file lies by itself, when it does. */
  path(name: string): string | null
  close(): Promise<void>
}

/** Calls `body` with a path at which the file can be opened, and removes the copy that this may need. */
export async function withFile<T>(source: Source, name: string, body: (path: string) => Promise<T>): Promise<T> {
  const own = source.path(name)
  if (own !== null) return await body(own)
  const folder = await mkdtemp(join(tempFolder(), 'chpipe-verify-'))
  try {
    const path = join(folder, 'file')
    const handle = await open(path, 'wx', 0o600)
    await pipeline(Readable.from(source.read(name)), handle.createWriteStream())
    return await body(path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
