import type { StreamEvent } from './event.ts'

/** Makes the event with this timepoint; the same one each time, so that no event has to be kept. */
export type EventMaker = (timepoint: number) => StreamEvent

/** How much of the past a stream still replays; without a limit everything. */
export interface Retention {
  /** The newest so many timepoints. */
  eventCount?: number | undefined
  /** Events no older than this. */
  ageMs?: number | undefined
}

/** Reads a log from one timepoint on, and goes on when more is published. */
export interface LogReader {
  /** The timepoint from which on it has not read. */
  readonly position: number
  /** The next event, unless the reader is up to date. */
  peek(): StreamEvent | undefined
  /** Steps over the event that `peek` gave. */
  advance(): void
  /** Leaves out what has not been read yet. */
  skipAll(): void
}

/** All that was ever published on one stream, with what it still replays. */
export interface EventLog {
  /** The oldest timepoint that is still replayed. */
  readonly floor: number
  /** The timepoint that the next event gets. */
  readonly next: number
  /** The same as it would be if the stream had never been renumbered: by these numbers events are made. */
  readonly written: number
  /** Publishes `count` events and returns the number by which the first is made. */
  append(make: EventMaker, count?: number): number
  /** Leaves a hole of `count` timepoints, as a topic with several writers does. */
  jump(count: number): void
  /** Gives the next event the timepoint `first`, and replays nothing of what was before. */
  renumber(first: number): void
  /** Replays nothing before `timepoint` from now on. */
  forget(timepoint: number): void
  /** Every event ever published from `from` to `to`, both included, those no longer replayed too. */
  events(from?: number, to?: number): Iterable<StreamEvent>
  read(from: number): LogReader
}

interface Span {
  from: number
  count: number
  atMs: number
  make: EventMaker
}

interface Shelf {
  readonly first: number
  readonly spans: Span[]
  next: number
  forgotten: number
  /** What is added to the number by which an event is made. */
  shift: number
}

/** Starts an empty log; it keeps how to make its events, not their text. */
export function createEventLog(first: number, retention: Retention, now: () => number): EventLog {
  const shelf: Shelf = { first, spans: [], next: first, forgotten: first, shift: 0 }
  return {
    get floor() {
      return floorOf(shelf, retention, now()) + shelf.shift
    },
    get next() {
      return shelf.next + shelf.shift
    },
    get written() {
      return shelf.next
    },
    append(make, count = 1) {
      const from = shelf.next
      shelf.spans.push({ from, count, atMs: now(), make })
      shelf.next += count
      return from
    },
    jump(count) {
      shelf.next += count
    },
    renumber(from) {
      shelf.forgotten = shelf.next
      shelf.shift = from - shelf.next
    },
    forget(timepoint) {
      shelf.forgotten = Math.max(shelf.forgotten, Math.min(timepoint - shelf.shift, shelf.next))
    },
    *events(from = first + shelf.shift, to = Number.POSITIVE_INFINITY) {
      const reader = readShelf(shelf, from)
      for (let event = reader.peek(); event && event.event.timepoint <= to; event = reader.peek()) {
        yield event
        reader.advance()
      }
    },
    read: (from) => readShelf(shelf, from),
  }
}

function floorOf({ first, spans, next, forgotten }: Shelf, { eventCount, ageMs }: Retention, nowMs: number): number {
  const byCount = eventCount === undefined ? first : next - eventCount
  if (ageMs === undefined) return Math.max(forgotten, byCount)
  const young = spans[firstIndex(spans, ({ atMs }) => atMs >= nowMs - ageMs)]
  return Math.max(forgotten, byCount, young?.from ?? next)
}

function readShelf(shelf: Shelf, from: number): LogReader {
  const { spans } = shelf
  let position = from - shelf.shift
  let index = firstIndex(spans, (span) => endOf(span) > position)
  return {
    get position() {
      return position + shelf.shift
    },
    peek() {
      let span = spans[index]
      if (span && endOf(span) <= position) {
        index += 1
        span = spans[index]
      }
      if (!span) return undefined
      position = Math.max(position, span.from)
      return shifted(span.make(position), shelf.shift)
    },
    advance() {
      position += 1
    },
    skipAll() {
      position = shelf.next
      index = spans.length
    },
  }
}

function shifted(event: StreamEvent, shift: number): StreamEvent {
  return shift === 0 ? event : { ...event, event: { ...event.event, timepoint: event.event.timepoint + shift } }
}

function endOf({ from, count }: Span): number {
  return from + count
}

/** The index of the first span for which `holds`, given that it holds for all behind it; their number when there is none. */
function firstIndex(spans: readonly Span[], holds: (span: Span) => boolean): number {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >> 1
    const span = spans[middle]
    if (span && holds(span)) high = middle
    else low = middle + 1
  }
  return low
}
