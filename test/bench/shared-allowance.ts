import { systemClock } from '../../src/clock.ts'
import { startPostgres } from '../postgres.ts'
import { countingServer } from '../quota/server.ts'
import { openMember, work } from '../quota/shared-work.ts'
import { tcpProxy } from '../tcp-proxy.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import type { Row } from './measure.ts'

/** There and back again. */
const LATENCY_MS = 20
const MEASURED_MS = 8000
/** Wide enough to be no limit. */
const QUOTA = { limit: 100_000, windowMs: 60_000 }
/** What 600 calls in 5 minutes are, forty times over. */
const NEEDED = 80

/** How many permits a second a PostgreSQL in some distance lets through. */
export async function benchSharedAllowance(): Promise<Row[]> {
  await using postgres = await startPostgres()
  await using proxy = await tcpProxy(postgres.port)
  const url = postgres.url.replace(/:\d+\//, `:${proxy.port}/`)
  const rows: Row[] = []
  for (const processes of [1, 3]) {
    proxy.delay(0)
    const name = `${processes} processes`
    const members = await Promise.all(Array.from({ length: processes }, () => openMember(url, QUOTA, { name })))
    proxy.delay(LATENCY_MS / 2)
    rows.push(rowOf(processes, await permitsPerSecond(members)))
  }
  return rows
}

async function permitsPerSecond(members: Awaited<ReturnType<typeof openMember>>[]): Promise<number> {
  const clock = systemClock()
  // The server only asks it for the time.
  const server = countingServer(clock as VirtualClock, 'fixed', QUOTA)
  const stop = new AbortController()
  const done = Promise.all(members.map((member) => work(member, server, stop.signal, { width: 8 })))
  await clock.sleep(1000)
  const [before, began] = [server.accepted(), clock.steady()]
  await clock.sleep(MEASURED_MS)
  const rate = ((server.accepted() - before) / (clock.steady() - began)) * 1000
  stop.abort(new Error('enough'))
  await done
  await Promise.all(members.map(({ store }) => store.close()))
  return rate
}

function rowOf(processes: number, rate: number): Row {
  return {
    name: `calls a second with PostgreSQL ${LATENCY_MS} ms away, processes with 8 at once: ${processes}`,
    ours: `${rate.toFixed(0)}`,
    theirs: `${NEEDED}, of the 2 that are allowed`,
    ratio: rate / NEEDED,
    target: 'at least 1',
  }
}
