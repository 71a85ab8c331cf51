// The allowance's tables: the response-time log, the server's word, and who is waiting.

import type { Clock } from '../../clock.ts'
import { type Db, prepared } from '../open.ts'
import type { quota_state } from '../schema.ts'

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
export interface ServerState {
  reportedAt: number | null
  remain: number | null
  remainUntil: number | null
  resetAt: number | null
  gateUntil: number | null
}

export function readServerState(db: Db, allowance: string): ServerState {
  const state = readState(db, allowance)
  return {
    reportedAt: state?.heard_at ?? null,
    remain: state?.remain ?? null,
    remainUntil: state?.remain_until ?? null,
    resetAt: state?.reset_at ?? null,
    gateUntil: state?.gate_until ?? null,
  }
}

/** Stores what an answer taught; `limited` counts it as a refusal for having called too often. */
export function saveServerState(db: Db, allowance: string, heard: ServerState, limited: boolean): void {
  const sql = `UPDATE quota_state SET heard_at = ?, remain = ?, remain_until = ?, reset_at = ?, gate_until = ?,
    rate_limited = rate_limited + ? WHERE allowance = ?`
  const { reportedAt: heardAt, remain, remainUntil, resetAt, gateUntil } = heard
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

// What a decision about permits needs to know, read from the allowance's tables.

export type Lane = 'stream' | 'background'

/** What the database knows when a permit is asked for. Times are `steady` milliseconds. */
export interface AllowanceState {
  zeroAt: number | null
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

/** What identifies the steady clock that a process reads. */
interface ClockView {
  boot: string
  /** What the wall clock shows less `steady`, ms. */
  zeroAt: number
}

/** More than a wall clock is adjusted between two calls, and less than a reboot takes. */
const ZERO_TOLERANCE_MS = 10_000

/** From here a corrected wall clock is written down. */
const ZERO_DRIFT_MS = 1000

/** How this process reads the steady clock. */
export function viewClock(clock: Clock): ClockView {
  return { boot: clock.boot, zeroAt: clock.now() - clock.steady() }
}

/**
 * Whether the stored times were measured on the clock of this process. Container managers show some processes of a
 * machine another boot id, so that ids which differ prove nothing: the clocks are the same when both were zero at one
 * moment.
 */
export function isSameClock(state: Pick<QuotaState, 'boot' | 'zero_at'>, { boot, zeroAt }: ClockView): boolean {
  if (state.boot === boot) return true
  return state.zero_at !== null && Math.abs(state.zero_at - zeroAt) <= ZERO_TOLERANCE_MS
}

export interface AllowanceQuery {
  allowance: string
  view: ClockView
  /** The `zero_at` that this process met or wrote before: it outlives no reboot, so that what it knows is its clock. */
  knownZeroAt: number | null
  windowMs: number
  /** A probe without an answer for this long no longer holds the others back. */
  probePatienceMs: number
}

export type QuotaState = typeof quota_state.$inferSelect

interface Log {
  occupied: number
  aged: number
  inFlight: number
  probing: number
  nextFreeAt: number | null
  newest: number | null
}

/**
 * Reads what a decision needs, giving back permits that have aged. State of another boot, or from the future, cannot
 * be compared with this clock: it is dropped, and the next call becomes a probe. Belongs in a transaction.
 */
export function readAllowanceState(db: Db, query: AllowanceQuery, now: number): AllowanceState {
  const { allowance, view, knownZeroAt } = query
  let log = readLog(db, query, now)
  let state = readState(db, allowance) ?? createState(db, allowance, view)
  const known = knownZeroAt !== null && state.zero_at === knownZeroAt
  const same = known || isSameClock(state, view)
  if (!same || (log.newest ?? 0) > now || (state.heard_at ?? 0) > now) {
    forget(db, allowance)
    log = readLog(db, query, now)
    state = createState(db, allowance, view)
  } else if (state.zero_at === null || Math.abs(state.zero_at - view.zeroAt) > ZERO_DRIFT_MS) {
    prepared(db, 'UPDATE quota_state SET zero_at = ? WHERE allowance = ?').run(view.zeroAt, allowance)
    state.zero_at = view.zeroAt
  }
  if (log.aged > 0) prepared(db, DELETE_AGED).run(allowance, now)
  return {
    zeroAt: state.zero_at,
    occupied: log.occupied,
    inFlight: log.inFlight,
    probing: log.probing > 0,
    nextFreeAt: log.nextFreeAt,
    heardAt: state.heard_at,
    remain: state.remain,
    remainUntil: state.remain_until,
    gateUntil: state.gate_until,
    streamWaiting: prepared(db, STREAM_WAITS).get(allowance, now) !== undefined,
    consumerAlive: (state.consumer_until ?? 0) > now,
    tokens: state.tokens,
    refilledAt: state.refilled_at,
  }
}

const READ_LOG = `
  SELECT count(*) FILTER (WHERE frees_at > $now) AS occupied,
    count(*) FILTER (WHERE frees_at <= $now) AS aged,
    count(*) FILTER (WHERE answered_at IS NULL AND frees_at - $windowMs > $now) AS inFlight,
    count(*) FILTER (WHERE answered_at IS NULL AND frees_at - $windowMs > $now
      AND probe AND granted_at + $probePatienceMs > $now) AS probing,
    min(frees_at) FILTER (WHERE frees_at > $now) AS nextFreeAt,
    max(granted_at) AS newest
  FROM quota_grants WHERE allowance = $allowance`

const DELETE_AGED = 'DELETE FROM quota_grants WHERE allowance = ? AND frees_at <= ?'

const STREAM_WAITS = 'SELECT 1 FROM quota_waits WHERE allowance = ? AND until > ?'

function readLog(db: Db, { allowance, windowMs, probePatienceMs }: AllowanceQuery, now: number): Log {
  return prepared(db, READ_LOG).get({ allowance, windowMs, probePatienceMs, now }) as Log
}

/** The one row of the allowance, if it was ever used. */
export function readState(db: Db, allowance: string): QuotaState | undefined {
  return prepared(db, 'SELECT * FROM quota_state WHERE allowance = ?').get(allowance) as QuotaState | undefined
}

function createState(db: Db, allowance: string, { boot, zeroAt }: ClockView): QuotaState {
  const sql = `INSERT INTO quota_state (allowance, boot, zero_at) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET boot = excluded.boot, zero_at = excluded.zero_at RETURNING *`
  return prepared(db, sql).get(allowance, boot, zeroAt) as QuotaState
}

/** Peak and refusals are history and stay; what is measured on another clock goes. */
function forget(db: Db, allowance: string): void {
  prepared(db, 'DELETE FROM quota_grants WHERE allowance = ?').run(allowance)
  prepared(db, 'DELETE FROM quota_waits WHERE allowance = ?').run(allowance)
  const cleared = 'heard_at, remain, remain_until, reset_at, gate_until, consumer_until, refilled_at'
  const sql = `UPDATE quota_state SET (${cleared}) = (NULL, NULL, NULL, NULL, NULL, NULL, NULL) WHERE allowance = ?`
  prepared(db, sql).run(allowance)
}
