// The stages that ask Companies House, several calls side by side. Each owner's jobs have their own worker, so that no new
// company waits behind background calls that are short of permits.

import { UpstreamError } from '../../companies-house/call.ts'
import { fetchProfile } from '../../companies-house/fetch-profile.ts'
import type { OfficerList } from '../../companies-house/officers.ts'
import { oddMemberNotes } from '../../companies-house/profile-members.ts'
import { updateCompany } from '../../db/companies/companies.ts'
import { claimJobs, type Job, type Owner, postponeJob, readNextDueAt, releaseJobs } from '../../db/jobs/queue.ts'
import { isLockError, tidyWhenFree } from '../../db/lock-wait.ts'
import { believeNone, endFetch, saveNotes } from '../../db/officers/fetches.ts'
import { readTouched } from '../../db/officers/lists.ts'
import { saveOfficers } from '../../db/officers/officers.ts'
import { snapshot, write, writeSoon } from '../../db/open.ts'
import { type CompanyToEnrich, findCompany, findStoredOfficers } from '../../db/purchases/contacts.ts'
import { loadSuppressions } from '../../db/suppress/suppressions.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import { notesAboutOthers, officerNotes, officerRows } from '../officers/rows.ts'
import { asOf, beginFetch, fetchWhole, isOvertaken, isYoung } from '../officers/store.ts'
import { type Enrichment, laneOf, moveJob, queryOf, refusalOf, retryJob } from './jobs.ts'

const CONCURRENCY = 8

const STAGES = [
  ['officers', enrichOfficers],
  ['details', enrichDetails],
] as const

/** Makes the worker of one owner's jobs: each round of it claims what there is room for. */
export function restWorker(run: Enrichment, owner: Owner, fail: (error: unknown) => void) {
  const { db, runId, clock, timings, options, log, wakeUp } = run
  const flying = new Set<Promise<void>>()
  let restsUntil = 0

  /** A run without an end outlives an outage; any other ends with it. */
  const explain = async (error: unknown, { companyNumber }: Job) => {
    if (isLockError(error) && !options.signal.aborted) {
      await tidyWhenFree(db, () => writeSoon(db, () => releaseJobs(db, runId, [companyNumber])))
      return
    }
    const away = error instanceof ChpipeError && error.kind === 'upstream' && options.until === 'stopped'
    if (!away || options.signal.aborted) return fail(error)
    log.warn('enrichment waits for Companies House', { company: companyNumber, error: errorMessage(error) })
    writeSoon(db, () => releaseJobs(db, runId, [companyNumber]))
    restsUntil = clock.now() + timings.paidPauseMs
  }

  const claim = (stage: 'details' | 'officers'): Job[] => {
    const query = queryOf(run, stage, owner)
    const limit = CONCURRENCY - flying.size
    if (limit < 1 || (readNextDueAt(db, query) ?? Number.POSITIVE_INFINITY) > clock.now()) return []
    return writeSoon(db, () => claimJobs(db, query, { runId, limit, clock }))
  }

  const round = async (signal: AbortSignal): Promise<boolean> => {
    if (restsUntil > clock.now()) return false
    let claimed = 0
    for (const [stage, enrich] of STAGES) {
      for (const job of claim(stage)) {
        claimed += 1
        const flight = enrich(run, job, signal)
          .catch((error) => explain(error, job))
          .catch(fail)
          .finally(() => {
            flying.delete(flight)
            wakeUp.notify()
          })
        flying.add(flight)
      }
    }
    return claimed > 0
  }
  return { round, flying }
}

// First stage: a company's profile, where no event carried it. One call; the profile and the move to the next stage are
// stored together.

/** Fetches one profile. Throws when the service is away or the key refused, and the signal's reason. */
async function enrichDetails(run: Enrichment, job: Job, signal: AbortSignal): Promise<void> {
  const { companiesHouse, db, runId } = run
  const { companyNumber } = job
  if (isRefused(run, job)) return
  try {
    const fetched = await fetchProfile(companiesHouse, companyNumber, { lane: laneOf([job]), signal })
    if (!fetched) return retryJob(run, job, 'Companies House answered 404 for the profile')
    if (isRefused(run, job)) return
    moveJob(run, job, { stage: 'domain' }, (tx, now) => {
      const origin = { source: 'rest', fetchedAt: new Date(now).toISOString(), runId }
      updateCompany(db, fetched.details, origin)
      saveNotes(tx, oddMemberNotes(companyNumber, fetched.odd), { notedAt: now, runId })
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

// Third stage: the officers of a company that has a domain, stored whole with the move to the next stage. A list that is
// there already is not fetched again; one that is empty just after the incorporation is asked for again and again
// before it is believed.

/** Fetches and stores one list. Throws when the service is away or the key refused, and the signal's reason. */
async function enrichOfficers(run: Enrichment, job: Job, signal: AbortSignal): Promise<void> {
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
    const known = company.officers_state === 'stale' && findStoredOfficers(db, companyNumber).length > 0
    const begun = beginFetch(run, companyNumber)
    const list = await fetchWhole(companiesHouse, companyNumber, { lane: laneOf([job]), signal, known })
    write(db, () => {
      if (isOvertaken(db, companyNumber, begun)) askAgainNow(run, job)
      else if (list && list.officers.length > 0) saveList(run, job, list)
      else doubtNone(run, job, company, list === null)
    })
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
    const withheld = saveOfficers(db, companyNumber, rows, { state: 'complete', fetchedAt, asOf: asOf(list), runId })
    saveNotes(tx, notesAboutOthers(officerNotes(list, companyNumber), withheld), { notedAt, runId })
    endFetch(tx, companyNumber)
  })
}

/** The stream has told of the company meanwhile: what was fetched may be older. It uses up no attempt. */
function askAgainNow({ db, clock, runId }: Enrichment, { companyNumber }: Job): void {
  const now = clock.now()
  const error = 'events overtook the list while it was fetched'
  write(db, (tx) => postponeJob(tx, companyNumber, { dueAt: now, error, counted: false }, { runId, now }))
}

/** An old company without a list has no officers; a young one may have them tomorrow. */
function doubtNone(run: Enrichment, job: Job, company: CompanyToEnrich, absent: boolean): void {
  const { db, clock, timings, runId, log } = run
  const { companyNumber, attempts } = job
  const now = clock.now()
  const young = job.cause === 'new' || isYoung(company.date_of_creation, now)
  // Where the stream has told of officers, the list is a moment behind it.
  const isTold = readTouched(db, companyNumber) > 0
  const soon = isTold || (absent && !young) ? timings.officersRetryMs : []
  const waits = [...soon, ...(young ? timings.youngOfficersRetryMs : [])]
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
