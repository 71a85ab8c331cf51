import { and, asc, eq, isNull, or, sql } from 'drizzle-orm'
import { type DueQuery, isTakenUp, isWorkedOn } from './job-lists.ts'
import type { Tx } from './open.ts'
import { companies, jobs } from './schema.ts'

export interface PlannedCompany {
  companyNumber: string
  companyName: string
  companyStatus: string | null
  /** Where its job stands; null when it has none yet. */
  stage: 'details' | 'domain' | 'officers' | 'emails' | 'done' | null
  officersState: 'pending' | 'complete' | 'none' | 'failed'
  hasDetails: boolean
}

/**
 * What is known of the companies that a run would work on: those of the scope whose job is not ended, or for a run
 * without one every due job and every company without a job.
 */
export function readPlannedCompanies(
  tx: Tx,
  scope: string[] | null,
  { dueBy, skippedBefore, includeInactive }: Omit<DueQuery, 'limit'>,
): PlannedCompany[] {
  const open = or(isNull(jobs.company_number), isTakenUp(dueBy, skippedBefore))
  const wanted =
    scope === null
      ? isNull(companies.deleted_at)
      : sql`${companies.company_number} IN (SELECT value FROM json_each(${JSON.stringify(scope)}))`
  return tx
    .select({
      companyNumber: companies.company_number,
      companyName: companies.company_name,
      companyStatus: companies.company_status,
      stage: jobs.stage,
      officersState: companies.officers_state,
      hasDetails: sql<boolean>`${companies.company_status} IS NOT NULL OR ${companies.type} IS NOT NULL`.mapWith(
        Boolean,
      ),
    })
    .from(companies)
    .leftJoin(jobs, eq(jobs.company_number, companies.company_number))
    .where(and(wanted, open, includeInactive ? undefined : isWorkedOn))
    .orderBy(asc(companies.company_number))
    .all()
}
