// Asks for the results of purchases that are on their way, whichever process or run began them, and settles those that
// are finished. Reads and writes `provider_requests`, writes `provider_answers` and `credit_ledger`. Safe to run again
// and beside itself: a due request is claimed before it is asked for, and closed once.

import type { Timings } from '../../clock.ts'
import { wakePaidJobs } from '../../db/jobs/queue.ts'
import { snapshot, type Tx, write } from '../../db/open.ts'
import { keepUnmatched, saveAnswers } from '../../db/purchases/answers.ts'
import { bookPurchase } from '../../db/purchases/credits.ts'
import {
  claimDueRequests,
  findOtherRuns,
  type Others,
  postponeRequest,
  readNextPollAt,
} from '../../db/purchases/polls.ts'
import { closeRequest, doubtRequest, type ProviderRequest } from '../../db/purchases/requests.ts'
import { suppressEmail } from '../../db/suppress/suppressions.ts'
import { errorMessage } from '../../errors.ts'
import type { CallOptions } from '../../snov/client.ts'
import { SnovError } from '../../snov/exchange.ts'
import type { Poll } from '../../snov/replies.ts'
import { type Answers, domainAnswers, emailsAnswers } from './answers.ts'
import { doubtLostStarts, settleByBalance } from './doubt.ts'
import { measurePurchase, POLLS_BEFORE_PARKING, type PurchaseStep } from './purchase.ts'

/** Requests asked for side by side. */
const WIDTH = 8

export interface PollSummary {
  /** Questions asked about open purchases. */
  polled: number
  /** Purchases whose answers are stored now. */
  settled: number
  /** Credits booked meanwhile for purchases that this run has not made. */
  creditsOfOthers: number
  /** Snov ran out of credits on the way: paid stages should pause. */
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
 * Polls what is due, once each. A task that takes long is parked and polled ever more rarely, but never started again.
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
    if (poll === 'pending') return postpone(step, request, null)
    settled(settlePurchase(step, request, poll.state, poll.answers))
    if (poll.state === 'not-enough-credits') summary.notEnoughCredits = true
    await measurePurchase(step, request, options)
  } catch (error) {
    if (!(error instanceof SnovError)) {
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

const NOTHING: Answers = { answers: [], price: 0, unmatched: [], holds: false, hidden: [] }

interface Finished {
  state: 'completed' | 'not-enough-credits'
  answers: Answers
}

async function pollTask(
  { snov, log }: PurchaseStep,
  task: string,
  { id, operation, inputs }: ProviderRequest,
  options: CallOptions,
): Promise<Finished | 'pending'> {
  const finish = <Row>(poll: Poll<Row>, shape: (rows: Row[], odd: string[]) => Answers): Finished | 'pending' => {
    if (poll.state === 'pending') return 'pending'
    const { state, rows, odd, oddTexts } = poll
    if (odd > 0) log.warn('rows of an answer could not be read', { request: id, rows: odd })
    return { state, answers: shape(rows, oddTexts) }
  }
  if (operation === 'domain') {
    return finish(await snov.pollDomains(task, options), (rows, odd) => domainAnswers(inputs, rows, odd))
  }
  return finish(await snov.pollEmails(task, options), (rows, odd) => emailsAnswers(inputs, rows, odd))
}

/** A task that Snov no longer knows, long after its start, was bought or not: that is a doubt. */
function endFailedPoll(step: PurchaseStep, request: ProviderRequest, failure: SnovError): void {
  const { db, clock, timings, log } = step
  const error = errorMessage(failure)
  const ageMs = clock.now() - request.requestedAt
  if (failure.fault !== 'not-found' || ageMs < timings.snovParkAfterMs || request.status === 'unconfirmed') {
    postpone(step, request, error)
    return
  }
  write(db, (tx) => doubtRequest(tx, request.id, { error, nextPollAt: clock.now() + timings.snovParkedMs }))
  log.warn('purchase in doubt: Snov does not know its task any more', { request: request.id })
}

function postpone({ db, clock, timings, log }: PurchaseStep, request: ProviderRequest, error: string | null): void {
  const { id, polls, requestedAt } = request
  const now = clock.now()
  const ageMs = now - requestedAt
  const waitMs = pollWaitMs(polls + 1, ageMs, timings)
  if (isSlow(polls + 1, ageMs, timings) && !isSlow(polls, ageMs - pollWaitMs(polls, 0, timings), timings)) {
    log.warn('purchase parked: Snov takes long over it', { request: id })
  }
  write(db, (tx) => postponeRequest(tx, id, Math.ceil(now + waitMs), error))
}

/** How long to wait after so many polls of a task that was started `ageMs` ago. */
function pollWaitMs(polls: number, ageMs: number, timings: Timings): number {
  const { snovPollMs, snovParkedMs, snovParkedCapMs } = timings
  if (isSlow(polls, ageMs, timings)) return Math.min(snovParkedCapMs, Math.max(snovParkedMs, ageMs))
  return snovPollMs[Math.min(polls, snovPollMs.length - 1)] ?? snovParkedMs
}

function isSlow(polls: number, ageMs: number, { snovParkAfterMs }: Timings): boolean {
  return ageMs >= snovParkAfterMs && polls >= POLLS_BEFORE_PARKING
}

// Ends a purchase whose task is finished: its answers, suppressions, ledger row and state in one transaction. Safe to
// repeat: a request is closed once.

/**
 * Books a finished task. When the credits ran out on the way, what was found is kept and paid, and the rest stays
 * unasked. Returns the credits that were booked; null when another process has ended it.
 */
function settlePurchase(
  { db, clock, log, timings, runId: ownRun }: PurchaseStep,
  request: ProviderRequest,
  state: 'completed' | 'not-enough-credits',
  { answers, price, unmatched, holds, hidden }: Answers,
): number | null {
  const now = clock.now()
  const complete = state === 'completed'
  const kept = complete ? answers : answers.filter(({ outcome }) => outcome !== 'miss')
  const { id, operation, balanceBefore, runId } = request
  const booked = write(db, (tx) => {
    const status = holds ? 'unmatched' : complete ? 'completed' : 'refused'
    if (!closeRequest(tx, id, { status, error: complete ? null : state, completedAt: now })) return false
    if (unmatched.length > 0) keepUnmatched(tx, id, unmatched, now)
    saveAnswers(tx, kept, { operation, requestId: id, answeredAt: now })
    const rule = { reason: 'hidden by its owner, says Snov', addedAt: new Date(now).toISOString() }
    for (const address of hidden) suppressEmail(tx, address, rule)
    if (complete || price > 0) {
      const purchase = { requestId: id, operation, expected: price, observed: null, balanceBefore }
      bookPurchase(tx, { ...purchase, bookedAt: now, runId })
    }
    // Whoever waited for so long was put off.
    if (now - request.requestedAt >= timings.snovParkAfterMs) wakePaidJobs(tx, now)
    return true
  })
  if (!booked) return null
  const hits = kept.filter(({ outcome }) => outcome === 'hit').length
  const said = runId === ownRun ? 'purchase settled' : 'purchase of an earlier run settled'
  log.info(said, { request: id, operation, state, hits, credits: price })
  if (unmatched.length > 0) {
    const rows = unmatched.length
    log.warn('an answer matches none of the names asked for', { request: id, rows, try: 'chpipe enrich --unmatched' })
  }
  return price
}
