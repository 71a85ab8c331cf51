import { formatDuration } from '../../durations.ts'
import type { DayAudit } from '../../steps/audit-days.ts'
import type { AskedExtra, RegisterWord } from '../../steps/audit-extra.ts'
import { daysBetween } from '../../steps/search-companies.ts'
import { formatNumber, printable } from '../../text.ts'

interface DayReport {
  day: string
  received: number
  registered: number
  missing: number
  extra: number
  /** Not in the search, but formed on this day as their profiles tell; they are among the registered. */
  confirmed: number
  /** Gone since, as events told; they are not among the received. */
  deleted: number
  /** What the search counted but did not show: it leaves the day unproven. */
  unlisted: number
  equal: boolean
  queued: number
  corrected: number
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

/** More of them are told by number alone; `--json` has them all. */
const MOST_SHOWN = 20

/**
 * The report for people: the table, what differs by name, and the verdict. `filterFlags` are the filters as they were
 * typed, each behind a blank, for the commands that it proposes.
 */
export function renderDays(report: DaysReport, filterFlags: string): string {
  const table = [HEADINGS, ...report.days.map((day) => cells(day, report.today))]
  const parts = [table.map(aligned), differing(report.days), verdict(report, filterFlags)].filter(
    (lines) => lines.length > 0,
  )
  return parts.map((lines) => `${lines.join('\n')}\n`).join('\n')
}

const HEADINGS = ['day', 'received', 'registered', 'missing', 'extra', '']

function cells(day: DayReport, today: string): string[] {
  const { received, registered, missing, extra } = day
  const news = [
    ...(day.day === today ? ['so far'] : []),
    ...(day.equal ? [] : ['differs']),
    ...(day.queued > 0 ? [`${formatNumber(day.queued)} queued`] : []),
    ...(day.corrected > 0 ? [`${formatNumber(day.corrected)} corrected`] : []),
    ...(day.unlisted > 0 ? [`${formatNumber(day.unlisted)} not shown`] : []),
  ]
  return [day.day, ...[received, registered, missing, extra].map(formatNumber), news.join(', ')]
}

function aligned([day = '', received = '', registered = '', missing = '', extra = '', news = '']: string[]): string {
  const numbers = [received.padStart(10), registered.padStart(12), missing.padStart(9), extra.padStart(7)]
  return `${day.padEnd(10)}${numbers.join('')}  ${news}`.trimEnd()
}

function differing(days: DayReport[]): string[] {
  const lines = days.flatMap(({ day, missing_companies, extra_companies }) => [
    ...missing_companies.map(({ stored_under, ...company }) =>
      [`missing  ${day}`, ...named(company), stored_under === null ? '' : `(stored under ${stored_under})`].join('  '),
    ),
    ...extra_companies.map(({ register, formed, ...company }) =>
      [`extra    ${day}`, ...named(company), `(${WORDS[register](formed)})`].join('  '),
    ),
  ])
  const more = lines.length - MOST_SHOWN
  return [
    ...lines.slice(0, MOST_SHOWN).map((line) => printable(line).trimEnd()),
    ...(more > 0 ? [`and ${formatNumber(more)} more; --json lists them all`] : []),
  ]
}

function named({ company_number, company_name }: { company_number: string; company_name: string }): string[] {
  return [company_number, company_name.slice(0, 30)]
}

const WORDS: Record<AskedExtra['register'], (formed: string | null) => string> = {
  confirmed: () => 'confirmed',
  'other-day': (formed) => (formed === null ? 'registered without a day' : `registered on ${formed}`),
  unknown: () => 'not registered',
  unasked: () => 'not asked',
}

function verdict(report: DaysReport, filterFlags: string): string[] {
  const { days, days_differing, registered, missing, extra, unlisted, queued, corrected, next_day } = report
  const n = formatNumber
  const told = `${count(report.requests, 'call')} in ${formatDuration(report.elapsed_seconds * 1000)}`
  const lines: string[] = []
  if (days_differing === 0) {
    if (days.length > 0) lines.push(`ALL EQUAL: ${count(days.length, 'day')}, ${companies(registered)}; ${told}`)
  } else {
    const differ = `${n(days_differing)} OF ${count(days.length, 'DAY')} ${days_differing === 1 ? 'DIFFERS' : 'DIFFER'}`
    const unseen = unlisted > 0 ? `, ${n(unlisted)} not shown` : ''
    lines.push(`${differ}: ${n(missing)} missing, ${n(extra)} extra${unseen}; ${told}`)
    const first = days.find(({ equal }) => !equal)?.day
    if (report.repair) lines.push(`Repaired: ${n(queued)} stored and queued, ${n(corrected)} corrected.`)
    else lines.push(`Make up for it: chpipe audit --repair --since ${first}${filterFlags}`)
  }
  const flags = `${filterFlags}${report.repair ? ' --repair' : ''}`
  if (next_day !== null) lines.push(`Stopped before ${next_day}; go on with: chpipe audit --since ${next_day}${flags}`)
  return lines
}

function count(value: number, unit: string): string {
  const plural = unit === unit.toUpperCase() ? 'S' : 's'
  return `${formatNumber(value)} ${unit}${value === 1 ? '' : plural}`
}

function companies(value: number): string {
  return value === 1 ? '1 company' : `${formatNumber(value)} companies`
}
