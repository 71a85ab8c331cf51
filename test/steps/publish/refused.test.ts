import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { run } from '../../host.ts'
import { type PostgresServer, startPostgres } from '../../postgres.ts'
import { addCompany, fill } from '../export/export-world.ts'
import { type PublishWorldOfTest, publishWorldOf } from './publish-world.ts'

let server: PostgresServer
let world: PublishWorldOfTest

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  world = await publishWorldOf(server)
  fill(world.db, 3, 1)
})
afterEach(() => world[Symbol.asyncDispose]())

/** Everything in the schema that chpipe writes, to see that nothing changed. */
async function fingerprint(): Promise<string> {
  const tables = await world.client.query(
    'SELECT relname, relkind, oid FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) ORDER BY 1',
    [world.schema],
  )
  const rows = []
  for (const { relname, relkind } of tables.rows) {
    if (relkind === 'r') rows.push((await world.client.query(`SELECT xmin, * FROM "${relname}" ORDER BY 2`)).rows)
  }
  return JSON.stringify([tables.rows, rows])
}

async function expectRefused(options: string[], code: number, sentence: string | RegExp, hint: RegExp): Promise<void> {
  const before = await fingerprint()
  const { code: ended, stdout, stderr } = await world.publish(...options)
  expect([ended, stdout]).toEqual([code, ''])
  const [error = '', ...rest] = stderr.split('\n')
  expect(error).toMatch(sentence)
  expect(rest.join('\n')).toMatch(hint)
  expect(await fingerprint()).toBe(before)
}

describe('it refuses with 5, and changes nothing,', () => {
  test('what another database published, also with --full', async () => {
    await world.publish()
    await using other = await publishWorldOf(server)
    fill(other.db, 2, 1)
    const before = await fingerprint()
    for (const options of [[], ['--full']]) {
      const { code, stderr } = await other.publish('--schema', world.schema, ...options)
      expect([code, stderr]).toEqual([
        5,
        `error: The schema ${world.schema} is published by another database of chpipe\n` +
          `try: name another schema with --schema, or drop it there first: DROP SCHEMA "${world.schema}" CASCADE\n`,
      ])
    }
    expect(await fingerprint()).toBe(before)
  })

  test('other filters', async () => {
    await world.publish()
    await expectRefused(['--all'], 5, /was published with other filters: none$/, /^try: use the same --all/)
    await expectRefused(['--include', 'companies'], 5, /other filters/, /--full/)
  })

  test('a state that a restored backup does not know, until --full', async () => {
    await world.db.$client.backup(world.folder.file('backup.db'))
    addCompany(world.db, { company_number: '00000009' })
    await world.publish()
    const restored = (...options: string[]) =>
      run(['publish', '--schema', world.schema, '--db', world.folder.file('backup.db'), ...options], { env: world.env })
    const before = await fingerprint()
    const refused = await restored()
    expect([refused.code, refused.stderr.split('\n')[0]]).toEqual([
      5,
      `error: The schema ${world.schema} holds a later state than this database knows, as after a restored backup`,
    ])
    expect(await fingerprint()).toBe(before)
    expect((await restored('--verify')).code).toBe(5)
    expect((await restored('--full')).code).toBe(0)
    expect((await world.there()).companies).toHaveLength(3)
    expect((await restored()).code).toBe(0)
  })

  test('a state that a restored backup does not know, also when as much has changed there since', async () => {
    const backup = world.folder.file('backup.db')
    const chpipe = (...args: string[]) => run(args, { env: world.env, cwd: world.folder.path })
    expect((await chpipe('backup', '--out', backup)).code).toBe(0)
    addCompany(world.db, { company_number: '00000009' })
    await world.publish()
    for (const number of ['00000001', '00000002', '00000003'])
      expect((await chpipe('suppress', 'add', '--company', number, '--reason', 'asked', '--db', backup)).code).toBe(0)
    const before = await fingerprint()
    const { code, stderr } = await world.publish('--db', backup)
    expect([code, stderr]).toEqual([5, expect.stringContaining('holds a later state than this database knows')])
    expect(await fingerprint()).toBe(before)
  })

  test('tables that are not its own', async () => {
    await world.client.query(`CREATE SCHEMA ${world.schema}; CREATE TABLE officers (id int)`)
    await expectRefused([], 5, /has a table officers that chpipe did not publish$/, /--schema/)
    await expectRefused(['--full'], 5, /has a table officers/, /--schema/)
    await world.client.query('DROP TABLE officers; CREATE VIEW companies AS SELECT 1 AS one')
    await expectRefused([], 5, /has a table companies/, /--schema/)
    await world.client.query('DROP VIEW companies; CREATE TABLE chpipe_publication (id int)')
    await expectRefused([], 5, /The table chpipe_publication .* is not as this chpipe makes it$/, /upgrade/)
  })

  test('tables that somebody changed', async () => {
    await world.publish()
    await world.client.query('ALTER TABLE companies ALTER date_of_creation TYPE text')
    await expectRefused([], 5, /companies .* date_of_creation is text, not date$/, /undo the change/)
    await world.client.query('ALTER TABLE companies ALTER date_of_creation TYPE date USING NULL')
    await world.client.query('ALTER TABLE officers DROP CONSTRAINT officers_pkey')
    await expectRefused([], 5, /officers .* primary key is not company_number, appointment_id$/, /undo/)
  })

  test('what a newer chpipe published', async () => {
    await world.publish()
    await world.client.query('UPDATE chpipe_publication SET schema_version = 999')
    await expectRefused([], 5, /published by a newer chpipe \(schema 999, this database has \d+\)$/, /upgrade chpipe/)
  })

  test('a second publisher', async () => {
    await world.publish()
    const holder = new pg.Client(server.url)
    await holder.connect()
    await holder.query('BEGIN')
    await holder.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [0x43485049, `chpipe publish ${world.schema}`])
    await expectRefused([], 5, /^error: Another publisher is at work on the schema/, /wait until it is done/)
    await holder.query('ROLLBACK')
    await holder.end()
    expect((await world.publish()).code).toBe(0)
  })

  test('to verify what was never published', async () => {
    await expectRefused(['--verify'], 5, /^error: Nothing is published in the schema/, /chpipe publish/)
  })
})

test('two publishers at once: one after the other, or one is refused', async () => {
  const ended = await Promise.all([world.publish(), world.publish(), world.publish()])
  expect(ended.map(({ code }) => code)).toContain(0)
  for (const { code, stderr } of ended)
    if (code !== 0) expect([code, stderr]).toEqual([5, expect.stringContaining('Another publisher')])
  expect(await world.there()).toEqual(world.here())
})

test('defaults of the server do not matter: a second publisher counts from what the first one left', async () => {
  const user = `default_${world.schema}`
  await world.client.query(`CREATE ROLE ${user} LOGIN SUPERUSER PASSWORD 'invented-too';
    ALTER ROLE ${user} SET default_transaction_isolation = 'serializable'; ALTER ROLE ${user} SET transaction_timeout = '900ms';
    ALTER ROLE ${user} SET datestyle = 'German'; ALTER ROLE ${user} SET timezone = 'Asia/Tokyo'`)
  const url = Object.assign(new URL(server.url), { username: user, password: 'invented-too' }).href
  const publish = () =>
    run(['publish', '--schema', world.schema], {
      env: { ...world.env, CHPIPE_POSTGRES_URL: url, CHPIPE_TIME_SCALE: '1' },
    })
  await world.publish()
  addCompany(world.db, { company_number: '00000009', date_of_creation: '2020-01-02' })
  const first = new pg.Client(server.url)
  await first.connect()
  await first.query('BEGIN')
  await first.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [0x43485049, `chpipe publish ${world.schema}`])
  const second = publish()
  const waits = "SELECT FROM pg_stat_activity WHERE usename = $1 AND query LIKE 'SELECT pg_try_advisory%'"
  await expect.poll(async () => (await world.client.query(waits, [user])).rowCount).toBe(1)
  await first.query(
    `UPDATE ${world.schema}.chpipe_publication SET publication = 'by another'; SELECT pg_sleep(1); COMMIT`,
  )
  await first.end()
  expect(await second).toMatchObject({ code: 0, stderr: '' })
  expect(await world.there()).toEqual(world.here())
})

test('a reader that keeps a table locked while it must gain columns: 4, and nothing has changed', async () => {
  await world.publish()
  await world.client.query('ALTER TABLE companies DROP COLUMN subtype')
  const reader = new pg.Client(server.url)
  await reader.connect()
  await reader.query(`BEGIN; SELECT count(*) FROM ${world.schema}.companies`)
  const { code, stderr } = await world.publish()
  expect([code, stderr]).toEqual([
    4,
    expect.stringMatching(/kept a lock for another session \(canceling .*lock timeout\)/),
  ])
  await reader.end()
  expect((await world.publish()).code).toBe(0)
  expect(await world.there()).toEqual(world.here())
})

describe('the way to the server', () => {
  const at = (url: string, options: string[] = []) =>
    run(['publish', '--schema', world.schema, ...options], { env: { ...world.env, CHPIPE_POSTGRES_URL: url } })
  const wrong = (change: (url: URL) => void) => {
    const url = new URL(server.url)
    change(url)
    return url.href
  }

  test('a refused password, an unknown user, database or right: 3, and no secret', async () => {
    await world.client.query(`CREATE ROLE poor_${world.schema} LOGIN PASSWORD 'invented-secret'`)
    for (const [url, sentence] of [
      [wrong((url) => (url.password = 'invented-secret')), /refused the user or the password/],
      [wrong((url) => (url.username = 'nobody')), /refused the user or the password/],
      [wrong((url) => (url.pathname = '/nowhere')), /has no such database/],
      [
        wrong((url) => Object.assign(url, { username: `poor_${world.schema}`, password: 'invented-secret' })),
        /does not allow the user to do this/,
      ],
    ] as const) {
      const { code, stdout, stderr } = await at(url)
      expect([code, stdout, stderr]).toEqual([3, '', expect.stringMatching(sentence)])
      expect(stderr).not.toContain('invented')
    }
  })

  test('a password of odd characters is taken from a URL and a variable, and shown nowhere', async () => {
    const odd = `p%41ss:w@r/d?&#'"\\ é+ $& s3cret`
    const user = `odd-${world.schema}`
    await world.client.query(`CREATE ROLE "${user}" LOGIN SUPERUSER PASSWORD ${world.client.escapeLiteral(odd)}`)
    const at = wrong((url) => Object.assign(url, { username: user, password: '' }))
    const publish = (url: string, env = {}) =>
      run(['publish', '--schema', world.schema], { env: { ...world.env, CHPIPE_POSTGRES_URL: url, ...env } })
    const withPassword = (password: string) => at.replace('@', `:${encodeURIComponent(password)}@`)
    expect(await publish(withPassword(odd))).toMatchObject({ code: 0, stderr: '' })
    expect(await publish(at, { PGPASSWORD: odd })).toMatchObject({ code: 0, stderr: '' })
    for (const ended of [
      await publish(withPassword(`${odd}!`)),
      await publish(at, { PGPASSWORD: `${odd}!` }),
      await publish(withPassword(odd).replace(`:${server.port}/`, ':1/')),
      await publish(withPassword(odd).replace(/postgres$/, 'nowhere')),
      await publish(withPassword(odd).replace(/postgres$/, 'a?sslmode=never')),
      await publish(`postgres://${user}:${odd}@127.0.0.1/d`),
    ]) {
      expect([3, 4]).toContain(ended.code)
      expect(ended.stdout + ended.stderr).not.toMatch(/s3cret|p%41ss|p%2541ss/)
    }
  })

  test('a database that cannot hold every name: 3', async () => {
    await world.client.query(
      `CREATE DATABASE latin_${world.schema} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`,
    )
    const { code, stderr } = await at(wrong((url) => Object.assign(url, { pathname: `/latin_${world.schema}` })))
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/^error: The database .* is encoded in LATIN1: .*\ntry: /),
    ])
  })

  test('none, or one that is written wrongly: 3', async () => {
    const { code, stderr } = await run(['publish'], { env: { CHPIPE_DB: world.folder.file('companies.db') } })
    expect([code, stderr]).toEqual([3, expect.stringMatching(/^error: There is no PostgreSQL to publish to/)])
    for (const url of ['mysql://x/y', 'postgres://', 'postgres://me:invented-secret@db.example']) {
      const ended = await at(url)
      expect(ended.code).toBe(3)
      expect(ended.stderr).not.toContain('invented')
    }
  })

  test('nobody there: 4', async () => {
    const socket = createServer()
    await new Promise<void>((done) => socket.listen(0, '127.0.0.1', done))
    const { port } = socket.address() as { port: number }
    await new Promise((done) => socket.close(done))
    const { code, stderr } = await at(wrong((url) => (url.port = String(port))))
    expect([code, stderr]).toEqual([4, expect.stringMatching(/cannot be reached \(.*ECONNREFUSED/)])
    expect(stderr).not.toContain('invented')
  })

  test('by the variables of libpq, which also fill in what the URL leaves out', async () => {
    const { hostname, port, username, password } = new URL(server.url)
    const db = { CHPIPE_DB: world.folder.file('companies.db') }
    const named = { PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: password, PGDATABASE: 'postgres' }
    const publish = (env: Record<string, string>) =>
      run(['publish', '--schema', world.schema], { env: { ...db, ...env }, cwd: world.folder.path })
    expect(await publish(named)).toMatchObject({ code: 0, stderr: '' })
    const url = `postgres://${username}@${hostname}:${port}/postgres`
    expect(await publish({ CHPIPE_POSTGRES_URL: url, PGPASSWORD: password })).toMatchObject({ code: 0, stderr: '' })
    expect((await publish({ ...named, PGPASSWORD: 'wrong' })).code).toBe(3)
    expect((await publish({ ...named, PGSSLMODE: 'require' })).code).toBe(3)
    expect((await publish({ ...named, PGSSLMODE: 'maybe' })).code).toBe(3)
    expect((await publish({ PGSERVICE: 'mine' })).code).toBe(3)
  })

  test('beyond this machine without verification: a warning', async () => {
    const { code, stderr } = await at(wrong((url) => (url.hostname = '0.0.0.0')))
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/ warn +the server is not verified; .* sslmode=prefer\n$/),
    ])
    expect((await at(server.url)).stderr).toBe('')
  })

  test('over TLS, verified in full', async () => {
    const certificate = (name: string) =>
      readFileSync(new URL(`../../upstream/certificates/${name}`, import.meta.url), 'utf8')
    await using secured = await startPostgres({
      tls: { cert: certificate('server.pem'), key: certificate('server.key') },
    })
    const root = new URL('../../upstream/certificates/ca.pem', import.meta.url).pathname
    const named = (host: string, query: string) => `${secured.url.replace('127.0.0.1', host)}?${query}`
    expect((await at(named('localhost', `sslmode=verify-full&sslrootcert=${root}`))).stderr).toBe('')
    expect((await at(named('localhost', 'sslmode=verify-full'))).code).toBe(3)
    const shown = await at(named('localhost', 'sslmode=require'))
    expect(shown.code).toBe(0)
  })
})

test.each([
  [['--verify', '--dry-run']],
  [['--verify', '--full']],
  [['--print-sql', '--every', '1m']],
  [['--schema', 'pg_mine']],
  [['--schema', '']],
  [['--schema', 'ä'.repeat(32)]],
  [['--include', 'directors']],
  [['--every', 'often']],
  [['--every', '0s']],
])('%j is refused with 2', async (options) => {
  const { code, stdout, stderr } = await world.publish(...options)
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(/^error: .+\n/)])
})

test('without a database: 5', async () => {
  const { code, stderr } = await run(['publish', '--db', world.folder.file('none.db')], { env: world.env })
  expect([code, stderr]).toEqual([5, expect.stringMatching(/^error: There is no database to publish/)])
})
