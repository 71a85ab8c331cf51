// Counts of what the stream and the enrichment have brought, for `progress`: from the tallies that triggers keep.
import { sql } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { readCounts } from './progress.ts'
import type { jobs } from './schema.ts'

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

/** The balance that was read before the newest purchase that one was read for, and when (ms); null when it never was. */
export function findBalanceBefore(db: Tx): { balance: string; at: number } | null {
  const query = sql`
    SELECT balance_before AS balance, requested_at AS at FROM provider_requests
    WHERE balance_before IS NOT NULL ORDER BY id DESC LIMIT 1`
  return db.get<{ balance: string; at: number } | undefined>(query) ?? null
}
