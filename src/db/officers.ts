import { eq, getTableColumns } from 'drizzle-orm'
import { noteErased, noteOfficers } from './deletions.ts'
import type { Db } from './open.ts'
import { companies, officers } from './schema.ts'
import { prepared } from './statements.ts'
import { withholdOfficers } from './withheld-officers.ts'

export type OfficerRow = typeof officers.$inferInsert

export interface OfficerListMeta {
  state: 'complete' | 'none'
  fetchedAt: string
  runId: number
}

const COLUMNS = Object.keys(getTableColumns(officers)) as (keyof OfficerRow)[]
const INSERT = `INSERT INTO officers (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`
const EMPTY = 'DELETE FROM officers WHERE company_number = ? RETURNING appointment_id'

/**
 * Replaces a company's whole list, notes who vanished with it, and sets the company's state and count; belongs in the
 * transaction that ends the fetch. Returns the officers who were left out because a rule says so.
 */
export function saveOfficers(
  db: Db,
  companyNumber: string,
  rows: OfficerRow[],
  { state, fetchedAt, runId }: OfficerListMeta,
): OfficerRow[] {
  const { kept, withheld } = withholdOfficers(db, companyNumber, rows, fetchedAt)
  const before = prepared(db, EMPTY).pluck().all(companyNumber) as string[]
  const insert = prepared(db, INSERT)
  for (const row of kept) insert.run(COLUMNS.map((column) => row[column] ?? null))
  const after = new Set(rows.map(({ appointment_id }) => appointment_id))
  noteOfficers(db, companyNumber, { before, after }, { deletedAt: fetchedAt, runId })
  const stored = new Set(before)
  if (withheld.some(({ row }) => stored.has(row.appointment_id))) noteErased(db, 'officer', [companyNumber], fetchedAt)
  db.update(companies)
    .set({ officers_state: state, officers_count: kept.length, officers_fetched_at: fetchedAt })
    .where(eq(companies.company_number, companyNumber))
    .run()
  return withheld.map(({ row }) => row)
}
