// Fetches the officers of pending companies until enough companies have some. Reads `companies` and GET
// /company/{n}/officers, writes `officers` and the companies' state. Safe to run again, and beside itself: what is
// pending is a query, each company is claimed by one run, and its list is stored whole or not at all.

import { whenFree } from '../db/lock-wait.ts'
import { claimCompany } from '../db/officer-claims.ts'
import { writeSoon } from '../db/open.ts'
import { type Ending, fetchClaims, type OfficerCounts } from './officer-pool.ts'
import type { OfficersStep } from './store-officers.ts'

export interface ImportOfficersOptions {
  target: number
  limit: number
  concurrency: number
  status: string[] | undefined
  sic: string[] | undefined
  runStartedAt: number
  counts: OfficerCounts
  signal: AbortSignal
}

/** Runs until the target, the limit, the end of the candidates or an interrupt; the target is never passed. */
export function importOfficers(step: OfficersStep, options: ImportOfficersOptions): Promise<Ending> {
  const query = { ...options, runId: step.runId, after: '' }
  const filtered = options.status !== undefined || options.sic !== undefined
  const next = async () => {
    const take = () => claimCompany(step.db, query, step.clock)
    const claim = await whenFree(step.db, () => writeSoon(step.db, take))
    if (filtered && typeof claim === 'object' && 'company' in claim) query.after = claim.company
    return claim
  }
  return fetchClaims(step, { ...options, next })
}
