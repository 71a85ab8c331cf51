// Ends a purchase whose task is finished: its answers, suppressions, ledger row and state in one transaction. Safe to
// repeat: a request is closed once.
import { bookPurchase } from '../db/credits.ts'
import { wakePaidJobs } from '../db/job-claims.ts'
import { write } from '../db/open.ts'
import { saveAnswers } from '../db/provider-answers.ts'
import { closeRequest, type ProviderRequest } from '../db/provider-requests.ts'
import { suppressEmail } from '../db/suppressions.ts'
import { keepUnmatched } from '../db/unmatched-answers.ts'
import type { PurchaseStep } from './purchase.ts'
import type { Answers } from './purchase-answers.ts'

/**
 * Books a finished task. When the credits ran out on the way, what was found is kept and paid, and the rest stays
 * unasked. Returns the credits that were booked; null when another process has ended it.
 */
export function settlePurchase(
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
