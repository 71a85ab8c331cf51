import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { columnsOfTable } from '../../../src/db/dataset/columns.ts'
import { type PostgresServer, startPostgres } from '../../postgres.ts'
import { AT, addCompany, addDomain, addEmail, addOfficer, fill, smallWorld } from '../export/export-world.ts'
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

/** Publishes for the first time and compares every row. */
async function expectPublished(...options: string[]): Promise<void> {
  expect(await world.publish(...options)).toMatchObject({ code: 0, stderr: '' })
  expect(await world.there()).toEqual(world.here(options.includes('--all')))
}

test('brings the rows that an export holds, however many', async () => {
  smallWorld(world.db)
  fill(world.db, 1_500, 2, 10)
  addDomain(world.db, '00000020', 'a.example', 90)
  addEmail(world.db, '00000020', 'a1', 'x@a.example', 'valid')
  await expectPublished()
  expect((await world.there()).officers).toHaveLength(3_002)
})

test('brings pending companies too with --all', async () => {
  smallWorld(world.db)
  await expectPublished('--all')
  expect((await world.there()).companies).toHaveLength(3)
})

test('of an empty database makes empty tables', async () => {
  await expectPublished()
})

test('has types, keys, indexes and comments, and no foreign keys', async () => {
  smallWorld(world.db)
  await world.publish()
  const { rows } = await world.client.query(`
    SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = '${world.schema}' AND
      (table_name, column_name) IN (('companies', 'date_of_creation'), ('companies', 'fetched_at'), ('companies', 'run_id'),
        ('officers', 'date_of_birth_month'), ('officers', 'name'))`)
  expect(Object.fromEntries(rows.map(({ column_name, data_type }) => [column_name, data_type]))).toEqual({
    date_of_creation: 'date',
    fetched_at: 'timestamp with time zone',
    run_id: 'integer',
    date_of_birth_month: 'smallint',
    name: 'text',
  })
  const constraints = await world.client.query(
    `SELECT conname, contype FROM pg_constraint WHERE connamespace = '${world.schema}'::regnamespace AND contype IN ('p', 'f')`,
  )
  expect(constraints.rows.map(({ conname, contype }) => `${contype} ${conname}`).sort()).toEqual([
    'p chpipe_publication_pkey',
    'p companies_pkey',
    'p domains_pkey',
    'p emails_pkey',
    'p officers_pkey',
  ])
  const indexes = await world.client.query(
    `SELECT indexname FROM pg_indexes WHERE schemaname = '${world.schema}' AND indexname LIKE '%\\_by\\_%' ORDER BY 1`,
  )
  expect(indexes.rows.map(({ indexname }) => indexname)).toContain('officers_by_surname')
  const told = await world.client.query(
    "SELECT obj_description('companies'::regclass) AS t, col_description('companies'::regclass, 1) AS c",
  )
  expect(told.rows).toEqual([
    {
      t: 'One company on the register.',
      c: 'Number of the company on the register: eight characters, leading zeros included; joins all tables',
    },
  ])
})

describe('cells that somebody filed', () => {
  const odd = [
    'TAB\there',
    'LINE\nend',
    'CR\r\nLF',
    'BACK\\slash \\N \\.',
    'NUL\0',
    'MARK\u001fS',
    '\u0001',
    'x\u0001y',
    '\u001f\n\u001f',
    'Zoë Ünïcode 漢字 😀',
    'zero\u200bwidth',
    '\u202eturned',
    '\u0085\u009f',
    '',
    ' ',
    '\\N',
    '"quoted", \'too\'',
  ]

  test('arrive as the exports clean them', async () => {
    for (const [index, name] of odd.entries()) {
      const company_number = String(index + 1).padStart(8, '0')
      addCompany(world.db, { company_number, company_name: name || 'EMPTY' })
      addOfficer(world.db, {
        company_number,
        appointment_id: `a${index}`,
        name,
        occupation: odd.at(-1 - index) ?? null,
      })
    }
    await expectPublished()
    const { rows } = await world.client.query('SELECT name FROM officers ORDER BY company_number')
    expect(rows.map(({ name }) => name)).toEqual([
      'TAB\there',
      'LINE\nend',
      'CR\r\nLF',
      'BACK\\slash \\N \\.',
      'NUL\uFFFD',
      'MARK\uFFFDS',
      null,
      'x\uFFFDy',
      '\uFFFD\n\uFFFD',
      'Zoë Ünïcode 漢字 😀',
      'zero\uFFFDwidth',
      '\uFFFDturned',
      '\uFFFD\uFFFD',
      '',
      ' ',
      '\\N',
      '"quoted", \'too\'',
    ])
  })

  test('forge no row, whatever they hold', async () => {
    const names = columnsOfTable('officers').map(({ name }) => name)
    const before = names.indexOf('name')
    // The rest of this row, and the beginning of one that nobody filed.
    const rest = Array.from({ length: names.length - before - 1 }, () => 'forged')
    const forged = ['EVIL', ...rest].join('\u001f')
    const begun = ['99999999', ...Array.from({ length: before }, () => 'forged')].join('\u001f')
    addCompany(world.db, { company_number: '00000001' })
    addOfficer(world.db, { company_number: '00000001', appointment_id: 'a', name: `${forged}\n${begun}` })
    addOfficer(world.db, { company_number: '00000001', appointment_id: 'b', name: '\u001f'.repeat(names.length - 1) })
    await expectPublished()
    expect((await world.there()).officers).toHaveLength(2)
  })

  test('are NULL where they are no date, time or number', async () => {
    const days = [
      '2020-02-30',
      '1 May',
      '2020-2-3',
      '0000-01-01',
      '2021-02-29',
      '2020-02-29',
      '',
      '2020-01-01T00:00:00Z',
    ]
    for (const [index, date_of_creation] of days.entries()) {
      const company_number = String(index + 1).padStart(8, '0')
      addCompany(world.db, {
        company_number,
        date_of_creation,
        deleted_at: index === 0 ? '2026-01-02T03:04:05Z' : 'never',
      })
      addOfficer(world.db, {
        company_number,
        appointment_id: 'a',
        date_of_birth_year: [40_000, -5, 1970.5, 'old'][index % 4] as number,
      })
    }
    await expectPublished()
    const { rows } =
      await world.client.query(`SELECT date_of_creation::text AS day, deleted_at, date_of_birth_year AS year
      FROM companies JOIN officers USING (company_number) ORDER BY company_number`)
    expect(rows.map(({ day }) => day)).toEqual([null, null, null, null, null, '2020-02-29', null, null])
    expect(rows.map(({ deleted_at }) => deleted_at?.toISOString() ?? null)).toEqual([
      '2026-01-02T03:04:05.000Z',
      ...Array.from({ length: 7 }, () => null),
    ])
    expect(rows.slice(0, 4).map(({ year }) => year)).toEqual([null, -5, null, null])
  })
})

test.each<[Parameters<typeof suppressOne>[1], string, string | undefined]>([
  ['email', 'jane.smithers@alpha.example', undefined],
  ['domain', 'alpha.example', undefined],
  ['company', '1', undefined],
  ['officer', 'o-jane-1', undefined],
  ['name', 'SMITHERS, Jane', '1970-04'],
])('leaves out who is suppressed by %s', async (kind, value, born) => {
  suppressWorld(world.db)
  suppressOne(world.db, kind, value, born ? { born } : {})
  await expectPublished()
})

test('the watermark says what is published', async () => {
  smallWorld(world.db)
  const { stdout } = await world.publish('--json')
  const summary = JSON.parse(stdout)
  expect(summary).toMatchObject({
    kind: 'first',
    why: null,
    dry_run: false,
    changed_companies: null,
    rows: { companies: 2, officers: 2, domains: 0, emails: 0 },
  })
  const { rows } = await world.client.query('SELECT * FROM chpipe_publication')
  expect(rows).toMatchObject([
    { generation: summary.generation, filters: { all: false, include: null }, counts: summary.rows },
  ])
  expect(rows[0].as_of.toISOString()).toBe(summary.as_of)
  expect(rows[0].columns.companies.slice(0, 2)).toEqual(['company_number', 'company_name'])
  expect(JSON.stringify(rows)).not.toContain(world.db.$client.prepare('SELECT key FROM database_keys').pluck().get())
})

test('only the tables that are asked for', async () => {
  smallWorld(world.db)
  expect((await world.publish('--include', 'officers,companies')).code).toBe(0)
  const { rows } = await world.client.query('SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1', [
    world.schema,
  ])
  expect(rows.map(({ tablename }) => tablename)).toEqual(['chpipe_publication', 'companies', 'officers'])
})

test('a dry run says what would be sent, and leaves nothing', async () => {
  smallWorld(world.db)
  const { code, stdout } = await world.publish('--dry-run')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^would publish {3}first publication: every row\n/)
  expect(stdout).toMatch(/^officers +2$/m)
  expect((await world.client.query('SELECT FROM pg_namespace WHERE nspname = $1', [world.schema])).rowCount).toBe(0)
})

test('the printed statements make the same tables', async () => {
  await world.publish()
  const { stdout, code } = await world.publish('--print-sql')
  expect(code).toBe(0)
  const shape = async (schema: string) =>
    (
      await world.client.query(
        `SELECT table_name, column_name, data_type, is_nullable, collation_name, col_description(
            (table_schema || '.' || table_name)::regclass, ordinal_position) AS meaning
          FROM information_schema.columns WHERE table_schema = $1 ORDER BY table_name, ordinal_position`,
        [schema],
      )
    ).rows
  await world.client.query(stdout.replaceAll(`"${world.schema}"`, '"printed"'))
  const printed = await shape('printed')
  expect(printed.length).toBeGreaterThan(80)
  expect(printed).toEqual(await shape(world.schema))
  await world.client.query('DROP SCHEMA printed CASCADE')
})

test('a moment keeps its milliseconds', async () => {
  smallWorld(world.db)
  await world.publish()
  const { rows } = await world.client.query("SELECT fetched_at FROM companies WHERE company_number = '00000001'")
  expect(rows[0].fetched_at.toISOString()).toBe(AT)
})
