import { expect, test } from 'vitest'
import { columnList } from '../../src/db/dataset/computed.ts'
import { run, tempFolder } from '../host.ts'
import { addCompany, addEmail, addOfficer, newDatabase } from '../steps/export/export-world.ts'

const FORMS: [company_number: string, type: string | null, jurisdiction: string | null, expected: string | null][] = [
  ['00000001', 'ltd', 'england-wales', 'corporate'],
  ['OC000001', 'llp', 'england-wales', 'corporate'],
  ['LP000001', 'limited-partnership', 'england-wales', 'individual'],
  ['NL000001', 'limited-partnership', null, 'individual'],
  ['SL000001', 'limited-partnership', null, 'corporate'],
  ['LP000002', 'limited-partnership', 'scotland', 'corporate'],
  ['SG000001', 'scottish-partnership', 'scotland', 'corporate'],
  ['CE000001', 'charitable-incorporated-organisation', null, 'corporate'],
  ['00000002', 'other', null, null],
  ['00000003', 'sole-trader-of-the-future', null, null],
  ['00000004', null, null, null],
]

function world() {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  for (const [company_number, type, jurisdiction] of FORMS) {
    addCompany(db, { company_number, type, jurisdiction, officers_count: 1 })
    addOfficer(db, { company_number, appointment_id: 'a', name: 'SMITH, Jo' })
    addEmail(db, company_number, 'a', 'jo@x.example', 'valid')
  }
  return { folder, db }
}

test('the legal form of the company tells who subscribes', () => {
  const { folder, db } = world()
  using _ = folder
  const sql = `SELECT ${columnList('emails', '2026-01-05')} FROM emails ORDER BY rowid`
  const rows = db.$client.prepare(sql).all() as { company_number: string; subscriber_class: string | null }[]
  expect(rows.map((row) => [row.company_number, row.subscriber_class])).toEqual(
    FORMS.map(([number, , , expected]) => [number, expected]),
  )
  db.$client.close()
})

test('it is beside each address in an export, and in the answer of show', async () => {
  const { folder, db } = world()
  using _ = folder
  db.$client.close()
  const exported = await run(['export', '--include', 'emails'], { cwd: folder.path })
  const [header = '', ...lines] = exported.stdout.trim().split('\r\n')
  const at = header.split(',').indexOf('subscriber_class')
  const classes = new Map(lines.map((line) => [line.split(',')[0], line.split(',')[at]]))
  expect([...classes].sort()).toEqual(FORMS.map(([number, , , expected]) => [number, expected ?? '']).sort())
  const { stdout } = await run(['show', 'LP000001', '--json'], { cwd: folder.path })
  expect(JSON.parse(stdout).emails).toMatchObject([{ email: 'jo@x.example', subscriber_class: 'individual' }])
})
