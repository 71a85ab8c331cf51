import type { Statement } from 'better-sqlite3'
import { between, type SQL, sql } from 'drizzle-orm'
import { type Db, prepared, snapshot, type Tx } from '../open.ts'
import { companies } from '../schema.ts'

type Company = typeof companies.$inferSelect

/** What the register file, a search result and a profile all tell. Statements bind their values in the order of these lists. */
const TOLD = [
  'company_name',
  'company_status',
  'type',
  'subtype',
  'date_of_creation',
  'date_of_cessation',
  'sic_codes',
  'care_of',
  'po_box',
  'address_line_1',
  'address_line_2',
  'locality',
  'region',
  'country',
  'postal_code',
] as const

/** Columns of `companies` that the register file fills; its address knows no premises. */
export const REGISTER_COLUMNS = ['company_number', ...TOLD, 'company_status_detail'] as const

/** Columns that a search result fills. */
const SEARCH_COLUMNS = [...TOLD, 'premises'] as const

/** Columns that a profile fills, in a stream event or from REST. */
const PROFILE_COLUMNS = [...TOLD, 'premises', 'company_status_detail', 'jurisdiction'] as const

/** Columns that say where all that comes from. */
const ORIGIN_COLUMNS = ['source', 'fetched_at', 'run_id'] as const

/** What the register file says about a company. */
export type CompanyFacts = Pick<Company, (typeof REGISTER_COLUMNS)[number]>

/** What a profile says about a company; what it does not have is null. */
export type CompanyDetails = Pick<Company, 'company_number' | (typeof PROFILE_COLUMNS)[number]>

// Companies as the stream and profiles tell them, one statement each: ten thousand events a second pass through here.

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
 * Replaces everything that a profile says, absent members included, and takes back a deletion; officers and the time of first
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

/** What advanced search says about a company. */
export type FoundRow = Omit<
  typeof companies.$inferInsert,
  'officers_state' | 'officers_count' | 'officers_fetched_at' | 'first_seen_at' | 'deleted_at'
>

/** What a search result does not tell, and all about officers, stays as it is; but a detail belongs to its status. */
const FOUND_COLUMNS = [...SEARCH_COLUMNS, ...ORIGIN_COLUMNS]

const DETAIL_OF_SAME_STATUS = sql.raw(
  'CASE WHEN excluded.company_status IS companies.company_status THEN companies.company_status_detail END',
)

/** SQLite binds at most 32,766 values a statement. */
const ROWS_PER_INSERT = 500

/** Inserts or updates companies by their number; belongs in a transaction. */
export function saveFoundCompanies(tx: Tx, rows: FoundRow[]): void {
  const set = {
    ...Object.fromEntries(FOUND_COLUMNS.map((column) => [column, sql.raw(`excluded.${column}`)])),
    company_status_detail: DETAIL_OF_SAME_STATUS,
  }
  for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
    tx.insert(companies)
      .values(rows.slice(start, start + ROWS_PER_INSERT).map((row) => ({ ...row, first_seen_at: row.fetched_at })))
      .onConflictDoUpdate({ target: companies.company_number, set })
      .run()
  }
}

/** Those of the numbers whose companies are stored. */
export function findStored(tx: Tx, numbers: string[]): Set<string> {
  const wanted = sql`${companies.company_number} IN (SELECT value FROM json_each(${JSON.stringify(numbers)}))`
  const found = tx.select({ number: companies.company_number }).from(companies).where(wanted).all()
  return new Set(found.map(({ number }) => number))
}

/** The days of a span, both ends included, on which stored companies were formed. It looks at every company. */
export function knownDays(tx: Tx, span: { incorporatedFrom: string; incorporatedTo: string }): Set<string> {
  const { date_of_creation: day } = companies
  const found = tx
    .selectDistinct({ day })
    .from(companies)
    .where(between(day, span.incorporatedFrom, span.incorporatedTo))
    .all()
  return new Set(found.flatMap((row) => row.day ?? []))
}

/** Which companies are stored, in eight bytes each: the register has millions. */
export interface KnownCompanies {
  count: number
  has(companyNumber: string): boolean
}

/** Reads the numbers of all companies that are stored now. */
export function readKnownCompanies(db: Db): KnownCompanies {
  const keys = snapshot(db, () => {
    const count = Number(db.$client.prepare('SELECT count(*) FROM companies').pluck().get())
    const found = new Float64Array(count)
    const numbers = db.$client.prepare<[], string>('SELECT company_number FROM companies ORDER BY 1').pluck()
    let at = 0
    for (const number of numbers.iterate()) {
      found[at] = keyOf(number)
      at += 1
    }
    return found
  })
  return { count: keys.length, has: (companyNumber) => contains(keys, keyOf(companyNumber)) }
}

/** Eight letters and digits in the order of their text: a whole number below 36 to the power of eight. */
function keyOf(companyNumber: string): number {
  return Number.parseInt(companyNumber, 36)
}

function contains(sorted: Float64Array, key: number): boolean {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? key) < key) low = middle + 1
    else high = middle
  }
  return sorted[low] === key
}

// Which stored companies live, so that money may be spent on them.

/** `open` is said of establishments, `registered` of overseas entities. */
const LIVE_STATUSES: readonly string[] = ['active', 'open', 'registered']

/** A company of which neither status nor type is known yet may live; its profile comes first. */
export function isLive({ company_status: status, type }: { company_status: string | null; type: string | null }) {
  return status === null ? type === null : LIVE_STATUSES.includes(status)
}

/** The same in SQL, of a row of `companies`. */
export const isLiveCompany: SQL = sql`(${companies.company_status} IN (${sql.join(
  LIVE_STATUSES.map((status) => sql`${status}`),
  sql`, `,
)}) OR (${companies.company_status} IS NULL AND ${companies.type} IS NULL))`
