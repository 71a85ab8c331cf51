// Removes what is older than the operator keeps it, a batch a transaction: it may be stopped at any moment, and running it
// again removes the rest. What was paid for stays known by its hash, so that it is not bought again.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import { type Db, snapshot, write } from '../../db/open.ts'
import { beginRun } from '../../db/runs.ts'
import { eraseFromNamesFile } from '../../db/served/names-file.ts'
import { emptyLog } from '../../db/suppress/erase.ts'
import { countOlder, PURGED, type Purged, type PurgeLimit, removeOlder } from '../../db/suppress/purge.ts'

/** How many rows of each kind. */
export type PurgeCounts = Record<Purged, number>

/** Others get their turn between batches. */
const MOST_A_BATCH = 500

/** The limit for an age in milliseconds. */
export function purgeLimit(age: number, now: number): PurgeLimit {
  const time = new Date(now - age).toISOString()
  return { day: time.slice(0, 10), time, ms: now - age }
}

/** What a purge would remove now. */
export function planPurge(db: Db, limit: PurgeLimit): PurgeCounts {
  return snapshot(db, () => countsOf((purged) => countOlder(db, purged, limit)))
}

/** Removes it, and returns how much that was. Throws the signal's reason between two batches. */
export async function purge(
  db: Db,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
  limit: PurgeLimit,
  onProgress: (purged: Purged, removed: number) => void = () => {},
): Promise<PurgeCounts & { logKept: boolean }> {
  using run = beginRun(db, clock, 'purge')
  const counts = countsOf(() => 0)
  for (const purged of PURGED) {
    for (let after = 0; ; ) {
      signal.throwIfAborted()
      const now = new Date(clock.now()).toISOString()
      const batch = write(db, (tx) => removeOlder(db, tx, purged, { limit, after, most: MOST_A_BATCH, now }))
      counts[purged] += batch.removed
      if (batch.removed < MOST_A_BATCH) break
      after = batch.last
      onProgress(purged, counts[purged])
      await nextTurn()
    }
  }
  run.finish({ older_than: limit.time, ...counts })
  const logKept = !emptyLog(db)
  eraseFromNamesFile(db)
  return { ...counts, logKept }
}

function countsOf(count: (purged: Purged) => number): PurgeCounts {
  return Object.fromEntries(PURGED.map((purged) => [purged, count(purged)])) as PurgeCounts
}
