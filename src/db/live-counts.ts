// Counts of what the stream and the enrichment have brought, for `progress`: from small tables and along indexes only.
import { sql } from 'drizzle-orm'
import type { Tx } from './open.ts'
import type { jobs } from './schema.ts'

type Job = typeof jobs.$inferSelect

export interface JobCount {
  stage: Job['stage']
  state: Job['state']
  count: number
}

/** Jobs by stage and state. */
export function countJobs(db: Tx): JobCount[] {
  return db.all<JobCount>(sql`SELECT stage, state, count(*) AS count FROM jobs GROUP BY state, stage`)
}

export interface FoundCounts {
  domains: number
  companiesWithDomain: number
  emails: number
  peopleWithEmail: number
  /** People looked for at a domain; one whose answer is on its way is not among them. */
  peopleAsked: number
}

/** What was found so far. */
export function countFound(db: Tx): FoundCounts {
  return db.get<FoundCounts>(sql`
    SELECT domain.rows AS domains, domain.owners AS companiesWithDomain,
      coalesce(email.rows, 0) AS emails, email.owners AS peopleWithEmail, asked.people AS peopleAsked
    FROM (SELECT count(*) AS rows, count(DISTINCT company_number) AS owners FROM domains) AS domain,
      (SELECT sum(n) AS rows, count(*) AS owners
        FROM (SELECT count(*) AS n FROM emails GROUP BY company_number, appointment_id)) AS email,
      (SELECT count(*) AS people FROM provider_answers WHERE provider = 'snov' AND operation = 'emails') AS asked`)
}

/** Calls of the stream's lane that the allowance still counts; `now` is steady time since `boot`. */
export function countStreamCalls(db: Tx, allowance: string, boot: string, now: number): number {
  return db.get<{ n: number }>(sql`
    SELECT count(*) AS n FROM quota_grants JOIN quota_state USING (allowance)
    WHERE allowance = ${allowance} AND frees_at > ${now} AND lane = 'stream' AND boot = ${boot}`).n
}

/** The balance that was read before the newest purchase that one was read for; null when it never was. */
export function findBalanceBefore(db: Tx): string | null {
  const query = sql`
    SELECT balance_before AS balance FROM provider_requests WHERE balance_before IS NOT NULL ORDER BY id DESC LIMIT 1`
  return db.get<{ balance: string } | undefined>(query)?.balance ?? null
}
