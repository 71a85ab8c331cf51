// A package measured against a customer's own list.
import { expect, test } from 'vitest'
import { noteExistence, saveList } from '../../../src/db/companies/lists.ts'
import { type Db, write } from '../../../src/db/open.ts'
import type { TempFolder } from '../../host.ts'
import { eachDatabase } from '../../new-database.ts'
import { suppressOne } from '../suppress/suppress-world.ts'
import { addCompany, addOfficer } from './export-world.ts'
import { packageWorld, unzipped } from './package-world.ts'

let folder: TempFolder
let db: Db

eachDatabase((made) => {
  ;({ folder, db } = made)
})

function keepList(list: string, companies: [number: string, written: string][]): void {
  const listed = companies.map(([number, written]) => ({ number, written }))
  write(db, (tx) => saveList(tx, list, listed, { listedAt: 0, runId: 1 }))
}

async function packaged(options: Parameters<typeof packageWorld>[2]) {
  const { manifest } = await packageWorld(db, folder.file('a.zip'), options)
  const files = await unzipped(folder.file('a.zip'))
  expect(JSON.parse(String(files.get('manifest.json')))).toEqual(manifest)
  return { manifest, report: String(files.get('report.html')) }
}

const complete = (company_number: string) => {
  addCompany(db, { company_number, officers_count: 1 })
  addOfficer(db, { company_number, appointment_id: 'a', name: 'SMITH, John' })
}

test('says which companies of the list are complete, which are not, and why', async () => {
  complete('00000001')
  complete('00000009')
  for (const state of ['pending', 'failed', 'none', 'stale'] as const) {
    const number = `0000000${['pending', 'failed', 'none', 'stale'].indexOf(state) + 2}`
    addCompany(db, { company_number: number, officers_state: state })
  }
  keepList('customer.csv', [
    ['00000001', '1'],
    ['00000002', '2'],
    ['00000003', '3'],
    ['00000004', '<b>4</b>'],
    ['00000005', '5'],
    ['00000006', '6'],
    ['00000007', '7'],
  ])
  write(db, (tx) => noteExistence(tx, 'customer.csv', ['00000006'], false))
  const { manifest, report } = await packaged({ list: 'customer.csv' })
  const missing = { 'does-not-exist': 1, none: 1, pending: 1, failed: 1, stale: 1, 'not-read': 1 }
  expect(manifest.list).toEqual({ name: 'customer.csv', listed: 7, complete: 1, missing })
  expect(report).toContain(
    '<strong>1 of 7</strong> companies of the list <bdi>customer.csv</bdi> are here, complete with their officers (14.3%)',
  )
  expect(report).toContain('Why 6 companies are missing')
  expect(report).toContain('<td data-head="In your list"><bdi>&lt;b&gt;4&lt;/b&gt;</bdi></td>')
  const why = Object.fromEntries(
    [...report.matchAll(/<code>(\d{8})<\/code><\/th><td data-head="In your list">.*?<td data-head="Why">(.*?)</g)].map(
      ([, number, text]) => [number, text],
    ),
  )
  expect(why).toEqual({
    '00000002': 'Its officers have not been read yet',
    '00000003': 'Its officers could not be read so far',
    '00000004': 'Companies House lists no officers of it',
    '00000005': 'Its officers have changed, and are to be read again',
    '00000006': 'Companies House has no company of this number',
    '00000007': 'It has not been read yet',
  })
})

test('counts a company without a complete list as missing, also where --all delivers it', async () => {
  complete('00000001')
  addCompany(db, { company_number: '00000002', officers_state: 'pending' })
  keepList('l', [
    ['00000001', '1'],
    ['00000002', '2'],
  ])
  const { manifest } = await packaged({ list: 'l', all: true })
  expect(manifest.list).toEqual({ name: 'l', listed: 2, complete: 1, missing: { pending: 1 } })
})

test('does not tell why a suppressed company is not in the files', async () => {
  complete('00000001')
  complete('00000002')
  suppressOne(db, 'company', '00000002')
  keepList('l', [
    ['00000001', '1'],
    ['00000002', '2'],
  ])
  const { manifest, report } = await packaged({ list: 'l' })
  expect(manifest.list).toEqual({ name: 'l', listed: 2, complete: 1, missing: { 'not-included': 1 } })
  expect(report).toContain('It is not part of this delivery')
})

test('says so when nothing is missing, and nothing of a list that it is not measured against', async () => {
  complete('00000001')
  keepList('l', [['00000001', '1']])
  const { manifest, report } = await packaged({ list: 'l' })
  expect(manifest.list).toEqual({ name: 'l', listed: 1, complete: 1, missing: {} })
  expect(report).toContain('All <strong>1 company</strong> of the list <bdi>l</bdi>')
  expect(report).not.toContain('The missing numbers')
  const plain = await packaged({})
  expect(plain.manifest).not.toHaveProperty('list')
  expect(plain.report).not.toContain('your list')
})
