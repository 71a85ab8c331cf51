import type { CompanyToEnrich } from '../../db/enriched.ts'
import { endStage, type Job, postponeJob } from '../../db/job-claims.ts'
import { NOT_ACTIVE } from '../../db/job-lists.ts'
import { isLive } from '../../db/live-companies.ts'
import { type Tx, write } from '../../db/open.ts'
import type { Enrichment, EnrichOptions } from './enrich-step.ts'

/** Ends a stage and stores its result with it, or neither where the claim was lost; returns which. */
export function moveJob(
  run: Enrichment,
  { companyNumber }: Job,
  end: Parameters<typeof endStage>[2],
  save: (tx: Tx, now: number) => void = () => {},
): boolean {
  const { db, clock, runId, counts, log } = run
  const now = clock.now()
  const moved = write(db, (tx) => {
    if (!endStage(tx, companyNumber, end, { runId, now })) return false
    save(tx, now)
    return true
  })
  if (!moved || !('state' in end)) return moved
  counts[end.state] += 1
  if (end.state === 'failed') log.warn('enrichment failed', { company: companyNumber, error: end.error })
  return true
}

/** Puts a job off after a failure, or fails it when its retries are used up. */
export function retryJob(run: Enrichment, job: Job, error: string): void {
  const { db, clock, runId, timings, log } = run
  const waitMs = timings.enrichRetryMs[job.attempts]
  if (waitMs === undefined) {
    moveJob(run, job, { state: 'failed', error })
    return
  }
  const now = clock.now()
  const { companyNumber, stage } = job
  write(db, (tx) => postponeJob(tx, companyNumber, { dueAt: now + waitMs, error, counted: true }, { runId, now }))
  log.info('enrichment put off', { company: companyNumber, stage, error })
}

/** Puts a job off without counting it as a failure. */
export function waitJob({ db, clock, runId }: Enrichment, { companyNumber }: Job, waitMs: number, why: string | null) {
  const now = clock.now()
  write(db, (tx) => postponeJob(tx, companyNumber, { dueAt: now + waitMs, error: why, counted: false }, { runId, now }))
}

/**
 * Why a company is not enriched although it has a job; null when it may be. What the stream chose may be anything that
 * the register still lists; an `enrich` buys for live companies unless it is told otherwise.
 */
export function refusalOf(
  company: CompanyToEnrich,
  { owner }: Pick<Job, 'owner'>,
  { includeInactive = false }: Pick<EnrichOptions, 'includeInactive'>,
  suppressions: { company(companyNumber: string): boolean },
): string | null {
  if (suppressions.company(company.company_number)) return 'suppressed'
  if (company.deleted_at !== null) return 'the company is deleted'
  if (includeInactive || isLive(company)) return null
  const isUnlisted = company.company_status === null && company.source === 'register-file'
  return owner === 'stream' && !isUnlisted ? null : NOT_ACTIVE
}
