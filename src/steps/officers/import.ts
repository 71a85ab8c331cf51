// Fetches the officers of pending companies until enough companies have some. Reads `companies` and GET
// /company/{n}/officers, writes `officers` and the companies' state. Safe to run again, and beside itself: what is
// pending is a query, each company is claimed by one run, and its list is stored whole or not at all.

import { setMaxListeners } from 'node:events'
import pLimit from 'p-limit'
import { whenFree } from '../../db/lock-wait.ts'
import { type Claim, type ClaimedCompany, claimCompany, claimDoubtful, claimStale } from '../../db/officers/claims.ts'
import { definePostcodeTest, isFiltering, type OfficersFilter } from '../../db/officers/filter.ts'
import { drawUpOrder, type FetchOrder } from '../../db/officers/order.ts'
import { writeSoon } from '../../db/open.ts'
import { type OfficersStep, type StoreOutcome, storeOfficers } from './store.ts'

export interface ImportOfficersOptions extends OfficersFilter {
  target: number
  limit: number
  concurrency: number
  /** In the order of the numbers unless it is given. */
  order?: FetchOrder | undefined
  runStartedAt: number
  counts: FetchCounts
  signal: AbortSignal
}

/** Runs until the target, the limit, the end of the candidates or an interrupt; the target is never passed. */
export function importOfficers(step: OfficersStep, options: ImportOfficersOptions): Promise<Ending> {
  const { order } = options
  definePostcodeTest(step.db, options)
  const ordered = order === undefined ? undefined : drawUpOrder(step.db, order, options)
  const query = { ...options, next: ordered, runId: step.runId, after: '' }
  const filtered = isFiltering(options)
  const next = async () => {
    const take = () => claimCompany(step.db, query, step.clock)
    const claim = await whenFree(step.db, () => writeSoon(step.db, take))
    if (filtered && typeof claim === 'object' && 'company' in claim) query.after = claim.company
    return claim
  }
  return fetchClaims(step, { ...options, next })
}

// Fetches lists again that were stored too long ago, the oldest first, and replaces each in one transaction. A list that
// cannot be fetched stays as it is.

export interface RefreshOfficersOptions extends OfficersFilter {
  /** Lists older than this are fetched again. */
  ageMs: number
  limit: number
  concurrency: number
  runStartedAt: number
  counts: FetchCounts
  signal: AbortSignal
}

/** Runs until no list is older than `ageMs` at the start, the limit, or an interrupt. */
export function refreshOfficers(step: OfficersStep, options: RefreshOfficersOptions): Promise<Ending> {
  const { ageMs, runStartedAt } = options
  definePostcodeTest(step.db, options)
  const query = { ...options, runId: step.runId, before: new Date(runStartedAt - ageMs).toISOString() }
  const take = () => writeSoon(step.db, () => claimStale(step.db, query, step.clock))
  return fetchClaims(step, { ...options, next: () => whenFree(step.db, take) })
}

/** Fetches lists in doubt, the oldest first, until none is free or the limit; the others stay as they are. */
export function refreshDoubtful(step: OfficersStep, options: Omit<RefreshOfficersOptions, 'ageMs'>): Promise<Ending> {
  const query = { runId: step.runId, runStartedAt: options.runStartedAt }
  const take = () => writeSoon(step.db, () => claimDoubtful(step.db, query, step.clock)) ?? 'nothing-left'
  return fetchClaims(step, { ...options, next: () => whenFree(step.db, take) })
}

// Keeps several officer lists in flight: claims are taken one by one, fetches run side by side.

export interface FetchCounts {
  /** Lists stored in this run, empty ones among them. */
  fetched: number
  none: number
  failed: number
  officers: number
  /** Notes written: items or totals that did not fit. */
  odd: number
}

/** Why a run came to its end. */
export type Ending = 'target-reached' | 'nothing-left' | 'limit-reached' | 'interrupted'

export interface PoolOptions {
  concurrency: number
  /** Companies that this run may take, at most. */
  limit: number
  /** Takes the next claim in a transaction of its own. */
  next(): Claim | Promise<Claim>
  counts: FetchCounts
  signal: AbortSignal
}

/** No counts yet. */
export function noCounts(): FetchCounts {
  return { fetched: 0, none: 0, failed: 0, officers: 0, odd: 0 }
}

/**
 * Fetches claim after claim until there is none, and says why it ended. The first error that concerns everybody stops
 * the rest and is thrown; an interrupt lets what is in flight finish or be abandoned, within two seconds.
 */
async function fetchClaims(step: OfficersStep, options: PoolOptions): Promise<Ending> {
  const { concurrency, limit, next, counts, signal } = options
  const halt = new AbortController()
  setMaxListeners(0, halt.signal)
  const interrupted = () => halt.abort(signal.reason)
  signal.addEventListener('abort', interrupted, { once: true })
  if (signal.aborted) interrupted()
  const slots = pLimit(concurrency)
  const flying = new Set<Promise<void>>()
  const taken = new Set<string>()

  const fly = (claimed: ClaimedCompany) => {
    const flight = slots(() => storeOfficers(step, claimed, halt.signal))
      .then((outcome) => tally(counts, outcome))
      .catch((error) => halt.abort(error))
      .finally(() => flying.delete(flight))
    flying.add(flight)
  }

  let ending: Ending = 'interrupted'
  try {
    while (!halt.signal.aborted) {
      if (flying.size >= concurrency) {
        await Promise.race(flying)
        continue
      }
      if (taken.size >= limit) {
        ending = 'limit-reached'
        break
      }
      const claim = await next()
      if (typeof claim === 'string') {
        ending = claim
        break
      }
      if ('company' in claim) {
        taken.add(claim.company)
        fly(claim)
      } else await pause(step, flying, claim.waitMs, halt.signal)
    }
  } catch (error) {
    halt.abort(error)
  }
  await Promise.all(flying)
  signal.removeEventListener('abort', interrupted)
  if (halt.signal.aborted && !signal.aborted) throw halt.signal.reason
  return signal.aborted ? 'interrupted' : ending
}

/** Waits until a fetch ends, the time is over, or the run is stopped, whichever comes first. */
async function pause(
  { clock }: OfficersStep,
  flying: Set<Promise<void>>,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const rest = new AbortController()
  const stop = () => rest.abort()
  signal.addEventListener('abort', stop, { once: true })
  await Promise.race([clock.sleep(ms, rest.signal).catch(() => {}), ...flying])
  signal.removeEventListener('abort', stop)
  rest.abort()
}

function tally(counts: FetchCounts, outcome: StoreOutcome): void {
  if (outcome.state === 'failed') counts.failed += 1
  if (outcome.state !== 'complete' && outcome.state !== 'none') return
  counts.fetched += 1
  counts.officers += outcome.officers
  counts.odd += outcome.odd
  if (outcome.state === 'none') counts.none += 1
}
