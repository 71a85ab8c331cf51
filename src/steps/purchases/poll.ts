// Asks for the results of purchases that are on their way, whichever process or run began them, and settles those that
// are finished. Reads and writes `provider_requests`, writes `provider_answers` and `credit_ledger`. Safe to run again
// and beside itself: a due request is claimed before it is asked for, and closed once.

import type { Timings } from '../../clock.ts'
import { snapshot, type Tx, write } from '../../db/open.ts'
import {
  claimDueRequests,
  findOtherRuns,
  type Others,
  postponeRequest,
  readNextPollAt,
} from '../../db/purchases/polls.ts'
import { doubtRequest, type ProviderRequest } from '../../db/purchases/requests.ts'
import { errorMessage } from '../../errors.ts'
import { ProviderError } from '../../upstream/provider-error.ts'
import { doubtLostStarts, settleByBalance } from './doubt.ts'
import { type CallOptions, type DomainRow, type EmailsRow, providerNamed, type Rows } from './provider.ts'
import { measurePurchase, POLLS_BEFORE_DEFERRING, type PurchaseStep } from './purchase.ts'
import { NOTHING, settlePurchase, settleRows } from './settle.ts'

/** Requests asked for side by side. */
const WIDTH = 8

export interface PollSummary {
  /** Questions asked about open purchases. */
  polled: number
  /** Purchases whose answers are stored now. */
  settled: number
  /** Credits booked meanwhile for purchases that this run has not made. */
  creditsOfOthers: number
  /** The credits ran out on the way: paid stages should pause. */
  notEnoughCredits: boolean
}

/** Whose purchases are left to them, until they are overdue by a lease. */
export function leftToOthers(
  tx: Tx,
  { runId, clock, timings }: Pick<PurchaseStep, 'runId' | 'clock' | 'timings'>,
): Others {
  return { runs: findOtherRuns(tx, runId, clock), graceMs: Math.ceil(timings.snovTimeoutMs) }
}

/**
 * Polls what is due, once each. A task that takes long is deferred and polled ever more rarely, but never started again.
 * Throws a `config` error for refused credentials and the signal's reason.
 */
export async function pollPurchases(step: PurchaseStep, options: CallOptions): Promise<PollSummary> {
  const { db, clock, timings } = step
  doubtLostStarts(step)
  const summary: PollSummary = { polled: 0, settled: 0, creditsOfOthers: 0, notEnoughCredits: false }
  const dueAt = clock.now()
  for (;;) {
    options.signal.throwIfAborted()
    const others = snapshot(db, (tx) => leftToOthers(tx, step))
    if ((readNextPollAt(db, others) ?? Number.POSITIVE_INFINITY) > dueAt) return summary
    const leaseUntil = Math.ceil(clock.now() + timings.snovTimeoutMs)
    const due = write(db, (tx) => claimDueRequests(tx, dueAt, leaseUntil, WIDTH, others))
    const polls = await Promise.allSettled(due.map((request) => askOnce(step, request, options, summary)))
    for (const poll of polls) if (poll.status === 'rejected') throw poll.reason
  }
}

async function askOnce(
  step: PurchaseStep,
  request: ProviderRequest,
  options: CallOptions,
  summary: PollSummary,
): Promise<void> {
  const { db } = step
  const { id } = request
  summary.polled += 1
  const settled = (credits: number | null) => {
    if (credits === null) return
    summary.settled += 1
    if (request.runId !== step.runId) summary.creditsOfOthers += credits
  }
  try {
    if (request.task === null || request.status === 'unconfirmed') {
      const credits = await settleByBalance(step, request, options)
      if (credits === null) postpone(step, request, request.lastError)
      else settled(credits)
      return
    }
    const poll = await pollTask(step, request.task, request, options)
    if (poll.state === 'pending') return postpone(step, request, null)
    settled(settleRows(step, id, poll))
    if (poll.state === 'not-enough-credits') summary.notEnoughCredits = true
    await measurePurchase(step, request, options)
  } catch (error) {
    if (!(error instanceof ProviderError)) {
      write(db, (tx) => postponeRequest(tx, id, step.clock.now(), request.lastError))
      throw error
    }
    if (error.fault === 'not-enough-credits') {
      // The same end as a result that says so: what it left out may be bought later.
      settled(settlePurchase(step, request, 'not-enough-credits', NOTHING))
      summary.notEnoughCredits = true
    } else endFailedPoll(step, request, error)
  }
}

async function pollTask(
  { providers }: PurchaseStep,
  task: string,
  { provider: name, operation }: ProviderRequest,
  options: CallOptions,
): Promise<{ state: 'pending' } | Rows<DomainRow | EmailsRow>> {
  const poll = providerNamed(providers, name)?.poll
  // What is on its way at a provider that is no longer set up waits until it is.
  if (!poll) return { state: 'pending' }
  return operation === 'domain' ? poll.domains(task, options) : poll.emails(task, options)
}

/** A task that the provider no longer knows, long after its start, was bought or not: that is a doubt. */
function endFailedPoll(step: PurchaseStep, request: ProviderRequest, failure: ProviderError): void {
  const { db, clock, timings, log } = step
  const error = errorMessage(failure)
  const ageMs = clock.now() - request.requestedAt
  if (failure.fault !== 'not-found' || ageMs < timings.snovDeferAfterMs || request.status === 'unconfirmed') {
    postpone(step, request, error)
    return
  }
  write(db, (tx) => doubtRequest(tx, request.id, { error, nextPollAt: clock.now() + timings.snovDeferredMs }))
  log.warn(`purchase in doubt: ${titleOf(step, request)} does not know its task any more`, { request: request.id })
}

function titleOf({ providers }: PurchaseStep, { provider }: ProviderRequest): string {
  return providerNamed(providers, provider)?.title ?? provider
}

function postpone(step: PurchaseStep, request: ProviderRequest, error: string | null): void {
  const { db, clock, timings, log } = step
  const { id, polls, requestedAt } = request
  const now = clock.now()
  const ageMs = now - requestedAt
  const waitMs = pollWaitMs(polls + 1, ageMs, timings)
  if (isSlow(polls + 1, ageMs, timings) && !isSlow(polls, ageMs - pollWaitMs(polls, 0, timings), timings)) {
    log.warn(`purchase deferred: ${titleOf(step, request)} is taking a long time`, { request: id })
  }
  write(db, (tx) => postponeRequest(tx, id, Math.ceil(now + waitMs), error))
}

/** How long to wait after so many polls of a task that was started `ageMs` ago. */
function pollWaitMs(polls: number, ageMs: number, timings: Timings): number {
  const { snovPollMs, snovDeferredMs, snovDeferredCapMs } = timings
  if (isSlow(polls, ageMs, timings)) return Math.min(snovDeferredCapMs, Math.max(snovDeferredMs, ageMs))
  return snovPollMs[Math.min(polls, snovPollMs.length - 1)] ?? snovDeferredMs
}

function isSlow(polls: number, ageMs: number, { snovDeferAfterMs }: Timings): boolean {
  return ageMs >= snovDeferAfterMs && polls >= POLLS_BEFORE_DEFERRING
}
