import { type Db, prepared } from '../../../src/db/open.ts'
import {
  type companies,
  domains,
  emails,
  type officers,
  persons_with_significant_control,
} from '../../../src/db/schema.ts'
import type { Destination } from '../../../src/steps/export/destination.ts'
import { type ExportOptions, exportDataset } from '../../../src/steps/export/run.ts'
import { virtualClock } from '../../virtual-clock.ts'

export const AT = '2026-01-02T03:04:05.678Z'

type NewCompany = Partial<typeof companies.$inferInsert> & { company_number: string }
type NewPsc = Partial<typeof persons_with_significant_control.$inferInsert> & { company_number: string; psc_id: string }
type NewOfficer = Partial<typeof officers.$inferInsert> & { company_number: string; appointment_id: string }

export { newDatabase } from '../../new-database.ts'

export function addCompany(db: Db, company: NewCompany): void {
  insertRow(db, 'companies', {
    company_name: `COMPANY ${company.company_number} LIMITED`,
    officers_state: 'complete',
    source: 'bulk',
    fetched_at: AT,
    first_seen_at: AT,
    run_id: 1,
    ...company,
  })
}

/** Plain SQL, kept for the next row of the same columns: some tests add thousands. */
function insertRow(db: Db, table: 'companies' | 'officers', row: object): void {
  const names = Object.keys(row)
  const sql = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`
  prepared(db, sql).run(...Object.values(row).map((value) => (typeof value === 'boolean' ? Number(value) : value)))
}

export function addOfficer(db: Db, officer: NewOfficer): void {
  insertRow(db, 'officers', { source: 'rest', fetched_at: AT, run_id: 2, ...officer })
}

export function addPsc(db: Db, psc: NewPsc): void {
  db.insert(persons_with_significant_control)
    .values({
      kind: 'individual-person-with-significant-control',
      source: 'psc-snapshot',
      fetched_at: AT,
      run_id: 2,
      ...psc,
    })
    .run()
}

export function addDomain(db: Db, company_number: string, domain: string, confidence: number | null): void {
  db.insert(domains)
    .values({ company_number, domain, confidence, provider: 'snov', state: 'found', found_at: AT, run_id: 3 })
    .run()
}

export function addEmail(db: Db, company_number: string, appointment_id: string, email: string, status: string): void {
  db.insert(emails)
    .values({ company_number, appointment_id, email, status, provider: 'snov', found_at: AT, run_id: 3 })
    .run()
}

/** `count` complete companies with `officersEach` officers each, in one transaction. */
export function fill(db: Db, count: number, officersEach: number, from = 0): void {
  const company = db.$client.prepare(
    `INSERT INTO companies (company_number, company_name, officers_state, officers_count, source, fetched_at, first_seen_at, run_id)
     VALUES (:number, 'COMPANY ' || :number || ' LIMITED', 'complete', :officers, 'bulk', '${AT}', '${AT}', 1)`,
  )
  const officer = db.$client.prepare(
    `INSERT INTO officers (company_number, appointment_id, name, source, fetched_at, run_id)
     VALUES (:number, 'a' || :each, 'SMITH, John ' || :each, 'rest', '${AT}', 2)`,
  )
  db.$client.transaction(() => {
    for (let index = from; index < from + count; index += 1) {
      const number = String(index + 1).padStart(8, '0')
      company.run({ number, officers: officersEach })
      for (let each = 0; each < officersEach; each += 1) officer.run({ number, each: String(each) })
    }
  })()
}

/** Two complete companies, one of them without an officer row, and one pending. */
export function smallWorld(db: Db): void {
  addCompany(db, {
    company_number: '00000001',
    company_name: '=HYPERLINK("x"), LTD',
    company_status: 'active',
    type: 'ltd',
    date_of_creation: '2020-02-29',
    sic_codes: '62020,01110',
    officers_count: 2,
  })
  addCompany(db, { company_number: '00000002', company_name: 'EMPTY LTD', deleted_at: '2026-02-01T00:00:00.000Z' })
  addCompany(db, { company_number: '00000003', company_name: 'PENDING LTD', officers_state: 'pending' })
  addOfficer(db, {
    company_number: '00000001',
    appointment_id: '-aBc',
    officer_id: '=oF',
    name: "O'NEIL, Siân",
    date_of_birth_month: 4,
    date_of_birth_year: 1970,
  })
  addOfficer(db, { company_number: '00000001', appointment_id: 'zZ', name: 'Two\nLines', occupation: '-' })
}

/** A destination that keeps what it gets. */
export function collected(): { destination: Destination; text: () => string } {
  let text = ''
  return {
    destination: {
      kind: 'stream',
      async write(more) {
        text += Buffer.from(more).toString()
      },
    },
    text: () => text,
  }
}

/** What no option asks for. */
export const PLAIN_OPTIONS = {
  format: 'csv',
  all: false,
  bom: false,
  raw: false,
  gzip: false,
  include: null,
  since: null,
  programVersion: '1.2.3',
} as const

/** Exports with the plainest options unless others are given. */
export function exportWorld(db: Db, destination: Destination, options: Partial<ExportOptions> = {}) {
  return exportDataset(db, {
    ...PLAIN_OPTIONS,
    destination,
    clock: virtualClock(),
    signal: new AbortController().signal,
    ...options,
  })
}
