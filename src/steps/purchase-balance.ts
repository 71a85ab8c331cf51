// What purchases really cost: the balance is the only meter, and it is the account's (Snov facts 6.2).
import { balanceDifference, findLastBalance, observePurchase, readLastReadingAt } from '../db/credits.ts'
import { snapshot, write } from '../db/open.ts'
import { type ProviderRequest, readTraffic } from '../db/provider-requests.ts'
import type { CallOptions, Snov } from '../snov/client.ts'
import { SnovError } from '../snov/snov-error.ts'
import { MAX_ROWS, type PurchaseStep } from './purchase.ts'

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
