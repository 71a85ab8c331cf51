// How old the stored officer lists are.
import { DAY_MS } from '../../clock.ts'
import { type Db, prepared } from '../open.ts'

/** Customers are promised data that is not older. */
export const LISTS_OLD_DAYS = 30

/** More are not counted: the cost stays the same however many there are. */
export const MOST_COUNTED = 10_000

/** Complete lists that were fetched more than `LISTS_OLD_DAYS` before `now` (ms), up to `MOST_COUNTED` and one. */
export function countOldLists(db: Db, now: number): number {
  const sql = `SELECT count(*) FROM (SELECT 1 FROM companies WHERE officers_fetched_at < ?
    AND +officers_state = 'complete' AND +deleted_at IS NULL LIMIT ${MOST_COUNTED + 1})`
  const before = new Date(now - LISTS_OLD_DAYS * DAY_MS).toISOString()
  return Number(prepared(db, sql).pluck().get(before))
}
