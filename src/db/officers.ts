import { eq } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { companies, officers } from './schema.ts'

export type OfficerRow = typeof officers.$inferInsert

/** SQLite binds at most 32,766 values a statement; a row has about 35. */
const ROWS_PER_INSERT = 500

export interface OfficerListMeta {
  state: 'complete' | 'none'
  fetchedAt: string
}

/** Replaces a company's whole list and sets its state and count; belongs in the transaction that ends the fetch. */
export function saveOfficers(
  tx: Tx,
  companyNumber: string,
  rows: OfficerRow[],
  { state, fetchedAt }: OfficerListMeta,
): void {
  tx.delete(officers).where(eq(officers.company_number, companyNumber)).run()
  for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
    tx.insert(officers)
      .values(rows.slice(start, start + ROWS_PER_INSERT))
      .run()
  }
  tx.update(companies)
    .set({ officers_state: state, officers_count: rows.length, officers_fetched_at: fetchedAt })
    .where(eq(companies.company_number, companyNumber))
    .run()
}
