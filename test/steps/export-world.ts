import { type Db, openDb } from '../../src/db/open.ts'
import { companies, domains, emails, officers } from '../../src/db/schema.ts'

const AT = '2026-01-02T03:04:05.678Z'

type NewCompany = Partial<typeof companies.$inferInsert> & { company_number: string }
type NewOfficer = Partial<typeof officers.$inferInsert> & { company_number: string; appointment_id: string }

/** A new database with the real schema at `path`; it is left open for the test to write more. */
export function newDatabase(path: string): Db {
  return openDb(path)
}

export function addCompany(db: Db, company: NewCompany): void {
  db.insert(companies)
    .values({
      company_name: `COMPANY ${company.company_number} LIMITED`,
      officers_state: 'complete',
      source: 'bulk',
      fetched_at: AT,
      first_seen_at: AT,
      run_id: 1,
      ...company,
    })
    .run()
}

export function addOfficer(db: Db, officer: NewOfficer): void {
  db.insert(officers)
    .values({ source: 'rest', fetched_at: AT, run_id: 2, ...officer })
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
  db.$client.transaction(() => {
    for (let index = from; index < from + count; index += 1) {
      const company_number = String(index + 1).padStart(8, '0')
      addCompany(db, { company_number, officers_count: officersEach })
      for (let each = 0; each < officersEach; each += 1) {
        addOfficer(db, { company_number, appointment_id: `a${each}`, name: `SMITH, John ${each}` })
      }
    }
  })()
}
