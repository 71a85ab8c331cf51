// When the absence of events is worth a warning. Heartbeats prove nothing (facts 3.6: connections have gone on beating for
// days without an event), so the rule is the stream's own rhythm: by hour and weekday, learned where there is enough to
// learn from. Pure.
import { type Clock, DAY_MS, formatDuration, HOUR_MS, londonTime, MINUTE_MS, type Timings } from '../../clock.ts'
import { nowOrWhenFree } from '../../db/lock-wait.ts'
import type { Db } from '../../db/open.ts'
import { readMinutes, saveSilence } from '../../db/stream/cursor.ts'
import type { Log } from '../../log.ts'
import { every } from './duties.ts'
import type { Rhythm, StreamKind } from './kind.ts'

type SilenceTimings = Pick<Timings, 'silenceWorkingMs' | 'silenceEdgeMs' | 'silenceCapMs'>

/** How long the stream may be quiet in the hour of `ms`. */
type SilenceLimit = (ms: number) => number

/** How far back the rhythm is learned. */
const LEARNED_DAYS = 56
/** The same hour of so many days like this one is enough to learn from. */
const ENOUGH_SAMPLES = 5
/** A quiet spell so many times as long as the usual longest one is no accident. */
const PATIENCE = 4
const SHORTEST_LIMIT_MS = 5 * MINUTE_MS
/** The rhythm of a register that works from Monday to Friday: about one event a second in office hours. */
const USUAL_RHYTHM: Rhythm = { workingMs: 20 * MINUTE_MS, edgeMs: 90 * MINUTE_MS, capMs: 6 * HOUR_MS }

/** Parts of hours do not add up exactly. */
const ROUNDING = 1e-9

/** Whether it has been silent for too long: each hour uses up its part of the patience, as measured by its own limit. */
export function isSilent(sinceMs: number, nowMs: number, limitAt: SilenceLimit): boolean {
  let used = 0
  for (let at = sinceMs; at < nowMs && used < 1 - ROUNDING; ) {
    const end = Math.min(nowMs, (Math.floor(at / HOUR_MS) + 1) * HOUR_MS)
    used += (end - at) / limitAt(at)
    at = end
  }
  return used >= 1 - ROUNDING
}

/** The limits before anything was learned: in office hours, around them, and at night and on weekends. */
export function usualLimit(timings: SilenceTimings): SilenceLimit {
  return (ms) => {
    const { weekday, hour } = londonTime(ms)
    if (weekday === 0 || weekday === 6) return timings.silenceCapMs
    if (hour >= 8 && hour < 18) return timings.silenceWorkingMs
    return hour >= 6 && hour < 22 ? timings.silenceEdgeMs : timings.silenceCapMs
  }
}

/**
 * The limits that the past teaches, and the usual ones where it teaches too little. `minutes` are those since 1970 in
 * which events came, in order; `capMs` is the longest limit in production, where nothing is scaled.
 */
export function learnedLimit(
  minutes: number[],
  timings: SilenceTimings,
  capMs: number = USUAL_RHYTHM.capMs,
): SilenceLimit {
  const usual = usualLimit(timings)
  const known = new Map<number, number>()
  return (ms) => {
    const hour = Math.floor(ms / HOUR_MS) * HOUR_MS
    const limit = known.get(hour) ?? learn(minutes, hour, { timings, capMs }) ?? usual(ms)
    known.set(hour, limit)
    return limit
  }
}

/** A few times the median, over days like this one, of the longest spell without an event that touched this hour. */
function learn(
  minutes: number[],
  hourMs: number,
  { timings, capMs }: { timings: SilenceTimings; capMs: number },
): number | null {
  const spells = hoursLike(hourMs)
    .flatMap((start) => longestSpellMs(minutes, start, capMs) ?? [])
    .sort((a, b) => a - b)
  const median = spells[Math.floor(spells.length / 2)]
  if (median === undefined || spells.length < ENOUGH_SAMPLES) return null
  const limitMs = Math.min(capMs, Math.max(SHORTEST_LIMIT_MS, PATIENCE * median))
  return limitMs * (timings.silenceCapMs / capMs)
}

/** The same hour in London on earlier days of the same kind: working day, Saturday or Sunday. */
function hoursLike(hourMs: number): number[] {
  const now = londonTime(hourMs)
  const hours: number[] = []
  for (let back = 1; back <= LEARNED_DAYS; back += 1) {
    const near = hourMs - back * DAY_MS
    const start = [near, near - HOUR_MS, near + HOUR_MS].find((ms) => londonTime(ms).hour === now.hour)
    if (start !== undefined && kindOfDay(londonTime(start).weekday) === kindOfDay(now.weekday)) hours.push(start)
  }
  return hours
}

function kindOfDay(weekday: number): number {
  return weekday === 0 || weekday === 6 ? weekday : 1
}

/** Null when nothing came for hours around: then nobody was listening. */
function longestSpellMs(minutes: number[], hourMs: number, capMs: number): number | null {
  const [first, last] = [hourMs / MINUTE_MS, (hourMs + HOUR_MS) / MINUTE_MS]
  let at = firstFrom(minutes, first)
  let before = minutes[at - 1]
  if (before === undefined) return null
  let longest = 0
  for (; ; at += 1) {
    const minute = minutes[at]
    if (minute === undefined) return null
    longest = Math.max(longest, minute - before)
    if (minute >= last) break
    before = minute
  }
  return longest * MINUTE_MS >= capMs ? null : longest * MINUTE_MS
}

/** The place of the first of the sorted numbers that is not below `from`. */
function firstFrom(numbers: number[], from: number): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbers[middle] ?? from) < from) low = middle + 1
    else high = middle
  }
  return low
}

export interface WatchStep {
  db: Db
  kind: Pick<StreamKind<never>, 'name' | 'rhythm'>
  clock: Clock
  log: Log
  timings: SilenceTimings & Pick<Timings, 'silenceCheckMs'>
}

export interface WatchOptions {
  silenceMs: number | undefined
  /** When the last event was applied; null before the first of this run. */
  lastEventAt(): number | null
}

/** Warns once for each spell in which no event comes for too long, in the log and for `progress`, until the signal aborts. */
export async function watchStreamSilence(step: WatchStep, options: WatchOptions, signal: AbortSignal): Promise<void> {
  const { db, kind, clock, log, timings } = step
  const began = clock.now()
  const limit = silenceLimit(step, options.silenceMs)
  const checkMs = Math.min(timings.silenceCheckMs, (options.silenceMs ?? Infinity) / 4)
  let warnedSince: number | null = null
  await every(checkMs, clock, signal, () => {
    const now = clock.now()
    const since = options.lastEventAt() ?? began
    if (warnedSince !== null && since > warnedSince) {
      log.info('events are arriving again', { stream: kind.name, after: formatDuration(since - warnedSince) })
      warnedSince = null
    }
    if (warnedSince !== null || !isSilent(since, now, limit(now))) return
    warnedSince = since
    nowOrWhenFree(db, () => saveSilence(db, kind.name, since))
    log.warn('no event for too long although the process is healthy: the stream itself may have stalled', {
      stream: kind.name,
      since: new Date(since).toISOString(),
      quiet: formatDuration(now - since),
    })
  })
}

/** A rhythm on the scale of the timings. */
function scaledTo({ workingMs, edgeMs, capMs }: Rhythm, { silenceCapMs }: SilenceTimings): SilenceTimings {
  const scale = silenceCapMs / USUAL_RHYTHM.capMs
  return { silenceWorkingMs: workingMs * scale, silenceEdgeMs: edgeMs * scale, silenceCapMs: capMs * scale }
}

/** The limits to judge by now; the past is read again when it has grown by a day. */
function silenceLimit({ db, kind, timings }: WatchStep, fixedMs: number | undefined): (now: number) => SilenceLimit {
  if (fixedMs !== undefined) return () => () => fixedMs
  const { rhythm = USUAL_RHYTHM } = kind
  let readAt = Number.NEGATIVE_INFINITY
  let limit: SilenceLimit
  return (now) => {
    if (now - readAt < DAY_MS && now >= readAt) return limit
    readAt = now
    const minutes = readMinutes(db, kind.name, now - LEARNED_DAYS * DAY_MS).map(({ minute }) => minute)
    limit = learnedLimit(minutes, scaledTo(rhythm, timings), rhythm.capMs)
    return limit
  }
}
