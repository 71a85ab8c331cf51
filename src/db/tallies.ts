import { sql } from 'drizzle-orm'
import { type Db, prepared, type Tx } from './open.ts'
import { companies, type jobs, tallies } from './schema.ts'

/** Row counts that triggers keep: companies by their officers state, and officers. */
export interface Tallies {
  pending: number
  complete: number
  none: number
  failed: number
  /** Lists in doubt. */
  stale: number
  officers: number
}

/** Reads the counts: a row each, whatever the size of the database. */
export function readTallies(db: Tx): Tallies {
  const { pending, complete, none, failed, stale, officers } = readCounts(db)
  return { pending, complete, none, failed, stale, officers }
}

/** How many companies are stored. */
export function companyCount({ pending, complete, none, failed, stale }: Tallies): number {
  return pending + complete + none + failed + stale
}

/** All counts that triggers keep, by their names; a name that is not there counts nothing. */
function readCounts(db: Tx): Tallies & Record<string, number> {
  const none: Tallies = { pending: 0, complete: 0, none: 0, failed: 0, stale: 0, officers: 0 }
  const rows = db.select().from(tallies).all()
  return { ...none, ...Object.fromEntries(rows.map(({ name, count }) => [name, count])) }
}

/** The companies that got their officers in a span of time. */
export interface Fetches {
  count: number
  /** When the first of them did, in milliseconds; null when there are none. */
  firstMs: number | null
}

/**
 * Counts complete officer lists fetched from `fromMs` to `toMs`, along the index on their time; those that events have
 * kept complete are not among them.
 */
export function readFetches(db: Tx, fromMs: number, toMs: number): Fetches {
  const iso = (ms: number) => new Date(ms).toISOString()
  // The plus keeps SQLite off the index on states, which would lead it through every complete company.
  const row = db.get<{ count: number; first: string | null }>(sql`
    SELECT count(*) AS count, min(officers_fetched_at) AS first FROM ${companies}
    WHERE officers_fetched_at BETWEEN ${iso(fromMs)} AND ${iso(toMs)} AND +officers_state = 'complete'
      AND NOT EXISTS (SELECT 1 FROM officers WHERE officers.company_number = ${companies.company_number}
        AND stream_timepoint IS NOT NULL)`)
  return { count: row.count, firstMs: row.first === null ? null : Date.parse(row.first) }
}

/** Any company whose officers are stored: one that the register knows; null when there is none. */
export function findCompanyWithOfficers(tx: Tx): string | null {
  const query = sql`SELECT company_number AS number FROM companies WHERE officers_state = 'complete' LIMIT 1`
  return tx.get<{ number: string } | undefined>(query)?.number ?? null
}

// Counts of what the stream and the enrichment have brought, for `progress`: from the tallies that triggers keep.

type Job = typeof jobs.$inferSelect

export interface JobCount {
  stage: Job['stage']
  state: Job['state']
  count: number
}

export interface FoundCounts {
  domains: number
  companiesWithDomain: number
  emails: number
  peopleWithEmail: number
  /** People looked for at a domain; one whose answer is on its way is not among them. */
  peopleAsked: number
}

export interface LiveCounts {
  /** By stage and state; those that there are none of are left out. */
  jobs: JobCount[]
  /** Jobs not ended that only an `enrich` takes up. */
  dueForEnrich: number
  found: FoundCounts
}

/** Reads the jobs and what was found so far. */
export function readLiveCounts(db: Tx): LiveCounts {
  const counts = readCounts(db)
  const jobs = Object.entries(counts).flatMap(([name, count]) => {
    const [kind, state, stage] = name.split(':')
    return kind === 'job' && count > 0 ? [{ stage, state, count } as JobCount] : []
  })
  const found = {
    domains: counts.domains ?? 0,
    companiesWithDomain: counts['companies-with-domain'] ?? 0,
    emails: counts.emails ?? 0,
    peopleWithEmail: counts['people-with-email'] ?? 0,
    peopleAsked: counts['people-asked'] ?? 0,
  }
  return { jobs, dueForEnrich: countDueForEnrich(db), found }
}

function countDueForEnrich(db: Tx): number {
  return db.get<{ n: number }>(sql`SELECT count(*) AS n FROM jobs WHERE state = 'due' AND owner = 'enrich'`).n
}

/**
 * The balance that was read before the newest purchase from a provider that one was read for, and when (ms); null when it
 * never was.
 */
export function findBalanceBefore(db: Tx, provider: string): { balance: string; at: number } | null {
  const query = sql`
    SELECT balance_before AS balance, requested_at AS at FROM provider_requests
    WHERE provider = ${provider} AND balance_before IS NOT NULL ORDER BY id DESC LIMIT 1`
  return db.get<{ balance: string; at: number } | undefined>(query) ?? null
}

/** All stored persons with significant control. */
export function countPscs(db: Db): number {
  return Number(prepared(db, "SELECT count FROM tallies WHERE name = 'pscs'").pluck().get() ?? 0)
}
