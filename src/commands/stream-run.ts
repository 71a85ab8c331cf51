// Wires the stream: its client, the allowance that it announces itself to, the search for lost days, and beside them the
// enrichment.

import { formatDuration } from '../clock.ts'
import { TYPE_SLUGS, typeMeant } from '../companies-house/register/prose.ts'
import { streamClient } from '../companies-house/stream/client.ts'
import type { Context } from '../context.ts'
import { tidyWhenFree, whenFree } from '../db/lock-wait.ts'
import { type Db, snapshot, write } from '../db/open.ts'
import { beginRun, type Run } from '../db/runs.ts'
import { claimStream, readCursor } from '../db/stream/cursor.ts'
import { readTallies } from '../db/tallies.ts'
import { ChpipeError } from '../errors.ts'
import { COMPANIES_HOUSE_ALLOWANCE } from '../quota/report.ts'
import { readLastBackup } from '../steps/backup/backup.ts'
import type { EnrichedBeside, EnrichmentBeside } from '../steps/enrich/beside.ts'
import { ALL_OWNERS, createWakeUp, type EnrichCounts, noEnrichCounts, type WakeUp } from '../steps/enrich/jobs.ts'
import { type FetchCounts, noCounts } from '../steps/officers/import.ts'
import { type FollowSummary, followStream } from '../steps/stream/follow.ts'
import { KINDS, type KindEntry, MOST_STREAMS, runNameOf, STREAM_NAMES, type StreamName } from '../steps/stream/kinds.ts'
import { readStreamReport, type StreamReport } from '../steps/stream/report.ts'
import { parseTrigger, type StreamRules } from '../steps/stream/rules.ts'
import { followSeveral } from '../steps/stream/several.ts'
import { formatNumber, widthOf } from '../text.ts'
import type { OptionSpec, OptionsOf } from './command.ts'
import { watchStatus } from './output.ts'
import { type StreamSummary, summarizeStreams } from './stream-summary.ts'
import { between, count, duration, postcodes, sicCodes, someOf, timepoint, words } from './values.ts'

const knownStreams = someOf(STREAM_NAMES)

/** The streams to follow, each once. Throws a `usage` error for more than an account may hold connections. */
const streamNames = Object.assign(
  (text: string): StreamName[] => {
    const names = [...new Set(words(text))]
    if (names.length <= MOST_STREAMS) return knownStreams(names.join(','))
    throw new ChpipeError(
      'usage',
      `An account may hold ${MOST_STREAMS} connections to the streams, so that ${names.length} cannot be followed at once`,
      { hint: `name one or two: --streams ${STREAM_NAMES.slice(0, MOST_STREAMS).join(',')}` },
    )
  },
  { list: true as const, choices: STREAM_NAMES },
)

export const STREAM_OPTIONS = [
  {
    flags: '--streams <names>',
    description: `which streams to follow, at most ${MOST_STREAMS}: ${STREAM_NAMES.join(', ')}`,
    parse: streamNames,
    fallback: STREAM_NAMES[0],
  },
  { flags: '--enrich', description: 'also find domains, officers and e-mails of the queued companies (needs Snov)' },
  {
    flags: '--backlog',
    description: 'with --enrich: also buy for the companies that an `enrich` has queued and not finished',
  },
  {
    flags: '--from <timepoint>',
    description: 'begin at this timepoint (inclusive), whatever the stored cursor says; of one stream only',
    parse: timepoint,
    fallback: 'after the last stored event, else live',
  },
  { flags: '--all', description: 'store every company that an event is about, not only new ones' },
  { flags: '--only-new', description: 'queue only newly formed companies; this is the default, stated explicitly' },
  {
    flags: '--trigger <rule...>',
    description:
      'also queue companies whose status changes to this, such as status-detail=active-proposal-to-strike-off',
    parse: parseTrigger,
  },
  {
    flags: '--new-within <duration>',
    description: 'a company is new for this long after its incorporation',
    parse: duration,
    fallback: '14d',
  },
  {
    flags: '--type <slugs>',
    description: 'queue only companies of one of these types, such as ltd,llp',
    parse: someOf(TYPE_SLUGS, typeMeant),
  },
  { flags: '--sic <codes>', description: 'queue only companies with one of these SIC codes', parse: sicCodes },
  {
    flags: '--postcode <codes>',
    description: 'queue only companies in one of these areas: N, N1, SW1A 1',
    parse: postcodes,
  },
  { flags: '--max-events <n>', description: 'stop after this many events of each stream', parse: count(1) },
  { flags: '--for <duration>', description: 'stop after this long', parse: duration },
  {
    flags: '--silence <duration>',
    description: 'warn when no event comes for this long',
    parse: duration,
    fallback: "by the stream's own rhythm, at most 6h",
  },
  { flags: '--max-credits <n>', description: 'with --enrich: spend at most this many credits', parse: count(0) },
  {
    flags: '--min-confidence <percent>',
    description: 'with --enrich: buy e-mails only at domains with at least this confidence',
    parse: between(0, 100),
  },
] as const satisfies readonly OptionSpec[]

export type StreamOptions = OptionsOf<typeof STREAM_OPTIONS>

/**
 * Follows the streams until they are interrupted or their bounds are reached. Throws `config` before anything runs when a
 * key is missing, and what `followStream` throws.
 */
export async function runStream(context: Context, options: StreamOptions, rules: StreamRules): Promise<StreamSummary> {
  const { clock, log, settings } = context
  const names = options.streams ?? [STREAM_NAMES[0]]
  const streams = names.map((name) => ({ name, client: streamClient(pathOf(name), context, name) }))
  const enriched = noEnrichCounts()
  const lists = noCounts()
  const enrichment = options.enrich ? await prepareEnrichment(context, options, { enriched, lists, names }) : undefined
  const companiesHouse = settings.companiesHouseApiKey ? await context.companiesHouse() : undefined
  const db = await context.db()
  if (options.enrich && !readLastBackup(db, clock)?.fresh) {
    log.warn('the last backup is older than a day, or there is none', { try: 'chpipe backup' })
  }
  const announce = await announcer(context)
  using runs = await beginRuns(context, db, names)
  if (names.includes('officers')) tellOlderLists(context, db)
  const { main } = runs
  const wakeUp = createWakeUp(clock)
  const setup = { db, clock, log, runId: main.id, rules, all: options.all === true, companiesHouse }
  const bounds = {
    from: options.from,
    maxEvents: options.maxEvents,
    forMs: options.for,
    silenceMs: options.silence === undefined ? undefined : options.silence * settings.timeScale,
    onApplied: wakeUp.notify,
  }
  const kinds = await Promise.all(names.map((name) => KINDS[name].open(setup)))
  const followers = streams.map(({ name, client }, at) => {
    const kind = kinds[at] as (typeof kinds)[number]
    const step = { ...context, db, kind, stream: client, runId: runs.idOf(name) }
    return { stream: name, follow: (announce: (ms: number) => void) => followStream({ ...step, announce }, bounds) }
  })
  const following = followSeveral(followers, { log, announce, onEnd: runs.ended })
  const found = enrichment ? () => enriched : () => null
  const beside = { db, runId: main.id, startedAt: main.startedAt, wakeUp, found, names }
  const { followed, enriched: did } = await besideEnrichment(following, enrichment, beside, context)
  const summary = summarizeStreams(names, followed, {
    elapsedMs: clock.now() - main.startedAt,
    ...(did ? { enriched: did } : {}),
    ...(did && names.includes('officers') ? { listsFetchedAgain: lists.fetched } : {}),
  })
  await runs.finish(summary)
  return summary
}

/** What was changed between the fetch of a list and the first event of the stream, nobody tells. */
function tellOlderLists({ log }: Context, db: Db): void {
  const { complete } = snapshot(db, readTallies)
  if (complete === 0 || readCursor(db, 'officers')?.first_event_at != null) return
  const fields = { lists: complete, try: 'chpipe import-officers --refresh 1d' }
  log.info('officer lists are kept complete from now on; what changed before is not told', fields)
}

function pathOf(name: StreamName): string {
  const entry: KindEntry = KINDS[name]
  return entry.path ?? name
}

interface StreamRuns extends Disposable {
  /** The run of the first stream, in which companies are enriched. */
  main: Run
  idOf(stream: string): number
  /** A stream came to its end as it should, whatever becomes of the others. */
  ended(stream: string, summary: object): void
  /** All of them did. */
  finish(summary: object): Promise<void>
}

/** Begins a run for each stream, each of which holds the claim on its own: either all are free, or none is taken. */
async function beginRuns({ clock }: Context, db: Db, names: StreamName[]): Promise<StreamRuns> {
  const begun = await whenFree(db, () => names.map((name) => ({ name, run: beginRun(db, clock, runNameOf(name)) })))
  const close = () => {
    for (const { run } of begun) run[Symbol.dispose]()
  }
  try {
    await whenFree(db, () =>
      write(db, (tx) => {
        for (const { name, run } of begun) claimStream(tx, name, run.id, clock)
      }),
    )
  } catch (error) {
    close()
    throw error
  }
  const runOf = (stream: string) => begun.find(({ name }) => name === stream)?.run
  const [{ run: main }] = begun as [(typeof begun)[number]]
  const finish = async (run: Run, summary: object) => {
    if (db.$client.open) await tidyWhenFree(db, () => run.finish(summary))
  }
  /** The first run lives as long as the enrichment in it. */
  let mainEnded: object | null = null
  return {
    main,
    idOf: (stream) => runOf(stream)?.id ?? main.id,
    ended(stream, summary) {
      const run = runOf(stream)
      if (run === main) mainEnded = summary
      else if (run) finish(run, summary).catch(() => {})
    },
    async finish(summary) {
      mainEnded = null
      await finish(main, summary)
    },
    [Symbol.dispose]() {
      if (mainEnded && db.$client.open) main.finish(mainEnded)
      close()
    },
  }
}

interface Beside {
  db: Db
  runId: number
  startedAt: number
  wakeUp: WakeUp
  found(): EnrichCounts | null
  names: StreamName[]
}

/** Enriches while the streams are followed. Streams that may not be followed at all start no enrichment. */
async function besideEnrichment(
  following: Promise<FollowSummary[]>,
  enrichment: Enrichment | undefined,
  { found, names, startedAt, ...step }: Beside,
  context: Context,
): Promise<{ followed: FollowSummary[]; enriched?: EnrichedBeside | undefined }> {
  await Promise.race([following, new Promise(setImmediate)])
  using _status = await showStreamStatus(context, step.db, { names, found })
  const over = new AbortController()
  const enriching = enrichment?.({ ...step, signal: over.signal }, startedAt)
  try {
    const followed = await following
    over.abort()
    return { followed, enriched: await enriching }
  } finally {
    over.abort()
    await enriching
  }
}

/** Enriches what the stream has queued, and fetches lists in doubt again, until the signal aborts, and never rejects. */
type Enrichment = (beside: EnrichmentBeside, startedAt: number) => Promise<EnrichedBeside>

interface EnrichmentCounts {
  enriched: EnrichCounts
  lists: FetchCounts
  names: StreamName[]
}

/** What only an enrichment needs: the public suffixes and the hosts of web mail are larger than all the rest. */
async function loadEnrichment() {
  const [{ DEFAULT_MIN_CONFIDENCE }, { keepEnriching }, { keepListsFresh }, { noEmptyRow }, { DEFAULT_ROLES }] =
    await Promise.all([
      import('./enrich.ts'),
      import('../steps/enrich/beside.ts'),
      import('../steps/officers/fresh.ts'),
      import('../steps/officers/store.ts'),
      import('../steps/purchases/people.ts'),
    ])
  return { DEFAULT_MIN_CONFIDENCE, keepEnriching, keepListsFresh, noEmptyRow, DEFAULT_ROLES }
}

/** Makes the enrichment ready; it counts in `counts`. Throws `config` when a key or the credentials are missing. */
async function prepareEnrichment(
  context: Context,
  { maxCredits, minConfidence, backlog }: StreamOptions,
  { enriched, lists, names }: EnrichmentCounts,
): Promise<Enrichment> {
  const { clock, log, settings, timings } = context
  const { DEFAULT_MIN_CONFIDENCE, keepEnriching, keepListsFresh, noEmptyRow, DEFAULT_ROLES } = await loadEnrichment()
  const companiesHouse = await context.companiesHouse()
  const providers = await context.providers()
  const options = {
    limits: { maxCredits: maxCredits ?? null, budget: settings.creditBudget },
    minConfidence: minConfidence ?? DEFAULT_MIN_CONFIDENCE,
    roles: DEFAULT_ROLES,
    owners: backlog ? ALL_OWNERS : (['stream'] as const),
  }
  return async (beside, startedAt) => {
    const step = { ...beside, companiesHouse, providers, clock, log, timings }
    const enriching = keepEnriching(step, options, enriched)
    const fetching = { ...step, startedAt, emptyRow: noEmptyRow() }
    if (names.includes('officers')) await keepListsFresh(fetching, lists, beside.signal)
    return enriching
  }
}

async function announcer({ allowance, settings, timings }: Context): Promise<(ms: number) => void> {
  const { requestTimeoutMs, probePatienceMs } = timings
  const { quota } = settings
  const opened = await allowance({ name: COMPANIES_HOUSE_ALLOWANCE, quota, requestTimeoutMs, probePatienceMs })
  return opened.announceConsumer
}

/** Shows on a terminal how the stream stands; elsewhere the log says what happens. */
function showStreamStatus(
  context: Context,
  db: Db,
  { names, found }: { names: StreamName[]; found(): EnrichCounts | null },
): Promise<Disposable> {
  const line = () => {
    const lines = names.flatMap((name, at) => {
      const report = readStreamReport(db, context.clock, name)
      const state = report && statusLine(report, context.clock.now(), at === 0 ? found() : null)
      return state === null ? [] : [names.length > 1 ? `${name}: ${state}` : state]
    })
    return lines.length === 0 ? null : lines.join('  ').slice(0, widthOf(context.host.stderr) - 4)
  }
  return watchStatus(context, { line, onlyOnTerminal: true })
}

/** The state of the stream on one line. */
export function statusLine(report: StreamReport, now: number, found: EnrichCounts | null): string {
  const { connected_since, last_event_at, events_per_minute, silent, rejects } = report
  const quiet = last_event_at === null ? null : formatDuration(now - Date.parse(last_event_at))
  const parts = [
    connected_since === null ? 'connecting' : silent ? 'SILENT' : 'following',
    `${formatNumber(events_per_minute)} events/min`,
    quiet === null ? 'no event yet' : `last ${quiet} ago`,
  ]
  if (found) parts.push(`${formatNumber(found.domains)} domains`, `${formatNumber(found.emails)} e-mails`)
  if (rejects > 0) parts.push(`${formatNumber(rejects)} rejects`)
  return parts.join('  ')
}
