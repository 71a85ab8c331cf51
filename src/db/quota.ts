// The allowance's tables: the response-time log, the server's word, and who is waiting.
import { and, eq, gt, sql } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { type Heard, type Lane, readState } from './quota-room.ts'
import { quota_grants, quota_state, quota_waits } from './schema.ts'

export interface NewGrants {
  allowance: string
  lane: Lane
  count: number
  probe: boolean
  grantedAt: number
  /** When they are given back should their process die: after the request time-out and one window. */
  freesAt: number
  /** Tokens left in the background's bucket. */
  tokens: number
  /** Permits out, the new ones included. */
  occupied: number
}

/** Writes permits into the log before any of them is used; returns their ids. */
export function saveGrants(tx: Tx, grants: NewGrants): number[] {
  const { allowance, lane, count, probe, grantedAt, freesAt, tokens, occupied } = grants
  const row = { allowance, lane, probe, granted_at: grantedAt, frees_at: freesAt }
  const saved = tx
    .insert(quota_grants)
    .values(Array.from({ length: count }, () => row))
    .returning({ id: quota_grants.id })
    .all()
  tx.update(quota_state)
    .set({ tokens, refilled_at: grantedAt, peak: sql`max(${quota_state.peak}, ${occupied})` })
    .where(eq(quota_state.allowance, allowance))
    .run()
  return saved.map(({ id }) => id)
}

/** Marks a permit as answered: from now it ages. */
export function saveAnswer(tx: Tx, id: number, answeredAt: number, freesAt: number): void {
  tx.update(quota_grants).set({ answered_at: answeredAt, frees_at: freesAt }).where(eq(quota_grants.id, id)).run()
}

/** Takes back a permit whose call was never sent. */
export function deleteGrant(tx: Tx, id: number): void {
  tx.delete(quota_grants).where(eq(quota_grants.id, id)).run()
}

/** Our own calls that are in flight or were answered at or after `start`. */
export function countOwnSince(tx: Tx, allowance: string, start: number): number {
  const row = tx
    .select({ count: sql<number>`count(*)` })
    .from(quota_grants)
    .where(and(eq(quota_grants.allowance, allowance), sql`coalesce(${quota_grants.answered_at}, ${start}) >= ${start}`))
    .get()
  return row?.count ?? 0
}

export function readHeard(tx: Tx, allowance: string): Heard {
  const state = readState(tx, allowance)
  return {
    heardAt: state.heard_at,
    remain: state.remain,
    remainUntil: state.remain_until,
    resetAt: state.reset_at,
    gateUntil: state.gate_until,
  }
}

/** Stores what an answer taught; `limited` counts it as a refusal for having called too often. */
export function saveHeard(tx: Tx, allowance: string, heard: Heard, limited: boolean): void {
  tx.update(quota_state)
    .set({
      heard_at: heard.heardAt,
      remain: heard.remain,
      remain_until: heard.remainUntil,
      reset_at: heard.resetAt,
      gate_until: heard.gateUntil,
      ...(limited ? { rate_limited: sql`${quota_state.rate_limited} + 1` } : {}),
    })
    .where(eq(quota_state.allowance, allowance))
    .run()
}

/** Announces a waiting stream permit until `until`; while it stands, the background gets nothing. */
export function saveWait(tx: Tx, allowance: string, waiter: string, until: number): void {
  tx.insert(quota_waits)
    .values({ allowance, waiter, until })
    .onConflictDoUpdate({ target: quota_waits.waiter, set: { until } })
    .run()
}

export function deleteWait(tx: Tx, waiter: string): void {
  tx.delete(quota_waits).where(eq(quota_waits.waiter, waiter)).run()
}

/** Says that a stream consumer is alive until `until`, which paces the background. */
export function saveConsumer(tx: Tx, allowance: string, boot: string, until: number): void {
  tx.insert(quota_state)
    .values({ allowance, boot, consumer_until: until })
    .onConflictDoUpdate({ target: quota_state.allowance, set: { consumer_until: until } })
    .run()
}

/** Permits out now, the most ever out at once, and refusals; zeros where the allowance was never used. */
export function readUse(tx: Tx, allowance: string, boot: string, now: number) {
  const [state] = tx.select().from(quota_state).where(eq(quota_state.allowance, allowance)).all()
  const row = tx
    .select({ count: sql<number>`count(*)` })
    .from(quota_grants)
    .where(and(eq(quota_grants.allowance, allowance), gt(quota_grants.frees_at, now)))
    .get()
  return {
    used: state?.boot === boot ? (row?.count ?? 0) : 0,
    peak: state?.peak ?? 0,
    rateLimited: state?.rate_limited ?? 0,
  }
}
