// First stage: a company's profile, where no event carried it. One call; the profile and the move to the next stage are
// stored together.
import { fetchProfile } from '../../companies-house/company-profile.ts'
import { UpstreamError } from '../../companies-house/upstream-error.ts'
import { findCompany } from '../../db/enriched.ts'
import type { Job } from '../../db/job-claims.ts'
import { snapshot } from '../../db/open.ts'
import { updateCompany } from '../../db/stream-companies.ts'
import { loadSuppressions } from '../../db/suppressions.ts'
import { errorMessage } from '../../errors.ts'
import { moveJob, refusalOf, retryJob } from './end-job.ts'
import { type Enrichment, laneOf } from './enrich-step.ts'

/** Fetches one profile. Throws when the service is away or the key refused, and the signal's reason. */
export async function enrichDetails(run: Enrichment, job: Job, signal: AbortSignal): Promise<void> {
  const { companiesHouse, db, runId } = run
  const { companyNumber } = job
  if (isRefused(run, job)) return
  try {
    const fetched = await fetchProfile(companiesHouse, companyNumber, { lane: laneOf([job]), signal })
    if (!fetched) return retryJob(run, job, 'Companies House answered 404 for the profile')
    if (isRefused(run, job)) return
    moveJob(run, job, { stage: 'domain' }, (_tx, now) => {
      const origin = { source: 'rest', fetchedAt: new Date(now).toISOString(), runId }
      updateCompany(db, fetched.details, origin)
    })
  } catch (error) {
    if (!(error instanceof UpstreamError) || signal.aborted) throw error
    retryJob(run, job, errorMessage(error))
  }
}

/** Ends the job of a company that must be left alone, or that the stream has deleted: its profile must not bring it back. */
function isRefused(run: Enrichment, job: Job): boolean {
  const { company, suppressions } = snapshot(run.db, (tx) => {
    return { company: findCompany(tx, job.companyNumber), suppressions: loadSuppressions(tx) }
  })
  const refusal = company ? refusalOf(company, job, run.options, suppressions) : 'the company is gone'
  if (refusal !== null) moveJob(run, job, { state: 'skipped', error: refusal })
  return refusal !== null
}
