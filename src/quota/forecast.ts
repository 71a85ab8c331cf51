// When a number of calls can have left, if all of the allowance is theirs.
import type { Clock } from '../clock.ts'
import type { Db } from '../db/open.ts'
import { nthFreeAt } from '../db/quota/forecast.ts'
import { readUse, viewClock } from '../db/quota/ledger.ts'
import type { Quota } from '../settings.ts'
import { COMPANIES_HOUSE_ALLOWANCE } from './report.ts'

export interface Forecast {
  /** Until the last of the calls may leave. */
  ms: number
  /** How often the allowance must fill up again for that. */
  windows: number
}

/** Until so many calls to Companies House may have left, of which each takes its turn for `eachMs`. */
export function forecastCalls(db: Db, clock: Clock, quota: Quota, calls: number, eachMs = 0): Forecast {
  const now = clock.steady()
  const { used, gateUntil } = readUse(db, COMPANIES_HOUSE_ALLOWANCE, viewClock(clock), now)
  const nth = (count: number) => nthFreeAt(db, COMPANIES_HOUSE_ALLOWANCE, now, count)
  return forecastFrom({ used, gateMs: Math.max(0, (gateUntil ?? 0) - now), now, nth, eachMs }, quota, calls)
}

export interface Occupied {
  /** Permits out now. */
  used: number
  /** Until calls may leave again after a refusal. */
  gateMs: number
  now: number
  /** When the nth permit of those comes back. */
  nth(count: number): number | null
  /** How long each call takes its turn, while calls are free. */
  eachMs: number
}

/**
 * Each permit comes back a window after its call, so the calls of one filling follow those of the one before in the same
 * rhythm: while a burst waits for its next window, the forecast counts down, and while it runs, it does not jump.
 */
export function forecastFrom(
  { used, gateMs, now, nth, eachMs }: Occupied,
  { limit, windowMs }: Quota,
  calls: number,
): Forecast {
  const free = Math.max(0, limit - used)
  const beyond = calls - free
  if (beyond <= 0) return { ms: gateMs + calls * eachMs, windows: 0 }
  const windows = Math.ceil(beyond / limit)
  const last = beyond - (windows - 1) * limit
  const back = last <= used ? (nth(last) ?? now) - now : windowMs + (last - used) * eachMs
  return { ms: Math.max(gateMs, back + (windows - 1) * windowMs), windows }
}
