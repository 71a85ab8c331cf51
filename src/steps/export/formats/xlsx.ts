// xlsx: one sheet after the other, each in a pass of its own over the pages, since the parts of a zip file follow one
// another.

import type { Page } from '../../../db/dataset/columns.ts'
import { type Cell, type Column, columnsOfTable } from '../../../db/dataset/columns.ts'
import type { DeliveredTable } from '../../../db/dataset/dictionary.ts'
import { ChpipeError } from '../../../errors.ts'
import { formatNumber, withoutControls, withoutHidden } from '../../../text.ts'
import { defuse } from './csv.ts'
import type { Output } from './output.ts'
import type { SheetColumn } from './workbook.ts'
import { bounded, type Contents, type Format, isDay, rowsOf, type Writer, type Writing } from './writer.ts'

interface XlsxOptions {
  /** Leave formulas as they are. */
  raw: boolean
}

/** One file with a sheet per table. */
function xlsxFile(contents: Contents, options: XlsxOptions): Writer[] {
  return [
    {
      name: 'companies.xlsx',
      plan: planSheets(contents.tables, EXCEL_LIMITS),
      open: (output) => openXlsx(output, contents, options),
    },
  ]
}

async function openXlsx(output: Output, { tables }: Contents, options: XlsxOptions): Promise<Writing> {
  const { openWorkbook } = await import('./workbook.ts')
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
  if (kind === 'number' || kind === 'truth') return (cell) => cell
  const isFree = kind !== 'id' && kind !== 'date'
  const clean = isFree ? withoutHidden : withoutControls
  const guard = isFree && !raw ? defuse : (text: string) => text
  return (cell) => (cell === null ? null : guard(clean(String(cell))))
}

function sheetColumn(column: Column): SheetColumn {
  const { name, kind } = column
  const width = name.endsWith('_name') || name === 'name' ? 36 : Math.max(12, name.length + 4)
  if (kind === 'number' || kind === 'truth') return { name, width, kind }
  if (kind !== 'date') return { name, width, kind: 'text' }
  return isDay(column) ? { name, width, kind: 'day' } : { name, width: Math.max(20, width), kind: 'moment' }
}

/** What Excel can open: rows include the header, and an apostrophe that defuses a formula takes a character. */
export interface SheetLimits {
  rows: number
  columns: number
  characters: number
}

/** "Excel specifications and limits" of Microsoft's support pages. */
const EXCEL_LIMITS: SheetLimits = { rows: 1_048_576, columns: 16_384, characters: 32_767 }

const HINT = 'use --format csv, sqlite or parquet, or fewer tables (--include) or changes only (--since)'

/** A function that is shown every page and throws `data` as soon as a table does not fit into a sheet. */
export function planSheets(tables: DeliveredTable[], limits: SheetLimits): (page: Page) => void {
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

/** Rows of all sheets but their headers. */
async function countSheets(path: string): Promise<number> {
  const { openPromise } = await import('yauzl')
  const zip = await openPromise(path, { autoClose: false })
  let rows = 0
  try {
    for await (const entry of zip.eachEntry()) {
      if (!/^xl\/worksheets\/sheet\d+\.xml$/.test(entry.fileName)) continue
      const chunks = bounded(await zip.openReadStreamPromise(entry), entry.compressedSize)
      rows += Math.max(0, (await countTags(chunks)) - 1)
    }
  } finally {
    zip.close()
  }
  return rows
}

/** `<row>` tags in XML; cells hold `<` only as an entity, so the letters stand for nothing else. */
async function countTags(chunks: AsyncIterable<Buffer>): Promise<number> {
  let tags = 0
  let rest = ''
  for await (const chunk of chunks) {
    const text = rest + chunk.toString('latin1')
    tags += text.match(/<row[\s>/]/g)?.length ?? 0
    rest = text.slice(-4)
  }
  return tags
}

export const xlsx: Format<'xlsx'> = {
  name: 'xlsx',
  isText: false,
  isPacked: true,
  container: 'sheets',
  isNested: false,
  takes: ['raw'],
  open: xlsxFile,
  count: (file) => file.withPath(countSheets),
}
