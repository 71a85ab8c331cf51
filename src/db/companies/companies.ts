import { between, type SQL, sql } from 'drizzle-orm'
import { countChange, LAST_CHANGE } from '../changes.ts'
import { type Db, prepared, snapshot, type Tx } from '../open.ts'
import { companies } from '../schema.ts'
import { rowStatements } from './row-statements.ts'
import {
  type CompanyDetails,
  type CompanyFacts,
  mergeTold,
  type StoredCompany,
  TOLD_COLUMNS,
  type Told,
  toldByUnder,
} from './told.ts'

type Company = typeof companies.$inferSelect

/** What filters and triggers look at, whoever tells of the company. */
export type SearchedFacts = Pick<
  Company,
  | 'company_number'
  | 'company_name'
  | 'company_status'
  | 'company_status_detail'
  | 'type'
  | 'subtype'
  | 'sic_codes'
  | 'date_of_creation'
  | 'date_of_cessation'
  | 'postal_code'
>

/** What some source says about a company; what it does not have is null or absent. */
export type ToldFacts = Partial<CompanyDetails> & Pick<Company, 'company_number' | 'company_name'>

// Companies as profiles and searches tell them, one statement each.

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

/** The same with who has told it, and where it stands. */
export interface TellersOfCompany extends KnownCompany {
  rowid: number
  source: string
  told_by: string | null
}

const TOLD_BY = `(SELECT told_by FROM company_tellers WHERE company_tellers.company_number = companies.company_number) AS told_by`

const KNOWN = `SELECT rowid, company_status, company_status_detail, source, ${TOLD_BY} FROM companies WHERE company_number = ?`

/** The company as it is stored, deleted ones included; undefined when it is not. */
export function findKnownCompany(db: Db, companyNumber: string): TellersOfCompany | undefined {
  return prepared(db, KNOWN).get(companyNumber) as TellersOfCompany | undefined
}

// A row that comes with the number of its change is written once, and one to which a trigger gives it twice.

const ORIGIN = ['source', 'fetched_at', 'run_id']

const inserts = rowStatements(TOLD_COLUMNS, (filled) => {
  const columns = [...filled, ...ORIGIN, 'first_seen_at', 'company_number']
  return `INSERT INTO companies (${columns.join(', ')}, change_number)
    VALUES (${columns.map(() => '?').join(', ')}, ${LAST_CHANGE})`
})

const STORED = `SELECT source, ${TOLD_COLUMNS.join(', ')}, ${TOLD_BY} FROM companies WHERE company_number = ?`

const updates = (undeleted: string) =>
  rowStatements(TOLD_COLUMNS, (filled, absent) => {
    const set = [...[...filled, ...ORIGIN].map((name) => `${name} = ?`), ...absent.map((name) => `${name} = NULL`)]
    return `UPDATE companies SET ${set.join(', ')}, change_number = ${LAST_CHANGE}, file_row = NULL, deleted_at = ${undeleted}
      WHERE company_number = ?`
  })

const fullUpdates = updates('NULL')
const datedUpdates = updates('CASE WHEN deleted_at < ? THEN NULL ELSE deleted_at END')

/** Adds a company that is not stored yet; its officers are pending. Belongs in a transaction. */
export function insertCompany(db: Db, facts: ToldFacts, origin: DetailsOrigin): void {
  countChange(db)
  const { source, fetchedAt, runId } = origin
  inserts.run(db, facts as Told, [source, fetchedAt, runId, fetchedAt, facts.company_number])
}

/**
 * Brings a stored company to what a source says now, and takes back a deletion: what others told and it does not have stays
 * (see `told.ts`), as do officers and the time of first sight. Belongs in a transaction.
 */
export function updateCompany(db: Db, facts: ToldFacts, origin: DetailsOrigin): void {
  rewriteCompany(db, facts, origin, { deletedBefore: null })
}

/**
 * The same; with `deletedBefore`, ISO 8601, only a deletion from before that time is taken back. Of `unfilled` columns this
 * answer says nothing.
 */
export function rewriteCompany(
  db: Db,
  facts: ToldFacts | CompanyFacts,
  origin: DetailsOrigin,
  { deletedBefore, unfilled }: { deletedBefore: string | null; unfilled?: ReadonlySet<string> | undefined },
): void {
  const { company_number } = facts
  const stored = prepared(db, STORED).get(company_number) as StoredCompany | undefined
  if (!stored) return
  const { values, toldBy } = mergeTold(stored, facts as Told, origin.source, unfilled)
  const written = [origin.source, origin.fetchedAt, origin.runId]
  countChange(db)
  if (deletedBefore === null) fullUpdates.run(db, values, [...written, company_number])
  else datedUpdates.run(db, values, [...written, deletedBefore, company_number])
  saveTellers(db, company_number, stored.told_by, toldBy)
}

function saveTellers(db: Db, companyNumber: string, before: string | null, toldBy: string | null): void {
  if (toldBy === before) return
  if (toldBy === null) prepared(db, 'DELETE FROM company_tellers WHERE company_number = ?').run(companyNumber)
  else {
    const sql = `INSERT INTO company_tellers (company_number, told_by) VALUES (?, ?)
      ON CONFLICT (company_number) DO UPDATE SET told_by = excluded.told_by`
    prepared(db, sql).run(companyNumber, toldBy)
  }
}

/** Keeps who told what of a company whose row is going to name another source; belongs before that, in its transaction. */
export function keepTellers(db: Db, companyNumber: string, source: string): void {
  const stored = prepared(db, STORED).get(companyNumber) as StoredCompany | undefined
  if (stored && stored.source !== source) saveTellers(db, companyNumber, stored.told_by, toldByUnder(stored, source))
}

/** Marks a company as deleted, once; returns whether it was stored and not yet marked. Belongs in a transaction. */
export function markDeleted(db: Db, companyNumber: string, { source, fetchedAt, runId }: DetailsOrigin): boolean {
  keepTellers(db, companyNumber, source)
  const sql = `UPDATE companies SET deleted_at = ?, source = ?, fetched_at = ?, run_id = ?
    WHERE company_number = ? AND deleted_at IS NULL`
  return prepared(db, sql).run(fetchedAt, source, fetchedAt, runId, companyNumber).changes > 0
}

/** Before every ISO 8601 time. */
const NEVER = ''

/** What advanced search says about a company, and when it was asked. */
export type FoundRow = ToldFacts & Pick<Company, 'source' | 'fetched_at' | 'run_id'>

/** Inserts or updates companies by their number; one that is deleted stays so. Belongs in a transaction. */
export function saveFoundCompanies(db: Db, rows: FoundRow[]): void {
  const stored = findStored(
    db,
    rows.map(({ company_number }) => company_number),
  )
  for (const row of rows) {
    const origin = { source: row.source, fetchedAt: row.fetched_at, runId: row.run_id }
    if (stored.has(row.company_number)) rewriteCompany(db, row, origin, { deletedBefore: NEVER })
    else insertCompany(db, row, origin)
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
