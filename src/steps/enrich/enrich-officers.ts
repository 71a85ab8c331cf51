// Third stage: the officers of a company that has a domain, stored whole with the move to the next stage. A list that is
// there already is not fetched again; one that is empty just after the incorporation is asked for again and again
// before it is believed.
import type { OfficerList } from '../../companies-house/officers.ts'
import { UpstreamError } from '../../companies-house/upstream-error.ts'
import { type CompanyToEnrich, findCompany } from '../../db/enriched.ts'
import { type Job, postponeJob } from '../../db/job-claims.ts'
import { saveNotes } from '../../db/notes.ts'
import { believeNone, endFetch } from '../../db/officer-fetches.ts'
import { saveOfficers } from '../../db/officers.ts'
import { snapshot, write } from '../../db/open.ts'
import { loadSuppressions } from '../../db/suppressions.ts'
import { errorMessage } from '../../errors.ts'
import { notesAboutOthers, officerNotes, officerRows } from '../officer-rows.ts'
import { fetchWhole, isYoung } from '../store-officers.ts'
import { moveJob, refusalOf, retryJob } from './end-job.ts'
import { type Enrichment, laneOf } from './enrich-step.ts'

/** Fetches and stores one list. Throws when the service is away or the key refused, and the signal's reason. */
export async function enrichOfficers(run: Enrichment, job: Job, signal: AbortSignal): Promise<void> {
  const { db, companiesHouse } = run
  const { companyNumber } = job
  const { company, suppressions } = snapshot(db, (tx) => {
    return { company: findCompany(tx, companyNumber), suppressions: loadSuppressions(tx) }
  })
  if (!company) return
  const refusal = refusalOf(company, job, run.options, suppressions)
  if (refusal) {
    moveJob(run, job, { state: 'skipped', error: refusal })
    return
  }
  if (company.officers_state === 'complete') {
    moveJob(run, job, { stage: 'emails' })
    return
  }
  try {
    const list = await fetchWhole(companiesHouse, companyNumber, { lane: laneOf([job]), signal })
    if (list && list.officers.length > 0) saveList(run, job, list)
    else doubtNone(run, job, company, list === null)
  } catch (error) {
    if (!(error instanceof UpstreamError) || signal.aborted) throw error
    retryJob(run, job, errorMessage(error))
  }
}

function saveList(run: Enrichment, job: Job, list: OfficerList): void {
  const { db, runId } = run
  const { companyNumber } = job
  moveJob(run, job, { stage: 'emails' }, (tx, notedAt) => {
    const fetchedAt = new Date(notedAt).toISOString()
    const rows = officerRows(list, { companyNumber, fetchedAt, runId })
    const withheld = saveOfficers(db, companyNumber, rows, { state: 'complete', fetchedAt, runId })
    saveNotes(tx, notesAboutOthers(officerNotes(list, companyNumber), withheld), { notedAt, runId })
    endFetch(tx, companyNumber)
  })
}

/** An old company without a list has no officers; a young one may have them tomorrow. */
function doubtNone(run: Enrichment, job: Job, company: CompanyToEnrich, absent: boolean): void {
  const { db, clock, timings, runId, log } = run
  const { companyNumber, attempts } = job
  const now = clock.now()
  const young = job.cause === 'new' || isYoung(company.date_of_creation, now)
  const waits = young ? timings.youngOfficersRetryMs : absent ? timings.officersRetryMs : []
  const waitMs = waits[attempts]
  if (waitMs === undefined) {
    moveJob(run, job, { state: 'done' }, (tx) => {
      const retryAt = young ? now + (timings.youngOfficersRetryMs.at(-1) ?? 0) : null
      believeNone(tx, companyNumber, { fetchedAt: new Date(now).toISOString(), retryAt })
    })
    return
  }
  const error = absent ? 'the officers answered 404' : 'no officers yet'
  write(db, (tx) => postponeJob(tx, companyNumber, { dueAt: now + waitMs, error, counted: true }, { runId, now }))
  log.info('officers not there yet', { company: companyNumber, round: attempts + 1 })
}
