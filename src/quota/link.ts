// The connection to the PostgreSQL that keeps the log of permits. It may go away at any moment, and is looked for until
// it is back; nobody waits for a connection that does not answer.
import { type Clock, formatDuration } from '../clock.ts'
import { connectPostgres, dropConnection, isEnded, type PostgresClient, postgresError } from '../db/postgres/connect.ts'
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

/** Connects for the first time. Throws `config` or `upstream` when that fails. */
export async function openLink(options: LinkOptions): Promise<StoreLink> {
  const { address, clock, log } = options
  const closed = new AbortController()
  let awaySince: number | null = null
  let client = await connect(options, FIRST_CONNECT_MS)
  let reviving: Promise<void> | null = null

  /** A server, or what stands before it, may end a connection that nothing was said on for long. */
  const revive = async () => {
    const ended = client
    reviving ??= connect(options, CONNECT_MS)
      .then((next) => {
        client = next
      })
      .finally(() => {
        reviving = null
      })
    await reviving
    dropConnection(ended)
  }

  const leave = (error: unknown) => {
    if (awaySince !== null || closed.signal.aborted) return
    awaySince = clock.steady()
    dropConnection(client)
    const known = postgresError(error, { address, variable: ALLOWANCE_VARIABLE })
    log.warn('the allowance is out of reach; the background waits', { store: address.shown, error: known.message })
    void lookFor().catch(() => {})
  }

  const lookFor = async () => {
    for (let tries = 0; ; tries += 1) {
      await clock.sleep(RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 0, closed.signal)
      try {
        client = await connect(options, CONNECT_MS)
      } catch {
        continue
      }
      if (closed.signal.aborted) return dropConnection(client)
      log.info('the allowance is within reach again', { after: formatDuration(clock.steady() - (awaySince ?? 0)) })
      awaySince = null
      options.back()
      return
    }
  }

  return {
    async run(body) {
      if (awaySince !== null) throw new Error('the allowance is out of reach')
      try {
        if (isEnded(client)) await revive()
        return await within(clock, ANSWER_MS, body(client))
      } catch (error) {
        leave(error)
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
