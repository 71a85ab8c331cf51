// Moves staged companies into the database without getting in the way of those who write beside it.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { CompanyStaging, Origin } from '../db/companies.ts'

export interface MergeStep {
  clock: Clock
  signal: AbortSignal
}

export interface MergeTotals {
  inserted: number
  updated: number
  duplicates: number
}

/** One transaction keeps the database locked for about this long. */
const LOCK_MS = 150
/** After this much locking the lock stays free for `REST_MS`, longer than SQLite's busy handler waits between two tries. */
const LOCKED_BEFORE_REST_MS = 300
const REST_MS = 110

const FIRST_CHUNK = 1000
const SMALLEST_CHUNK = 100
const LARGEST_CHUNK = 20_000

/**
 * Moves everything over; a writer beside it waits for about half a second at worst. Interrupted, it rejects with the
 * signal's reason after the chunk at hand: what has moved is good, and importing the file again moves the rest.
 */
export async function mergeStaged(
  { clock, signal }: MergeStep,
  staging: CompanyStaging,
  { origin, onProgress }: { origin: Origin; onProgress(merged: number): void },
): Promise<MergeTotals> {
  const totals = { inserted: 0, updated: 0, duplicates: 0 }
  let size = FIRST_CHUNK
  let locked = 0
  for (const { inserted, updated, duplicates, lockedMs } of staging.merge(origin, () => size)) {
    totals.inserted += inserted
    totals.updated += updated
    totals.duplicates += duplicates
    size = nextSize(size, lockedMs)
    locked += lockedMs
    if (locked >= LOCKED_BEFORE_REST_MS) {
      await rest(staging, clock)
      locked = 0
    }
    onProgress(totals.inserted + totals.updated)
    await nextTurn()
    signal.throwIfAborted()
  }
  staging.checkpoint()
  return totals
}

/** Leaves the lock free, and uses the time. */
async function rest(staging: CompanyStaging, clock: Clock): Promise<void> {
  const begun = clock.steady()
  staging.checkpoint()
  await clock.sleep(Math.max(0, REST_MS - (clock.steady() - begun)))
}

function nextSize(size: number, lockedMs: number): number {
  const fitting = Math.round((size * LOCK_MS) / Math.max(1, lockedMs))
  return Math.min(LARGEST_CHUNK, Math.max(SMALLEST_CHUNK, Math.min(size * 2, fitting)))
}
