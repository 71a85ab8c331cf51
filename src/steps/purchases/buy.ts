// Buys one batch: what to buy, the reserve and the balance are decided and written in one transaction, then the request
// is sent, once. Reads and writes `provider_requests`, reads `provider_answers` and `credit_ledger`. Safe to interrupt
// anywhere: a request without its task hash becomes unconfirmed, and its inputs are not asked for again.

import { whenFree } from '../../db/lock-wait.ts'
import { snapshot, type Tx, write } from '../../db/open.ts'
import { readCreditRoom } from '../../db/purchases/credits.ts'
import {
  type AskedInput,
  closeRequest,
  createRequest,
  doubtRequest,
  findRequest,
  type Operation,
  readTraffic,
  startRequest,
  withdrawRequest,
} from '../../db/purchases/requests.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import { ProviderError } from '../../upstream/provider-error.ts'
import { backoffMs } from '../../upstream/wire.ts'
import { requestKey } from './inputs.ts'
import {
  type DomainRow,
  type EmailsRow,
  type Provider,
  providerOf,
  type ReadyStart,
  type Started,
  type Terms,
} from './provider.ts'
import {
  type BuyOptions,
  measurePurchase,
  type Purchase,
  type PurchaseStep,
  type Reading,
  readBalanceBefore,
} from './purchase.ts'
import { settleRows } from './settle.ts'

const MAX_ATTEMPTS = 4

export interface Order<Input extends AskedInput> {
  operation: Operation
  /** The inputs to buy now, the most urgent first, or why there are none. Called inside transactions. */
  choose(tx: Tx): Input[] | 'answered' | 'waiting'
  send(start: ReadyStart, inputs: Input[]): Promise<Started<DomainRow | EmailsRow>>
}

/**
 * Buys what the order chooses, as far as the limits allow. Throws a `config` error for refused credentials and the
 * signal's reason; every other end is a result.
 */
export async function buyBatch<Input extends AskedInput>(
  step: PurchaseStep,
  order: Order<Input>,
  options: BuyOptions,
): Promise<Purchase> {
  const { clock, timings } = step
  const seller = providerOf(step.providers, order.operation)
  let rows = seller.terms.maxRows
  for (let attempt = 1; ; attempt += 1) {
    const result = await tryOnce(step, seller, order, rows, options)
    if ('ended' in result && result.ended === 'refused' && result.inputs.length > 1) {
      rows = 1
      continue
    }
    if ('ended' in result) return result
    if (attempt >= MAX_ATTEMPTS) return { ended: 'unreached', error: result.error }
    if (result.again === 'passing') {
      await clock.sleep(backoffMs(attempt, timings.backoffBaseMs, timings.backoffCapMs), options.signal)
    }
  }
}

/** It did not arrive and may be tried again, at once where the client's own gate or token makes the next call wait. */
interface Unsent {
  again: ProviderError['fault']
  error: string
}

/** Whom to buy from, and at which terms. */
interface Seller {
  provider: Provider
  terms: Terms
}

async function tryOnce<Input extends AskedInput>(
  step: PurchaseStep,
  seller: Seller,
  order: Order<Input>,
  rows: number,
  options: BuyOptions,
): Promise<Purchase | Unsent> {
  const makePlan = (tx: Tx) => planBatch(tx, step, order, { rows, price: seller.terms.price }, options)
  const plan = snapshot(step.db, makePlan)
  if ('ended' in plan) return plan
  try {
    const isFull = plan.inputs.length >= seller.terms.maxRows
    const balance = await readBalanceBefore(step, seller.provider, { isFull }, options)
    const start = await seller.provider.ready(options)
    if (options.signal.aborted) start.cancel()
    options.signal.throwIfAborted()
    const written = writeDown(step, seller, order.operation, makePlan, start, balance)
    return 'ended' in written ? written : await post(step, seller, order, start, written, options)
  } catch (error) {
    if (error instanceof ProviderError) return { again: error.fault, error: errorMessage(error) }
    throw error
  }
}

/** What may be bought, or why nothing is. */
type Plan<Input> = { inputs: Input[] } | { ended: 'answered' | 'waiting' | 'limit-reached' }

function planBatch<Input extends AskedInput>(
  tx: Tx,
  { runId, clock }: PurchaseStep,
  order: Order<Input>,
  { rows, price }: { rows: number; price: number },
  { limits }: BuyOptions,
): Plan<Input> {
  const chosen = order.choose(tx)
  if (typeof chosen === 'string') return { ended: chosen }
  const room = readCreditRoom(tx, limits, runId, clock.now())
  const inputs = chosen.slice(0, Math.min(rows, Math.floor(room / price)))
  return inputs.length === 0 ? { ended: 'limit-reached' } : { inputs }
}

interface Written<Input> {
  id: number
  inputs: Input[]
}

function writeDown<Input extends AskedInput>(
  step: PurchaseStep,
  { provider, terms }: Seller,
  operation: Operation,
  makePlan: (tx: Tx) => Plan<Input>,
  start: ReadyStart,
  reading: Reading | null,
): Written<Input> | Exclude<Plan<Input>, { inputs: Input[] }> {
  const { db, clock, runId } = step
  try {
    const written = write(db, (tx) => {
      const plan = makePlan(tx)
      if ('ended' in plan) return plan
      const { open, newestId } = readTraffic(tx, provider.name)
      const balanceBefore = open === 0 && reading?.newestId === newestId ? reading.balance : null
      const { inputs } = plan
      const request = {
        provider: provider.name,
        requestKey: requestKey(inputs),
        inputs: inputs.map(bare),
        reserved: inputs.length * terms.price,
        balanceBefore,
      }
      const id = createRequest(tx, { ...request, operation, requestedAt: clock.now(), runId })
      return { id, inputs }
    })
    if ('ended' in written) start.cancel()
    return written
  } catch (error) {
    start.cancel()
    throw error
  }
}

function bare({ key, name, domain }: AskedInput): AskedInput {
  return domain === undefined ? { key, name } : { key, name, domain }
}

async function post<Input extends AskedInput>(
  step: PurchaseStep,
  { provider }: Seller,
  order: Order<Input>,
  start: ReadyStart,
  { id, inputs }: Written<Input>,
  options: BuyOptions,
): Promise<Purchase | Unsent> {
  const { db, clock, timings, log } = step
  let started: Started<DomainRow | EmailsRow>
  try {
    started = await order.send(start, inputs)
  } catch (error) {
    return await endUnstarted(step, provider, { id, inputs }, error, options.signal)
  }
  const about = { request: id, operation: order.operation, rows: inputs.length }
  if ('task' in started) {
    const { task } = started
    const nextPollAt = clock.now() + (timings.snovPollMs[0] ?? 0)
    await whenFree(db, () => write(db, (tx) => startRequest(tx, id, { task, nextPollAt })))
    log.info('purchase started', about)
    return { ended: 'started', requestId: id, inputs }
  }
  log.info('purchase answered at once', about)
  const rows = started
  await whenFree(db, () => settleRows(step, id, rows))
  await measureAtOnce(step, id, options)
  return rows.state === 'completed' ? { ended: 'bought', requestId: id, inputs } : { ended: 'not-enough-credits' }
}

/** The answers are stored: that the balance cannot be read now costs no more than its reading. */
async function measureAtOnce(step: PurchaseStep, id: number, options: BuyOptions): Promise<void> {
  const request = snapshot(step.db, (tx) => findRequest(tx, id))
  try {
    if (request) await measurePurchase(step, request, options)
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    step.log.warn('the balance after a purchase could not be read', { request: id, error: errorMessage(error) })
  }
}

async function endUnstarted(
  step: PurchaseStep,
  provider: Provider,
  { id, inputs }: Written<AskedInput>,
  failure: unknown,
  signal: AbortSignal,
): Promise<Purchase | Unsent> {
  const { db, clock, log } = step
  const error = errorMessage(failure)
  const refused = { status: 'refused' as const, completedAt: clock.now(), error }
  const close = () => whenFree(db, () => write(db, (tx) => closeRequest(tx, id, refused)))
  if (failure instanceof ProviderError && !failure.mayHaveActed) {
    if (failure.fault === 'not-enough-credits') {
      await close()
      return { ended: 'not-enough-credits' }
    }
    if (failure.fault === 'refused' || failure.fault === 'not-found') {
      await close()
      log.warn('purchase refused', { request: id, error })
      return { ended: 'refused', inputs, error }
    }
    await whenFree(db, () => write(db, (tx) => withdrawRequest(tx, id)))
    return { again: failure.fault, error }
  }
  if (failure instanceof ChpipeError && failure.kind === 'config') {
    await whenFree(db, () => write(db, (tx) => withdrawRequest(tx, id)))
    throw failure
  }
  await whenFree(db, () => write(db, (tx) => doubtRequest(tx, id, { error, nextPollAt: clock.now() })))
  log.warn(`purchase in doubt: nobody knows whether ${provider.title} received it`, { request: id, error })
  if (signal.aborted || !(failure instanceof ProviderError)) throw failure
  return { ended: 'unconfirmed', requestId: id, error }
}
