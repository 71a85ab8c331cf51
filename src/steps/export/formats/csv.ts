// CSV text of rows: RFC 4180, with free text made harmless for spreadsheets.
import { stringify } from 'csv-stringify/sync'
import { type Column, columnsOfTable, type Row, truthOf } from '../../../db/dataset/columns.ts'
import { withoutControls, withoutHidden } from '../../../text.ts'
import { flatTable } from './flat.ts'
import {
  addAllowed,
  addByte,
  addPart,
  addText,
  printedExcept,
  type TextBytes,
  takeBytes,
  textBytes,
} from './text-bytes.ts'
import { type Contents, type Format, rowsOf, type TextFile, textShape } from './writer.ts'

export const LINE_END = '\r\n'
export const byteOrderMark = '\uFEFF'

/**
 * Characters that cannot be seen, or what stands for them, hide no formula. Some spreadsheets take the wide signs of East Asian keyboards for the narrow ones.
 */
const FORMULA_START = /^[\uFFFD\u200c\u200d]*[=+\-@\t\r\n＝＋－＠]/
const PLAIN_NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** Puts an apostrophe before text that a spreadsheet would run as a formula; plain numbers such as `-5` stay. */
export function defuse(text: string): string {
  return FORMULA_START.test(text) && !PLAIN_NUMBER.test(text) ? `'${text}` : text
}

/** Ids may begin with a hyphen, and only ids as they should be are no formulas then. */
const PLAIN_ID = /^-[\w-]*$/

/** The header of a table, without its line end. */
export function csvHeader(names: string[]): string {
  return names.join(',')
}

/** Characters that a cell holds as they are, unless it begins like a formula. */
const PLAIN = printedExcept('",')
const FORMULA_MARK = /^[=+\-@]/
const PRINTED = /^[ -~]*$/
const COMMA = 0x2c

/** A function that makes the cell of a column harmless, apart from the quotes of CSV: the same as `csvCells` has it. */
function harmless(columns: Column[], { raw }: { raw: boolean }): (text: string, index: number) => string {
  const ids = columns.map(({ kind }) => kind === 'id')
  return (text, index) => {
    const clean = PRINTED.test(text) ? text : ids[index] ? withoutControls(text) : withoutHidden(text)
    return raw || (ids[index] && PLAIN_ID.test(clean)) ? clean : defuse(clean)
  }
}

/**
 * A function that adds the cells of a row as CSV, without a line end (quoted cells may hold line ends of their own).
 * Control characters are replaced everywhere; `raw` leaves formulas as they are. Truth is `true` or `false`.
 */
function csvCells(columns: Column[], options: { raw: boolean }): (bytes: TextBytes, row: Row) => void {
  const truths = columns.map(({ kind }) => kind === 'truth')
  const careful = harmless(columns, options)
  return (bytes, row) => {
    for (let index = 0; index < row.length; index += 1) {
      if (index > 0) addByte(bytes, COMMA)
      const cell = row[index] ?? null
      if (cell === null) continue
      if (typeof cell === 'number') addText(bytes, String(truths[index] ? truthOf(cell) : cell))
      else if (FORMULA_MARK.test(cell) || !addAllowed(bytes, cell, PLAIN)) addText(bytes, quoted(careful(cell, index)))
    }
  }
}

/** ASCII's own record separator. Cells cannot hold it: it is a control character, and those are replaced. */
const RECORD_SEPARATOR = '\u001e'

/** A function that turns each row into one CSV line as `csvCells` does, for documents of a few rows. */
export function csvLines(columns: Column[], options: { raw: boolean }): (rows: Row[]) => string[] {
  const truths = columns.map(({ kind }) => kind === 'truth')
  const careful = harmless(columns, options)
  const settings = {
    record_delimiter: RECORD_SEPARATOR,
    // Without this a delimiter of one's own switches off the quotes around cells with line ends.
    quote_record_delimiter: true,
    cast: {
      number: (value: number, { index }: { index: number }) => String(truths[index] ? truthOf(value) : value),
      string: (value: string, { index }: { index: number }) => careful(value, index),
    },
  }
  return (rows) => stringify(rows, settings).split(RECORD_SEPARATOR).slice(0, -1)
}

/** A cell as RFC 4180 wants it. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

interface CsvOptions {
  bom: boolean
  raw: boolean
}

/** A file per table with the table's own columns. */
function csvTables({ tables }: Contents, options: CsvOptions): TextFile[] {
  return tables.map((table) => {
    const columns = columnsOfTable(table)
    const addCells = csvCells(columns, options)
    const bytes = textBytes()
    return {
      name: `${table}.csv`,
      opening: opening(columns, options),
      body(page) {
        const rows = rowsOf(page, table)
        for (const row of rows) {
          addCells(bytes, row)
          addText(bytes, LINE_END)
        }
        return { text: takeBytes(bytes), rows: rows.length }
      },
      closing: '',
    }
  })
}

/** The flat table. The cells of a company are put into CSV only once. */
function csvFlat(contents: Contents, options: CsvOptions): TextFile {
  const { left, right, companies } = flatTable(contents)
  const [addLeft, addRight] = [csvCells(left, options), csvCells(right, options)]
  const bytes = textBytes()
  return {
    name: 'companies.csv',
    opening: opening([...left, ...right], options),
    body(page) {
      let rows = 0
      for (const { left, rights } of companies(page)) {
        const from = bytes.end
        addLeft(bytes, left)
        const to = bytes.end
        rights.forEach((cells, index) => {
          if (index > 0) addPart(bytes, bytes.memory, { from, to })
          if (right.length > 0) addByte(bytes, COMMA)
          addRight(bytes, cells)
          addText(bytes, LINE_END)
        })
        rows += rights.length
      }
      return { text: takeBytes(bytes), rows }
    },
    closing: '',
  }
}

function opening(columns: Column[], { bom }: CsvOptions): string {
  return `${bom ? byteOrderMark : ''}${csvHeader(columns.map(({ name }) => name))}${LINE_END}`
}

const [LF, CR, QUOTE] = [0x0a, 0x0d, 0x22]

/** Records of RFC 4180 behind the header; a line end between quotes ends none, and the last needs none. */
export async function countCsv(bytes: AsyncIterable<Buffer>): Promise<number> {
  let records = 0
  let quoted = false
  let begun = false
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (byte === QUOTE) quoted = !quoted
      if (byte === LF && !quoted) {
        if (begun) records += 1
        begun = false
      } else if (byte !== CR) begun = true
    }
  }
  if (begun) records += 1
  return Math.max(0, records - 1)
}

export const csv: Format<'csv'> = {
  name: 'csv',
  isText: true,
  isPacked: false,
  container: null,
  isNested: false,
  takes: ['bom', 'raw'],
  open: (contents, options, folder) =>
    (folder ? csvTables(contents, options) : [csvFlat(contents, options)]).map((file) => textShape(file, options.gzip)),
  count: (file) => countCsv(file.bytes()),
}
