// A file that says again what another file of its day has said.
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { openRegister } from '../../../src/companies-house/register/source.ts'
import type { Db } from '../../../src/db/open.ts'
import { Random } from '../../../src/sandbox/world/random.ts'
import { type ImportCompaniesSummary, importCompanies } from '../../../src/steps/companies/import.ts'
import { csv, row } from '../../companies-house/register/fixtures.ts'
import type { TempFolder } from '../../host.ts'
import { eachDatabase } from '../../new-database.ts'

const DAY = '2026-10-01'
let folder: TempFolder
let db: Db

eachDatabase((made) => {
  ;({ folder, db } = made)
})

/** The header alone, then what may be cut anywhere: of the rows that come with it, each is read. */
function* pieces(text: string): Generator<Buffer> {
  const bytes = Buffer.from(text)
  const below = bytes.indexOf('\n') + 1
  yield bytes.subarray(0, below)
  for (let at = below; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700)
}

async function importing(rows: string[], asOf?: string) {
  const { signal } = new AbortController()
  const source = await openRegister({ stream: Readable.from(pieces(csv(rows))), name: 'register.csv' }, signal)
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

it('repairs what was changed by hand', async () => {
  await importing(ROWS, DAY)
  const before = stored()
  db.$client.exec("UPDATE companies SET company_name = 'FORGED LIMITED' WHERE company_number = '00000002'")
  expect(await importing(ROWS, DAY)).toMatchObject({ updated: 3 })
  expect(stored().map(({ company_name }) => company_name)).toEqual(before.map(({ company_name }) => company_name))
})

it('tells again of cells that cannot be right and of wordings that nobody knows', async () => {
  const rows = [
    row({ ...cells(1), 'Accounts.AccountRefDay': '77' }),
    row({ ...cells(2), CompanyStatus: 'Sleeping' }),
    row({ ...cells(3), IncorporationDate: '31/02/2020' }),
    ...[4, 5, 6].map((number) => row(cells(number))),
  ]
  const told = ({ odd_cells, unknown_prose, rejected, updated }: ImportCompaniesSummary) => ({
    ...{ odd_cells, unknown_prose, rejected, updated },
  })
  const { updated: _, ...first } = told(await importing(rows, DAY))
  expect(first).toMatchObject({ odd_cells: { 'Accounts.AccountRefDay': 1 }, rejected: 1 })
  expect(told(await importing(rows, DAY))).toEqual({ ...first, updated: 5 })
})

/** Rows of a few companies as a file may have them: as before, changed, odd, twice, with a number that lost its zeros. */
function drawRows(random: () => number): string[] {
  const pick = <T>(of: T[]) => of[Math.floor(random() * of.length)] as T
  return Array.from({ length: 1 + Math.floor(random() * 12) }, () => {
    const number = 1 + Math.floor(random() * 6)
    return row({
      CompanyNumber: pick([String(number), String(number).padStart(8, '0')]),
      CompanyName: pick([
        'PLAIN LIMITED',
        'PLAIN LIMITED',
        'PLAIN LIMITED',
        'CAFÉ ÉTÉ LIMITED',
        'SHY "QUOTES" LTD',
        'Ł\nTWO LINES',
      ]),
      'RegAddress.PostTown': pick(['LEEDS', 'LEEDS', 'LEEDS', 'YSTRAD MYNACH', 'LLANFAIRPWLLGWYNGYLL Ŵ']),
      CompanyStatus: pick(['Active', 'Active', 'Active', 'Liquidation', 'Sleeping']),
      'Mortgages.NumMortCharges': pick(['0', '0', '0', 'many']),
    })
  })
}

it('comes to the same as reading every row, whatever both files have', async () => {
  const facts = () =>
    stored().map(({ run_id, change_number: _, ...facts }, _index, all) => {
      const written = all.every((other) => other.run_id <= run_id)
      return { ...facts, written, file_row: null, fetched_at: null, first_seen_at: null }
    })
  const told = ({ elapsed_seconds: _, ...summary }: ImportCompaniesSummary) => summary
  for (let seed = 1; seed <= 30; seed += 1) {
    const numbers = new Random(seed)
    const random = () => numbers.next() / 2 ** 32
    const [first, fresh] = [drawRows(random), drawRows(random)]
    const second = [...first, ...fresh].filter(() => random() < 0.7).sort(() => random() - 0.5)
    if (second.length === 0) continue
    const outcomes = []
    for (const forget of [false, true]) {
      db.$client.exec('DELETE FROM companies; DELETE FROM register_files')
      await importing(first, DAY)
      if (forget) db.$client.exec('UPDATE companies SET file_row = NULL')
      outcomes.push({ summary: told(await importing(second, DAY)), facts: facts() })
    }
    expect(outcomes[0], `seed ${seed}`).toEqual(outcomes[1])
  }
})
