import { type Entry, openPromise } from 'yauzl'
import { ChpipeError, errorMessage } from '../../../errors.ts'
import type { Source } from './source.ts'

/** A delivery has a dozen files; whoever puts in more than this wants something else. */
const MOST_ENTRIES = 10_000

/**
 * The files of a zip. Names that lead out of it make the whole zip refused, and no entry gives more bytes than its
 * directory tells. Throws a `data` error for what is no zip, or a broken one.
 */
export async function openZipSource(path: string): Promise<Source> {
  const refuse = (what: string, cause?: unknown) =>
    new ChpipeError('data', `The zip file cannot be read (${what}): ${path}`, {
      hint: 'ask for it again, or compare its SHA-256 with what the sender says',
      cause,
    })
  const zip = await openPromise(path, { autoClose: false, lazyEntries: true }).catch((error) => {
    throw refuse(errorMessage(error), error)
  })
  try {
    const entries = new Map<string, Entry>()
    const oddities: Source['oddities'] = []
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
