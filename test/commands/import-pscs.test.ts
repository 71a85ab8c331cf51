import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { corporate, individual, snapshotText, statement, superSecure } from '../companies-house/pscs/fixtures.ts'
import { csv, row, zip } from '../companies-house/register/fixtures.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { unzipped } from '../steps/export/package-world.ts'

let folder: TempFolder
const chpipe = (args: string[], stdin: string | Buffer = '') => run(args, { cwd: folder.path, stdin })
const file = 'psc-snapshot-2026-08-07_1of1.zip'

/** Long overdue on every day of reading. */
const OVERDUE = {
  identity_verification_details: {
    appointment_verification_statement_date: '2020-01-01',
    appointment_verification_statement_due_on: '2020-01-15',
  },
}

const LINES = [
  individual('00000001', 'a', OVERDUE),
  corporate('00000001', 'b', { ceased_on: '2016-05-11' }),
  superSecure('00000002', 'c'),
  statement('00000003', 'd'),
  individual('00000009', 'stranger'),
]

beforeEach(async () => {
  folder = tempFolder()
  const rows = ['1', '2', '3', '4'].map((number) => row({ CompanyNumber: number }))
  writeFileSync(folder.file('register.csv'), csv(rows))
  writeFileSync(folder.file(file), zip([{ name: file.replace('zip', 'txt'), text: snapshotText(LINES) }]))
  expect(await chpipe(['import-companies', 'register.csv'])).toMatchObject({ code: 0 })
})

afterEach(() => folder[Symbol.dispose]())

test('prints what was read and stored, and progress and exports have it', async () => {
  const { code, stdout } = await chpipe(['import-pscs', file])
  expect(code).toBe(0)
  expect(stdout).toContain('snapshot        of 2026-08-07T02:40:50.000Z, 1 file\n')
  expect(stdout).toContain('companies       4 stored ones compared, with 4 records\n')
  expect(stdout).toContain('stored          4 new, 0 changed, 0 as they were\n')
  expect((await chpipe(['progress'])).stdout).toContain('control        4 records, snapshot of 2026-08-07\n')
  expect(JSON.parse((await chpipe(['progress', '--json'])).stdout).pscs).toEqual({
    records: 4,
    snapshot_on: '2026-08-07',
  })
  expect((await chpipe(['progress', '--prometheus'])).stdout).toContain('chpipe_pscs 4\n')
  await chpipe(['export', '--all', '--out', 'out/'])
  const lines = readFileSync(folder.file('out/persons_with_significant_control.csv'), 'utf8').split('\r\n')
  expect(lines).toHaveLength(6)
  expect(lines[1]).toContain('Ownership of shares – 75% or more; Right to appoint or remove directors')
})

test('with --json it prints the summary, and the same file again changes nothing', async () => {
  await chpipe(['import-pscs', file])
  const { code, stdout } = await chpipe(['import-pscs', '-', '--json'], readFileSync(folder.file(file)))
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    generated_at: '2026-08-07T02:40:50.000Z',
    parts: 1,
    persons: 4,
    statements: 1,
    companies: 4,
    inserted: 0,
    updated: 0,
    unchanged: 4,
    deleted: 0,
  })
})

test('a delta brings what changed since, and names what is gone', async () => {
  await chpipe(['import-pscs', file])
  await chpipe(['export', '--all', '--out', 'out/', '--format', 'json'])
  const lines = [individual('00000001', 'a', { nationality: 'Irish', ...OVERDUE }), ...LINES.slice(2)]
  await chpipe(['import-pscs', '-'], snapshotText(lines, '2026-08-08T03:40:50Z'))
  await chpipe(['export', '--all', '--out', 'out/', '--format', 'json', '--since', 'last'])
  const delta = String(readdirSync(folder.file('out/deltas'))[0])
  const read = (name: string) => JSON.parse(readFileSync(folder.file(`out/deltas/${delta}/${name}.json`), 'utf8'))
  expect(read('companies').map(({ company_number }: { company_number: string }) => company_number)).toEqual([
    '00000001',
  ])
  expect(read('companies')[0].persons_with_significant_control).toMatchObject([
    { psc_id: 'a', nationality: 'Irish', identity_verification: 'overdue' },
  ])
  expect(read('deletions')).toMatchObject([
    { table: 'persons_with_significant_control', company_number: '00000001', key: 'b' },
  ])
})

test('what changed between the snapshot and the beginning of the stream is told to be unknown, until a later one', async () => {
  await chpipe(['import-pscs', file])
  const began = (at: string) => {
    const db = openDb(folder.file('companies.db'))
    db.$client
      .prepare(`INSERT INTO stream_cursors (stream, first_event_at) VALUES ('psc', ?)
        ON CONFLICT DO UPDATE SET first_event_at = excluded.first_event_at`)
      .run(Date.parse(at))
    db.$client.close()
  }
  const told = async () => {
    const { pscs } = JSON.parse((await chpipe(['progress', '--json'])).stdout)
    const text = (await chpipe(['progress'])).stdout
    const checks = JSON.parse((await chpipe(['doctor', '--offline', '--json'])).stdout)
    const check = checks.find((one: { check: string }) => one.check === 'pscs')?.message ?? null
    await chpipe(['export', '--all', '--package', 'out.zip'])
    const report = String((await unzipped(folder.file('out.zip'))).get('report.html'))
    return { pscs, text, check, report }
  }
  const alone = await told()
  expect(alone.pscs).toEqual({ records: 4, snapshot_on: '2026-08-07' })
  expect(alone.check).toBeNull()
  expect(alone.report).toContain('snapshot of 2026-08-07 has them.')

  const at = '2026-08-08T09:30:00.000Z'
  began(at)
  const unseen = await told()
  expect(unseen.pscs).toMatchObject({ followed_since: at, unseen: { from: '2026-08-07', until: at } })
  expect(unseen.text).toContain(`until the psc stream began, ${at}`)
  expect(unseen.check).toBe(`what changed from the snapshot of 2026-08-07 until the stream began, ${at}, is unknown`)
  expect(unseen.report).toContain(`from ${at} on; what changed in between is not in them`)

  await chpipe(['import-pscs', '-'], snapshotText(LINES, '2026-08-08T03:40:50Z'))
  expect((await told()).pscs.unseen).toEqual({ from: '2026-08-08', until: at })
  await chpipe(['import-pscs', '-'], snapshotText(LINES, '2026-08-09T03:40:50Z'))
  const whole = await told()
  expect(whole.pscs).toEqual({ records: 4, snapshot_on: '2026-08-09', followed_since: at })
  expect([whole.check, whole.report.includes('what changed in between')]).toEqual([null, false])
})

describe('ends with', () => {
  const bad: [args: string[], code: number, sentence: string][] = [
    [[], 2, "Missing required argument 'file'"],
    [['-', file], 2, 'The - for stdin stands alone'],
    [['nowhere.zip'], 5, 'There is no such file'],
    [['register.csv'], 5, 'Line 1 is no record of a PSC snapshot'],
    [['.'], 5, 'This is a folder, not a file'],
    [[file, file], 5, 'Part 1 of 1 is given twice'],
  ]
  it.each(bad)('%j: %d', async (args, code, sentence) => {
    const ended = await chpipe(['import-pscs', ...args])
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toContain(sentence)
    expect(ended.stderr).toContain('try: ')
  })

  it('5 before any company is stored', async () => {
    const { code, stderr } = await chpipe(['import-pscs', file, '--db', 'new.db'])
    expect([code, stderr]).toEqual([5, expect.stringContaining('No company is stored yet')])
  })
})

test('members that are new are told of', async () => {
  const { stderr } = await chpipe(['import-pscs', '-'], snapshotText([individual('00000001', 'a', { shoe_size: 43 })]))
  expect(stderr).toContain('members=shoe_size')
})

test('the database is one that any reader opens', async () => {
  await chpipe(['import-pscs', file])
  const db = openDb(folder.file('companies.db'), { readonly: true })
  expect(db.$client.pragma('integrity_check', { simple: true })).toBe('ok')
  db.$client.close()
  expect(existsSync(folder.file('companies.db'))).toBe(true)
})
