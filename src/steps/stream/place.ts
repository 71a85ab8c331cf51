// Where an event belongs that a stream sends: in its turn, applied before, or out of place. Timepoints order events as long
// as the stream keeps to its numbers; after a renumbering, or behind one that was wrong, what was applied tells. Pure.
import type { EventHead } from '../../companies-house/stream/event.ts'
import type { AppliedEvent } from '../../db/stream/cursor.ts'

/**
 * `next`: in its turn. `repeated`: applied before. `skipped`: timepoints before it have not come. `late`: one that was
 * skipped a moment ago. `lower`: below the last one applied, and new nevertheless. `far`: too far ahead to be believed.
 */
export type Place = 'next' | 'repeated' | 'skipped' | 'late' | 'lower' | 'far'

/** The latest events that were applied, by their timepoints. */
export interface AppliedEvents {
  readonly size: number
  /** What the event at a timepoint was; undefined where none is remembered. */
  printOf(timepoint: number): number | undefined
  /** Infinity when nothing is remembered. */
  oldest(): number
  add(event: AppliedEvent): void
}

/** A day has some 50,000 events and the service keeps a few days, so that nothing is skipped as far as this. */
const FAR = 1_000_000
/** What is remembered reaches back by hours. */
const CLEARLY_OLDER_MS = 60_000
/** Events overtake each other by a few places. */
const NEAR = 100

/** Remembers up to `limit` events, beginning with those given, oldest first. */
export function rememberApplied(events: readonly AppliedEvent[], limit: number): AppliedEvents {
  const prints = new Map<number, number>()
  // It stands behind all that it has given, which is deleted at once: a new one would step over the gaps of these each time.
  const oldestFirst = prints.keys()
  const add = ({ timepoint, print }: AppliedEvent) => {
    prints.delete(timepoint)
    prints.set(timepoint, print)
    if (prints.size <= limit) return
    const { value: first } = oldestFirst.next()
    if (first !== undefined) prints.delete(first)
  }
  events.forEach(add)
  return {
    get size() {
      return prints.size
    },
    printOf: (timepoint) => prints.get(timepoint),
    oldest() {
      let oldest = Number.POSITIVE_INFINITY
      for (const timepoint of prints.keys()) oldest = Math.min(oldest, timepoint)
      return oldest
    },
    add,
  }
}

export interface Standing {
  /** The last timepoint applied, or the one before that with which a run is to begin. */
  timepoint: number | null
  publishedAt: string | null
}

/** Where an event belongs on a stream that stands `at`. */
export function placeOf(
  { timepoint, publishedAt }: Pick<EventHead, 'timepoint' | 'publishedAt'>,
  print: number,
  at: Standing,
  applied: AppliedEvents,
): Place {
  if (at.timepoint === null) return 'next'
  const same = applied.printOf(timepoint) === print
  if (timepoint > at.timepoint) {
    if (timepoint <= nextExpected(at.timepoint, applied)) return 'next'
    if (same) return 'repeated'
    return isFar(timepoint, at.timepoint) ? 'far' : 'skipped'
  }
  if (same) return 'repeated'
  if (applied.printOf(timepoint) !== undefined) return 'lower'
  if (applied.size === 0 && timepoint === at.timepoint && publishedAt === at.publishedAt) return 'repeated'
  if (timepoint < applied.oldest()) return isOlder(publishedAt, at.publishedAt) ? 'repeated' : 'lower'
  const isBehind = applied.printOf(at.timepoint) !== undefined && at.timepoint - timepoint <= NEAR
  return isBehind ? 'late' : 'lower'
}

/** Whether a timepoint is too far ahead of another to follow it. */
export function isFar(timepoint: number, from: number): boolean {
  return timepoint - from > FAR
}

/** The first timepoint behind `timepoint` that has not been applied. */
export function nextExpected(timepoint: number, applied: AppliedEvents): number {
  let expected = timepoint + 1
  while (applied.printOf(expected) !== undefined) expected += 1
  return expected
}

/** Whether one was published well before the other; some times are cut to seconds. */
function isOlder(one: string | null, other: string | null): boolean {
  const [first, second] = [publishedMs(one), publishedMs(other)]
  return first !== null && second !== null && second - first > CLEARLY_OLDER_MS
}

/** The time of an event, ISO 8601: a faulty one lies in the future, beyond the moment at which it was received. */
export function toldAt({ publishedAt }: { publishedAt: string | null }, { fetchedAt }: { fetchedAt: string }): string {
  const published = publishedMs(publishedAt) ?? Number.POSITIVE_INFINITY
  return new Date(Math.min(published, Date.parse(fetchedAt))).toISOString()
}

/** `published_at` in milliseconds, where it is a time: one without a zone is UTC. */
export function publishedMs(publishedAt: string | null): number | null {
  const text = publishedAt ?? ''
  const ms = Date.parse(/(Z|[+-]\d{2}:\d{2})$/.test(text) ? text : `${text}Z`)
  return Number.isNaN(ms) ? null : ms
}
