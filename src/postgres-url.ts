// Addresses of a PostgreSQL as libpq reads them: `postgres://user:password@host:5432/database?sslmode=verify-full`.
import { ChpipeError } from './errors.ts'

/** As libpq's `sslmode`. */
export type TlsMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

const TLS_MODES: readonly string[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']

export interface PostgresAddress {
  /** A name, an address, or the folder of a Unix socket. */
  host: string
  port: number
  database: string
  /** As the environment or the operating system names them where the URL does not. */
  user: string | undefined
  password: string | undefined
  tls: { mode: TlsMode; rootCert: string | undefined; cert: string | undefined; key: string | undefined }
  /** `host:port/database`: what may be shown. */
  shown: string
}

const PARAMETERS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'host', 'port', 'user']
const EXAMPLE = 'postgres://user:password@db.example:5432/chpipe?sslmode=verify-full'

/** Reads the URL that the variable `name` holds. Throws a `config` error that names the variable and never what it holds. */
export function parsePostgresUrl(text: string, name: string): PostgresAddress {
  const wrong = (what: string) =>
    new ChpipeError('config', `${name} ${what}`, { hint: `write it as ${EXAMPLE}, or unset it` })
  if (!/^postgres(?:ql)?:\/\//.test(text) || !URL.canParse(text)) throw wrong('is not the address of a PostgreSQL')
  const url = new URL(text)
  const parameters = url.searchParams
  const unknown = [...parameters.keys()].find((key) => !PARAMETERS.includes(key))
  if (unknown !== undefined) throw wrong(`has a parameter that is none of ${PARAMETERS.join(', ')}`)
  const mode = parameters.get('sslmode') ?? 'prefer'
  if (!TLS_MODES.includes(mode)) throw wrong(`has an sslmode that is none of ${TLS_MODES.join(', ')}`)
  const decoded = (part: string) => {
    try {
      return decodeURIComponent(part)
    } catch {
      throw wrong('has a % that begins no escape; write %25 for it')
    }
  }
  const host = parameters.get('host') || decoded(url.hostname).replace(/^\[(.*)\]$/, '$1')
  const database = decoded(url.pathname.slice(1))
  const port = Number(parameters.get('port') || url.port || 5432)
  if (host === '') throw wrong('names no host')
  if (database === '' || database.includes('/')) throw wrong('names no database')
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw wrong('has a port that is none')
  const file = (parameter: string) => parameters.get(parameter) || undefined
  return {
    host,
    port,
    database,
    // A URL without a host, as for a socket, can name nobody before it.
    user: decoded(url.username) || parameters.get('user') || undefined,
    password: decoded(url.password) || undefined,
    tls: { mode: mode as TlsMode, rootCert: file('sslrootcert'), cert: file('sslcert'), key: file('sslkey') },
    shown: `${host.includes(':') ? `[${host}]` : host}:${port}/${database}`,
  }
}
