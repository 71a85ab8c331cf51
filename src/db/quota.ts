// The allowance's tables: the response-time log, the server's word, and who is waiting.
import type { Db } from './open.ts'
import { type ClockView, isSameClock, type Lane, readState } from './quota-room.ts'
import { prepared } from './statements.ts'

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
export function saveGrants(db: Db, grants: NewGrants): number[] {
  const { allowance, lane, count, probe, grantedAt, freesAt, tokens, occupied } = grants
  const insert = prepared(
    db,
    'INSERT INTO quota_grants (allowance, lane, probe, granted_at, frees_at) VALUES (?, ?, ?, ?, ?) RETURNING id',
  ).pluck()
  const ids = Array.from({ length: count }, () =>
    Number(insert.get(allowance, lane, Number(probe), grantedAt, freesAt)),
  )
  const update = 'UPDATE quota_state SET tokens = ?, refilled_at = ?, peak = max(peak, ?) WHERE allowance = ?'
  prepared(db, update).run(tokens, grantedAt, occupied, allowance)
  return ids
}

/** Marks a permit as answered: from now it ages. */
export function saveAnswer(db: Db, id: number, answeredAt: number, freesAt: number): void {
  prepared(db, 'UPDATE quota_grants SET answered_at = ?, frees_at = ? WHERE id = ?').run(answeredAt, freesAt, id)
}

/** Takes back a permit whose call was never sent. */
export function deleteGrant(db: Db, id: number): void {
  prepared(db, 'DELETE FROM quota_grants WHERE id = ?').run(id)
}

/** Our own calls that are in flight or were answered at or after `start`. */
export function countOwnSince(db: Db, allowance: string, start: number): number {
  const sql = 'SELECT count(*) FROM quota_grants WHERE allowance = ? AND (answered_at IS NULL OR answered_at >= ?)'
  return Number(prepared(db, sql).pluck().get(allowance, start))
}

/** What the server's answers have taught. Times are `steady` milliseconds. */
export interface Heard {
  heardAt: number | null
  remain: number | null
  remainUntil: number | null
  resetAt: number | null
  gateUntil: number | null
}

export function readHeard(db: Db, allowance: string): Heard {
  const state = readState(db, allowance)
  return {
    heardAt: state?.heard_at ?? null,
    remain: state?.remain ?? null,
    remainUntil: state?.remain_until ?? null,
    resetAt: state?.reset_at ?? null,
    gateUntil: state?.gate_until ?? null,
  }
}

/** Stores what an answer taught; `limited` counts it as a refusal for having called too often. */
export function saveHeard(db: Db, allowance: string, heard: Heard, limited: boolean): void {
  const sql = `UPDATE quota_state SET heard_at = ?, remain = ?, remain_until = ?, reset_at = ?, gate_until = ?,
    rate_limited = rate_limited + ? WHERE allowance = ?`
  const { heardAt, remain, remainUntil, resetAt, gateUntil } = heard
  prepared(db, sql).run(heardAt, remain, remainUntil, resetAt, gateUntil, Number(limited), allowance)
}

/** Announces a waiting stream permit until `until`; while it stands, the background gets nothing. */
export function saveWait(db: Db, allowance: string, waiter: string, until: number): void {
  const sql = `INSERT INTO quota_waits (waiter, allowance, until) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET until = excluded.until`
  prepared(db, sql).run(waiter, allowance, until)
}

export function deleteWait(db: Db, waiter: string): void {
  prepared(db, 'DELETE FROM quota_waits WHERE waiter = ?').run(waiter)
}

/** Says that a stream consumer is alive until `until`, which paces the background. */
export function saveConsumer(db: Db, allowance: string, { boot, zeroAt }: ClockView, until: number): void {
  const sql = `INSERT INTO quota_state (allowance, boot, zero_at, consumer_until) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET consumer_until = excluded.consumer_until`
  prepared(db, sql).run(allowance, boot, zeroAt, until)
}

/**
 * Permits out now, those of the stream's lane, when the next is given back, the end of a refusal's gate, the most ever out at once, and refusals;
 * zeros where it was never used. Times are `steady` milliseconds.
 */
export function readUse(db: Db, allowance: string, view: ClockView, now: number) {
  const state = readState(db, allowance)
  const comparable = state !== undefined && isSameClock(state, view)
  const sql = `SELECT count(*) AS used, count(*) FILTER (WHERE lane = 'stream') AS stream, min(frees_at) AS nextFreeAt
    FROM quota_grants WHERE allowance = ? AND frees_at > ?`
  const counted = prepared(db, sql).get(allowance, now) as { used: number; stream: number; nextFreeAt: number | null }
  const known = comparable ? counted : { used: 0, stream: 0, nextFreeAt: null }
  const gateUntil = comparable ? state.gate_until : null
  return { ...known, gateUntil, peak: state?.peak ?? 0, rateLimited: state?.rate_limited ?? 0 }
}
