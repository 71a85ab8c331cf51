// Which officers an export holds by the state of their verification, and what a delta says when the calendar moves on.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkpointOf, numberOfCheckpoint, type Since } from '../../../src/db/changes.ts'
import type { Page } from '../../../src/db/dataset/columns.ts'
import { datasetColumns } from '../../../src/db/dataset/columns.ts'
import { openDataset } from '../../../src/db/dataset/dataset.ts'
import type { Db } from '../../../src/db/open.ts'
import type { VerificationState } from '../../../src/db/standing.ts'
import { type TempFolder, tempFolder } from '../../host.ts'
import { suppressOne } from '../suppress/suppress-world.ts'
import {
  addCompany,
  addDomain,
  addEmail,
  addOfficer,
  addPsc,
  collected,
  exportWorld,
  newDatabase,
} from './export-world.ts'

let folder: TempFolder
let db: Db

beforeEach(() => {
  folder = tempFolder()
  db = newDatabase(folder.file('a.db'))
  const add = (company_number: string, appointment_id: string, more: object) =>
    addOfficer(db, { company_number, appointment_id, name: `NAME ${appointment_id}`, ...more })
  addCompany(db, { company_number: '00000001', officers_count: 3 })
  add('00000001', 'due', { appointment_verification_statement_due_on: '2026-01-10' })
  add('00000001', 'ok', { appointment_verification_start_on: '2025-12-01' })
  add('00000001', 'old', { appointment_verification_start_on: '2025-12-01', resigned_on: '2025-12-02' })
  addCompany(db, { company_number: '00000002', officers_count: 1, company_status: 'dissolved' })
  add('00000002', 'none', {})
  addCompany(db, { company_number: '00000003', officers_count: 1 })
  add('00000003', 'late', { officer_id: 'o-late', appointment_verification_statement_due_on: '2026-01-04' })
  for (const number of ['00000001', '00000002']) addPsc(db, { company_number: number, psc_id: `p${number}` })
  for (const number of ['00000001', '00000002']) addDomain(db, number, `d${number}.example`, 90)
  addEmail(db, '00000001', 'due', 'due@d.example', 'valid')
  addEmail(db, '00000001', 'ok', 'ok@d.example', 'valid')
})

afterEach(() => {
  db.$client.close()
  folder[Symbol.dispose]()
})

interface Wanted {
  verification?: readonly VerificationState[] | null
  since?: Since | null
}

function read(today: string, { verification = null, since = null }: Wanted = {}) {
  using dataset = openDataset(db, { all: false, today, verification, since })
  const pages = [...dataset.pages()]
  const rows = (table: keyof Page) => pages.flatMap((page) => page[table] ?? [])
  const at = (name: string) => datasetColumns.officers.findIndex((column) => column.name === name)
  return {
    companies: rows('companies').map((row) => [row[0], row[datasetColumns.companies.findIndex(isCount)]]),
    officers: rows('officers').map((row) => [row[1], row[at('identity_verification')], row[at('is_active')]]),
    pscs: rows('persons_with_significant_control').map(([number]) => number),
    domains: rows('domains').map(([number]) => number),
    emails: rows('emails').map((row) => row[2]),
    deletions: rows('deletions').map((row) => row.slice(0, 3)),
  }
}

const isCount = ({ name }: { name: string }) => name === 'officers_count'
const now = (): Since => ({
  number: numberOfCheckpoint(db, checkpointOf(db)) ?? -1,
  moment: '2026-01-05T12:00:00.000Z',
})

describe('an export', () => {
  test('tells of each officer how the verification stands on the day, and whether the office is held', () => {
    expect(read('2026-01-05').officers).toEqual([
      ['due', 'due', 1],
      ['ok', 'verified', 1],
      ['old', 'verified', 0],
      ['none', 'none', 0],
      ['late', 'overdue', 1],
    ])
    expect(read('2026-01-11').officers[0]).toEqual(['due', 'overdue', 1])
  })

  test('holds the wanted appointments alone, with their companies, domains and addresses', () => {
    expect(read('2026-01-05', { verification: ['due', 'overdue'] })).toEqual({
      companies: [
        ['00000001', 1],
        ['00000003', 1],
      ],
      officers: [
        ['due', 'due', 1],
        ['late', 'overdue', 1],
      ],
      pscs: ['00000001'],
      domains: ['00000001'],
      emails: ['due@d.example'],
      deletions: [],
    })
    expect(read('2026-01-05', { verification: ['ended'] }).companies).toEqual([])
  })

  test('leaves out a company whose only such officer is suppressed', () => {
    suppressOne(db, 'officer', 'o-late')
    expect(read('2026-01-05', { verification: ['overdue'] }).companies).toEqual([])
  })

  test('says in its manifest what was asked for', async () => {
    const out = collected()
    const manifest = await exportWorld(db, out.destination, { format: 'ndjson', verification: ['overdue'] })
    expect(manifest.filters).toEqual({ all: false, verification: ['overdue'] })
    expect(JSON.parse(out.text()).officers).toMatchObject([{ identity_verification: 'overdue', is_active: true }])
  })
})

describe('a delta', () => {
  test('holds the companies in which the calendar alone changed a verification', () => {
    const since = now()
    expect(read('2026-01-10', { since }).companies).toEqual([])
    const later = read('2026-01-11', { since })
    expect(later.companies).toEqual([['00000001', 3]])
    expect([later.officers[0], later.deletions]).toEqual([['due', 'overdue', 1], []])
  })

  test('of a filter lists what no longer belongs to it, and all that it sends anew', () => {
    const since = now()
    expect(read('2026-01-11', { since, verification: ['due'] })).toMatchObject({
      companies: [],
      deletions: [['companies', '00000001', '']],
    })
    expect(read('2026-01-11', { since, verification: ['overdue'] })).toMatchObject({
      companies: [['00000001', 1]],
      officers: [['due', 'overdue', 1]],
      emails: ['due@d.example'],
      deletions: [
        ['emails', '00000001', ''],
        ['officers', '00000001', ''],
      ],
    })
  })
})
