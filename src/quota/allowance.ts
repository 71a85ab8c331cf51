// One allowance, shared by every chpipe process on a database. A call leaves only with a permit from here; the log of
// permits is in SQLite, so neither a second process nor a restart forgets what the server has counted.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { nowOrWhenFree, unlessLocked, whenFree } from '../db/lock-wait.ts'
import { type Db, writeSoon } from '../db/open.ts'
import {
  countOwnSince,
  deleteGrant,
  deleteWait,
  type Lane,
  readAllowanceState,
  readServerState,
  saveAnswer,
  saveConsumer,
  saveGrants,
  saveServerState,
  saveWait,
  viewClock,
} from '../db/quota/ledger.ts'
import type { Quota } from '../settings.ts'
import type { RateHeaders } from './rate-headers.ts'
import { applyRateHeaders, decide, freesAt } from './rule.ts'

/** Other processes change the state unseen: nobody sleeps longer than this before looking again. */
const LOOK_AGAIN_MS = 1000
/** A stream permit that waits says so for this long at a time. */
const WAIT_LEASE_MS = 2500

export interface Permit {
  /** The call was answered, with the server's word if it gave one, or failed (null). From now the permit ages. */
  settle(word: RateHeaders | null): void
  /** The call was never sent: the permit is given back at once. */
  cancel(): void
}

export interface Allowance {
  /** Resolves when a call may leave; rejects with the signal's reason. Every attempt, retries included, needs its own. */
  acquire(lane: Lane, signal: AbortSignal): Promise<Permit>
  /** Tells every process that a stream consumer is alive for `ms` more, so that the background leaves room evenly. */
  announceConsumer(ms: number): void
}

export interface AllowanceOptions {
  db: Db
  clock: Clock
  name: string
  quota: Quota
  /** After this a call without an answer has failed; a dead process's permits age from here. */
  requestTimeoutMs: number
  probePatienceMs: number
}

interface Waiter {
  lane: Lane
  granted(permit: Permit): void
  failed(error: unknown): void
}

/** Opens the allowance `name` for this process. */
export function openAllowance(options: AllowanceOptions): Allowance {
  const { db, clock, name, quota } = options
  const self = randomUUID()
  const waiters: Waiter[] = []
  let pumping = false
  let knownZeroAt: number | null = null
  let wake = new AbortController()

  const permit = (id: number): Permit => ({
    settle(word) {
      const now = clock.steady()
      const save = () => {
        saveAnswer(db, id, now, freesAt(now, quota))
        if (!word) return
        const ownSince = (start: number) => countOwnSince(db, name, start)
        saveServerState(db, name, applyRateHeaders(readServerState(db, name), word, quota, ownSince, now), word.limited)
      }
      nowOrWhenFree(db, () => writeSoon(db, save))
      wake.abort()
    },
    cancel() {
      nowOrWhenFree(db, () => writeSoon(db, () => deleteGrant(db, id)))
      wake.abort()
    },
  })

  /** Grants what may leave to those who wait, the stream first; returns how long nothing more can be had. */
  const grant = (): number => {
    const lane: Lane = waiters.some((waiter) => waiter.lane === 'stream') ? 'stream' : 'background'
    const wanting = waiters.filter((waiter) => waiter.lane === lane)
    const { ids, waitMs } = writeSoon(db, () => {
      const now = clock.steady()
      const query = {
        allowance: name,
        view: viewClock(clock),
        knownZeroAt,
        windowMs: quota.windowMs,
        probePatienceMs: options.probePatienceMs,
      }
      const room = readAllowanceState(db, query, now)
      knownZeroAt = room.zeroAt
      const verdict = decide(room, quota, lane, wanting.length, now)
      if (verdict.granted < wanting.length && lane === 'stream') saveWait(db, name, self, now + WAIT_LEASE_MS)
      else if (lane === 'stream') deleteWait(db, self)
      const { granted: count, probe, tokens, waitMs } = verdict
      if (count === 0) return { ids: [], waitMs }
      const dies = freesAt(now + options.requestTimeoutMs, quota)
      const occupied = room.occupied + count
      const grants = { allowance: name, lane, count, probe, grantedAt: now, freesAt: dies, tokens, occupied }
      return { ids: saveGrants(db, grants), waitMs }
    })
    for (const [index, id] of ids.entries()) {
      const waiter = wanting[index]
      if (!waiter) continue
      waiters.splice(waiters.indexOf(waiter), 1)
      waiter.granted(permit(id))
    }
    return waitMs
  }

  const pump = async () => {
    pumping = true
    try {
      while (waiters.length > 0) {
        const waitMs = await whenFree(db, grant)
        if (waitMs === 0) continue
        wake = new AbortController()
        await clock.sleep(Math.min(waitMs, LOOK_AGAIN_MS), wake.signal).catch(() => {})
      }
    } catch (error) {
      for (const waiter of waiters.splice(0)) waiter.failed(error)
    } finally {
      pumping = false
    }
  }

  return {
    acquire(lane, signal) {
      return new Promise((resolve, reject) => {
        signal.throwIfAborted()
        const leave = () => {
          const index = waiters.indexOf(waiter)
          if (index !== -1) waiters.splice(index, 1)
          if (lane === 'stream' && db.$client.open) unlessLocked(db, () => writeSoon(db, () => deleteWait(db, self)))
          reject(signal.reason)
          wake.abort()
        }
        const settled = (tell: () => void) => {
          signal.removeEventListener('abort', leave)
          tell()
        }
        const waiter: Waiter = {
          lane,
          granted: (permit) => settled(() => resolve(permit)),
          failed: (error) => settled(() => reject(error)),
        }
        signal.addEventListener('abort', leave, { once: true })
        waiters.push(waiter)
        if (pumping) wake.abort()
        else void pump()
      })
    },
    announceConsumer(ms) {
      const save = () => saveConsumer(db, name, viewClock(clock), clock.steady() + ms)
      unlessLocked(db, () => writeSoon(db, save))
    },
  }
}
