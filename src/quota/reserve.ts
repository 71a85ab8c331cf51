// What the stream lives on while the store is away: permits that stay counted there until a lease ends, and that only
// their owner uses, each again one window after its answer. In normal times the stream uses them first, and its own
// permits join them, so that their number follows what it needs. All times are `steady` milliseconds of this process.
import type { Clock } from '../clock.ts'
import type { ServerState } from '../db/quota/ledger.ts'
import type { Quota } from '../settings.ts'
import type { RateHeaders } from './rate-headers.ts'
import { applyRateHeaders, decide, freesAt } from './rule.ts'

/** Permits that a stream has in reserve when it needs few. */
const FEWEST = 5

/** From here a wall clock that moved against the steady one says that this machine slept: the lease may be over. */
const SLEPT_MS = 10_000

interface Slot {
  /** When it may be used again; null while it is in use. */
  freeAt: number | null
  /** The store has confirmed that it stays counted. */
  leased: boolean
}

export const NOTHING_HEARD: ServerState = {
  reportedAt: null,
  remain: null,
  remainUntil: null,
  resetAt: null,
  gateUntil: null,
}

export type Reserve = ReturnType<typeof createReserve>

/** An empty reserve. */
export function createReserve(clock: Clock, quota: Quota) {
  const slots = new Map<number, Slot>()
  let leaseUntil = 0
  let zeroAt = 0
  let server = NOTHING_HEARD
  const most = Math.floor(quota.limit / 2)
  const fewest = Math.max(1, Math.min(FEWEST, Math.floor(quota.limit / 100)))

  const isLeased = (now: number) => now < leaseUntil && Math.abs(clock.now() - now - zeroAt) <= SLEPT_MS
  const inUse = () => [...slots.values()].filter(({ freeAt }) => freeAt === null).length

  /** Those that may be used now, the one that was used last first, so that what nobody needs stays unused. */
  const free = (now: number): number[] =>
    [...slots]
      .filter(([, { freeAt, leased }]) => leased && freeAt !== null && freeAt <= now)
      .sort(([, a], [, b]) => (b.freeAt ?? 0) - (a.freeAt ?? 0))
      .map(([number]) => number)

  const decideNow = (wanted: number, now: number) => {
    const waiting = [...slots.values()].flatMap(({ freeAt }) => (freeAt !== null && freeAt > now ? [freeAt] : []))
    const told = (server.remainUntil ?? 0) > now
    const room = {
      zeroAt: null,
      occupied: quota.limit - free(now).length,
      inFlight: inUse(),
      probing: false,
      nextFreeAt: waiting.length > 0 ? Math.min(...waiting) : null,
      heardAt: now,
      remain: told ? server.remain : null,
      remainUntil: told ? server.remainUntil : null,
      gateUntil: server.gateUntil,
      streamWaiting: false,
      consumerAlive: false,
      tokens: 0,
      refilledAt: null,
    }
    return decide(room, quota, 'stream', wanted, now)
  }

  return {
    numbers: () => [...slots.keys()],
    has: (number: number) => slots.has(number),
    hasLease: () => [...slots.values()].some(({ leased }) => leased),

    /** Takes up to `wanted` permits into use; none while the server's count is unknown. */
    take(wanted: number): number[] {
      const now = clock.steady()
      if (server.reportedAt === null || !isLeased(now)) return []
      const taken = free(now).slice(0, decideNow(wanted, now).granted)
      for (const number of taken) slots.set(number, { freeAt: null, leased: true })
      return taken
    },

    /** How long until one may be had (ms); null when there will be none, as the lease is over or nothing is leased. */
    waitMs(): number | null {
      const now = clock.steady()
      const gateMs = (server.gateUntil ?? 0) - now
      if (gateMs > 0) return gateMs
      const known = server.reportedAt !== null && isLeased(now) && this.hasLease()
      return known ? Math.max(1, Math.min(decideNow(1, now).waitMs, leaseUntil - now)) : null
    },

    /** Puts a permit back: it was answered, or failed, now. */
    settle(number: number): void {
      const slot = slots.get(number)
      if (slot) slot.freeAt = freesAt(clock.steady(), quota)
    },

    /** Puts a permit back unused. */
    cancel(number: number): void {
      const slot = slots.get(number)
      if (slot) slot.freeAt = clock.steady()
    },

    /** Whether a permit of the stream that was answered now joins, given how many it has used in the last window. */
    join(number: number, used: number): boolean {
      if (slots.size >= Math.min(most, used)) return false
      slots.set(number, { freeAt: freesAt(clock.steady(), quota), leased: false })
      return true
    },

    /** How many are missing to the fewest that a stream has. */
    missing: () => Math.max(0, fewest - slots.size),

    /** Adds one that the store has granted for it. */
    add(number: number): void {
      slots.set(number, { freeAt: clock.steady(), leased: true })
    },

    /** The store has confirmed them all, in a turn that began at `since`. What was not needed for a window goes. */
    renew(numbers: number[], since: number, leaseMs: number): void {
      leaseUntil = since + leaseMs
      zeroAt = clock.now() - clock.steady()
      for (const number of numbers) {
        const slot = slots.get(number)
        if (slot) slot.leased = true
      }
      const idle = [...slots].filter(([, { freeAt }]) => freeAt !== null && freeAt + quota.windowMs < since)
      for (const [number] of idle.slice(0, Math.max(0, slots.size - fewest))) slots.delete(number)
    },

    /** Gives all up; returns those that are in use. */
    drop(): number[] {
      const used = [...slots].flatMap(([number, { freeAt }]) => (freeAt === null ? [number] : []))
      slots.clear()
      leaseUntil = 0
      return used
    },

    /** What the store knows of the server. */
    learn(state: ServerState): void {
      server = state
    },

    /** What the server has answered to this process. Whatever is not free here others may have used. */
    hear(word: RateHeaders): void {
      const now = clock.steady()
      server = applyRateHeaders(server, word, quota, () => quota.limit - free(now).length, now)
    },
  }
}
