// The log of permits in the database's own file: shared by the processes of one machine.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { nowOrWhenFree, unlessLocked, whenFree } from '../db/lock-wait.ts'
import { type Db, writeSoon } from '../db/open.ts'
import {
  countOwnSince,
  deleteGrant,
  deleteWait,
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
import { applyRateHeaders, decide, freesAt } from './rule.ts'
import type { Granted, Permit, PermitStore } from './store.ts'

/** A stream permit that waits says so for this long at a time. */
const WAIT_LEASE_MS = 2500

export interface SqliteStoreOptions {
  db: Db
  clock: Clock
  name: string
  quota: Quota
  /** After this a call without an answer has failed; a dead process's permits age from here. */
  requestTimeoutMs: number
  probePatienceMs: number
}

/** Opens the log of the allowance `name` in the database. */
export function sqliteStore(options: SqliteStoreOptions): PermitStore {
  const { db, clock, name, quota } = options
  const self = randomUUID()
  let knownZeroAt: number | null = null

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
    },
    cancel() {
      nowOrWhenFree(db, () => writeSoon(db, () => deleteGrant(db, id)))
    },
  })

  return {
    atHand: () => null,
    grant: (ask) =>
      whenFree(db, (): Granted => {
        const { lane, wanted } = ask()
        return writeSoon(db, () => {
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
          const { granted: count, probe, tokens, waitMs } = decide(room, quota, lane, wanted, now)
          if (count < wanted && lane === 'stream') saveWait(db, name, self, now + WAIT_LEASE_MS)
          else if (lane === 'stream') deleteWait(db, self)
          if (count === 0) return { permits: [], waitMs }
          const dies = freesAt(now + options.requestTimeoutMs, quota)
          const occupied = room.occupied + count
          const grants = { allowance: name, lane, count, probe, grantedAt: now, freesAt: dies, tokens, occupied }
          return { permits: saveGrants(db, grants).map(permit), waitMs }
        })
      }),
    endWait() {
      if (db.$client.open) unlessLocked(db, () => writeSoon(db, () => deleteWait(db, self)))
    },
    announceConsumer(ms) {
      const save = () => saveConsumer(db, name, viewClock(clock), clock.steady() + ms)
      unlessLocked(db, () => writeSoon(db, save))
    },
  }
}
