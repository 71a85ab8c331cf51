import type { Clock } from '../clock.ts'
import { nowOrWhenFree } from '../db/lock-wait.ts'
import type { Db } from '../db/open.ts'
import { readMinutes, saveSilence } from '../db/stream.ts'
import { formatDuration } from '../durations.ts'
import type { Log } from '../log.ts'
import type { Timings } from '../timings.ts'
import { every } from './stream-duties.ts'
import { isSilent, LEARNED_DAYS, learnedLimit, type SilenceLimit, type SilenceTimings } from './stream-silence.ts'

export interface WatchStep {
  db: Db
  stream: { readonly name: string }
  clock: Clock
  log: Log
  timings: SilenceTimings & Pick<Timings, 'silenceCheckMs'>
}

export interface WatchOptions {
  silenceMs: number | undefined
  /** When the last event was applied; null before the first of this run. */
  lastEventAt(): number | null
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Warns once for each spell in which no event comes for too long, in the log and for `progress`, until the signal aborts. */
export async function watchStreamSilence(step: WatchStep, options: WatchOptions, signal: AbortSignal): Promise<void> {
  const { db, stream, clock, log, timings } = step
  const began = clock.now()
  const limit = silenceLimit(step, options.silenceMs)
  const checkMs = Math.min(timings.silenceCheckMs, (options.silenceMs ?? Infinity) / 4)
  let warnedSince: number | null = null
  await every(checkMs, clock, signal, () => {
    const now = clock.now()
    const since = options.lastEventAt() ?? began
    if (warnedSince !== null && since > warnedSince) {
      log.info('events come again', { stream: stream.name, after: formatDuration(since - warnedSince) })
      warnedSince = null
    }
    if (warnedSince !== null || !isSilent(since, now, limit(now))) return
    warnedSince = since
    nowOrWhenFree(db, () => saveSilence(db, stream.name, since))
    log.warn('no event has come for too long, although the process is well: the stream itself may have stalled', {
      stream: stream.name,
      since: new Date(since).toISOString(),
      quiet: formatDuration(now - since),
    })
  })
}

/** The limits to judge by now; the past is read again when it has grown by a day. */
function silenceLimit({ db, stream, timings }: WatchStep, fixedMs: number | undefined): (now: number) => SilenceLimit {
  if (fixedMs !== undefined) return () => () => fixedMs
  let readAt = Number.NEGATIVE_INFINITY
  let limit: SilenceLimit
  return (now) => {
    if (now - readAt < DAY_MS && now >= readAt) return limit
    readAt = now
    const minutes = readMinutes(db, stream.name, now - LEARNED_DAYS * DAY_MS).map(({ minute }) => minute)
    limit = learnedLimit(minutes, timings)
    return limit
  }
}
