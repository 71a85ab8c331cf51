import { type Clock, systemClock, timings } from '../../src/clock.ts'
import { type CompaniesHouse, createCompaniesHouse } from '../../src/companies-house/client.ts'
import { type Db, openDb } from '../../src/db/open.ts'
import type { Log } from '../../src/log.ts'
import { openAllowance } from '../../src/quota/allowance.ts'
import type { Quota } from '../../src/settings.ts'

export const silentLog: Log = { info() {}, warn() {}, error() {} }

const ANSWER_MS = 5000

export interface ConnectedOptions {
  db?: Db
  clock?: Clock
  quota?: Quota
  scale?: number
  maxOutageMs?: number
  log?: Log
}

/** A client on a real allowance, hurried: waits are scaled down, the quota is wide unless a test narrows it. */
export function connected(baseUrl: string, options: ConnectedOptions = {}): CompaniesHouse {
  const { db = openDb(':memory:'), clock = systemClock(), quota = { limit: 1000, windowMs: 1000 }, scale } = options
  const hurried = timings(scale ?? 0.005)
  // A server on a busy machine takes its time, and only those who choose a scale count on the deadline.
  if (scale === undefined) hurried.requestTimeoutMs = ANSWER_MS
  const allowance = openAllowance({
    db,
    clock,
    name: 'companies-house',
    quota,
    requestTimeoutMs: hurried.requestTimeoutMs,
    probePatienceMs: hurried.probePatienceMs,
  })
  return createCompaniesHouse({
    baseUrl,
    apiKey: 'a-secret-key',
    allowance,
    clock,
    log: options.log ?? silentLog,
    timings: hurried,
    maxOutageMs: options.maxOutageMs ?? hurried.maxOutageMs,
  })
}
