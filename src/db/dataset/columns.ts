// The columns of the public tables, as everybody who delivers them knows them.
import { type ColumnType, type DeliveredTable, dataDictionary, type TableEntry } from './dictionary.ts'

export type Cell = string | number | null
/** Cells in the order of `datasetColumns`; the first is the company number in every table. */
export type Row = Cell[]

export const datasetTables = ['companies', 'officers', 'persons_with_significant_control', 'domains', 'emails'] as const
export type DatasetTable = (typeof datasetTables)[number]

export interface Column {
  name: string
  kind: CellKind
}

/**
 * What a cell means to whoever writes it out: `text` is everything that somebody typed in or may have, `truth` is 1 or 0,
 * `codes` are joined by commas, `json` is the text of a list or an object.
 */
export type CellKind = 'id' | 'number' | 'date' | 'text' | 'truth' | 'codes' | 'json'

const KINDS: Record<ColumnType, CellKind> = {
  identifier: 'id',
  'whole number': 'number',
  'date (YYYY-MM-DD)': 'date',
  'timestamp (ISO 8601, UTC)': 'date',
  slug: 'text',
  text: 'text',
  'list of codes': 'codes',
  'true or false': 'truth',
  JSON: 'json',
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
  persons_with_significant_control: columnsOfTable('persons_with_significant_control'),
  domains: columnsOfTable('domains'),
  emails: columnsOfTable('emails'),
}

/**
 * What is gone. `key` names the row within its company: an `appointment_id`, a domain, an e-mail. Empty, it means all rows
 * of that company in that table, and for `companies` the company with all that is its own.
 */
export const deletionColumns: Column[] = columnsOfTable('deletions')

/** A row as JSON holds it. */
export type Item = Record<string, unknown>

/** The cells of a row under the names of its columns: truth as a boolean, codes as a list, JSON as what it says. */
export function itemOfRow(columns: readonly Column[], row: Row): Item {
  const item: Item = {}
  columns.forEach(({ name, kind }, index) => {
    item[name] = valueOfCell(kind, row[index] ?? null)
  })
  return item
}

/** What a cell means; a list of codes is never null. */
export function valueOfCell(kind: CellKind, cell: Cell): unknown {
  if (kind === 'codes') return typeof cell === 'string' ? cell.split(',').filter(Boolean) : []
  if (kind === 'truth') return cell === null ? null : truthOf(cell)
  return kind === 'json' && typeof cell === 'string' ? parsedJson(cell) : cell
}

export function truthOf(cell: string | number): boolean {
  return Number(cell) !== 0
}

/** What the text of a cell says; the text itself where it is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/**
 * For a WHERE clause over `emails`: an address of somebody who vanished from the company's list was paid for and stays
 * stored, but is not delivered.
 */
export const NOT_GONE = `AND NOT EXISTS (SELECT 1 FROM deletions WHERE deletions.kind = 'officer'
  AND deletions.company_number = emails.company_number AND deletions.key = emails.appointment_id)`

/** Some companies in the order of their numbers, with all that is theirs in key order. */
export interface Page extends Record<DatasetTable, Row[]> {
  /** Only in a delta, on pages of their own behind all others; cells in the order of `deletionColumns`. */
  deletions?: Row[]
}
