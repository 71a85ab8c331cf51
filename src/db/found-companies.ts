import { between, sql } from 'drizzle-orm'
import { ORIGIN_COLUMNS, SEARCH_COLUMNS } from './company-columns.ts'
import type { Tx } from './open.ts'
import { companies } from './schema.ts'

/** What advanced search tells about a company. */
export type FoundRow = Omit<
  typeof companies.$inferInsert,
  'officers_state' | 'officers_count' | 'officers_fetched_at' | 'first_seen_at' | 'deleted_at'
>

/** What a search result does not tell, and all about officers, stays as it is; but a detail belongs to its status. */
const WRITTEN = [...SEARCH_COLUMNS, ...ORIGIN_COLUMNS]

const DETAIL_OF_SAME_STATUS = sql.raw(
  'CASE WHEN excluded.company_status IS companies.company_status THEN companies.company_status_detail END',
)

/** SQLite binds at most 32,766 values a statement. */
const ROWS_PER_INSERT = 500

/** Inserts or updates companies by their number; belongs in a transaction. */
export function saveFoundCompanies(tx: Tx, rows: FoundRow[]): void {
  const set = {
    ...Object.fromEntries(WRITTEN.map((column) => [column, sql.raw(`excluded.${column}`)])),
    company_status_detail: DETAIL_OF_SAME_STATUS,
  }
  for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
    tx.insert(companies)
      .values(rows.slice(start, start + ROWS_PER_INSERT).map((row) => ({ ...row, first_seen_at: row.fetched_at })))
      .onConflictDoUpdate({ target: companies.company_number, set })
      .run()
  }
}

/** Those of the numbers whose companies are stored. */
export function findStored(tx: Tx, numbers: string[]): Set<string> {
  const wanted = sql`${companies.company_number} IN (SELECT value FROM json_each(${JSON.stringify(numbers)}))`
  const found = tx.select({ number: companies.company_number }).from(companies).where(wanted).all()
  return new Set(found.map(({ number }) => number))
}

/** The days of a span, both ends included, on which stored companies were formed. It looks at every company. */
export function knownDays(tx: Tx, span: { incorporatedFrom: string; incorporatedTo: string }): Set<string> {
  const { date_of_creation: day } = companies
  const found = tx
    .selectDistinct({ day })
    .from(companies)
    .where(between(day, span.incorporatedFrom, span.incorporatedTo))
    .all()
  return new Set(found.flatMap((row) => row.day ?? []))
}
