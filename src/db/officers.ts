import { eq, getTableColumns } from 'drizzle-orm'
import { noteOfficers } from './deletions.ts'
import type { Db } from './open.ts'
import { companies, officers } from './schema.ts'
import { prepared } from './statements.ts'

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
 * transaction that ends the fetch.
 */
export function saveOfficers(
  db: Db,
  companyNumber: string,
  rows: OfficerRow[],
  { state, fetchedAt, runId }: OfficerListMeta,
): void {
  const before = prepared(db, EMPTY).pluck().all(companyNumber) as string[]
  const insert = prepared(db, INSERT)
  for (const row of rows) insert.run(COLUMNS.map((column) => row[column] ?? null))
  const after = new Set(rows.map(({ appointment_id }) => appointment_id))
  noteOfficers(db, companyNumber, { before, after }, { deletedAt: fetchedAt, runId })
  db.update(companies)
    .set({ officers_state: state, officers_count: rows.length, officers_fetched_at: fetchedAt })
    .where(eq(companies.company_number, companyNumber))
    .run()
}
