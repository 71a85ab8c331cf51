// Reads companies for the HTTP API: windows of bounded work along their numbers, each on a snapshot of its own, without
// what is suppressed. A caller that rests between two windows keeps nobody waiting, however rare what it looks for is.

import type { Statement } from 'better-sqlite3'
import { AT_MOST, BOUND_TEXT } from '../bound.ts'
import type { Since } from '../changes.ts'
import type { Page } from '../dataset/columns.ts'
import { type Cell, datasetColumns, type Item, itemOfRow, NOT_GONE, type Row } from '../dataset/columns.ts'
import { columnList } from '../dataset/computed.ts'
import { emptyPage, withoutSuppressed } from '../dataset/dataset.ts'
import { type Db, prepared } from '../open.ts'
import { type VerificationState, verificationOn } from '../standing.ts'
import { pscRules, pscRulesOf } from '../suppress/pscs.ts'
import { rulesSince } from '../suppress/since.ts'
import {
  databaseKey,
  loadSuppressions,
  rulesVersion,
  type Suppressions,
  suppressionsOf,
} from '../suppress/suppressions.ts'
import { dataVersion } from './database.ts'
import { readAtOnce } from './moment.ts'
import { withSicDescriptions } from './sic.ts'

/** A company with all that is its own, in key order. */
export interface ServedCompany {
  number: string
  company: Item
  officers: Item[]
  persons_with_significant_control: Item[]
  domains: Item[]
  emails: Item[]
}

/** Some company rows, and the number behind which to go on; null at the end. */
export interface Candidates {
  rows: Row[]
  reached: string | null
}

/** Finds at most `limit` companies behind a number. */
export type RowSource = (after: string, limit: number) => Candidates

export interface Window {
  companies: ServedCompany[]
  reached: string | null
}

/** How many companies one window looks at: a few milliseconds of work. */
const SCANNED = 4000
/** A window is cut behind the company that brings it to this many officers. */
const OFFICERS_PER_WINDOW = 2000

const MEMBERS = {
  officers: 'appointment_id',
  persons_with_significant_control: 'psc_id',
  domains: 'domain',
  emails: 'appointment_id, email',
} as const
export type MemberTable = keyof typeof MEMBERS
export const MEMBER_TABLES: readonly MemberTable[] = [
  'officers',
  'persons_with_significant_control',
  'domains',
  'emails',
]

const OFFICERS_COUNT = datasetColumns.companies.findIndex(({ name }) => name === 'officers_count')

/** The columns of a company, for a SELECT; none of them follows from the day. */
export const COMPANY_COLUMNS = columnList('companies', '')

/** The companies of a filter, along the primary key or the index on states. */
export function companySource(db: Db, filter: ServedFilter): RowSource {
  const { sql: condition, values } = conditionOf(filter)
  const scope = filterScope(filter)
  const select = `SELECT ${COMPANY_COLUMNS} FROM companies WHERE ${scope} AND company_number > ?`
  if (condition === '') {
    const some = prepared(db, `${select} ORDER BY company_number ${AT_MOST}`).raw()
    return (after, limit) => {
      const rows = some.all(after, limit) as Row[]
      return { rows, reached: rows.length < limit ? null : numberOf(rows.at(-1)) }
    }
  }
  const end = prepared(db, windowEnd(scope)).pluck()
  const some = prepared(
    db,
    `${select} AND company_number <= ? AND ${condition} ORDER BY company_number ${AT_MOST}`,
  ).raw()
  return (after, limit) => {
    const last = end.get(after) as string | undefined
    const rows = some.all(after, last ?? AFTER_ALL, ...values, limit) as Row[]
    return { rows, reached: rows.length < limit ? (last ?? null) : numberOf(rows.at(-1)) }
  }
}

/** Sorts behind every company number. */
export const AFTER_ALL = '\u{10FFFF}'

/** The number that ends a window behind another, for the bounds of a scan. */
export function windowEnd(scope: string): string {
  return `SELECT company_number FROM companies WHERE ${scope} AND company_number > ? ORDER BY company_number
    LIMIT 1 OFFSET ${SCANNED - 1}`
}

/** The companies of a filter among those that an index names: `find` gives up to `limit` numbers behind one, in order. */
export function listedSource(
  db: Db,
  filter: ServedFilter,
  find: (after: string, limit: number) => string[],
): RowSource {
  const { sql: condition, values } = conditionOf(filter)
  const some = prepared(
    db,
    `SELECT ${COMPANY_COLUMNS} FROM companies WHERE company_number IN (SELECT value FROM json_each(?))
     AND ${filterScope(filter)} ${condition && `AND ${condition}`} ORDER BY company_number`,
  ).raw()
  return (after, limit) => {
    const numbers = find(after, limit)
    const rows = some.all(JSON.stringify(numbers), ...values) as Row[]
    return { rows, reached: numbers.length < limit ? null : (numbers.at(-1) ?? null) }
  }
}

/** One company, when it lies in the scope. */
export function oneSource(db: Db, { all }: Pick<ServedFilter, 'all'>, number: string): RowSource {
  const one = prepared(db, all ? ANY_COMPANY : COMPLETE_COMPANY).raw()
  return () => ({ rows: one.all(number) as Row[], reached: null })
}

const oneCompany = (scope: string) => `SELECT ${COMPANY_COLUMNS} FROM companies WHERE ${scope} AND company_number = ?`
const ANY_COMPANY = oneCompany(filterScope({ all: true }))
const COMPLETE_COMPANY = oneCompany(filterScope({ all: false }))

/** Reads the window behind a number; `members` says what of that which belongs to the companies is wanted as well. */
export function readWindow(db: Db, source: RowSource, { after, limit, members, today }: WindowOptions): Window {
  return readAtOnce(db, () => {
    const { clean, suppressions } = readServedRules(db)
    const { rows, reached } = cutAtOfficers(source(after, limit), members.length > 0 || suppressions.people)
    // Rules look at everything that belongs together.
    const read = suppressions.empty ? members : MEMBER_TABLES
    const companies = servedCompanies(clean(pageOf(db, rows, read, today)))
    return { companies: withSicDescriptions(db, companies), reached }
  })
}

export interface WindowOptions {
  after: string
  /** The most companies of the window. */
  limit: number
  members: readonly MemberTable[]
  /** The day of reading, `YYYY-MM-DD`. */
  today: string
}

/** What belongs to one company, by its number, and to several, by a list of theirs as JSON. */
const OWNERS = { one: `= ${BOUND_TEXT}`, several: 'IN (SELECT value FROM json_each(?))' } as const
type Owners = keyof typeof OWNERS

type MemberStatements = Record<Owners, Map<MemberTable, Statement>>
const memberStatements = new WeakMap<Db, MemberStatements & { today: string }>()

/** The statement that reads what belongs to companies on a day; its text alone is long, so it is made once a day. */
function membersOf(db: Db, table: MemberTable, owners: Owners, today: string): Statement {
  const known = memberStatements.get(db)
  const kept = known?.today === today ? known : { today, one: new Map(), several: new Map() }
  if (kept !== known) memberStatements.set(db, kept)
  const statement = kept[owners].get(table) ?? db.$client.prepare(memberQuery(table, owners, today)).raw()
  kept[owners].set(table, statement)
  return statement
}

function memberQuery(table: MemberTable, owners: Owners, today: string): string {
  return `SELECT ${columnList(table, today)} FROM ${table} WHERE company_number ${OWNERS[owners]}
    ${table === 'emails' ? NOT_GONE : ''} ORDER BY company_number, ${MEMBERS[table]}`
}

/** The rows with what belongs to them in some tables, as it is on the day. */
export function pageOf(db: Db, companies: Row[], members: readonly MemberTable[], today: string): Page {
  const page: Page = { ...emptyPage(), companies }
  if (members.length === 0 || companies.length === 0) return page
  const owners = companies.length === 1 ? 'one' : 'several'
  const wanted = owners === 'one' ? numberOf(companies[0]) : JSON.stringify(companies.map(numberOf))
  for (const table of members) page[table] = membersOf(db, table, owners, today).all(wanted) as Row[]
  return page
}

/** Bounds a window by its officers: companies with thousands of them exist. */
export function cutAtOfficers(found: Candidates, members: boolean): Candidates {
  if (!members) return found
  let officers = 0
  const end = found.rows.findIndex((row) => {
    officers += Number(row[OFFICERS_COUNT])
    return officers >= OFFICERS_PER_WINDOW
  })
  if (end === -1 || end === found.rows.length - 1) return found
  const rows = found.rows.slice(0, end + 1)
  return { rows, reached: numberOf(rows.at(-1)) }
}

/** The companies of a page with all that is their own, as JSON holds it. */
export function servedCompanies(page: Page): ServedCompany[] {
  const companies = new Map<Cell, ServedCompany>()
  for (const row of page.companies) {
    const company = itemOfRow(datasetColumns.companies, row)
    const number = numberOf(row)
    companies.set(number, {
      number,
      company,
      officers: [],
      persons_with_significant_control: [],
      domains: [],
      emails: [],
    })
  }
  for (const table of MEMBER_TABLES) {
    for (const row of page[table]) companies.get(row[0] ?? null)?.[table].push(itemOfRow(datasetColumns[table], row))
  }
  return [...companies.values()]
}

/** The company number of a row of any public table. */
export function numberOf(row: Row | undefined): string {
  return String(row?.[0] ?? '')
}

// Filters of companies as SQL conditions. Every value is bound; none becomes part of the SQL.

/** Which companies to serve; a list means any of its values. */
export interface ServedFilter {
  /** Also those whose officers are not complete. */
  all: boolean
  status?: string[] | undefined
  type?: string[] | undefined
  /** Beginnings of SIC codes. */
  sic?: string[] | undefined
  /** Postcode areas, such as `BR`: a first sieve, as postcodes are written in many ways. */
  postcode?: string[] | undefined
  locality?: string | undefined
  region?: string | undefined
  country?: string | undefined
  /** Days, both included. */
  createdFrom?: string | undefined
  createdTo?: string | undefined
  /** Companies with a domain, an address: a first sieve, as what is suppressed is not looked at. */
  hasDomain?: boolean | undefined
  hasEmail?: boolean | undefined
  /** Companies with an officer whose identity stands so on the day: a first sieve as well. */
  verification?: VerificationState[] | undefined
  today?: string | undefined
}

export interface Condition {
  sql: string
  values: (string | number)[]
}

/** The condition on the company's own columns; empty when every company of the scope is wanted. */
function conditionOf(filter: ServedFilter): Condition {
  const parts: Condition[] = []
  const add = (sql: string, ...values: (string | number)[]) => parts.push({ sql, values })
  const anyOf = (sql: string, values: string[] | undefined) => {
    if (values) add(`(${values.map(() => sql).join(' OR ')})`, ...values)
  }
  anyOf('company_status = ?', filter.status)
  anyOf('type = ?', filter.type)
  anyOf(`instr(',' || sic_codes, ',' || ?) > 0`, filter.sic)
  anyOf('instr(upper(postal_code), ?) > 0', filter.postcode)
  if (filter.locality !== undefined) add('locality = ? COLLATE NOCASE', filter.locality)
  if (filter.region !== undefined) add('region = ? COLLATE NOCASE', filter.region)
  if (filter.country !== undefined) add('country = ? COLLATE NOCASE', filter.country)
  if (filter.createdFrom !== undefined) add('date_of_creation >= ?', filter.createdFrom)
  if (filter.createdTo !== undefined) add('date_of_creation <= ?', filter.createdTo)
  if (filter.hasDomain) add('EXISTS (SELECT 1 FROM domains WHERE domains.company_number = companies.company_number)')
  if (filter.hasEmail) add('EXISTS (SELECT 1 FROM emails WHERE emails.company_number = companies.company_number)')
  if (filter.verification && filter.today !== undefined) {
    const state = verificationOn(filter.today, 'officers')
    add(
      `EXISTS (SELECT 1 FROM officers WHERE officers.company_number = companies.company_number
        AND ${state} IN (SELECT value FROM json_each(?)))`,
      JSON.stringify(filter.verification),
    )
  }
  return { sql: parts.map(({ sql }) => sql).join(' AND '), values: parts.flatMap(({ values }) => values) }
}

/** Companies whose officers are complete, or all. */
export function filterScope({ all }: Pick<ServedFilter, 'all'>): string {
  return all ? '1' : `officers_state = 'complete'`
}

// The suppressions that the HTTP API applies, kept between requests for as long as they stay the same.

export interface ServedRules {
  suppressions: Suppressions
  /** A page without what is suppressed. */
  clean(page: Page): Page
}

const known = new WeakMap<Db, { read: number | null; version: string; rules: ServedRules }>()

/**
 * The rules of this moment. A long list is read anew only when it has changed: ids are never given twice, so the count
 * and the highest id tell; and these are counted only when anything was written since.
 */
export function readServedRules(db: Db): ServedRules {
  // A connection does not hear of what it has written itself.
  const read = db.$client.readonly ? dataVersion(db) : null
  const cached = known.get(db)
  if (cached && read !== null && cached.read === read) return cached.rules
  const version = rulesVersion(db)
  if (cached?.version === version) {
    cached.read = read
    return cached.rules
  }
  const suppressions = loadSuppressions(db)
  const rules = { suppressions, clean: withoutSuppressed({ suppressions, pscs: pscRules(db) }, datasetColumns) }
  known.set(db, { read, version, rules })
  return rules
}

/** The rules alone that were added since. */
export function readRulesSince(db: Db, since: Since): ServedRules {
  const rules = rulesSince(db, since)
  const suppressions = suppressionsOf(rules, databaseKey(db))
  return { suppressions, clean: withoutSuppressed({ suppressions, pscs: pscRulesOf(db, rules) }, datasetColumns) }
}
