// Applies a batch of a stream in ONE transaction: the rows that its events are about, rejects, gaps and the cursor, so that
// the cursor never outruns the data.
import type { Clock } from '../../clock.ts'
import type { EventHead, RejectedLine } from '../../companies-house/stream/event.ts'
import { changeNumbers } from '../../db/changes.ts'
import { type Db, type Tx, write } from '../../db/open.ts'
import { storageError } from '../../db/storage-error.ts'
import { advanceCursor, requireClaim, saveApplied } from '../../db/stream/cursor.ts'
import { closeExpired, saveJump, saveReject } from '../../db/stream/gaps.ts'
import type { Log } from '../../log.ts'
import type { EventOrigin, RowChanges, StreamKind } from './kind.ts'

export interface ApplyStep<Event extends EventHead> {
  db: Db
  clock: Clock
  kind: StreamKind<Event>
  runId: number
}

export interface StreamPosition {
  /** The last timepoint applied; null before the first event of a stream followed live. */
  timepoint: number | null
  /** `published_at` of the last event applied, as it came. */
  publishedAt: string | null
}

export type BatchEntry<Event> =
  | { kind: 'event'; event: Event; print: number }
  /** `after` is the last timepoint before the line. */
  | (RejectedLine & { after: number | null })
  | { kind: 'jump'; from: number; to: number }
  /** The event at `to` came behind the one at `from`, which it does not follow. */
  | { kind: 'misplaced'; from: number; to: number }
  /** The first event since the stream's last position was lost, or of a run. */
  | { kind: 'first'; timepoint: number }

export interface BatchChanges extends RowChanges {
  /** Events applied, those that changed nothing among them. */
  events: number
  rejects: number
  gaps: number
  /** Events whose timepoints were out of place. */
  misplaced: number
}

export function noChanges(): BatchChanges {
  return { events: 0, inserted: 0, updated: 0, deleted: 0, queued: 0, rejects: 0, gaps: 0, misplaced: 0 }
}

/**
 * Writes all of it, with the stream standing at `position` afterwards, or nothing. Throws a `data` error when the run
 * has lost its claim or the database cannot be written.
 */
export function applyEntries<Event extends EventHead>(
  step: ApplyStep<Event>,
  entries: BatchEntry<Event>[],
  position: StreamPosition,
  now: number,
): BatchChanges {
  const { db, kind, runId } = step
  const noted = { stream: kind.name, now, runId }
  const numbers = changeNumbers(db)
  const origin: EventOrigin = { source: 'stream', fetchedAt: new Date(now).toISOString(), runId, numbers }
  const changes = noChanges()
  const apply = (tx: Tx, entry: BatchEntry<Event>, at: number) => {
    switch (entry.kind) {
      case 'event':
        changes.events += 1
        return kind.apply(tx, entry.event, origin, changes)
      case 'first':
        return closeExpired(tx, kind.name, entry.timepoint)
      case 'jump':
        changes.gaps += 1
        kind.lost?.(tx, { kind: 'span', until: publishedBehind(entries, at), isNoted: true })
        return saveJump(tx, noted, entry)
      case 'misplaced':
        changes.misplaced += 1
        // A number too high to be believed is alone with it; one that is too low begins a new count.
        if (entry.to <= entry.from) kind.lost?.(tx, { kind: 'renumbered' })
        return saveJump(tx, noted, entry)
      case 'rejected':
        changes.rejects += 1
        kind.lost?.(tx, { kind: 'line', line: entry.line, timepoint: entry.timepoint })
        return saveReject(tx, { ...entry, ...kept(tx, entry.line), stream: kind.name, receivedAt: now, runId })
    }
  }
  const kept = (tx: Tx, line: string) => (kind.kept ? { line: kind.kept(tx, line) } : {})
  const applied = entries.filter((entry) => entry.kind === 'event')
  try {
    write(db, (tx) => {
      requireClaim(tx, kind.name, runId)
      entries.forEach((entry, at) => void apply(tx, entry, at))
      numbers.settle()
      saveApplied(
        db,
        kind.name,
        applied.map(({ event, print }) => ({ timepoint: event.timepoint, print })),
      )
      advanceCursor(tx, kind.name, { ...position, events: changes.events, now })
    })
  } catch (error) {
    throw storageError(error, db.$client.name)
  }
  kind.applied?.(applied.map(({ event }) => event))
  return changes
}

/** When the event right behind an entry was published; null where none is. */
function publishedBehind<Event extends EventHead>(entries: BatchEntry<Event>[], at: number): string | null {
  const next = entries[at + 1]
  return next?.kind === 'event' ? next.event.publishedAt : null
}

/** Bounds what a faulty stream can write to the log: so many troubles of a batch are logged one by one. */
const MAX_TROUBLES = 10

/** Tells the log of lost timepoints and of lines that could not be applied. */
export function tellTroubles(log: Log, stream: string, entries: BatchEntry<unknown>[]): void {
  const troubles = entries.filter(({ kind }) => kind === 'jump' || kind === 'misplaced' || kind === 'rejected')
  for (const trouble of troubles.slice(0, MAX_TROUBLES)) {
    if (trouble.kind === 'jump') {
      log.warn('timepoints were skipped', { stream, from: trouble.from, to: trouble.to })
    } else if (trouble.kind === 'misplaced') {
      const { from: after, to: timepoint } = trouble
      log.warn('a timepoint does not follow the previous one; the event is applied anyway', {
        stream,
        after,
        timepoint,
      })
    } else if (trouble.kind === 'rejected') {
      const { timepoint, after, reason, line } = trouble
      log.warn('line rejected and kept', { stream, timepoint, after, reason, characters: line.length })
    }
  }
  const more = troubles.length - MAX_TROUBLES
  if (more > 0) log.warn('more lines were rejected or timepoints skipped', { stream, more })
}
