// Officer lists that could not be fetched, as the operator sees them.
import { asc, eq, isNotNull } from 'drizzle-orm'
import type { Tx } from '../open.ts'
import { companies, officer_fetches } from '../schema.ts'

export interface FailedFetch {
  companyNumber: string
  companyName: string
  /** `failed`, or the state of the list that is kept although it could not be fetched again. */
  officersState: (typeof companies.$inferSelect)['officers_state']
  error: string | null
  /** Milliseconds. */
  failedAt: number
}

/** Companies whose last fetch was given up, the oldest failure first. */
export function listFailedFetches(tx: Tx): FailedFetch[] {
  const rows = tx
    .select({
      companyNumber: companies.company_number,
      companyName: companies.company_name,
      officersState: companies.officers_state,
      error: officer_fetches.last_error,
      failedAt: officer_fetches.failed_at,
    })
    .from(officer_fetches)
    .innerJoin(companies, eq(companies.company_number, officer_fetches.company_number))
    .where(isNotNull(officer_fetches.failed_at))
    .orderBy(asc(officer_fetches.failed_at), asc(companies.company_number))
    .all()
  return rows.map((row) => ({ ...row, failedAt: row.failedAt ?? 0 }))
}

/** Why the list of a company is not there yet, or not as new as it should be; null where there is no trouble. */
export function findFetchTrouble(
  tx: Tx,
  companyNumber: string,
): { error: string | null; failedAt: number | null; retryAt: number | null } | null {
  const { last_error: error, failed_at: failedAt, retry_at: retryAt } = officer_fetches
  const of = eq(officer_fetches.company_number, companyNumber)
  const row = tx.select({ error, failedAt, retryAt }).from(officer_fetches).where(of).get()
  return row && (row.error !== null || row.failedAt !== null) ? row : null
}
