import { HOUR_MS } from '../../clock.ts'

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

/** One change as a stream sends it (facts 3.5). The keys inside `data` are in alphabetical order; `deleted` events may lack it. */
export interface StreamEvent {
  resource_kind: string
  resource_uri: string
  resource_id: string
  data?: Record<string, unknown> | undefined
  event: {
    fields_changed?: readonly string[] | undefined
    timepoint: number
    published_at: string
    type: 'changed' | 'deleted'
  }
}

/**
 * An event as the service writes it, without its line end: the envelope in the order of the recordings, and `&`, `<` and
 * `>` escaped as Go does. An event without data has the other order that was recorded for it.
 */
export function eventText({ resource_kind, resource_uri, resource_id, data, event }: StreamEvent): string {
  const { fields_changed, timepoint, published_at, type } = event
  const envelope =
    data === undefined
      ? { event: { fields_changed, type, timepoint, published_at }, resource_id, resource_uri, resource_kind }
      : {
          resource_kind,
          resource_uri,
          resource_id,
          data,
          event: { fields_changed, timepoint, published_at, type },
        }
  return JSON.stringify(envelope).replace(GO_ESCAPED, escapeAsGo)
}

/** U+2028 and U+2029 were line ends to JavaScript, so that Go escapes them too. */
const GO_ESCAPED = /[&<>\u2028\u2029]/g

function escapeAsGo(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** The same value with the members of every object in alphabetical order, absent ones left out. */
export function alphabetical<Value>(value: Value): Value
export function alphabetical(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => alphabetical(item))
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  const sorted = members.sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(sorted.map(([name, member]) => [name, alphabetical(member)]))
}

/**
 * A moment in one of the three formats that were recorded (facts 3.5): to the second without a zone, with microseconds
 * in UTC, and with microseconds in British summer time. `draw`, a whole number of at least 0, decides which.
 */
export function publishedAt(momentMs: number, draw: number): string {
  const micros = String(draw % 1000).padStart(3, '0')
  switch (Math.floor(draw / 1000) % 3) {
    case 0:
      return new Date(momentMs).toISOString().slice(0, 19)
    case 1:
      return `${new Date(momentMs).toISOString().slice(0, -1)}${micros}Z`
    default:
      return `${new Date(momentMs + HOUR_MS).toISOString().slice(0, -1)}${micros}+01:00`
  }
}

/** The streams (facts 3.1), each with the timepoint at which the sandbox takes it up: they are unrelated. */
export const STREAMS = {
  companies: 104_000_001,
  filings: 231_000_001,
  officers: 21_500_001,
  'persons-with-significant-control': 20_400_001,
  'persons-with-significant-control-statements': 3_100_001,
  charges: 3_900_001,
  'insolvency-cases': 900_001,
  'disqualified-officers': 4_001,
  'company-exemptions': 5_001,
} as const

export type SandboxStreamName = keyof typeof STREAMS

/** The stream that is served at `/name`, if there is one. */
export function isStream(name: string): name is SandboxStreamName {
  return Object.hasOwn(STREAMS, name)
}
