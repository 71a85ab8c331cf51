// Wires the stream: its client, the allowance that it announces itself to, the search for lost days, and beside them the
// enrichment.
import type { CompaniesHouse } from '../../companies-house/client.ts'
import { TYPE_SLUGS } from '../../companies-house/register-prose.ts'
import { connectCompanyStream } from '../../companies-house/stream-connect.ts'
import type { Context } from '../../context.ts'
import { enqueueJob } from '../../db/jobs.ts'
import { tidyWhenFree, whenFree } from '../../db/lock-wait.ts'
import type { Db, Tx } from '../../db/open.ts'
import { beginRun } from '../../db/runs.ts'
import { openAllowance } from '../../quota/allowance.ts'
import { COMPANIES_HOUSE_ALLOWANCE } from '../../quota/report.ts'
import { readLastBackup } from '../../steps/backup/last-backup.ts'
import { type Bell, createBell } from '../../steps/enrich/bell.ts'
import { type EnrichCounts, noEnrichCounts } from '../../steps/enrich/enrich-step.ts'
import { type FollowStep, followStream } from '../../steps/follow-stream.ts'
import type { Match } from '../../steps/stream-apply.ts'
import { tellMatch, tellStreamNews } from '../../steps/stream-news.ts'
import { repairExpiredGaps } from '../../steps/stream-repair.ts'
import type { StreamRules, Trigger } from '../../steps/stream-rules.ts'
import { type EnrichedSummary, type Enrichment, prepareEnrichment } from './enrichment.ts'
import { showStreamStatus } from './status-line.ts'
import type { StreamSummary } from './summary.ts'

export interface StreamOptions {
  enrich?: boolean
  backlog?: boolean
  from?: number
  all?: boolean
  onlyNew?: boolean
  trigger?: Trigger[]
  newWithin?: number
  type?: string[]
  sic?: string[]
  postcode?: string[]
  maxEvents?: number
  for?: number
  silence?: number
  maxCredits?: number
  minConfidence?: number
}

/**
 * Follows the stream until it is interrupted or its bounds are reached. Throws `config` before anything runs when a key
 * is missing, and what `followStream` throws.
 */
export async function runStream(context: Context, options: StreamOptions, rules: StreamRules): Promise<StreamSummary> {
  const { clock, log, settings, signal, timings } = context
  const stream = connectCompanyStream(context)
  const enriched = noEnrichCounts()
  const enrichment = options.enrich ? await prepareEnrichment(context, options, enriched) : undefined
  const companiesHouse = settings.companiesHouseApiKey ? await context.companiesHouse() : undefined
  const db = await context.db()
  if (options.enrich && !readLastBackup(db, clock)?.fresh) {
    log.warn('there is no backup younger than a day', { try: 'chpipe backup' })
  }
  using current = await whenFree(db, () => beginRun(db, clock, 'stream'))
  const runId = current.id
  const bell = createBell(clock)
  const news = tellStreamNews(log, stream.name)
  const queue = (tx: Tx, { company, stage, cause }: Match) =>
    enqueueJob(tx, {
      companyNumber: company.company_number,
      stage,
      owner: 'stream',
      cause,
      dueAt: clock.now(),
      runId,
    })
  const step: FollowStep = { db, stream, clock, log, timings, runId, signal, announce: announcer(context, db) }
  if (companiesHouse) step.repair = repairer(step, companiesHouse, { rules, all: options.all === true, queue })

  const following = followStream(step, {
    rules,
    all: options.all === true,
    from: options.from,
    maxEvents: options.maxEvents,
    forMs: options.for,
    silenceMs: options.silence === undefined ? undefined : options.silence * settings.timeScale,
    onApplied(entries) {
      news.applied(entries)
      bell.ring()
    },
    onMatch(tx, match) {
      const queued = queue(tx, match)
      if (queued) news.matched(match)
      return queued
    },
  })
  const found = enrichment ? () => enriched : () => null
  const { ending, enriched: did, ...counts } = await beside(following, enrichment, { db, runId, bell, found }, context)
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
  { found, ...step }: { db: Db; runId: number; bell: Bell; found(): EnrichCounts | null },
  context: Context,
): Promise<T & { enriched?: EnrichedSummary | undefined }> {
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

function announcer({ clock, settings, timings }: Context, db: Db): (ms: number) => void {
  const { requestTimeoutMs, probePatienceMs } = timings
  const { quota } = settings
  const name = COMPANIES_HOUSE_ALLOWANCE
  const allowance = openAllowance({ db, clock, name, quota, requestTimeoutMs, probePatienceMs })
  return allowance.announceConsumer
}

interface RepairWith {
  rules: StreamRules
  all: boolean
  queue(tx: Tx, match: Match): boolean
}

function repairer(step: FollowStep, companiesHouse: CompaniesHouse, { rules, all, queue }: RepairWith) {
  const onMatch = (tx: Tx, match: Match) => {
    const queued = queue(tx, match)
    if (queued) tellMatch(step.log, match, null)
    return queued
  }
  return (signal: AbortSignal) =>
    repairExpiredGaps({ ...step, companiesHouse, signal }, { rules, all, types: TYPE_SLUGS, onMatch })
}
