// Large imports write in many transactions, so that others can write in between.
import type { Clock } from '../clock.ts'

/** One transaction keeps the database locked for about this long. */
const LOCK_MS = 150
/** After this much locking the lock stays free for `REST_MS`, longer than SQLite's busy handler waits between two tries. */
const LOCKED_BEFORE_REST_MS = 300
const REST_MS = 110

export interface WritePace {
  /** How many things the next transaction should write. */
  size(): number
  /** Notes how long the last one kept the lock; resolves when the next may begin. */
  wrote(lockedMs: number): Promise<void>
}

export interface PaceOptions {
  /** For the first transaction, and the bounds for all. */
  first: number
  fewest: number
  most: number
  /** Uses the time in which the lock stays free. */
  tidy?: () => void
}

/** Fits the size of transactions to how long they take. */
export function createWritePace(clock: Clock, { first, fewest, most, tidy }: PaceOptions): WritePace {
  let size = first
  let locked = 0
  return {
    size: () => size,
    async wrote(lockedMs) {
      const fitting = Math.round((size * LOCK_MS) / Math.max(1, lockedMs))
      size = Math.min(most, Math.max(fewest, Math.min(size * 2, fitting)))
      locked += lockedMs
      if (locked < LOCKED_BEFORE_REST_MS) return
      locked = 0
      const begun = clock.steady()
      tidy?.()
      await clock.sleep(Math.max(0, REST_MS - (clock.steady() - begun)))
    },
  }
}
