// Text from outside cannot steer a terminal, forge a line, run as a formula or break out of a page, wherever it leaves.
// The report: "holds outside text as text only" in test/steps/export/report.test.ts; spreadsheets: test/steps/export/csv.test.ts
// and steps/export/formats.test.ts; names of files in a delivery: test/commands/export-package.test.ts.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, describe, expect, it, test } from 'vitest'
import { write } from '../../src/db/open.ts'
import { beginRun } from '../../src/db/runs.ts'
import { deletions, jobs, provider_requests, suppressions } from '../../src/db/schema.ts'
import { createLog } from '../../src/log.ts'
import { main } from '../../src/main.ts'
import { exposition, labelled } from '../../src/metrics.ts'
import { csvLines } from '../../src/steps/export/formats/csv.ts'
import { printable, safeJson, withoutControls } from '../../src/text.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { serving } from '../http/serving.ts'
import { addCompany, addDomain, addEmail, addOfficer, newDatabase } from '../steps/export/export-world.ts'
import { virtualClock } from '../virtual-clock.ts'

/** A colour, a title, a bell, a C1 control, a forged line, text turned round, a mark, a tag and a zero-width space. */
const HOSTILE = '=A\u001b[31m\u001b]0;x\u0007\u009b2J\r\n2026 warn \u202eLIVE\u2066\u200f\u{e0041}\u200b\u2028<b>"'

/** What must reach no terminal and no log. */
const HARMFUL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]|\p{Cf}/u
/** What must not lie in a file of data either. */
const HARMFUL_IN_DATA = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

/** A database that is hostile wherever text from outside can be. */
function hostileWorld(): TempFolder {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  const address = { locality: HOSTILE, region: HOSTILE, country: HOSTILE, postal_code: HOSTILE, care_of: HOSTILE }
  const number = '00000001'
  addCompany(db, {
    ...{ company_number: number, company_name: HOSTILE, company_status: HOSTILE, type: HOSTILE, sic_codes: HOSTILE },
    ...{ date_of_creation: HOSTILE, officers_count: 1, officers_fetched_at: '2026-01-01T00:00:00.000Z', ...address },
  })
  addOfficer(db, {
    ...{ company_number: number, appointment_id: HOSTILE, officer_id: HOSTILE, name: HOSTILE, surname: HOSTILE },
    ...{ officer_role: HOSTILE, occupation: HOSTILE, nationality: HOSTILE, appointed_on: HOSTILE, ...address },
  })
  addDomain(db, number, HOSTILE, 90)
  addEmail(db, number, HOSTILE, HOSTILE, HOSTILE)
  const at = '2026-01-03T00:00:00.000Z'
  const noted = { created_at: 0, updated_at: 0, run_id: 1 }
  write(db, (tx) => {
    tx.insert(jobs)
      .values({
        ...noted,
        company_number: number,
        stage: 'emails',
        state: 'failed',
        due_at: 0,
        cause: 'new',
        last_error: HOSTILE,
      })
      .run()
    tx.insert(provider_requests)
      .values({
        ...{ provider: 'snov', operation: 'domain', request_key: 'k', status: 'unconfirmed', reserved: 1, run_id: 1 },
        ...{
          input: JSON.stringify([{ key: 'k', name: HOSTILE, domain: HOSTILE }]),
          requested_at: 0,
          last_error: HOSTILE,
        },
      })
      .run()
    tx.insert(suppressions).values({ kind: 'company', value: '99', reason: HOSTILE, added_at: at }).run()
    tx.insert(deletions)
      .values({ kind: 'officer', company_number: number, key: HOSTILE, deleted_at: at, run_id: 1 })
      .run()
  })
  const backup = beginRun(db, virtualClock(), 'backup')
  backup.finish({ path: HOSTILE })
  db.$client.close()
  return folder
}

const filesIn = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(path, join(parentPath, name)))

describe('from a database that is hostile everywhere', () => {
  const folder = hostileWorld()
  afterAll(() => folder[Symbol.dispose]())

  const terminal = [
    'progress',
    'progress --prometheus',
    'suppress list',
    'enrich --failed',
    'enrich --unconfirmed',
    'enrich --dry-run',
    'doctor --offline',
    `export --format ${HOSTILE.replaceAll(' ', '')}`,
    `suppress ${HOSTILE.replaceAll(' ', '')}`,
    HOSTILE.replaceAll(' ', ''),
  ]
  it.each(terminal.flatMap((line) => [line, `${line} --json`]))('nothing steers the terminal: %j', async (line) => {
    const { code, stdout, stderr } = await run(line.split(' '), { cwd: folder.path })
    expect(code).toBeLessThan(70)
    expect(stdout + stderr).not.toMatch(HARMFUL)
    expect(stdout + stderr).not.toMatch(/^2026 warn/m)
  })

  it.each(['csv', 'json', 'ndjson', 'sqlite'])('nothing of it lies in data as %s', async (format) => {
    const args = ['export', '--format', format, '--out', `${format}/`, '--since', '2020-01-01']
    expect(await run(args, { cwd: folder.path })).toMatchObject({ code: 0 })
    for (const name of filesIn(folder.file(format))) {
      const text = readFileSync(folder.file(`${format}/${name}`), 'utf8')
      if (format !== 'sqlite') expect(text).not.toMatch(HARMFUL_IN_DATA)
      else expect(text).not.toMatch(/\u202e|\u001b\[31m/)
      if (format === 'csv') expect(text).not.toMatch(/(^|,)"?=A/m)
    }
  })

  it('nothing of it leaves the API, whose JSON is the same after parsing', async () => {
    await using api = await serving((db) => addCompany(db, { company_number: '00000001', company_name: HOSTILE }))
    for (const accept of ['application/json', 'application/x-ndjson']) {
      const response = await api.get('/v1/companies', { headers: { Accept: accept } })
      const text = await response.text()
      expect(text).not.toMatch(HARMFUL)
      const told = JSON.parse(text)
      expect((told.items?.[0] ?? told).company_name).toBe(HOSTILE)
    }
  })
})

test('text for a line, for a file and as JSON', () => {
  expect(printable(HOSTILE)).toBe(
    '=A\uFFFD[31m\uFFFD]0;x\uFFFD\uFFFD2J  2026 warn \uFFFDLIVE\uFFFD\uFFFD\uFFFD\uFFFD <b>"',
  )
  expect(withoutControls(HOSTILE)).toContain('\r\n2026 warn \uFFFDLIVE\uFFFD')
  expect(safeJson({ HOSTILE })).not.toMatch(HARMFUL)
  expect(JSON.parse(safeJson({ HOSTILE }))).toEqual({ HOSTILE })
})

test('no character that Unicode calls a format character reaches a line', () => {
  const every = Array.from({ length: 0x110000 }, (_, code) => code).filter((code) => code < 0xd800 || code > 0xdfff)
  const unseen = every.map((code) => String.fromCodePoint(code)).filter((character) => /\p{Cf}/u.test(character))
  expect(unseen.length).toBeGreaterThan(100)
  expect(printable(unseen.join(''))).toBe('\uFFFD'.repeat(unseen.length))
})

test('a line of the log stays one line, as text and as JSON', () => {
  const lines: string[] = []
  for (const format of ['text', 'json'] as const) {
    const log = createLog({ format, quiet: false, now: () => 0, write: (line) => lines.push(line) })
    log.warn(HOSTILE, { field: HOSTILE, [HOSTILE]: 1 })
  }
  expect(lines).toHaveLength(2)
  expect(lines.join('')).not.toMatch(HARMFUL)
  expect(lines.join('')).not.toContain('\n')
})

test('the trace of a bug cannot steer the terminal', async () => {
  let said = ''
  const stderr = { write: (text: string) => (said += text), on() {} } as unknown as NodeJS.WritableStream
  const host = {
    ...{ argv: ['node', 'chpipe', 'progress'], env: {}, stdin: process.stdin, stdout: stderr, stderr },
    ...{ on() {}, off() {}, exit() {} },
    cwd(): string {
      throw new Error(HOSTILE)
    },
  }
  expect(await main(host)).toBe(70)
  expect(said).toContain('output.test.ts')
  expect(said).not.toMatch(HARMFUL_IN_DATA)
})

test('a value of a metric stays within its quotes', () => {
  const text = exposition([
    labelled('gauge', { name: 'm', help: HOSTILE, label: 'l' }, { 'a"} 1\nb': 1, [HOSTILE]: 2 }),
  ])
  expect(text.split('\n')).toHaveLength(5)
  expect(text).toContain('m{l="a\\"} 1 b"} 1\n')
  expect(text).not.toMatch(HARMFUL)
})

test('no cell is a formula, in narrow or in wide letters', () => {
  const cells = ['=1', '+A1', '-A1', '@x', '\t=1', '\n=1', '＝1', '＋A1', '－A1', '＠x']
  const lines = csvLines([{ name: 'a', kind: 'text' }], { raw: false })(cells.map((cell) => [cell]))
  expect(lines.map((line) => line.replace(/^"/, '')[0])).toEqual(cells.map(() => "'"))
})

test('rejected rows are as harmless as data', async () => {
  using folder = tempFolder()
  writeFileSync(folder.file('r.csv'), `CompanyName, CompanyNumber\n${HOSTILE}\n`)
  const { stdout, stderr } = await run(['import-companies', 'r.csv'], { cwd: folder.path })
  expect(stdout + stderr).not.toMatch(HARMFUL)
})
