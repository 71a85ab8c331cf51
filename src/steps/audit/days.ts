// Proves that nothing is missing: for each day, the companies that are stored under it equal the register's own list for
// that day of incorporation. Asks advanced search in the background lane, and writes only to repair. Safe to run again.

import type { Clock, Timings } from '../../clock.ts'
import type { CompaniesHouse } from '../../companies-house/client.ts'
import type { FoundCompany } from '../../companies-house/search.ts'
import { COMPANY_NUMBER } from '../../company-number.ts'
import { listFormed } from '../../db/officers/officers.ts'
import type { Db } from '../../db/open.ts'
import { isFollowed } from '../../db/stream/cursor.ts'
import { loadSuppressions } from '../../db/suppress/suppressions.ts'
import type { Log } from '../../log.ts'
import { daysBetween, searchSlice } from '../companies/search.ts'
import { COMPANIES } from '../stream/companies.ts'
import type { CompanyFilters } from '../stream/rules.ts'
import { type AskedExtra, askAboutExtras, compareDay, type DayComparison, type Missing, repairDay } from './repair.ts'

export interface AuditStep {
  db: Db
  companiesHouse: CompaniesHouse
  clock: Clock
  log: Log
  timings: Pick<Timings, 'auditPatienceMs'>
  runId: number
  signal: AbortSignal
}

export interface AuditDaysOptions {
  /** The first and the last day, `YYYY-MM-DD`. */
  from: string
  to: string
  /** The day that is not over yet: events may still be on their way. */
  today: string
  filters: CompanyFilters
  /** The types to slice by where a day has more hits than a search shows. */
  types: readonly string[]
  repair: boolean
  /** Receives each day once it is compared, and repaired. */
  onDay(audit: DayAudit): void
}

export interface DayAudit {
  day: string
  received: number
  /** Listed by the search, or confirmed by their profiles. */
  registered: number
  missing: Missing[]
  /** Those that the register does not confirm. */
  extra: AskedExtra[]
  /** Not listed by the search, but formed on this day as their profiles tell. */
  confirmed: number
  deleted: number
  /** What the search counted but did not show, or could not be read: it leaves the day unproven. */
  unlisted: number
  equal: boolean
  queued: number
  corrected: number
}

/** Audits day after day. Throws what the client throws, and the signal's reason; the days before have been reported by then. */
export async function auditDays(step: AuditStep, options: AuditDaysOptions): Promise<void> {
  const stored = listFormed(step.db, options.from, options.to)
  for (const day of daysBetween(options.from, options.to)) {
    step.signal.throwIfAborted()
    options.onDay(await auditDay(step, options, day, stored.get(day) ?? []))
  }
}

async function auditDay(
  step: AuditStep,
  options: AuditDaysOptions,
  day: string,
  stored: readonly string[],
): Promise<DayAudit> {
  const { listed, unlisted } = await searchDay(step, day, options.types)
  const comparison = await compare(step, options, { day, stored, listed })
  const asked = await askAboutExtras(step.companiesHouse, comparison.extra, {
    listed: listed.keys().next().value,
    signal: step.signal,
  })
  const extra = asked.filter(({ register }) => register !== 'confirmed')
  const { received, missing, deleted } = comparison
  const confirmed = asked.length - extra.length
  const repaired = options.repair
    ? repairDay(step, day, { missing, extra, searchWorks: listed.size > 0 })
    : { queued: 0, corrected: 0 }
  return {
    day,
    received,
    registered: comparison.listed + confirmed,
    missing,
    extra,
    confirmed,
    deleted,
    unlisted,
    equal: missing.length + extra.length + unlisted === 0,
    ...repaired,
  }
}

async function searchDay(step: AuditStep, day: string, types: readonly string[]) {
  const { found, odd, missed } = await searchSlice(step, { incorporatedFrom: day, incorporatedTo: day }, types)
  const named = found.filter(({ company_number }) => COMPANY_NUMBER.test(company_number))
  const listed = new Map(named.map((company): [string, FoundCompany] => [company.company_number, company]))
  return { listed, unlisted: odd + missed + found.length - named.length }
}

interface Sides {
  day: string
  stored: readonly string[]
  listed: ReadonlyMap<string, FoundCompany>
}

/** Compares; what is missing today is looked for once more, while a stream is followed that may still bring it. */
async function compare(step: AuditStep, { filters, today }: AuditDaysOptions, sides: Sides): Promise<DayComparison> {
  const { db, clock, signal, timings } = step
  const look = () => compareDay(db, { ...sides, filters, suppressions: loadSuppressions(db) })
  const first = look()
  if (sides.day !== today || first.missing.length === 0 || !isFollowed(db, COMPANIES, clock)) return first
  await clock.sleep(timings.auditPatienceMs, signal)
  return look()
}
