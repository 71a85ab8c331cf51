import { formatDuration } from '../clock.ts'
import type { CompaniesHouse } from '../companies-house/client.ts'
import type { Context } from '../context.ts'
import { countJobs, readFirstDueAt } from '../db/jobs/lists.ts'
import { tidyWhenFree, whenFree } from '../db/lock-wait.ts'
import { type Db, snapshot } from '../db/open.ts'
import { listUnmatched } from '../db/purchases/answers.ts'
import { type CreditLimits, readRunCredits } from '../db/purchases/credits.ts'
import { listUnconfirmed } from '../db/purchases/requests.ts'
import { beginRun } from '../db/runs.ts'
import { ChpipeError, throwFailure } from '../errors.ts'
import { allowanceFreeAt } from '../quota/report.ts'
import { ALL_OWNERS, type EnrichCounts, noEnrichCounts } from '../steps/enrich/jobs.ts'
import { type EnrichPlan, planEnrichment } from '../steps/enrich/plan.ts'
import { type QueueOptions, type QueueSelection, queueCompanies } from '../steps/enrich/queue.ts'
import { runEnrichment } from '../steps/enrich/run.ts'
import { DEFAULT_ROLES } from '../steps/purchases/people.ts'
import type { Provider } from '../steps/purchases/provider.ts'
import { SNOV_OPERATIONS } from '../steps/purchases/providers.ts'
import { formatNumber, safeJson } from '../text.ts'
import { type Answer, defineCommand, type Input } from './command.ts'
import {
  assign,
  chosenTask,
  dismiss,
  ENRICH_OPTIONS,
  type EnrichArguments,
  printFailed,
  printUnconfirmed,
  printUnmatched,
  readAssignment,
  readVerdict,
  retry,
  settle,
} from './enrich-lists.ts'
import { type EnrichReport, renderReport } from './enrich-report.ts'
import { allowanceWait } from './officers-status.ts'
import { sentences, terminalWidth, watchStatus } from './output.ts'
import { isConfirmed } from './prompt.ts'

/** Below this confidence no addresses are bought unless the operator says otherwise. */
export const DEFAULT_MIN_CONFIDENCE = 60

/** How often the status line is drawn anew, on a terminal and elsewhere. */

export const enrichCommand = defineCommand({
  name: 'enrich',
  summary: 'Find domains and e-mail addresses for stored companies',
  description: `Asks Snov.io for the domains of stored companies by name, fetches the officers of those that have one, and asks
for the addresses of their directors. Nothing is bought twice, whatever happens. Interrupt it at any time and run it again.
Companies from the stream go first. Without --max-credits and without a budget in the environment (CHPIPE_CREDIT_BUDGET)
it shows its plan and asks before it starts.`,
  options: ENRICH_OPTIONS,
  examples: [
    { line: 'chpipe enrich --limit 20 --dry-run', does: 'what would it ask, and cost at worst?' },
    { line: 'chpipe enrich --limit 20 --max-credits 40', does: 'a small paid test' },
    {
      line: 'chpipe enrich --max-credits 500 --retry-skipped-after 30d',
      does: 'everything, also what had no domain a month ago',
    },
    { line: 'chpipe enrich --unconfirmed', does: 'purchases in doubt, after a crash' },
    { line: 'chpipe enrich --settle 12 not-bought', does: 'decide one of them' },
    { line: 'chpipe enrich --assign 3 01234567', does: 'assign a paid answer that matches no name' },
  ],
  longRunning: true,
  notifies: true,
  run,
})

async function run(context: Context, { options: given }: Input<EnrichArguments>): Promise<Answer> {
  const task = chosenTask(given)
  if (task === 'failed') return printFailed(context)
  if (task === 'unconfirmed') return printUnconfirmed(context)
  if (task === 'retry') return retry(context, given.retry ?? 'all')
  if (task === 'settle') return settle(context, readVerdict(given.settle ?? []))
  if (task === 'unmatched') return printUnmatched(context)
  if (task === 'assign') return assign(context, readAssignment(given.assign ?? []))
  if (task === 'dismiss') return dismiss(context, given.dismiss ?? 0)
  return task === 'dry-run' ? plan(context, given) : enrich(context, given)
}

/** What the options mean for a run and for its plan alike. */
function readWishes({ clock, settings, timings }: Context, given: EnrichArguments) {
  const { retrySkippedAfter, limit, company, maxCredits, includeInactive = false } = given
  const now = clock.now()
  const retryMissesBefore = retrySkippedAfter === undefined ? null : now - retrySkippedAfter
  const queue: QueueOptions = {
    limit: limit ?? null,
    company: company ?? null,
    retrySkippedBefore: retryMissesBefore,
    dueBy: now + timings.enrichPatienceMs,
    includeInactive,
  }
  const limits: CreditLimits = { maxCredits: maxCredits ?? null, budget: settings.creditBudget }
  const minConfidence = given.minConfidence ?? DEFAULT_MIN_CONFIDENCE
  return { queue, limits, minConfidence, roles: given.roles ?? DEFAULT_ROLES, retryMissesBefore, includeInactive }
}

async function plan(context: Context, given: EnrichArguments): Promise<Answer> {
  const plan = planOf(context, await context.existingDb(), given)
  await context.print(
    context.json ? `${safeJson(plan)}\n` : `${renderPlan(plan)}\nNothing was asked, spent or written.\n`,
  )
  return 0
}

function planOf(context: Context, db: Db, given: EnrichArguments): EnrichPlan {
  const { settings, clock } = context
  const { quota: companiesHouseQuota, snovQuota } = settings
  const terms = SNOV_OPERATIONS
  return planEnrichment(db, { ...readWishes(context, given), companiesHouseQuota, snovQuota, terms, now: clock.now() })
}

async function enrich(context: Context, given: EnrichArguments): Promise<Answer> {
  const { clock, log, timings, settings, signal } = context
  const unlimited = given.maxCredits === undefined && settings.creditBudget === null
  if (unlimited) requireLimitOrTerminal(context)
  const providers = await context.providers({ create: false })
  const companiesHouse = await context.companiesHouse({ create: false })
  const db = await context.db()
  if (unlimited) await confirmPlan(context, planOf(context, db, given))
  using current = await whenFree(db, () => beginRun(db, clock, 'enrich'))
  const runId = current.id
  const { queue, ...wishes } = readWishes(context, given)
  const counts = noEnrichCounts()
  const selection = await whenFree(db, () => queueCompanies(db, clock, runId, queue))
  const watched: Watched = { db, providers, companiesHouse, counts, selection, runId, startedAt: current.startedAt }
  let ended: EnrichReport['ended'] = 'error'
  let why: string | null = null
  try {
    using _redraw = await watchStatus(context, { line: () => statusLine(context, watched) })
    const step = { db, companiesHouse, providers, clock, log, timings, runId }
    const { scope } = selection
    const summary = await runEnrichment(step, { ...wishes, until: 'idle', owners: ALL_OWNERS, scope, signal }, counts)
    throwFailure(signal)
    ended = summary.ended
    why = summary.why
  } finally {
    const report = reportOf(context, watched, ended)
    // A run that was broken off keeps no summary: the next one continues with its companies.
    if (ended !== 'interrupted' && ended !== 'error') await tidyWhenFree(db, () => current.finish(report))
    await context.print(
      context.json ? `${safeJson(report)}\n` : sentences(renderReport(report), terminalWidth(context)),
    )
  }
  if (ended === 'interrupted') throw signal.reason
  if (ended === 'not-enough-credits' || ended === 'away') throw pausedError(why ?? '')
  return 0
}

function pausedError(why: string): ChpipeError {
  return new ChpipeError('upstream', `Buying has stopped: ${why}`, {
    hint: 'run the same command again later, or when there are credits; nothing is bought twice',
  })
}

interface Watched {
  db: Db
  providers: readonly Provider[]
  companiesHouse: CompaniesHouse
  counts: EnrichCounts
  selection: QueueSelection
  runId: number
  startedAt: number
}

function reportOf({ clock }: Context, watched: Watched, ended: EnrichReport['ended']): EnrichReport {
  const { db, providers, companiesHouse, counts, selection, runId, startedAt } = watched
  const { left, spent, unconfirmed, unmatched } = snapshot(db, (tx) => ({
    left: countJobs(tx, selection.scope).due,
    spent: readRunCredits(tx, runId).spent,
    unconfirmed: listUnconfirmed(tx).length,
    unmatched: listUnmatched(tx).length,
  }))
  const { ended: before } = selection
  const { done, skipped, failed, domains, emails, earlierCredits } = counts
  return {
    companies: done + skipped + failed,
    queued: selection.queued,
    done,
    skipped,
    failed,
    left,
    waiting: selection.waiting,
    unconfirmed,
    unmatched,
    domains,
    emails,
    credits_spent: spent,
    credits_settled_earlier: earlierCredits,
    calls: {
      companies_house: companiesHouse.counts.requests,
      ...Object.fromEntries(providers.map(({ name, counts }) => [name, counts.requests])),
    },
    rate_limited: [companiesHouse, ...providers].reduce((sum, { counts }) => sum + counts.rateLimited, 0),
    elapsed_seconds: Math.round(clock.now() - startedAt) / 1000,
    ended,
    ...(before
      ? { ended_before: { state: before.state, reason: before.reason, at: new Date(before.at).toISOString() } }
      : {}),
  }
}

/** What the status line says while nothing is due: when the next job is, such as officers that are not there yet. */
function waiting({ clock, settings }: Context, { db, selection }: Watched): string[] {
  const freeAt = allowanceFreeAt(db, clock, settings.quota)
  const wait = allowanceWait(freeAt === null ? {} : { allowance_free_at: new Date(freeAt).toISOString() }, clock.now())
  if (wait !== null) return [wait]
  const nextAt = snapshot(db, (tx) => readFirstDueAt(tx, selection.scope))
  const ms = nextAt === null ? 0 : nextAt - clock.now()
  return ms < 1000 ? [] : [`next try in ${formatDuration(ms)}`]
}

/** The status line: what was found, what it cost, and when the next job is due. */
function statusLine(context: Context, watched: Watched): string {
  const report = reportOf(context, watched, 'nothing-left')
  const { companies, left, domains, emails, credits_spent, credits_settled_earlier: earlier } = report
  const n = formatNumber
  return [
    `${n(companies)}/${n(companies + left)} companies`,
    `domains ${n(domains)}`,
    `addresses ${n(emails)}`,
    `credits ${n(credits_spent)}${earlier > 0 ? ` (and ${n(earlier)} of earlier runs)` : ''}`,
    ...waiting(context, watched),
  ].join('  ')
}

/** The plan as a table of words and numbers. */
function renderPlan(plan: EnrichPlan): string {
  const n = formatNumber
  const { companies_without_officers: unknown } = plan
  const guess = unknown > 0 ? ` (3 in each of ${n(unknown)} companies without stored officers)` : ''
  return `companies     ${n(plan.companies)}
names         ${n(plan.names_to_ask)} to ask Snov for
people        ${n(plan.people_to_ask)} at most${guess}
calls         ${n(plan.calls.companies_house)} to Companies House, about ${n(plan.calls.snov)} to Snov
credits       ${n(plan.worst_case_credits)} at worst; the limits allow ${n(plan.credits_allowed)} of these
time          about ${formatDuration(plan.estimated_seconds * 1000)}
`
}

// A run without any limit on credits is confirmed before it starts.

/** Throws `usage` for a run that nothing limits and nobody can be asked about. */
function requireLimitOrTerminal({ host }: Context): void {
  if (host.stdin.isTTY && host.stderr.isTTY) return
  throw new ChpipeError('usage', 'Nothing limits what this run may spend', {
    hint: 'add --max-credits <n>, or set CHPIPE_CREDIT_BUDGET, such as 200/1d; --dry-run shows what it could cost',
  })
}

/** Shows the plan on the terminal and asks. Throws `no` unless the answer is yes, and the signal's reason. */
async function confirmPlan(context: Context, plan: EnrichPlan): Promise<void> {
  context.host.stderr.write(renderPlan(plan))
  const credits = formatNumber(plan.worst_case_credits)
  if (await isConfirmed(context, `Spend up to about ${credits} credits, without a limit?`)) return
  throw new ChpipeError('no', 'Nothing was bought', {
    hint: 'limit it with --max-credits <n>, or with CHPIPE_CREDIT_BUDGET, such as 200/1d',
  })
}
