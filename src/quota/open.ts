// Where this process finds its allowances: in its database, or where several machines share them.
import type { Clock } from '../clock.ts'
import type { Db } from '../db/open.ts'
import { databaseKey } from '../db/suppress/suppressions.ts'
import { keyedHash } from '../db/values.ts'
import type { Log } from '../log.ts'
import type { PostgresAddress } from '../postgres-url.ts'
import type { Quota } from '../settings.ts'
import { type Allowance, allowanceOn, openAllowance } from './allowance.ts'
import { openSharedStore, type SharedStore } from './shared-store.ts'

export interface AllowanceSpec {
  name: string
  quota: Quota
  requestTimeoutMs: number
  probePatienceMs: number
}

/** Opens an allowance. Throws `config` or `upstream` where it is shared and cannot be reached. */
export type OpenAllowance = (spec: AllowanceSpec) => Promise<Allowance>

export interface SharedAllowances {
  open: OpenAllowance
  /** Gives back what is reserved, and closes the connections. */
  close(): Promise<void>
}

/** The allowances that lie in the PostgreSQL at `address`; each is connected to once, when it is asked for. */
export function sharedAllowances(options: {
  address: PostgresAddress
  clock: Clock
  log: Log
  maxOutageMs: number
  /** The database that this process works on; null for none. */
  db: Db | null
}): SharedAllowances {
  const dataset = options.db && keyedHash(databaseKey(options.db), 'shared allowance').slice(0, 32)
  const stores = new Map<string, Promise<SharedStore>>()
  const opened = new Map<string, Promise<Allowance>>()
  return {
    open(spec) {
      const store = stores.get(spec.name) ?? openSharedStore({ ...options, dataset, ...spec })
      stores.set(spec.name, store)
      const allowance = opened.get(spec.name) ?? store.then((own) => allowanceOn(own, options.clock))
      opened.set(spec.name, allowance)
      return allowance
    },
    async close() {
      const settled = await Promise.allSettled(stores.values())
      await Promise.all(settled.map((one) => (one.status === 'fulfilled' ? one.value.close() : null)))
    },
  }
}

/** The allowances that lie in the database. */
export function localAllowances(db: () => Promise<Db>, clock: Clock): OpenAllowance {
  return async (spec) => openAllowance({ ...spec, db: await db(), clock })
}
