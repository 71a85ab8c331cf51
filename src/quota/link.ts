// The connection to the PostgreSQL that keeps the log of permits. It may go away at any moment, and is looked for until
// it is back; nobody waits for a connection that does not answer.
import { type Clock, formatDuration } from '../clock.ts'
import {
  connectPostgres,
  dropConnection,
  isEnded,
  isShutdown,
  type PostgresClient,
  postgresError,
} from '../db/postgres/connect.ts'
import { ChpipeError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { PostgresAddress } from '../postgres-url.ts'

export const ALLOWANCE_VARIABLE = 'CHPIPE_ALLOWANCE_URL'

/** A store that answers later than this is away: a stream would wait too long. */
const ANSWER_MS = 2500
const CONNECT_MS = 2500
const FIRST_CONNECT_MS = 10_000
const RETRY_MS = [250, 500, 1000, 2000]

export interface LinkOptions {
  address: PostgresAddress
  clock: Clock
  log: Log
  /** What a new connection begins with. */
  prepare(client: PostgresClient): Promise<void>
  /** Called when the store is back. */
  back(): void
}

export interface StoreLink {
  /** Runs `body` on the connection. Rejects when it fails or takes too long: then the store is away. */
  run<T>(body: (client: PostgresClient) => Promise<T>): Promise<T>
  /** Since when (steady ms); null while it is there. */
  awaySince(): number | null
  close(): Promise<void>
}

/** Connects for the first time. Throws `config`, `upstream` or `data` when that fails. */
export async function openLink(options: LinkOptions): Promise<StoreLink> {
  const { clock, log } = options
  const closed = new AbortController()
  let awaySince: number | null = null
  let client = await connect(options, FIRST_CONNECT_MS)

  const leave = (error: unknown) => {
    if (awaySince !== null || closed.signal.aborted) return
    const since = clock.steady()
    awaySince = since
    dropConnection(client)
    log.warn('the allowance is out of reach; the background waits', told(options, error))
    const back = (next: PostgresClient) => {
      if (closed.signal.aborted) return dropConnection(next)
      client = next
      awaySince = null
      log.info('the allowance is within reach again', { after: formatDuration(clock.steady() - since) })
      options.back()
    }
    lookFor(options, closed.signal).then(back, () => {})
  }

  /** A server, or what stands before it, may end a connection at any time and take the next one. */
  const isRevived = async (error: unknown): Promise<boolean> => {
    if (!isEnded(client) && !isShutdown(error)) return false
    dropConnection(client)
    try {
      client = await connect(options, CONNECT_MS)
      return true
    } catch {
      return false
    }
  }

  return {
    async run(body) {
      if (awaySince !== null) throw new Error('the allowance is out of reach')
      try {
        if (isEnded(client)) client = await connect(options, CONNECT_MS)
        return await within(clock, ANSWER_MS, body(client))
      } catch (error) {
        if (!(await isRevived(error))) leave(error)
        throw error
      }
    },
    awaySince: () => awaySince,
    async close() {
      closed.abort()
      await within(clock, ANSWER_MS, client.end()).catch(() => {})
      dropConnection(client)
    },
  }
}

/** Tries to connect until it succeeds; what only the operator can correct is told once. Rejects when `signal` aborts. */
async function lookFor(options: LinkOptions, signal: AbortSignal): Promise<PostgresClient> {
  let toldOf = ''
  for (let tries = 0; ; tries += 1) {
    await options.clock.sleep(RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 0, signal)
    try {
      return await connect(options, CONNECT_MS)
    } catch (error) {
      if (!(error instanceof ChpipeError) || error.kind === 'upstream' || error.message === toldOf) continue
      toldOf = error.message
      options.log.error('the allowance cannot be used', told(options, error))
    }
  }
}

function told({ address }: LinkOptions, error: unknown) {
  const { message } = postgresError(error, { address, variable: ALLOWANCE_VARIABLE })
  return { store: address.shown, error: message }
}

async function connect(options: LinkOptions, connectTimeoutMs: number): Promise<PostgresClient> {
  const { address, clock, prepare } = options
  const known = { address, variable: ALLOWANCE_VARIABLE }
  const client = await connectPostgres({ ...known, application: 'chpipe allowance', connectTimeoutMs })
  try {
    await within(clock, connectTimeoutMs, prepare(client))
    return client
  } catch (error) {
    dropConnection(client)
    throw postgresError(error, known)
  }
}

/** Rejects when `work` is not done after `ms`. */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  const done = new AbortController()
  const late = clock.sleep(ms, done.signal).then(() => {
    throw new Error('no answer in time')
  })
  work.catch(() => {})
  late.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    done.abort()
  }
}
