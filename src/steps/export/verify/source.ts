// A delivery as it lies somewhere, a folder or a zip, whoever made it: names, sizes and bytes, and no way out of it.

import { constants } from 'node:fs'
import { lstat, mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Entry, openPromise } from 'yauzl'
import { ChpipeError, errorMessage } from '../../../errors.ts'
import { tempFolder } from '../../../files.ts'
import { DELTAS } from '../destination.ts'
import { isTemporary, sweep } from '../replace.ts'

export interface DeliverySource {
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
export async function withFile<T>(
  source: DeliverySource,
  name: string,
  body: (path: string) => Promise<T>,
): Promise<T> {
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

/**
 * The files right in a folder, without those of an export that is under way or was killed, and without its deltas, which
 * have manifests of their own. Links are not followed: what a delivery holds lies in it.
 */
export async function openFolder(folder: string): Promise<DeliverySource> {
  sweep(folder)
  const sizes = new Map<string, number>()
  const oddities: DeliverySource['oddities'] = []
  for (const name of await readdir(folder)) {
    if (isTemporary(name)) continue
    const found = await lstat(join(folder, name))
    if (name === DELTAS && found.isDirectory()) continue
    if (found.isFile()) sizes.set(name, found.size)
    else oddities.push({ name, problem: 'not a file' })
  }
  return {
    sizes,
    oddities,
    async *read(name) {
      const handle = await open(join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW)
      yield* handle.createReadStream({ highWaterMark: 1 << 18 })
    },
    path: (name) => (sizes.has(name) ? join(folder, name) : null),
    async close() {},
  }
}

/** A delivery has a dozen files; whoever puts in more than this wants something else. */
const MOST_ENTRIES = 10_000

/**
 * The files of a zip. Names that lead out of it make the whole zip refused, and no entry gives more bytes than its
 * directory tells. Throws a `data` error for what is no zip, or a broken one.
 */
export async function openZipSource(path: string): Promise<DeliverySource> {
  const refuse = (what: string, cause?: unknown) =>
    new ChpipeError('data', `The zip file cannot be read (${what}): ${path}`, {
      hint: 'request it again, or compare its SHA-256 with the one the sender gives',
      cause,
    })
  const zip = await openPromise(path, { autoClose: false, lazyEntries: true }).catch((error) => {
    throw refuse(errorMessage(error), error)
  })
  try {
    const entries = new Map<string, Entry>()
    const oddities: DeliverySource['oddities'] = []
    if (zip.entryCount > MOST_ENTRIES) throw refuse(`it claims ${zip.entryCount} files`)
    for await (const entry of zip.eachEntry()) {
      const name = entry.fileName
      if (entries.has(name)) oddities.push({ name, problem: 'twice' })
      else entries.set(name, entry)
    }
    return {
      sizes: new Map([...entries].map(([name, { uncompressedSize }]) => [name, uncompressedSize])),
      oddities,
      async *read(name) {
        const entry = entries.get(name)
        if (entry) yield* await zip.openReadStreamPromise(entry)
      },
      path: () => null,
      close: async () => zip.close(),
    }
  } catch (error) {
    zip.close()
    throw error instanceof ChpipeError ? error : refuse(errorMessage(error), error)
  }
}
