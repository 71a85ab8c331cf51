// Fetches lists again that were stored too long ago, the oldest first, and replaces each in one transaction. A list that
// cannot be fetched stays as it is.

import { whenFree } from '../db/lock-wait.ts'
import { claimStale } from '../db/officer-claims.ts'
import { writeSoon } from '../db/open.ts'
import { type Ending, fetchClaims, type OfficerCounts } from './officer-pool.ts'
import type { OfficersStep } from './store-officers.ts'

export interface RefreshOfficersOptions {
  /** Lists older than this are fetched again. */
  ageMs: number
  limit: number
  concurrency: number
  runStartedAt: number
  counts: OfficerCounts
  signal: AbortSignal
}

/** Runs until no list is older than `ageMs` at the start, the limit, or an interrupt. */
export function refreshOfficers(step: OfficersStep, options: RefreshOfficersOptions): Promise<Ending> {
  const { ageMs, runStartedAt } = options
  const query = { runId: step.runId, runStartedAt, before: new Date(runStartedAt - ageMs).toISOString() }
  const take = () => writeSoon(step.db, () => claimStale(step.db, query, step.clock))
  return fetchClaims(step, { ...options, next: () => whenFree(step.db, take) })
}
