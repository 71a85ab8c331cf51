// The customers' own lists of companies, by name.
import { and, eq, sql } from 'drizzle-orm'
import { type Db, prepared, type Tx } from '../open.ts'
import { listed_companies } from '../schema.ts'

export interface ListedNumber {
  /** In the register's form. */
  number: string
  /** As the list has it. */
  written: string
}

const ROWS_PER_INSERT = 500

/** Keeps a list instead of an earlier one of its name. `listedAt` is in milliseconds. */
export function saveList(
  tx: Tx,
  list: string,
  companies: ListedNumber[],
  { listedAt, runId }: { listedAt: number; runId: number },
): void {
  tx.delete(listed_companies).where(eq(listed_companies.list, list)).run()
  for (let start = 0; start < companies.length; start += ROWS_PER_INSERT) {
    const rows = companies.slice(start, start + ROWS_PER_INSERT).map(({ number, written }) => ({
      ...{ list, company_number: number, written, exists: null, listed_at: listedAt, run_id: runId },
    }))
    tx.insert(listed_companies).values(rows).run()
  }
}

/** Notes whether the register has these companies of a list. */
export function noteExistence(tx: Tx, list: string, numbers: string[], exists: boolean): void {
  const those = sql`${listed_companies.company_number} IN (SELECT value FROM json_each(${JSON.stringify(numbers)}))`
  tx.update(listed_companies)
    .set({ exists })
    .where(and(eq(listed_companies.list, list), those))
    .run()
}

/** How far the officers of a list are. */
export interface ListProgress {
  list: string
  listed: number
  with_officers: number
  without_officers: number
  /** Pending, or failed and tried again. */
  pending: number
  /** The register does not have them. */
  do_not_exist: number
  /** Not stored yet, and nobody knows whether they exist. */
  not_stored: number
}

/** Every list that is kept, by its name. */
export function readLists(db: Db): ListProgress[] {
  const rows = prepared(
    db,
    `SELECT list, count(*) AS listed,
      count(*) FILTER (WHERE officers_state = 'complete') AS with_officers,
      count(*) FILTER (WHERE officers_state = 'none') AS without_officers,
      count(*) FILTER (WHERE officers_state NOT IN ('complete', 'none')) AS pending,
      count(*) FILTER (WHERE officers_state IS NULL AND "exists" = 0) AS do_not_exist,
      count(*) FILTER (WHERE officers_state IS NULL AND "exists" IS NOT 0) AS not_stored
    FROM listed_companies LEFT JOIN companies USING (company_number) GROUP BY list ORDER BY list`,
  )
  return rows.all() as ListProgress[]
}

/** Whether there is a list of this name. */
export function hasList(db: Db, list: string): boolean {
  return prepared(db, 'SELECT 1 FROM listed_companies WHERE list = ? LIMIT 1').get(list) !== undefined
}

/** How a company of a list stands: the state of its officers, or null where it is not stored. */
export interface ListStanding extends ListedNumber {
  state: string | null
  /** Null until somebody knows whether the register has it. */
  exists: boolean | null
}

/** Every company of a list, in the order of the numbers. */
export function readListStandings(db: Db, list: string): ListStanding[] {
  const rows = prepared(
    db,
    `SELECT company_number AS number, written, officers_state AS state, "exists" AS found
    FROM listed_companies LEFT JOIN companies USING (company_number) WHERE list = ? ORDER BY company_number`,
  ).all(list) as (ListedNumber & { state: string | null; found: number | null })[]
  return rows.map(({ found, ...row }) => ({ ...row, exists: found === null ? null : found === 1 }))
}
