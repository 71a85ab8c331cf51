import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { readSettings } from '../../../src/settings.ts'
import type { Check } from '../../../src/steps/doctor/check.ts'
import { checkTarget } from '../../../src/steps/doctor/target.ts'
import { publishTarget } from '../../../src/steps/publish/target.ts'
import { run } from '../../host.ts'
import { type PostgresServer, startPostgres } from '../../postgres.ts'
import { addCompany, fill } from '../export/export-world.ts'
import { type PublishWorldOfTest, publishWorldOf } from '../publish/publish-world.ts'

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

/** The row of `doctor` about the target; with none of what anybody else set. */
async function examined(env: Record<string, string> = {}): Promise<Check | undefined> {
  const { stdout, stderr } = await run(['doctor', '--offline', '--json'], {
    env: { ...world.env, ...env },
    cwd: world.folder.path,
  })
  expect(stdout + stderr).not.toMatch(/invented-password|s3c/)
  return (JSON.parse(stdout) as Check[]).find(({ check }) => check === 'publish')
}

const changed = (change: (url: URL) => void) => {
  const url = new URL(server.url)
  change(url)
  return { CHPIPE_POSTGRES_URL: url.href }
}

it('says that nothing is published, how long ago something was, and how far behind it is', async () => {
  const at = `127.0.0.1:${server.port}/postgres`
  expect(await examined()).toEqual({
    check: 'publish',
    state: 'ok',
    message: `${at}; nothing of this database is published yet`,
    hint: null,
  })
  await world.publish()
  const { schema } = world
  const shown = (behind: string) => ({
    state: 'ok',
    message: expect.stringMatching(new RegExp(`^${at}; schema ${schema} was published \\d+m?s ago, ${behind}$`)),
  })
  expect(await examined()).toMatchObject(shown('nothing has changed since'))
  addCompany(world.db, { company_number: '00000009' })
  expect(await examined()).toMatchObject(shown('1 company has changed since'))
  addCompany(world.db, { company_number: '00000010' })
  expect(await examined()).toMatchObject(shown('2 companies have changed since'))
  await world.client.query("UPDATE chpipe_publication SET published_at = now() - interval '25 hours'")
  expect(await examined()).toMatchObject({
    state: 'warn',
    message: expect.stringMatching(/published 1d 1h ago, 2 companies have changed since$/),
    hint: 'chpipe publish, or start chpipe-publish.service',
  })
  await world.client.query('ALTER TABLE companies DROP COLUMN subtype')
  await world.publish('--schema', `${schema}_too`, '--all')
  expect((await examined())?.message).toMatch(
    /ago, the next publication compares every row; schema world_\d+_too was published .* ago, nothing has changed since$/,
  )
  await world.client.query(`DROP SCHEMA ${schema}_too CASCADE`)
})

it('fails where the next publication would be refused, in its words', async () => {
  await world.db.$client.backup(world.folder.file('backup.db'))
  addCompany(world.db, { company_number: '00000009' })
  await world.publish()
  expect(await examined({ CHPIPE_DB: world.folder.file('backup.db') })).toMatchObject({
    state: 'fail',
    message: expect.stringMatching(/: The schema world_\d+ holds a later state than this database knows/),
    hint: expect.stringContaining('--full'),
  })
  await world.client.query('ALTER TABLE officers ALTER name TYPE varchar(9) USING left(name, 9)')
  expect(await examined()).toMatchObject({
    state: 'fail',
    message: expect.stringContaining('is not as chpipe published it: name is character varying'),
  })
})

it('fails where the usual schema is of another database, or of others', async () => {
  await world.publish('--schema', 'chpipe')
  await using other = await publishWorldOf(server)
  fill(other.db, 2, 1)
  expect(await examined({ CHPIPE_DB: other.folder.file('companies.db') })).toMatchObject({
    state: 'fail',
    message: expect.stringContaining('The schema chpipe is published by another database of chpipe'),
  })
  await world.client.query('DROP SCHEMA chpipe CASCADE; CREATE SCHEMA chpipe; CREATE TABLE chpipe.officers (id int)')
  expect(await examined()).toMatchObject({
    state: 'fail',
    message: expect.stringContaining('has a table officers that chpipe did not publish'),
  })
  await world.client.query('CREATE TABLE chpipe.chpipe_publication (id int)')
  expect((await examined())?.message).toContain('is not as this chpipe makes it')
  await world.client.query('DROP SCHEMA chpipe CASCADE')
})

it('fails for what cannot be reached or written to, and shows no password', async () => {
  const url = new URL(server.url)
  expect(await examined(changed((at) => Object.assign(at, { port: '1' })))).toMatchObject({
    state: 'fail',
    message: expect.stringContaining('cannot be reached'),
  })
  expect(await examined(changed((at) => Object.assign(at, { password: 's3c%25r%40t' })))).toMatchObject({
    state: 'fail',
    message: expect.stringContaining('refused the user or the password'),
  })
  await world.publish()
  await world.client.query(`CREATE ROLE reader LOGIN PASSWORD 's3cret'; GRANT USAGE ON SCHEMA ${world.schema} TO reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA ${world.schema} TO reader`)
  const reader = changed((at) => Object.assign(at, { username: 'reader', password: 's3cret' }))
  expect(await examined(reader)).toMatchObject({
    state: 'fail',
    message: expect.stringContaining('the user may not publish there'),
  })
  await world.client.query('ALTER ROLE reader SET default_transaction_read_only = on')
  expect(await examined(reader)).toMatchObject({ state: 'fail', message: expect.stringContaining('is read-only') })
  const libpq = { CHPIPE_POSTGRES_URL: '', PGHOST: '127.0.0.1', PGUSER: 'chpipe', PGDATABASE: 'postgres' }
  const { port, password } = url
  expect((await examined({ ...libpq, PGPORT: '1', PGPASSWORD: password }))?.state).toBe('warn')
  expect((await examined({ ...libpq, PGPORT: port, PGPASSWORD: password }))?.message).toContain(world.schema)
})

it('only looks at the server where there is no database, and at nothing where no target is named', async () => {
  const none = world.folder.file('none.db')
  expect(await examined({ CHPIPE_DB: none })).toMatchObject({
    state: 'ok',
    message: expect.stringMatching(/; there is no database to compare it with$/),
  })
  expect(await examined({ CHPIPE_POSTGRES_URL: '' })).toBeUndefined()
})

it('changes nothing there, and waits for no publisher', async () => {
  await world.publish()
  const holder = new pg.Client(server.url)
  await holder.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [0x43485049, `chpipe publish ${world.schema}`])
  const state = async () => JSON.stringify((await world.client.query('SELECT xmin, * FROM chpipe_publication')).rows)
  const before = await state()
  expect((await examined())?.state).toBe('ok')
  expect(await state()).toBe(before)
  await holder.end()
})

it('warns of a way beyond this machine that is not encrypted, or not verified', () => {
  const standing = { encrypted: false, readOnly: false, mayWrite: true, published: [], refusal: null }
  const at = (url: string, encrypted: boolean) =>
    checkTarget(publishTarget(readSettings({ CHPIPE_POSTGRES_URL: url })), { ...standing, encrypted })
  expect(at('postgres://u:s3cret@db.example/d', false)).toEqual({
    check: 'publish',
    state: 'warn',
    message: 'db.example:5432/d; nothing of this database is published yet; not encrypted',
    hint: 'add ?sslmode=verify-full to CHPIPE_POSTGRES_URL',
  })
  expect(at('postgres://db.example/d?sslmode=require', true).message).toMatch(/; encrypted, but .* not verified$/)
  expect(at('postgres://db.example/d?sslmode=verify-full', true).state).toBe('ok')
  expect(at('postgres://localhost/d', false).state).toBe('ok')
})
