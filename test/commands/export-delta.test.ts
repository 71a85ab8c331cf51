import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { namesWhere } from '../../src/steps/export/formats/formats.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { fill, newDatabase } from '../steps/export/export-world.ts'

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

const manifestOf = (folder: TempFolder, path = 'out') =>
  JSON.parse(readFileSync(folder.file(`${path}/manifest.json`), 'utf8'))
const deltas = (folder: TempFolder) => readdirSync(folder.file('out/deltas')).sort()
const newestDelta = (folder: TempFolder) => manifestOf(folder, `out/deltas/${deltas(folder).at(-1)}`)
const changeOne = (number: string) =>
  `UPDATE companies SET company_name = 'NEW', fetched_at = '${new Date(Date.now() + 1).toISOString()}' WHERE company_number = '${number}'`

test('--since last counts from the last export to the same place, delta after delta', async () => {
  using folder = folderWith(5)
  const go = (...args: string[]) => run(['export', '--out', 'out/', '--quiet', ...args], { cwd: folder.path })
  expect((await go()).code).toBe(0)
  const { as_of } = manifestOf(folder)
  folder.change(changeOne('00000003'))
  expect((await go('--since', 'last')).code).toBe(0)
  const delta = newestDelta(folder)
  expect(delta.filters).toEqual({ all: false, since: expect.any(String) })
  expect(delta.filters.since).toBe(as_of)
  expect(delta.files.map((file: { name: string; rows: number }) => [file.name, file.rows])).toEqual([
    ['companies.csv', 1],
    ['officers.csv', 1],
    ['deletions.csv', 0],
  ])
  expect((await go('--since', 'last')).code).toBe(0)
  expect(newestDelta(folder).files[0].rows).toBe(0)
  expect(newestDelta(folder).filters.since).toBe(delta.as_of)
  expect(deltas(folder)).toHaveLength(2)
})

test('a delta tells of persons with significant control in doubt, and of them no longer being so', async () => {
  using folder = folderWith(3)
  folder.change("UPDATE companies SET pscs_state = 'none' WHERE company_number < '00000003'")
  const go = (...args: string[]) => run(['export', '--out', 'out/', '--quiet', ...args], { cwd: folder.path })
  const rows = () => readFileSync(folder.file(`out/deltas/${deltas(folder).at(-1)}/companies.csv`), 'utf8').split('\n')
  await go()
  folder.change(`INSERT INTO stream_gaps (stream, kind, from_timepoint, to_timepoint, noted_at, run_id)
    VALUES ('psc', 'jump', 4, 5, ${Date.now()}, 1)`)
  await go('--since', 'last')
  const doubted = rows().filter((row) => row.includes(',stale,'))
  expect(doubted.map((row) => row.slice(0, 8))).toEqual(['00000001', '00000002'])
  folder.change(`UPDATE stream_gaps SET repaired_at = ${Date.now()}`)
  await go('--since', 'last')
  expect(rows().filter((row) => row.includes(',none,'))).toHaveLength(2)
  expect(rows().filter((row) => row.includes(',stale,'))).toEqual([])
  await go('--since', 'last')
  expect(rows().filter((row) => /^0/.test(row))).toEqual([])
})

test.each([
  ['out', 'out/companies.csv', 'out/deltas/MOMENT', ['--out', 'out/']],
  ['a.zip', 'a.zip', 'a-delta-MOMENT.zip', ['--package', 'a.zip']],
  [null, 'b.sqlite', 'b-delta-MOMENT.sqlite', ['--format', 'sqlite', '--out', 'b.sqlite']],
])('a delta leaves the delivery that it counts from as it is: %s', async (verifiable, file, place, args) => {
  using folder = folderWith(3)
  const go = (...more: string[]) => run(['export', ...args, '--json', ...more], { cwd: folder.path })
  await go()
  const before = readFileSync(folder.file(file))
  folder.change(changeOne('00000002'))
  const told = [JSON.parse((await go('--since', 'last')).stdout), JSON.parse((await go('--since', 'last')).stdout)]
  const paths: string[] = told.map(({ path, package: zip }) => path ?? zip.path)
  expect(paths.map((path) => path.replace(`${folder.path}/`, '').replace(/\d{8}T\d{6}Z(-\d+)?/, 'MOMENT'))).toEqual([
    place,
    place,
  ])
  expect(new Set(paths).size).toBe(2)
  expect(paths.every((path) => existsSync(path))).toBe(true)
  expect(readFileSync(folder.file(file)).equals(before)).toBe(true)
  type Files = { name: string; rows: number }[]
  const rowsOf = (files: Files) =>
    files.reduce((sum, { name, rows }) => sum + (name === 'data-dictionary.csv' ? 0 : rows), 0)
  expect(told.map(({ files }) => rowsOf(files))).toEqual([2, 0])
  if (verifiable) expect((await run(['export', '--verify', verifiable], { cwd: folder.path })).code).toBe(0)
})

test('a delivery newer than a restored database is not counted from', async () => {
  using folder = folderWith(3)
  const go = (...args: string[]) => run(['export', '--out', 'out/', ...args], { cwd: folder.path })
  await go()
  await run(['backup', '--out', 'copy.db'], { cwd: folder.path })
  folder.change(changeOne('00000002'))
  await go('--since', 'last')
  renameSync(folder.file('copy.db'), folder.file('companies.db'))
  for (const suffix of ['-wal', '-shm']) rmSync(folder.file(`companies.db${suffix}`), { force: true })
  const { code, stderr } = await go('--since', 'last')
  expect([code, stderr]).toEqual([5, expect.stringContaining('error: The delivery there is newer than this database')])
  expect(deltas(folder)).toHaveLength(1)
})

test.each([0o000, 0o022, 0o077])('folders are for their owner alone under umask %o', async (mask) => {
  using folder = folderWith(1)
  const old = process.umask(mask)
  try {
    await run(['export', '--out', 'new/out/'], { cwd: folder.path })
    await run(['export', '--out', 'new/out/', '--since', 'last'], { cwd: folder.path })
    await run(['backup', '--out', 'copies/'], { cwd: folder.path })
  } finally {
    process.umask(old)
  }
  const modes = [
    'new',
    'new/out',
    'new/out/deltas',
    `new/out/deltas/${readdirSync(folder.file('new/out/deltas'))[0]}`,
    'copies',
  ]
  expect(modes.map((path) => statSync(folder.file(path)).mode & 0o777)).toEqual(modes.map(() => 0o700))
  expect(statSync(folder.file('new/out/companies.csv')).mode & 0o777).toBe(0o600)
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
  expect(newestDelta(folder).files[0]).toMatchObject({ name: 'companies.csv', rows: 1 })
})

test.each([
  [['--since', 'last', '--out', 'new/'], 5, 'No earlier export of these companies and tables is known for'],
  [['--since', 'last', '--out', 'done/', '--all'], 5, 'No earlier export of these companies and tables is known for'],
  [['--since', 'last'], 2, 'A delta in csv is more than one file'],
  [['--since', '2026-01-01', '--out', 'x.csv'], 2, 'A delta in csv is more than one file'],
  [['--since', 'yesterday', '--out', 'new/'], 2, '--since: expected a date as YYYY-MM-DD'],
  [['--since', '2026-02-30', '--out', 'new/'], 2, '--since: expected a date as YYYY-MM-DD'],
  [['--since', '2026-02-30T12:00:00Z', '--out', 'new/'], 2, '--since: expected a date as YYYY-MM-DD'],
  [['--since', '2026-01-31T24:00:00Z', '--out', 'new/'], 2, '--since: expected a date as YYYY-MM-DD'],
  [['--since', '2026-01-31T12:00:00+23:00', '--out', 'new/'], 2, '--since: expected a date as YYYY-MM-DD'],
  [['--since', '2999-01-01', '--out', 'new/'], 2, '--since: this is in the future: 2999-01-01'],
  [['--since', '2999-01-01T00:00:00Z', '--out', 'new/'], 2, '--since: this is in the future'],
  [['--out', 'flat.csv.gz'], 2, 'This name says that the data are compressed'],
  [['--target', '5', '--out', 'new/'], 2, '--target is what the report measures against'],
  [['--format', 'parquet'], 2, 'parquet cannot be written to stdout'],
  [['--format', 'sqlite', '--out', '-'], 2, 'sqlite cannot be written to stdout'],
  [
    ['--format', 'xlsx', '--gzip', '--out', 'new/'],
    2,
    `--gzip belongs to ${namesWhere(({ isText }) => isText, 'and')}, not to xlsx`,
  ],
  [['--format', 'sqlite', '--raw', '--out', 'new/'], 2, '--raw belongs to --format csv, not to sqlite'],
  [
    ['--include', 'officers,persons_with_significant_control', '--out', 'new'],
    2,
    'One flat table in csv has no room for persons_with_significant_control',
  ],
  [
    ['--include', 'people'],
    2,
    '--include: expected companies, officers, persons_with_significant_control, domains, emails, got: people',
  ],
])('%j ends with %d', async (args, expected, sentence) => {
  using folder = folderWith(1)
  await run(['export', '--out', 'done/'], { cwd: folder.path })
  const { code, stdout, stderr } = await run(['export', ...args], { cwd: folder.path })
  expect([code, stdout, stderr.startsWith(`error: ${sentence}`)]).toEqual([expected, '', true])
  expect(existsSync(folder.file('new'))).toBe(false)
})

test('what --gzip compresses is named so', async () => {
  using folder = folderWith(1)
  const { code, stdout } = await run(['export', '--gzip', '--out', 'flat.csv'], { cwd: folder.path })
  expect([code, stdout, existsSync(folder.file('flat.csv'))]).toEqual([
    0,
    expect.stringContaining('flat.csv.gz'),
    false,
  ])
  expect(gunzipSync(readFileSync(folder.file('flat.csv.gz'))).toString()).toContain('00000001')
})

test.each([[[]], [['--out', '-']], [['--format', 'ndjson']]])('--json %j has no room on stdout', async (args) => {
  using folder = folderWith(1)
  const { code, stdout, stderr } = await run(['export', '--json', ...args], { cwd: folder.path })
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining('--json needs --out')])
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
