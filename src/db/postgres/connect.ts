// Connections to a PostgreSQL. The driver is loaded only where one is spoken to.
import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, checkServerIdentity } from 'node:tls'
import type { Client, ClientConfig } from 'pg'
import { ChpipeError, errorMessage, systemReason } from '../../errors.ts'
import type { PostgresAddress } from '../../postgres-url.ts'
import { readPassFile } from './passfile.ts'

export type PostgresClient = Client

export interface ConnectOptions {
  address: PostgresAddress
  /** The variable that holds the address: errors name it. */
  variable: string
  /** As `pg_stat_activity` shows it. */
  application: string
  /** A connection that does not stand after this long is given up (ms). */
  connectTimeoutMs: number
}

/** What the server asks of a newer client, and what the statements here need. */
const OLDEST_VERSION = 140_000

/**
 * Opens one connection, with TLS as libpq's `sslmode` says. A connection that breaks while it is idle is no uncaught
 * error: the next query fails. Throws `config` for what only the operator can correct, such as a refused password, and
 * `upstream` for a server that cannot be reached; neither ever holds the credentials.
 */
export async function connectPostgres(options: ConnectOptions): Promise<Client> {
  const { default: pg } = await import('pg')
  const attempts = tlsAttempts(options)
  for (const [index, ssl] of attempts.entries()) {
    const client = new pg.Client({ ...configOf(options), ssl })
    client.on('error', () => broken.add(client))
    try {
      await client.connect()
      await refuseOld(client, options)
      return client
    } catch (error) {
      dropConnection(client)
      const last = index === attempts.length - 1
      if (last || !isAboutTls(error)) throw postgresError(error, options)
    }
  }
  throw new ChpipeError('bug', 'There is no way to connect to PostgreSQL')
}

/** Leaves a connection at once, also one at whose other end nobody answers any more. */
export function dropConnection(client: Client): void {
  client.end().catch(() => {})
  const { connection } = client as unknown as { connection: { stream: Duplex } }
  connection.stream.destroy()
}

/** Connections on which the driver takes no more queries: a server says why it ends one before the socket shows it. */
const broken = new WeakSet<Client>()

/** Whether a connection has ended from the other side. */
export function isEnded(client: Client): boolean {
  const { connection } = client as unknown as { connection: { stream: Duplex } }
  return broken.has(client) || connection.stream.destroyed || connection.stream.readableEnded
}

/** Whether the server has said that it ends a connection (SQLSTATE 57P01 to 57P03). */
export function isShutdown(error: unknown): boolean {
  return codeOf(error).startsWith('57P')
}

/** Whether a connection is encrypted on its way. */
export function isEncrypted(client: Client): boolean {
  const { connection } = client as unknown as { connection: { stream: Duplex & { encrypted?: boolean } } }
  return connection.stream.encrypted === true
}

function configOf({ address, application, connectTimeoutMs }: ConnectOptions): ClientConfig {
  const { host, port, database, user, password = readPassFile(address) } = address
  return {
    host,
    port,
    database,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    application_name: application,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    // Otherwise a network that is gone without a word shows only after two hours.
    keepAliveInitialDelayMillis: 10_000,
  }
}

/** The ways to try, in order (libpq, "SSL Mode Descriptions"). `require` verifies the chain where a root is named. */
function tlsAttempts({ address, variable }: ConnectOptions): (false | ConnectionOptions)[] {
  const { tls, host } = address
  const { mode } = tls
  if (mode === 'disable' || host.startsWith('/')) return [false]
  const read = (path: string | undefined, parameter: string) => {
    if (path === undefined) return undefined
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      const { reason } = systemReason(error)
      throw new ChpipeError('config', `The ${parameter} of ${variable} cannot be read, as ${reason}: ${path}`, {
        hint: 'name a file in PEM that chpipe may read',
        cause: error,
      })
    }
  }
  const ca = tls.rootCert === 'system' ? undefined : read(tls.rootCert, 'sslrootcert')
  const cert = read(tls.cert, 'sslcert')
  const key = read(tls.key, 'sslkey')
  const verifiesChain = mode === 'verify-full' || mode === 'verify-ca' || ca !== undefined
  const secure: ConnectionOptions = {
    rejectUnauthorized: verifiesChain,
    // The driver names the server only where it has a name, and Node then compares an address with `localhost`.
    checkServerIdentity: (_name, peer) => (mode === 'verify-full' ? checkServerIdentity(host, peer) : undefined),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
  if (mode === 'allow') return [false, secure]
  return mode === 'prefer' ? [secure, false] : [secure]
}

async function refuseOld(client: Client, { address, variable }: ConnectOptions): Promise<void> {
  const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num')
  if (Number(rows[0]?.server_version_num) >= OLDEST_VERSION) return
  throw new ChpipeError('config', `The PostgreSQL of ${variable} is older than 14: ${address.shown}`, {
    hint: 'upgrade it, or name another one',
  })
}

/** Only what a connection the other way may help against. */
function isAboutTls(error: unknown): boolean {
  const code = codeOf(error)
  return /does not support SSL/.test(errorMessage(error)) || code === '28000' || code.startsWith('ERR_SSL')
}

/** Classes of SQLSTATE, and codes of Node, that only the operator can correct. */
const REFUSALS: Record<string, string> = {
  '28': 'refused the user or the password',
  '3D': 'has no such database',
  '3F': 'has no such schema',
  '42501': 'does not allow the user to do this',
  '25006': 'is read-only',
}

/** What poolers refuse under a code that says less, such as PgBouncer. */
const POOLER_REFUSALS: [RegExp, sentence: string][] = [
  [/^no such database/, 'has no such database'],
  [/statement pooling/, 'is behind a pooler of single statements, which allows no transactions'],
]

/** Turns whatever a connection or a query failed with into a sentence without credentials. */
export function postgresError(error: unknown, { address, variable }: Pick<ConnectOptions, 'address' | 'variable'>) {
  if (error instanceof ChpipeError) return error
  // The driver itself says that there is no password, or that the server does not know it.
  const code = /^SASL\b/.test(errorMessage(error)) ? '28P01' : codeOf(error)
  const refusal =
    REFUSALS[code] ??
    (/^[0-9A-Z]{5}$/.test(code) ? REFUSALS[code.slice(0, 2)] : undefined) ??
    POOLER_REFUSALS.find(([said]) => code === '08P01' && said.test(errorMessage(error)))?.[1]
  if (refusal) {
    return new ChpipeError('config', `The PostgreSQL of ${variable} ${refusal}: ${address.shown}`, {
      hint: `correct ${variable}, or the server's own settings`,
    })
  }
  const why = withoutCredentials(errorMessage(error) || code, address)
  if (/certificate|CERT|ALTNAME|does not support SSL/.test(`${code} ${why}`)) {
    return new ChpipeError('config', `The PostgreSQL of ${variable} cannot be verified (${why}): ${address.shown}`, {
      hint: 'name the certificate of its authority as sslrootcert, and the host as the certificate does',
    })
  }
  return new ChpipeError('upstream', `The PostgreSQL of ${variable} cannot be reached (${why}): ${address.shown}`, {
    hint: 'check that it runs and that the network lets this machine through, then run the command again',
  })
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException | null)?.code ?? '')
}

/** A server may repeat what it was sent, as it stands or as some program wrote it down. */
export function withoutPassword(text: string, address: PostgresAddress): string {
  const { password = readPassFile(address) } = address
  if (password === undefined) return text
  const longestFirst = writings(password).sort((a, b) => b.length - a.length)
  return longestFirst.reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
}

function withoutCredentials(text: string, address: PostgresAddress): string {
  const shown = withoutPassword(text, address)
  if (address.user === undefined) return shown
  const name = address.user.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  return shown.replace(new RegExp(`(?<!\\w)${name}(?!\\w)`, 'g'), '***')
}

function writings(secret: string): string[] {
  const url = new URL('postgres://host')
  url.password = secret
  const plain = [secret, JSON.stringify(secret).slice(1, -1), secret.replaceAll("'", "''")]
  return [...plain, ...plain.map((text) => text.replace(/\s+/g, ' ')), encodeURIComponent(secret), url.password]
}
