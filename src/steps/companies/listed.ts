// Brings the companies of a list into the database, by their profiles: GET /company/{n} for each that is not stored, into
// `companies`. Safe to run again, and beside itself: what is stored is not asked for.

import type { Clock } from '../../clock.ts'
import { UpstreamError } from '../../companies-house/call.ts'
import type { CompaniesHouse } from '../../companies-house/client.ts'
import { fetchProfile } from '../../companies-house/fetch-profile.ts'
import { findKnownCompany, insertCompany } from '../../db/companies/companies.ts'
import { whenFree } from '../../db/lock-wait.ts'
import { type Db, write } from '../../db/open.ts'
import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { ListedCompany } from './list.ts'

export interface ListedStep {
  db: Db
  companiesHouse: CompaniesHouse
  clock: Clock
  log: Log
  runId: number
  signal: AbortSignal
}

export interface ListedCounts {
  asked: number
  found: number
  /** The register does not know them. */
  unknown: ListedCompany[]
  /** No usable answer: running again asks again. */
  unanswered: ListedCompany[]
}

const AT_ONCE = 8

export function noListedCounts(): ListedCounts {
  return { asked: 0, found: 0, unknown: [], unanswered: [] }
}

/** The companies of a list that are not stored. */
export function missingOf(db: Db, companies: ListedCompany[]): ListedCompany[] {
  return companies.filter(({ number }) => findKnownCompany(db, number) === undefined)
}

/**
 * Asks for the profile of each of these companies and stores those that the register knows. Throws when the service is
 * away or the key is refused, and the signal's reason; what was found until then is stored.
 */
export async function fetchListed(step: ListedStep, companies: ListedCompany[], counts: ListedCounts): Promise<void> {
  const queue = companies.values()
  const failed = new AbortController()
  const signal = AbortSignal.any([step.signal, failed.signal])
  const work = async () => {
    for (const company of queue) {
      signal.throwIfAborted()
      await fetchOne({ ...step, signal }, company, counts)
    }
  }
  const workers = Array.from({ length: AT_ONCE }, () => work().catch((error) => failed.abort(error)))
  await Promise.all(workers)
  step.signal.throwIfAborted()
  failed.signal.throwIfAborted()
}

async function fetchOne(
  { db, companiesHouse, clock, log, runId, signal }: ListedStep,
  company: ListedCompany,
  counts: ListedCounts,
): Promise<void> {
  const { number } = company
  try {
    const fetched = await fetchProfile(companiesHouse, number, { lane: 'background', signal })
    counts.asked += 1
    if (fetched === null) {
      counts.unknown.push(company)
      return
    }
    const origin = { source: 'rest', fetchedAt: new Date(clock.now()).toISOString(), runId }
    const save = () => {
      if (findKnownCompany(db, number) === undefined) insertCompany(db, fetched.details, origin)
    }
    await whenFree(db, () => write(db, save))
    counts.found += 1
  } catch (error) {
    if (!(error instanceof UpstreamError) || signal.aborted) throw error
    counts.asked += 1
    counts.unanswered.push(company)
    log.warn('Companies House gave no profile of a listed company', { company: number, error: errorMessage(error) })
  }
}
