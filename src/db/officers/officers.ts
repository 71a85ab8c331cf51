import { eq, getTableColumns } from 'drizzle-orm'
import { noteErased, noteOfficers } from '../changes.ts'
import { type Db, prepared } from '../open.ts'
import { companies, officers } from '../schema.ts'
import { withholdOfficers } from '../suppress/withheld.ts'
import { joinAppointments } from './join.ts'
import { dateList } from './lists.ts'

export type OfficerRow = typeof officers.$inferInsert

export interface OfficerListMeta {
  state: 'complete' | 'none'
  fetchedAt: string
  /** When it was told, by the clock of Companies House (ISO 8601); left out where nobody knows. */
  asOf?: string | null
  runId: number
}

export const OFFICER_COLUMNS = Object.keys(getTableColumns(officers)) as (keyof OfficerRow)[]
export const INSERT_OFFICER = `INSERT INTO officers (${OFFICER_COLUMNS.join(', ')}) VALUES (${OFFICER_COLUMNS.map(() => '?').join(', ')})`
const EMPTY = 'DELETE FROM officers WHERE company_number = ? RETURNING appointment_id'

/** Ids of appointments that came by file begin so: the register's have no such form. */
export const FILED_ID = 'bulk-'

const FILED = `SELECT * FROM officers WHERE company_number = ? AND appointment_id GLOB '${FILED_ID}*'`

/**
 * Replaces a company's whole list, notes who vanished with it, and sets the company's state and count; belongs in the
 * transaction that ends the fetch. Returns the officers who were left out because a rule says so.
 */
export function saveOfficers(
  db: Db,
  companyNumber: string,
  rows: OfficerRow[],
  { state, fetchedAt, asOf = null, runId }: OfficerListMeta,
): OfficerRow[] {
  const { kept, withheld } = withholdOfficers(db, companyNumber, rows, fetchedAt)
  const filed = prepared(db, FILED).all(companyNumber) as OfficerRow[]
  const before = prepared(db, EMPTY).pluck().all(companyNumber) as string[]
  const insert = prepared(db, INSERT_OFFICER)
  for (const row of kept) insert.run(OFFICER_COLUMNS.map((column) => row[column] ?? null))
  const after = new Set(rows.map(({ appointment_id }) => appointment_id))
  noteOfficers(db, companyNumber, { before, after }, { deletedAt: fetchedAt, runId })
  if (filed.length > 0) moveAddresses(db, companyNumber, joinAppointments(filed, kept))
  const stored = new Set(before)
  if (withheld.some(({ row }) => stored.has(row.appointment_id))) noteErased(db, 'officer', [companyNumber], fetchedAt)
  db.update(companies)
    .set({ officers_state: state, officers_count: kept.length, officers_fetched_at: fetchedAt })
    .where(eq(companies.company_number, companyNumber))
    .run()
  dateList(db, companyNumber, asOf)
  return withheld.map(({ row }) => row)
}

const MOVE = `INSERT OR IGNORE INTO emails (company_number, appointment_id, email, status, status_reason, provider, found_at, run_id)
  SELECT company_number, ?, email, status, status_reason, provider, found_at, run_id FROM emails
  WHERE company_number = ? AND appointment_id = ?`
const LEAVE = 'DELETE FROM emails WHERE company_number = ? AND appointment_id = ?'

/** Lets addresses follow appointments that have got the register's ids. */
function moveAddresses(db: Db, companyNumber: string, joined: Map<OfficerRow, OfficerRow>): void {
  for (const [row, { appointment_id: before }] of joined) {
    prepared(db, MOVE).run(row.appointment_id, companyNumber, before)
    prepared(db, LEAVE).run(companyNumber, before)
  }
}

// What an audit compares with the register's own word.

/** A stored company with its day of formation and what filters ask about. */
export type DatedCompany = Pick<
  typeof companies.$inferSelect,
  'company_number' | 'company_name' | 'date_of_creation' | 'type' | 'sic_codes' | 'postal_code' | 'deleted_at'
>

/** The numbers of the companies formed from one day to the other (`YYYY-MM-DD`, both included), by their days. */
export function listFormed(db: Db, from: string, to: string): Map<string, string[]> {
  const sql = 'SELECT company_number, date_of_creation FROM companies WHERE date_of_creation BETWEEN ? AND ?'
  const byDay = new Map<string, string[]>()
  for (const row of prepared(db, sql).iterate(from, to)) {
    const { company_number, date_of_creation } = row as { company_number: string; date_of_creation: string }
    const numbers = byDay.get(date_of_creation)
    if (numbers) numbers.push(company_number)
    else byDay.set(date_of_creation, [company_number])
  }
  return byDay
}

/** The company as it is stored now, deleted ones included; undefined when it is not. */
export function findDated(db: Db, companyNumber: string): DatedCompany | undefined {
  const sql = `SELECT company_number, company_name, date_of_creation, type, sic_codes, postal_code, deleted_at
    FROM companies WHERE company_number = ?`
  return prepared(db, sql).get(companyNumber) as DatedCompany | undefined
}

/** The numbers of all companies with a complete officer list, deleted ones left out, in the order of their numbers. */
export function* listComplete(db: Db): Generator<string> {
  const sql = `SELECT company_number FROM companies WHERE officers_state = 'complete' AND deleted_at IS NULL
    ORDER BY company_number`
  for (const row of prepared(db, sql).iterate()) yield (row as { company_number: string }).company_number
}

/** When a company's list was fetched (ISO 8601); null when it has no complete one. */
export function findListTime(db: Db, companyNumber: string): string | null {
  const sql = `SELECT officers_fetched_at AS at FROM companies WHERE company_number = ? AND officers_state = 'complete'`
  return (prepared(db, sql).get(companyNumber) as { at: string } | undefined)?.at ?? null
}

/** A company's stored officers. */
export function listOfficers(db: Db, companyNumber: string): OfficerRow[] {
  return prepared(db, 'SELECT * FROM officers WHERE company_number = ?').all(companyNumber) as OfficerRow[]
}
