import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Db } from '../../../src/db/open.ts'
import { emails } from '../../../src/db/schema.ts'
import { verifyDelivery } from '../../../src/steps/export/verify/verify.ts'
import { type TempFolder, tempFolder } from '../../host.ts'
import { suppressOne } from '../suppress/suppress-world.ts'
import { addCompany, addDomain, addEmail, addOfficer, newDatabase } from './export-world.ts'
import { packageWorld, unzipped, zipOf } from './package-world.ts'

let folder: TempFolder
let db: Db

beforeEach(() => {
  folder = tempFolder()
  db = newDatabase(folder.file('companies.db'))
  reachableWorld()
})

afterEach(() => {
  db.$client.close()
  folder[Symbol.dispose]()
})

/** Two companies; one person has two offices and two addresses, one has resigned, and one has no address. */
function reachableWorld() {
  addCompany(db, { company_number: '00000001', company_name: 'ROWAN, LTD', company_status: 'active' })
  addDomain(db, '00000001', 'rowan.example', 92)
  const siân = { company_number: '00000001', name: 'ROWAN, Siân', forenames: 'Siân', surname: 'ROWAN' }
  addOfficer(db, { ...siân, appointment_id: 'a1', officer_role: 'director' })
  addOfficer(db, { ...siân, appointment_id: 'a2', officer_role: 'secretary' })
  addOfficer(db, {
    ...siân,
    appointment_id: 'a3',
    name: 'GONE, Guy',
    officer_role: 'director',
    resigned_on: '2020-01-01',
  })
  addOfficer(db, { ...siân, appointment_id: 'a4', name: 'SILENT, Sue', officer_role: 'director' })
  for (const id of ['a1', 'a2', 'a3']) addEmail(db, '00000001', id, 'sian@rowan.example', 'valid')
  addEmail(db, '00000001', 'a1', 'a.rowan@rowan.example', 'unknown')
  addCompany(db, { company_number: '00000002', company_name: 'ASH LLP', company_status: 'active' })
  addOfficer(db, {
    company_number: '00000002',
    appointment_id: 'b1',
    name: 'ASH, Ann',
    officer_role: 'llp-designated-member',
  })
  addEmail(db, '00000002', 'b1', 'ann@ash.example', 'unknown')
  db.update(emails).set({ status_reason: 'catchall' }).where(eq(emails.company_number, '00000002')).run()
}

const packaged = async (options: Parameters<typeof packageWorld>[2] = {}) => {
  const { manifest } = await packageWorld(db, folder.file('a.zip'), options)
  const files = await unzipped(folder.file('a.zip'))
  return { manifest, files, contacts: files.get('contacts.csv')?.toString() }
}

test('contacts.csv has a row for each person who holds an office and can be written to', async () => {
  const { manifest, files, contacts } = await packaged()
  expect(contacts?.split('\r\n')).toEqual([
    'company_number,company_name,role,name,forenames,surname,email,status,how_sure,domain_confidence,appointment_id',
    '00000001,"ROWAN, LTD",Director; Secretary,"ROWAN, Siân",Siân,ROWAN,sian@rowan.example,valid,Confirmed by the mail server,92,a1',
    '00000002,ASH LLP,LLP designated member,"ASH, Ann",,,ann@ash.example,unknown,Not confirmed: the server takes mail for every name,,b1',
    '',
  ])
  expect(manifest.files.find(({ name }) => name === 'contacts.csv')).toMatchObject({ rows: 2 })
  const report = String(files.get('report.html'))
  expect(report).toMatch(
    /contacts\.csv<\/code><small>One person who holds an office[^<]*<\/small><\/th><td class="num">2</,
  )
  expect(report).toContain('<h3 id="table-contacts">')
  expect(String(files.get('data-dictionary.csv'))).toContain('contacts,how_sure,,text,chpipe,')
})

test('--verify counts contacts.csv, and finds a row that is missing', async () => {
  const signal = new AbortController().signal
  const { files, contacts = '' } = await packaged()
  expect((await verifyDelivery(folder.file('a.zip'), { signal })).differences).toEqual([])
  files.set('contacts.csv', Buffer.from(`${contacts.split('\r\n').slice(0, 2).join('\r\n')}\r\n`))
  await zipOf(folder.file('less.zip'), files)
  const { differences } = await verifyDelivery(folder.file('less.zip'), { signal })
  expect(differences).toContainEqual({ file: 'contacts.csv', what: 'rows', expected: '2', found: '1' })
})

test.each([
  ['email', 'ann@ash.example'],
  ['company', '00000002'],
] as const)('whoever is suppressed by %s is not in it', async (kind, value) => {
  suppressOne(db, kind, value)
  const { contacts } = await packaged()
  expect(contacts).toContain('sian@rowan.example')
  expect(contacts).not.toMatch(/ann@ash|ASH/)
})

test('there is none where nobody can be reached, or a table that it follows from was not asked for', async () => {
  expect((await packaged({ include: ['companies', 'officers'] })).contacts).toBeUndefined()
  expect((await packaged({ include: ['companies', 'emails'] })).contacts).toBeUndefined()
  db.delete(emails).run()
  expect((await packaged()).contacts).toBeUndefined()
})

test.each(['xlsx', 'ndjson', 'sqlite'] as const)('it lies as CSV beside %s too', async (format) => {
  expect((await packaged({ format })).contacts).toMatch(/^company_number,/)
})

test('its byte order mark follows that of the other files', async () => {
  expect((await packaged({ bom: true })).contacts).toMatch(/^\uFEFFcompany_number,/)
})

test('a delta has the people of the companies that changed', async () => {
  const { contacts, files } = await packaged({ since: { number: 0, moment: '2026-01-01T00:00:00.000Z' } })
  expect(contacts?.split('\r\n')).toHaveLength(4)
  expect(String(files.get('report.html'))).toContain('<code>contacts.csv</code> follows from these tables')
})
