// Where `publish` writes: `CHPIPE_POSTGRES_URL`, or the variables of libpq, which also fill in what the URL leaves out.
import { existsSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { ChpipeError } from '../../errors.ts'
import { type PostgresAddress, parsePostgresUrl } from '../../postgres-url.ts'
import type { Settings } from '../../settings.ts'

export interface PublishTarget {
  address: PostgresAddress
  /** What errors call the place where the address came from. */
  variable: string
}

const SOCKETS = '/var/run/postgresql'
/** Any of these says that a server is meant. */
const NAMING = ['PGHOST', 'PGHOSTADDR', 'PGPORT', 'PGDATABASE', 'PGUSER']

/** Whether anything names a target. */
export function isTargetNamed({ postgres, postgresVariables: given }: Settings): boolean {
  return postgres !== null || NAMING.some((name) => given[name] !== undefined)
}

/** Whether what is sent there leaves this machine. */
export function leavesThisMachine({ host }: PostgresAddress): boolean {
  return !/^(localhost$|127\.|::1$|\/)/.test(host)
}

/** Reads the target as libpq does. Throws `config` when none is named, or for a variable that is wrong; secrets never show. */
export function publishTarget({ postgres, postgresVariables: given }: Settings): PublishTarget {
  if (given.PGSERVICE !== undefined || given.PGSERVICEFILE !== undefined) {
    throw new ChpipeError('config', 'chpipe does not read the service file that PGSERVICE names', {
      hint: 'set CHPIPE_POSTGRES_URL, or PGHOST, PGDATABASE and PGUSER',
    })
  }
  if (postgres) return { address: completed(postgres, given), variable: 'CHPIPE_POSTGRES_URL' }
  if (!NAMING.some((name) => given[name] !== undefined)) {
    throw new ChpipeError('config', 'There is no PostgreSQL to publish to: CHPIPE_POSTGRES_URL is not set', {
      hint: 'write CHPIPE_POSTGRES_URL=postgres://user:password@db.example:5432/chpipe?sslmode=verify-full into .env',
    })
  }
  const user = given.PGUSER ?? userInfo().username
  const url = new URL('postgres://host/')
  url.pathname = `/${encodeURIComponent(given.PGDATABASE ?? user)}`
  url.searchParams.set('host', given.PGHOST ?? given.PGHOSTADDR ?? (existsSync(SOCKETS) ? SOCKETS : 'localhost'))
  if (given.PGPORT !== undefined) url.searchParams.set('port', given.PGPORT)
  if (given.PGSSLMODE !== undefined) url.searchParams.set('sslmode', given.PGSSLMODE)
  const variable = 'the PG variables'
  return { address: completed({ ...parsePostgresUrl(url.href, 'One of the PG variables'), user }, given), variable }
}

function completed(address: PostgresAddress, given: Settings['postgresVariables']): PostgresAddress {
  const { tls } = address
  const ofHome = (name: string) => {
    const file = join(homedir(), '.postgresql', name)
    return existsSync(file) ? file : undefined
  }
  return {
    ...address,
    user: address.user ?? given.PGUSER,
    password: address.password ?? given.PGPASSWORD,
    tls: {
      mode: tls.mode,
      rootCert: tls.rootCert ?? given.PGSSLROOTCERT ?? ofHome('root.crt'),
      cert: tls.cert ?? given.PGSSLCERT ?? ofHome('postgresql.crt'),
      key: tls.key ?? given.PGSSLKEY ?? ofHome('postgresql.key'),
    },
  }
}
