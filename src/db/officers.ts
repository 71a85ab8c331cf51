import { eq, getTableColumns } from 'drizzle-orm'
import type { Db } from './open.ts'
import { companies, officers } from './schema.ts'
import { prepared } from './statements.ts'

export type OfficerRow = typeof officers.$inferInsert

export interface OfficerListMeta {
  state: 'complete' | 'none'
  fetchedAt: string
}

const COLUMNS = Object.keys(getTableColumns(officers)) as (keyof OfficerRow)[]
const INSERT = `INSERT INTO officers (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`

/** Replaces a company's whole list and sets its state and count; belongs in the transaction that ends the fetch. */
export function saveOfficers(
  db: Db,
  companyNumber: string,
  rows: OfficerRow[],
  { state, fetchedAt }: OfficerListMeta,
): void {
  db.delete(officers).where(eq(officers.company_number, companyNumber)).run()
  const insert = prepared(db, INSERT)
  for (const row of rows) insert.run(COLUMNS.map((column) => row[column] ?? null))
  db.update(companies)
    .set({ officers_state: state, officers_count: rows.length, officers_fetched_at: fetchedAt })
    .where(eq(companies.company_number, companyNumber))
    .run()
}
