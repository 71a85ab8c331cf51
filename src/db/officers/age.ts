// How old the stored officer lists are.
import { type Db, prepared } from '../open.ts'

/** More are not counted: the cost stays the same however many there are. */
export const MOST_COUNTED = 10_000

/** Complete lists that were fetched before this moment (ISO), up to `MOST_COUNTED` and one. */
export function countListsBefore(db: Db, before: string): number {
  const sql = `SELECT count(*) FROM (SELECT 1 FROM companies WHERE officers_fetched_at < ?
    AND +officers_state = 'complete' AND +deleted_at IS NULL LIMIT ${MOST_COUNTED + 1})`
  return Number(prepared(db, sql).pluck().get(before))
}
