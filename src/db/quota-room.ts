// What a decision about permits needs to know, read from the allowance's tables.
import { and, eq, gt, lte, sql } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { quota_grants, quota_state, quota_waits } from './schema.ts'

export type Lane = 'stream' | 'background'

/** What the database knows when a permit is asked for. */
export interface Room {
  /** Permits that still occupy the allowance, those in flight among them. */
  occupied: number
  inFlight: number
  /** A probe is out and may still be answered. */
  probing: boolean
  /** When the next permit is given back; null when none is out. */
  nextFreeAt: number | null
  /** When the server was last heard; null when the log cannot be trusted. */
  heardAt: number | null
  /** The server's remaining calls where they are fewer than the log allows. */
  remain: number | null
  remainUntil: number | null
  gateUntil: number | null
  streamWaiting: boolean
  consumerAlive: boolean
  tokens: number
  refilledAt: number | null
}

/** The part of the state that an answer changes. */
export interface Heard {
  heardAt: number | null
  remain: number | null
  remainUntil: number | null
  resetAt: number | null
  gateUntil: number | null
}

export interface RoomQuery {
  allowance: string
  boot: string
  windowMs: number
  /** A probe without an answer for this long no longer holds the others back. */
  probePatienceMs: number
}

/**
 * Reads what a decision needs, giving back permits that have aged. State of another boot, or from the future, cannot
 * be compared with this clock: it is dropped, and the next call becomes a probe.
 */
export function readRoom(tx: Tx, query: RoomQuery, now: number): Room {
  const { allowance, boot, windowMs, probePatienceMs } = query
  tx.insert(quota_state).values({ allowance, boot }).onConflictDoNothing().run()
  tx.delete(quota_grants)
    .where(and(eq(quota_grants.allowance, allowance), lte(quota_grants.frees_at, now)))
    .run()
  let log = readLog(tx, allowance, now, windowMs, probePatienceMs)
  let state = readState(tx, allowance)
  if (state.boot !== boot || (log.newest ?? 0) > now || (state.heard_at ?? 0) > now) {
    forget(tx, allowance, boot)
    log = readLog(tx, allowance, now, windowMs, probePatienceMs)
    state = readState(tx, allowance)
  }
  return {
    occupied: log.occupied,
    inFlight: log.inFlight,
    probing: log.probing > 0,
    nextFreeAt: log.nextFreeAt,
    heardAt: state.heard_at,
    remain: state.remain,
    remainUntil: state.remain_until,
    gateUntil: state.gate_until,
    streamWaiting: streamWaits(tx, allowance, now) > 0,
    consumerAlive: (state.consumer_until ?? 0) > now,
    tokens: state.tokens,
    refilledAt: state.refilled_at,
  }
}

function readLog(tx: Tx, allowance: string, now: number, windowMs: number, probePatienceMs: number) {
  const inFlight = sql`${quota_grants.answered_at} IS NULL AND ${quota_grants.frees_at} - ${windowMs} > ${now}`
  const probing = sql`${inFlight} AND ${quota_grants.probe} AND ${quota_grants.granted_at} + ${probePatienceMs} > ${now}`
  const row = tx
    .select({
      occupied: sql<number>`count(*)`,
      inFlight: sql<number>`coalesce(sum(${inFlight}), 0)`,
      probing: sql<number>`coalesce(sum(${probing}), 0)`,
      nextFreeAt: sql<number | null>`min(${quota_grants.frees_at})`,
      newest: sql<number | null>`max(${quota_grants.granted_at})`,
    })
    .from(quota_grants)
    .where(eq(quota_grants.allowance, allowance))
    .get()
  return row ?? { occupied: 0, inFlight: 0, probing: 0, nextFreeAt: null, newest: null }
}

/** The one row of the allowance; it must have been read by `readRoom` before. */
export function readState(tx: Tx, allowance: string): typeof quota_state.$inferSelect {
  const [state] = tx.select().from(quota_state).where(eq(quota_state.allowance, allowance)).all()
  if (!state) throw new Error(`allowance without state: ${allowance}`)
  return state
}

function forget(tx: Tx, allowance: string, boot: string): void {
  tx.delete(quota_grants).where(eq(quota_grants.allowance, allowance)).run()
  tx.delete(quota_waits).where(eq(quota_waits.allowance, allowance)).run()
  tx.update(quota_state)
    .set({
      boot,
      heard_at: null,
      remain: null,
      remain_until: null,
      reset_at: null,
      gate_until: null,
      consumer_until: null,
      refilled_at: null,
    })
    .where(eq(quota_state.allowance, allowance))
    .run()
}

function streamWaits(tx: Tx, allowance: string, now: number): number {
  const row = tx
    .select({ count: sql<number>`count(*)` })
    .from(quota_waits)
    .where(and(eq(quota_waits.allowance, allowance), gt(quota_waits.until, now)))
    .get()
  return row?.count ?? 0
}
