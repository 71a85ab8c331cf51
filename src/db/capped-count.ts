// Counts that stop, so that they cost the same however many there are.
import { counted, formatNumber } from '../text.ts'
import { type Db, prepared } from './open.ts'

/** More are not counted. */
const MOST_COUNTED = 10_000

/** How many rows there are behind `FROM ${from}`, up to 10,001 for more than 10,000. */
export function countCapped(db: Db, from: string, ...values: unknown[]): number {
  const sql = `SELECT count(*) FROM (SELECT 1 FROM ${from} LIMIT ${MOST_COUNTED + 1})`
  return Number(
    prepared(db, sql)
      .pluck()
      .get(...values),
  )
}

/** What such a count says: `1 company`, `7,000 companies`, or `more than 10,000 companies`. */
export function cappedText(count: number, one: string, many: string): string {
  return count > MOST_COUNTED ? `more than ${formatNumber(MOST_COUNTED)} ${many}` : counted(count, one, many)
}
