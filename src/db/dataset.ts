// Reads the public tables for those who deliver them: one snapshot, in pages, in a stable order.
import { getTableColumns, type Table } from 'drizzle-orm'
import { type Db, schemaVersion } from './open.ts'
import { companies, domains, emails, officers } from './schema.ts'
import { storageError } from './storage-error.ts'

export type Cell = string | number | null
/** Cells in the order of `datasetColumns`; the first is the company number in every table. */
export type Row = Cell[]

export type DatasetTable = 'companies' | 'officers' | 'domains' | 'emails'

export interface Column {
  name: string
  /** What a cell means to whoever writes it out; `text` is everything that somebody typed in or may have. */
  kind: 'id' | 'number' | 'date' | 'text'
}

/** Which companies, with all that belongs to them. */
export interface Selection {
  /** Also those whose officers are not complete. */
  all: boolean
}

/** Some companies in the order of their numbers, with all their officers, domains and e-mails in key order. */
export type Page = Record<DatasetTable, Row[]>

export interface Dataset {
  /** The schema version of the database. */
  schemaVersion: number
  hasDomains: boolean
  hasEmails: boolean
  /** Every selected company once. Throws a `data` error when the database cannot be read. */
  pages(): Generator<Page>
  /** Ends the snapshot. */
  [Symbol.dispose](): void
}

const IDS = new Set(['company_number', 'appointment_id', 'officer_id', 'person_number'])
const DATE = /^date_of_(creation|cessation)$|_(on|at|before)$/

/** The public tables' columns in the order of the schema, which every export keeps. */
export const datasetColumns: Record<DatasetTable, Column[]> = {
  companies: columnsOf(companies),
  officers: columnsOf(officers),
  domains: columnsOf(domains),
  emails: columnsOf(emails),
}

const OFFICERS_COUNT = datasetColumns.companies.findIndex(({ name }) => name === 'officers_count')

/** A page ends with the company that brings it to this many companies or officers. Small pages are also the fastest. */
const COMPANIES_PER_PAGE = 60
const OFFICERS_PER_PAGE = 200

/**
 * Opens one consistent snapshot of the database for reading. It blocks no writer and sees none of what is written
 * meanwhile; the connection serves nothing else until the dataset is disposed.
 */
export function openDataset(db: Db, selection: Selection): Dataset {
  const client = db.$client
  const read = <T>(body: () => T): T => {
    try {
      return body()
    } catch (error) {
      throw storageError(error, client.name)
    }
  }
  const chosen = selection.all ? '1' : `companies.officers_state = 'complete'`
  const has = (table: DatasetTable) =>
    client
      .prepare(`SELECT EXISTS (SELECT 1 FROM ${table} JOIN companies USING (company_number) WHERE ${chosen})`)
      .pluck()
      .get() === 1
  // A deferred transaction takes its snapshot with the first read, which comes right here.
  return read(() => {
    client.exec('BEGIN')
    return {
      schemaVersion: schemaVersion(db),
      hasDomains: has('domains'),
      hasEmails: has('emails'),
      *pages() {
        const next = read(() => pageReader(db, selection, chosen))
        for (let page = read(next); page; page = read(next)) yield page
      },
      [Symbol.dispose]() {
        if (client.open && client.inTransaction) client.exec('ROLLBACK')
      },
    }
  })
}

/** A function that reads the next page at each call, and null behind the last. */
function pageReader(db: Db, { all }: Selection, chosen: string): () => Page | null {
  const prepare = (sql: string) => db.$client.prepare(sql).raw()
  const select = (table: DatasetTable) =>
    `SELECT ${datasetColumns[table].map(({ name }) => `"${name}"`).join(', ')} FROM ${table}`
  const some = prepare(
    `${select('companies')} WHERE ${chosen} AND company_number > ? ORDER BY company_number LIMIT ${COMPANIES_PER_PAGE}`,
  )
  const between = (table: DatasetTable, key: string) =>
    prepare(`${select(table)} WHERE company_number BETWEEN ? AND ? ORDER BY company_number, ${key}`)
  const members = {
    officers: between('officers', 'appointment_id'),
    domains: between('domains', 'domain'),
    emails: between('emails', 'appointment_id, email'),
  }
  let after = ''
  return () => {
    const rows = cutAtOfficers(some.all(after) as Row[])
    const last = rows.at(-1)
    if (!last) return null
    const first = String(rows[0]?.[0])
    after = String(last[0])
    const numbers = new Set(rows.map(([number]) => number))
    const belonging = (table: keyof typeof members) => {
      const found = members[table].all(first, after) as Row[]
      return all ? found : found.filter(([number]) => numbers.has(number ?? null))
    }
    return {
      companies: rows,
      officers: belonging('officers'),
      domains: belonging('domains'),
      emails: belonging('emails'),
    }
  }
}

function cutAtOfficers(rows: Row[]): Row[] {
  let officers = 0
  const end = rows.findIndex((row) => {
    officers += Number(row[OFFICERS_COUNT])
    return officers >= OFFICERS_PER_PAGE
  })
  return end === -1 ? rows : rows.slice(0, end + 1)
}

function columnsOf(table: Table): Column[] {
  return Object.values(getTableColumns(table)).map(({ name, dataType }) => ({ name, kind: kindOf(name, dataType) }))
}

function kindOf(name: string, dataType: string): Column['kind'] {
  if (IDS.has(name)) return 'id'
  if (dataType === 'number') return 'number'
  return DATE.test(name) ? 'date' : 'text'
}
