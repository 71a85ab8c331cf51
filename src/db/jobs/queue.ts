import { and, asc, eq, inArray, isNotNull, isNull, lte, type SQL, sql } from 'drizzle-orm'
import type { Clock } from '../../clock.ts'
import { type Db, prepared, type Tx } from '../open.ts'
import { deadRuns } from '../runs.ts'
import { jobs } from '../schema.ts'

/** Who chose a company: the stream (also the audit, in its place) or an `enrich`. The stream's jobs go first. */
export type Owner = (typeof jobs.$inferSelect)['owner']

export interface NewJob {
  companyNumber: string
  /** `details` when no profile is stored yet, `domain` when an event carried it. */
  stage: 'details' | 'domain'
  owner: Owner
  /** Why: `new`, or the trigger that matched. */
  cause: string
  dueAt: number
  runId: number
}

/**
 * Sends a company on its way through enrichment, unless it is or was on it; returns whether it was not. What an `enrich`
 * has queued and not ended becomes the stream's when the stream asks for it too, and never the other way round.
 */
export function enqueueJob(tx: Tx, { companyNumber, stage, owner, cause, dueAt, runId }: NewJob): boolean {
  const values = {
    company_number: companyNumber,
    stage,
    state: 'due',
    owner,
    cause,
    due_at: dueAt,
    created_at: dueAt,
    updated_at: dueAt,
    run_id: runId,
  } as const
  const takesOver = sql`${jobs.owner} = 'enrich' AND ${jobs.state} = 'due' AND excluded.owner = 'stream'`
  return (
    tx
      .insert(jobs)
      .values(values)
      .onConflictDoUpdate({ target: jobs.company_number, set: { owner, cause, run_id: runId }, setWhere: takesOver })
      .run().changes > 0
  )
}

// Who works on which enrichment job. A claim is a job's row that names a run; the claim of a run that died is free at
// once. Whoever ends a stage must still hold the claim, so that no two processes end it twice.

export type Stage = 'details' | 'domain' | 'officers' | 'emails'

export interface Job {
  companyNumber: string
  stage: Stage
  owner: Owner
  /** How often this stage was put off. */
  attempts: number
  /** Why the company is enriched: `new`, or the trigger that matched, or `stored`. */
  cause: string
}

export interface JobQuery {
  stage: Stage
  owner: Owner
  /** Only these companies; null for all. */
  scope: string[] | null
  /** Companies that are not to be taken now. */
  without: string[]
}

/** Claims up to `limit` due jobs of a stage and owner, the longest due first. */
export function claimJobs(
  tx: Tx,
  query: JobQuery,
  { runId, limit, clock }: { runId: number; limit: number; clock: Clock },
): Job[] {
  freeDeadJobs(tx, runId, clock)
  const taken = tx
    .select()
    .from(jobs)
    .where(and(bound(free(query)), lte(jobs.due_at, clock.now())))
    .orderBy(asc(jobs.due_at))
    .limit(limit)
    .all()
  const numbers = taken.map((job) => job.company_number)
  tx.update(jobs).set({ claimed_by: runId }).where(inArray(jobs.company_number, numbers)).run()
  return taken.map(({ company_number, owner, attempts, cause }) => {
    return { companyNumber: company_number, stage: query.stage, owner, attempts, cause }
  })
}

/**
 * When the next free job of a stage and owner is due; null when there is none. Reads along the index, and stops. It is
 * asked with every look for work.
 */
export function readNextDueAt(db: Db, query: JobQuery): number | null {
  const { text, values } = free(query)
  const found = prepared(db, `SELECT due_at FROM jobs WHERE ${text} ORDER BY due_at LIMIT 1`).get(...values)
  return (found as { due_at: number } | undefined)?.due_at ?? null
}

interface Condition {
  text: string
  values: string[]
}

/** SQL for the jobs that may be taken, whenever they are due. */
function free({ stage, owner, scope, without }: JobQuery): Condition {
  const text = [`state = 'due'`, 'stage = ?', 'claimed_by IS NULL', 'owner = ?']
  const values: string[] = [stage, owner]
  const limit = (to: string, companyNumbers: readonly string[]) => {
    text.push(`company_number ${to} (SELECT value FROM json_each(?))`)
    values.push(JSON.stringify(companyNumbers))
  }
  if (scope !== null) limit('IN', scope)
  if (without.length > 0) limit('NOT IN', without)
  return { text: text.join(' AND '), values }
}

/** The same with its values in their places. */
function bound({ text, values }: Condition): SQL {
  const parts = text
    .split('?')
    .map((part, index) => (index === 0 ? sql.raw(part) : sql`${values[index - 1]}${sql.raw(part)}`))
  return sql.join(parts)
}

/** Frees the claims of runs that have died. */
export function freeDeadJobs(tx: Tx, ownRun: number, clock: Clock): void {
  const holders = tx
    .selectDistinct({ run: jobs.claimed_by })
    .from(jobs)
    .where(isNotNull(jobs.claimed_by))
    .all()
    .flatMap(({ run }) => (run === null || run === ownRun ? [] : [run]))
  const dead = deadRuns(tx, clock, holders)
  if (dead.length > 0) tx.update(jobs).set({ claimed_by: null }).where(inArray(jobs.claimed_by, dead)).run()
}

const held = (companyNumber: string, runId: number) =>
  and(eq(jobs.company_number, companyNumber), eq(jobs.claimed_by, runId))

/** A stage that ended: what comes next, now. */
export type StageEnd =
  | { stage: 'officers' | 'emails' | 'domain' }
  | { state: 'done' }
  | { state: 'skipped' | 'failed'; error: string }

/**
 * Moves a job on and gives its claim back; false when the claim was lost, and nothing may be stored. Belongs in the
 * transaction that stores the stage's result.
 */
export function endStage(tx: Tx, companyNumber: string, end: StageEnd, { runId, now }: { runId: number; now: number }) {
  const common = { claimed_by: null, updated_at: now, due_at: now }
  const values =
    'stage' in end
      ? { ...common, stage: end.stage, attempts: 0, last_error: null }
      : end.state === 'done'
        ? { ...common, stage: 'done' as const, state: end.state, attempts: 0, last_error: null }
        : { ...common, state: end.state, last_error: end.error }
  return tx.update(jobs).set(values).where(held(companyNumber, runId)).run().changes > 0
}

export interface Postponement {
  dueAt: number
  error: string | null
  /** Whether it counts towards the bounded retries. */
  counted: boolean
}

/** Puts a claimed job off and gives the claim back. */
export function postponeJob(
  tx: Tx,
  companyNumber: string,
  { dueAt, error, counted }: Postponement,
  { runId, now }: { runId: number; now: number },
): void {
  tx.update(jobs)
    .set({
      claimed_by: null,
      due_at: Math.ceil(dueAt),
      last_error: error,
      updated_at: now,
      ...(counted ? { attempts: sql`${jobs.attempts} + 1` } : {}),
    })
    .where(held(companyNumber, runId))
    .run()
}

/** Gives claims back untouched: those of the given companies, or all of the run. */
export function releaseJobs(tx: Tx, runId: number, companyNumbers?: string[]): void {
  const own = eq(jobs.claimed_by, runId)
  const some = companyNumbers ? and(own, inArray(jobs.company_number, companyNumbers)) : own
  tx.update(jobs).set({ claimed_by: null }).where(some).run()
}

/** Jobs that wait for an answer of a provider may be looked at now: its purchase was settled, or somebody asks. */
export function wakePaidJobs(tx: Tx, now: number): void {
  const waiting = and(eq(jobs.state, 'due'), inArray(jobs.stage, ['domain', 'emails']), isNull(jobs.claimed_by))
  tx.update(jobs)
    .set({ due_at: sql`min(${jobs.due_at}, ${now})` })
    .where(waiting)
    .run()
}
