// The allowance as pure functions. All times are `steady` milliseconds.
import type { AllowanceState, Lane, ServerState } from '../db/quota/ledger.ts'
import type { Quota } from '../settings.ts'
import type { RateHeaders } from './rate-headers.ts'

/** Background permits that may leave at once while a stream consumer is alive. */
const PACED_BURST = 5

/** How soon to look again when another process's answer or turn is awaited. */
const ANSWER_MS = 20

/** Whole milliseconds hide up to one on either side. */
const ROUNDING_MS = 2

/** `waitMs` is 0 when permits were granted. */
export interface PermitDecision {
  granted: number
  probe: boolean
  tokens: number
  waitMs: number
}

/**
 * How many of the `wanted` permits may leave now, and otherwise when to ask again. A permit occupies the allowance
 * until one window after its answer, so no window of the server, however it lies, ever holds more than `limit` calls.
 */
export function decide(room: AllowanceState, quota: Quota, lane: Lane, wanted: number, now: number): PermitDecision {
  const tokens = refill(room, quota, now)
  const wait = (waitMs: number): PermitDecision => ({ granted: 0, probe: false, tokens, waitMs: Math.max(1, waitMs) })
  if (room.gateUntil !== null && room.gateUntil > now) return wait(room.gateUntil - now)
  if (lane === 'background' && room.streamWaiting) return wait(ANSWER_MS)

  const free = quota.limit - room.occupied
  if (free <= 0) return wait((room.nextFreeAt ?? now + quota.windowMs) - now)
  if (needsProbe(room, quota, now))
    return room.probing ? wait(ANSWER_MS) : { granted: 1, probe: true, tokens, waitMs: 0 }

  const told = room.remain === null ? free : room.remain - room.inFlight
  if (told <= 0) return wait(room.inFlight > 0 ? ANSWER_MS : (room.remainUntil ?? now) - now)
  if (lane === 'stream' || !room.consumerAlive) {
    return { granted: Math.min(wanted, free, told), probe: false, tokens, waitMs: 0 }
  }
  if (tokens < 1) return wait((1 - tokens) / perMs(quota))
  const granted = Math.min(wanted, free, told, Math.floor(tokens))
  return { granted, probe: false, tokens: tokens - granted, waitMs: 0 }
}

/** One call must ask the server first: after lost state, a gate, a long silence, or the end of a window it told us of. */
function needsProbe(room: AllowanceState, quota: Quota, now: number): boolean {
  if (room.heardAt === null) return true
  if (room.remain !== null && (room.remainUntil ?? 0) <= now) return true
  return room.inFlight === 0 && now - room.heardAt > quota.windowMs
}

function refill(room: AllowanceState, quota: Quota, now: number): number {
  if (room.refilledAt === null) return PACED_BURST
  return Math.min(PACED_BURST, room.tokens + Math.max(0, now - room.refilledAt) * perMs(quota))
}

function perMs({ limit, windowMs }: Quota): number {
  return limit / windowMs
}

/** When a permit answered (or failed) at `answeredAt` is given back. */
export function freesAt(answeredAt: number, { windowMs }: Quota): number {
  return answeredAt + windowMs + ROUNDING_MS
}

/**
 * What an answer teaches. `ownSince(start)` counts our own calls that the server may have counted since `start`. Its
 * remaining calls only narrow our view when it counted more than those: then somebody else uses the key, or our log
 * was lost. Otherwise the log is the better judge, since `Reset` is only known to a second or two.
 */
export function applyRateHeaders(
  before: ServerState,
  word: RateHeaders,
  quota: Quota,
  ownSince: (start: number) => number,
  now: number,
): ServerState {
  const resetAt = word.resetLatestMs === null ? before.resetAt : now + word.resetLatestMs
  if (word.limited) return refused(before, resetAt, quota, now)
  const trusting: ServerState = { reportedAt: now, remain: null, remainUntil: null, resetAt, gateUntil: null }
  if (word.remain === null) return trusting
  const limit = word.limit ?? quota.limit
  const start = now + (word.resetEarliestMs ?? 0) - quota.windowMs
  const counted = limit - word.remain
  if (limit >= quota.limit && counted <= ownSince(start)) return trusting
  return { ...trusting, remain: word.remain, remainUntil: now + (word.resetLatestMs ?? quota.windowMs) }
}

/** The gate closes until the end that the server names, or for a window; a refusal right after a gate means a window. */
function refused({ gateUntil }: ServerState, resetAt: number | null, { windowMs }: Quota, now: number): ServerState {
  const named = resetAt !== null && resetAt > now && resetAt < now + windowMs + 3000 ? resetAt : now + windowMs
  const until = gateUntil !== null && gateUntil <= now ? now + windowMs : named
  return { reportedAt: null, remain: null, remainUntil: null, resetAt, gateUntil: Math.max(gateUntil ?? 0, until) }
}
