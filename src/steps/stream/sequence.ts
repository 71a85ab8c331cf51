// The order of one run: turns what is read from the stream, line by line, into the entries of a batch. It knows where the
// stream stands, what was applied, and what was asked for again.
import type { Clock } from '../../clock.ts'
import type { Read } from '../../companies-house/stream/block.ts'
import type { EventHead, RejectedLine } from '../../companies-house/stream/event.ts'
import type { BatchEntry, StreamPosition } from './apply.ts'
import { type AppliedEvents, isFar, nextExpected, placeOf } from './place.ts'

export interface SequenceOptions {
  clock: Clock
  applied: AppliedEvents
  /** Where the run begins. */
  start: StreamPosition
  /** Where the stream stood before the run: it counts when the run was to begin at a place that the stream has not reached. */
  stored: StreamPosition
  /** Skipped timepoints are asked for again, though not sooner than this after the last time. */
  askAgainMs: number
  /** Whether a line that was rejected at this timepoint is kept already. */
  isKept(timepoint: number, line: string): boolean
}

export interface Sequence<Event> {
  /** Where the stream stands after what was taken. */
  readonly position: StreamPosition
  /** Timepoints were skipped that the stream may have after all: nothing is taken until it is opened again. */
  readonly asksAgain: boolean
  readonly eventCount: number
  /** Lines skipped because they were applied, or kept as rejects, before. */
  readonly repeatedCount: number
  /** The entries that an event or a rejected line adds to the batch; none when it came before. */
  take(read: Read<Event>): BatchEntry<Event>[]
  /** A connection was opened; `keptBefore` are the rejects without a timepoint that it will bring again. */
  opened(keptBefore: string[]): void
  /** Goes on from elsewhere. */
  restart(position: StreamPosition): void
}

interface State extends SequenceOptions {
  at: StreamPosition
  eventCount: number
  repeatedCount: number
  asksAgain: boolean
  asked: { from: number; atMs: number }
  keptBefore: string[]
  /** The last timepoint that was too far ahead to be believed. */
  ahead: number | null
}

/** Begins the order of a run behind `start`. */
export function createSequence<Event extends EventHead>(options: SequenceOptions): Sequence<Event> {
  const state: State = {
    ...options,
    at: options.start,
    eventCount: 0,
    repeatedCount: 0,
    asksAgain: false,
    asked: { from: -1, atMs: Number.NEGATIVE_INFINITY },
    keptBefore: [],
    ahead: null,
  }
  return {
    get position() {
      return state.at
    },
    get asksAgain() {
      return state.asksAgain
    },
    get eventCount() {
      return state.eventCount
    },
    get repeatedCount() {
      return state.repeatedCount
    },
    take: (read) => ('event' in read ? takeEvent(state, read) : takeReject(state, read)),
    opened(keptBefore) {
      state.asksAgain = false
      state.keptBefore = keptBefore
    },
    restart(position) {
      state.at = position
    },
  }
}

function takeEvent<Event extends EventHead>(
  state: State,
  read: Exclude<Read<Event>, RejectedLine>,
): BatchEntry<Event>[] {
  const { at, applied, start, stored } = state
  const { event, print } = read
  const { timepoint } = event
  const place = placeOf(event, print, at, applied)
  if (place === 'repeated') {
    state.repeatedCount += 1
    return []
  }
  const from = at.timepoint ?? timepoint
  if (place === 'lower' && at === start && at !== stored && stored.timepoint !== null) {
    state.at = stored
    return [{ kind: 'misplaced', from, to: timepoint }, ...takeEvent(state, read)]
  }
  if ((place === 'skipped' || place === 'far') && askAgain(state, from + 1)) return []
  const entries: BatchEntry<Event>[] = []
  if (at.timepoint === null || state.eventCount === 0) entries.push({ kind: 'first', timepoint })
  // One alone may be wrong; where the next one follows it, the stream has moved there.
  const isAlone = place === 'far' && (state.ahead === null || timepoint !== state.ahead + 1)
  if (place === 'lower' || isAlone) entries.push({ kind: 'misplaced', from, to: timepoint })
  if (place === 'skipped') entries.push({ kind: 'jump', from: nextExpected(from, applied), to: timepoint - 1 })
  if (!isAlone) moveTo(state, timepoint, event.publishedAt)
  state.ahead = isAlone ? timepoint : null
  applied.add({ timepoint, print })
  state.eventCount += 1
  return [...entries, { kind: 'event', event, print }]
}

function takeReject<Event extends EventHead>(state: State, line: RejectedLine): BatchEntry<Event>[] {
  const { at } = state
  const { timepoint: told, enveloped } = line
  // The timepoint of a broken line may be wrong: it counts only where it comes in its turn.
  if (told === null || at.timepoint === null) return takeUnplaced(state, line)
  const isNext = told === at.timepoint + 1
  const isPast = told <= at.timepoint
  if (isPast && state.isKept(told, line.line)) {
    state.repeatedCount += 1
    return []
  }
  if (!(enveloped || isNext)) return takeUnplaced(state, line)
  if (isPast) return [{ ...line, after: at.timepoint }]
  if (isFar(told, at.timepoint)) return takeUnplaced(state, line)
  if (!isNext && askAgain(state, at.timepoint + 1)) return []
  const expected = at.timepoint + 1
  moveTo(state, told, at.publishedAt)
  const reject: BatchEntry<Event> = { ...line, after: told }
  return told > expected ? [{ kind: 'jump', from: expected, to: told - 1 }, reject] : [reject]
}

function takeUnplaced<Event extends EventHead>(state: State, line: RejectedLine): BatchEntry<Event>[] {
  const place = state.keptBefore.indexOf(line.line)
  if (place === -1) return [{ ...line, timepoint: null, after: state.at.timepoint }]
  state.keptBefore.splice(place, 1)
  state.repeatedCount += 1
  return []
}

/** Between its replay and going live the service loses events that it still has (facts 3.6). */
function askAgain(state: State, from: number): boolean {
  const now = state.clock.steady()
  if (from === state.asked.from || now - state.asked.atMs < state.askAgainMs) return false
  state.asked = { from, atMs: now }
  state.asksAgain = true
  return true
}

function moveTo(state: State, timepoint: number, publishedAt: string | null): void {
  state.at = { timepoint, publishedAt }
  state.keptBefore = []
}
