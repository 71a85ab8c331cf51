import { setFlagsFromString } from 'node:v8'
import { formatDuration } from '../clock.ts'
import type { CompaniesHouse } from '../companies-house/client.ts'
import { STATUS_SLUGS, SUBTYPE_SLUGS, TYPE_SLUGS, typeMeant } from '../companies-house/register/prose.ts'
import type { Context } from '../context.ts'
import { tidyWhenFree, whenFree } from '../db/lock-wait.ts'
import { type Db, snapshot } from '../db/open.ts'
import { beginRun } from '../db/runs.ts'
import { readTallies } from '../db/tallies.ts'
import { ChpipeError, throwFailure } from '../errors.ts'
import { type AskCounts, type AskOptions, askAboutUnlisted, noAskCounts } from '../steps/companies/unlisted.ts'
import { type Ending, type FetchCounts, importOfficers, noCounts, refreshOfficers } from '../steps/officers/import.ts'
import { noEmptyRow, type OfficersStep, SUSPICIOUS_ROW } from '../steps/officers/store.ts'
import { readPace } from '../steps/progress/progress.ts'
import { counted, formatNumber, safeJson } from '../text.ts'
import { type Answer, defineCommand, type Input, type OptionSpec, type OptionsOf } from './command.ts'
import { printFailedFetches } from './officers-failed.ts'
import { fetchOrder, officersFilter, orderOf, targetOfList, tellPlan } from './officers-plan.ts'
import { officersStatus } from './officers-status.ts'
import { sentences, terminalWidth, watchStatus } from './output.ts'
import { between, count, day, duration, postcodes, sicCodes, someOf } from './values.ts'

const DEFAULT_CONCURRENCY = 8

const IMPORT_OPTIONS = [
  {
    flags: '--target <n>',
    description: 'how many companies should have officers',
    parse: count(1),
    fallback: '$CHPIPE_TARGET, else 10000',
  },
  { flags: '--limit <n>', description: 'fetch at most this many companies now', parse: count(0) },
  { flags: '--concurrency <n>', description: 'calls in flight at once', parse: between(1, 64), fallback: '8' },
  {
    flags: '--refresh <age>',
    description: 'instead, fetch lists again that are older than this, such as 30d',
    parse: duration,
  },
  {
    flags: '--status <slugs>',
    description: 'only companies with one of these statuses, such as active',
    parse: someOf(STATUS_SLUGS),
  },
  {
    flags: '--type <slugs>',
    description: 'only companies of one of these types or subtypes, such as ltd,llp',
    parse: someOf([...TYPE_SLUGS, ...SUBTYPE_SLUGS], typeMeant),
  },
  { flags: '--sic <codes>', description: 'only companies with one of these SIC codes', parse: sicCodes },
  {
    flags: '--file <parts...>',
    description: 'instead, take the lists from a bulk snapshot (product 195 or 216), without a call',
  },
  {
    flags: '--updates <files...>',
    description: 'instead, apply daily bulk updates (product 198) to the lists that are stored',
  },
  {
    flags: '--postcode <codes>',
    description: 'only companies whose postcode begins with this, such as N, N1 or SW1A 1',
    parse: postcodes,
  },
  { flags: '--incorporated-from <day>', description: 'only companies formed on this day or later', parse: day },
  { flags: '--incorporated-to <day>', description: 'only companies formed on this day or earlier', parse: day },
  { flags: '--list <name>', description: "only companies of this list of a customer's, until it is through" },
  {
    flags: '--order <order>',
    description: 'which are fetched first: newest, oldest, random, random:<seed> or number',
    parse: fetchOrder,
    fallback: 'number',
  },
  { flags: '--failed', description: 'list the companies whose officers could not be fetched, and why' },
  {
    flags: '--max-outage <duration>',
    description: 'give up when the API is away for this long',
    parse: duration,
    fallback: '15m',
  },
] as const satisfies readonly OptionSpec[]

export type ImportOfficersInput = OptionsOf<typeof IMPORT_OPTIONS>

export const importOfficersCommand = defineCommand({
  name: 'import-officers',
  summary: 'Fetch complete officer lists until the target is reached',
  description: `Fetches the officers of pending companies at the full speed that the API allows, until --target companies have
officers. A company's list is stored whole or not at all. Interrupt it at any time and run it again: it resumes where it
left off. Several processes on one database share the work and the allowance.

With --file the lists come from the files of a bulk snapshot that Companies House delivers on request, as they are, zipped
or not: the parts of one run, all or some. A company counts as complete when as many officers are listed as the file says
that it has; the others stay pending and are named. --updates applies the daily files that follow, in order and each once.
Ids and identity verification are not in the files: --refresh brings them later.`,
  options: IMPORT_OPTIONS,
  examples: [
    { line: 'chpipe import-officers', does: 'until 10,000 companies have officers' },
    {
      line: 'chpipe import-officers --target 500 --status active',
      does: 'a smaller destination, active companies only',
    },
    {
      line: 'chpipe import-officers --order newest --type ltd,llp --postcode EC1,N1',
      does: 'the youngest of some kind first',
    },
    { line: 'chpipe import-officers --order random:42', does: 'a sample that can be drawn again' },
    { line: 'chpipe import-officers --refresh 30d', does: 'bring lists up to date that are a month old' },
    {
      line: 'chpipe import-officers --file Prod216_4257_*.dat',
      does: 'the parts of a bulk snapshot: minutes, and no call',
    },
    { line: 'chpipe import-officers --updates Prod198_*.txt', does: 'the daily updates since then' },
    { line: 'chpipe import-officers --failed', does: 'which companies failed, and why' },
    { line: 'chpipe import-officers --json --quiet', does: 'for cron: only the summary' },
  ],
  longRunning: true,
  notifies: true,
  run,
})

/** The garbage of many thousand answers would let V8 triple its young generation, and gain nothing by it. */
function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

/** Each way of importing is a step of its own. */
async function run(context: Context, input: Input<ImportOfficersInput>): Promise<Answer> {
  if (input.options.failed) return listFailures(context, input.options)
  keepHeapSmall()
  const { file, updates } = input.options
  if (file === undefined && updates === undefined) return fetchLists(context, input)
  const { importFile, importUpdates } = await import('./import-officers-files.ts')
  return file === undefined ? importUpdates(context, input.options) : importFile(context, input.options)
}

async function fetchLists(context: Context, { options }: Input<ImportOfficersInput>): Promise<Answer> {
  const { clock, log, timings, settings, signal } = context
  const filter = officersFilter(options)
  const order = orderOf(options.order)
  if (order !== undefined && options.refresh !== undefined) {
    throw new ChpipeError('usage', '--refresh takes the oldest lists first: it goes without --order')
  }
  const maxOutageMs = options.maxOutage === undefined ? undefined : options.maxOutage * settings.timeScale
  const companiesHouse = await context.companiesHouse({ maxOutageMs, create: false })
  const db = await context.db()
  const target = options.target ?? (options.list === undefined ? settings.target : targetOfList(db, filter))
  const reader = await context.sharedUse()
  using current = await whenFree(db, () => beginRun(db, clock, 'import-officers'))
  const counts = noCounts()
  const asked = noAskCounts()
  const step: OfficersStep = {
    db,
    companiesHouse,
    clock,
    log,
    timings,
    runId: current.id,
    startedAt: current.startedAt,
    emptyRow: noEmptyRow(),
  }
  const shared = {
    limit: options.limit ?? Number.POSITIVE_INFINITY,
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    runStartedAt: current.startedAt,
    counts,
    signal,
  }

  const summaryOf = (ended: Summary['ended']) =>
    summarize(context, { db, companiesHouse, target, counts, asked, ended, startedAt: current.startedAt })
  let ended: Summary['ended'] = 'error'
  try {
    if (options.refresh === undefined) tellPlan(context, db, { target, limit: shared.limit, filter, order })
    using _redraw = await watchStatus(context, {
      line: (columns) => {
        const progress = readPace(db, { target, quota: settings.quota, clock, shared: reader?.latest() })
        const { rateLimited } = companiesHouse.counts
        return officersStatus(progress, { now: clock.now(), rateLimited, columns })
      },
    })
    const asking = { limit: shared.limit, counts: asked }
    const ending = await besideAsking(step, asking, signal, () =>
      options.refresh === undefined
        ? importOfficers(step, { ...shared, ...filter, target, order })
        : refreshOfficers(step, { ...shared, ...filter, ageMs: options.refresh }),
    )
    throwFailure(signal)
    ended = ending
  } finally {
    const summary = summaryOf(ended)
    await tidyWhenFree(db, () => current.finish(summary))
    await context.print(context.json ? `${safeJson(summary)}\n` : sentences(render(summary), terminalWidth(context)))
  }
  if (ended === 'interrupted') throw signal.reason
  const few = options.refresh === undefined ? SUSPICIOUS_ROW : 1
  if (counts.fetched === 0 && counts.failed >= few) throw nothingAnswered(counts.failed)
  if (ended !== 'nothing-left' || options.refresh !== undefined || (options.list !== undefined && counts.failed === 0))
    return 0
  throw ranOut(db, target)
}

function listFailures(context: Context, { failed: _, ...others }: ImportOfficersInput): Promise<Answer> {
  if (Object.keys(others).length === 0) return printFailedFetches(context)
  throw new ChpipeError('usage', '--failed lists and fetches nothing: it goes without other options')
}

/** Fetches officers while the register is asked about companies that its file no longer lists; ends when both have. */
async function besideAsking<T>(
  step: OfficersStep,
  asking: Omit<AskOptions, 'signal'>,
  signal: AbortSignal,
  fetching: () => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  const stop = () => over.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const answers = askAboutUnlisted(step, { ...asking, signal: over.signal })
  answers.catch(() => {})
  try {
    return await fetching()
  } catch (error) {
    over.abort(error)
    throw error
  } finally {
    await answers.finally(() => signal.removeEventListener('abort', stop))
  }
}

/** Where many companies failed and not one was answered well, the fault is hardly the companies'. */
function nothingAnswered(failed: number): ChpipeError {
  return new ChpipeError('upstream', `Companies House gave no usable answer for any of ${failed} companies`, {
    hint: 'run the same command later: stored lists are unchanged, and these companies are requested again',
  })
}

function ranOut(db: Db, target: number): ChpipeError {
  const { complete, failed, none } = snapshot(db, readTallies)
  return new ChpipeError(
    'no',
    `No candidates are left: ${complete} of ${target} companies have officers (${none} have none, ${failed} failed)`,
    { hint: 'load more companies with chpipe import-companies, or run this again to retry those that failed' },
  )
}

interface Watched {
  db: Db
  companiesHouse: CompaniesHouse
  target: number
}

/** The names and their order are what `--json` prints. */
interface Summary {
  companies_with_officers: number
  target: number
  fetched: number
  none: number
  failed: number
  officers: number
  odd_items: number
  /** Companies that the register file no longer lists: asked about, found over, not answered. */
  status_asked: number
  status_ended: number
  status_unanswered: number
  requests: number
  rate_limited: number
  elapsed_seconds: number
  ended: Ending | 'error'
}

export interface Ended extends Watched {
  counts: FetchCounts
  asked: AskCounts
  ended: Summary['ended']
  startedAt: number
}

/** What the run did, read at its end. */
function summarize(
  { clock }: Context,
  { db, companiesHouse, target, counts, asked, ended, startedAt }: Ended,
): Summary {
  const { fetched, none, failed, officers, odd } = counts
  return {
    companies_with_officers: snapshot(db, readTallies).complete,
    target,
    fetched,
    none,
    failed,
    officers,
    odd_items: odd,
    status_asked: asked.asked,
    status_ended: asked.ended,
    status_unanswered: asked.unanswered,
    requests: companiesHouse.counts.requests,
    rate_limited: companiesHouse.counts.rateLimited,
    elapsed_seconds: Math.round(clock.now() - startedAt) / 1000,
    ended,
  }
}

const SENTENCES: Record<Summary['ended'], string> = {
  'target-reached': 'The target is reached',
  'nothing-left': 'No candidates are left',
  'limit-reached': 'The limit of this run is reached',
  interrupted: 'Stopped; everything fetched is stored',
  error: 'Stopped early; everything fetched is stored',
}

/** The summary in sentences. */
function render(summary: Summary): string {
  const n = formatNumber
  return `${SENTENCES[summary.ended]}: ${n(summary.companies_with_officers)} of ${n(summary.target)} companies have officers.
This run fetched ${counted(summary.fetched, 'company', 'companies')} (${n(summary.none)} without officers, ${n(summary.failed)} failed)
and ${counted(summary.officers, 'officer')} in ${formatDuration(summary.elapsed_seconds * 1000)} with ${counted(summary.requests, 'call')}, ${n(summary.rate_limited)} of them refused (429).
${askedLine(summary)}`
}

function askedLine({ status_asked: asked, status_ended: ended, status_unanswered: open }: Summary): string {
  if (asked === 0) return ''
  const n = formatNumber
  return `Of ${counted(asked, 'company', 'companies')} that the register file no longer lists ${n(ended)} ${ended === 1 ? 'is' : 'are'} over; ${n(open)} did not answer.\n`
}
