import { constants } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DELTAS } from '../../export/delta-place.ts'
import { isTemporary, sweep } from '../../export/replace.ts'
import type { Source } from './source.ts'

/**
 * The files right in a folder, without those of an export that is under way or was killed, and without its deltas, which
 * have manifests of their own. Links are not followed: what a delivery holds lies in it.
 */
export async function openFolder(folder: string): Promise<Source> {
  sweep(folder)
  const sizes = new Map<string, number>()
  const oddities: Source['oddities'] = []
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
