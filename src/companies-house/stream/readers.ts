// What the events of each stream mean, by the stream's name: a thread of its own can be told a name, and no functions.
import { type CompanyEvent, companyReader } from './companies.ts'
import type { EventHead, ReadEvent } from './event.ts'
import { type OfficerEvent, officerReader } from './officers.ts'
import { type PscEvent, pscReader } from './pscs.ts'

/** How the events of one stream are read. Pure, so that any thread can do it. */
export interface EventReader<Event extends EventHead> {
  /** What an envelope means, or why it is no event of this stream. */
  readonly read: ReadEvent<Event>
  /** The same text for an event and its repetitions, another for any other event. */
  print(event: Event): string
  /** A shorter form of an event for JSON, and the way back; as it is unless given. */
  readonly packing?: { pack(event: Event): unknown; unpack(packed: never): Event }
}

/** The streams whose events another thread can read. */
export const READERS = { companies: companyReader, officers: officerReader, psc: pscReader } satisfies {
  companies: EventReader<CompanyEvent>
  officers: EventReader<OfficerEvent>
  psc: EventReader<PscEvent>
}

export type ReaderName = keyof typeof READERS
