import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { datasetColumns } from '../../../src/db/dataset/columns.ts'
import { saveOfficers } from '../../../src/db/officers/officers.ts'
import { write } from '../../../src/db/open.ts'
import { type PostgresServer, startPostgres } from '../../postgres.ts'
import { addCompany, addDomain, addEmail, addOfficer, fill } from '../export/export-world.ts'
import { suppressOne, suppressWorld } from '../suppress/suppress-world.ts'
import { type PublishWorldOfTest, publishWorldOf } from './publish-world.ts'

let server: PostgresServer
let world: PublishWorldOfTest

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  world = await publishWorldOf(server)
})
afterEach(() => world[Symbol.asyncDispose]())

const sql = (text: string) => world.db.$client.exec(text)

/** Publishes, changes something, publishes again, and compares every row; returns the report of the second publication. */
async function expectDelta(change: () => void, ...options: string[]) {
  expect((await world.publish(...options)).code).toBe(0)
  change()
  const { code, stdout, stderr } = await world.publish('--json', ...options)
  expect([code, stderr]).toEqual([0, ''])
  expect(await world.there()).toEqual(world.here(options.includes('--all')))
  const summary = JSON.parse(stdout)
  const there = await world.there()
  expect(summary.rows).toEqual(Object.fromEntries(Object.entries(there).map(([table, rows]) => [table, rows.length])))
  return summary
}

const list = (number: string, ids: string[]) =>
  write(world.db, () =>
    saveOfficers(
      world.db,
      number,
      ids.map((appointment_id) => ({
        company_number: number,
        appointment_id,
        source: 'rest',
        fetched_at: '2026-03-02T12:00:00.000Z',
        run_id: 7,
      })),
      { state: ids.length > 0 ? 'complete' : 'none', fetchedAt: '2026-03-02T12:00:00.000Z', runId: 7 },
    ),
  )

describe('a delta makes of the tables what the database holds', () => {
  test('with what changed, came and went', async () => {
    fill(world.db, 6, 2)
    addCompany(world.db, { company_number: '00000008', officers_state: 'pending' })
    addEmail(world.db, '00000004', 'a0', 'x@a.example', 'valid')
    addEmail(world.db, '00000004', 'a1', 'y@a.example', 'valid')
    const summary = await expectDelta(() => {
      sql("UPDATE companies SET company_name = 'NEW Ä' WHERE company_number = '00000002'")
      addCompany(world.db, { company_number: '00000009' })
      list('00000008', ['x'])
      list('00000001', ['a0', 'new'])
      list('00000003', [])
      list('00000004', ['a1'])
      addDomain(world.db, '00000005', 'a.example', 90)
    })
    expect(summary).toMatchObject({ kind: 'delta', changed_companies: 7 })
    expect(summary.changes.companies).toEqual({ inserted: 2, updated: 3, deleted: 1 })
    expect(summary.changes.emails).toEqual({ inserted: 0, updated: 0, deleted: 1 })
  })

  test('with a company that is complete no more, although nobody vanished', async () => {
    fill(world.db, 3, 1)
    await expectDelta(() => sql("UPDATE companies SET officers_state = 'failed' WHERE company_number = '00000002'"))
    expect((await world.there()).officers).toHaveLength(2)
  })

  test('with nothing at all', async () => {
    fill(world.db, 3, 1)
    const summary = await expectDelta(() => {})
    expect(summary.changed_companies).toBe(0)
  })

  test('with most companies', async () => {
    fill(world.db, 300, 2)
    const summary = await expectDelta(() =>
      sql("UPDATE companies SET locality = 'Leeds' WHERE company_number > '00000100'"),
    )
    expect(summary.changes.companies).toEqual({ inserted: 0, updated: 200, deleted: 0 })
  })

  test('of all companies', async () => {
    fill(world.db, 3, 1)
    await expectDelta(() => addCompany(world.db, { company_number: '00000009', officers_state: 'pending' }), '--all')
  })

  test.each<[Parameters<typeof suppressOne>[1], string, string | undefined]>([
    ['email', 'jane.smithers@alpha.example', undefined],
    ['domain', 'alpha.example', undefined],
    ['company', '1', undefined],
    ['officer', 'o-jane-1', undefined],
    ['name', 'SMITHERS, Jane', '1970-04'],
  ])('with somebody suppressed, then erased, by %s', async (kind, value, born) => {
    suppressWorld(world.db)
    const rule = born ? { born } : {}
    const before = JSON.stringify(world.here())
    await expectDelta(() => suppressOne(world.db, kind, value, rule))
    expect(JSON.stringify(await world.there())).not.toBe(before)
    sql('DELETE FROM suppressions')
    await expectDelta(() => suppressOne(world.db, kind, value, { ...rule, erase: true }))
  })

  test('with somebody suppressed long before', async () => {
    suppressWorld(world.db)
    suppressOne(world.db, 'officer', 'o-jane-1')
    await expectDelta(() => addOfficer(world.db, { company_number: '00000001', appointment_id: 'a9', name: 'NEW' }))
    await expectDelta(() => sql("UPDATE companies SET company_name = 'X' WHERE company_number = '00000001'"))
  })
})

test('rows that did not change are not touched, though their company did', async () => {
  fill(world.db, 3, 2)
  await world.publish()
  const versions = async () =>
    (await world.client.query('SELECT xmin::text, appointment_id FROM officers ORDER BY company_number, 2')).rows
  const before = await versions()
  addOfficer(world.db, { company_number: '00000001', appointment_id: 'b0' })
  sql("UPDATE companies SET company_name = 'X' WHERE company_number = '00000001'")
  await world.publish()
  expect((await versions()).filter(({ appointment_id }) => appointment_id !== 'b0')).toEqual(before)
})

test('a small delta reads no table as a whole', async () => {
  fill(world.db, 800, 3)
  await world.publish()
  const scans = async () =>
    (
      await world.client.query(`SELECT pg_stat_force_next_flush(), relname, seq_scan FROM pg_stat_user_tables
        WHERE schemaname = '${world.schema}' AND relname IN ('companies', 'officers') ORDER BY 2`)
    ).rows.map(({ seq_scan }) => Number(seq_scan))
  await world.client.query('SELECT pg_stat_force_next_flush()')
  const before = await scans()
  // The planner would rather read everything.
  await world.client.query('ALTER ROLE chpipe SET random_page_cost = 10000')
  sql(
    "UPDATE companies SET company_name = 'X' WHERE company_number < '00000020'; DELETE FROM officers WHERE company_number = '00000007'",
  )
  expect((await world.publish()).code).toBe(0)
  await world.client.query('ALTER ROLE chpipe RESET random_page_cost')
  expect(await scans()).toEqual(before)
  expect(await world.there()).toEqual(world.here())
  const after = await scans()
  expect((await world.publish('--full')).code).toBe(0)
  expect((await scans()).map((count, index) => count > Number(after[index]))).toEqual([true, true])
})

test('views, grants, indexes, triggers and the tables themselves survive', async () => {
  fill(world.db, 3, 1)
  await world.publish()
  await world.client.query(`
    CREATE ROLE reader_${world.schema} LOGIN PASSWORD 'invented';
    GRANT USAGE ON SCHEMA ${world.schema} TO reader_${world.schema};
    GRANT SELECT ON companies TO reader_${world.schema};
    CREATE VIEW names AS SELECT company_number, company_name FROM companies;
    CREATE INDEX mine ON companies (locality)`)
  const oids = async () =>
    (
      await world.client.query(
        "SELECT 'companies'::regclass::oid AS a, 'mine'::regclass::oid AS b, 'names'::regclass::oid AS c",
      )
    ).rows
  const before = await oids()
  sql("UPDATE companies SET company_name = 'X' WHERE company_number = '00000001'")
  expect((await world.publish()).code).toBe(0)
  expect((await world.publish('--full')).code).toBe(0)
  expect(await oids()).toEqual(before)
  const { rows } = await world.client.query("SELECT company_name FROM names WHERE company_number = '00000001'")
  expect(rows).toEqual([{ company_name: 'X' }])
  await world.client.query(`SET ROLE reader_${world.schema}`)
  expect((await world.client.query('SELECT FROM companies')).rowCount).toBe(3)
  await world.client.query('RESET ROLE')
})

describe('--full', () => {
  test('repairs whatever somebody changed there', async () => {
    fill(world.db, 4, 2)
    await world.publish()
    await world.client.query(`UPDATE companies SET company_name = 'x' WHERE company_number = '00000001';
      DELETE FROM officers WHERE company_number = '00000002';
      INSERT INTO officers (company_number, appointment_id) VALUES ('00000003', 'nobody')`)
    const { stdout } = await world.publish('--full', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'everything',
      why: '--full',
      changes: {
        companies: { inserted: 0, updated: 1, deleted: 0 },
        officers: { inserted: 2, updated: 0, deleted: 1 },
      },
    })
    expect(await world.there()).toEqual(world.here())
  })

  test('takes other filters, and empties tables that are published no more', async () => {
    fill(world.db, 4, 2)
    addCompany(world.db, { company_number: '00000009', officers_state: 'pending' })
    await world.publish()
    expect((await world.publish('--full', '--all', '--include', 'companies')).code).toBe(0)
    const there = await world.there()
    expect([there.companies.length, there.officers.length]).toEqual([5, 0])
  })
})

describe('a schema that a former chpipe published', () => {
  test('gains columns in place and has them filled', async () => {
    fill(world.db, 4, 2)
    await world.publish()
    await world.client.query(`CREATE VIEW names AS SELECT company_number, company_name FROM companies;
      ALTER TABLE companies DROP COLUMN fetched_at, DROP COLUMN subtype; DROP TABLE emails;
      UPDATE chpipe_publication SET columns = jsonb_set(columns, '{companies}', (columns->'companies') - 'fetched_at')`)
    const { stdout } = await world.publish('--json')
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'everything', why: 'columns or tables are new' })
    expect(await world.there()).toEqual(world.here())
    const told = await world.client.query(
      "SELECT count(*) AS n FROM pg_attribute WHERE attrelid = 'companies'::regclass AND col_description(attrelid, attnum) IS NOT NULL",
    )
    expect(Number(told.rows[0].n)).toBe(datasetColumns.companies.length)
    expect(JSON.parse((await world.publish('--json')).stdout).kind).toBe('delta')
  })

  test('is filled even when it was killed between the columns and the rows', async () => {
    fill(world.db, 4, 2)
    await world.publish()
    await world.client.query(`UPDATE companies SET subtype = NULL, locality = 'lost';
      UPDATE chpipe_publication SET columns = jsonb_set(columns, '{companies}', (columns->'companies') - 'locality')`)
    expect(JSON.parse((await world.publish('--json')).stdout).kind).toBe('everything')
    expect(await world.there()).toEqual(world.here())
  })
})
