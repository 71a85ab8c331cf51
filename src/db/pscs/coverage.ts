// From when on what is stored of persons with significant control is known to be whole.
import { type Db, prepared } from '../open.ts'
import { findNewestSnapshot } from './files.ts'

export interface PscCoverage {
  /** The day of the newest snapshot that was imported whole, as whose beginning it counts; null when there is none. */
  snapshotOn: string | null
  /** When the first event of the stream was applied, ISO 8601; null before it. What it loses later is a doubt of its own. */
  followedSince: string | null
  /** What changed between the two is unknown until a snapshot of a later day is imported; null where nothing is. */
  unseen: { from: string; until: string } | null
}

const FIRST_EVENT = "SELECT first_event_at FROM stream_cursors WHERE stream = 'psc'"

/** What the newest snapshot and the stream know between them. A stream that was never followed leaves nothing out. */
export function readPscCoverage(db: Db): PscCoverage {
  const snapshotOn = findNewestSnapshot(db, { whole: true })
  const begun = prepared(db, FIRST_EVENT).pluck().get() as number | null | undefined
  const followedSince = typeof begun === 'number' ? new Date(begun).toISOString() : null
  const isUnseen = snapshotOn !== null && followedSince !== null && followedSince >= snapshotOn
  return { snapshotOn, followedSince, unseen: isUnseen ? { from: snapshotOn, until: followedSince } : null }
}
