import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { run } from '../../host.ts'
import { type PostgresServer, startPostgres } from '../../postgres.ts'
import { addCompany, addDomain, addEmail, addOfficer, fill } from '../export/export-world.ts'
import { suppressOne } from '../suppress/suppress-world.ts'
import { type PublishWorldOfTest, publishWorldOf } from './publish-world.ts'

let server: PostgresServer
let world: PublishWorldOfTest

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  world = await publishWorldOf(server)
  fill(world.db, 30, 2, 9_990)
  addCompany(world.db, {
    company_number: 'SC123456',
    company_name: 'Ünïcode \\ "x"\n\tLTD\u200b',
    date_of_creation: '2020-02-30',
    date_of_cessation: '2021-03-04',
    officers_fetched_at: '2026-01-02T03:04:05Z',
    deleted_at: 'never',
  })
  addOfficer(world.db, {
    company_number: 'SC123456',
    appointment_id: '-x',
    name: '\u001f\u0001\n',
    date_of_birth_year: 1970,
    date_of_birth_month: 12,
  })
  addDomain(world.db, 'SC123456', 'a.example', 90)
  addEmail(world.db, 'SC123456', '-x', 'x@a.example', 'valid')
  expect((await world.publish()).code).toBe(0)
})
afterEach(() => world[Symbol.asyncDispose]())

interface Verified {
  code: number
  equal: boolean
  changed_since: number
  differences: { table: string; bucket: string; rows_here: number; rows_there: number }[]
  tables: Record<string, { rows_here: number; rows_there: number; buckets: number }>
}

async function verify(): Promise<Verified> {
  const { code, stdout, stderr } = await world.publish('--verify', '--json')
  expect(stderr).toBe('')
  return { code, ...JSON.parse(stdout) }
}

test('what was published is equal, whatever its cells hold', async () => {
  const { code, equal, differences, tables, changed_since } = await verify()
  expect({ code, equal, differences, changed_since }).toEqual({
    code: 0,
    equal: true,
    differences: [],
    changed_since: 0,
  })
  expect(tables).toMatchObject({
    companies: { rows_here: 31, rows_there: 31, buckets: 3 },
    officers: { rows_here: 61, rows_there: 61, buckets: 3 },
    domains: { rows_here: 1, rows_there: 1, buckets: 1 },
    emails: { rows_here: 1, rows_there: 1, buckets: 1 },
  })
})

describe('it finds', () => {
  const planted: [what: string, sql: string, found: Partial<Verified['differences'][number]>][] = [
    [
      'one cell that was changed',
      "UPDATE officers SET nationality = 'Brutish' WHERE company_number = '00009995' AND appointment_id = 'a1'",
      { table: 'officers', bucket: '0000', rows_here: 18, rows_there: 18 },
    ],
    [
      'a cell that became empty text instead of NULL',
      "UPDATE companies SET locality = '' WHERE company_number = '00010005'",
      { table: 'companies', bucket: '0001', rows_here: 21, rows_there: 21 },
    ],
    [
      'a day that moved',
      "UPDATE companies SET date_of_cessation = date_of_cessation + 1 WHERE company_number = 'SC123456'",
      { table: 'companies', bucket: 'SC12' },
    ],
    [
      'a microsecond',
      "UPDATE companies SET fetched_at = fetched_at + interval '1 microsecond' WHERE company_number = '00010005'",
      { table: 'companies', bucket: '0001' },
    ],
    [
      'two cells that changed places',
      "UPDATE officers SET date_of_birth_month = 11, date_of_birth_year = 1971 WHERE company_number = 'SC123456'",
      { table: 'officers', bucket: 'SC12' },
    ],
    [
      'a row that was dropped',
      "DELETE FROM officers WHERE company_number = '00010005' AND appointment_id = 'a0'",
      { table: 'officers', bucket: '0001', rows_here: 42, rows_there: 41 },
    ],
    [
      'a row that nobody filed',
      "INSERT INTO domains (company_number, domain) VALUES ('99999999', 'x.example')",
      { table: 'domains', bucket: '9999', rows_here: 0, rows_there: 1 },
    ],
  ]

  test.each(planted)('%s', async (_what, sql, found) => {
    await world.client.query(sql)
    const { code, equal, differences } = await verify()
    expect([code, equal]).toEqual([1, false])
    expect(differences).toEqual([expect.objectContaining(found)])
    const { stdout } = await world.publish('--verify')
    expect(stdout).toMatch(/^result +1 bucket of company numbers differs$/m)
    expect(stdout).toMatch(new RegExp(`^${found.table} +${found.bucket}\\* `, 'm'))
  })

  test('a row that was doubled', async () => {
    await world.client.query(`ALTER TABLE companies DROP CONSTRAINT companies_pkey;
      INSERT INTO companies SELECT * FROM companies WHERE company_number = '00010005'`)
    const { code, differences } = await verify()
    expect([code, differences]).toEqual([1, [{ table: 'companies', bucket: '0001', rows_here: 21, rows_there: 22 }]])
    await world.client.query(`DELETE FROM companies WHERE company_number = '00010006'`)
    expect((await verify()).differences).toMatchObject([{ bucket: '0001', rows_here: 21, rows_there: 21 }])
  })

  test('two changes in two rows whose sum of anything simple is the same', async () => {
    await world.client.query(`UPDATE companies SET company_name = CASE company_number WHEN '00010005' THEN 'COMPANY 00010006 LIMITED'
      ELSE 'COMPANY 00010005 LIMITED' END WHERE company_number IN ('00010005', '00010006')`)
    expect((await verify()).code).toBe(1)
  })
})

test('it finds days and moments that the server would write as others, or as nothing', async () => {
  const planted = [
    ['date_of_cessation', "date '2021-03-04 BC'", "'2021-03-04'"],
    ['date_of_cessation', "'infinity'", "'2021-03-04'"],
    ['date_of_creation', "'-infinity'", 'NULL'],
    ['officers_fetched_at', "timestamptz '2026-01-02 03:04:05+00 BC'", "'2026-01-02 03:04:05+00'"],
    ['deleted_at', "'infinity'", 'NULL'],
  ] as const
  for (const [column, value, former] of planted) {
    const set = (to: string) =>
      world.client.query(`UPDATE companies SET ${column} = ${to} WHERE company_number = 'SC123456'`)
    await set(value)
    expect(await verify(), value).toMatchObject({ code: 1, differences: [{ table: 'companies', bucket: 'SC12' }] })
    await set(former)
  }
  expect((await verify()).code).toBe(0)
})

test('needs no right but to read, and no server that may be written to, while nothing has changed', async () => {
  const name = `reader_of_${world.schema}`
  await world.client.query(`CREATE ROLE ${name} LOGIN PASSWORD 'invented-too'; GRANT USAGE ON SCHEMA ${world.schema} TO ${name};
    GRANT SELECT ON ALL TABLES IN SCHEMA ${world.schema} TO ${name}; ALTER ROLE ${name} SET default_transaction_read_only = on`)
  const url = Object.assign(new URL(server.url), { username: name, password: 'invented-too' }).href
  const env = { ...world.env, CHPIPE_POSTGRES_URL: url }
  const read = () => run(['publish', '--schema', world.schema, '--verify', '--json'], { env, cwd: world.folder.path })
  const { code, stdout } = await read()
  expect([code, JSON.parse(stdout).equal]).toEqual([0, true])
  await world.client.query("UPDATE companies SET company_name = 'Y' WHERE company_number = '00010006'")
  expect((await read()).code).toBe(1)
  addCompany(world.db, { company_number: '00000001' })
  const changed = await read()
  expect([changed.code, changed.stderr]).toEqual([3, expect.stringContaining('is read-only')])
})

test('leaves out what has changed since, and nothing else', async () => {
  world.db.$client.exec("UPDATE companies SET company_name = 'X' WHERE company_number = '00010005'")
  suppressOne(world.db, 'company', 'SC123456')
  const changed = await verify()
  expect(changed).toMatchObject({ code: 0, equal: true, changed_since: 2 })
  expect(changed.tables.companies).toEqual({ rows_here: 29, rows_there: 29, buckets: 2 })
  await world.client.query("UPDATE companies SET company_name = 'Y' WHERE company_number IN ('00010005', '00010006')")
  expect(await verify()).toMatchObject({ code: 1, differences: [{ table: 'companies', bucket: '0001' }] })
  await world.publish()
  expect(await verify()).toMatchObject({ code: 1, changed_since: 0 })
  await world.publish('--full')
  expect(await verify()).toMatchObject({ code: 0, changed_since: 0 })
})

test('changes nothing there, and uses the filters of the publication', async () => {
  const before = await world.there()
  expect((await world.publish('--verify')).code).toBe(0)
  expect(await world.there()).toEqual(before)
  const { code, stderr } = await world.publish('--verify', '--all')
  expect([code, stderr]).toEqual([5, expect.stringContaining('other filters')])
})
