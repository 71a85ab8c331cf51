// Follows a stream into the rows of its kind, `stream_rejects` and `stream_gaps`, moving `stream_cursors` with them. One
// process follows a stream of a database. Safe to run again after any end: it resumes behind the last event committed.
import { setMaxListeners } from 'node:events'
import { type Clock, DAY_MS, londonTime, type Timings } from '../../clock.ts'
import type { StreamClient } from '../../companies-house/stream/client.ts'
import { StreamError } from '../../companies-house/stream/connection.ts'
import type { EventHead } from '../../companies-house/stream/event.ts'
import { isLockError, tidyWhenFree, untilFree, whenFree } from '../../db/lock-wait.ts'
import { type Db, write } from '../../db/open.ts'
import { claimStream, releaseStream, requireClaim, saveConnected, tuneForStream } from '../../db/stream/cursor.ts'
import { expireCursor, extendExpired } from '../../db/stream/gaps.ts'
import { throwFailure } from '../../errors.ts'
import { boundOldSpace } from '../../heap-space.ts'
import type { Log } from '../../log.ts'
import type { StreamPosition } from './apply.ts'
import { openStreamBatch, type StreamBatch, type StreamCounts } from './batch.ts'
import { keepAnnouncing, keepRepairing, stopAfter } from './duties.ts'
import type { StreamKind } from './kind.ts'
import { watchStreamSilence } from './silence.ts'

export interface FollowStep<Event extends EventHead> {
  db: Db
  kind: StreamKind<Event>
  /** The client of that stream. */
  stream: Pick<StreamClient, 'lines'>
  clock: Clock
  log: Log
  timings: Timings
  runId: number
  /** Ends the run: what was received is applied first. */
  signal: AbortSignal
  /** Says that a stream consumer is alive for `ms` more; called every few seconds. */
  announce(ms: number): void
}

export interface FollowOptions {
  /** Where to begin, inclusive, whatever the cursor says. */
  from?: number | undefined
  maxEvents?: number | undefined
  forMs?: number | undefined
  /** Silence is warned about after this, instead of by the stream's own rhythm. */
  silenceMs?: number | undefined
  /** Called after every batch that was applied. */
  onApplied?: (() => void) | undefined
}

export interface FollowSummary extends StreamCounts {
  ending: 'interrupted' | 'time-over' | 'events-reached'
  /** Where the stream stands: the last timepoint applied. */
  timepoint: number | null
}

/**
 * Follows the stream until it is told to stop. Throws a `data` error when another process follows it already or the
 * database cannot be written, and a `config` error when the key is refused.
 */
export async function followStream<Event extends EventHead>(
  step: FollowStep<Event>,
  options: FollowOptions,
): Promise<FollowSummary> {
  const { db, kind, clock, runId, signal } = step
  tuneForStream(db)
  boundOldSpace()
  const stored = await whenFree(db, () => write(db, (tx) => claimStream(tx, kind.name, runId, clock)))
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const interrupted = () => stop.abort()
  signal.addEventListener('abort', interrupted, { once: true })
  if (signal.aborted) interrupted()
  const failed: unknown[] = []
  const fail = (error: unknown) => {
    failed.push(error)
    stop.abort()
  }

  const known = { timepoint: stored.timepoint, publishedAt: stored.published_at }
  const start = options.from === undefined ? known : { ...known, timepoint: options.from - 1 }
  const { maxEvents = Infinity } = options
  const batch = openStreamBatch(step, {
    maxEvents,
    start,
    stored: known,
    askAgainMs: step.timings.streamHealthyMs,
    signal: stop.signal,
    onApplied: options.onApplied,
    onError: fail,
  })
  const repairs = keepRepairing(step, stop.signal, fail)
  const duties = [
    keepAnnouncing(step, stop.signal),
    watchStreamSilence(step, { silenceMs: options.silenceMs, lastEventAt: () => batch.lastEventAt }, stop.signal),
    stopAfter(step, options.forMs, stop),
  ].map((duty) => duty.catch(fail))

  try {
    await followLines(step, batch, { known, start, repair: repairs.start }, stop.signal)
    const { timepoint } = failed.length === 0 ? await flushAtEnd(step, batch) : known
    if (batch.full) await repairs.finish()
    if (failed.length > 0) throw failed[0]
    throwFailure(signal)
    const ending = signal.aborted ? 'interrupted' : batch.full ? 'events-reached' : 'time-over'
    return { ending, timepoint, ...batch.counts }
  } finally {
    stop.abort()
    signal.removeEventListener('abort', interrupted)
    await Promise.all([...duties, repairs.finish()])
    if (db.$client.open) await tidyWhenFree(db, () => write(db, (tx) => releaseStream(tx, kind.name, runId)))
  }
}

/** What cannot be applied since another program holds the database comes again: the cursor stands before it. */
async function flushAtEnd({ db, log, signal }: Step, batch: StreamBatch): Promise<StreamPosition> {
  try {
    return await whenFree(db, batch.flush)
  } catch (error) {
    if (!signal.aborted || !isLockError(error)) throw error
    log.warn('the last events were not applied because another program holds the database; they will be sent again')
    return batch.committed
  }
}

/** What is the same whatever the events are about. */
type Step = Omit<FollowStep<never>, 'kind'> & {
  kind: Pick<StreamKind<never>, 'name' | 'reachDays' | 'repair' | 'recovery' | 'lost'>
}

interface Course {
  /** Where the stream stood before this run. */
  known: StreamPosition
  /** Where this run begins. */
  start: StreamPosition
  repair(): void
}

async function followLines(step: Step, batch: StreamBatch, course: Course, signal: AbortSignal): Promise<void> {
  const { log, kind, stream } = step
  const resume = () => nextTimepoint(batch.flush())
  let connections = 0
  while (!signal.aborted && !batch.full) {
    try {
      for await (const item of stream.lines(resume, signal)) {
        if (item.kind === 'opened') {
          noteOpened(step, course, { timepoint: item.timepoint, isFirst: connections === 0 })
          connections += 1
          batch.opened(item.timepoint)
          course.repair()
        } else if (item.kind === 'closed') saveClosed(step)
        else if (item.kind !== 'heartbeat') batch.add(item)
        if (batch.isDue) await whenFree(step.db, batch.flush)
        if (batch.full) return
        if (batch.asksAgain) {
          log.info('timepoints were skipped; requesting them again', { stream: kind.name, from: resume() })
          break
        }
      }
    } catch (error) {
      if (isLockError(error)) {
        await untilFree(step.db).catch(() => {})
        continue
      }
      if (!(error instanceof StreamError) || error.end !== 'expired') throw error
      batch.restart(afterExpiry(step, batch.flush(), course))
    }
  }
}

/** The stream's timepoint is inclusive (facts 3.1). */
function nextTimepoint({ timepoint }: StreamPosition): number | null {
  return timepoint === null ? null : timepoint + 1
}

interface Opened {
  /** Where it begins; null for live. */
  timepoint: number | null
  /** The first connection of the run. */
  isFirst: boolean
}

function noteOpened(
  { db, clock, kind, log, runId }: Step,
  { known, start }: Course,
  { timepoint, isFirst }: Opened,
): void {
  const now = clock.now()
  // `--from` may leave out what the stream has, and a second live connection knows nothing of the time before it.
  const isStart = isFirst && start.timepoint !== null && timepoint === start.timepoint + 1
  const leavesOut = isStart && known.timepoint !== null && (start.timepoint ?? 0) > known.timepoint
  write(db, (tx) => {
    requireClaim(tx, kind.name, runId)
    saveConnected(tx, kind.name, now)
    const isExpired = timepoint === null && extendExpired(tx, kind.name, { toDay: londonTime(now).day, now })
    if (isExpired || leavesOut || (timepoint === null && !isFirst))
      kind.lost?.(tx, { kind: 'span', isNoted: isExpired })
  })
  log.info('stream connected', { stream: kind.name, timepoint: timepoint ?? 'live' })
}

function saveClosed({ db, kind }: Step): void {
  write(db, (tx) => saveConnected(tx, kind.name, null))
}

/**
 * Where to continue when the stream does not have what was asked for: at the stored cursor, when it was `--from` that asked
 * for what is gone or has not been; else live, with the lost span written down.
 */
function afterExpiry(step: Step, at: StreamPosition, course: Course): StreamPosition {
  const { db, clock, kind, log, runId } = step
  const { known, start } = course
  const lost = at.timepoint === null ? 0 : at.timepoint + 1
  const fields = { stream: kind.name, timepoint: lost }
  if (at === start && at !== known && known.timepoint !== null) {
    const why = known.timepoint > lost ? 'the stream no longer reaches back so far' : 'the stream has not come so far'
    log.warn(`${why}, resuming at the stored cursor`, fields)
    return known
  }
  const now = clock.now()
  const toDay = londonTime(now).day
  const fromDay = /^\d{4}-\d{2}-\d{2}/.exec(at.publishedAt ?? '')?.[0] ?? londonTime(now - kind.reachDays * DAY_MS).day
  write(db, (tx) => {
    expireCursor(tx, { stream: kind.name, now, runId }, { from: lost, fromDay, toDay })
    kind.lost?.(tx, { kind: 'span', isNoted: true })
  })
  const recovery = kind.recovery ?? 'searching the missing days'
  log.warn(`the cursor is too old for the stream (416); following it live, and ${recovery}`, {
    ...fields,
    from_day: fromDay,
    to_day: toDay,
    ...(kind.repair ? {} : { search: 'no API key to search with' }),
  })
  return { timepoint: null, publishedAt: at.publishedAt }
}
