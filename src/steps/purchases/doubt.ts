// Purchases that may or may not have been made. They are never sent again by themselves: the balance may prove that one
// was bought, and only the operator can say that one was not.

import type { Clock } from '../../clock.ts'
import { type Db, snapshot, type Tx, write } from '../../db/open.ts'
import { saveAnswers } from '../../db/purchases/answers.ts'
import { balanceDifference, bookPurchase, readBookedAfter } from '../../db/purchases/credits.ts'
import {
  closeRequest,
  doubtRequest,
  findRequest,
  type ProviderRequest,
  readLostStarts,
  readTraffic,
} from '../../db/purchases/requests.ts'
import { ChpipeError } from '../../errors.ts'
import type { LostAnswer } from './answers.ts'
import { type CallOptions, providerNamed } from './provider.ts'
import { type PurchaseStep, readBalance } from './purchase.ts'

/** Puts the requests that a dead process left without a task hash in doubt. */
export function doubtLostStarts({ db, clock, log, runId }: PurchaseStep): void {
  const ids = readLostStarts(db, runId, clock)
  if (ids.length === 0) return
  const error = 'the process ended between sending the request and its answer'
  write(db, (tx) => {
    for (const id of ids) doubtRequest(tx, id, { error, nextPollAt: clock.now() })
  })
  for (const request of ids) log.warn('purchase in doubt: the process that sent it ended', { request })
}

/**
 * Tries to settle a doubt by the balance. It is conclusive only when the balance before is known, nothing else is open,
 * and what is missing, beyond everything booked since, is exactly the worst case: then it was bought. An unmoved
 * balance proves nothing (misses are free, and a task may still be charged), nor does a part of the worst case. Returns
 * the credits that were booked; null when it stays in doubt.
 */
export async function settleByBalance(
  step: PurchaseStep,
  request: ProviderRequest,
  options: CallOptions,
): Promise<number | null> {
  const { db, providers, clock, log } = step
  const { id, provider: name, balanceBefore, reserved } = request
  const provider = providerNamed(providers, name)
  const onlyOne = (tx: Tx) => readTraffic(tx, name).open === 1
  if (!provider || balanceBefore === null || !snapshot(db, onlyOne)) return null
  const { newestId } = snapshot(db, (tx) => readTraffic(tx, name))
  const balance = await readBalance(provider, options)
  if (balance === null) return null
  const spent = balanceDifference(balanceBefore, balance)
  const settled = write(db, (tx) => {
    if (spent === null || !onlyOne(tx) || readTraffic(tx, name).newestId !== newestId) return false
    if (spent - readBookedAfter(tx, id, name) !== reserved) return false
    return bookLost(tx, request, reserved, clock.now())
  })
  if (!settled) return null
  log.warn('purchase settled by the balance: it was bought, its answer is lost', { request: id })
  return reserved
}

/**
 * The operator's word about a purchase in doubt. `bought`: it is booked at its worst case, its answer is lost, and its
 * inputs are never paid for again. `not-bought`: its inputs may be bought. Throws `usage` for any other request.
 */
export function settleByOperator(db: Db, clock: Clock, id: number, verdict: 'bought' | 'not-bought'): void {
  write(db, (tx) => {
    const request = findRequest(tx, id)
    if (request?.status !== 'unconfirmed') {
      throw new ChpipeError('usage', `There is no unconfirmed purchase ${id}`, {
        hint: 'list them: chpipe enrich --unconfirmed',
      })
    }
    const completedAt = clock.now()
    if (verdict === 'bought') bookLost(tx, request, null, completedAt)
    else closeRequest(tx, id, { status: 'refused', completedAt, error: 'the operator says that it was not bought' })
  })
}

function bookLost(tx: Tx, request: ProviderRequest, observed: number | null, now: number): boolean {
  const { id, provider, operation, inputs, reserved, balanceBefore, runId } = request
  const error = 'bought, but the answer is lost'
  if (!closeRequest(tx, id, { status: 'completed', completedAt: now, error })) return false
  const answers = inputs.map(({ key }) => {
    return { key, outcome: 'miss' as const, answer: { lost: true } satisfies LostAnswer }
  })
  saveAnswers(tx, answers, { provider, operation, requestId: id, answeredAt: now })
  bookPurchase(tx, {
    provider,
    requestId: id,
    operation,
    expected: reserved,
    observed,
    balanceBefore,
    bookedAt: now,
    runId,
  })
  return true
}
