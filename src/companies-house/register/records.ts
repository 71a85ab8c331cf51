// Cuts CSV bytes into records. It works on bytes, so that no character is ever cut, knows the physical line of every
// record, counts its cells, and goes on behind a broken one: the fast CSV parsers of npm do none of the last three.
import { isUtf8 } from 'node:buffer'
import { ChpipeError } from '../../errors.ts'

export interface CsvRecord {
  /** The physical line on which it begins, from 1. */
  line: number
  cells: string[]
  /** Why its cells cannot be trusted. */
  fault: string | null
  /** By what its text is known: then only the cell is read by which that was told. Null for one that is not. */
  known: number | null
  /** Where it lies in its batch, in bytes and without its line end. */
  from: number
  to: number
}

export interface RecordBatch {
  records: CsvRecord[]
  /** The last record of the input when no line end follows it: it may be whole, or show that the input was cut short. */
  unterminated: { record: CsvRecord; openQuote: boolean } | null
  /** A record of this batch as it stands in the input. */
  text(record: CsvRecord): string
  /** The same as bytes, for as long as the batch is at hand. */
  bytes(record: CsvRecord): Buffer
  /** All its bytes, as Latin-1. */
  page: string
}

/** Records whose cells need not be read. */
export interface KnownRecords {
  /** The column of the cell that `find` takes. */
  column: number
  find(cell: string, record: Buffer): number | null
}

export interface RecordReader {
  /** The records that these bytes complete. */
  read(bytes: Buffer): RecordBatch
  /** What is left at the end of the input. */
  end(): RecordBatch
  /** From the next call on only these cells are read; the others are counted and left empty. */
  keepOnly(columns: number[], known?: KnownRecords | null): void
}

const LF = 0x0a
const CR = 0x0d
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])
const NOTHING = Buffer.alloc(0)

/** Longer records are rejected: a quote was never closed, or this is not CSV. */
const LONGEST_RECORD = 1024 * 1024

/**
 * Reads RFC 4180 records: LF or CRLF, cells quoted or not, blank lines skipped, a byte order mark tolerated. A record
 * whose quotes are wrong ends with its first line, so that it costs no other. Throws a `data` error for a line above 1 MB.
 */
export function createRecordReader(): RecordReader {
  let rest: Buffer = NOTHING
  let line = 1
  let kept: Uint8Array | null = null
  let known: KnownRecords | null = null
  let begun = false

  const read = (fresh: Buffer, last: boolean): RecordBatch => {
    let bytes = rest.length === 0 ? fresh : Buffer.concat([rest, fresh])
    if (!begun && !last && bytes.length < BYTE_ORDER_MARK.length) {
      rest = bytes
      return { records: [], unterminated: null, text: () => '', bytes: () => NOTHING, page: '' }
    }
    if (!begun && bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) bytes = bytes.subarray(3)
    begun = true
    const text = bytes.toString('latin1')
    const page = { bytes, text, high: NONE, kept, known, last }
    const cut = cutPage(page, line)
    line = cut.nextLine
    rest = cut.end < bytes.length ? Buffer.from(bytes.subarray(cut.end)) : NOTHING
    return {
      ...cut,
      text: ({ from, to }) => bytes.toString('utf8', from, to),
      bytes: ({ from, to }) => bytes.subarray(from, to),
      page: text,
    }
  }

  return {
    read: (bytes) => read(bytes, false),
    end: () => read(NOTHING, true),
    keepOnly(columns, records = null) {
      kept = marked(columns)
      known = records
    },
  }
}

/** 1 at each of these columns. */
function marked(columns: number[]): Uint8Array {
  const marks = new Uint8Array(Math.max(...columns) + 1)
  for (const column of columns) marks[column] = 1
  return marks
}

interface Cut {
  records: CsvRecord[]
  unterminated: RecordBatch['unterminated']
  /** Where the page is cut off; what follows belongs to the next one. */
  end: number
  nextLine: number
}

function cutPage(page: Page, firstLine: number): Cut {
  const { bytes, text, last } = page
  const utf8 = isUtf8(bytes)
  const records: CsvRecord[] = []
  let line = firstLine
  let from = 0
  while (from < bytes.length) {
    const { cells, known, end } = readRecord(page, from)
    let to = end
    if (to === OPEN_QUOTE) {
      const record = { line, cells, fault: null, known, from, to: bytes.length }
      return { records, unterminated: { record, openQuote: true }, end: bytes.length, nextLine: line }
    }
    let fault: string | null = null
    if (to < 0) {
      if (to === INCOMPLETE && bytes.length - from <= LONGEST_RECORD) break
      fault = 'its quotes do not match'
      to = firstLineEnd(page, from, line)
      if (to === INCOMPLETE) break
      // A cell without its end was read far into the rows behind.
      page.high = highFrom(page.text, to)
    }
    if (!utf8 && !isUtf8(bytes.subarray(from, to))) fault ??= 'it is not valid UTF-8'
    const blank = to === from || (to === from + 1 && bytes[from] === CR)
    const record = { line, cells, fault, known, from, to }
    if (last && to === bytes.length && !blank) {
      return { records, unterminated: { record, openQuote: false }, end: to, nextLine: line }
    }
    if (!blank) records.push(record)
    line += linesWithin(text, from, to)
    from = to + 1
  }
  return { records, unterminated: null, end: Math.min(from, bytes.length), nextLine: line }
}

/** Where the first physical line at `from` ends; `INCOMPLETE` when its end is still to come. */
function firstLineEnd({ bytes, last }: Page, from: number, line: number): number {
  const at = bytes.indexOf(LF, from)
  if (at !== -1) return at
  if (last) return bytes.length
  if (bytes.length - from <= LONGEST_RECORD) return INCOMPLETE
  throw new ChpipeError('data', `Line ${line} is longer than ${LONGEST_RECORD} bytes: this is not a register file`, {
    hint: 'download BasicCompanyData from https://download.companieshouse.gov.uk/en_output.html',
  })
}

function linesWithin(text: string, from: number, to: number): number {
  let lines = 1
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) lines += 1
  return lines
}

const QUOTE = 0x22
const COMMA = 0x2c
/** Past the last byte. */
const NONE = -1
const HIGH = /[\x80-\xff]/g

/** A piece of input: its bytes, and the same as Latin-1 text, whose indices are theirs. */
interface Page {
  bytes: Buffer
  text: string
  /** The first byte above 0x7f that the reading has not yet passed; the number of bytes when there is none. */
  high: number
  /** 1 at the columns whose text is wanted; null for all. */
  kept: Uint8Array | null
  known: KnownRecords | null
  /** Nothing follows. */
  last: boolean
}

/** The page ends before the record does. */
const INCOMPLETE = -1
/** A quoted cell is followed by something other than a comma or a line end. */
const MALFORMED = -2
/** The input ends inside a quoted cell. */
const OPEN_QUOTE = -3

/** Reads the record at `start`; of one that is known only the cell that tells it. */
function readRecord(page: Page, start: number): Pick<CsvRecord, 'cells' | 'known'> & { end: number } {
  const found = page.known && readKnown(page, page.known, start)
  if (found) return found
  const cells: string[] = []
  return { cells, known: null, end: readCells(page, start, cells, page.kept) }
}

/**
 * Takes the line at `start` for a record, and null when no such one is known: the bytes of one that is known have been a whole
 * record before a line end, and so they are again.
 */
function readKnown(page: Page, { column, find }: KnownRecords, start: number) {
  const end = page.bytes.indexOf(LF, start)
  if (end === -1) return null
  const cell = rawCell(page, start, column)
  const known = cell === null ? null : find(cell, page.bytes.subarray(start, end))
  if (known === null) return null
  const cells: string[] = []
  cells[column] = cell as string
  return { cells, known, end }
}

/** A cell as it stands in the page, null where the page ends before it does. */
function rawCell(page: Page, start: number, column: number): string | null {
  const { bytes, text } = page
  for (let [at, place] = [start, 0]; ; place += 1) {
    const quoted = byteAt(bytes, at) === QUOTE
    const from = quoted ? at + 1 : at
    const to = quoted ? closingQuote(page, from) : unquotedEnd(bytes, from)
    if (to >= bytes.length) return null
    if (place === column) return text.slice(from, to)
    at = (quoted ? to + 1 : to) + 1
  }
}

/** Appends the cells of the record at `start` to `cells`, as text those that are `kept`. Returns where its line end is, or one of the codes above. */
function readCells(page: Page, start: number, cells: string[], kept: Uint8Array | null): number {
  const { bytes, last } = page
  const size = bytes.length
  for (let at = start; ; at += 1) {
    const quoted = byteAt(bytes, at) === QUOTE
    // Most cells of the file are `"",`.
    if (quoted && byteAt(bytes, at + 1) === QUOTE && byteAt(bytes, at + 2) === COMMA) {
      cells[cells.length] = ''
      at += 2
      continue
    }
    const from = quoted ? at + 1 : at
    let to = quoted ? closingQuote(page, from) : unquotedEnd(bytes, from)
    if (quoted && to >= size) return last ? OPEN_QUOTE : INCOMPLETE
    at = quoted ? to + 1 : to
    if (at >= size && !last) return INCOMPLETE
    let next = byteAt(bytes, at)
    if (quoted && next === CR) {
      at += 1
      if (at >= size && !last) return INCOMPLETE
      next = byteAt(bytes, at)
      if (next !== LF && next !== NONE) return MALFORMED
    }
    if (!quoted && next !== COMMA && to > from && bytes[to - 1] === CR) to -= 1
    const wanted = to > from && (kept === null || (cells.length < kept.length && kept[cells.length] === 1))
    cells[cells.length] = wanted ? cellText(page, from, to, quoted) : ''
    if (next === COMMA) continue
    return next === LF || next === NONE ? at : MALFORMED
  }
}

/** Reading past the end would make V8 read every byte the slow way from then on. */
function byteAt(bytes: Buffer, at: number): number {
  return at < bytes.length ? (bytes[at] ?? NONE) : NONE
}

/** The next quote that is not one of a pair; the number of bytes when there is none. */
function closingQuote({ bytes, text }: Page, from: number): number {
  for (let at = from; ; at += 2) {
    at = byteAt(bytes, at) === QUOTE ? at : text.indexOf('"', at)
    if (at === -1) return bytes.length
    if (byteAt(bytes, at + 1) !== QUOTE) return at
  }
}

function unquotedEnd(bytes: Buffer, from: number): number {
  const size = bytes.length
  let at = from
  while (at < size && bytes[at] !== COMMA && bytes[at] !== LF) at += 1
  return at
}

function cellText(page: Page, from: number, to: number, quoted: boolean): string {
  const { bytes, text } = page
  if (page.high < from) page.high = highFrom(text, from)
  const cell = page.high >= to ? text.slice(from, to) : bytes.toString('utf8', from, to)
  return quoted && cell.includes('"') ? cell.replaceAll('""', '"') : cell
}

/** The first byte above 0x7f at or behind `from`; the number of bytes when there is none. */
function highFrom(text: string, from: number): number {
  HIGH.lastIndex = from
  return HIGH.exec(text)?.index ?? text.length
}
