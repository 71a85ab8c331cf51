import { formatDuration, londonTime } from '../clock.ts'
import { TYPE_SLUGS, typeMeant } from '../companies-house/register/prose.ts'
import type { Context } from '../context.ts'
import type { Db } from '../db/open.ts'
import { beginRun } from '../db/runs.ts'
import { readCursor } from '../db/stream/cursor.ts'
import { ChpipeError } from '../errors.ts'
import { auditDays, type DayAudit } from '../steps/audit/days.ts'
import type { RegisterWord } from '../steps/audit/repair.ts'
import { daysBetween } from '../steps/companies/search.ts'
import { COMPANIES } from '../steps/stream/companies.ts'
import { counted, formatNumber, printable, safeJson } from '../text.ts'
import type { Answer, OptionSpec, OptionsOf } from './command.ts'
import { bar, createStatus, terminalWidth } from './output.ts'
import { fitTable, type TableShape } from './table.ts'
import { count, day, postcodes, sicCodes, someOf } from './values.ts'

export const AUDIT_OPTIONS = [
  {
    flags: '--since <day>',
    description: 'audit from this day on, also to go on with an audit that was stopped',
    parse: day,
    fallback: "the day of the stream's first event",
  },
  { flags: '--day <day>', description: 'audit this day alone', parse: day },
  {
    flags: '--repair',
    description: 'store and queue what is missing, correct what is extra; with --officers: store the fresh lists',
  },
  {
    flags: '--type <slugs>',
    description: 'only companies of these types: what the stream was narrowed to',
    parse: someOf(TYPE_SLUGS, typeMeant),
  },
  { flags: '--sic <codes>', description: 'only companies with one of these SIC codes', parse: sicCodes },
  {
    flags: '--postcode <codes>',
    description: 'only companies in one of these areas: N, N1, SW1A 1',
    parse: postcodes,
  },
  {
    flags: '--officers <n>',
    description: 'instead: fetch the officer lists of n complete companies again and compare',
    parse: count(1),
  },
  { flags: '--seed <n>', description: 'with --officers: which sample; the one that a report names', parse: count(0) },
] as const satisfies readonly OptionSpec[]

export type AuditOptions = OptionsOf<typeof AUDIT_OPTIONS>

/** `chpipe audit`: prints the days that were compared, also when it is stopped before the last; 1 when one differs. */
export async function auditDaysInto(context: Context, options: AuditOptions): Promise<Answer> {
  const { clock, log, timings, signal } = context
  const db = await context.db({ create: false, kind: 'data' })
  const liveSince = requireLive(db)
  const today = londonTime(clock.now()).day
  const { from, to } = chooseDays(options, londonTime(liveSince).day, today)
  const companiesHouse = await context.companiesHouse({ create: false })
  using current = beginRun(db, clock, 'audit')
  const audits: DayAudit[] = []
  const repair = options.repair === true
  const filters = { types: options.type, sicCodes: options.sic, postcodes: options.postcode }
  const step = { db, companiesHouse, clock, log, timings, runId: current.id, signal }
  let ended: DaysReport['ended'] = 'error'
  try {
    using shown = await showDays(context, { from, to })
    const onDay = (audit: DayAudit) => {
      audits.push(audit)
      shown.update(audits)
    }
    await auditDays(step, { from, to, today, filters, types: TYPE_SLUGS, repair, onDay })
    ended = 'finished'
  } catch (error) {
    throw signal.aborted ? interrupted() : error
  } finally {
    if (signal.aborted) ended = 'interrupted'
    const { requests, rateLimited } = companiesHouse.counts
    const elapsedMs = clock.now() - current.startedAt
    const facts = { liveSince, from, to, today, repair, ended, requests, rateLimited, elapsedMs }
    const report = summarizeDays(audits, facts)
    current.finish({ ...report, days: report.days.length })
    await context.print(
      context.json ? `${safeJson(report)}\n` : renderDays(report, filterFlags(options), terminalWidth(context)),
    )
  }
  return audits.every(({ equal, unlisted }) => equal || (repair && unlisted === 0)) ? 0 : 1
}

/** The days before are in the report, which also says where to continue. */
function interrupted(): ChpipeError {
  return new ChpipeError('interrupted', 'Interrupted', {
    hint: 'continue with --since, as the report says; repairs are kept',
  })
}

/** When the first event was applied, in milliseconds. Throws `no` before that. */
function requireLive(db: Db): number {
  const firstEventAt = readCursor(db, COMPANIES)?.first_event_at ?? null
  if (firstEventAt !== null) return firstEventAt
  throw new ChpipeError('no', 'Not live yet: no event of the stream was ever stored, so there is no day to audit', {
    hint: 'go live first: chpipe stream --enrich',
  })
}

function chooseDays({ since, day }: AuditOptions, live: string, today: string): { from: string; to: string } {
  const from = day ?? since ?? live
  if (from > today) throw new ChpipeError('usage', `${from} is in the future; today is ${today}`)
  return { from, to: day ?? today }
}

function filterFlags({ type, sic, postcode }: AuditOptions): string {
  return Object.entries({ type, sic, postcode })
    .map(([name, values]) => (values ? ` --${name} ${safeWord(values.join(','))}` : ''))
    .join('')
}

/** A postcode may hold a blank. */
function safeWord(text: string): string {
  return text.includes(' ') ? `"${text}"` : text
}

async function showDays(context: Context, { from, to }: { from: string; to: string }) {
  const status = await createStatus(context)
  const begun = context.clock.steady()
  const days = daysBetween(from, to).length
  status.update(`${bar(0, 16)} ${from}  asking the register`)
  return {
    update(audits: DayAudit[]) {
      const share = audits.length / days
      const left = formatDuration(((context.clock.steady() - begun) / share) * (1 - share))
      const missing = audits.reduce((sum, audit) => sum + audit.missing.length, 0)
      const day = audits.at(-1)?.day ?? from
      status.update(`${bar(share, 16)} ${day}  ${formatNumber(missing)} missing so far, ${left} left`)
    },
    [Symbol.dispose]: () => status[Symbol.dispose](),
  }
}

/** A day with its differences as numbers, and in full behind them. */
interface DayReport extends Omit<DayAudit, 'missing' | 'extra'> {
  missing: number
  extra: number
  missing_companies: { company_number: string; company_name: string; stored_under: string | null }[]
  extra_companies: { company_number: string; company_name: string; register: RegisterWord; formed: string | null }[]
}

/** The names and their order are what `audit --json` prints. */
interface DaysReport {
  live_since: string
  from: string
  to: string
  today: string
  ended: 'finished' | 'interrupted' | 'error'
  /** Where to continue; null when every day was compared. */
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
function summarizeDays(audits: DayAudit[], facts: DaysFacts): DaysReport {
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

/** More of them are only counted; `--json` has them all. */
const MOST_SHOWN = 20

/**
 * The report for people: the table, what differs by name, and the verdict. `filterFlags` are the filters as they were
 * typed, each behind a blank, for the commands that it proposes.
 */
function renderDays(report: DaysReport, filterFlags: string, shape: TableShape): string {
  const rows = report.days.map((day) => cells(day, report.today))
  const days = fitTable([HEADINGS, ...rows], { ...shape, numbers: [1, 2, 3, 4] })
  const notes = [differing(report.days), verdict(report, filterFlags)].filter((lines) => lines.length > 0)
  return [days, ...notes.map((lines) => `${lines.join('\n')}\n`)].join('\n')
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

const WORDS: Record<RegisterWord, (formed: string | null) => string> = {
  confirmed: () => 'confirmed',
  'other-day': (formed) => (formed === null ? 'registered without a day' : `registered on ${formed}`),
  unknown: () => 'not registered',
  unasked: () => 'not asked',
}

function verdict(report: DaysReport, filterFlags: string): string[] {
  const { days, days_differing, registered, missing, extra, unlisted, queued, corrected, next_day } = report
  const n = formatNumber
  const told = `${counted(report.requests, 'call')} in ${formatDuration(report.elapsed_seconds * 1000)}`
  const lines: string[] = []
  if (days_differing === 0) {
    const all = next_day === null ? 'ALL EQUAL' : 'EQUAL SO FAR'
    if (days.length > 0)
      lines.push(`${all}: ${counted(days.length, 'day')}, ${counted(registered, 'company', 'companies')}; ${told}`)
  } else {
    const differ = `${n(days_differing)} OF ${counted(days.length, 'DAY', 'DAYS')} ${days_differing === 1 ? 'DIFFERS' : 'DIFFER'}`
    const unseen = unlisted > 0 ? `, ${n(unlisted)} not shown` : ''
    lines.push(`${differ}: ${n(missing)} missing, ${n(extra)} extra${unseen}; ${told}`)
    const first = days.find(({ equal }) => !equal)?.day ?? report.from
    if (report.repair) lines.push(`Repaired: ${n(queued)} stored and queued, ${n(corrected)} corrected.`)
    else lines.push(`To repair: chpipe audit --repair ${span(report, first)}${filterFlags}`)
  }
  const flags = `${filterFlags}${report.repair ? ' --repair' : ''}`
  if (next_day !== null)
    lines.push(`Stopped before ${next_day}; go on with: chpipe audit ${span(report, next_day)}${flags}`)
  return lines
}

/** An audit of one day stays one. */
function span({ from, to }: DaysReport, day: string): string {
  return from === to ? `--day ${day}` : `--since ${day}`
}
