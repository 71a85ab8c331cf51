// Credits: what may still be spent, and what was. A request takes its worst case from the budget when it is written, and
// its price from when it is booked; so the sum is never too small, whichever process asks.
import { and, desc, eq, gt, gte, inArray, isNotNull, max, sql } from 'drizzle-orm'
import type { Tx } from '../open.ts'
import { credit_ledger, provider_requests } from '../schema.ts'
import { providersIn } from './requests.ts'

export interface CreditLimits {
  /** Credits that this run may spend; null for no limit. */
  maxCredits: number | null
  /** Credits that all runs together may spend in any span of `windowMs`; null for no limit. */
  budget: { limit: number; windowMs: number } | null
}

/** What a booked purchase counts as: the price by its answer, or what the balance says when that is more. */
const spent = sql<number>`coalesce(sum(max(${credit_ledger.expected}, coalesce(${credit_ledger.observed}, 0))), 0)`
const reserved = sql<number>`coalesce(sum(${provider_requests.reserved}), 0)`

const open = inArray(provider_requests.status, ['created', 'started', 'unconfirmed'])

/**
 * How many credits may be spent now, whoever the provider is: `Infinity` without limits. Belongs in the transaction that writes
 * the request.
 */
export function readCreditRoom(tx: Tx, { maxCredits, budget }: CreditLimits, runId: number, now: number): number {
  const rooms = [Number.POSITIVE_INFINITY]
  if (maxCredits !== null) rooms.push(maxCredits - readRunCredits(tx, runId).used)
  if (budget !== null) {
    const inWindow = and(
      inArray(credit_ledger.provider, providersIn('credit_ledger')),
      gte(credit_ledger.booked_at, now - budget.windowMs),
    )
    const bookedCredits = tx.select({ n: spent }).from(credit_ledger).where(inWindow).get()?.n ?? 0
    const openCredits = tx.select({ n: reserved }).from(provider_requests).where(open).get()?.n ?? 0
    rooms.push(budget.limit - bookedCredits - openCredits)
  }
  return Math.max(0, Math.min(...rooms))
}

/** What one run has spent, and what it has spent or reserved. */
export function readRunCredits(tx: Tx, runId: number): { spent: number; used: number } {
  const ofRun = eq(credit_ledger.run_id, runId)
  const bookedCredits = tx.select({ n: spent }).from(credit_ledger).where(ofRun).get()?.n ?? 0
  const held = and(open, eq(provider_requests.run_id, runId))
  const openCredits = tx.select({ n: reserved }).from(provider_requests).where(held).get()?.n ?? 0
  return { spent: bookedCredits, used: bookedCredits + openCredits }
}

export interface CreditReport {
  spent: number
  /** Worst case of the purchases that are on their way or in doubt. */
  reserved: number
  /** The balance that was read last, as the provider writes it; null when it never was. */
  balance: string | null
  /** When it was read (ms). */
  balanceAt: number | null
}

/** The providers that anything was ever asked of, in the order of their names. */
export function readProviders(tx: Tx): string[] {
  const { provider } = provider_requests
  return tx
    .selectDistinct({ provider })
    .from(provider_requests)
    .orderBy(provider)
    .all()
    .map((row) => row.provider)
}

/** The account, of one provider or of all, as the ledger knows it; `since` (ms) leaves out what was booked earlier. */
export function readCreditReport(
  tx: Tx,
  { since = 0, provider }: { since?: number; provider?: string } = {},
): CreditReport {
  const mine = provider === undefined ? undefined : eq(credit_ledger.provider, provider)
  const ours = provider === undefined ? open : and(open, eq(provider_requests.provider, provider))
  const period = and(mine, gte(credit_ledger.booked_at, since))
  const latest = and(mine, isNotNull(credit_ledger.balance_after))
  const last = tx.select().from(credit_ledger).where(latest).orderBy(desc(credit_ledger.id)).limit(1).get()
  return {
    spent: tx.select({ n: spent }).from(credit_ledger).where(period).get()?.n ?? 0,
    reserved: tx.select({ n: reserved }).from(provider_requests).where(ours).get()?.n ?? 0,
    balance: last?.balance_after ?? null,
    balanceAt: last?.booked_at ?? null,
  }
}

export interface BookedPurchase {
  provider: string
  requestId: number
  operation: string
  /** The price by the answer and the price list. */
  expected: number
  observed: number | null
  balanceBefore: string | null
  bookedAt: number
  /** The run that bought. */
  runId: number
}

/** Books a purchase, in the transaction that keeps its answers. */
export function bookPurchase(tx: Tx, purchase: BookedPurchase): void {
  tx.insert(credit_ledger)
    .values({
      provider: purchase.provider,
      request_id: purchase.requestId,
      operation: purchase.operation,
      expected: purchase.expected,
      observed: purchase.observed,
      balance_before: purchase.balanceBefore,
      booked_at: purchase.bookedAt,
      run_id: purchase.runId,
    })
    .run()
}

/** Adds what the balance said after a booked purchase; `observed` is null when others may have moved it. */
export function observePurchase(tx: Tx, requestId: number, balanceAfter: string, observed: number | null): void {
  tx.update(credit_ledger)
    .set({ balance_after: balanceAfter, observed })
    .where(eq(credit_ledger.request_id, requestId))
    .run()
}

/** The balance after the newest request of all, if it was read at or after `since`: nothing was bought in between. */
export function findLastBalance(tx: Tx, newestId: number, since: number): string | null {
  const after = and(eq(credit_ledger.request_id, newestId), gte(credit_ledger.booked_at, since))
  return tx.select().from(credit_ledger).where(after).get()?.balance_after ?? null
}

/** When a purchase from a provider was last measured by the balance; 0 when none ever was. */
export function readLastReadingAt(tx: Tx, provider: string): number {
  const measured = and(eq(provider_requests.provider, provider), isNotNull(provider_requests.balance_before))
  return (
    tx
      .select({ at: max(provider_requests.requested_at) })
      .from(provider_requests)
      .where(measured)
      .get()?.at ?? 0
  )
}

/** Credits booked for requests to a provider that were written down after `requestId`. */
export function readBookedAfter(tx: Tx, requestId: number, provider: string): number {
  const after = and(eq(credit_ledger.provider, provider), gt(credit_ledger.request_id, requestId))
  return tx.select({ n: spent }).from(credit_ledger).where(after).get()?.n ?? 0
}

/** Whole credits between two balances; null when they differ by a fraction, or the second is the larger one. */
export function balanceDifference(before: string, after: string): number | null {
  const difference = Math.round((Number(before) - Number(after)) * 1e6) / 1e6
  return Number.isInteger(difference) && difference >= 0 ? difference : null
}
