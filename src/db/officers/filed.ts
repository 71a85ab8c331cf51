// Officer lists that are brought up to date by a file: what is stored before, and what of it changes. Every function that
// writes belongs in one transaction with the reading before it.
import { BOUND_TEXT } from '../bound.ts'
import { noteErased, noteOfficers } from '../changes.ts'
import { type Db, prepared } from '../open.ts'
import { withholdFiledOfficers } from '../suppress/withheld.ts'
import { endFetch } from './fetches.ts'
import { dateList, touchList } from './lists.ts'
import { FILED_ID, INSERT_OFFICER, OFFICER_COLUMNS, type OfficerRow } from './officers.ts'

/** A company as far as a file of officers is concerned. */
export interface ListedCompany {
  company_number: string
  officers_state: 'pending' | 'complete' | 'none' | 'failed' | 'stale'
  /** What is stored was true then, ISO 8601; null where nothing is. */
  officers_fetched_at: string | null
  company_status: string | null
  sic_codes: string | null
  /** Somebody is fetching its list now. */
  claimed: 0 | 1
}

const COMPANY = `SELECT companies.company_number, officers_state, officers_fetched_at, company_status, sic_codes,
    officer_fetches.claimed_by IS NOT NULL AS claimed
  FROM companies LEFT JOIN officer_fetches USING (company_number)
  WHERE companies.company_number = ${BOUND_TEXT} AND deleted_at IS NULL`

/** The company; undefined when it is not stored, or deleted. */
export function findListedCompany(db: Db, companyNumber: string): ListedCompany | undefined {
  return prepared(db, COMPANY).get(companyNumber) as ListedCompany | undefined
}

export interface FiledList {
  companyNumber: string
  before: OfficerRow[]
  /** The list as it shall be; a row that stays as it is, is the very row of `before`. */
  after: OfficerRow[]
  state: 'complete' | 'none' | 'stale'
  /** When the list as a whole was true, ISO 8601; null leaves that as it is. */
  provenAt: string | null
}

export interface FiledOrigin {
  /** When it is done, ISO 8601. */
  at: string
  runId: number
}

export interface FiledOutcome {
  /** Rows that were put in, changed, and taken away. */
  added: number
  changed: number
  removed: number
}

const REMOVE = 'DELETE FROM officers WHERE company_number = ? AND appointment_id = ?'
const STATE = `UPDATE companies SET officers_state = ?, officers_count = ?,
  officers_fetched_at = coalesce(?, officers_fetched_at) WHERE company_number = ?`

/** Stores what has changed of a list, without those whom a rule withholds, and sets the company's state and count. */
export function saveFiledList(
  db: Db,
  { companyNumber, before, after, state, provenAt }: FiledList,
  { at, runId }: FiledOrigin,
): FiledOutcome {
  const known = new Map(before.map((row) => [row.appointment_id, row]))
  const isNew = ({ appointment_id: id }: OfficerRow) => id.startsWith(FILED_ID) && !known.has(id)
  const { kept, withheld } = withholdFiledOfficers(db, companyNumber, after, isNew)
  const outcome: FiledOutcome = { added: 0, changed: 0, removed: 0 }
  const insert = prepared(db, INSERT_OFFICER)
  const remove = prepared(db, REMOVE)
  const stays = new Set(kept.map(({ appointment_id }) => appointment_id))
  for (const { appointment_id } of before) {
    if (stays.has(appointment_id)) continue
    remove.run(companyNumber, appointment_id)
    outcome.removed += 1
  }
  for (const row of kept) {
    const old = known.get(row.appointment_id)
    if (old === row) continue
    if (old) remove.run(companyNumber, row.appointment_id)
    insert.run(OFFICER_COLUMNS.map((column) => row[column] ?? null))
    outcome[old ? 'changed' : 'added'] += 1
  }
  const ids = new Set(after.map(({ appointment_id }) => appointment_id))
  noteOfficers(db, companyNumber, { before: [...known.keys()], after: ids }, { deletedAt: at, runId })
  if (withheld.some(({ row }) => known.has(row.appointment_id))) noteErased(db, 'officer', [companyNumber], at)
  prepared(db, STATE).run(state, kept.length, provenAt, companyNumber)
  if (state !== 'stale') endFetch(db, companyNumber)
  touchList(db, companyNumber)
  if (provenAt !== null) dateList(db, companyNumber, provenAt)
  return outcome
}

/** Stored rows of a person number (twelve digits), in whatever company. */
export function listAppointmentsOf(db: Db, personNumber: string): OfficerRow[] {
  return prepared(db, 'SELECT * FROM officers WHERE person_number = ?').all(personNumber) as OfficerRow[]
}

/** Whether anybody is stored with this person number (twelve digits). */
export function isPersonStored(db: Db, personNumber: string): boolean {
  return prepared(db, 'SELECT 1 FROM officers WHERE person_number = ? LIMIT 1').get(personNumber) !== undefined
}

/** Whether a rule withholds somebody from the company's list, who is not counted among its rows then. */
export function withholdsAnybody(db: Db, companyNumber: string): boolean {
  return (
    prepared(db, 'SELECT 1 FROM withheld_officers WHERE company_number = ? LIMIT 1').get(companyNumber) !== undefined
  )
}
