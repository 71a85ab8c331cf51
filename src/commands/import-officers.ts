import { setFlagsFromString } from 'node:v8'
import { STATUS_SLUGS } from '../companies-house/register-prose.ts'
import type { Context } from '../context.ts'
import { tidyWhenFree, whenFree } from '../db/lock-wait.ts'
import { type Db, snapshot } from '../db/open.ts'
import { readTallies } from '../db/progress.ts'
import { beginRun } from '../db/runs.ts'
import { ChpipeError, throwFailure } from '../errors.ts'
import { type AskOptions, askAboutUnlisted, noAskCounts } from '../steps/ask-unlisted.ts'
import { importOfficers } from '../steps/import-officers.ts'
import { noCounts } from '../steps/officer-pool.ts'
import { refreshOfficers } from '../steps/refresh-officers.ts'
import { noEmptyRow, type OfficersStep, SUSPICIOUS_ROW } from '../steps/store-officers.ts'
import { safeJson } from '../text.ts'
import type { Answer, Command, Input } from './command.ts'
import { showStatus } from './import-officers/status-line.ts'
import { render, type Summary, summarize } from './import-officers/summary.ts'
import { between, count, duration, sicCodes, someOf } from './parse.ts'

const DEFAULT_CONCURRENCY = 8

interface Options {
  target?: number
  limit?: number
  concurrency?: number
  refresh?: number
  status?: string[]
  sic?: string[]
  maxOutage?: number
}

export const importOfficersCommand: Command = {
  name: 'import-officers',
  summary: 'Fetch complete officer lists until the target is reached',
  description: `Fetches the officers of pending companies at the full speed that the API allows, until --target companies have
officers. A company's list is stored whole or not at all. Interrupt it whenever you like and start it again: it goes on
where it stopped. Several processes on one database share the work and the allowance.`,
  options: [
    {
      flags: '--target <n>',
      description: 'companies that shall have officers',
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
    { flags: '--sic <codes>', description: 'only companies with one of these SIC codes', parse: sicCodes },
    {
      flags: '--max-outage <duration>',
      description: 'give up when the API is away for this long',
      parse: duration,
      fallback: '15m',
    },
  ],
  examples: [
    { line: 'chpipe import-officers', does: 'until 10,000 companies have officers' },
    { line: 'chpipe import-officers --target 500 --status active', does: 'a smaller goal, active companies only' },
    { line: 'chpipe import-officers --refresh 30d', does: 'bring lists up to date that are a month old' },
    { line: 'chpipe import-officers --json --quiet', does: 'for cron: only the summary' },
  ],
  longRunning: true,
  run,
}

/** The garbage of many thousand answers would let V8 triple its young generation, and gain nothing by it. */
function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

async function run(context: Context, { options: given }: Input): Promise<Answer> {
  keepHeapSmall()
  const options = given as Options
  const { clock, log, timings, settings, signal } = context
  const target = options.target ?? settings.target
  const maxOutageMs = options.maxOutage === undefined ? undefined : options.maxOutage * settings.timeScale
  const companiesHouse = await context.companiesHouse({ maxOutageMs, create: false })
  const db = await context.db()
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
    using _redraw = await showStatus(context, { db, companiesHouse, target })
    const asking = { limit: shared.limit, counts: asked }
    const ending = await besideAsking(step, asking, signal, () =>
      options.refresh === undefined
        ? importOfficers(step, { ...shared, target, status: options.status, sic: options.sic })
        : refreshOfficers(step, { ...shared, ageMs: options.refresh }),
    )
    throwFailure(signal)
    ended = ending
  } finally {
    const summary = summaryOf(ended)
    await tidyWhenFree(db, () => current.finish(summary))
    await context.print(context.json ? `${safeJson(summary)}\n` : render(summary))
  }
  if (ended === 'interrupted') throw signal.reason
  const few = options.refresh === undefined ? SUSPICIOUS_ROW : 1
  if (counts.fetched === 0 && counts.failed >= few) throw nothingAnswered(counts.failed)
  if (ended !== 'nothing-left' || options.refresh !== undefined) return 0
  throw ranOut(db, target)
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
  return new ChpipeError('upstream', `Companies House gave no good answer for any of ${failed} companies`, {
    hint: 'run the same command later: stored lists are unchanged, and these companies are asked again',
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
