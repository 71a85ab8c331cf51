// The columns of the public tables, as everybody who delivers them knows them.
import { getTableColumns, type Table } from 'drizzle-orm'
import { companies, domains, emails, officers } from '../schema.ts'

export type Cell = string | number | null
/** Cells in the order of `datasetColumns`; the first is the company number in every table. */
export type Row = Cell[]

export const datasetTables = ['companies', 'officers', 'domains', 'emails'] as const
export type DatasetTable = (typeof datasetTables)[number]
/** What a delivery may hold: the public tables, and in a delta the list of what is gone. */
export type DeliveredTable = DatasetTable | 'deletions'

export interface Column {
  name: string
  /** What a cell means to whoever writes it out; `text` is everything that somebody typed in or may have. */
  kind: 'id' | 'number' | 'date' | 'text'
}

const IDS = new Set(['company_number', 'appointment_id', 'officer_id', 'person_number'])
/** Columns of public tables that are chpipe's own. */
const WORKING = new Set(['change_number'])
const DATE = /^date_of_(creation|cessation)$|_(on|at|before)$/

/** The public tables' columns in the order of the schema, which every export keeps. */
export const datasetColumns: Record<DatasetTable, Column[]> = {
  companies: columnsOf(companies),
  officers: columnsOf(officers),
  domains: columnsOf(domains),
  emails: columnsOf(emails),
}

/**
 * What is gone. `key` names the row within its company: an `appointment_id`, a domain, an e-mail. Empty, it means all rows
 * of that company in that table, and for `companies` the company with all that is its own.
 */
export const deletionColumns: Column[] = [
  { name: 'table', kind: 'id' },
  { name: 'company_number', kind: 'id' },
  { name: 'key', kind: 'id' },
  { name: 'deleted_at', kind: 'date' },
]

/** The columns of whatever a delivery holds. */
export function columnsOfTable(table: DeliveredTable): Column[] {
  return table === 'deletions' ? deletionColumns : datasetColumns[table]
}

function columnsOf(table: Table): Column[] {
  return Object.values(getTableColumns(table))
    .filter(({ name }) => !WORKING.has(name))
    .map(({ name, dataType }) => ({ name, kind: kindOf(name, dataType) }))
}

function kindOf(name: string, dataType: string): Column['kind'] {
  if (IDS.has(name)) return 'id'
  if (dataType === 'number') return 'number'
  return DATE.test(name) ? 'date' : 'text'
}

/**
 * For a WHERE clause over `emails`: an address of somebody who vanished from the company's list was paid for and stays
 * stored, but is not delivered.
 */
export const NOT_GONE = `AND NOT EXISTS (SELECT 1 FROM deletions WHERE deletions.kind = 'officer'
  AND deletions.company_number = emails.company_number AND deletions.key = emails.appointment_id)`
