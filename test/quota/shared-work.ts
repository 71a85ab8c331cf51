// Processes that share an allowance in a PostgreSQL, in real time.
import { setMaxListeners } from 'node:events'
import { type Clock, systemClock } from '../../src/clock.ts'
import type { Lane } from '../../src/db/quota/ledger.ts'
import type { Log } from '../../src/log.ts'
import { parsePostgresUrl } from '../../src/postgres-url.ts'
import { type Allowance, allowanceOn } from '../../src/quota/allowance.ts'
import { readRateHeaders } from '../../src/quota/rate-headers.ts'
import { openSharedStore, type SharedStore } from '../../src/quota/shared-store.ts'
import type { Quota } from '../../src/settings.ts'
import type { CountingServer } from './server.ts'

export interface Member {
  allowance: Allowance
  store: SharedStore
  /** What it has logged. */
  lines: string[]
}

/** A process of its own, as far as the store can see. */
export async function openMember(
  url: string,
  quota: Quota,
  {
    clock = systemClock(),
    name = 'companies-house',
    dataset = null,
  }: { clock?: Clock; name?: string; dataset?: string | null } = {},
): Promise<Member> {
  const lines: string[] = []
  const note = (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields ?? {})}`)
  const log: Log = { info: note, warn: note, error: note }
  const store = await openSharedStore({
    address: parsePostgresUrl(url, 'CHPIPE_ALLOWANCE_URL'),
    clock,
    log,
    name,
    quota,
    requestTimeoutMs: 2000,
    probePatienceMs: 500,
    maxOutageMs: 60_000,
    dataset,
  })
  return { allowance: allowanceOn(store, clock), store, lines }
}

export interface WorkOptions {
  lane?: Lane
  width?: number
  latencyMs?: number
  /** Between two calls of a worker. */
  restMs?: number
}

/** Calls until it is stopped; resolves with the longest wait for a permit (ms) and the number of calls. */
export async function work(
  { allowance }: Member,
  server: CountingServer,
  signal: AbortSignal,
  { lane = 'background', width = 4, latencyMs = 10, restMs = 0 }: WorkOptions = {},
): Promise<{ longestMs: number; calls: number }> {
  const clock = systemClock()
  setMaxListeners(0, signal)
  const found = { longestMs: 0, calls: 0 }
  const worker = async () => {
    while (!signal.aborted) {
      const began = clock.steady()
      const permit = await allowance.acquire(lane, signal)
      found.longestMs = Math.max(found.longestMs, clock.steady() - began)
      await clock.sleep(latencyMs / 2)
      const answer = server.call()
      await clock.sleep(latencyMs / 2)
      permit.settle(readRateHeaders(answer.status, answer.headers, clock.now()))
      found.calls += 1
      await clock.sleep(restMs)
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: width }, worker))
  const fault = ended.find((one) => one.status === 'rejected' && one.reason !== signal.reason)
  if (fault?.status === 'rejected') throw fault.reason
  return found
}
