// A database with companies, and bulk files beside it, for tests of `import-officers --file` and `--updates`.
import { writeFileSync } from 'node:fs'
import { eq } from 'drizzle-orm'
import type { OfficerRow } from '../../../src/db/officers/officers.ts'
import { saveOfficers } from '../../../src/db/officers/officers.ts'
import type { Db } from '../../../src/db/open.ts'
import { companies, emails, officers } from '../../../src/db/schema.ts'
import { run, type TempFolder, tempFolder } from '../../host.ts'
import { newDatabase } from '../../new-database.ts'

export interface FiledWorld extends Disposable {
  db: Db
  folder: TempFolder
  /** Writes a file and returns its path. */
  file(name: string, content: string | Buffer): string
  /** `chpipe import-officers ... --json` on the database. */
  importing(...args: string[]): Promise<{ code: number; summary: Record<string, unknown>; stderr: string }>
  company(number: string): typeof companies.$inferSelect
  officers(number: string): (typeof officers.$inferSelect)[]
}

/** Opens a world with these companies, whose officers are pending. */
export function filedWorld(numbers: string[]): FiledWorld {
  const folder = tempFolder()
  const path = folder.file('companies.db')
  const db = newDatabase(path)
  for (const number of numbers) saveWorldCompany(db, number)
  return {
    db,
    folder,
    file(name, content) {
      writeFileSync(folder.file(name), content)
      return folder.file(name)
    },
    async importing(...args) {
      const { code, stdout, stderr } = await run(['import-officers', ...args, '--json', '--db', path], {
        cwd: folder.path,
      })
      return { code, stderr, summary: stdout === '' ? {} : JSON.parse(stdout) }
    },
    company(number) {
      const row = db.select().from(companies).where(eq(companies.company_number, number)).get()
      if (!row) throw new Error(`no such company: ${number}`)
      return row
    },
    officers: (number) =>
      db
        .select()
        .from(officers)
        .where(eq(officers.company_number, number))
        .orderBy(officers.person_number, officers.appointed_on)
        .all(),
    [Symbol.dispose]() {
      db.$client.close()
      folder[Symbol.dispose]()
    },
  }
}

export function saveWorldCompany(db: Db, number: string, more: Partial<typeof companies.$inferInsert> = {}): void {
  const origin = { source: 'test', fetched_at: '2026-01-01', first_seen_at: '2026-01-01', run_id: 1 }
  db.insert(companies)
    .values({ company_number: number, company_name: `COMPANY ${number}`, company_status: 'active', ...origin, ...more })
    .run()
}

/** A row as REST brings it: mixed case, ids, verification. */
export function restRow(number: string, more: Partial<OfficerRow> = {}): OfficerRow {
  return {
    company_number: number,
    appointment_id: 'restAppointmentOfAvaExample',
    officer_id: 'officerIdOfAva',
    person_number: '300000010001',
    name: 'EXAMPLE, Ava May',
    forenames: 'Ava May',
    surname: 'EXAMPLE',
    officer_role: 'director',
    appointed_on: '2016-05-12',
    date_of_birth_month: 3,
    date_of_birth_year: 1970,
    nationality: 'British',
    country_of_residence: 'England',
    occupation: 'Engineer',
    premises: '2',
    address_line_1: 'Sample Street',
    locality: 'Teston',
    region: 'Testshire',
    country: 'England',
    postal_code: 'ZZ9 9ZZ',
    appointment_verification_start_on: '2026-02-03',
    appointment_verification_end_on: '9999-12-31',
    etag: 'e'.repeat(40),
    source: 'rest',
    fetched_at: '2026-06-01T10:00:00.000Z',
    run_id: 1,
    ...more,
  }
}

/** Stores a list as the REST client does. */
export function saveRestList(db: Db, number: string, rows: OfficerRow[], fetchedAt = '2026-06-01T10:00:00.000Z'): void {
  saveOfficers(db, number, rows, { state: 'complete', fetchedAt, runId: 1 })
}

export function saveAddress(db: Db, number: string, appointmentId: string, email: string): void {
  db.insert(emails)
    .values({
      company_number: number,
      appointment_id: appointmentId,
      email,
      provider: 'snov',
      found_at: '2026-06-02',
      run_id: 1,
    })
    .run()
}
