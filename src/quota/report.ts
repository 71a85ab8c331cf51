import type { Clock } from '../clock.ts'
import type { Db } from '../db/open.ts'
import { readUse, viewClock } from '../db/quota/ledger.ts'
import type { Quota } from '../settings.ts'

/** The allowance that Companies House gives per key, as its row is named in the database. */
export const COMPANIES_HOUSE_ALLOWANCE = 'companies-house'

export interface QuotaReport {
  limit: number
  window_seconds: number
  /** Calls that count against the allowance now. */
  used: number
  /** The most that ever counted at once. */
  peak: number
  /** Answers 429 and 403, ever. */
  rate_limited: number
}

/** When calls to Companies House may go out again (wall ms); null while there is room. */
export function allowanceFreeAt(db: Db, clock: Clock, { limit }: Quota): number | null {
  const now = clock.steady()
  const { used, nextFreeAt, gateUntil } = readUse(db, COMPANIES_HOUSE_ALLOWANCE, viewClock(clock), now)
  const until = Math.max(used >= limit ? (nextFreeAt ?? 0) : 0, gateUntil ?? 0)
  return until > now ? clock.now() + (until - now) : null
}

/** How the Companies House allowance stands, read without writing. */
export function quotaReport(db: Db, clock: Clock, { limit, windowMs }: Quota): QuotaReport {
  const { used, peak, rateLimited } = readUse(db, COMPANIES_HOUSE_ALLOWANCE, viewClock(clock), clock.steady())
  return { limit, window_seconds: windowMs / 1000, used, peak, rate_limited: rateLimited }
}
