// What the followers of streams need to know of one kind of stream. Client, cursor, gaps, silence, rejects and reports are
// the same for all kinds, and know none by name.
import type { EventHead, ReadEvent } from '../../companies-house/stream/event.ts'
import type { Tx } from '../../db/open.ts'

/** The streams that chpipe follows; each has a `StreamKind`. */
export const STREAM_NAMES = ['companies'] as const
export type StreamName = (typeof STREAM_NAMES)[number]

/** What applying events did to the rows that they are about. */
export interface RowChanges {
  inserted: number
  updated: number
  deleted: number
  /** Jobs that were queued because of them. */
  queued: number
}

/** Where the rows of a batch come from. */
export interface EventOrigin {
  source: 'stream'
  /** ISO 8601. */
  fetchedAt: string
  runId: number
}

export interface StreamKind<Event extends EventHead> {
  /** The stream's path at the service, and the key of its cursor, gaps and rejects. */
  readonly name: string
  /** What an envelope means, or why it is no event of this stream. */
  readonly read: ReadEvent<Event>
  /** The same text for an event and its repetitions, another for any other event. */
  print(event: Event): string
  /** Writes what the event says and counts it in `changes`. Belongs in the transaction that also moves the cursor. */
  apply(tx: Tx, event: Event, origin: EventOrigin, changes: RowChanges): void
  /** Receives the events of a batch once its transaction is through. */
  applied?(events: Event[]): void
  /** How many days back the search for a lost span reaches when nobody knows where it began. */
  readonly reachDays: number
  /** Brings in what the expired spans have lost; without it they stay unrepaired. */
  repair?: ((signal: AbortSignal) => Promise<unknown>) | undefined
}
