// The log of permits in PostgreSQL, shared by several machines. Turns bring what has happened here and take what may
// leave; while the store is away the background waits, and the stream lives on its reserve.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Member } from '../db/quota/shared-ledger.ts'
import { deleteMember, prepareSharedLedger } from '../db/quota/shared-schema.ts'
import type { Log } from '../log.ts'
import type { PostgresAddress } from '../postgres-url.ts'
import { createAway } from './alone.ts'
import { ALLOWANCE_VARIABLE, openLink, type StoreLink, within } from './link.ts'
import { createOwnCalls, type OwnCalls } from './own-calls.ts'
import { createReserve, type Reserve } from './reserve.ts'
import { createTurns, type TurnOptions } from './shared-turn.ts'
import type { Ask, Granted, Permit, PermitStore } from './store.ts'
import { createTurnLoop } from './turn-loop.ts'

/** Whoever waits for a turn that takes longer looks at the reserve meanwhile. */
const SLOW_MS = 300
const LOOK_AGAIN_MS = 50
const CLOSE_MS = 1500

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

/** Opens the log of the allowance `name` there. Throws `config`, `upstream` or `data` when it cannot be used. */
export async function openSharedStore(options: SharedStoreOptions): Promise<SharedStore> {
  const { name, quota, clock, dataset } = options
  const id = randomUUID()
  const zeroAt = clock.now() - clock.steady()
  const member = { id, host: hostname(), pid: process.pid, dataset, boot: clock.boot, zeroAt }
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
  const away = createAway(options, own, reserve)
  const closing = new AbortController()
  let asking: () => Ask = () => ({ lane: 'background', wanted: 0 })
  let consumerUntil: number | null = null
  const ask = () => asking()
  const take = createTurns(options, { member, own, reserve, ask, consumerUntil: () => consumerUntil })
  const taken = (lost: boolean) => {
    away.over()
    if (lost) log.warn('the store of the allowance has lost its data; Companies House is asked once')
  }
  const loop = createTurnLoop({ clock, link, own, take, ask, closing: closing.signal, taken })
  const permit = permitsOf(options, own, reserve, loop.report)

  const leave = async () => {
    await loop.turn()
    reserve.drop()
    await loop.turn()
    await link.run((client) => deleteMember(client, name, member.id))
  }

  const store: SharedStore = {
    atHand: (lane) => (lane === 'stream' ? (reserve.take(1).map(permit)[0] ?? null) : null),
    async grant(asked): Promise<Granted> {
      asking = asked
      const granted = (numbers: number[]) => (numbers.length > 0 ? { permits: numbers.map(permit), waitMs: 0 } : null)
      const { lane, wanted } = ask()
      const atOnce = granted(loop.takeReady()) ?? granted(lane === 'stream' ? reserve.take(wanted) : [])
      if (atOnce) return atOnce
      if (link.awaySince() === null) {
        await Promise.race([loop.turn(), clock.sleep(SLOW_MS, closing.signal).catch(() => {})])
        const brought = granted(loop.takeReady())
        if (brought) return brought
        if (loop.isRunning()) return { permits: [], waitMs: LOOK_AGAIN_MS }
      }
      const awaySince = link.awaySince()
      if (awaySince !== null) return away.grant(ask, clock.steady() - awaySince)
      const reserveMs = lane === 'stream' ? reserve.waitMs() : null
      return { permits: [], waitMs: Math.min(loop.waitMs(), reserveMs ?? Number.POSITIVE_INFINITY) }
    },
    endWait: loop.report,
    announceConsumer(ms) {
      consumerUntil = clock.steady() + ms
      loop.report()
    },
    async close() {
      closing.abort()
      asking = () => ({ lane: 'background', wanted: 0 })
      consumerUntil = null
      if (link.awaySince() === null) await within(clock, CLOSE_MS, leave()).catch(() => {})
      await link.close()
    },
  }
  return { store, report: loop.report }
}

/** Makes permits from their numbers. */
function permitsOf({ clock }: SharedStoreOptions, own: OwnCalls, reserve: Reserve, report: () => void) {
  return (number: number): Permit => {
    // Those of the reserve are not listed as out.
    const lane = own.out.get(number) ?? 'stream'
    return {
      settle(word) {
        const answeredAt = clock.steady()
        if (word) reserve.hear(word)
        reserve.settle(number)
        const joins = lane === 'stream' && !reserve.has(number)
        const reserved = joins ? reserve.join(number, own.streamCalls(answeredAt) + 1) : reserve.has(number)
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
}
