// One connection to a PostgreSQL whose every wait has an end: an answer that does not come, or rows that nobody takes,
// break the connection instead of holding the program.
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Client } from 'pg'
import type { Clock } from '../../clock.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import { type ConnectOptions, connectPostgres, isEncrypted, postgresError, withoutPassword } from './connect.ts'

export interface SessionOptions extends ConnectOptions {
  clock: Clock
  /** Breaks the connection, so that the server undoes what is not committed. */
  signal: AbortSignal
  /** How long a short statement may take (ms). */
  answerMs: number
  /** How long rows may wait for the server to take them (ms). */
  stallMs: number
  /** How long a long statement may take (ms); the server should be told the same. */
  statementMs: number
}

export interface PostgresSession {
  /** Whether what is sent is encrypted on its way. */
  readonly encrypted: boolean
  /** Runs a statement that should answer at once, or a long one. */
  query<Row extends object = Record<string, unknown>>(
    sql: string,
    values?: readonly unknown[],
    duration?: 'short' | 'long',
  ): Promise<{ rows: Row[]; rowCount: number; command: string }>
  /** Sends pieces to `COPY ... FROM STDIN`; returns how many rows the server took. */
  copyIn(sql: string, pieces: Iterable<Buffer>): Promise<number>
  /** From now on the signal breaks nothing: a commit that was sent is waited for. */
  holdFast(): void
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens a connection. Everything throws `config` for what only the operator can correct, `upstream` for a server that is
 * away or too slow, `data` for a statement that it refuses, and the signal's reason once that is aborted; never with
 * credentials.
 */
export async function openSession(options: SessionOptions): Promise<PostgresSession> {
  const { clock, signal, answerMs, stallMs, statementMs } = options
  signal.throwIfAborted()
  const client = await connectPostgres(options)
  let working = 0
  let lost: unknown = null
  client.on('error', (error) => {
    lost ??= error
  })
  const cut = () => breakConnection(client)
  signal.addEventListener('abort', cut)
  const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
    const done = new AbortController()
    const late = clock.sleep(ms, done.signal).then(() => {
      cut()
      throw silent(options)
    })
    late.catch(() => {})
    try {
      return await Promise.race([work, late])
    } finally {
      done.abort()
      work.catch(() => {})
    }
  }
  const guarded = async <T>(body: () => Promise<T>): Promise<T> => {
    working += 1
    try {
      const result = await body()
      working -= 1
      return result
    } catch (error) {
      if (codeOf(error) !== '') working -= 1
      if (signal.aborted) throw signal.reason
      // The server may have said why before anything was asked; the driver then only says that it is gone.
      throw isFault(error) ? error : sessionError(codeOf(error) === '' ? (lost ?? error) : error, options)
    }
  }
  return {
    encrypted: isEncrypted(client),
    query: (sql, values = [], duration = 'short') =>
      guarded(async () => {
        const ms = duration === 'short' ? answerMs : statementMs
        const { rows, rowCount, command } = await within(ms, client.query(sql, [...values]))
        return { rows, rowCount: rowCount ?? 0, command }
      }),
    copyIn: (sql, pieces) => guarded(() => copyPieces(client, sql, pieces, { within, stallMs })),
    holdFast: () => signal.removeEventListener('abort', cut),
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', cut)
      if (working === 0) await within(Math.min(answerMs, 1000), client.end()).catch(() => {})
      cut()
    },
  }
}

interface Patience {
  within<T>(ms: number, work: Promise<T>): Promise<T>
  stallMs: number
}

async function copyPieces(client: Client, sql: string, pieces: Iterable<Buffer>, patience: Patience): Promise<number> {
  const { within, stallMs } = patience
  const { default: copyStreams } = await import('pg-copy-streams')
  const stream = client.query(copyStreams.from(sql))
  const failed = new Promise<never>((_done, reject) => stream.once('error', reject))
  failed.catch(() => {})
  for (const piece of pieces) {
    if (!stream.write(piece)) await within(stallMs, Promise.race([once(stream, 'drain'), failed]))
    await Promise.race([nextTurn(), failed])
  }
  const finished = once(stream, 'finish')
  stream.end()
  await within(stallMs, Promise.race([finished, failed]))
  return stream.rowCount
}

function breakConnection(client: Client): void {
  client.connection.stream.destroy()
}

function silent({ address, variable }: ConnectOptions): ChpipeError {
  return new ChpipeError('upstream', `The PostgreSQL of ${variable} stopped answering: ${address.shown}`, {
    hint: 'check the server and the network, then run the command again',
  })
}

/** The five characters of SQLSTATE; empty for what the server did not say. */
function codeOf(error: unknown): string {
  const code = String((error as NodeJS.ErrnoException | null)?.code ?? '')
  return /^[0-9A-Z]{5}$/.test(code) && error instanceof Error && 'severity' in error ? code : ''
}

/** What a server that can be reached refuses for now, by its class or code. */
const FOR_NOW: Record<string, string> = {
  '25P03': 'ended a transaction that did nothing for too long',
  '25P04': 'ended a transaction that took too long',
  '40': 'undid the transaction because of another one',
  '53': 'has no resources left',
  '55P03': 'kept a lock for another session',
  '57014': 'cancelled a statement',
}

/** What is wrong with this program, not with the server. */
function isFault(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
}

const KNOWN_ELSEWHERE = /^(?:08|28|3D|42501|25006|57P)/

function sessionError(error: unknown, options: ConnectOptions): ChpipeError {
  const code = codeOf(error)
  if (error instanceof ChpipeError || code === '' || KNOWN_ELSEWHERE.test(code)) return postgresError(error, options)
  const { variable, address } = options
  const forNow = FOR_NOW[code] ?? FOR_NOW[code.slice(0, 2)]
  const why = withoutPassword(errorMessage(error), address)
  if (forNow) {
    return new ChpipeError('upstream', `The PostgreSQL of ${variable} ${forNow} (${why}): ${address.shown}`, {
      hint: 'see which session it is in pg_stat_activity, then run the command again',
    })
  }
  return new ChpipeError(
    'data',
    `The PostgreSQL of ${variable} refused a statement (${code}: ${why}): ${address.shown}`,
    {
      hint: 'see whether somebody changed the tables there, or report this',
      cause: error,
    },
  )
}

/** Whether an error came from the connection and not from the server: what was sent last may or may not be done. */
export function isConnectionLoss(error: unknown): boolean {
  return error instanceof ChpipeError && error.kind === 'upstream'
}
