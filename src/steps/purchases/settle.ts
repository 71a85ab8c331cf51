// Ends a purchase that is answered: its answers, suppressions, ledger row and state in one transaction. Safe to repeat: a
// request is closed once.
import { wakePaidJobs } from '../../db/jobs/queue.ts'
import { snapshot, write } from '../../db/open.ts'
import { keepUnmatched, saveAnswers } from '../../db/purchases/answers.ts'
import { bookPurchase } from '../../db/purchases/credits.ts'
import { closeRequest, findRequest, type ProviderRequest } from '../../db/purchases/requests.ts'
import { suppressEmail } from '../../db/suppress/suppressions.ts'
import { type Answers, domainAnswers, emailsAnswers } from './answers.ts'
import { type DomainRow, type EmailsRow, providerNamed, type Rows } from './provider.ts'
import type { PurchaseStep } from './purchase.ts'

/** Books the rows that answer a request. Returns the credits that were booked; null when another process has ended it. */
export function settleRows(step: PurchaseStep, requestId: number, rows: Rows<DomainRow | EmailsRow>): number | null {
  const request = snapshot(step.db, (tx) => findRequest(tx, requestId))
  if (!request) return null
  if (rows.odd > 0) step.log.warn('rows of an answer could not be read', { request: requestId, rows: rows.odd })
  return settlePurchase(step, request, rows.state, answersOf(step, request, rows))
}

function answersOf(
  { providers }: PurchaseStep,
  request: ProviderRequest,
  result: Rows<DomainRow | EmailsRow>,
): Answers {
  const { provider, operation, inputs } = request
  const { rows, oddTexts } = result
  const answers =
    operation === 'domain'
      ? domainAnswers(inputs, rows as DomainRow[], oddTexts)
      : emailsAnswers(inputs, rows as EmailsRow[], oddTexts)
  return { ...answers, price: answers.price * (providerNamed(providers, provider)?.operations[operation]?.price ?? 1) }
}

/**
 * Books a finished task. When the credits ran out on the way, what was found is kept and paid, and the rest stays
 * unasked. Returns the credits that were booked; null when another process has ended it.
 */
export function settlePurchase(
  { db, providers, clock, log, timings, runId: ownRun }: PurchaseStep,
  request: ProviderRequest,
  state: 'completed' | 'not-enough-credits',
  { answers, price, unmatched, holds, hidden }: Answers,
): number | null {
  const now = clock.now()
  const complete = state === 'completed'
  const kept = complete ? answers : answers.filter(({ outcome }) => outcome !== 'miss')
  const { id, provider, operation, balanceBefore, runId } = request
  const title = providerNamed(providers, provider)?.title ?? provider
  const booked = write(db, (tx) => {
    const status = holds ? 'unmatched' : complete ? 'completed' : 'refused'
    if (!closeRequest(tx, id, { status, error: complete ? null : state, completedAt: now })) return false
    if (unmatched.length > 0) keepUnmatched(tx, id, unmatched, now)
    saveAnswers(tx, kept, { provider, operation, requestId: id, answeredAt: now })
    const rule = { reason: `hidden by its owner, says ${title}`, addedAt: new Date(now).toISOString() }
    for (const address of hidden) suppressEmail(tx, address, rule)
    if (complete || price > 0) {
      const purchase = { provider, requestId: id, operation, expected: price, observed: null, balanceBefore }
      bookPurchase(tx, { ...purchase, bookedAt: now, runId })
    }
    // Whoever waited for so long was put off.
    if (now - request.requestedAt >= timings.snovDeferAfterMs) wakePaidJobs(tx, now)
    return true
  })
  if (!booked) return null
  const hits = kept.filter(({ outcome }) => outcome === 'hit').length
  const said = runId === ownRun ? 'purchase settled' : 'purchase of an earlier run settled'
  log.info(said, { request: id, operation, state, hits, credits: price })
  if (unmatched.length > 0) {
    const rows = unmatched.length
    log.warn('an answer matches none of the requested names', { request: id, rows, try: 'chpipe enrich --unmatched' })
  }
  return price
}

/** The end of a task that came to nothing for lack of credits: what it left out may be bought later. */
export const NOTHING: Answers = { answers: [], price: 0, unmatched: [], holds: false, hidden: [] }
