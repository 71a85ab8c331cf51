import type { Random } from '../random.ts'
import { eventText, type StreamEvent } from './event.ts'
import type { LogReader } from './event-log.ts'
import type { Hit, StreamFaultSwitch, Struck } from './fault-switch.ts'
import { alterEvent, cutBytes, strayLines } from './spoil.ts'

/** What becomes of a connection after some bytes; `freeze` leaves it open, with nothing more ever to come. */
export type Outcome = 'go-on' | 'close' | 'reset' | 'freeze'

/** What to put on the wire next. */
export type Parcel =
  | { kind: 'bytes'; pieces: readonly Buffer[]; eventCount: number; outcome: Outcome }
  | { kind: 'pause'; ms: number }

/** Turns what a connection's reader has not seen yet into parcels, spoilt by faults. */
export interface Delivery {
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
  outcome: Outcome
}

/** Events are put together up to about this many characters, so that a long replay takes few writes. */
const PARCEL_CHARS = 65_536

/** The most events that run together; somewhere a line has to end. */
const MOST_RUN_ON = 5

/** Makes the delivery of one connection. */
export function createDelivery({ reader, faults, random, lossWindow }: DeliveryOptions): Delivery {
  let stall: Hit | undefined
  let handover: 'ahead' | 'under way' | 'done' = lossWindow ? 'ahead' : 'done'
  let runOn = 0
  const atHandover = () => handover === 'ahead' && reader.position >= (lossWindow?.from ?? 0)

  /** Whether the event ends with its line. */
  function endsLine(struck: Struck): boolean {
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
  struck: Struck,
  random: Random,
  endsLine: (struck: Struck) => boolean,
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
