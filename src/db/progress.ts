import { sql } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { companies, tallies } from './schema.ts'

/** Row counts that triggers keep: companies by their officers state, and officers. */
export interface Tallies {
  pending: number
  complete: number
  none: number
  failed: number
  officers: number
}

/** Reads the counts: a row each, whatever the size of the database. */
export function readTallies(db: Tx): Tallies {
  const { pending, complete, none, failed, officers } = readCounts(db)
  return { pending, complete, none, failed, officers }
}

/** All counts that triggers keep, by their names; a name that is not there counts nothing. */
export function readCounts(db: Tx): Tallies & Record<string, number> {
  const none: Tallies = { pending: 0, complete: 0, none: 0, failed: 0, officers: 0 }
  const rows = db.select().from(tallies).all()
  return { ...none, ...Object.fromEntries(rows.map(({ name, count }) => [name, count])) }
}

/** The companies that got their officers in a span of time. */
export interface Fetches {
  count: number
  /** When the first of them did, in milliseconds; null when there are none. */
  firstMs: number | null
}

/** Counts complete officer lists fetched from `fromMs` to `toMs`, along the index on their time. */
export function readFetches(db: Tx, fromMs: number, toMs: number): Fetches {
  const iso = (ms: number) => new Date(ms).toISOString()
  // The plus keeps SQLite off the index on states, which would lead it through every complete company.
  const row = db.get<{ count: number; first: string | null }>(sql`
    SELECT count(*) AS count, min(officers_fetched_at) AS first FROM ${companies}
    WHERE officers_fetched_at BETWEEN ${iso(fromMs)} AND ${iso(toMs)} AND +officers_state = 'complete'`)
  return { count: row.count, firstMs: row.first === null ? null : Date.parse(row.first) }
}

/** Any company whose officers are stored: one that the register knows; null when there is none. */
export function findCompanyWithOfficers(tx: Tx): string | null {
  const query = sql`SELECT company_number AS number FROM companies WHERE officers_state = 'complete' LIMIT 1`
  return tx.get<{ number: string } | undefined>(query)?.number ?? null
}
