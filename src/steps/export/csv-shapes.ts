import { type Column, columnsOfTable } from '../../db/dataset.ts'
import { BYTE_ORDER_MARK, csvHeader, csvLines, LINE_END } from './csv.ts'
import { flatTable } from './flat.ts'
import { type Contents, rowsOf } from './shape.ts'
import type { TextFile } from './text-shape.ts'

interface CsvOptions {
  bom: boolean
  raw: boolean
}

/** A file per table with the table's own columns. */
export function csvTables({ tables }: Contents, options: CsvOptions): TextFile[] {
  return tables.map((table) => {
    const columns = columnsOfTable(table)
    const lines = csvLines(columns, options)
    return {
      name: `${table}.csv`,
      opening: opening(columns, options),
      body(page) {
        const rows = rowsOf(page, table)
        return { text: joined(lines(rows)), rows: rows.length }
      },
      closing: '',
    }
  })
}

/** The flat table. Every company is put into CSV only once. */
export function csvFlat(contents: Contents, options: CsvOptions): TextFile {
  const { left, right, companies } = flatTable(contents)
  const leftLines = csvLines(left, options)
  const rightLines = csvLines(right, options)
  return {
    name: 'companies.csv',
    opening: opening([...left, ...right], options),
    body(page) {
      const parts = companies(page)
      const lefts = leftLines(parts.map((part) => part.left))
      const each = parts.flatMap(({ rights }, index) => rights.map(() => lefts[index] ?? ''))
      if (right.length === 0) return { text: joined(each), rows: each.length }
      const rights = rightLines(parts.flatMap((part) => part.rights))
      return { text: joined(rights.map((line, index) => `${each[index]},${line}`)), rows: rights.length }
    },
    closing: '',
  }
}

function opening(columns: Column[], { bom }: CsvOptions): string {
  return `${bom ? BYTE_ORDER_MARK : ''}${csvHeader(columns.map(({ name }) => name))}${LINE_END}`
}

function joined(lines: string[]): string {
  return lines.length === 0 ? '' : lines.join(LINE_END) + LINE_END
}
