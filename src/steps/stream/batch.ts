// Events on their way into the database: gathered for a moment, then applied together. Safe to be cut off anywhere: what
// was not applied comes again, since the stream is resumed behind the cursor.
import { type CompanyEvent, type RejectedLine, readLine } from '../../companies-house/stream/event.ts'
import type { Line } from '../../companies-house/stream/lines.ts'
import { whenFree } from '../../db/lock-wait.ts'
import { APPLIED_KEPT, readApplied } from '../../db/stream/cursor.ts'
import { isRejectKept, readRejectsAfter } from '../../db/stream/gaps.ts'
import {
  type ApplyOptions,
  type ApplyStep,
  applyEntries,
  type Changes,
  type Entry,
  noChanges,
  type StreamPosition,
} from './apply.ts'
import { isFar, nextExpected, placeOf, printOf, rememberApplied } from './place.ts'

/** A batch is applied when it holds so many lines or bytes, or this long after its first line. */
const BATCH_LINES = 500
const BATCH_BYTES = 4 * 1024 * 1024
const BATCH_MS = 100

export interface BatchOptions extends ApplyOptions {
  maxEvents: number
  /** Skipped timepoints are asked for again, though not sooner than this after the last time. */
  askAgainMs: number
  /** Where the stream stood before the run: it counts when the run was to begin at a place that the stream has not reached. */
  stored: StreamPosition
  /** Once it aborts, nothing is applied but by `flush`. */
  signal: AbortSignal
  /** Hears of a batch that could not be applied when nobody was waiting for it. */
  onError(error: unknown): void
}

export interface StreamCounts extends Changes {
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
  add(line: Exclude<Line, { kind: 'heartbeat' }>): void
  /** Applies what was gathered and returns where the stream stands then. */
  flush(): StreamPosition
  /** Goes on from elsewhere; nothing may be gathered. */
  restart(position: StreamPosition): void
}

/** Opens the batches of one run, which begin behind `start`. The run must hold the claim on the stream. */
export function openStreamBatch(step: ApplyStep, options: BatchOptions, start: StreamPosition): StreamBatch {
  const { db, clock, stream } = step
  const counts: StreamCounts = { ...noChanges(), repeated: 0 }
  let at = start
  let committed = start
  let entries: Entry[] = []
  let bytes = 0
  let taken = 0
  let number = 0
  let lastEventAt: number | null = null
  let keptBefore: string[] = []
  let asksAgain = false
  let asked = { from: -1, at: Number.NEGATIVE_INFINITY }
  const applied = rememberApplied(readApplied(db, stream.name), APPLIED_KEPT)
  /** The last timepoint that was too far ahead to be believed. */
  let ahead: number | null = null

  const push = (entry: Entry) => {
    entries.push(entry)
    if (entries.length === 1) void flushLater(number)
  }

  const flushLater = async (batch: number) => {
    await clock.sleep(BATCH_MS, options.signal).catch(() => {})
    if (options.signal.aborted || batch !== number || entries.length === 0) return
    try {
      await whenFree(db, () => (batch === number ? flush() : committed))
    } catch (error) {
      if (!options.signal.aborted) options.onError(error)
    }
  }

  const flush = (): StreamPosition => {
    if (entries.length === 0) return committed
    const now = clock.now()
    const changes = applyEntries(step, options, entries, at, now)
    for (const [name, count] of Object.entries(changes)) counts[name as keyof StreamCounts] += count
    if (changes.events > 0) lastEventAt = now
    const applied = entries
    committed = at
    entries = []
    bytes = 0
    number += 1
    options.onApplied?.(applied)
    return committed
  }

  const takeReject = (line: RejectedLine) => {
    const { timepoint: told, enveloped } = line
    const isNext = at.timepoint !== null && told === at.timepoint + 1
    // The timepoint of a broken line may be wrong: it counts only where it comes in its turn.
    if (told === null || at.timepoint === null) return takeUnplaced(line)
    const isPast = told <= at.timepoint
    if (isPast && isKept(told, line.line)) {
      counts.repeated += 1
      return
    }
    if (!(enveloped || isNext)) return takeUnplaced(line)
    if (isPast) return push({ ...line, after: at.timepoint })
    if (isFar(told, at.timepoint)) return takeUnplaced(line)
    if (!isNext && askAgain(at.timepoint + 1)) return
    advance(told, at.publishedAt)
    push({ ...line, after: at.timepoint })
  }

  const takeUnplaced = (line: RejectedLine) => {
    const place = keptBefore.indexOf(line.line)
    if (place === -1) push({ ...line, timepoint: null, after: at.timepoint })
    else {
      keptBefore.splice(place, 1)
      counts.repeated += 1
    }
  }

  const isKept = (timepoint: number, line: string): boolean => {
    const gathered = entries.some((one) => one.kind === 'rejected' && one.timepoint === timepoint && one.line === line)
    return gathered || isRejectKept(db, stream.name, timepoint, line)
  }

  /** Between its replay and going live the service loses events that it still has (facts 3.6). */
  const askAgain = (from: number): boolean => {
    const now = clock.steady()
    if (from === asked.from || now - asked.at < options.askAgainMs) return false
    asked = { from, at: now }
    asksAgain = true
    return true
  }

  const takeEvent = (event: CompanyEvent): void => {
    const { timepoint } = event
    const print = printOf(event)
    const place = placeOf(event, print, at, applied)
    if (place === 'repeated') {
      counts.repeated += 1
      return
    }
    const from = at.timepoint ?? timepoint
    const { stored } = options
    if (place === 'lower' && at === start && at !== stored && stored.timepoint !== null) {
      push({ kind: 'misplaced', from, to: timepoint })
      at = stored
      takeEvent(event)
      return
    }
    if ((place === 'skipped' || place === 'far') && askAgain(from + 1)) return
    if (at.timepoint === null || taken === 0) push({ kind: 'first', timepoint })
    // One alone may be wrong; where the next one follows it, the stream has moved there.
    const isAlone = place === 'far' && (ahead === null || timepoint !== ahead + 1)
    if (place === 'lower' || isAlone) push({ kind: 'misplaced', from, to: timepoint })
    if (place === 'skipped') push({ kind: 'jump', from: nextExpected(from, applied), to: timepoint - 1 })
    if (!isAlone) moveTo(timepoint, event.publishedAt)
    ahead = isAlone ? timepoint : null
    applied.add({ timepoint, print })
    push({ ...event, print })
    taken += 1
  }

  const advance = (timepoint: number, publishedAt: string | null) => {
    const expected = at.timepoint === null ? timepoint : at.timepoint + 1
    if (timepoint > expected) push({ kind: 'jump', from: expected, to: timepoint - 1 })
    moveTo(timepoint, publishedAt)
  }

  const moveTo = (timepoint: number, publishedAt: string | null) => {
    at = { timepoint, publishedAt }
    keptBefore = []
  }

  return {
    counts,
    get full() {
      return taken >= options.maxEvents
    },
    get asksAgain() {
      return asksAgain
    },
    get isDue() {
      return entries.length >= BATCH_LINES || bytes >= BATCH_BYTES
    },
    get committed() {
      return committed
    },
    get lastEventAt() {
      return lastEventAt
    },
    opened(timepoint) {
      asksAgain = false
      keptBefore = timepoint === null ? [] : readRejectsAfter(db, stream.name, timepoint - 1)
    },
    add(line) {
      for (const read of readLine(line)) {
        if (taken >= options.maxEvents || asksAgain) break
        if (read.kind === 'rejected') takeReject(read)
        else takeEvent(read)
      }
      bytes += line.bytes
    },
    flush,
    restart(position) {
      at = position
      committed = position
    },
  }
}
