// Companies as the stream and profiles tell them, one statement each: ten thousand events a second pass through here.
import type { Statement } from 'better-sqlite3'
import { type CompanyDetails, ORIGIN_COLUMNS, PROFILE_COLUMNS } from './company-columns.ts'
import type { Db } from './open.ts'
import { prepared } from './statements.ts'

export type { CompanyDetails } from './company-columns.ts'

export interface DetailsOrigin {
  source: string
  /** ISO 8601. */
  fetchedAt: string
  runId: number
}

/** What was known of a company before an event. */
export interface KnownCompany {
  company_status: string | null
  company_status_detail: string | null
}

/** The company as it is stored, deleted ones included; undefined when it is not. */
export function findKnownCompany(db: Db, companyNumber: string): KnownCompany | undefined {
  const sql = 'SELECT company_status, company_status_detail FROM companies WHERE company_number = ?'
  return prepared(db, sql).get(companyNumber) as KnownCompany | undefined
}

const WRITTEN = [...PROFILE_COLUMNS, ...ORIGIN_COLUMNS]

const INSERT = `INSERT INTO companies (${WRITTEN.join(', ')}, first_seen_at, company_number)
  VALUES (${Array(WRITTEN.length + 2).fill('?')})`

const UPDATE = `UPDATE companies SET ${WRITTEN.map((name) => `${name} = ?`).join(', ')}, deleted_at = NULL
  WHERE company_number = ?`

/** Adds a company that is not stored yet; its officers are pending. Belongs in a transaction. */
export function insertCompany(db: Db, details: CompanyDetails, origin: DetailsOrigin): void {
  run(prepared(db, INSERT), details, origin, origin.fetchedAt)
}

/**
 * Replaces all that a profile tells, absent members included, and takes back a deletion; officers and the time of first
 * sight stay. Belongs in a transaction.
 */
export function updateCompany(db: Db, details: CompanyDetails, origin: DetailsOrigin): void {
  run(prepared(db, UPDATE), details, origin)
}

/** Marks a company as deleted, once; returns whether it was stored and not yet marked. Belongs in a transaction. */
export function markDeleted(db: Db, companyNumber: string, { source, fetchedAt, runId }: DetailsOrigin): boolean {
  const sql = `UPDATE companies SET deleted_at = ?, source = ?, fetched_at = ?, run_id = ?
    WHERE company_number = ? AND deleted_at IS NULL`
  return prepared(db, sql).run(fetchedAt, source, fetchedAt, runId, companyNumber).changes > 0
}

/** Values one by one, in the order of the columns: given as an array or by name, they take a third longer to bind. */
function run(statement: Statement, company: CompanyDetails, origin: DetailsOrigin, ...more: string[]): void {
  statement.run(
    company.company_name,
    company.company_status,
    company.type,
    company.subtype,
    company.date_of_creation,
    company.date_of_cessation,
    company.sic_codes,
    company.care_of,
    company.po_box,
    company.address_line_1,
    company.address_line_2,
    company.locality,
    company.region,
    company.country,
    company.postal_code,
    company.premises,
    company.company_status_detail,
    company.jurisdiction,
    origin.source,
    origin.fetchedAt,
    origin.runId,
    ...more,
    company.company_number,
  )
}
