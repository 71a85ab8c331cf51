import type { Hit } from '../kit/faults.ts'
import type { Random } from '../world/random.ts'
import { alphabetical, eventText, type LogReader, type StreamEvent } from './event-log.ts'
import type { StreamFaultSwitch, StreamStruck } from './faults.ts'
import { earlyItem } from './officers.ts'

/** What becomes of a connection after some bytes; `freeze` leaves it open, with nothing more ever to come. */
export type DeliveryOutcome = 'go-on' | 'close' | 'reset' | 'freeze'

/** What to put on the wire next. */
export type Parcel =
  | { kind: 'bytes'; pieces: readonly Buffer[]; eventCount: number; outcome: DeliveryOutcome }
  | { kind: 'pause'; ms: number }

/** Turns what a connection's reader has not seen yet into parcels, spoilt by faults. */
export interface StreamDelivery {
  /** Undefined while there is nothing to send. */
  next(): Parcel | undefined
}

export interface DeliveryOptions {
  reader: LogReader
  faults: StreamFaultSwitch
  random: Random
  /** The end of the replay, for a connection that loses what is published for a while when it goes live. */
  lossWindow?: { from: number; ms: number } | undefined
}

interface Draft {
  text: string
  eventCount: number
  cut: boolean
  outcome: DeliveryOutcome
}

/** Events are put together up to about this many characters, so that a long replay takes few writes. */
const PARCEL_CHARS = 65_536

/** The most events that run together; somewhere a line has to end. */
const MOST_RUN_ON = 5

/** Makes the delivery of one connection. */
export function createDelivery({ reader, faults, random, lossWindow }: DeliveryOptions): StreamDelivery {
  let stall: Hit | undefined
  let handover: 'ahead' | 'under way' | 'done' = lossWindow ? 'ahead' : 'done'
  let runOn = 0
  const atHandover = () => handover === 'ahead' && reader.position >= (lossWindow?.from ?? 0)

  /** Whether the event ends with its line. */
  function endsLine(struck: StreamStruck): boolean {
    runOn = runOn < MOST_RUN_ON && struck.hits('run-on') ? runOn + 1 : 0
    return runOn === 0
  }

  function fill(): Draft {
    const draft: Draft = { text: '', eventCount: 0, cut: false, outcome: 'go-on' }
    while (draft.text.length < PARCEL_CHARS && draft.outcome === 'go-on' && !atHandover()) {
      const event = reader.peek()
      if (!event) break
      const struck = faults.strike(event.resource_id)
      stall = struck.hits('stall')
      if (stall) break
      reader.advance()
      if (!struck.hits('skip')) addEvent(draft, event, struck, random, endsLine)
    }
    return draft
  }

  return {
    next() {
      if (stall?.lasts()) return undefined
      if (lossWindow && atHandover()) {
        handover = 'under way'
        return { kind: 'pause', ms: lossWindow.ms }
      }
      if (handover === 'under way') {
        handover = 'done'
        reader.skipAll()
      }
      const { text, eventCount, cut, outcome } = fill()
      if (text === '') return undefined
      const bytes = Buffer.from(text)
      return { kind: 'bytes', pieces: cut ? cutBytes(bytes, random) : [bytes], eventCount, outcome }
    },
  }
}

/** Adds an event with its line end and what faults put around it. */
function addEvent(
  draft: Draft,
  event: StreamEvent,
  struck: StreamStruck,
  random: Random,
  endsLine: (struck: StreamStruck) => boolean,
): void {
  for (const line of strayLines(struck, random)) draft.text += `${line}\n`
  const line = eventText(alterEvent(event, struck))
  if (struck.hits('reset-mid-event')) {
    draft.text += line.slice(0, Math.floor(line.length / 2))
    draft.outcome = 'reset'
    return
  }
  if (struck.hits('duplicate')) {
    draft.text += `${line}\n`
    draft.eventCount += 1
  }
  draft.text += endsLine(struck) ? `${line}\n` : line
  draft.eventCount += 1
  if (struck.hits('cut')) draft.cut = true
  if (struck.hits('close')) draft.outcome = 'close'
  else if (struck.hits('half-open')) draft.outcome = 'freeze'
}

const MEGABYTE = 1024 * 1024
const LONG_CHARS = 2 * MEGABYTE
const HUGE_CHARS = 10 * MEGABYTE

const GARBAGE = [
  '\u0000\u0001not json at all <<<',
  '{"resource_kind":"company-profile","resource_uri":"/comp',
  '}',
  'nul',
]

const ODD_JSON = [
  '[]',
  '42',
  '"company-profile"',
  '{}',
  '{"error":"upstream unavailable"}',
  '{"resource_kind":"company-profile","resource_id":"00000000","data":{"company_number":"00000000"}}',
  '{"resource_kind":7,"resource_uri":null,"resource_id":[],"data":"none","event":{"timepoint":"soon","type":"born"}}',
]

/** Lines that a fault puts before an event, of which none is an event. */
function strayLines(struck: StreamStruck, random: Random): string[] {
  const lines: string[] = []
  if (struck.hits('garbage')) lines.push(random.pick(GARBAGE))
  if (struck.hits('odd-json')) lines.push(random.pick(ODD_JSON))
  if (struck.hits('huge-junk')) lines.push('~'.repeat(HUGE_CHARS))
  return lines
}

/** How far ahead a wrong timepoint lies. */
const OUTLYING = 1_000_000_000

/** The event as the struck faults alter it; it stays valid, and says the same of its company. */
function alterEvent(event: StreamEvent, struck: StreamStruck): StreamEvent {
  const slashless = struck.hits('no-slash') ? { resource_uri: event.resource_uri.replace(/^\//, '') } : {}
  const size = struck.hits('huge-event') ? HUGE_CHARS : struck.hits('long-event') ? LONG_CHARS : 0
  const outlying = struck.hits('outlier')
    ? { event: { ...event.event, timepoint: event.event.timepoint + OUTLYING } }
    : {}
  const isOfficer = event.resource_kind === 'company-officers' && event.event.type === 'changed'
  const early = isOfficer && event.data && struck.hits('early-officer') ? { data: earlyItem(event.data) } : {}
  const annotation = { created_on: '2026-01-05', description: 'x'.repeat(size), type: 'other' }
  return {
    ...event,
    ...slashless,
    ...outlying,
    ...early,
    ...(size > 0 ? { data: alphabetical({ ...event.data, corporate_annotation: [annotation] }) } : {}),
  }
}

const LONGEST_PIECE = 700
const FIRST_OF_SEVERAL = 0xc0

/** Cuts bytes at random, in the middle of each tenth character of several bytes or so, and always at least once. */
function cutBytes(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = []
  let start = 0
  let end = random.between(1, Math.max(1, Math.min(LONGEST_PIECE, bytes.length - 1)))
  for (let at = 0; at < bytes.length; at += 1) {
    const inside = (bytes[at - 1] ?? 0) >= FIRST_OF_SEVERAL && random.chance(0.1)
    if (at === start || (at !== end && !inside)) continue
    pieces.push(bytes.subarray(start, at))
    start = at
    end = at + random.between(1, LONGEST_PIECE)
  }
  pieces.push(bytes.subarray(start))
  return pieces
}
