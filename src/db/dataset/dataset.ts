// Reads the public tables for those who deliver them: one snapshot, in pages, in a stable order.
import { checkpointOf, type Since } from '../changes.ts'
import { type Db, schemaVersion } from '../open.ts'
import type { VerificationState } from '../standing.ts'
import { storageGuard } from '../storage-error.ts'
import { PSC_PERSON_COLUMNS, type PscRules, pscRules } from '../suppress/pscs.ts'
import { FACT_COLUMNS, loadSuppressions, type OfficerFacts, type Suppressions } from '../suppress/suppressions.ts'
import {
  type Cell,
  type Column,
  type DatasetTable,
  datasetColumns,
  datasetTables,
  NOT_GONE,
  type Page,
  type Row,
} from './columns.ts'
import { columnList } from './computed.ts'
import { createDelta, DELTA } from './delta.ts'
import type { DeliveredTable } from './dictionary.ts'
import { withStanding } from './standing.ts'

/** Which companies, with all that belongs to them. */
export interface DatasetSelection {
  /** Also those whose officers are not complete. */
  all: boolean
  /** The day of reading (`YYYY-MM-DD`): some columns follow from it. */
  today: string
  /** Only those of which anything changed since, whole; null for every company. */
  since?: Since | null
  /** The tables that are wanted, empty or not; null for companies, officers, and the others when there are any. */
  include?: readonly DatasetTable[] | null
  /** Only appointments whose identity verification stands so, with their companies; null for all. */
  verification?: readonly VerificationState[] | null
}

export interface Dataset {
  /** The schema version of the database. */
  schemaVersion: number
  /** Its place among all changes: a later delta counts from here and misses nothing. */
  checkpoint: string
  /** What the delivery holds, in this order. */
  tables: DeliveredTable[]
  /**
   * Every selected company once, but nothing that is suppressed; may be read several times. Throws a `data` error when
   * the database cannot be read.
   */
  pages(): Generator<Page>
  /** Ends the snapshot. */
  [Symbol.dispose](): void
}

const OFFICERS_COUNT = datasetColumns.companies.findIndex(({ name }) => name === 'officers_count')

/** A page ends with the company that brings it to this many companies or officers. Small pages are also the fastest. */
const COMPANIES_PER_PAGE = 60
const OFFICERS_PER_PAGE = 200
const DELETIONS_PER_PAGE = 1000

/**
 * Opens one consistent snapshot of the database for reading, without those who are suppressed at that moment. It blocks
 * no writer and sees none of what is written meanwhile; the connection serves nothing else until the dataset is disposed.
 */
export function openDataset(db: Db, selection: DatasetSelection): Dataset {
  const client = db.$client
  const read = storageGuard(client.name)
  // A deferred transaction takes its snapshot with the first read, which comes right here.
  return read(() => {
    client.exec('BEGIN')
    const suppressions = loadSuppressions(db)
    const deletions = selection.since ? createDelta(db, { ...selection, since: selection.since }) : null
    const { verification, today, all } = selection
    const visible = withoutSuppressed({ suppressions, pscs: pscRules(db) }, datasetColumns)
    const standing = verification ? withStanding({ verification, today }) : null
    const among = selection.since ? { noted: DELTA } : null
    const keep = standing ? (page: Page) => standing(visible(page)) : visible
    const reader = pageReader(db, { all, among, today }, keep)
    const tables = tablesOf(selection, reader)
    return {
      schemaVersion: schemaVersion(db),
      checkpoint: checkpointOf(db),
      tables,
      *pages() {
        let next = read(() => reader.after(''))
        for (; next; next = read(() => reader.after(next?.last ?? ''))) yield next.page
        if (deletions) yield* deletionPages(read(() => deletions(selection.include ?? datasetTables)))
      },
      [Symbol.dispose]() {
        if (client.open && client.inTransaction) client.exec('ROLLBACK')
      },
    }
  })
}

function tablesOf({ include, since }: DatasetSelection, reader: PageReader): DeliveredTable[] {
  const wanted = (table: DatasetTable) => {
    if (include) return include.includes(table)
    return table === 'companies' || table === 'officers' || reader.has(table)
  }
  return [...datasetTables.filter(wanted), ...(since ? ['deletions' as const] : [])]
}

function* deletionPages(rows: Row[]): Generator<Page> {
  for (let start = 0; start < rows.length; start += DELETIONS_PER_PAGE) {
    yield { ...emptyPage(), deletions: rows.slice(start, start + DELETIONS_PER_PAGE) }
  }
}

/** A page without any row. */
export function emptyPage(): Page {
  return { companies: [], officers: [], persons_with_significant_control: [], domains: [], emails: [] }
}

export interface PageReader {
  /** The page behind a company number, and the last number that it looked at; null behind the last company. */
  after(number: string): { page: Page; last: string } | null
  /** Whether any page has such a row. */
  has(table: 'persons_with_significant_control' | 'domains' | 'emails'): boolean
}

export interface PageSelection {
  all: boolean
  /** The table of the numbers of those that are wanted, of whom `where` may leave some out; null for every company. */
  among: { noted: string; where?: string } | null
  /** The day for what changes with the calendar, `YYYY-MM-DD`. */
  today: string
}

/** Reads the companies that are selected, page by page, with what belongs to them; `keep` takes out what is suppressed. */
export function pageReader(db: Db, { all, among, today }: PageSelection, keep: (page: Page) => Page): PageReader {
  const prepare = (sql: string) => db.$client.prepare(sql).raw()
  const complete = all ? '1' : `companies.officers_state = 'complete'`
  const chosen = among?.where ? `${complete} AND ${among.where}` : complete
  const select = (table: DatasetTable) => `SELECT ${columnList(table, today)} FROM ${table}`
  // Asked whether a company is among those noted, SQLite would look at each of them again for every page.
  const [walked, number] = among
    ? [`${among.noted} AS noted CROSS JOIN companies USING (company_number)`, 'noted.company_number']
    : ['companies', 'companies.company_number']
  const some = prepare(
    `SELECT ${columnList('companies', today)} FROM ${walked}
     WHERE ${chosen} AND ${number} > ? ORDER BY ${number} LIMIT ${COMPANIES_PER_PAGE}`,
  )
  const one = prepare(`${select('companies')} WHERE company_number = ?`)
  // A full export reads what lies between two numbers; the companies of a delta may lie far apart.
  const numbered = among ? 'IN (SELECT value FROM json_each(?))' : 'BETWEEN ? AND ?'
  const between = (table: DatasetTable, key: string, and = '') =>
    prepare(`${select(table)} WHERE company_number ${numbered} ${and} ORDER BY company_number, ${key}`)
  const members = {
    officers: between('officers', 'appointment_id'),
    persons_with_significant_control: between('persons_with_significant_control', 'psc_id'),
    domains: between('domains', 'domain'),
    emails: between('emails', 'appointment_id, email', NOT_GONE),
  }
  const pageOf = (companies: Row[]): Page => {
    const [first, last] = [companies[0]?.[0], companies.at(-1)?.[0]]
    const numbers = new Set(companies.map(([number]) => number))
    const bounds = among ? [JSON.stringify([...numbers])] : [first, last]
    const belonging = (table: keyof typeof members) => {
      const found = members[table].all(...bounds) as Row[]
      return all ? found : found.filter(([number]) => numbers.has(number ?? null))
    }
    return keep({
      companies,
      officers: belonging('officers'),
      persons_with_significant_control: belonging('persons_with_significant_control'),
      domains: belonging('domains'),
      emails: belonging('emails'),
    })
  }
  return {
    after(number) {
      const companies = cutAtOfficers(some.all(number) as Row[])
      const last = companies.at(-1)
      return last ? { page: pageOf(companies), last: String(last[0]) } : null
    },
    has(table) {
      const owns = `EXISTS (SELECT 1 FROM ${table} WHERE ${table}.company_number = ${number})`
      // Of an empty table no company needs to be asked.
      const owners = among
        ? `SELECT ${number} FROM ${walked} WHERE ${chosen} AND ${owns}`
        : `SELECT DISTINCT company_number FROM ${table} JOIN companies USING (company_number)
           WHERE ${chosen} AND EXISTS (SELECT 1 FROM ${table})`
      for (const [number] of prepare(owners).iterate() as IterableIterator<Row>) {
        if (pageOf(one.all(number) as Row[])[table].length > 0) return true
      }
      return false
    },
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

/** The rules that a page is read by. */
export interface PageRules {
  suppressions: Suppressions
  pscs: PscRules
}

/**
 * A function that leaves out of a page whatever is suppressed: companies with all that is theirs, officers with their
 * e-mails, persons with significant control, domains with their addresses, single addresses. `officers_count` counts the officers that stay. While any
 * person is suppressed, an e-mail whose officer is not stored is left out too: nobody can tell whose it is.
 */
export function withoutSuppressed(
  { suppressions, pscs }: PageRules,
  columns: Record<DatasetTable, Column[]>,
): (page: Page) => Page {
  if (suppressions.empty) return (page) => page
  const place = (table: DatasetTable, name: string) => columns[table].findIndex((column) => column.name === name)
  const facts = FACT_COLUMNS.map((name) => [name, place('officers', name)] as const)
  const factsOf = (row: Row) => Object.fromEntries(facts.map(([name, at]) => [name, row[at]])) as OfficerFacts
  const persons = PSC_PERSON_COLUMNS.map((name) => [name, place('persons_with_significant_control', name)] as const)
  const personOf = (row: Row) => ({
    company_number: String(row[0]),
    ...Object.fromEntries(persons.map(([name, at]) => [name, row[at]])),
  })
  const appointment = { officers: place('officers', 'appointment_id'), emails: place('emails', 'appointment_id') }
  const [count, domain, email] = [
    place('companies', 'officers_count'),
    place('domains', 'domain'),
    place('emails', 'email'),
  ]

  return (page) => {
    const ofKept = ([number]: Row) => !suppressions.company(String(number))
    const officers = page.officers.filter((row) => ofKept(row) && !suppressions.officer(factsOf(row)))
    const left = countByCompany(page.officers, officers)
    const known = new Set(officers.map((row) => keyOf(row, appointment.officers)))
    const gone = new Set(page.officers.map((row) => keyOf(row, appointment.officers)))
    const mayHave = (row: Row) => {
      const key = keyOf(row, appointment.emails)
      return known.has(key) || (!suppressions.people && !gone.has(key))
    }
    return {
      companies: page.companies
        .filter(ofKept)
        .map((row) => row.with(count, Number(row[count]) - (left.get(row[0] ?? null) ?? 0))),
      officers,
      persons_with_significant_control: page.persons_with_significant_control.filter(
        (row) => ofKept(row) && !pscs.means(personOf(row)),
      ),
      domains: page.domains.filter((row) => ofKept(row) && !suppressions.domain(String(row[domain]))),
      emails: page.emails.filter((row) => ofKept(row) && mayHave(row) && !suppressions.email(String(row[email]))),
    }
  }
}

/** How many rows of each company are in `all` and not in `kept`. */
function countByCompany(all: Row[], kept: Row[]): Map<Cell, number> {
  const counts = new Map<Cell, number>()
  for (const [number = null] of all) counts.set(number, (counts.get(number) ?? 0) + 1)
  for (const [number = null] of kept) counts.set(number, (counts.get(number) ?? 0) - 1)
  return counts
}

function keyOf(row: Row, appointment: number): string {
  return JSON.stringify([row[0], row[appointment]])
}
