// Second stage: a company's domain, asked for by name, ten names to a request. The answer is stored with the move to the
// next stage. A name that others have asked for is not bought again.

import { snapshot, type Tx } from '../../db/open.ts'
import {
  type Found,
  findCompany,
  findSharing,
  saveConfidence,
  saveDomain,
  saveDomainState,
} from '../../db/purchases/contacts.ts'
import { findStuck } from '../../db/purchases/polls.ts'
import { loadSuppressions } from '../../db/suppress/suppressions.ts'
import type { DomainAnswer, LostAnswer } from '../purchases/answers.ts'
import { domainInput, type Known, readKnown } from '../purchases/inputs.ts'
import { companySearchName } from '../purchases/match.ts'
import { buyDomains } from '../purchases/orders.ts'
import { providerOf } from '../purchases/provider.ts'
import { POLLS_BEFORE_DEFERRING } from '../purchases/purchase.ts'
import { domainConfidence } from './confidence.ts'
import type { PaidGate } from './gate.ts'
import {
  type Enrichment,
  type HeldJob,
  type HeldJobs,
  holdJobs,
  laneOf,
  lookAgain,
  moveJob,
  refusalOf,
  waitJob,
} from './jobs.ts'

/** Names in hand at once: several full requests. */
const CAPACITY = 200

interface Looked {
  job: HeldJob
  name: string
  known: Known
}

/** Makes the worker of the domain stage: each round of it returns whether there was anything to do. */
export function domainWorker(run: Enrichment, gate: PaidGate) {
  const held = holdJobs(run, 'domain', CAPACITY)
  /** Names that the provider refused in company: each is asked for alone. */
  const alone = new Set<string>()
  const isTime = lookAgain(run)
  const round = async (signal: AbortSignal): Promise<boolean> => {
    const claimed = held.fill()
    if (!isTime() && !claimed) return false
    const looked = look(run, held)
    const answered = looked.filter((one) => settleKnown(run, held, one))
    const unasked = looked.filter(({ known }) => known.state === 'unasked')
    const bought = unasked.length > 0 && (await buy(run, gate, held, unasked, alone, signal))
    return claimed || answered.length > 0 || bought
  }
  /** The gathering of the oldest name ends then. */
  const restMs = () => {
    const oldest = Math.min(...held.jobs.map(({ since }) => since))
    const left = oldest + run.timings.domainGatherMs - run.clock.steady()
    return left > 0 ? left : Number.POSITIVE_INFINITY
  }
  return { round, restMs, held }
}

/** What is known of each held company's name; those that may not be enriched are skipped. */
function look(run: Enrichment, held: HeldJobs): Looked[] {
  const { jobs } = held
  if (jobs.length === 0) return []
  const { rows, suppressions } = snapshot(run.db, (tx) => ({
    rows: jobs.map((job) => ({ job, company: findCompany(tx, job.companyNumber) })),
    suppressions: loadSuppressions(tx),
  }))
  const named = rows.flatMap(({ job, company }) => {
    const refusal = company ? refusalOf(company, job, run.options, suppressions) : 'the company is gone'
    if (company && refusal === null) return [{ job, name: companySearchName(company.company_name) }]
    moveJob(run, job, { state: 'skipped', error: refusal ?? '' })
    held.drop(job.companyNumber)
    return []
  })
  const inputs = named.map(({ name }) => domainInput(name))
  const known = snapshot(run.db, (tx) => readKnown(tx, 'domain', inputs, run.options.retryMissesBefore))
  return named.map((one) => ({ ...one, known: known.get(domainInput(one.name).key) ?? { state: 'unasked' } }))
}

/** Moves a job whose answer is there, and parks one whose answer takes long; returns whether it did either. */
function settleKnown(run: Enrichment, held: HeldJobs, { job, known }: Looked): boolean {
  if (known.state === 'unasked') return false
  if (known.state === 'answered') store(run, job, known)
  else if (!deferIfStuck(run, job, known.requestId)) return false
  held.drop(job.companyNumber)
  return true
}

const WHY_DEFERRED = {
  'in-doubt': (id: number) => `purchase ${id} is in doubt`,
  unmatched: (id: number) => `purchase ${id} has an answer that matches no name`,
  slow: (id: number) => `the provider takes long over purchase ${id}`,
}

/** Puts a job off whose purchase is in doubt or waits for the operator, or takes longer than a run waits; returns whether it did. */
export function deferIfStuck(run: Enrichment, job: HeldJob, requestId: number): boolean {
  const { db, clock, timings } = run
  const now = clock.now()
  const before = now - timings.snovDeferAfterMs
  const stuck = snapshot(db, (tx) => findStuck(tx, [requestId], { before, now, polls: POLLS_BEFORE_DEFERRING })).get(
    requestId,
  )
  if (!stuck) return false
  waitJob(run, job, timings.snovDeferredMs, WHY_DEFERRED[stuck](requestId))
  return true
}

function store(run: Enrichment, job: HeldJob, { answer }: Known & { state: 'answered' }): void {
  const { db, counts, log, runId } = run
  const { companyNumber } = job
  const found = answer.outcome === 'hit' ? (answer.answer as DomainAnswer) : null
  if (!found) {
    const lost = (answer.answer as LostAnswer | null)?.lost === true
    moveJob(run, job, { state: 'skipped', error: lost ? 'the answer was paid for and lost' : 'no domain' })
    return
  }
  const { domain } = found
  if (snapshot(db, loadSuppressions).domain(domain)) {
    moveJob(run, job, { state: 'skipped', error: 'suppressed' })
    return
  }
  const moved = moveJob(run, job, { stage: 'officers' }, (tx, now) =>
    saveFound(
      tx,
      run,
      { companyNumber, provider: answer.provider, runId, foundAt: new Date(now).toISOString() },
      domain,
    ),
  )
  if (!moved) return
  counts.domains += 1
  log.info('domain found', { company: companyNumber, domain })
}

/** Whoever shares the domain is judged anew. */
function saveFound(tx: Tx, { options }: Enrichment, found: Found, domain: string): void {
  saveDomain(tx, found, domain)
  const sharing = findSharing(tx, domain)
  for (const one of sharing) {
    const confidence = domainConfidence({ companyName: one.companyName, domain, sharedWith: sharing.length - 1 })
    if (confidence !== one.confidence) saveConfidence(tx, one, confidence)
    if (one.companyNumber === found.companyNumber && confidence < options.minConfidence) {
      saveDomainState(tx, found.companyNumber, domain, 'unlikely')
    }
  }
}

/** Buys the names that have gathered; returns whether a request was sent. */
async function buy(
  run: Enrichment,
  gate: PaidGate,
  held: HeldJobs,
  unasked: Looked[],
  alone: Set<string>,
  signal: AbortSignal,
): Promise<boolean> {
  const { clock, timings, options } = run
  if (!gate.isOpen()) {
    if (gate.isHopeless()) held.setAside(unasked.map(({ job }) => job))
    return false
  }
  const oldest = Math.min(...unasked.map(({ job }) => job.since))
  const single = unasked.find(({ name }) => alone.has(name))
  const { maxRows } = providerOf(run.providers, 'domain').terms
  const gathered = new Set(unasked.map(({ name }) => name)).size >= maxRows
  if (!single && !gathered && clock.steady() - oldest < timings.domainGatherMs) return false
  const batch = single ? [single] : unasked
  const names = [...new Set(batch.map(({ name }) => name))].slice(0, maxRows)
  const { limits, retryMissesBefore } = options
  const lane = laneOf(batch.map(({ job }) => job))
  const purchase = await buyDomains(run, names, { limits, retryMissesBefore, lane, signal })
  gate.ended(purchase)
  if (purchase.ended === 'bought') run.settled += 1
  if (purchase.ended === 'refused') {
    if (names.length > 1) for (const name of names) alone.add(name)
    else for (const { job } of batch.filter(({ name }) => name === names[0])) refuse(run, held, job, purchase.error)
  }
  return purchase.ended === 'started' || purchase.ended === 'bought'
}

/** Asking again unchanged will not help. */
function refuse(run: Enrichment, held: HeldJobs, job: HeldJob, error: string): void {
  moveJob(run, job, { state: 'failed', error })
  held.drop(job.companyNumber)
}
