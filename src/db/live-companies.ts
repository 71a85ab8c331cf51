// Which stored companies live, so that money may be spent on them.
import { type SQL, sql } from 'drizzle-orm'
import { companies } from './schema.ts'

/** `open` is said of establishments, `registered` of overseas entities. */
const LIVE_STATUSES: readonly string[] = ['active', 'open', 'registered']

/** A company of which neither status nor type is known yet may live; its profile comes first. */
export function isLive({ company_status: status, type }: { company_status: string | null; type: string | null }) {
  return status === null ? type === null : LIVE_STATUSES.includes(status)
}

/** The same in SQL, of a row of `companies`. */
export const isLiveCompany: SQL = sql`(${companies.company_status} IN (${sql.join(
  LIVE_STATUSES.map((status) => sql`${status}`),
  sql`, `,
)}) OR (${companies.company_status} IS NULL AND ${companies.type} IS NULL))`
