import { formatDuration } from '../../durations.ts'
import type { RegisterWord } from '../../steps/audit-extra.ts'
import { formatNumber, printable } from '../../text.ts'
import type { DayReport, DaysReport } from './days-report.ts'

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

const WORDS: Record<RegisterWord, (formed: string | null) => string> = {
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
    const all = next_day === null ? 'ALL EQUAL' : 'EQUAL SO FAR'
    if (days.length > 0) lines.push(`${all}: ${count(days.length, 'day')}, ${companies(registered)}; ${told}`)
  } else {
    const differ = `${n(days_differing)} OF ${count(days.length, 'DAY')} ${days_differing === 1 ? 'DIFFERS' : 'DIFFER'}`
    const unseen = unlisted > 0 ? `, ${n(unlisted)} not shown` : ''
    lines.push(`${differ}: ${n(missing)} missing, ${n(extra)} extra${unseen}; ${told}`)
    const first = days.find(({ equal }) => !equal)?.day ?? report.from
    if (report.repair) lines.push(`Repaired: ${n(queued)} stored and queued, ${n(corrected)} corrected.`)
    else lines.push(`Make up for it: chpipe audit --repair ${span(report, first)}${filterFlags}`)
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

function count(value: number, unit: string): string {
  const plural = unit === unit.toUpperCase() ? 'S' : 's'
  return `${formatNumber(value)} ${unit}${value === 1 ? '' : plural}`
}

function companies(value: number): string {
  return value === 1 ? '1 company' : `${formatNumber(value)} companies`
}
