// How far the import of officers is, how fast it goes and when it will be done, and how the stream stands. Reads only, at
// a cost that does not grow with companies and officers; only verifications are counted, along two indexes.
import { type Clock, MINUTE_MS } from '../../clock.ts'
import { type ListProgress, readLists } from '../../db/companies/lists.ts'
import { countOldLists } from '../../db/officers/age.ts'
import { type Db, snapshot, type Tx } from '../../db/open.ts'
import { countDoubtedPscs } from '../../db/psc-doubt.ts'
import { type PscCoverage, readPscCoverage } from '../../db/pscs/coverage.ts'
import { findLiveRuns } from '../../db/runs.ts'
import { dayAt } from '../../db/standing.ts'
import { storageGuard } from '../../db/storage-error.ts'
import { companyCount, countPscs, type Fetches, readFetches, readTallies } from '../../db/tallies.ts'
import { countVerifications, type VerificationCounts } from '../../db/verifications.ts'
import { forecastCalls } from '../../quota/forecast.ts'
import { type AllowanceUse, allowanceFreeAt, type QuotaReport, quotaReport } from '../../quota/report.ts'
import type { Quota } from '../../settings.ts'
import { type LiveProgress, readLiveProgress } from './live.ts'

/** The names and their order are what `progress --json` prints. */
export interface Progress extends LiveProgress {
  companies_with_officers: number
  officers: number
  companies: number
  pending: number
  none: number
  failed: number
  /** Lists that were complete and are in doubt, since the officers stream lost events; left out when there is none. */
  stale?: number
  target: number
  /** Of the target, with one decimal, rounded down: 100 means ready. */
  percent: number
  ready: boolean
  /** Companies that got their officers, per minute over the recent past. */
  per_minute: number
  /** Null when no import runs, nothing moves, or the candidates do not suffice. */
  eta_seconds: number | null
  quota: QuotaReport
  /** Left out when there are none. */
  pscs?: PscProgress
  /** The commands that run on this database now; left out when there is none. */
  runs?: RunningCommand[]
  /** Officers by how their identity verification stands today; left out while nothing is published of anybody. */
  verification?: VerificationCounts
  /** When calls may go out again, while the allowance is used up or closed; left out otherwise. */
  allowance_free_at?: string
  /** Officer lists older than 30 days, 10,001 for more than 10,000; left out when there are none. */
  lists_older_than_30_days?: number
  /** How far each customer's list is; left out when there is none, or nobody asked. */
  lists?: ListProgress[]
  /** How often the allowance must fill up again before the target is reached; left out while it is not what limits. */
  windows_left?: number
}

/** Persons with significant control. */
export interface PscProgress {
  /** Stored records, ceased ones, statements and exemptions included. */
  records: number
  /** The day of the newest snapshot that was imported whole; null when there is none. */
  snapshot_on: string | null
  /** Since when the stream tells what changes, ISO 8601; left out while it was never followed. */
  followed_since?: string
  /** What changed between the day of the snapshot and the first event of the stream is unknown; left out where nothing is. */
  unseen?: NonNullable<PscCoverage['unseen']>
  /** Companies in doubt, since the stream has lost events, 10,001 for more than 10,000; left out when there is none. */
  companies_in_doubt?: number
}

export interface RunningCommand {
  command: string
  pid: number
  host: string
  started_at: string
}

export interface ProgressOptions {
  target: number
  quota: Quota
  clock: Clock
  /** Also the customers' lists, at a cost that grows with them. */
  withLists?: boolean
  /** How the allowance stands where it is shared, and not in the database. */
  shared?: AllowanceUse | undefined
}

/** What counts as the recent past. */
const RECENT_MS = 10 * 60_000

/** A rate over less than this would be noise. */
const SHORTEST_SPAN_MS = 5000

/** Reads the progress towards the target on one snapshot. Throws a `data` error when the database cannot be read. */
export function readProgress(db: Db, options: ProgressOptions): Progress {
  const { target, quota, clock, shared, withLists = false } = options
  return reading(db, (tx) => {
    const now = clock.now()
    const { tallies, running, pace } = readPaceWithin(tx, db, options)
    const { complete, officers, pending, none, failed, stale } = tallies
    const verification = countVerifications(db, dayAt(now), officers)
    const lists = withLists ? readLists(db) : []
    const old = countOldLists(db, now)
    const { allowance_free_at, windows_left } = pace
    return {
      companies_with_officers: complete,
      officers,
      companies: companyCount(tallies),
      pending,
      none,
      failed,
      ...(stale > 0 ? { stale } : {}),
      target,
      percent: percentOf(complete, target),
      ready: pace.ready,
      per_minute: pace.per_minute,
      eta_seconds: pace.eta_seconds,
      quota: pace.quota,
      ...readPscProgress(db),
      ...(running.length > 0 ? { runs: running.map(describeRun) } : {}),
      ...(allowance_free_at === undefined ? {} : { allowance_free_at }),
      ...(old > 0 ? { lists_older_than_30_days: old } : {}),
      ...(lists.length > 0 ? { lists } : {}),
      ...(windows_left === undefined ? {} : { windows_left }),
      ...(verification.none < officers ? { verification } : {}),
      ...readLiveProgress(db, clock, quota, shared),
    }
  })
}

/** What a status line says, drawn again and again: nothing in it is counted over the officers. */
export type ProgressPace = Pick<
  Progress,
  | 'companies_with_officers'
  | 'officers'
  | 'target'
  | 'ready'
  | 'per_minute'
  | 'eta_seconds'
  | 'quota'
  | 'allowance_free_at'
  | 'windows_left'
>

/** The same as `readProgress`, as far as a status line needs it, at a cost that does not grow. Throws as that does. */
export function readPace(db: Db, options: Omit<ProgressOptions, 'withLists'>): ProgressPace {
  return reading(db, (tx) => readPaceWithin(tx, db, options).pace)
}

function reading<T>(db: Db, body: (tx: Tx) => T): T {
  return storageGuard(db.$client.name)(() => snapshot(db, body))
}

function readPaceWithin(tx: Tx, db: Db, { target, quota, clock, shared }: ProgressOptions) {
  const now = clock.now()
  const tallies = readTallies(tx)
  const { complete, pending, failed, stale, officers } = tallies
  const perMinute = recentRate(readFetches(tx, now - RECENT_MS, now), now, quota)
  const running = findLiveRuns(tx, clock)
  const importing = running.some(({ command }) => command === 'import-officers')
  const reachable = complete + pending + failed + stale >= target
  const freeAt = allowanceFreeAt(db, clock, quota, shared)
  const missing = target - complete
  const expected =
    importing && reachable && missing > 0
      ? expectTarget(tx, db, { missing, perMinute, quota, clock, isShared: shared !== undefined })
      : null
  const pace: ProgressPace = {
    companies_with_officers: complete,
    officers,
    target,
    ready: complete >= target,
    per_minute: Math.round(perMinute * 10) / 10,
    eta_seconds: missing <= 0 ? 0 : (expected?.seconds ?? null),
    quota: quotaReport(db, clock, quota, shared),
    ...(freeAt === null ? {} : { allowance_free_at: new Date(freeAt).toISOString() }),
    ...(expected?.windows ? { windows_left: expected.windows } : {}),
  }
  return { tallies, running, pace }
}

function readPscProgress(db: Db): { pscs?: PscProgress } {
  const records = countPscs(db)
  const { snapshotOn, followedSince, unseen } = readPscCoverage(db)
  if (records === 0 && snapshotOn === null) return {}
  const doubted = countDoubtedPscs(db)
  return {
    pscs: {
      records,
      snapshot_on: snapshotOn,
      ...(followedSince === null ? {} : { followed_since: followedSince }),
      ...(unseen === null ? {} : { unseen }),
      ...(doubted > 0 ? { companies_in_doubt: doubted } : {}),
    },
  }
}

function describeRun({ command, pid, host, started_at }: ReturnType<typeof findLiveRuns>[number]): RunningCommand {
  return { command, pid, host, started_at: new Date(started_at).toISOString() }
}

interface Pace {
  missing: number
  perMinute: number
  quota: Quota
  clock: Clock
  /** The permits are not in this database, so that nothing is known of when they come back. */
  isShared: boolean
}

/** So much of the allowance must be used, or of its pace be reached, before it is what limits the import. */
const LIMITING_SHARE = 0.8
/** The speed of a burst is measured over this. */
const BURST_MS = 20_000

/**
 * How long the missing companies take. Where the allowance limits the import, its windows say so, and the answer counts
 * down while the import waits; otherwise the recent rate does. Null where nothing moves.
 */
function expectTarget(
  tx: Tx,
  db: Db,
  { missing, perMinute, quota, clock, isShared }: Pace,
): { seconds: number | null; windows: number } {
  const now = clock.now()
  const bySpeed = { seconds: etaSeconds(missing, perMinute), windows: 0 }
  const { used } = isShared ? { used: null } : quotaReport(db, clock, quota)
  const lately = readFetches(tx, now - BURST_MS, now)
  const perMs = lately.firstMs === null ? 0 : lately.count / Math.max(SHORTEST_SPAN_MS, now - lately.firstMs)
  if (used === null) return bySpeed
  const isLimit = used >= LIMITING_SHARE * quota.limit || perMs >= (LIMITING_SHARE * quota.limit) / quota.windowMs
  if (!isLimit) return bySpeed
  const answered = readFetches(tx, now - quota.windowMs, now).count
  const callsEach = answered > 0 ? Math.min(MOST_CALLS_EACH, Math.max(1, used / answered)) : 1
  const eachMs = perMs > 0 ? 1 / (perMs * callsEach) : 0
  const { ms, windows } = forecastCalls(db, clock, quota, Math.ceil(missing * callsEach), eachMs)
  if (windows > 0 || perMs > 0) return { seconds: Math.ceil(ms / 1000), windows }
  return { ...bySpeed, windows }
}

/** More calls for a company than this are somebody else's. */
const MOST_CALLS_EACH = 5

/**
 * Companies per minute: those of the recent past over the time since the first of them. A run that has just begun is
 * measured over its own time, one that has stopped fades out. A burst at the start of a window counts no higher than
 * what the allowance lets through for long, as a company costs a call at least.
 */
export function recentRate({ count, firstMs }: Fetches, nowMs: number, { limit, windowMs }: Quota): number {
  if (firstMs === null) return 0
  const perMs = count / Math.max(SHORTEST_SPAN_MS, nowMs - firstMs)
  return Math.min(perMs, limit / windowMs) * MINUTE_MS
}

/** Seconds until the missing companies are there: 0 when none is missing, null when nothing moves. */
export function etaSeconds(missing: number, perMinute: number): number | null {
  if (missing <= 0) return 0
  return perMinute > 0 ? Math.ceil((missing / perMinute) * 60) : null
}

/** The share of the target in percent, with one decimal, rounded down and at most 100. */
export function percentOf(complete: number, target: number): number {
  return Math.min(100, Math.floor((complete / target) * 1000) / 10)
}
