import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { fill, newDatabase } from '../steps/export-world.ts'

function folderWith(companies: number): TempFolder & { change(sql: string): void } {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db, companies, 1)
  db.$client.close()
  return Object.assign(folder, {
    change(sql: string) {
      const again = newDatabase(folder.file('companies.db'))
      again.$client.exec(sql)
      again.$client.close()
    },
  })
}

const manifestOf = (folder: TempFolder, name = 'out') =>
  JSON.parse(readFileSync(folder.file(`${name}/manifest.json`), 'utf8'))
const changeOne = (number: string) =>
  `UPDATE companies SET company_name = 'NEW', fetched_at = '${new Date(Date.now() + 1).toISOString()}' WHERE company_number = '${number}'`

test('--since last counts from the last export to the same place, delta after delta', async () => {
  using folder = folderWith(5)
  const go = (...args: string[]) => run(['export', '--out', 'out/', '--quiet', ...args], { cwd: folder.path })
  expect((await go()).code).toBe(0)
  const { as_of } = manifestOf(folder)
  folder.change(changeOne('00000003'))
  expect((await go('--since', 'last')).code).toBe(0)
  const delta = manifestOf(folder)
  expect(delta.filters).toEqual({ all: false, since: expect.any(String) })
  expect(delta.filters.since).toBe(as_of)
  expect(delta.files.map((file: { name: string; rows: number }) => [file.name, file.rows])).toEqual([
    ['companies.csv', 1],
    ['officers.csv', 1],
    ['deletions.csv', 0],
  ])
  await new Promise((done) => setTimeout(done, 5))
  expect((await go('--since', 'last')).code).toBe(0)
  expect(manifestOf(folder).files[0].rows).toBe(0)
  expect(manifestOf(folder).filters.since > delta.filters.since).toBe(true)
})

test('a delivery made while the clock was ahead hides nothing from the next delta', async () => {
  using folder = folderWith(3)
  const go = (...args: string[]) => run(['export', '--out', 'out/', ...args], { cwd: folder.path })
  await go()
  folder.change("UPDATE deliveries SET as_of = '2999-01-01T00:00:00.000Z'")
  folder.change(
    "UPDATE companies SET company_name = 'NEW', fetched_at = '2001-01-01' WHERE company_number = '00000002'",
  )
  expect((await go('--since', 'last')).code).toBe(0)
  expect(manifestOf(folder).files[0]).toMatchObject({ name: 'companies.csv', rows: 1 })
})

test.each([
  [['--since', 'last', '--out', 'new/'], 5, 'No earlier export of these companies and tables is known for'],
  [['--since', 'last', '--out', 'done/', '--all'], 5, 'No earlier export of these companies and tables is known for'],
  [['--since', 'last'], 2, 'A delta in csv is more than one file'],
  [['--since', '2026-01-01', '--out', 'x.csv'], 2, 'A delta in csv is more than one file'],
  [['--since', 'yesterday', '--out', 'new/'], 2, '--since: expected a date as YYYY-MM-DD'],
  [['--since', '2026-02-30', '--out', 'new/'], 2, '--since: expected a date as YYYY-MM-DD'],
  [['--format', 'parquet'], 2, 'parquet is not for stdout'],
  [['--format', 'sqlite', '--out', '-'], 2, 'sqlite is not for stdout'],
  [['--format', 'xlsx', '--gzip', '--out', 'new/'], 2, '--gzip belongs to csv, ndjson and json, not to xlsx'],
  [['--format', 'sqlite', '--raw', '--out', 'new/'], 2, '--raw belongs to --format csv, not to sqlite'],
  [['--include', 'people'], 2, '--include: expected companies, officers, domains, emails, got: people'],
])('%j ends with %d', async (args, expected, sentence) => {
  using folder = folderWith(1)
  await run(['export', '--out', 'done/'], { cwd: folder.path })
  const { code, stdout, stderr } = await run(['export', ...args], { cwd: folder.path })
  expect([code, stdout, stderr.startsWith(`error: ${sentence}`)]).toEqual([expected, '', true])
  expect(existsSync(folder.file('new'))).toBe(false)
})

test('a delta in one sqlite file, and since a day', async () => {
  using folder = folderWith(2)
  const args = ['export', '--format', 'sqlite', '--since', '2026-01-02', '--out', 'delta.sqlite', '--json']
  const { code, stdout } = await run(args, { cwd: folder.path })
  expect([code, JSON.parse(stdout).filters]).toEqual([0, { all: false, since: '2026-01-02T00:00:00.000Z' }])
})

test('an export that cannot be noted is whole, and says so', async () => {
  using folder = folderWith(1)
  folder.change("CREATE TRIGGER full BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'disk full'); END")
  const { code, stderr } = await run(['export', '--out', 'out/'], { cwd: folder.path })
  expect([code, readdirSync(folder.file('out'))]).toEqual([0, ['companies.csv', 'manifest.json', 'officers.csv']])
  expect(stderr).toContain('--since last will not count from it')
})
