import { afterEach, beforeEach, expect, test } from 'vitest'
import { dataDictionary } from '../../../src/db/dataset/dictionary.ts'
import type { Db } from '../../../src/db/open.ts'
import { type TempFolder, tempFolder } from '../../host.ts'
import { AT, addCompany, addDomain, addEmail, collected, exportWorld, newDatabase, smallWorld } from './export-world.ts'

let folder: TempFolder
let db: Db

beforeEach(() => {
  folder = tempFolder()
  db = newDatabase(folder.file('a.db'))
})

afterEach(() => {
  db.$client.close()
  folder[Symbol.dispose]()
})

const shared = { care_of: null, po_box: null, premises: null, address_line_1: null, address_line_2: null }
const address = { ...shared, locality: null, region: null, country: null, postal_code: null }

/** What no profile and no file told of these companies. */
const unknown = Object.fromEntries(
  Object.keys(dataDictionary.companies.columns)
    .slice(Object.keys(dataDictionary.companies.columns).indexOf('deleted_at') + 1)
    .map((column) => [column, null]),
)

test('json and ndjson hold the same companies, with the columns of the tables and officers inside', async () => {
  smallWorld(db)
  addDomain(db, '00000001', 'b.example', 90)
  addEmail(db, '00000001', 'zZ', 'z@b.example', 'valid')
  addEmail(db, '00000001', 'gone', 'x@b.example', 'valid')
  const json = collected()
  const ndjson = collected()
  await exportWorld(db, json.destination, { format: 'json' })
  await exportWorld(db, ndjson.destination, { format: 'ndjson' })
  const companies = JSON.parse(json.text())
  expect(
    ndjson
      .text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(companies)
  expect(companies).toHaveLength(2)
  const [first, second] = companies
  expect({ ...first, officers: first.officers.map(({ name }: { name: string }) => name) }).toEqual({
    company_number: '00000001',
    company_name: '=HYPERLINK("x"), LTD',
    company_status: 'active',
    company_status_detail: null,
    type: 'ltd',
    subtype: null,
    jurisdiction: null,
    date_of_creation: '2020-02-29',
    date_of_cessation: null,
    sic_codes: ['62020', '01110'],
    ...address,
    officers_state: 'complete',
    officers_count: 2,
    officers_fetched_at: null,
    source: 'bulk',
    fetched_at: AT,
    run_id: 1,
    first_seen_at: AT,
    deleted_at: null,
    ...unknown,
    pscs_state: 'pending',
    officers: ["O'NEIL, Siân", 'Two\nLines'],
    domains: [
      {
        company_number: '00000001',
        domain: 'b.example',
        provider: 'snov',
        confidence: 90,
        state: 'found',
        found_at: AT,
        run_id: 3,
      },
    ],
    emails: [expect.objectContaining({ appointment_id: 'gone', email: 'x@b.example' })],
  })
  expect(first.officers.map(({ emails }: { emails: { email: string }[] }) => emails.map(({ email }) => email))).toEqual(
    [[], ['z@b.example']],
  )
  expect([second.sic_codes, second.officers, second.domains, 'emails' in second]).toEqual([[], [], [], false])
})

test('knows neither domains nor e-mails when there are none, and escapes control characters', async () => {
  addCompany(db, { company_number: '1', company_name: 'A\u001b[31m\u0085B' })
  const out = collected()
  await exportWorld(db, out.destination, { format: 'ndjson' })
  expect(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(out.text())).toBe(false)
  const company = JSON.parse(out.text())
  expect([company.company_name, 'domains' in company]).toEqual(['A\u001b[31m\u0085B', false])
})
