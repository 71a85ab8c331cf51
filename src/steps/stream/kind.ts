// What the followers of streams need to know of one kind of stream. Client, cursor, gaps, silence, rejects and reports are
// the same for all kinds, and know none by name.
import type { EventHead } from '../../companies-house/stream/event.ts'
import type { EventReader } from '../../companies-house/stream/readers.ts'
import type { ChangeNumbers } from '../../db/changes.ts'
import type { Tx } from '../../db/open.ts'

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
  /** Under which changes of companies are counted; settled behind the last of them. */
  numbers: ChangeNumbers
}

/** How long a stream may be quiet before anything was learned of it: in office hours, around them, and ever. */
export interface Rhythm {
  workingMs: number
  edgeMs: number
  capMs: number
}

/** Events that nobody will ever send again: a span of timepoints, or what a line told that could not be read. */
export type Loss =
  /**
   * `until` is when the event behind it was published, as it came; left out where nobody knows. `isNoted`: it stands among
   * the gaps of the stream.
   */
  | { kind: 'span'; until?: string | null; isNoted: boolean }
  /** The stream counts anew, so that what it had before may be lost. */
  | { kind: 'renumbered' }
  /** Where it stands at a timepoint, an event was in it. */
  | { kind: 'line'; line: string; timepoint: number | null }

export interface StreamKind<Event extends EventHead> extends EventReader<Event> {
  /** What it is asked for by, and the key of its cursor, gaps and rejects. */
  readonly name: string
  /** Writes what the event says and counts it in `changes`. Belongs in the transaction that also moves the cursor. */
  apply(tx: Tx, event: Event, origin: EventOrigin, changes: RowChanges): void
  /** A rejected line as it may be kept, where it may tell of people who must be left alone; as it came unless given. */
  kept?(tx: Tx, line: string): string
  /** Takes note of what is in doubt now. Belongs in the transaction that notes the loss. */
  lost?(tx: Tx, loss: Loss): void
  /** Receives the events of a batch once its transaction is through. */
  applied?(events: Event[]): void
  /** That of a register in office hours unless given. */
  readonly rhythm?: Rhythm
  /** How many days back the search for a lost span reaches when nobody knows where it began. */
  readonly reachDays: number
  /** What becomes of an expired span, for the log; `searching the missing days` unless given. */
  readonly recovery?: string
  /** Brings in what the expired spans have lost; without it they stay unrepaired. */
  repair?: ((signal: AbortSignal) => Promise<unknown>) | undefined
}
