import { newestDelta } from '../../export/delta-place.ts'
import { readManifest } from './manifest.ts'
import { openSource } from './verify-delivery.ts'

/** The checkpoint of the newest delta or delivery that lies at a goal, a folder or a zip; null where none can be read. */
export async function deliveredCheckpoint(goal: string): Promise<string | null> {
  const delta = newestDelta(goal)
  return (delta && (await checkpointAt(delta))) ?? (await checkpointAt(goal))
}

async function checkpointAt(path: string): Promise<string | null> {
  try {
    const source = await openSource(path)
    try {
      return (await readManifest(source, path)).checkpoint ?? null
    } finally {
      await source.close()
    }
  } catch {
    return null
  }
}
