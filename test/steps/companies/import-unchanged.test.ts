// A file that says again what another file of its day has said.
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { openRegister } from '../../../src/companies-house/register/source.ts'
import { type Db, openDb } from '../../../src/db/open.ts'
import { importCompanies } from '../../../src/steps/companies/import.ts'
import { csv, row } from '../../companies-house/register/fixtures.ts'
import { type TempFolder, tempFolder } from '../../host.ts'

const DAY = '2026-10-01'
let folder: TempFolder
let db: Db

beforeEach(() => {
  folder = tempFolder()
  db = openDb(folder.file('companies.db'))
})

afterEach(() => {
  db.$client.close()
  folder[Symbol.dispose]()
})

async function importing(rows: string[], asOf?: string) {
  const { signal } = new AbortController()
  const source = await openRegister({ stream: Readable.from([Buffer.from(csv(rows))]), name: 'register.csv' }, signal)
  const options = { source, asOf, filter: {}, rejectsFile: folder.file('rejects.csv'), onProgress() {} }
  return importCompanies({ db, clock: systemClock(), signal }, options)
}

interface Stored {
  company_number: string
  company_name: string
  type: string
  run_id: number
  change_number: number
}
const stored = () => db.$client.prepare<[], Stored>('SELECT * FROM companies ORDER BY company_number').all()

const cells = (number: number) => ({ CompanyNumber: String(number).padStart(8, '0') })
const ROWS = [1, 2, 3].map((number) => row(cells(number)))

it('leaves companies as they are, and counts them as known', async () => {
  await importing(ROWS, DAY)
  const before = stored()
  expect(await importing(ROWS, DAY)).toMatchObject({
    imported: 3,
    inserted: 0,
    updated: 3,
    kept_newer: 0,
    no_longer_listed: 0,
  })
  expect(stored()).toEqual(before)
})

it('writes the companies that it says something else of, and no others', async () => {
  await importing(ROWS, DAY)
  const before = stored()
  const changed = row({ ...cells(2), 'Mortgages.NumMortCharges': '7' })
  const summary = await importing([ROWS[0] ?? '', changed, ROWS[2] ?? '', row(cells(4))], DAY)
  expect(summary).toMatchObject({ imported: 4, inserted: 1, updated: 3, kept_newer: 0, no_longer_listed: 0 })
  const [first, second, third] = stored()
  expect([first, third]).toEqual([before[0], before[2]])
  expect(second).toMatchObject({ charges_count: 7 })
  expect(second?.run_id).toBeGreaterThan(before[1]?.run_id ?? 0)
})

it.each([
  ['of a later day', DAY, '2026-11-01'],
  ['of an unknown day', undefined, undefined],
  ['of a day, over one of which it is unknown', undefined, DAY],
])('a file %s writes all of them, since their origin changes', async (_what, first, second) => {
  await importing(ROWS, first)
  const [before] = stored()
  expect(await importing(ROWS, second)).toMatchObject({ updated: 3, no_longer_listed: 0 })
  for (const { run_id } of stored()) expect(run_id).toBeGreaterThan(before?.run_id ?? 0)
})

it('writes companies whose premises, status or deletion it takes back', async () => {
  await importing(ROWS, DAY)
  db.$client.exec(`
    UPDATE companies SET premises = '5' WHERE company_number = '00000001';
    UPDATE companies SET company_status = NULL WHERE company_number = '00000002';
    UPDATE companies SET deleted_at = '2026-09-01T00:00:00.000Z' WHERE company_number = '00000003';`)
  const before = stored()
  expect(await importing(ROWS, DAY)).toMatchObject({ updated: 3 })
  for (const [index, { run_id }] of stored().entries()) expect(run_id).toBeGreaterThan(before[index]?.run_id ?? 0)
  expect(stored()).toMatchObject(Array(3).fill({ premises: null, company_status: 'active', deleted_at: null }))
})

it('leaves the type of a community interest company that is known from elsewhere', async () => {
  const rows = [row({ ...cells(1), CompanyCategory: 'Community Interest Company' })]
  await importing(rows, DAY)
  db.$client.exec("UPDATE companies SET type = 'plc'")
  const before = stored()
  await importing(rows, DAY)
  expect(stored()).toEqual(before)
})
