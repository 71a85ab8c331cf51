// Jobs as the operator sees and steers them: what is to be queued, what failed, what is tried again.
import { and, asc, count, desc, eq, isNull, lt, lte, min, or, type SQL, sql } from 'drizzle-orm'
import { isLiveCompany } from '../companies/companies.ts'
import type { Tx } from '../open.ts'
import { companies, jobs } from '../schema.ts'

/** A company that may be queued. */
export interface Candidate {
  companyNumber: string
  /** A profile is stored: its name can be asked for at once. */
  hasDetails: boolean
  /** It is active, or nothing is known of it yet. */
  live: boolean
}

/** Stored companies that nobody has chosen yet. */
const withoutJob = and(isNull(jobs.company_number), isNull(companies.deleted_at))

/** Stored companies without a job, those with officers first, then by number. */
export function findCandidates(tx: Tx, limit: number, includeInactive: boolean): Candidate[] {
  return candidates(tx, and(withoutJob, includeInactive ? undefined : isLiveCompany))
    .limit(limit)
    .all()
}

/** One stored company, with a job or without; null when it is not stored. */
export function findCandidate(tx: Tx, companyNumber: string): Candidate | null {
  return candidates(tx, eq(companies.company_number, companyNumber)).get() ?? null
}

function candidates(tx: Tx, where: SQL | undefined) {
  return tx
    .select({
      companyNumber: companies.company_number,
      hasDetails: sql<boolean>`${companies.company_status} IS NOT NULL OR ${companies.type} IS NOT NULL`.mapWith(
        Boolean,
      ),
      live: sql<boolean>`${isLiveCompany}`.mapWith(Boolean),
    })
    .from(companies)
    .leftJoin(jobs, eq(jobs.company_number, companies.company_number))
    .where(where)
    .orderBy(sql`${companies.officers_state} <> 'complete'`, asc(companies.company_number))
    .$dynamic()
}

/** A job that a run would take: due at `dueBy` (ms) at the latest, or skipped before `skippedBefore`. */
function isTakenUp(dueBy: number, skippedBefore: number | null): SQL | undefined {
  const due = and(eq(jobs.state, 'due'), lte(jobs.due_at, dueBy))
  return skippedBefore === null ? due : or(due, and(eq(jobs.state, 'skipped'), lt(jobs.updated_at, skippedBefore)))
}

/** What the stream chose is worked on whatever the company has become; it may have been chosen for just that. */
const isWorkedOn: SQL | undefined = or(eq(jobs.owner, 'stream'), isLiveCompany)

interface DueQuery {
  dueBy: number
  skippedBefore: number | null
  includeInactive: boolean
}

/** Companies whose job a run would take up, the most urgent first. */
export function findDueJobs(tx: Tx, { dueBy, skippedBefore, includeInactive }: DueQuery): string[] {
  return tx
    .select({ number: jobs.company_number })
    .from(jobs)
    .innerJoin(companies, eq(companies.company_number, jobs.company_number))
    .where(and(isTakenUp(dueBy, skippedBefore), includeInactive ? undefined : isWorkedOn))
    .orderBy(desc(jobs.owner), asc(jobs.created_at), asc(jobs.company_number))
    .all()
    .map(({ number }) => number)
}

/** Companies beyond those of the scope that are due or have no job yet. */
export function countWaiting(tx: Tx, scope: string[], includeInactive: boolean): number {
  const outside = sql`${companies.company_number} NOT IN (SELECT value FROM json_each(${JSON.stringify(scope)}))`
  const query = tx
    .select({ n: count() })
    .from(companies)
    .leftJoin(jobs, eq(jobs.company_number, companies.company_number))
    .where(and(outside, or(withoutJob, eq(jobs.state, 'due')), includeInactive ? undefined : isWorkedOn))
  return query.get()?.n ?? 0
}

/** What is tried again at the operator's word is an `enrich`'s, whoever chose the company first. */
const AGAIN = { state: 'due', attempts: 0, owner: 'enrich' } as const

/** Puts jobs that were skipped before `before` (ms) back to their stage, those of the given companies or all; returns how many. */
export function retrySkipped(tx: Tx, scope: string[] | null, { before, now }: { before: number; now: number }): number {
  return tx
    .update(jobs)
    .set({ ...AGAIN, due_at: now, updated_at: now })
    .where(and(eq(jobs.state, 'skipped'), lt(jobs.updated_at, before), within(scope)))
    .run().changes
}

/** Why the job of a company that is not active was skipped. */
export const NOT_ACTIVE = 'the company is not active'

/** Puts jobs back that were skipped because their company is not active: of one company, or all. */
export function retryInactive(tx: Tx, companyNumber: string | null, now: number): void {
  const wanted = companyNumber === null ? undefined : eq(jobs.company_number, companyNumber)
  tx.update(jobs)
    .set({ ...AGAIN, due_at: now, updated_at: now })
    .where(and(eq(jobs.state, 'skipped'), eq(jobs.last_error, NOT_ACTIVE), wanted))
    .run()
}

/** Puts failed jobs back to the stage at which they failed; returns how many. */
export function retryFailed(tx: Tx, companyNumber: string | null, now: number): number {
  const wanted = companyNumber === null ? undefined : eq(jobs.company_number, companyNumber)
  return tx
    .update(jobs)
    .set({ ...AGAIN, due_at: now, updated_at: now })
    .where(and(eq(jobs.state, 'failed'), wanted))
    .run().changes
}

export interface FailedJob {
  companyNumber: string
  companyName: string
  stage: string
  error: string | null
  failedAt: number
}

/** Jobs whose retries are used up, oldest first. */
export function listFailed(tx: Tx): FailedJob[] {
  return tx
    .select({
      companyNumber: jobs.company_number,
      companyName: companies.company_name,
      stage: jobs.stage,
      error: jobs.last_error,
      failedAt: jobs.updated_at,
    })
    .from(jobs)
    .innerJoin(companies, eq(companies.company_number, jobs.company_number))
    .where(eq(jobs.state, 'failed'))
    .orderBy(asc(jobs.updated_at), asc(jobs.company_number))
    .all()
}

function within(scope: string[] | null): SQL | undefined {
  return scope === null
    ? undefined
    : sql`${jobs.company_number} IN (SELECT value FROM json_each(${JSON.stringify(scope)}))`
}

/** Makes the job of one company due now, however long it was put off, unless somebody works on it. */
export function hurryJob(tx: Tx, companyNumber: string, now: number): void {
  const waiting = and(eq(jobs.company_number, companyNumber), eq(jobs.state, 'due'), isNull(jobs.claimed_by))
  tx.update(jobs).set({ due_at: now }).where(waiting).run()
}

export type JobState = typeof jobs.$inferSelect.state

/** How many jobs are in each state; of the given companies, or of all. */
export function countJobs(tx: Tx, scope: string[] | null): Record<JobState, number> {
  const rows = tx.select({ state: jobs.state, n: count() }).from(jobs).where(within(scope)).groupBy(jobs.state).all()
  const counts = { due: 0, skipped: 0, failed: 0, done: 0 }
  return Object.assign(counts, Object.fromEntries(rows.map(({ state, n }) => [state, n])))
}

/** When the first job is due (ms), of the given companies or of all; null when none is. */
export function readFirstDueAt(tx: Tx, scope: string[] | null): number | null {
  const due = and(eq(jobs.state, 'due'), within(scope))
  return (
    tx
      .select({ at: min(jobs.due_at) })
      .from(jobs)
      .where(due)
      .get()?.at ?? null
  )
}

export interface JobStanding {
  state: JobState
  stage: string
  /** Why it was skipped, failed or put off. */
  error: string | null
  updatedAt: number
}

/** Where the job of a company stands; null when it has none. */
export function findJob(tx: Tx, companyNumber: string): JobStanding | null {
  return (
    tx
      .select({ state: jobs.state, stage: jobs.stage, error: jobs.last_error, updatedAt: jobs.updated_at })
      .from(jobs)
      .where(eq(jobs.company_number, companyNumber))
      .get() ?? null
  )
}

export interface PlannedCompany {
  companyNumber: string
  companyName: string
  companyStatus: string | null
  /** Where its job stands; null when it has none yet. */
  stage: 'details' | 'domain' | 'officers' | 'emails' | 'done' | null
  officersState: 'pending' | 'complete' | 'none' | 'failed' | 'stale'
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
