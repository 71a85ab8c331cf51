// Events on their way into the database: gathered for a moment, then applied together. Safe to be cut off anywhere: what
// was not applied comes again, since the stream is resumed behind the cursor.
import { type ReadBlock, readsOf } from '../../companies-house/stream/block.ts'
import type { EventHead } from '../../companies-house/stream/event.ts'
import type { Line } from '../../companies-house/stream/lines.ts'
import { whenFree } from '../../db/lock-wait.ts'
import { APPLIED_KEPT, readApplied } from '../../db/stream/cursor.ts'
import { isRejectKept, readRejectsAfter } from '../../db/stream/gaps.ts'
import { boundYoungSpace } from '../../heap-space.ts'
import type { Log } from '../../log.ts'
import {
  type ApplyStep,
  applyEntries,
  type BatchChanges,
  type BatchEntry,
  noChanges,
  type StreamPosition,
  tellTroubles,
} from './apply.ts'
import { rememberApplied } from './place.ts'
import { createSequence } from './sequence.ts'

/** A batch is applied when it holds so many lines or bytes, or this long after its first line. */
const BATCH_LINES = 1000
const BATCH_BYTES = 4 * 1024 * 1024
const BATCH_MS = 100

/** Enough for the events of a batch. */
const YOUNG_BYTES = 8 * 1024 * 1024

export interface BatchStep<Event extends EventHead> extends ApplyStep<Event> {
  log: Log
}

export interface BatchOptions {
  maxEvents: number
  askAgainMs: number
  /** Where the run begins, and where the stream stood before it. */
  start: StreamPosition
  stored: StreamPosition
  /** Once it aborts, nothing is applied but by `flush`. */
  signal: AbortSignal
  /** Called after every batch that was applied. */
  onApplied?: (() => void) | undefined
  /** Receives the error of a batch that could not be applied when nobody was waiting for it. */
  onError(error: unknown): void
}

export interface StreamCounts extends BatchChanges {
  /** Lines skipped because they were applied, or kept as rejects, before. */
  repeated: number
}

export interface StreamBatch {
  readonly counts: StreamCounts
  /** The run has had all the events that it may have. */
  readonly full: boolean
  /** Timepoints were skipped that the stream may have after all: no line is taken until it is opened again. */
  readonly asksAgain: boolean
  /** So much is gathered that it should be applied before more is taken. */
  readonly isDue: boolean
  /** Where the stream stood after what was applied last. */
  readonly committed: StreamPosition
  /** When the last event was applied; null before the first. */
  readonly lastEventAt: number | null
  /** A connection was opened at this timepoint; null for live. */
  opened(timepoint: number | null): void
  add(item: ReadBlock | Exclude<Line, { kind: 'heartbeat' }>): void
  /** Applies what was gathered and returns where the stream stands then. */
  flush(): StreamPosition
  /** Goes on from elsewhere; nothing may be gathered. */
  restart(position: StreamPosition): void
}

/** Opens the batches of one run. The run must hold the claim on the stream. */
export function openStreamBatch<Event extends EventHead>(step: BatchStep<Event>, options: BatchOptions): StreamBatch {
  const { db, clock, kind } = step
  const applied: BatchChanges = noChanges()
  let committed = options.start
  let lastEventAt: number | null = null
  const gathered = gather<Event>(() => void flushLater(gathered.batch))
  const sequence = createSequence<Event>({
    ...options,
    clock,
    applied: rememberApplied(readApplied(db, kind.name), APPLIED_KEPT),
    isKept: (timepoint, line) => gathered.holds(timepoint, line) || isRejectKept(db, kind.name, timepoint, line),
  })

  const flushLater = async (batch: number) => {
    await clock.sleep(BATCH_MS, options.signal).catch(() => {})
    if (options.signal.aborted || batch !== gathered.batch || gathered.entries.length === 0) return
    try {
      await whenFree(db, () => (batch === gathered.batch ? flush() : committed))
    } catch (error) {
      if (!options.signal.aborted) options.onError(error)
    }
  }

  const flush = (): StreamPosition => {
    const { entries } = gathered
    if (entries.length === 0) return committed
    const now = clock.now()
    const changes = applyEntries(step, entries, sequence.position, now)
    for (const [name, count] of Object.entries(changes)) applied[name as keyof BatchChanges] += count
    if (changes.events > 0) lastEventAt = now
    committed = sequence.position
    gathered.begin()
    tellTroubles(step.log, kind.name, entries)
    boundYoungSpace(YOUNG_BYTES)
    options.onApplied?.()
    return committed
  }

  return {
    get counts() {
      return { ...applied, repeated: sequence.repeatedCount }
    },
    get full() {
      return sequence.eventCount >= options.maxEvents
    },
    get asksAgain() {
      return sequence.asksAgain
    },
    get isDue() {
      return gathered.entries.length >= BATCH_LINES || gathered.bytes >= BATCH_BYTES
    },
    get committed() {
      return committed
    },
    get lastEventAt() {
      return lastEventAt
    },
    opened: (timepoint) => sequence.opened(timepoint === null ? [] : readRejectsAfter(db, kind.name, timepoint - 1)),
    add(item) {
      for (const read of readsOf(item, kind)) {
        if (sequence.eventCount >= options.maxEvents || sequence.asksAgain) break
        for (const entry of sequence.take(read)) gathered.push(entry)
      }
      gathered.bytes += item.bytes
    },
    flush,
    restart(position) {
      sequence.restart(position)
      committed = position
    },
  }
}

/** What waits to be applied; `onFirst` is called when a batch has its first entry. */
function gather<Event>(onFirst: () => void) {
  const gathered = {
    /** Counts the batches. */
    batch: 0,
    entries: [] as BatchEntry<Event>[],
    bytes: 0,
    push(entry: BatchEntry<Event>) {
      gathered.entries.push(entry)
      if (gathered.entries.length === 1) onFirst()
    },
    begin() {
      gathered.batch += 1
      gathered.entries = []
      gathered.bytes = 0
    },
    /** Whether a rejected line is among them. */
    holds: (timepoint: number, line: string) =>
      gathered.entries.some(
        (entry) => entry.kind === 'rejected' && entry.timepoint === timepoint && entry.line === line,
      ),
  }
  return gathered
}
