import { formatDuration } from '../clock.ts'
import type { Context } from '../context.ts'
import { beginRun } from '../db/runs.ts'
import { ChpipeError } from '../errors.ts'
import { auditOfficers, type ListAudit } from '../steps/audit/officers.ts'
import type { OfficerDrift } from '../steps/officers/rows.ts'
import { formatNumber, printable, safeJson } from '../text.ts'
import { AUDIT_OPTIONS, type AuditOptions, auditDaysInto } from './audit-days.ts'
import { type Answer, defineCommand, type Input } from './command.ts'
import { bar, createStatus, type Fact, facts } from './output.ts'

export const auditCommand = defineCommand({
  name: 'audit',
  summary: 'Prove that no new company is missing, against the register itself',
  description: `For each day since the stream's first event, compares the stored companies with this date of creation with the register's
own list for the day. It uses advanced search, a call or more per day, with lower priority than the stream. It ends with 0
when all days match, company for company, and with 1 when a day differs. --repair stores what is missing and queues it for
enrichment as the missed events would have done. Days are London days; today counts up to now.

With --officers it checks officer lists instead: it fetches a random sample again and reports what has changed since.
Officer lists change over time, so this ends with 0 whatever it finds.`,
  options: AUDIT_OPTIONS,
  examples: [
    { line: 'chpipe audit', does: 'every day since going live' },
    { line: 'chpipe audit --repair', does: 'the same, and repair what is missing' },
    { line: 'chpipe audit --day 2026-11-20 --json', does: 'one day, with the numbers of what differs' },
    { line: 'chpipe audit --officers 50', does: 'how far officer lists have drifted' },
  ],
  notifies: true,
  run,
})

async function run(context: Context, { options }: Input<AuditOptions>): Promise<Answer> {
  refuseContradictions(options)
  const { officers } = options
  return officers === undefined
    ? auditDaysInto(context, options)
    : auditOfficersInto(context, { count: officers, seed: options.seed, repair: options.repair === true })
}

function refuseContradictions({ since, day, officers, seed, type, sic, postcode }: AuditOptions): void {
  const ofDays = Object.entries({ since, day, type, sic, postcode }).find(([, value]) => value !== undefined)
  if (since !== undefined && day !== undefined) throw contradiction('--since and --day contradict each other')
  if (officers !== undefined && ofDays) throw contradiction(`--officers and --${ofDays[0]} contradict each other`)
  if (officers === undefined && seed !== undefined) throw contradiction('--seed belongs to --officers')
}

function contradiction(message: string): ChpipeError {
  return new ChpipeError('usage', message, { hint: 'leave one of them out: chpipe audit --help' })
}

/** A seed that is short enough to be typed again. */
const SEEDS = 1_000_000

export interface AuditOfficersOptions {
  count: number
  seed: number | undefined
  repair: boolean
}

/** `chpipe audit --officers`: prints how far the sample has drifted, also when it is stopped early. Drift is no failure. */
async function auditOfficersInto(context: Context, options: AuditOfficersOptions): Promise<Answer> {
  const { clock, signal } = context
  const db = await context.db({ create: false, kind: 'data' })
  const companiesHouse = await context.companiesHouse({ create: false })
  using current = beginRun(db, clock, 'audit')
  const { count, repair, seed = current.startedAt % SEEDS } = options
  const audits: ListAudit[] = []
  const step = { db, companiesHouse, clock, runId: current.id, signal }
  let ended: OfficersReport['ended'] = 'error'
  try {
    using status = await createStatus(context)
    const onCompany = (audit: ListAudit, { done, of }: { done: number; of: number }) => {
      audits.push(audit)
      const drifted = audits.filter(({ drift, equal }) => drift && !equal).length
      status.update(
        `${bar(done / of, 16)} ${formatNumber(done)}/${formatNumber(of)} lists, ${formatNumber(drifted)} drifted`,
      )
    }
    await auditOfficers(step, { count, seed, repair, onCompany })
    ended = 'finished'
  } finally {
    if (signal.aborted) ended = 'interrupted'
    const { requests, rateLimited } = companiesHouse.counts
    const report = summarizeOfficers(audits, {
      ...{ wanted: count, seed, repair, ended, requests, rateLimited, elapsedMs: clock.now() - current.startedAt },
    })
    current.finish({ ...report, lists: report.lists.length })
    if (audits.length > 0)
      await context.print(context.json ? `${safeJson(report)}\n` : renderOfficers(report, clock.now()))
  }
  if (audits.length > 0) return 0
  throw new ChpipeError('no', 'No company has a complete officer list yet, so there is nothing to audit', {
    hint: 'fetch some first: chpipe import-officers',
  })
}

/** The names and their order are what `audit --officers --json` prints. */
interface OfficersReport {
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
function summarizeOfficers(audits: ListAudit[], facts: OfficersFacts): OfficersReport {
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

/** So many companies are listed with their changes; `--json` has them all. */
const MOST_SHOWN = 10
const MOST_LINES = 12

/** The report for people. */
function renderOfficers(report: OfficersReport, now: number): string {
  const n = formatNumber
  const { lists, added, removed, changed } = report
  const rows: Fact[] = [
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
    [facts(rows).trimEnd()],
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
