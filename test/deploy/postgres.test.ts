// The statements of deploy/postgres.md, as they stand there, against a real server.
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { datasetTables } from '../../src/db/dataset/columns.ts'
import { PUBLICATION } from '../../src/steps/publish/ddl.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { type PostgresServer, startPostgres } from '../postgres.ts'
import { addOfficer, fill, newDatabase } from '../steps/export/export-world.ts'

const page = readFileSync(new URL('../../deploy/postgres.md', import.meta.url), 'utf8')
const blocks = [...page.matchAll(/^ *```sql\n(.*?)^ *```$/gms)].map(([, sql = '']) => sql)

let server: PostgresServer
let folder: TempFolder
const clients: pg.Client[] = []

beforeAll(async () => {
  server = await startPostgres()
  folder = tempFolder()
})
afterAll(async () => {
  for (const client of clients) await client.end()
  folder[Symbol.dispose]()
  await server[Symbol.asyncDispose]()
})

function urlOf(user: string, password: string): string {
  const url = new URL(server.url)
  return Object.assign(url, { username: user, password: encodeURIComponent(password), pathname: '/register' }).href
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  clients.push(client)
  await client.connect()
  return client
}

test('the page sets up a publisher, readers who see and change nothing, and views for customers', async () => {
  const [setUp = '', readers = '', views = '', state = '', together = '', replicated = '', ...more] = blocks
  expect(more).toEqual([])
  const root = await connect(server.url)
  for (const statement of setUp.split(';').filter((part) => part.trim() !== '')) await root.query(statement)

  const path = folder.file('companies.db')
  const db = newDatabase(path)
  fill(db, 5, 2)
  const publish = () =>
    run(['publish'], { env: { CHPIPE_DB: path, CHPIPE_POSTGRES_URL: urlOf('chpipe_publisher', 'choose one') } })
  expect(await publish()).toMatchObject({ code: 0, stderr: '' })

  const register = await connect(Object.assign(new URL(server.url), { pathname: '/register' }).href)
  await register.query(readers)
  await register.query(views)
  await register.query(replicated)
  const { rows: published } = await register.query(
    "SELECT tablename FROM pg_publication_tables WHERE schemaname = 'chpipe'",
  )
  expect(published.map(({ tablename }) => tablename).sort()).toEqual([...datasetTables, PUBLICATION].sort())

  const analyst = await connect(urlOf('analyst', 'choose another'))
  expect((await analyst.query('SELECT FROM chpipe.officers')).rowCount).toBe(10)
  expect((await analyst.query(state)).rows).toHaveLength(1)
  const results = (await analyst.query(together)) as unknown as pg.QueryResult[]
  expect(results.flatMap(({ rows }) => rows.map(({ count }) => count))).toEqual(['5', '10'])
  await expect(analyst.query('DELETE FROM chpipe.officers')).rejects.toThrow('read-only transaction')
  await analyst.query('SET default_transaction_read_only = off')
  await expect(analyst.query('DELETE FROM chpipe.officers')).rejects.toThrow('permission denied')

  await register.query('SET ROLE customer')
  expect((await register.query('SELECT * FROM register_api.directors LIMIT 1')).fields.map(({ name }) => name)).toEqual(
    ['company_number', 'name', 'officer_role', 'appointed_on', 'resigned_on'],
  )
  await expect(register.query('SELECT FROM chpipe.officers')).rejects.toThrow('permission denied')
  await register.query('RESET ROLE')

  addOfficer(db, { company_number: '00000001', appointment_id: 'new', name: 'NEW' })
  db.$client.exec("UPDATE companies SET company_name = 'X' WHERE company_number = '00000001'")
  db.$client.close()
  expect((await publish()).code).toBe(0)
  expect((await analyst.query('SELECT FROM chpipe.officers')).rowCount).toBe(11)
  expect((await register.query("SELECT FROM register_api.directors WHERE name = 'NEW'")).rowCount).toBe(1)
  // A table that a newer chpipe adds.
  await register.query('SET ROLE chpipe_publisher; CREATE TABLE chpipe.added (); RESET ROLE')
  expect((await analyst.query('SELECT FROM chpipe.added')).rowCount).toBe(0)
})
