// When permits that are out come back, for forecasts.
import { type Db, prepared } from '../open.ts'

/** When the nth of the permits out now comes back (steady ms); null when there are fewer. */
export function nthFreeAt(db: Db, allowance: string, now: number, nth: number): number | null {
  const sql =
    'SELECT frees_at FROM quota_grants WHERE allowance = ? AND frees_at > ? ORDER BY frees_at LIMIT 1 OFFSET ?'
  const at = prepared(db, sql)
    .pluck()
    .get(allowance, now, nth - 1)
  return typeof at === 'number' ? at : null
}
