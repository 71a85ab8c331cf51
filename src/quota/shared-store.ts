// The log of permits in PostgreSQL, shared by several machines. One turn at a time brings what has happened here and
// takes what may leave. While the store is away the background waits, and the stream lives on its reserve.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { formatDuration } from '../clock.ts'
import { openDb } from '../db/open.ts'
import type { Member } from '../db/quota/shared-ledger.ts'
import { deleteMember, prepareSharedLedger } from '../db/quota/shared-schema.ts'
import { ChpipeError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { PostgresAddress } from '../postgres-url.ts'
import { ALLOWANCE_VARIABLE, openLink, type StoreLink, within } from './link.ts'
import { createOwnCalls } from './own-calls.ts'
import { createReserve } from './reserve.ts'
import { createTurns, type TurnOptions } from './shared-turn.ts'
import { sqliteStore } from './sqlite-store.ts'
import type { Ask, Granted, Permit, PermitStore } from './store.ts'

/** Answers are gathered this long before they are reported, unless somebody waits. */
const GATHER_MS = 30
/** A turn is not asked for sooner than this after one that brought nothing. */
const POLL_MS = 50
const BACKGROUND_POLL_MS = 100
/** Whoever waits for a turn that takes longer looks at the reserve meanwhile. */
const SLOW_MS = 300
const LOOK_AGAIN_MS = 250
const CLOSE_MS = 1500
/** A short absence is waited out by a stream that has nothing in reserve. */
const ALONE_AFTER_MS = 2000

export interface SharedStoreOptions extends TurnOptions {
  address: PostgresAddress
  log: Log
  /** Stands for the database that this process works on; null for none. */
  dataset: string | null
  /** How long the background waits for a store that is away before it gives up. */
  maxOutageMs: number
}

export type SharedStore = PermitStore & {
  /** Reports what is left, gives the reserve back, and closes the connection. */
  close(): Promise<void>
}

/** Opens the log of the allowance `name` there. Throws `config` or `upstream` when it cannot be reached or used. */
export async function openSharedStore(options: SharedStoreOptions): Promise<SharedStore> {
  const { name, quota, clock, dataset } = options
  const { steady, now, boot } = clock
  const id = randomUUID()
  const member = { id, host: hostname(), pid: process.pid, dataset, boot, zeroAt: now() - steady() }
  let back = () => {}
  const link = await openLink({
    ...options,
    back: () => back(),
    prepare: (client) => prepareSharedLedger(client, { allowance: name, quota, member, variable: ALLOWANCE_VARIABLE }),
  })
  const { store, report } = storeOn(link, member, options)
  back = report
  return store
}

function storeOn(link: StoreLink, member: Member, options: SharedStoreOptions) {
  const { clock, name, quota, log } = options
  const own = createOwnCalls(quota)
  const reserve = createReserve(clock, quota)
  const closing = new AbortController()
  let ask: () => Ask = () => ({ lane: 'background', wanted: 0 })
  let consumerUntil: number | null = null
  let ready: number[] = []
  let waitMs = POLL_MS
  let running: Promise<void> | null = null
  let gathering = false
  let alone: PermitStore | null = null

  const take = createTurns(options, { member, own, reserve, ask: () => ask(), consumerUntil: () => consumerUntil })

  /** One turn at a time; a store that does not answer is the link's concern. */
  const turn = (): Promise<void> => {
    running ??= link
      .run(take)
      .then(
        (result) => {
          alone = null
          ready = result.granted
          waitMs = Math.max(ask().lane === 'stream' ? POLL_MS : BACKGROUND_POLL_MS, result.waitMs)
          if (result.lost) log.warn('the store of the allowance has lost its data; Companies House is asked once')
          if (ask().wanted < ready.length) for (const number of ready.splice(ask().wanted)) own.out.delete(number)
        },
        () => {},
      )
      .finally(() => {
        running = null
        if (own.hasNews()) report()
      })
    return running
  }

  /** Tells the store soon what has changed here. */
  const report = () => {
    if (gathering || closing.signal.aborted || link.awaySince() !== null) return
    gathering = true
    clock
      .sleep(GATHER_MS, closing.signal)
      .then(turn, () => {})
      .finally(() => {
        gathering = false
      })
  }

  const permit = (number: number): Permit => {
    const lane = own.out.get(number) ?? 'stream'
    return {
      settle(word) {
        const answeredAt = clock.steady()
        if (word) reserve.hear(word)
        reserve.settle(number)
        const used = lane === 'stream' ? own.streamCalls(answeredAt) + 1 : 0
        const reserved = reserve.has(number) || (used > 0 && reserve.join(number, used))
        own.answered(number, { lane, answeredAt, reserved }, word)
        report()
      },
      cancel() {
        own.out.delete(number)
        reserve.cancel(number)
        report()
      },
    }
  }

  const fromReserve = (wanted: number): Permit[] => reserve.take(wanted).map(permit)

  /** Nobody can be asked any more: this process asks the server itself, and goes by its headers. */
  const grantAlone = async (): Promise<Granted> => {
    if (!alone) {
      log.warn('the reserve of the stream is used up; Companies House is asked once')
      alone = sqliteStore({ ...options, db: openDb(':memory:') })
    }
    const { permits, waitMs } = await alone.grant(ask)
    return { permits: permits.map(counted), waitMs }
  }

  /** The store learns of the call when it is back. */
  const counted = (permit: Permit): Permit => ({
    settle(word) {
      permit.settle(word)
      own.answered(own.next(), { lane: 'stream', answeredAt: clock.steady(), reserved: false }, null)
    },
    cancel: permit.cancel,
  })

  const grantAway = (awayMs: number): Granted | Promise<Granted> => {
    if (ask().lane === 'background') {
      if (awayMs > options.maxOutageMs) throw gaveUp(awayMs)
      return { permits: [], waitMs: LOOK_AGAIN_MS }
    }
    const waitMs = reserve.waitMs()
    if (waitMs === null && awayMs > ALONE_AFTER_MS) return grantAlone()
    return { permits: [], waitMs: Math.min(waitMs ?? LOOK_AGAIN_MS, LOOK_AGAIN_MS) }
  }

  const store: SharedStore = {
    atHand: (lane) => (lane === 'stream' ? (fromReserve(1)[0] ?? null) : null),
    async grant(asking) {
      ask = asking
      if (ready.length > 0) return { permits: ready.splice(0).map(permit), waitMs: 0 }
      const { lane, wanted } = ask()
      const reserved = lane === 'stream' ? fromReserve(wanted) : []
      if (reserved.length > 0) return { permits: reserved, waitMs: 0 }
      if (link.awaySince() === null) {
        await soonOr(turn(), clock.sleep(SLOW_MS, closing.signal))
        if (ready.length > 0) return { permits: ready.splice(0).map(permit), waitMs: 0 }
        if (running) return { permits: [], waitMs: POLL_MS }
      }
      const awaySince = link.awaySince()
      if (awaySince !== null) return grantAway(clock.steady() - awaySince)
      return { permits: [], waitMs: lane === 'stream' ? Math.min(waitMs, reserve.waitMs() ?? waitMs) : waitMs }
    },
    endWait: report,
    announceConsumer(ms) {
      consumerUntil = clock.steady() + ms
      report()
    },
    async close() {
      closing.abort()
      ask = () => ({ lane: 'background', wanted: 0 })
      consumerUntil = consumerUntil === null ? null : clock.steady()
      if (link.awaySince() === null) await within(clock, CLOSE_MS, leave()).catch(() => {})
      await link.close()
    },
  }

  const leave = async () => {
    await running
    reserve.drop()
    await turn()
    await link.run((client) => deleteMember(client, name, member.id))
  }

  return { store, report }
}

async function soonOr(work: Promise<void>, late: Promise<void>): Promise<void> {
  late.catch(() => {})
  await Promise.race([work, late.catch(() => {})])
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
