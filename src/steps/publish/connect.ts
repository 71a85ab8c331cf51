// The transaction in which a publication is made: its settings, and the lock that keeps a second publisher away.
import type { Clock, Timings } from '../../clock.ts'
import { openSession, type PostgresSession } from '../../db/postgres/session.ts'
import { ChpipeError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { PublishTarget } from './target.ts'

/** What a publication needs of the world. */
export interface PublishWorld {
  target: PublishTarget
  clock: Clock
  timings: Timings
  signal: AbortSignal
  log: Log
}

/** Opens a connection for publishing; see `openSession` for what it throws. */
export async function connectTarget({ target, clock, timings, signal }: PublishWorld): Promise<PostgresSession> {
  const session = await openSession({
    ...target,
    application: 'chpipe publish',
    connectTimeoutMs: timings.connectTimeoutMs,
    clock,
    signal,
    answerMs: timings.publishAnswerMs,
    stallMs: timings.publishStallMs,
    statementMs: timings.publishStatementMs + timings.publishAnswerMs,
  })
  try {
    await refuseEncoding(session, target)
    return session
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw error
  }
}

/** Names of all the world's scripts are filed. */
async function refuseEncoding(session: PostgresSession, { address, variable }: PublishTarget): Promise<void> {
  const { rows } = await session.query<{ server_encoding: string }>('SHOW server_encoding')
  const encoding = rows[0]?.server_encoding ?? ''
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return
  throw new ChpipeError('config', `The database of ${variable} is encoded in ${encoding}: ${address.shown}`, {
    hint: `name one in UTF8: CREATE DATABASE register ENCODING 'UTF8' TEMPLATE template0`,
  })
}

/** `read` sees one publication whole, whatever is published meanwhile. */
type TransactionKind = 'write' | 'read'

/**
 * Begins a transaction. Whatever becomes of this process, the server gives its locks back: it notices a closed connection
 * within two seconds, a silent one within a minute, and ends what takes too long. All settings end with the transaction,
 * so that a pooler such as PgBouncer may stand between.
 */
export async function begin(session: PostgresSession, { timings }: PublishWorld, kind: TransactionKind): Promise<void> {
  // What is read once the lock is there must be newer than the lock, whatever the server's default is.
  await session.query(`BEGIN ISOLATION LEVEL ${kind === 'read' ? 'REPEATABLE READ' : 'READ COMMITTED'}`)
  const settings: Record<string, string> = {
    search_path: 'pg_catalog',
    timezone: 'UTC',
    datestyle: 'ISO, YMD',
    standard_conforming_strings: 'on',
    jit: 'off',
    lock_timeout: String(Math.ceil(timings.publishLockMs)),
    statement_timeout: String(Math.ceil(timings.publishStatementMs)),
    idle_in_transaction_session_timeout: String(Math.ceil(timings.publishStatementMs)),
  }
  for (const [name, value] of Object.entries(settings)) {
    await session.query('SELECT pg_catalog.set_config($1, $2, true)', [name, value])
  }
  await session.query(WATCHES)
}

/** Older servers, and systems without such a watch, refuse them. A limit on whole transactions may be the user's default. */
const WATCHES = `DO $$
DECLARE setting text[];
BEGIN
  FOREACH setting SLICE 1 IN ARRAY ARRAY[['client_connection_check_interval', '2s'], ['tcp_keepalives_idle', '20'],
      ['tcp_keepalives_interval', '10'], ['tcp_keepalives_count', '4'], ['tcp_user_timeout', '60s'], ['transaction_timeout', '0']] LOOP
    BEGIN
      PERFORM set_config(setting[1], setting[2], true);
    EXCEPTION WHEN others THEN NULL;
    END;
  END LOOP;
END $$`

/** `CHPI`, as in the header of chpipe's databases. */
const LOCK_CLASS = 0x43485049
const LOCK_AGAIN_MS = 250

/**
 * Takes the lock of the schema until the transaction ends. Throws `data` when another publisher keeps it for longer than
 * the server takes to notice that one was killed.
 */
export async function lockSchema(session: PostgresSession, world: PublishWorld, schema: string): Promise<void> {
  const { clock, timings, signal } = world
  const began = clock.steady()
  for (;;) {
    const { rows } = await session.query<{ locked: boolean }>(
      'SELECT pg_try_advisory_xact_lock($1, hashtext($2)) AS locked',
      [LOCK_CLASS, `chpipe publish ${schema}`],
    )
    if (rows[0]?.locked) return
    if (clock.steady() - began >= timings.publishLockMs) break
    await clock.sleep(Math.min(LOCK_AGAIN_MS, timings.publishLockMs), signal)
  }
  throw new ChpipeError('data', `Another publisher is at work on the schema ${schema}`, {
    hint: 'wait until it is done; a schema has one source and one publisher at a time',
  })
}
