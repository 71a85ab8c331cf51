import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

/** Time as commands and steps see it; tests hand in one that they wind by hand. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. It may jump. */
  now(): number
  /** Milliseconds since this machine started, the same for all its processes. It never jumps. */
  steady(): number
  /** Names the machine's current boot: `steady()` values compare only under the same name. */
  readonly boot: string
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

const NANOS_PER_MS = 1_000_000n

/** Node's longest timer, about 24 days; a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647

/** The machine's own clock. `steady` is the monotonic clock, which every process of one boot shares. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    steady: () => Number(process.hrtime.bigint() / NANOS_PER_MS),
    boot: readBoot(),
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      try {
        await delay(Math.min(Math.max(0, ms), MAX_TIMER_MS), undefined, signal ? { signal } : {})
      } catch (error) {
        signal?.throwIfAborted()
        throw error
      }
    },
  }
}

/** Linux names every boot; elsewhere the host's name stands in, and a reboot shows as `steady` running backwards. */
function readBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return hostname()
  }
}

/** Every wait that `CHPIPE_TIME_SCALE` shortens, in one place. The allowance window is not among them. */
export interface Timings {
  /** A request without an answer for this long has failed; gateways answer 504 after about 40 s (facts 1.3). */
  requestTimeoutMs: number
  /** A connection that does not stand after this long, with TLS and proxy, is given up; never so short that a busy machine meets it. */
  connectTimeoutMs: number
  /** How long a single probing call may hold the others back. */
  probePatienceMs: number
  /** First and longest step of the back-off after a failed attempt. */
  backoffBaseMs: number
  backoffCapMs: number
  /** Wait before a company that failed or answered 404 is asked again, by round. */
  officersRetryMs: number[]
  /** Waits before an empty list is looked at again although officers of the company are stored. */
  emptiedListRetryMs: number[]
  /** How often an outage is probed, growing to the cap. */
  outageProbeMs: number
  outageProbeCapMs: number
  /** How long an outage may last unless `--max-outage` says otherwise. */
  maxOutageMs: number
  /** The stream sends its headers with the first byte, a heartbeat at the latest: every 30 s (facts 3.4). */
  streamHeadersMs: number
  /** Three heartbeats without a byte: the socket is dead. It must come before fetch's own 300 s. */
  streamIdleMs: number
  /** First wait before the stream is connected again, by how it ended, and the longest (facts 3.3). */
  streamClosedRetryMs: number
  streamNetworkRetryMs: number
  streamHttpRetryMs: number
  streamLimitedRetryMs: number
  streamRetryCapMs: number
  /** A connection that lived so long was a healthy one. */
  streamHealthyMs: number
  /** How long the stream may go without an event on a working day, at its edges, and ever. */
  silenceWorkingMs: number
  silenceEdgeMs: number
  silenceCapMs: number
  silenceCheckMs: number
  /** Wait before the search for a lost span is tried again. */
  gapRepairRetryMs: number
  /** How long an audit waits for companies of today whose events may still be on their way. */
  auditPatienceMs: number
  /** A call to Snov without an answer for this long has failed; never so short that a busy machine puts a purchase in doubt. */
  snovTimeoutMs: number
  /** Waits between the polls of a Snov task; the last one repeats until the task is deferred (Snov facts 6.4). */
  snovPollMs: number[]
  /** A task that takes longer than this is deferred: polled after the next two, growing with its age from one to the other. */
  snovDeferAfterMs: number
  snovDeferredMs: number
  snovDeferredCapMs: number
  /** How long a balance that was read may stand for the balance before the next purchase. */
  snovBalanceFreshMs: number
  /** How long a company's name waits for others before its domain is asked for. */
  domainGatherMs: number
  /** Waits before an enrichment stage that failed is tried again; after the last one it has failed. */
  enrichRetryMs: number[]
  /** Officers lag behind the incorporation: waits before an empty or absent list of a young company is believed. */
  youngOfficersRetryMs: number[]
  /** `enrich` waits for work that is due within this time, and leaves what is due later to another run. */
  enrichPatienceMs: number
  /** How long paid stages rest when Snov is away, or the credits or the budget are used up. */
  paidPauseMs: number
  /** `serve` answers with what it has when a page takes longer than this, and the client asks on. */
  servePageMs: number
  /** How often the index of names is compared with the tables, and how long a search waits for the first time. */
  serveIndexMs: number
  serveIndexPatienceMs: number
  /** A connection on which nothing moves for this long is closed; one that has not sent its headers, sooner. */
  serveIdleMs: number
  serveHeadersMs: number
  /** How long answers on their way may take when the server stops. */
  serveDrainMs: number
  /** How long a short statement of `publish` may take, how long rows may wait for the server, and how long any statement. */
  publishAnswerMs: number
  publishStallMs: number
  publishStatementMs: number
  /** How long it waits for a lock, the one of a publisher that was killed among them. */
  publishLockMs: number
  /** How long it goes on asking whether a commit whose answer was lost was made. */
  publishLookupMs: number
  /** How often a long run looks whether its database is still at its place. */
  databaseWatchMs: number
}

const SECOND = 1000
export const MINUTE_MS = 60 * SECOND
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** The timings of production, each multiplied by `scale` (1 in production, less as a test aid). */
export function timings(scale: number): Timings {
  return {
    requestTimeoutMs: 45 * SECOND * scale,
    connectTimeoutMs: Math.max(10 * SECOND * scale, 2 * SECOND),
    probePatienceMs: 5 * SECOND * scale,
    backoffBaseMs: 0.5 * SECOND * scale,
    backoffCapMs: 30 * SECOND * scale,
    officersRetryMs: [2 * SECOND * scale, 10 * SECOND * scale],
    emptiedListRetryMs: [1 * MINUTE_MS * scale, 10 * MINUTE_MS * scale],
    outageProbeMs: 2 * SECOND * scale,
    outageProbeCapMs: 30 * SECOND * scale,
    maxOutageMs: 15 * MINUTE_MS * scale,
    streamHeadersMs: 50 * SECOND * scale,
    streamIdleMs: 90 * SECOND * scale,
    streamClosedRetryMs: 1 * SECOND * scale,
    streamNetworkRetryMs: 2 * SECOND * scale,
    streamHttpRetryMs: 10 * SECOND * scale,
    streamLimitedRetryMs: 60 * SECOND * scale,
    streamRetryCapMs: 5 * MINUTE_MS * scale,
    streamHealthyMs: 60 * SECOND * scale,
    silenceWorkingMs: 20 * MINUTE_MS * scale,
    silenceEdgeMs: 90 * MINUTE_MS * scale,
    silenceCapMs: 6 * HOUR_MS * scale,
    silenceCheckMs: 15 * SECOND * scale,
    gapRepairRetryMs: 5 * MINUTE_MS * scale,
    auditPatienceMs: 30 * SECOND * scale,
    snovTimeoutMs: Math.max(45 * SECOND * scale, 2 * SECOND),
    snovPollMs: [3, 5, 8, 13, 20, 30].map((seconds) => seconds * SECOND * scale),
    snovDeferAfterMs: 5 * MINUTE_MS * scale,
    snovDeferredMs: 10 * MINUTE_MS * scale,
    snovDeferredCapMs: 6 * HOUR_MS * scale,
    snovBalanceFreshMs: 60 * SECOND * scale,
    domainGatherMs: 2 * SECOND * scale,
    enrichRetryMs: [5, 30, 120, 240].map((seconds) => seconds * SECOND * scale),
    youngOfficersRetryMs: [2, 10, 60, 6 * 60, 24 * 60].map((minutes) => minutes * MINUTE_MS * scale),
    enrichPatienceMs: 5 * MINUTE_MS * scale,
    paidPauseMs: 5 * MINUTE_MS * scale,
    servePageMs: 2 * SECOND * scale,
    serveIndexMs: 10 * SECOND * scale,
    serveIndexPatienceMs: 20 * SECOND * scale,
    serveIdleMs: 2 * MINUTE_MS * scale,
    serveHeadersMs: 10 * SECOND * scale,
    serveDrainMs: 5 * SECOND * scale,
    publishAnswerMs: MINUTE_MS * scale,
    publishStallMs: 5 * MINUTE_MS * scale,
    publishStatementMs: 2 * HOUR_MS * scale,
    publishLockMs: 10 * SECOND * scale,
    publishLookupMs: MINUTE_MS * scale,
    databaseWatchMs: 5 * SECOND * scale,
  }
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS }

/** Milliseconds of `30s`, `5m`, `12h`, `30d` and the like; null for anything else. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim())
  const unit = UNIT_MS[match?.[2] ?? '']
  return match && unit ? Number(match[1]) * unit : null
}

/** `1h 12m`, `3m 20s`, `8s`: the two largest units that matter to somebody who waits. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ]
  const first = parts.findIndex(([count]) => count > 0)
  if (first === -1) return '0s'
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ')
}

/** A moment as clocks in London show it, where Companies House works. */
export interface LondonTime {
  /** `YYYY-MM-DD`. */
  day: string
  /** 0 is Sunday. */
  weekday: number
  hour: number
}

let london: Intl.DateTimeFormat | undefined

/** Made when it is first asked for: Node then loads its language data, which takes longer than most commands start. */
function londonFormat(): Intl.DateTimeFormat {
  london ??= new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Europe/London',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
  })
  return london
}

/** The time in London at `ms` since 1970. */
export function londonTime(ms: number): LondonTime {
  const parts = Object.fromEntries(
    londonFormat()
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  )
  const day = `${parts.year}-${parts.month}-${parts.day}`
  return { day, weekday: new Date(`${day}T00:00:00Z`).getUTCDay(), hour: Number(parts.hour) }
}

/** A moment in UTC as it stands in names of files, in their order: `20261127T150059Z`. */
export function stampOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:]|\.\d+/g, '')
}
