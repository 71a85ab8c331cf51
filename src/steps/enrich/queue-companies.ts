// Decides which stored companies a run of `enrich` works on, and queues them behind what the stream brings.
import type { Clock } from '../../clock.ts'
import { wakePaidJobs } from '../../db/job-claims.ts'
import {
  type Candidate,
  countEndedSinceInterrupt,
  findCandidate,
  findCandidates,
  findDueJobs,
  findJob,
  retryFailed,
  retrySkipped,
} from '../../db/job-lists.ts'
import { enqueueJob } from '../../db/jobs.ts'
import { type Db, type Tx, write } from '../../db/open.ts'
import { ChpipeError } from '../../errors.ts'

export interface QueueOptions {
  /** Companies that the run may take, at most; null for all. */
  limit: number | null
  /** The only company to take; null for no such wish. */
  company: string | null
  /** Companies without a domain since before this moment (ms) are tried again; null leaves them. */
  retrySkippedBefore: number | null
  /** Jobs due later than this (ms) are not waited for. */
  dueBy: number
}

export interface Selection {
  /** The companies of the run; null for every job that is due. */
  scope: string[] | null
  queued: number
}

/**
 * Queues stored companies that have no job yet, those with officers first. With a limit, unfinished jobs come first,
 * and what an interrupted run had ended counts towards it, so that a run after `kill -9` ends like an unbroken one.
 */
export function queueCompanies(db: Db, clock: Clock, runId: number, options: QueueOptions): Selection {
  const now = clock.now()
  return write(db, (tx) => {
    wakePaidJobs(tx, now)
    if (options.retrySkippedBefore !== null) retrySkipped(tx, options.retrySkippedBefore, now)
    const selected = selectCompanies(tx, runId, options)
    const queued = selected.fresh.filter(({ companyNumber, hasDetails }) =>
      enqueueJob(tx, {
        companyNumber,
        stage: hasDetails ? 'domain' : 'details',
        priority: 1,
        cause: 'stored',
        dueAt: now,
        runId,
      }),
    )
    return { scope: selected.scope, queued: queued.length }
  })
}

/** What a run would take: its scope, and the companies to queue for it. Only reads. */
export function selectCompanies(
  tx: Tx,
  runId: number,
  { limit, company, dueBy, retrySkippedBefore }: QueueOptions,
): { scope: string[] | null; fresh: Candidate[] } {
  if (company !== null) return selectOne(tx, company)
  if (limit === null) return { scope: null, fresh: findCandidates(tx, Number.MAX_SAFE_INTEGER) }
  const room = Math.max(0, limit - countEndedSinceInterrupt(tx, runId))
  const due = findDueJobs(tx, dueBy, retrySkippedBefore, room)
  const fresh = findCandidates(tx, room - due.length)
  return { scope: [...due, ...fresh.map(({ companyNumber }) => companyNumber)], fresh }
}

/** The company that the operator names, whatever became of it before short of its end. */
function selectOne(tx: Tx, company: string): { scope: string[]; fresh: Candidate[] } {
  const candidate = findCandidate(tx, company)
  if (!candidate) {
    throw new ChpipeError('no', `The company is not stored: ${company}`, {
      hint: 'load it first: chpipe import-companies',
    })
  }
  return { scope: [company], fresh: findJob(tx, company) ? [] : [candidate] }
}

/** Puts failed jobs back; returns how many. Throws `no` when the named company has none. */
export function retryJobs(db: Db, clock: Clock, company: string | 'all'): number {
  const retried = write(db, (tx) => retryFailed(tx, company === 'all' ? null : company, clock.now()))
  if (retried > 0 || company === 'all') return retried
  throw new ChpipeError('no', `The enrichment of this company has not failed: ${company}`, {
    hint: 'list those that have: chpipe enrich --failed',
  })
}
