import { formatDuration } from '../../durations.ts'
import type { ListAudit } from '../../steps/audit-officers.ts'
import type { OfficerDrift } from '../../steps/officer-drift.ts'
import { formatNumber, printable } from '../../text.ts'

/** The names and their order are what `audit --officers --json` prints. */
export interface OfficersReport {
  ended: 'finished' | 'interrupted' | 'error'
  seed: number
  wanted: number
  /** Lists that were fetched again. */
  lists_checked: number
  equal: number
  drifted: number
  /** Companies whose list could not be fetched. */
  failed: number
  added: number
  removed: number
  changed: number
  repair: boolean
  repaired: number
  /** Those that have drifted or failed. */
  lists: Pick<ListAudit, 'company_number' | 'fetched_at' | 'drift' | 'error' | 'repaired'>[]
  requests: number
  rate_limited: number
  elapsed_seconds: number
}

export interface OfficersFacts {
  wanted: number
  seed: number
  repair: boolean
  ended: OfficersReport['ended']
  requests: number
  rateLimited: number
  elapsedMs: number
}

/** Sums up the lists that were compared. */
export function summarizeOfficers(audits: ListAudit[], facts: OfficersFacts): OfficersReport {
  const fetched = audits.filter(({ drift }) => drift !== null)
  const equal = fetched.filter((audit) => audit.equal).length
  const sum = (of: (drift: OfficerDrift) => unknown[]) =>
    fetched.reduce((total, { drift }) => total + (drift ? of(drift).length : 0), 0)
  return {
    ended: facts.ended,
    seed: facts.seed,
    wanted: facts.wanted,
    lists_checked: fetched.length,
    equal,
    drifted: fetched.length - equal,
    failed: audits.length - fetched.length,
    added: sum(({ added }) => added),
    removed: sum(({ removed }) => removed),
    changed: sum(({ changed }) => changed),
    repair: facts.repair,
    repaired: audits.filter(({ repaired }) => repaired).length,
    lists: audits
      .filter((audit) => !audit.equal)
      .map(({ company_number, fetched_at, drift, error, repaired }) => ({
        ...{ company_number, fetched_at, drift, error, repaired },
      })),
    requests: facts.requests,
    rate_limited: facts.rateLimited,
    elapsed_seconds: Math.round(facts.elapsedMs) / 1000,
  }
}

/** So many companies are told with their changes; `--json` has them all. */
const MOST_SHOWN = 10
const MOST_LINES = 12

/** The report for people. */
export function renderOfficers(report: OfficersReport, now: number): string {
  const n = formatNumber
  const { lists, added, removed, changed } = report
  const rows: [label: string, value: string][] = [
    ['sample', `${n(report.lists_checked)} of ${n(report.wanted)} lists fetched again; --seed ${report.seed}`],
    ['equal', n(report.equal)],
    ['drifted', `${n(report.drifted)}: officers ${n(added)} added, ${n(removed)} removed, ${n(changed)} changed`],
  ]
  if (report.failed > 0) rows.push(['failed', n(report.failed)])
  if (report.repair) rows.push(['repaired', `${n(report.repaired)} fresh lists stored`])
  rows.push(['calls', `${n(report.requests)} in ${formatDuration(report.elapsed_seconds * 1000)}`])
  if (report.ended !== 'finished') rows.push(['ended', 'early'])
  const more = lists.length - MOST_SHOWN
  const parts = [
    rows.map(([label, value]) => `${label.padEnd(16)}${value}`),
    ...lists.slice(0, MOST_SHOWN).map((list) => listLines(list, now)),
    ...(more > 0 ? [[`and ${n(more)} more companies; --json lists them all`]] : []),
  ]
  return parts.map((lines) => `${lines.map(printable).join('\n')}\n`).join('\n')
}

function listLines(
  { company_number, fetched_at, drift, error }: OfficersReport['lists'][number],
  now: number,
): string[] {
  const head = `${company_number}  fetched ${formatDuration(now - Date.parse(fetched_at))} ago`
  if (!drift) return [`${head}: ${error}`]
  const lines = [
    ...drift.added.map(({ name }) => `  added    ${name}`),
    ...drift.removed.map(({ name }) => `  removed  ${name}`),
    ...drift.changed.flatMap(({ name, fields }) =>
      Object.entries(fields).map(
        ([field, { stored, register }]) => `  changed  ${name}: ${field} ${stored ?? '-'} -> ${register ?? '-'}`,
      ),
    ),
  ]
  const more = lines.length - MOST_LINES
  return [head, ...lines.slice(0, MOST_LINES), ...(more > 0 ? [`  and ${formatNumber(more)} more`] : [])]
}
