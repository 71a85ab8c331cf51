// One allowance, shared by every chpipe process on a database, or on several machines. A call leaves only with a permit
// from here; the log of permits is in a store, so neither a second process nor a restart forgets what the server has counted.
import type { Clock } from '../clock.ts'
import type { Lane } from '../db/quota/ledger.ts'
import { type SqliteStoreOptions, sqliteStore } from './sqlite-store.ts'
import type { Ask, Permit, PermitStore } from './store.ts'

/** Other processes change the state unseen: nobody sleeps longer than this before looking again. */
const LOOK_AGAIN_MS = 1000

export interface Allowance {
  /** Resolves when a call may leave; rejects with the signal's reason. Every attempt, retries included, needs its own. */
  acquire(lane: Lane, signal: AbortSignal): Promise<Permit>
  /** Tells every process that a stream consumer is alive for `ms` more, so that the background leaves room evenly. */
  announceConsumer(ms: number): void
}

interface Waiter {
  lane: Lane
  granted(permit: Permit): void
  failed(error: unknown): void
}

/** Opens the allowance `name` of the database for this process. */
export function openAllowance(options: SqliteStoreOptions): Allowance {
  return allowanceOn(sqliteStore(options), options.clock)
}

/** The allowance whose log of permits is in `store`. */
export function allowanceOn(store: PermitStore, clock: Clock): Allowance {
  const waiters: Waiter[] = []
  let pumping = false
  let wake = new AbortController()

  /** Whoever waits looks again as soon as a permit comes back. */
  const waking = (permit: Permit): Permit => ({
    settle(word) {
      permit.settle(word)
      wake.abort()
    },
    cancel() {
      permit.cancel()
      wake.abort()
    },
  })

  /** The stream goes first. */
  const ask = (): Ask => {
    const lane: Lane = waiters.some((waiter) => waiter.lane === 'stream') ? 'stream' : 'background'
    return { lane, wanted: waiters.filter((waiter) => waiter.lane === lane).length }
  }

  const handOut = (permit: Permit) => {
    const { lane } = ask()
    const index = waiters.findIndex((waiter) => waiter.lane === lane)
    const [waiter] = index === -1 ? [] : waiters.splice(index, 1)
    if (waiter) waiter.granted(waking(permit))
    else permit.cancel()
  }

  const pump = async () => {
    pumping = true
    try {
      while (waiters.length > 0) {
        wake = new AbortController()
        const { permits, waitMs } = await store.grant(ask)
        for (const permit of permits) handOut(permit)
        if (waitMs > 0) await clock.sleep(Math.min(waitMs, LOOK_AGAIN_MS), wake.signal).catch(() => {})
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
        const queued = waiters.some((waiter) => waiter.lane === lane)
        const permit = queued ? null : store.atHand(lane)
        if (permit) return resolve(waking(permit))
        const leave = () => {
          const index = waiters.indexOf(waiter)
          if (index !== -1) waiters.splice(index, 1)
          if (lane === 'stream') store.endWait()
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
    announceConsumer: store.announceConsumer,
  }
}
