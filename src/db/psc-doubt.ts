// Of which companies the stream of persons with significant control has lost something, so that what is stored of them is
// not called complete. A loss that names a company is stored with it, as `stale`. One that may be about any company is a span
// among the stream's gaps: it follows from these when a row is read, since it would change every company at once.
import { countCapped } from './capped-count.ts'
import { dayOfSince, type Since } from './changes.ts'
import { type Db, prepared } from './open.ts'

/** A span without a repair. A timepoint too far ahead to be believed loses nothing; one that is lower begins a new count. */
const IS_LOSS = "stream = 'psc' AND (kind <> 'misplaced' OR to_timepoint <= from_timepoint)"
const LOST = `EXISTS (SELECT 1 FROM stream_gaps WHERE ${IS_LOSS} AND repaired_at IS NULL)`
const READ = "companies.pscs_state IN ('complete', 'none')"

/** SQL over `companies` for what is known of its persons with significant control: `stale` while it is in doubt. */
export const PSCS_STATE = `CASE WHEN ${READ} AND ${LOST} THEN 'stale' ELSE companies.pscs_state END`

/** A span from before changes were counted is compared by its times. */
const SPANS_CHANGED = `
  SELECT 1 FROM stream_gaps WHERE ${IS_LOSS}
    AND (change_number > $number OR (change_number = 0 AND (noted_at >= $since OR repaired_at >= $since))) LIMIT 1`

/**
 * In a WHERE clause over `companies`: its state may be another one than at `since`, as spans were lost or brought in, and no
 * row of it tells so. Null when none were.
 */
export function pscDoubtChanged(db: Db, since: Since): string | null {
  const bounds = { number: since.number, since: Date.parse(dayOfSince(since)) }
  return prepared(db, SPANS_CHANGED).get(bounds) === undefined ? null : READ
}

const DOUBT = `UPDATE companies SET pscs_state = 'stale' WHERE company_number = ? AND ${READ}`

/** Puts what is stored of a company in doubt; returns whether it was not before. Belongs in the transaction of the loss. */
export function doubtPscs(db: Db, companyNumber: string): boolean {
  return prepared(db, DOUBT).run(companyNumber).changes > 0
}

const NOTE = `
  INSERT INTO stream_gaps (stream, kind, from_timepoint, to_timepoint, noted_at, run_id)
  VALUES ('psc', 'jump', $timepoint, $timepoint, $now, $runId)`

/** Notes a loss that may be about any company; `timepoint` is null where nobody knows it, `now` in milliseconds. */
export function savePscLoss(db: Db, loss: { timepoint: number | null; now: number; runId: number }): void {
  prepared(db, NOTE).run(loss)
}

const RENUMBERED = `
  UPDATE persons_with_significant_control SET stream_timepoint = NULL WHERE stream_timepoint IS NOT NULL`

/** Forgets by which event each record was written: after a renumbering their timepoints order nothing any more. */
export function forgetPscTimepoints(db: Db): void {
  prepared(db, RENUMBERED).run()
}

/** How many companies are in doubt, 10,001 for more than 10,000. */
export function countDoubtedPscs(db: Db): number {
  const isAny = prepared(db, `SELECT ${LOST}`).pluck().get() === 1
  return countCapped(db, `companies WHERE ${isAny ? "pscs_state <> 'pending'" : "pscs_state = 'stale'"}`)
}

const REPAIR = `
  UPDATE stream_gaps SET repaired_at = $now WHERE stream = 'psc' AND repaired_at IS NULL AND noted_at < $before`

/** What the stream had lost before a snapshot was written (ISO 8601) is in it. `now` in milliseconds. */
export function saveLossesRepaired(db: Db, generatedAt: string, now: number): void {
  prepared(db, REPAIR).run({ now, before: Date.parse(generatedAt) })
}

const REJECTED = "SELECT line FROM stream_rejects WHERE stream = 'psc' AND received_at >= ?"

/**
 * The companies of which lines told that were rejected after a snapshot was written (ISO 8601): it may lack what they said.
 * Null when it may be any company, since a line was not kept.
 */
export function readDoubtedSince(db: Db, generatedAt: string, named: (line: string) => string[]): string[] | null {
  const doubted = new Set<string>()
  for (const line of prepared(db, REJECTED).pluck().iterate(Date.parse(generatedAt))) {
    if (line === '') return null
    for (const companyNumber of named(String(line))) doubted.add(companyNumber)
  }
  return [...doubted]
}
