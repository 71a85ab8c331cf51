// CSV text of rows: RFC 4180, with free text made harmless for spreadsheets.
import { stringify } from 'csv-stringify/sync'
import type { Column, Row } from '../../db/dataset.ts'
import { withoutControls, withoutHidden } from '../../text.ts'

export const LINE_END = '\r\n'
export const BYTE_ORDER_MARK = '\uFEFF'

/** ASCII's own record separator. Cells cannot hold it: it is a control character, and those are replaced. */
const RECORD_SEPARATOR = '\u001e'

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

/**
 * A function that turns each row into one CSV line, without its line end (quoted cells may hold line ends of their own).
 * Control characters are replaced everywhere; `raw` leaves formulas as they are.
 */
export function csvLines(columns: Column[], { raw }: { raw: boolean }): (rows: Row[]) => string[] {
  const ids = columns.map(({ kind }) => kind === 'id')
  const options = {
    record_delimiter: RECORD_SEPARATOR,
    // Without this a delimiter of one's own switches off the quotes around cells with line ends.
    quote_record_delimiter: true,
    cast: {
      string(value: string, { index }: { index: number }) {
        const clean = ids[index] ? withoutControls(value) : withoutHidden(value)
        return raw || (ids[index] && PLAIN_ID.test(clean)) ? clean : defuse(clean)
      },
    },
  }
  return (rows) => stringify(rows, options).split(RECORD_SEPARATOR).slice(0, -1)
}
