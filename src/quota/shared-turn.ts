// One turn at the shared log: reports what this process has done, and takes what may leave.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { PostgresClient } from '../db/postgres/connect.ts'
import type { AllowanceState, ServerState } from '../db/quota/ledger.ts'
import {
  beginTurn,
  endTurn,
  type Member,
  type TurnEnd,
  type TurnStart,
  type TurnView,
} from '../db/quota/shared-ledger.ts'
import type { Quota } from '../settings.ts'
import { applyWords, type CallReport, type OwnCalls } from './own-calls.ts'
import { NOTHING_HEARD, type Reserve } from './reserve.ts'
import { decide, freesAt, type PermitDecision } from './rule.ts'
import type { Ask } from './store.ts'

/** A stream permit that waits says so for this long at a time. */
const WAIT_LEASE_MS = 2500
/** The longest that the server waits for a process in the midst of its turn, and a process for the turns of others. */
const TURN_PATIENCE_MS = 1500
const SHORTEST_LEASE_MS = 60_000

export interface TurnOptions {
  clock: Clock
  name: string
  quota: Quota
  requestTimeoutMs: number
  probePatienceMs: number
}

export interface TurnTaker {
  member: Member
  own: OwnCalls
  reserve: Reserve
  ask(): Ask
  /** Until when a stream consumer of this process is alive (steady ms); null when there is none. */
  consumerUntil(): number | null
}

export interface TurnResult {
  /** Numbers of the permits that may leave. */
  granted: number[]
  waitMs: number
  /** The store had lost what it knew at this process's turn before. */
  lost: boolean
}

/** What this process remembers of its turn before, to compare the store's time with. */
interface Known {
  now: number
  turns: number
  /** Of this process. */
  ownTurns: number
  epoch: string
  begunAt: number
  readAt: number
}

/** Makes the function that takes one turn on a connection. */
export function createTurns(options: TurnOptions, taker: TurnTaker): (client: PostgresClient) => Promise<TurnResult> {
  const { clock, quota } = options
  const { own, reserve } = taker
  const leaseMs = Math.max(SHORTEST_LEASE_MS, 2 * quota.windowMs)
  let known: Known | null = null

  /** A reserve that the store did not hold without a break may have been used by others. */
  const dropReserve = () => {
    const now = clock.steady()
    for (const number of reserve.drop())
      own.answered(number, { lane: 'stream', answeredAt: now, reserved: false }, null)
  }

  return async (client) => {
    const begunAt = clock.steady()
    const report = own.report(begunAt)
    // What joins during the turn is confirmed by the next one.
    const reported = reserve.numbers()
    const view = await beginTurn(client, startOf(options, taker, report, known, begunAt))
    const readAt = clock.steady()
    const anew = known !== null && view.epoch !== known.epoch
    const setBack = known !== null && !anew && (view.turns <= known.turns || view.ownTurns < known.ownTurns)
    const epoch = setBack ? randomUUID() : view.epoch
    const lost = anew || setBack
    if (lost || (reserve.hasLease() && !view.reserveHeld)) dropReserve()
    if (lost) own.reportAgain(readAt)
    const server = applyWords(setBack ? NOTHING_HEARD : view.server, report, quota, view.ownCalls, view.now)
    const share = shareOf(taker, { ...view.room, ...heard(server) }, quota, view.now, readAt)
    await endTurn(client, endOf(options, taker, { view, server, epoch, report, share, readAt, leaseMs }))
    known = { now: view.now, turns: view.turns, ownTurns: view.ownTurns + 1, epoch, begunAt, readAt }
    report.done()
    for (const number of share.granted) own.out.set(number, share.lane)
    for (const number of share.leased) reserve.add(number)
    reserve.renew([...reported, ...share.leased], begunAt, leaseMs)
    reserve.learn(translated(server, readAt - view.now))
    return { granted: share.granted, waitMs: share.decision.waitMs, lost }
  }
}

function startOf(
  { name, quota, probePatienceMs }: TurnOptions,
  { member, own, reserve }: TurnTaker,
  { answered, countSinceMs }: CallReport,
  known: Known | null,
  begunAt: number,
): TurnStart {
  const bounds = known && {
    earliest: known.now + begunAt - known.readAt,
    latest: known.now + begunAt - known.begunAt,
  }
  return {
    allowance: name,
    member,
    windowMs: quota.windowMs,
    holdMs: freesAt(0, quota),
    probePatienceMs,
    bounds,
    answered,
    countSinceMs,
    out: [...own.out.keys()],
    reserved: reserve.numbers(),
    patienceMs: TURN_PATIENCE_MS,
  }
}

/** What a turn takes: numbers of permits for those who wait, and for the reserve. */
interface Share extends Ask {
  decision: PermitDecision
  occupied: number
  granted: number[]
  leased: number[]
}

function shareOf(taker: TurnTaker, room: AllowanceState, quota: Quota, now: number, steady: number): Share {
  const { lane, wanted } = taker.ask()
  const decision = decide(room, quota, lane, wanted, now)
  const extra = extraFor(taker, { room, quota, decision, wanted, now, steady })
  const granted = Array.from({ length: decision.granted }, taker.own.next)
  const leased = Array.from({ length: extra }, taker.own.next)
  return { lane, wanted, decision, granted, leased, occupied: room.occupied + granted.length + leased.length }
}

interface Judged {
  view: TurnView
  server: ServerState
  epoch: string
  report: CallReport
  share: Share
  readAt: number
  leaseMs: number
}

function endOf(
  { name, quota, requestTimeoutMs }: TurnOptions,
  { member, reserve, consumerUntil }: TurnTaker,
  { view, server, epoch, report, share, readAt, leaseMs }: Judged,
): TurnEnd {
  const { now } = view
  const { lane, wanted, decision, granted, leased, occupied } = share
  const until = freesAt(now + requestTimeoutMs, quota)
  const alive = consumerUntil()
  const isHeld = leased.length > 0 || reserve.numbers().length > 0
  return {
    allowance: name,
    member: member.id,
    now,
    epoch,
    server,
    refusals: report.words.filter(({ word }) => word.limited).length,
    tokens: decision.granted > 0 ? decision.tokens : null,
    occupied,
    consumerUntil: alive === null ? null : now + alive - readAt,
    waitsUntil: lane === 'stream' && decision.granted < wanted ? now + WAIT_LEASE_MS : null,
    heldUntil: isHeld ? until + leaseMs : 0,
    grants: [
      ...granted.map((number) => ({ number, lane, probe: decision.probe, freesAt: until, reserved: false })),
      ...leased.map((number) => ({ number, lane: 'stream' as const, probe: false, freesAt: now, reserved: true })),
    ],
  }
}

/** What a turn has decided, the store's time and this process's steady one. */
interface Granting {
  room: AllowanceState
  quota: Quota
  decision: PermitDecision
  wanted: number
  now: number
  steady: number
}

/** Permits for the reserve of a stream that has used few: only what nobody waits for. */
function extraFor(
  { reserve, consumerUntil }: TurnTaker,
  { room, quota, decision, wanted, now, steady }: Granting,
): number {
  const missing = reserve.missing()
  const alive = (consumerUntil() ?? 0) > steady
  if (missing === 0 || !alive || decision.probe || decision.granted < wanted || room.streamWaiting) return 0
  const after = { ...room, occupied: room.occupied + decision.granted, inFlight: room.inFlight + decision.granted }
  const extra = decide(after, quota, 'stream', missing, now)
  return extra.probe ? 0 : extra.granted
}

function heard({ reportedAt, remain, remainUntil, gateUntil }: ServerState) {
  return { heardAt: reportedAt, remain, remainUntil, gateUntil }
}

/** The store's times as this process's clock shows them. */
function translated({ reportedAt, remain, remainUntil, resetAt, gateUntil }: ServerState, byMs: number): ServerState {
  const own = (at: number | null) => (at === null ? null : at + byMs)
  return {
    reportedAt: own(reportedAt),
    remain,
    remainUntil: own(remainUntil),
    resetAt: own(resetAt),
    gateUntil: own(gateUntil),
  }
}
