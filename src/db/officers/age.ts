// How old the stored officer lists are.
import { DAY_MS } from '../../clock.ts'
import { countCapped } from '../capped-count.ts'
import type { Db } from '../open.ts'

/** Customers are promised data that is not older. */
export const LISTS_OLD_DAYS = 30

/** Complete lists that were fetched more than `LISTS_OLD_DAYS` before `now` (ms), as `countCapped` counts. */
export function countOldLists(db: Db, now: number): number {
  const before = new Date(now - LISTS_OLD_DAYS * DAY_MS).toISOString()
  const old = "companies WHERE officers_fetched_at < ? AND +officers_state = 'complete' AND +deleted_at IS NULL"
  return countCapped(db, old, before)
}
