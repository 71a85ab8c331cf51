// What every step that buys from a provider shares: its dependencies, its limits, and how a purchase can end.
import type { Clock, Timings } from '../../clock.ts'
import { type Db, snapshot, type Tx, write } from '../../db/open.ts'
import {
  balanceDifference,
  type CreditLimits,
  findLastBalance,
  observePurchase,
  readLastReadingAt,
} from '../../db/purchases/credits.ts'
import { type AskedInput, type ProviderRequest, readTraffic } from '../../db/purchases/requests.ts'
import type { Log } from '../../log.ts'
import { ProviderError } from '../../upstream/provider-error.ts'
import { type CallOptions, type Provider, providerNamed } from './provider.ts'

/** A task is not called slow before it was asked about so often, however long this process was held up. */
export const POLLS_BEFORE_DEFERRING = 8

export interface PurchaseStep {
  db: Db
  providers: readonly Provider[]
  clock: Clock
  log: Log
  timings: Timings
  runId: number
}

export interface BuyOptions extends CallOptions {
  limits: CreditLimits
  /** Plain misses from before this moment (ms) are asked again; null believes them for good. */
  retryMissesBefore: number | null
}

/** How a purchase ended. Nothing but `started`, `bought` and `unconfirmed` can cost anything. */
export type Purchase =
  | { ended: 'started'; requestId: number; inputs: AskedInput[] }
  /** The provider answered at once; the answers are stored, and what they cost is booked. */
  | { ended: 'bought'; requestId: number; inputs: AskedInput[] }
  /** Every input has its answer already. */
  | { ended: 'answered' }
  /** What is not answered is in open requests, or must wait for one. */
  | { ended: 'waiting' }
  /** `--max-credits` or the budget leaves no row: what was asked for, no error. */
  | { ended: 'limit-reached' }
  | { ended: 'not-enough-credits' }
  /** The provider refuses these inputs as they are: one, where one of several was to blame. */
  | { ended: 'refused'; inputs: AskedInput[]; error: string }
  /** Nobody knows whether it arrived. */
  | { ended: 'unconfirmed'; requestId: number; error: string }
  /** It surely did not arrive, after several attempts: try again later. */
  | { ended: 'unreached'; error: string }

// What purchases really cost: the balance is the only meter, and it is the account's (Snov facts 6.2).

export interface Reading {
  balance: string
  /** The newest request when it was read. */
  newestId: number
}

/**
 * The balance before a purchase, where it can measure that purchase: nothing else is open. It is taken over from the
 * purchase before when that one has just been measured; with full batches in a row, one a minute is measured.
 */
export async function readBalanceBefore(
  { db, clock, timings }: PurchaseStep,
  provider: Provider,
  { isFull }: { isFull: boolean },
  options: CallOptions,
): Promise<Reading | null> {
  const recently = clock.now() - timings.snovBalanceFreshMs
  const { traffic, known, readAt } = snapshot(db, (tx) => {
    const traffic = readTraffic(tx, provider.name)
    const known = findLastBalance(tx, traffic.newestId, recently)
    return { traffic, known, readAt: readLastReadingAt(tx, provider.name) }
  })
  if (traffic.open > 0) return null
  if (isFull && readAt > recently) return null
  if (known !== null) return { balance: known, newestId: traffic.newestId }
  const balance = await readBalance(provider, options)
  return balance === null ? null : { balance, newestId: traffic.newestId }
}

/** The balance, or null where the provider does not tell it; throws when it cannot be reached. */
export async function readBalance(provider: Provider, options: CallOptions): Promise<string | null> {
  try {
    return (await provider.balance?.(options)) ?? null
  } catch (error) {
    if (error instanceof ProviderError && (error.fault === 'refused' || error.fault === 'not-found')) return null
    throw error
  }
}

/**
 * Reads the balance after a settled purchase when nothing else is open. It is conclusive, and becomes what was observed,
 * only if nothing else was open or bought since the balance before; otherwise it is merely kept.
 */
export async function measurePurchase(
  { db, providers }: PurchaseStep,
  { id, provider: name, operation, balanceBefore, inputs }: ProviderRequest,
  options: CallOptions,
): Promise<void> {
  const provider = providerNamed(providers, name)
  const isLast = (tx: Tx) => {
    const { open, newestId } = readTraffic(tx, name)
    return open === 0 && newestId === id
  }
  const isFull = inputs.length >= (provider?.operations[operation]?.maxRows ?? 0)
  if (!provider || (balanceBefore === null && isFull) || !snapshot(db, isLast)) return
  const balanceAfter = await readBalance(provider, options)
  if (balanceAfter === null) return
  write(db, (tx) => {
    if (!isLast(tx)) return
    observePurchase(
      tx,
      id,
      balanceAfter,
      balanceBefore === null ? null : balanceDifference(balanceBefore, balanceAfter),
    )
  })
}
