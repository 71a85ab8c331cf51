// Lines as PostgreSQL's COPY takes them. Lines of plain ASCII with sound dates and numbers, nearly all of them, pass as
// SQLite joined them; the others are taken apart, cleaned as the exports clean them, and written anew.
import { CELL_END, type Lines, NULL_CELL } from '../../db/dataset/lines.ts'
import { isDate, type PlainKind, type PublishedColumn } from './types.ts'

/** The options of COPY for these lines. */
export const COPY_FORMAT = `(FORMAT text, DELIMITER E'\\x1f', NULL E'\\x01', ENCODING 'UTF8')`

const [PLAIN, CELL, LINE, NULL, ODD] = [0, 1, 2, 3, 4]
const LINE_FEED = 10
const CELL_BYTE = CELL_END.charCodeAt(0)
const NULL_BYTE = NULL_CELL.charCodeAt(0)

/** What each byte means: odd are control characters, the backslash of COPY's escapes, and all that is not ASCII. */
const MARKS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === CELL_BYTE) return CELL
  if (byte === LINE_FEED) return LINE
  if (byte === NULL_BYTE) return NULL
  return byte < 0x20 || byte >= 0x7f || byte === 0x5c ? ODD : PLAIN
})

/**
 * Where the lines stand that must not pass as they are, as pairs of begin and end. Null when the lines do not add up to
 * `rows` rows of these columns: some cell holds a mark, and lines cannot be told apart.
 */
export function oddLines(text: Buffer, rows: number, kinds: readonly PlainKind[]): number[] | null {
  const odd: number[] = []
  const end = text.length
  let [line, cell, column, lines, isOdd] = [0, 0, 0, 0, false]
  for (let at = 0; at <= end; at += 1) {
    const mark = at === end ? LINE : MARKS[text[at] as number]
    if (mark === PLAIN) continue
    if (mark === CELL || mark === LINE) {
      if (!isOdd) isOdd = !passes(text, cell, at, kinds[column])
      column += 1
      cell = at + 1
      if (mark === CELL) continue
      if (column !== kinds.length) return null
      if (isOdd) odd.push(line, at)
      lines += 1
      line = cell
      column = 0
      isOdd = false
    } else if (mark === ODD || !isNullCell(text, cell, at)) {
      isOdd = true
    }
  }
  return lines === rows ? odd : null
}

function isNullCell(text: Buffer, cell: number, at: number): boolean {
  if (at !== cell) return false
  const next = text[at + 1]
  return next === undefined || next === CELL_BYTE || next === LINE_FEED
}

/** Whether the bytes of a cell are a value of its kind, or null. */
function passes(text: Buffer, from: number, to: number, kind: PlainKind | undefined): boolean {
  if (kind === 'text') return true
  if (to === from + 1 && text[from] === NULL_BYTE) return true
  switch (kind) {
    case 'day':
      return to === from + 10 && isPlainDay(text, from)
    case 'moment':
      return to === from + 24 && isPlainDay(text, from) && isPlainTime(text, from + 10)
    case 'small':
      return isPlainNumber(text, from, to, 4)
    case 'integer':
      return isPlainNumber(text, from, to, 9)
    case 'flag':
      return to === from + 1 && (text[from] === 0x30 || text[from] === 0x31)
    default:
      return false
  }
}

function isPlainNumber(text: Buffer, from: number, to: number, digits: number): boolean {
  return to > from && to - from <= digits && !Number.isNaN(numberAt(text, from, to))
}

/** The number that these bytes write; NaN when one is no digit. */
function numberAt(text: Buffer, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at += 1) {
    const digit = (text[at] as number) - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

function isPlainDay(text: Buffer, at: number): boolean {
  const dashes = text[at + 4] === 0x2d && text[at + 7] === 0x2d
  return dashes && isDate(numberAt(text, at, at + 4), numberAt(text, at + 5, at + 7), numberAt(text, at + 8, at + 10))
}

/** `T12:34:56.789Z` */
function isPlainTime(text: Buffer, at: number): boolean {
  const marks = text[at] === 0x54 && text[at + 3] === 0x3a && text[at + 6] === 0x3a && text[at + 9] === 0x2e
  const [hours, minutes, seconds, millis] = [
    numberAt(text, at + 1, at + 3),
    numberAt(text, at + 4, at + 6),
    numberAt(text, at + 7, at + 9),
    numberAt(text, at + 10, at + 13),
  ]
  return marks && text[at + 13] === 0x5a && hours < 24 && minutes < 60 && seconds < 60 && millis < 1000
}

/** The texts that the server takes for the cells of a row. */
export type Texts = (string | null)[]

/** What receives the rows of a piece: runs of lines that pass as they are, and the cells of all others. */
export interface LineSink {
  /** Whole lines; no line end stands behind the last one. */
  plain(lines: Buffer): void
  careful(texts: Texts): void
}

/** Hands every row of a piece to the sink. */
export function readPiece({ text, rows, cells }: Lines, columns: readonly PublishedColumn[], sink: LineSink): void {
  const odd =
    text &&
    oddLines(
      text,
      rows,
      columns.map(({ type }) => type.plain),
    )
  if (!text || !odd) {
    for (const row of cells()) sink.careful(columns.map(({ type }, index) => type.text(row[index] ?? null)))
    return
  }
  let from = 0
  for (let index = 0; index < odd.length; index += 2) {
    const [begin = 0, end = 0] = [odd[index], odd[index + 1]]
    if (begin > from) sink.plain(text.subarray(from, begin - 1))
    const row = text.toString('utf8', begin, end).split(CELL_END)
    sink.careful(columns.map(({ type }, at) => type.text(row[at] === NULL_CELL ? null : (row[at] ?? null))))
    from = end + 1
  }
  if (from < text.length || text.length === 0) sink.plain(text.subarray(from))
}

const ESCAPED: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A row as COPY takes it, without a line end. */
export function copyLine(texts: Texts): string {
  return texts
    .map((text) => (text === null ? NULL_CELL : text.replace(/[\\\n\r\t]/g, (character) => ESCAPED[character] ?? '')))
    .join(CELL_END)
}

/** A row as both sides write it for comparison. */
export function canonicalLine(texts: Texts): string {
  return texts.map((text) => text ?? NULL_CELL).join(CELL_END)
}

const LINE_END = Buffer.from('\n')

/** The bytes that COPY takes for a piece, in as few parts as need no copying. */
export function copyBytes(piece: Lines, columns: readonly PublishedColumn[]): Buffer[] {
  const parts: Buffer[] = []
  readPiece(piece, columns, {
    plain: (lines) => parts.push(lines, LINE_END),
    careful: (texts) => parts.push(Buffer.from(`${copyLine(texts)}\n`)),
  })
  return parts.length > 2 ? [Buffer.concat(parts)] : parts
}
