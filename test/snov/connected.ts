import { type Clock, systemClock, type Timings, timings } from '../../src/clock.ts'
import { type Db, openDb } from '../../src/db/open.ts'
import { localAllowances } from '../../src/quota/open.ts'
import type { Quota } from '../../src/settings.ts'
import { connectSnov, type Snov } from '../../src/snov/client.ts'

/** Back-offs in a hurry; requests and polls in their own time, so that a slow machine changes nothing. */
export const hurried: Timings = { ...timings(1), backoffBaseMs: 2, backoffCapMs: 10, probePatienceMs: 20 }

export interface ConnectedOptions {
  db?: Db
  clock?: Clock
  quota?: Quota
  timings?: Partial<Timings>
}

/** A client on a real allowance, wide unless a test narrows it. */
export function connected(url: string, options: ConnectedOptions = {}): Promise<Snov> {
  const db = options.db ?? openDb(':memory:')
  const clock = options.clock ?? systemClock()
  return connectSnov({
    allowance: localAllowances(async () => db, clock),
    clock,
    timings: { ...hurried, ...options.timings },
    settings: {
      snovClientId: 'an-id',
      snovClientSecret: 'a-secret-0123456789abcdef',
      snovApiUrl: url,
      snovQuota: options.quota ?? { limit: 1000, windowMs: 1000 },
    },
  })
}
