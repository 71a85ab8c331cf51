// Wires the stream: its client, the allowance that it announces itself to, the search for lost days, and beside them the
// enrichment.

import { formatDuration } from '../clock.ts'
import { TYPE_SLUGS, typeMeant } from '../companies-house/register/prose.ts'
import { streamClient } from '../companies-house/stream/client.ts'
import type { Context } from '../context.ts'
import { tidyWhenFree, whenFree } from '../db/lock-wait.ts'
import type { Db } from '../db/open.ts'
import { beginRun } from '../db/runs.ts'
import { COMPANIES_HOUSE_ALLOWANCE } from '../quota/report.ts'
import { readLastBackup } from '../steps/backup/backup.ts'
import { type EnrichedBeside, type EnrichmentBeside, keepEnriching } from '../steps/enrich/beside.ts'
import { ALL_OWNERS, createWakeUp, type EnrichCounts, noEnrichCounts, type WakeUp } from '../steps/enrich/jobs.ts'
import { DEFAULT_ROLES } from '../steps/purchases/people.ts'
import { COMPANIES, companiesStream, queueJobs } from '../steps/stream/companies.ts'
import { type FollowSummary, followStream } from '../steps/stream/follow.ts'
import { repairExpiredGaps } from '../steps/stream/gaps.ts'
import { readStreamReport, type StreamReport } from '../steps/stream/report.ts'
import { parseTrigger, type StreamRules } from '../steps/stream/rules.ts'
import { formatNumber, widthOf } from '../text.ts'
import type { OptionSpec, OptionsOf } from './command.ts'
import { DEFAULT_MIN_CONFIDENCE } from './enrich.ts'
import { type Fact, facts, watchStatus } from './output.ts'
import { between, count, duration, postcodes, sicCodes, someOf, timepoint } from './values.ts'

export const STREAM_OPTIONS = [
  { flags: '--enrich', description: 'also find domains, officers and e-mails of the queued companies (needs Snov)' },
  {
    flags: '--backlog',
    description: 'with --enrich: also buy for the companies that an `enrich` has queued and not finished',
  },
  {
    flags: '--from <timepoint>',
    description: 'begin at this timepoint (inclusive), whatever the stored cursor says',
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
  { flags: '--max-events <n>', description: 'stop after this many events', parse: count(1) },
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
 * Follows the stream until it is interrupted or its bounds are reached. Throws `config` before anything runs when a key
 * is missing, and what `followStream` throws.
 */
export async function runStream(context: Context, options: StreamOptions, rules: StreamRules): Promise<StreamSummary> {
  const { clock, log, settings, signal, timings } = context
  const stream = streamClient(COMPANIES, context)
  const enriched = noEnrichCounts()
  const enrichment = options.enrich ? await prepareEnrichment(context, options, enriched) : undefined
  const companiesHouse = settings.companiesHouseApiKey ? await context.companiesHouse() : undefined
  const db = await context.db()
  if (options.enrich && !readLastBackup(db, clock)?.fresh) {
    log.warn('the last backup is older than a day, or there is none', { try: 'chpipe backup' })
  }
  const announce = await announcer(context)
  using current = await whenFree(db, () => beginRun(db, clock, 'stream'))
  const runId = current.id
  const wakeUp = createWakeUp(clock)
  const all = options.all === true
  const queue = queueJobs({ clock, runId })
  const search = { db, clock, log, runId, rules, all, types: TYPE_SLUGS, onMatch: queue }
  const repair = companiesHouse
    ? (signal: AbortSignal) => repairExpiredGaps({ ...search, companiesHouse, signal })
    : undefined
  const kind = companiesStream({ db, log, rules, all, onMatch: queue, repair })
  const following = followStream(
    { db, kind, stream, clock, log, timings, runId, signal, announce },
    {
      from: options.from,
      maxEvents: options.maxEvents,
      forMs: options.for,
      silenceMs: options.silence === undefined ? undefined : options.silence * settings.timeScale,
      onApplied: wakeUp.notify,
    },
  )
  const found = enrichment ? () => enriched : () => null
  const {
    ending,
    enriched: did,
    ...counts
  } = await beside(following, enrichment, { db, runId, wakeUp, found }, context)
  const elapsed_seconds = Math.round(clock.now() - current.startedAt) / 1000
  const { timepoint, events, inserted, updated, deleted, queued, rejects, gaps, misplaced, repeated } = counts
  const summary: StreamSummary = {
    ended: ending,
    timepoint,
    events,
    inserted,
    updated,
    deleted,
    queued,
    rejects,
    gaps,
    misplaced,
    repeated,
    elapsed_seconds,
    ...(did ? { enriched: did } : {}),
  }
  await tidyWhenFree(db, () => current.finish(summary))
  return summary
}

/** Enriches while the stream is followed. A stream that may not be followed at all starts no enrichment. */
async function beside<T>(
  following: Promise<T>,
  enrichment: Enrichment | undefined,
  { found, ...step }: { db: Db; runId: number; wakeUp: WakeUp; found(): EnrichCounts | null },
  context: Context,
): Promise<T & { enriched?: EnrichedBeside | undefined }> {
  await Promise.race([following, new Promise(setImmediate)])
  using _status = await showStreamStatus(context, step.db, found)
  const over = new AbortController()
  const enriching = enrichment?.({ ...step, signal: over.signal })
  try {
    const followed = await following
    over.abort()
    return { ...followed, enriched: await enriching }
  } finally {
    over.abort()
    await enriching
  }
}

/** Enriches what the stream has queued until the signal aborts, and never rejects. */
type Enrichment = (beside: EnrichmentBeside) => Promise<EnrichedBeside>

/** Makes the enrichment ready; it counts in `counts`. Throws `config` when a key or the credentials are missing. */
async function prepareEnrichment(
  context: Context,
  { maxCredits, minConfidence = DEFAULT_MIN_CONFIDENCE, backlog }: StreamOptions,
  counts: EnrichCounts,
): Promise<Enrichment> {
  const { clock, log, settings, timings } = context
  const companiesHouse = await context.companiesHouse()
  const providers = await context.providers()
  const options = {
    limits: { maxCredits: maxCredits ?? null, budget: settings.creditBudget },
    minConfidence,
    roles: DEFAULT_ROLES,
    owners: backlog ? ALL_OWNERS : (['stream'] as const),
  }
  return (beside) => keepEnriching({ ...beside, companiesHouse, providers, clock, log, timings }, options, counts)
}

async function announcer({ allowance, settings, timings }: Context): Promise<(ms: number) => void> {
  const { requestTimeoutMs, probePatienceMs } = timings
  const { quota } = settings
  const opened = await allowance({ name: COMPANIES_HOUSE_ALLOWANCE, quota, requestTimeoutMs, probePatienceMs })
  return opened.announceConsumer
}

/** The names and their order are what `stream --json` prints. */
interface StreamSummary {
  ended: FollowSummary['ending']
  /** The last timepoint stored. */
  timepoint: number | null
  events: number
  inserted: number
  updated: number
  deleted: number
  /** Companies that were put on the way to enrichment. */
  queued: number
  rejects: number
  gaps: number
  /** Events whose timepoints did not follow the one before them. */
  misplaced: number
  repeated: number
  elapsed_seconds: number
  /** What `--enrich` did; absent without it. */
  enriched?: EnrichedBeside
}

const SENTENCES: Record<FollowSummary['ending'], string> = {
  interrupted: 'Stopped; every event received is stored',
  'time-over': 'Time is up; every event received is stored',
  'events-reached': 'The events of this run are stored',
}

/** The summary for people. */
export function renderSummary(summary: StreamSummary): string {
  const n = formatNumber
  const rows: Fact[] = [
    ['events', `${n(summary.events)} in ${formatDuration(summary.elapsed_seconds * 1000)}`],
    ['companies', `${n(summary.inserted)} new, ${n(summary.updated)} updated, ${n(summary.deleted)} deleted`],
    ['queued', `${n(summary.queued)} for enrichment`],
  ]
  if (summary.rejects > 0) rows.push(['rejects', `${n(summary.rejects)} lines that could not be read are kept`])
  if (summary.gaps > 0) rows.push(['gaps', `${n(summary.gaps)} jumps in the timepoints`])
  if (summary.misplaced > 0) {
    rows.push(['out of place', `${n(summary.misplaced)} timepoints did not follow the one before them`])
  }
  if (summary.repeated > 0) rows.push(['repeated', `${n(summary.repeated)} lines had been stored before`])
  if (summary.enriched) {
    const { done, skipped, failed, domains, emails, credits_spent, credits_settled_earlier: earlier } = summary.enriched
    rows.push(['enriched', `${n(done)} done, ${n(skipped)} without a domain, ${n(failed)} failed`])
    rows.push(['found', `${n(domains)} domains, ${n(emails)} e-mails, for ${n(credits_spent)} credits`])
    if (earlier > 0) rows.push(['', `${n(earlier)} more credits were booked for purchases of earlier runs`])
  }
  rows.push(['timepoint', summary.timepoint === null ? 'none yet' : String(summary.timepoint)])
  return `${SENTENCES[summary.ended]}.\n${facts(rows)}`
}

/** Shows on a terminal how the stream stands; elsewhere the log says what happens. */
function showStreamStatus(context: Context, db: Db, found: () => EnrichCounts | null): Promise<Disposable> {
  const line = () => {
    const report = readStreamReport(db, context.clock, COMPANIES)
    return report && statusLine(report, context.clock.now(), found()).slice(0, widthOf(context.host.stderr) - 4)
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
