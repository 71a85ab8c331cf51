import type { DayAudit } from '../../steps/audit-days.ts'
import type { RegisterWord } from '../../steps/audit-extra.ts'
import { daysBetween } from '../../steps/search-companies.ts'

/** A day with its differences as numbers, and in full behind them. */
export interface DayReport extends Omit<DayAudit, 'missing' | 'extra'> {
  missing: number
  extra: number
  missing_companies: { company_number: string; company_name: string; stored_under: string | null }[]
  extra_companies: { company_number: string; company_name: string; register: RegisterWord; formed: string | null }[]
}

/** The names and their order are what `audit --json` prints. */
export interface DaysReport {
  live_since: string
  from: string
  to: string
  today: string
  ended: 'finished' | 'interrupted' | 'error'
  /** Where to go on; null when every day was compared. */
  next_day: string | null
  repair: boolean
  days: DayReport[]
  received: number
  registered: number
  missing: number
  extra: number
  unlisted: number
  days_differing: number
  queued: number
  corrected: number
  requests: number
  rate_limited: number
  elapsed_seconds: number
}

export interface DaysFacts {
  liveSince: number
  from: string
  to: string
  today: string
  repair: boolean
  ended: DaysReport['ended']
  requests: number
  rateLimited: number
  elapsedMs: number
}

/** Sums up the days that were compared. */
export function summarizeDays(audits: DayAudit[], facts: DaysFacts): DaysReport {
  const { liveSince, from, to, today, repair, ended, requests, rateLimited, elapsedMs } = facts
  const days = audits.map(dayReport)
  const sum = (of: (day: DayReport) => number) => days.reduce((total, day) => total + of(day), 0)
  return {
    live_since: new Date(liveSince).toISOString(),
    from,
    to,
    today,
    ended,
    next_day: daysBetween(from, to)[days.length] ?? null,
    repair,
    days,
    received: sum(({ received }) => received),
    registered: sum(({ registered }) => registered),
    missing: sum(({ missing }) => missing),
    extra: sum(({ extra }) => extra),
    unlisted: sum(({ unlisted }) => unlisted),
    days_differing: sum(({ equal }) => (equal ? 0 : 1)),
    queued: sum(({ queued }) => queued),
    corrected: sum(({ corrected }) => corrected),
    requests,
    rate_limited: rateLimited,
    elapsed_seconds: Math.round(elapsedMs) / 1000,
  }
}

function dayReport({ missing, extra, ...day }: DayAudit): DayReport {
  const { received, registered, confirmed, deleted, unlisted, equal, queued, corrected } = day
  const counts = { confirmed, deleted, unlisted, equal, queued, corrected }
  return {
    ...{ day: day.day, received, registered, missing: missing.length, extra: extra.length, ...counts },
    missing_companies: missing.map(({ found, stored }) => ({
      company_number: found.company_number,
      company_name: found.company_name,
      stored_under: stored?.date_of_creation ?? null,
    })),
    extra_companies: extra.map(({ company, register, details }) => ({
      company_number: company.company_number,
      company_name: company.company_name,
      register,
      formed: details?.date_of_creation ?? null,
    })),
  }
}
