// Single appointments of stored lists, as events of the officers stream change them. Every function belongs in the
// transaction that also moves the cursor.
import { getTableColumns } from 'drizzle-orm'
import { noteErased, noteOfficers } from '../changes.ts'
import { type Db, prepared } from '../open.ts'
import { officers } from '../schema.ts'
import { forgetWithheld, withholdOfficer } from '../suppress/withheld.ts'
import type { OfficerRow } from './officers.ts'

const COLUMNS = Object.keys(getTableColumns(officers)) as (keyof OfficerRow)[]
const PUT = `
  INSERT INTO officers (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})
  ON CONFLICT DO UPDATE SET ${COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ')}`
const ONE = 'SELECT * FROM officers WHERE company_number = ? AND appointment_id = ?'
const TAKE = 'DELETE FROM officers WHERE company_number = ? AND appointment_id = ?'

/** The stored row of an appointment; null when there is none. */
export function findAppointment(db: Db, companyNumber: string, appointmentId: string): OfficerRow | null {
  return (prepared(db, ONE).get(companyNumber, appointmentId) as OfficerRow | undefined) ?? null
}

const FOREIGN = `
  SELECT 1 FROM officers WHERE company_number = ?
  AND (appointment_id LIKE 'derived-%' OR source NOT IN ('rest', 'stream')) LIMIT 1`

/** Whether rows of the list may stand for an appointment under another id than the register's. */
export function hasForeignIds(db: Db, companyNumber: string): boolean {
  return prepared(db, FOREIGN).get(companyNumber) !== undefined
}

/** When, and in which run. */
export interface AppointmentOrigin {
  /** ISO 8601. */
  fetchedAt: string
  runId: number
}

/**
 * Puts an appointment into its company's list, or in the place of what is stored of it. Where a rule withholds it, it is
 * remembered as withheld, and what was stored of it is taken away; false then.
 */
export function putAppointment(db: Db, row: OfficerRow, { fetchedAt, runId }: AppointmentOrigin): boolean {
  const { company_number, appointment_id } = row
  if (withholdOfficer(db, row, fetchedAt)) {
    const gone = prepared(db, TAKE).run(company_number, appointment_id).changes > 0
    if (gone) noteErased(db, 'officer', [company_number], fetchedAt)
    return false
  }
  prepared(db, PUT).run(COLUMNS.map((column) => row[column] ?? null))
  noteOfficers(db, company_number, { before: [], after: new Set([appointment_id]) }, { deletedAt: fetchedAt, runId })
  return true
}

/** Takes an appointment out of its company's list; says whether it was in it, or withheld from it. */
export function takeAppointment(
  db: Db,
  companyNumber: string,
  appointmentId: string,
  { fetchedAt, runId }: AppointmentOrigin,
): boolean {
  const appointment = { company_number: companyNumber, appointment_id: appointmentId }
  if (forgetWithheld(db, appointment)) return true
  if (prepared(db, TAKE).run(companyNumber, appointmentId).changes === 0) return false
  noteOfficers(db, companyNumber, { before: [appointmentId], after: new Set() }, { deletedAt: fetchedAt, runId })
  return true
}

const COUNT = `
  UPDATE companies SET officers_count = listed.n,
    officers_fetched_at = CASE officers_state
      WHEN 'complete' THEN max(coalesce(officers_fetched_at, $at), $at) ELSE officers_fetched_at END,
    officers_state = CASE WHEN officers_state = 'complete' AND listed.n = 0 AND NOT EXISTS (
      SELECT 1 FROM withheld_officers WHERE withheld_officers.company_number = companies.company_number
    ) THEN 'none' ELSE officers_state END
  FROM (SELECT count(*) AS n FROM officers WHERE company_number = $number) AS listed WHERE company_number = $number`

/**
 * Counts a list anew after an event of the time `at` (ISO 8601), which says how far a complete list is true; one without
 * anybody left is none.
 */
export function countList(db: Db, companyNumber: string, at: string): void {
  prepared(db, COUNT).run({ at, number: companyNumber })
}
