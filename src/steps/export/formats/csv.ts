// CSV text of rows: RFC 4180, with free text made harmless for spreadsheets.
import { type Column, columnsOfTable, type Row, truthOf } from '../../../db/dataset/columns.ts'
import { withoutControls, withoutHidden } from '../../../text.ts'
import { flatTable } from './flat.ts'
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

/** Text that needs neither quotes nor any care: nearly all of it, so that one look at it is what a cell costs. */
const SPECIAL = /[^ !#-+\--~]|^[=+\-@]/

const PRINTED = /^[ -~]*$/

/**
 * A function that turns each row into one CSV line, without its line end (quoted cells may hold line ends of their own).
 * Control characters are replaced everywhere; `raw` leaves formulas as they are. Truth is `true` or `false`.
 */
export function csvLines(columns: Column[], { raw }: { raw: boolean }): (rows: Row[]) => string[] {
  const ids = columns.map(({ kind }) => kind === 'id')
  const truths = columns.map(({ kind }) => kind === 'truth')
  const careful = (text: string, index: number) => {
    const clean = PRINTED.test(text) ? text : ids[index] ? withoutControls(text) : withoutHidden(text)
    return quoted(raw || (ids[index] && PLAIN_ID.test(clean)) ? clean : defuse(clean))
  }
  return (rows) =>
    rows.map((row) => {
      const cells = row.slice()
      for (let index = 0; index < cells.length; index += 1) {
        const cell = cells[index] ?? null
        if (typeof cell === 'string') {
          if (SPECIAL.test(cell)) cells[index] = careful(cell, index)
        } else if (truths[index] && cell !== null) cells[index] = String(truthOf(cell))
      }
      return cells.join(',')
    })
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
function csvFlat(contents: Contents, options: CsvOptions): TextFile {
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
  return `${bom ? byteOrderMark : ''}${csvHeader(columns.map(({ name }) => name))}${LINE_END}`
}

function joined(lines: string[]): string {
  return lines.length === 0 ? '' : lines.join(LINE_END) + LINE_END
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
