import type { Clock } from '../clock.ts'
import type { Db } from '../db/open.ts'
import { readUse, viewClock } from '../db/quota/ledger.ts'
import type { Quota } from '../settings.ts'

/** The allowance that Companies House gives per key, as its row is named in the database. */
export const COMPANIES_HOUSE_ALLOWANCE = 'companies-house'

/** The PostgreSQL that keeps a shared allowance. */
export interface StoreReport {
  /** Host, port and database. */
  postgres: string
  /** Why it cannot be reached; null while it can. */
  away: string | null
  /** Null while it is away. */
  encrypted: boolean | null
  /** The processes that were heard of in the last minute, or window if that is longer. */
  users: { host: string; pid: number; seen_seconds_ago: number }[]
}

/** How an allowance stands; null is unknown, as its store is away. */
export interface AllowanceUse {
  used: number | null
  /** Those of the stream's lane. */
  stream: number | null
  peak: number | null
  rateLimited: number | null
  /** From now (ms); null when nothing is out, or there is no gate. */
  nextFreeInMs: number | null
  gateForMs: number | null
  /** Left out where it is the database. */
  store?: StoreReport
}

export interface QuotaReport {
  limit: number
  window_seconds: number
  /** Calls that count against the allowance now; null, as the next two, while its store is away. */
  used: number | null
  /** The most that ever counted at once. */
  peak: number | null
  /** Answers 429 and 403, ever. */
  rate_limited: number | null
  /** Where the allowance is shared; left out where it is in the database. */
  store?: StoreReport
}

/** How the Companies House allowance of the database stands, read without writing. */
export function localUse(db: Db, clock: Clock): AllowanceUse {
  const now = clock.steady()
  const { nextFreeAt, gateUntil, ...use } = readUse(db, COMPANIES_HOUSE_ALLOWANCE, viewClock(clock), now)
  const fromNow = (at: number | null) => (at !== null && at > now ? at - now : null)
  return { ...use, nextFreeInMs: fromNow(nextFreeAt), gateForMs: fromNow(gateUntil) }
}

/** When calls to Companies House may go out again (wall ms); null while there is room. */
export function allowanceFreeAt(db: Db, clock: Clock, { limit }: Quota, use = localUse(db, clock)): number | null {
  const usedUp = use.used !== null && use.used >= limit
  const ms = Math.max(usedUp ? (use.nextFreeInMs ?? 0) : 0, use.gateForMs ?? 0)
  return ms > 0 ? clock.now() + ms : null
}

/** How the Companies House allowance stands: that of the database, unless it is shared. */
export function quotaReport(db: Db, clock: Clock, { limit, windowMs }: Quota, use = localUse(db, clock)): QuotaReport {
  const { used, peak, rateLimited, store } = use
  const report = { limit, window_seconds: windowMs / 1000, used, peak, rate_limited: rateLimited }
  return store ? { ...report, store } : report
}
