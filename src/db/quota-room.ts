// What a decision about permits needs to know, read from the allowance's tables.
import type { Db } from './open.ts'
import type { quota_state } from './schema.ts'
import { prepared } from './statements.ts'

export type Lane = 'stream' | 'background'

/** What the database knows when a permit is asked for. Times are `steady` milliseconds. */
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

export interface RoomQuery {
  allowance: string
  boot: string
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
export function readRoom(db: Db, query: RoomQuery, now: number): Room {
  const { allowance, boot } = query
  let log = readLog(db, query, now)
  let state = readState(db, allowance) ?? createState(db, allowance, boot)
  if (state.boot !== boot || (log.newest ?? 0) > now || (state.heard_at ?? 0) > now) {
    forget(db, allowance, boot)
    log = readLog(db, query, now)
    state = createState(db, allowance, boot)
  }
  if (log.aged > 0) prepared(db, DELETE_AGED).run(allowance, now)
  return {
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

function readLog(db: Db, { allowance, windowMs, probePatienceMs }: RoomQuery, now: number): Log {
  return prepared(db, READ_LOG).get({ allowance, windowMs, probePatienceMs, now }) as Log
}

/** The one row of the allowance, if it was ever used. */
export function readState(db: Db, allowance: string): QuotaState | undefined {
  return prepared(db, 'SELECT * FROM quota_state WHERE allowance = ?').get(allowance) as QuotaState | undefined
}

function createState(db: Db, allowance: string, boot: string): QuotaState {
  const sql =
    'INSERT INTO quota_state (allowance, boot) VALUES (?, ?) ON CONFLICT DO UPDATE SET boot = excluded.boot RETURNING *'
  return prepared(db, sql).get(allowance, boot) as QuotaState
}

/** Peak and refusals are history and stay; what is measured on another clock goes. */
function forget(db: Db, allowance: string, boot: string): void {
  prepared(db, 'DELETE FROM quota_grants WHERE allowance = ?').run(allowance)
  prepared(db, 'DELETE FROM quota_waits WHERE allowance = ?').run(allowance)
  const cleared = 'heard_at, remain, remain_until, reset_at, gate_until, consumer_until, refilled_at'
  const sql = `UPDATE quota_state SET boot = ?, (${cleared}) = (NULL, NULL, NULL, NULL, NULL, NULL, NULL) WHERE allowance = ?`
  prepared(db, sql).run(boot, allowance)
}
