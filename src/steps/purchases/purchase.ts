// What every step that buys from Snov shares: its dependencies, its limits, and how a purchase can end.
import type { Clock, Timings } from '../../clock.ts'
import { type Db, snapshot, write } from '../../db/open.ts'
import {
  balanceDifference,
  type CreditLimits,
  findLastBalance,
  observePurchase,
  readLastReadingAt,
} from '../../db/purchases/credits.ts'
import { type AskedInput, type ProviderRequest, readTraffic } from '../../db/purchases/requests.ts'
import type { Log } from '../../log.ts'
import type { CallOptions, Snov } from '../../snov/client.ts'
import { SnovError } from '../../snov/exchange.ts'

/** Rows that one start takes (Snov facts 0.2). */
export const MAX_ROWS = 10

/** A task is not called slow before it was asked about so often, however long this process was held up. */
export const POLLS_BEFORE_PARKING = 8

export interface PurchaseStep {
  db: Db
  snov: Snov
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

/** How a purchase ended. Nothing but `started` and `unconfirmed` can cost anything. */
export type Purchase =
  | { ended: 'started'; requestId: number; inputs: AskedInput[] }
  /** Every input has its answer already. */
  | { ended: 'answered' }
  /** What is not answered is in open requests, or must wait for one. */
  | { ended: 'waiting' }
  /** `--max-credits` or the budget leaves no row: what was asked for, no error. */
  | { ended: 'limit-reached' }
  | { ended: 'not-enough-credits' }
  /** Snov refuses these inputs as they are: one, where one of several was to blame. */
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
  step: PurchaseStep,
  rows: number,
  options: CallOptions,
): Promise<Reading | null> {
  const { db, clock, snov, timings } = step
  const recently = clock.now() - timings.snovBalanceFreshMs
  const { traffic, known, readAt } = snapshot(db, (tx) => {
    const traffic = readTraffic(tx)
    return { traffic, known: findLastBalance(tx, traffic.newestId, recently), readAt: readLastReadingAt(tx) }
  })
  if (traffic.open > 0) return null
  if (rows >= MAX_ROWS && readAt > recently) return null
  if (known !== null) return { balance: known, newestId: traffic.newestId }
  const balance = await readBalance(snov, options)
  return balance === null ? null : { balance, newestId: traffic.newestId }
}

/** The balance, or null where Snov does not tell it; throws when Snov cannot be reached. */
export async function readBalance(snov: Snov, options: CallOptions): Promise<string | null> {
  try {
    return await snov.balance(options)
  } catch (error) {
    if (error instanceof SnovError && (error.fault === 'refused' || error.fault === 'not-found')) return null
    throw error
  }
}

/**
 * Reads the balance after a settled purchase when nothing else is open. It is conclusive, and becomes what was observed,
 * only if nothing else was open or bought since the balance before; otherwise it is merely kept.
 */
export async function measurePurchase(
  { db, snov }: PurchaseStep,
  { id, balanceBefore, inputs }: ProviderRequest,
  options: CallOptions,
): Promise<void> {
  const isLast = () => {
    const { open, newestId } = snapshot(db, readTraffic)
    return open === 0 && newestId === id
  }
  const worthIt = balanceBefore !== null || inputs.length < MAX_ROWS
  if (!worthIt || !isLast()) return
  const balanceAfter = await readBalance(snov, options)
  if (balanceAfter === null) return
  write(db, (tx) => {
    const { open, newestId } = readTraffic(tx)
    if (open > 0 || newestId !== id) return
    observePurchase(
      tx,
      id,
      balanceAfter,
      balanceBefore === null ? null : balanceDifference(balanceBefore, balanceAfter),
    )
  })
}
