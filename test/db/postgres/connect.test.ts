import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectPostgres, isEnded, postgresError } from '../../../src/db/postgres/connect.ts'
import { ChpipeError } from '../../../src/errors.ts'
import { parsePostgresUrl } from '../../../src/postgres-url.ts'
import { tempFolder } from '../../host.ts'
import { type PostgresServer, startPostgres } from '../../postgres.ts'

const VARIABLE = 'CHPIPE_ALLOWANCE_URL'
const certificate = (name: string) => fileURLToPath(new URL(`../../upstream/certificates/${name}`, import.meta.url))

let plain: PostgresServer
let secure: PostgresServer

beforeAll(async () => {
  const tls = {
    cert: readFileSync(certificate('server.pem'), 'utf8'),
    key: readFileSync(certificate('server.key'), 'utf8'),
  }
  ;[plain, secure] = await Promise.all([startPostgres(), startPostgres({ tls })])
})

afterAll(async () => {
  await plain[Symbol.asyncDispose]()
  await secure[Symbol.asyncDispose]()
})

/** Whether the connection is encrypted, or how it failed. */
async function connect(url: string): Promise<boolean | string> {
  try {
    const address = parsePostgresUrl(url, VARIABLE)
    const client = await connectPostgres({ address, variable: VARIABLE, application: 'test', connectTimeoutMs: 5000 })
    const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
    await client.end()
    return rows[0].ssl
  } catch (error) {
    if (!(error instanceof ChpipeError)) throw error
    expect(`${error.message} ${error.hint}`).not.toMatch(/invented-password|s3cret/)
    return `${error.kind}: ${error.message}`
  }
}

it('a connection has ended as soon as the server says that it ends it', async () => {
  const address = parsePostgresUrl(plain.url, VARIABLE)
  const open = () => connectPostgres({ address, variable: VARIABLE, application: 'test', connectTimeoutMs: 5000 })
  const [idle, other] = await Promise.all([open(), open()])
  const { rows } = await idle.query('SELECT pg_backend_pid() AS pid')
  expect(isEnded(idle)).toBe(false)
  const said = new Promise((done) => idle.on('error', () => done(isEnded(idle))))
  await other.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
  expect(await said).toBe(true)
  await other.end()
})

const named = (url: string) => url.replace('127.0.0.1', 'localhost')

describe('TLS', () => {
  it('is used as sslmode says', async () => {
    const root = `sslrootcert=${certificate('ca.pem')}`
    expect(await connect(plain.url)).toBe(false)
    expect(await connect(`${plain.url}?sslmode=allow`)).toBe(false)
    expect(await connect(`${plain.url}?sslmode=disable`)).toBe(false)
    expect(await connect(secure.url)).toBe(true)
    expect(await connect(`${secure.url}?sslmode=allow`)).toBe(false)
    expect(await connect(`${secure.url}?sslmode=disable`)).toBe(false)
    expect(await connect(`${secure.url}?sslmode=require`)).toBe(true)
    expect(await connect(`${secure.url}?sslmode=verify-ca&${root}`)).toBe(true)
    expect(await connect(`${secure.url}?sslmode=verify-full&${root}`)).toBe(true)
    expect(await connect(`${named(secure.url)}?sslmode=verify-full&${root}`)).toBe(true)
  })

  it('refuses a server without it, and one that nobody vouches for', async () => {
    expect(await connect(`${plain.url}?sslmode=require`)).toMatch(/^config: .* cannot be verified \(.*not support SSL/)
    expect(await connect(`${secure.url}?sslmode=verify-full`)).toMatch(/^config: .* cannot be verified/)
    expect(await connect(`${secure.url}?sslmode=verify-ca`)).toMatch(/^config: .* cannot be verified/)
    using folder = tempFolder()
    expect(await connect(`${secure.url}?sslmode=require&sslrootcert=${folder.file('none.pem')}`)).toMatch(
      /^config: The sslrootcert of CHPIPE_ALLOWANCE_URL cannot be read/,
    )
  })

  it('compares the name only where all is verified', async () => {
    const root = `sslrootcert=${certificate('ca.pem')}`
    const other = secure.url.replace('127.0.0.1', '127.0.0.2')
    const moved = await startPostgres({
      settings: { listen_addresses: '127.0.0.2' },
      tls: {
        cert: readFileSync(certificate('server.pem'), 'utf8'),
        key: readFileSync(certificate('server.key'), 'utf8'),
      },
    })
    await using _moved = moved
    const url = other.replace(/:\d+\//, `:${moved.port}/`)
    expect(await connect(`${url}?sslmode=verify-ca&${root}`)).toBe(true)
    expect(await connect(`${url}?sslmode=verify-full&${root}`)).toMatch(/^config: .* cannot be verified/)
  })
})

describe('what cannot be connected', () => {
  it('is said in a sentence that holds no credentials', async () => {
    const { port, url } = plain
    expect(await connect(url.replace('invented-password', 's3cret'))).toBe(
      `config: The PostgreSQL of ${VARIABLE} refused the user or the password: 127.0.0.1:${port}/postgres`,
    )
    expect(await connect(url.replace(/postgres$/, 'nowhere'))).toBe(
      `config: The PostgreSQL of ${VARIABLE} has no such database: 127.0.0.1:${port}/nowhere`,
    )
    expect(await connect('postgres://someone:s3cret@127.0.0.1:1/db')).toMatch(
      /^upstream: The PostgreSQL of CHPIPE_ALLOWANCE_URL cannot be reached \(.*ECONNREFUSED.*\): 127\.0\.0\.1:1\/db$/,
    )
  })
})

it('what a pooler refuses for good is told as such, and nothing else that it says', () => {
  const address = parsePostgresUrl('postgres://u:s3cret@h/d', VARIABLE)
  const told = (message: string) => {
    const { kind, message: sentence } = postgresError(Object.assign(new Error(message), { code: '08P01' }), {
      address,
      variable: VARIABLE,
    })
    return `${kind}: ${sentence}`
  }
  expect(told('no such database: d')).toBe(`config: The PostgreSQL of ${VARIABLE} has no such database: h:5432/d`)
  expect(told('transaction blocks not allowed in statement pooling mode')).toBe(
    `config: The PostgreSQL of ${VARIABLE} is behind a pooler of single statements, which allows no transactions: h:5432/d`,
  )
  expect(told('query_wait_timeout')).toMatch(/^upstream: .* cannot be reached \(query_wait_timeout\)/)
})

describe('a server that repeats what it was sent', () => {
  const odd = `p%41ss:w@r/d?&#'"\\ é+ $& s3cret`
  const echoing = async (error: Error) => {
    const url = `postgres://me:${encodeURIComponent(odd)}@db.example/d`
    const address = parsePostgresUrl(url, VARIABLE)
    expect(address.password).toBe(odd)
    const { message, hint } = postgresError(error, { address, variable: VARIABLE })
    return `${message} ${hint}`
  }

  it.each([
    ['as it is', odd],
    ['in JSON', JSON.stringify(odd)],
    ['as it stands in the URL', encodeURIComponent(odd)],
    ['in a whole URL', `postgres://me:${encodeURIComponent(odd)}@db.example/d`],
    ['broken over lines', `${odd}\n  again`],
  ])('gets no password into an error: %s', async (_how, text) => {
    const shown = await echoing(Object.assign(new Error(`invalid password "${text}" for me`), { code: '08P01' }))
    expect(shown).toContain('cannot be reached')
    expect(shown).not.toMatch(/s3cret|p%41ss|p%2541ss/)
  })
})

it('names no user either, however odd, and hides no word that only holds the name', () => {
  const shown = (user: string, text: string) => {
    const address = parsePostgresUrl(`postgres://${encodeURIComponent(user)}@h/d`, VARIABLE)
    return postgresError(new Error(text), { address, variable: VARIABLE }).message
  }
  expect(shown('my-u$er', 'bad: my-u$er, "my-u$er".')).toContain('(bad: ***, "***".)')
  expect(shown('u', 'query for u')).toContain('(query for ***)')
})

describe('an address', () => {
  const faults: [url: string, fault: string][] = [
    ['mysql://u:s3cret@h/d', 'is not the address of a PostgreSQL'],
    ['postgres:/h/d', 'is not the address of a PostgreSQL'],
    ['db.example:5432', 'is not the address of a PostgreSQL'],
    ['postgres://u:s3cret@h', 'names no database'],
    ['postgres:///d', 'names no host'],
    ['postgres://u:s3cret@h/d?sslmod=require', 'has a parameter that is none of'],
    ['postgres://u:s3cret@h/d?sslmode=on', 'has an sslmode that is none of'],
    ['postgres://u:s3cret%zz@h/d', 'has a % that begins no escape'],
    ['postgres://u:s3cret@h/d?port=0', 'has a port that is none'],
  ]

  it.each(faults)('%s: %s', (url, fault) => {
    const read = () => parsePostgresUrl(url, VARIABLE)
    expect(read).toThrow(`${VARIABLE} ${fault}`)
    expect(read).not.toThrow('s3cret')
  })

  it('is read as libpq reads it', () => {
    expect(parsePostgresUrl('postgresql://me:a%40b%3Ac@[::1]:6000/d%20b?sslmode=verify-full', VARIABLE)).toEqual({
      host: '::1',
      port: 6000,
      database: 'd b',
      user: 'me',
      password: 'a@b:c',
      tls: { mode: 'verify-full', rootCert: undefined, cert: undefined, key: undefined },
      shown: '[::1]:6000/d b',
    })
    expect(parsePostgresUrl('postgres:///d?host=/run/postgresql', VARIABLE)).toMatchObject({
      host: '/run/postgresql',
      port: 5432,
      user: undefined,
      tls: { mode: 'prefer' },
    })
  })
})
