// What is left to a process whose store is away: the background waits, and the stream, once its reserve is used up, asks
// the server itself and goes by its headers.
import { formatDuration } from '../clock.ts'
import { openDb } from '../db/open.ts'
import { ChpipeError } from '../errors.ts'
import type { Log } from '../log.ts'
import { ALLOWANCE_VARIABLE } from './link.ts'
import type { OwnCalls } from './own-calls.ts'
import type { Reserve } from './reserve.ts'
import { type SqliteStoreOptions, sqliteStore } from './sqlite-store.ts'
import type { Ask, Granted, Permit, PermitStore } from './store.ts'

const LOOK_AGAIN_MS = 250
/** A short absence is waited out by a stream that has nothing in reserve. */
const ALONE_AFTER_MS = 2000

export interface AwayOptions extends Omit<SqliteStoreOptions, 'db'> {
  log: Log
  /** How long the background waits before it gives up. */
  maxOutageMs: number
}

export interface Away {
  /** What may leave now. Throws `upstream` when the background has waited for too long. */
  grant(ask: () => Ask, awayMs: number): Promise<Granted>
  /** The store is back. */
  over(): void
}

/** A process that never was without its store. */
export function createAway(options: AwayOptions, own: OwnCalls, reserve: Reserve): Away {
  const { clock, log, maxOutageMs } = options
  let alone: PermitStore | null = null

  /** The store learns of the call when it is back. */
  const counted = (permit: Permit): Permit => ({
    settle(word) {
      permit.settle(word)
      own.answered(own.next(), { lane: 'stream', answeredAt: clock.steady(), reserved: false }, null)
    },
    cancel: permit.cancel,
  })

  return {
    async grant(ask, awayMs) {
      if (ask().lane === 'background') {
        if (awayMs > maxOutageMs) throw gaveUp(awayMs)
        return { permits: [], waitMs: LOOK_AGAIN_MS }
      }
      const waitMs = reserve.waitMs()
      if (waitMs !== null || awayMs < ALONE_AFTER_MS) {
        return { permits: [], waitMs: Math.min(waitMs ?? LOOK_AGAIN_MS, LOOK_AGAIN_MS) }
      }
      if (!alone) {
        log.warn('the reserve of the stream is used up; Companies House is asked once')
        alone = sqliteStore({ ...options, db: openDb(':memory:') })
      }
      const granted = await alone.grant(ask)
      return { ...granted, permits: granted.permits.map(counted) }
    },
    over() {
      alone = null
    },
  }
}

function gaveUp(ms: number): ChpipeError {
  return new ChpipeError(
    'upstream',
    `The allowance of ${ALLOWANCE_VARIABLE} was out of reach for ${formatDuration(ms)}`,
    {
      hint: 'check the PostgreSQL and run the same command later; what is not fetched yet is still pending',
    },
  )
}
