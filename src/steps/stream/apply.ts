// Applies a batch of the stream in ONE transaction: companies, the jobs that their events cause, rejects, gaps and the
// cursor, so that the cursor never outruns the data.
import { type Clock, londonTime } from '../../clock.ts'
import type { ChangedEvent, CompanyEvent, RejectedLine } from '../../companies-house/stream/event.ts'
import {
  type CompanyDetails,
  type DetailsOrigin,
  findKnownCompany,
  insertCompany,
  markDeleted,
  updateCompany,
} from '../../db/companies/companies.ts'
import { type Db, type Tx, write } from '../../db/open.ts'
import { storageError } from '../../db/storage-error.ts'
import { type AppliedEvent, advanceCursor, requireClaim, saveApplied } from '../../db/stream/cursor.ts'
import { closeExpired, saveJump, saveReject } from '../../db/stream/gaps.ts'
import type { Log } from '../../log.ts'
import { causeOf, NEW, type StreamRules } from './rules.ts'

export interface Match {
  company: CompanyDetails
  /** `new`, or the trigger that fired. */
  cause: string
  /** What is to be done first: an event carries the profile, a search result does not. */
  stage: 'domain' | 'details'
}

/** Called inside the transaction for a company that is worth a job; returns whether one was queued. */
export type OnMatch = (tx: Tx, match: Match) => boolean

export interface ApplyStep {
  db: Db
  clock: Clock
  stream: { readonly name: string }
  runId: number
}

export interface ApplyOptions {
  rules: StreamRules
  /** Stores every company of a changed event, not only known and newly formed ones. */
  all: boolean
  onMatch: OnMatch
  /** Hears of what was applied, after its transaction. */
  onApplied?: ((entries: Entry[]) => void) | undefined
}

export interface StreamPosition {
  /** The last timepoint applied; null before the first event of a stream followed live. */
  timepoint: number | null
  /** `published_at` of the last event applied, as it came. */
  publishedAt: string | null
}

export type Entry =
  | (CompanyEvent & { print: number })
  /** `after` is the last timepoint before the line. */
  | (RejectedLine & { after: number | null })
  | { kind: 'jump'; from: number; to: number }
  /** The event at `to` came behind the one at `from`, which it does not follow. */
  | { kind: 'misplaced'; from: number; to: number }
  /** The first event since the stream's last position was lost, or of a run. */
  | { kind: 'first'; timepoint: number }

export interface Changes {
  /** Events applied, those that changed nothing among them. */
  events: number
  inserted: number
  updated: number
  deleted: number
  queued: number
  rejects: number
  gaps: number
  /** Events whose timepoints were out of place. */
  misplaced: number
}

export function noChanges(): Changes {
  return { events: 0, inserted: 0, updated: 0, deleted: 0, queued: 0, rejects: 0, gaps: 0, misplaced: 0 }
}

/**
 * Writes all of it, with the stream standing at `position` afterwards, or nothing. Throws a `data` error when the run
 * has lost its claim or the database cannot be written.
 */
export function applyEntries(
  step: ApplyStep,
  options: ApplyOptions,
  entries: Entry[],
  position: StreamPosition,
  now: number,
): Changes {
  const { db, stream, runId } = step
  const noted = { stream: stream.name, now, runId }
  const origin = { source: 'stream', fetchedAt: new Date(now).toISOString(), runId }
  const changes = noChanges()
  const apply = (tx: Tx, entry: Entry) => {
    switch (entry.kind) {
      case 'changed':
        changes.events += 1
        return applyChange(db, tx, options, entry, origin, changes)
      case 'deleted':
        changes.events += 1
        if (markDeleted(db, entry.companyNumber, origin)) changes.deleted += 1
        return
      case 'first':
        return closeExpired(tx, stream.name, entry.timepoint)
      case 'jump':
        changes.gaps += 1
        return saveJump(tx, noted, entry)
      case 'misplaced':
        changes.misplaced += 1
        return saveJump(tx, noted, entry)
      case 'rejected':
        changes.rejects += 1
        return saveReject(tx, { ...entry, stream: stream.name, receivedAt: now, runId })
    }
  }
  try {
    write(db, (tx) => {
      requireClaim(tx, stream.name, runId)
      for (const entry of entries) apply(tx, entry)
      saveApplied(db, stream.name, appliedIn(entries))
      advanceCursor(tx, stream.name, { ...position, events: changes.events, now })
    })
  } catch (error) {
    throw storageError(error, db.$client.name)
  }
  return changes
}

function appliedIn(entries: Entry[]): AppliedEvent[] {
  return entries.flatMap((entry) =>
    entry.kind === 'changed' || entry.kind === 'deleted' ? { timepoint: entry.timepoint, print: entry.print } : [],
  )
}

function applyChange(
  db: Db,
  tx: Tx,
  { rules, all, onMatch }: ApplyOptions,
  event: ChangedEvent,
  origin: DetailsOrigin,
  changes: Changes,
): void {
  const { company } = event
  const known = findKnownCompany(db, company.company_number)
  const cause = causeOf(rules, known, company, eventDay(event, origin.fetchedAt))
  if (known) {
    updateCompany(db, company, origin)
    changes.updated += 1
  } else if (cause !== null || all) {
    insertCompany(db, company, origin)
    changes.inserted += 1
  }
  if (cause !== null && onMatch(tx, { company, cause, stage: 'domain' })) changes.queued += 1
}

/** The day on which the event was published, as it came; the day of its arrival where it does not tell. */
function eventDay({ publishedAt }: ChangedEvent, arrivedAt: string): string {
  return /^\d{4}-\d{2}-\d{2}/.exec(publishedAt ?? '')?.[0] ?? londonTime(Date.parse(arrivedAt)).day
}

// What of the stream is worth a line in the log: companies to enrich, lost timepoints, lines that could not be applied.

/** A stream gone mad shall not fill the disk with its log: so many troubles of a batch are told one by one. */
const MAX_TROUBLES = 10
const MAX_NAME = 60

export interface StreamNews {
  /** An event brought a company to enrich; it is told once its transaction is through. */
  matched(match: Match): void
  applied(entries: Entry[]): void
}

/** Tells the log of what was applied, a line for each thing worth knowing; nothing for ordinary changes. */
export function tellStreamNews(log: Log, stream: string): StreamNews {
  const matches = new Map<string, Match>()
  return {
    matched(match) {
      matches.set(match.company.company_number, match)
    },
    applied(entries) {
      for (const entry of entries) {
        if (entry.kind !== 'changed') continue
        const match = matches.get(entry.company.company_number)
        if (!match) continue
        matches.delete(entry.company.company_number)
        tellMatch(log, match, entry.timepoint)
      }
      matches.clear()
      tellTroubles(log, stream, entries)
    },
  }
}

/** A line about a company that is to be enriched; `timepoint` is null where no event told of it. */
export function tellMatch(log: Log, { company, cause }: Match, timepoint: number | null): void {
  log.info(cause === NEW ? 'new company' : 'company to enrich', {
    company: company.company_number,
    timepoint,
    ...(cause === NEW ? {} : { cause }),
    name: (company.company_name ?? '').slice(0, MAX_NAME),
  })
}

function tellTroubles(log: Log, stream: string, entries: Entry[]): void {
  const troubles = entries.filter(({ kind }) => kind === 'jump' || kind === 'misplaced' || kind === 'rejected')
  for (const trouble of troubles.slice(0, MAX_TROUBLES)) {
    if (trouble.kind === 'jump') {
      log.warn('timepoints were skipped', { stream, from: trouble.from, to: trouble.to })
    } else if (trouble.kind === 'misplaced') {
      const { from: after, to: timepoint } = trouble
      log.warn('a timepoint does not follow the one before it, the event is applied all the same', {
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
