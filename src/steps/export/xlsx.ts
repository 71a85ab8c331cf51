// xlsx: one sheet after the other, each in a pass of its own over the pages, since the parts of a zip file follow one
// another.
import { type Cell, type Column, columnsOfTable } from '../../db/dataset.ts'
import { withoutControls, withoutHidden } from '../../text.ts'
import { defuse } from './csv.ts'
import type { Output } from './output.ts'
import { type Contents, isDay, rowsOf, type Shape, type Writing } from './shape.ts'
import { EXCEL_LIMITS, sheetSurvey } from './xlsx-limits.ts'
import { openWorkbook, type SheetColumn } from './xlsx-workbook.ts'

interface XlsxOptions {
  /** Leave formulas as they are. */
  raw: boolean
}

/** One file with a sheet per table. */
export function xlsxFile(contents: Contents, options: XlsxOptions): Shape[] {
  return [
    {
      name: 'companies.xlsx',
      survey: sheetSurvey(contents.tables, EXCEL_LIMITS),
      open: (output) => openXlsx(output, contents, options),
    },
  ]
}

function openXlsx(output: Output, { tables }: Contents, options: XlsxOptions): Writing {
  const workbook = openWorkbook(output)
  let rows = 0
  let begun = -1
  const begin = async (pass: number) => {
    const table = tables[pass]
    if (!table) return
    await workbook.beginSheet(table, columnsOfTable(table).map(sheetColumn))
    begun = pass
  }
  return {
    passes: tables.length,
    async add(page, pass) {
      while (begun < pass) await begin(begun + 1)
      const table = tables[pass]
      if (!table) return
      const cells = columnsOfTable(table).map((column) => cellOf(column, options))
      const found = rowsOf(page, table)
      await workbook.addRows(found.map((row) => row.map((cell, index) => cells[index]?.(cell) ?? null)))
      rows += found.length
    },
    async end() {
      while (begun < tables.length - 1) await begin(begun + 1)
      await workbook.finish()
      await output.write('', rows)
    },
    discard: () => workbook.discard(),
  }
}

function cellOf({ kind }: Column, { raw }: XlsxOptions): (cell: Cell) => Cell {
  if (kind === 'number') return (cell) => cell
  const clean = kind === 'text' ? withoutHidden : withoutControls
  const guard = kind === 'text' && !raw ? defuse : (text: string) => text
  return (cell) => (cell === null ? null : guard(clean(String(cell))))
}

function sheetColumn(column: Column): SheetColumn {
  const { name, kind } = column
  const width = name.endsWith('_name') || name === 'name' ? 36 : Math.max(12, name.length + 4)
  if (kind === 'number') return { name, width, kind }
  if (kind !== 'date') return { name, width, kind: 'text' }
  return isDay(column) ? { name, width, kind: 'day' } : { name, width: Math.max(20, width), kind: 'moment' }
}
