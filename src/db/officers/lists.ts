// What a stored officer list is worth beside the officers stream: whether it is in doubt, and whether a fetch of it has
// been overtaken. Every function belongs in the transaction of what it is about.
import { BOUND_TEXT } from '../bound.ts'
import { type Db, prepared } from '../open.ts'

const TOUCHED = 'SELECT touched FROM officer_lists WHERE company_number = ?'

/** A count that differs once an event or a doubt has come that a fetch begun before may not know of. */
export function readTouched(db: Db, companyNumber: string): number {
  return Number(prepared(db, TOUCHED).pluck().get(companyNumber) ?? 0)
}

const TOUCH = `
  INSERT INTO officer_lists (company_number, touched) VALUES (?, 1)
  ON CONFLICT DO UPDATE SET touched = touched + 1`

/** Has fetches of the list that are under way begin again. */
export function touchList(db: Db, companyNumber: string): void {
  prepared(db, TOUCH).run(companyNumber)
}

const DATE = `
  INSERT INTO officer_lists (company_number, as_of) VALUES (?, ?)
  ON CONFLICT DO UPDATE SET as_of = excluded.as_of`

/** Notes when a list was told, by the clock of Companies House (ISO 8601); null where nobody knows. */
export function dateList(db: Db, companyNumber: string, asOf: string | null): void {
  prepared(db, DATE).run(companyNumber, asOf)
}

/** A stored company's list, as far as events of the stream need to know it. */
export interface StoredList {
  state: 'pending' | 'complete' | 'none' | 'failed' | 'stale'
  count: number
  /** When it was told, by the clock of Companies House, ISO 8601. */
  asOf: string | null
}

const LIST = `
  SELECT officers_state AS state, officers_count AS count, as_of AS asOf
  FROM companies LEFT JOIN officer_lists USING (company_number)
  WHERE company_number = ${BOUND_TEXT}`

/** Null for a company that is not stored. */
export function findList(db: Db, companyNumber: string): StoredList | null {
  return (prepared(db, LIST).get(companyNumber) as StoredList | undefined) ?? null
}

const DOUBT = `UPDATE companies SET officers_state = 'stale' WHERE company_number = ? AND officers_state = 'complete'`

/** Puts the list of a stored company in doubt; what is pending stays so, but is fetched again if it is just being fetched. */
export function doubtList(db: Db, companyNumber: string): void {
  if (findList(db, companyNumber) === null) return
  touchList(db, companyNumber)
  prepared(db, DOUBT).run(companyNumber)
}

const IN_FLIGHT = `
  INSERT INTO officer_lists (company_number)
  SELECT company_number FROM officer_fetches WHERE claimed_by IS NOT NULL
  UNION SELECT company_number FROM jobs WHERE claimed_by IS NOT NULL AND stage = 'officers'
  ON CONFLICT DO NOTHING`
const TOUCH_ALL = 'UPDATE officer_lists SET touched = touched + 1'
const DOUBT_ALL = `
  UPDATE companies SET officers_state = 'stale' WHERE officers_state = 'complete' AND deleted_at IS NULL
  AND coalesce((SELECT as_of FROM officer_lists WHERE officer_lists.company_number = companies.company_number), '') < ?`
/** Behind every time. */
const ALWAYS = '~'

/**
 * Puts every complete list in doubt, or only those that were told before a moment (ISO 8601, by the clock of Companies
 * House), and has lists fetched again that are just being fetched. Returns how many it doubts.
 */
export function doubtAllLists(db: Db, toldBefore: string | null = null): number {
  prepared(db, IN_FLIGHT).run()
  prepared(db, TOUCH_ALL).run()
  return prepared(db, DOUBT_ALL).run(toldBefore ?? ALWAYS).changes
}

const RENUMBERED = 'UPDATE officers SET stream_timepoint = NULL WHERE stream_timepoint IS NOT NULL'

/** Forgets by which event each row was written: after a renumbering their timepoints order nothing any more. */
export function forgetTimepoints(db: Db): void {
  prepared(db, RENUMBERED).run()
}

const EMPTY_AGAIN = `UPDATE companies SET officers_state = 'stale' WHERE company_number = ? AND officers_state = 'none'`
const FETCH_NOW = `
  UPDATE officer_fetches SET retry_at = NULL, attempts = max(0, attempts - 1)
  WHERE company_number = ? AND claimed_by IS NULL AND retry_at > ?`
const JOB_NOW = `
  UPDATE jobs SET due_at = ?, attempts = max(0, attempts - 1)
  WHERE company_number = ? AND stage = 'officers' AND state = 'due' AND claimed_by IS NULL AND due_at > ?`

/**
 * An event tells of an officer of a company without a list: its fetch is due now (ms), whatever timer it waits for. The
 * look is free: it uses up none of the waits.
 */
export function awaitOfficers(db: Db, companyNumber: string, now: number): void {
  touchList(db, companyNumber)
  prepared(db, EMPTY_AGAIN).run(companyNumber)
  prepared(db, FETCH_NOW).run(companyNumber, now)
  prepared(db, JOB_NOW).run(now, companyNumber, now)
}
