// The columns of the public tables, as everybody who delivers them knows them.
import { type ColumnType, type DeliveredTable, dataDictionary, type TableEntry } from './dictionary.ts'

export type Cell = string | number | null
/** Cells in the order of `datasetColumns`; the first is the company number in every table. */
export type Row = Cell[]

export const datasetTables = ['companies', 'officers', 'domains', 'emails'] as const
export type DatasetTable = (typeof datasetTables)[number]

export interface Column {
  name: string
  /** What a cell means to whoever writes it out; `text` is everything that somebody typed in or may have. */
  kind: 'id' | 'number' | 'date' | 'text'
}

const KINDS: Record<ColumnType, Column['kind']> = {
  identifier: 'id',
  'whole number': 'number',
  'date (YYYY-MM-DD)': 'date',
  'timestamp (ISO 8601, UTC)': 'date',
  slug: 'text',
  text: 'text',
  'list of codes': 'text',
  'true or false': 'number',
  JSON: 'text',
}

/** The columns of whatever a delivery holds, in the order of the dictionary, which every export keeps. */
export function columnsOfTable(table: DeliveredTable): Column[] {
  return columnsOf(dataDictionary[table])
}

/** The columns that an entry of the dictionary lists. */
export function columnsOf({ columns }: TableEntry): Column[] {
  return Object.entries(columns).map(([name, { type }]) => ({ name, kind: KINDS[type] }))
}

/** The public tables' columns. */
export const datasetColumns: Record<DatasetTable, Column[]> = {
  companies: columnsOfTable('companies'),
  officers: columnsOfTable('officers'),
  domains: columnsOfTable('domains'),
  emails: columnsOfTable('emails'),
}

/**
 * What is gone. `key` names the row within its company: an `appointment_id`, a domain, an e-mail. Empty, it means all rows
 * of that company in that table, and for `companies` the company with all that is its own.
 */
export const deletionColumns: Column[] = columnsOfTable('deletions')

/**
 * For a WHERE clause over `emails`: an address of somebody who vanished from the company's list was paid for and stays
 * stored, but is not delivered.
 */
export const NOT_GONE = `AND NOT EXISTS (SELECT 1 FROM deletions WHERE deletions.kind = 'officer'
  AND deletions.company_number = emails.company_number AND deletions.key = emails.appointment_id)`
