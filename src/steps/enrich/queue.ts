// Decides which stored companies a run of `enrich` works on, and queues them behind what the stream brings.
import type { Clock } from '../../clock.ts'
import {
  type Candidate,
  countWaiting,
  findCandidate,
  findCandidates,
  findDueJobs,
  findJob,
  hurryJob,
  retryFailed,
  retryInactive,
  retrySkipped,
} from '../../db/jobs/lists.ts'
import { enqueueJob, wakePaidJobs } from '../../db/jobs/queue.ts'
import { type Db, type Tx, write } from '../../db/open.ts'
import { findBestDomain, findCompany } from '../../db/purchases/contacts.ts'
import { readOpenInputs } from '../../db/purchases/requests.ts'
import { ChpipeError } from '../../errors.ts'
import { domainInput } from '../purchases/inputs.ts'
import { companySearchName } from '../purchases/match.ts'

export interface QueueOptions {
  /** Companies that the run may take, at most; null for all. */
  limit: number | null
  /** The only company to take; null for no such wish. */
  company: string | null
  /** Companies without a domain since before this moment (ms) are tried again; null leaves them. */
  retrySkippedBefore: number | null
  /** Jobs due later than this (ms) are not waited for. */
  dueBy: number
  /** Also companies that are not active: in liquidation, dissolved, or of a status that nobody knows. */
  includeInactive: boolean
}

export interface QueueSelection {
  /** The companies of the run; null for every job that is due. */
  scope: string[] | null
  queued: number
  /** The company that the operator names had come to this end before; null when there is something to do for it. */
  ended: EndedBefore | null
  /** Companies that a limit leaves to later runs. */
  waiting: number
}

export interface EndedBefore {
  state: 'done' | 'skipped'
  reason: string | null
  at: number
}

/**
 * Queues stored companies that have no job yet, those with officers first. With a limit, unfinished jobs come first and
 * those that wait for the operator last; it counts the companies of this run, whatever earlier ones have done.
 */
export function queueCompanies(db: Db, clock: Clock, runId: number, options: QueueOptions): QueueSelection {
  const now = clock.now()
  return write(db, (tx) => {
    wakePaidJobs(tx, now)
    if (options.includeInactive) retryInactive(tx, options.company, now)
    const selected = selectCompanies(tx, options)
    const { retrySkippedBefore: before, company } = options
    if (before !== null) retrySkipped(tx, selected.scope, { before, now })
    if (company !== null) {
      retryFailed(tx, company, now)
      hurryJob(tx, company, now)
    }
    const queued = selected.fresh.filter(({ companyNumber, hasDetails }) =>
      enqueueJob(tx, {
        companyNumber,
        stage: hasDetails ? 'domain' : 'details',
        owner: 'enrich',
        cause: 'stored',
        dueAt: now,
        runId,
      }),
    )
    const { scope } = selected
    const waiting = scope === null || company !== null ? 0 : countWaiting(tx, scope, options.includeInactive)
    return { scope, queued: queued.length, ended: company === null ? null : endedBefore(tx, company), waiting }
  })
}

function endedBefore(tx: Tx, company: string): EndedBefore | null {
  const job = findJob(tx, company)
  if (job?.state !== 'done' && job?.state !== 'skipped') return null
  return { state: job.state, reason: job.error, at: job.updatedAt }
}

/** What a run would take: its scope, and the companies to queue for it. Only reads. */
export function selectCompanies(
  tx: Tx,
  { limit, company, dueBy, retrySkippedBefore, includeInactive }: QueueOptions,
): { scope: string[] | null; fresh: Candidate[] } {
  if (company !== null) return selectOne(tx, company, includeInactive)
  if (limit === null) return { scope: null, fresh: findCandidates(tx, Number.MAX_SAFE_INTEGER, includeInactive) }
  const due = findDueJobs(tx, { dueBy, skippedBefore: retrySkippedBefore, includeInactive })
  const { free, stuck } = partDueJobs(tx, due, limit)
  const fresh = findCandidates(tx, limit - free.length, includeInactive)
  const scope = [...free, ...fresh.map(({ companyNumber }) => companyNumber)]
  return { scope: [...scope, ...stuck].slice(0, limit), fresh }
}

/** The first `limit` companies that can go on, and those met before them that only the operator's word can free. */
function partDueJobs(tx: Tx, due: string[], limit: number): { free: string[]; stuck: string[] } {
  const isStuck = stuckTest(tx)
  const parts: { free: string[]; stuck: string[] } = { free: [], stuck: [] }
  for (const number of due) {
    if (parts.free.length >= limit) break
    parts[isStuck(number) ? 'stuck' : 'free'].push(number)
  }
  return parts
}

/** Tells whether a company waits for a purchase in doubt, or for a paid answer that matches no name. */
function stuckTest(tx: Tx): (companyNumber: string) => boolean {
  const stuck = (['domain', 'emails'] as const)
    .flatMap((operation) => readOpenInputs(tx, operation))
    .filter(({ status }) => status === 'unconfirmed' || status === 'unmatched')
  if (stuck.length === 0) return () => false
  const keys = new Set(stuck.map(({ key }) => key))
  const domains = new Set(stuck.flatMap(({ domain }) => domain ?? []))
  return (companyNumber) => {
    const company = findCompany(tx, companyNumber)
    const found = findBestDomain(tx, companyNumber)?.domain
    if (found !== undefined) return domains.has(found.toLowerCase())
    return company !== null && keys.has(domainInput(companySearchName(company.company_name)).key)
  }
}

/** The company that the operator names; one whose enrichment failed is tried again. */
function selectOne(tx: Tx, company: string, includeInactive: boolean): { scope: string[]; fresh: Candidate[] } {
  const candidate = findCandidate(tx, company)
  if (!candidate) {
    throw new ChpipeError('no', `The company is not stored: ${company}`, {
      hint: 'load it first: chpipe import-companies',
    })
  }
  if (!candidate.live && !includeInactive) {
    throw new ChpipeError('no', `The company is not active: ${company}`, {
      hint: 'with --include-inactive it is enriched anyway',
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
