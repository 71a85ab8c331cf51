import { type Column, columnsOfTable, type DeliveredTable, type Page } from '../../db/dataset.ts'
import { ChpipeError } from '../../errors.ts'
import { formatNumber } from '../../text.ts'
import { rowsOf } from './shape.ts'

/** What Excel can open: rows include the header, and an apostrophe that defuses a formula takes a character. */
export interface SheetLimits {
  rows: number
  columns: number
  characters: number
}

/** "Excel specifications and limits" of Microsoft's support pages. */
export const EXCEL_LIMITS: SheetLimits = { rows: 1_048_576, columns: 16_384, characters: 32_767 }

const HINT = 'use --format csv, sqlite or parquet, or fewer tables (--include) or changes only (--since)'

/** A function that is shown every page and throws `data` as soon as a table does not fit into a sheet. */
export function sheetSurvey(tables: DeliveredTable[], limits: SheetLimits): (page: Page) => void {
  const counts = new Map<DeliveredTable, number>()
  const refuse = (table: string, what: string): never => {
    throw new ChpipeError('data', `Excel cannot hold ${table}: ${what}`, { hint: HINT })
  }
  return (page) => {
    for (const table of tables) {
      const columns = columnsOfTable(table)
      if (columns.length > limits.columns) refuse(table, `more than ${formatNumber(limits.columns)} columns`)
      const rows = rowsOf(page, table)
      const count = (counts.get(table) ?? 1) + rows.length
      counts.set(table, count)
      if (count > limits.rows) refuse(table, `more than ${formatNumber(limits.rows - 1)} rows`)
      for (const row of rows) {
        const at = row.findIndex((cell) => typeof cell === 'string' && cell.length >= limits.characters)
        if (at >= 0) refuse(table, overlong(columns[at], String(row[0]), limits))
      }
    }
  }
}

function overlong(column: Column | undefined, key: string, { characters }: SheetLimits): string {
  return `${column?.name} of ${key} has more than ${formatNumber(characters - 1)} characters`
}
