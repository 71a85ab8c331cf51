// Cuts CSV bytes into records. It works on bytes, so that no character is ever cut, knows the physical line of every
// record, counts its cells, and goes on behind a broken one: the fast CSV parsers of npm do none of the last three.
import { isUtf8 } from 'node:buffer'
import { ChpipeError } from '../errors.ts'
import { highFrom, INCOMPLETE, OPEN_QUOTE, type Page, readCells } from './register-cells.ts'

export interface CsvRecord {
  /** The physical line on which it begins, from 1. */
  line: number
  cells: string[]
  /** Why its cells cannot be trusted. */
  fault: string | null
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
}

export interface RecordReader {
  /** The records that these bytes complete. */
  read(bytes: Buffer): RecordBatch
  /** What is left at the end of the input. */
  end(): RecordBatch
  /** From the next call on only these cells are read; the others are counted and left empty. */
  keepOnly(columns: number[]): void
}

const LF = 0x0a
const CR = 0x0d
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])
const NOTHING = Buffer.alloc(0)

/** A longer record is none: a quote was never closed, or this is no CSV. */
const LONGEST_RECORD = 1024 * 1024

/**
 * Reads RFC 4180 records: LF or CRLF, cells quoted or not, blank lines skipped, a byte order mark tolerated. A record
 * whose quotes are wrong ends with its first line, so that it costs no other. Throws a `data` error for a line above 1 MB.
 */
export function createRecordReader(): RecordReader {
  let rest: Buffer = NOTHING
  let line = 1
  let kept: Uint8Array | null = null
  let begun = false

  const read = (fresh: Buffer, last: boolean): RecordBatch => {
    let bytes = rest.length === 0 ? fresh : Buffer.concat([rest, fresh])
    if (!begun && !last && bytes.length < BYTE_ORDER_MARK.length) {
      rest = bytes
      return { records: [], unterminated: null, text: () => '' }
    }
    if (!begun && bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) bytes = bytes.subarray(3)
    begun = true
    const text = bytes.toString('latin1')
    const cut = cutPage({ bytes, text, high: highFrom(text, 0), kept, last }, line)
    line = cut.nextLine
    rest = cut.end < bytes.length ? Buffer.from(bytes.subarray(cut.end)) : NOTHING
    return { ...cut, text: ({ from, to }) => bytes.toString('utf8', from, to) }
  }

  return {
    read: (bytes) => read(bytes, false),
    end: () => read(NOTHING, true),
    keepOnly(columns) {
      kept = new Uint8Array(Math.max(...columns) + 1)
      for (const column of columns) kept[column] = 1
    },
  }
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
  const utf8 = page.high === bytes.length || isUtf8(bytes)
  const records: CsvRecord[] = []
  let line = firstLine
  let from = 0
  while (from < bytes.length) {
    const cells: string[] = []
    let to = readCells(page, from, cells)
    if (to === OPEN_QUOTE) {
      const record = { line, cells, fault: null, from, to: bytes.length }
      return { records, unterminated: { record, openQuote: true }, end: bytes.length, nextLine: line }
    }
    let fault: string | null = null
    if (to < 0) {
      if (to === INCOMPLETE && bytes.length - from <= LONGEST_RECORD) break
      fault = 'its quotes do not match'
      to = firstLineEnd(page, from, line)
      if (to === INCOMPLETE) break
    }
    if (!utf8 && !isUtf8(bytes.subarray(from, to))) fault ??= 'it is not valid UTF-8'
    const blank = to === from || (to === from + 1 && bytes[from] === CR)
    const record = { line, cells, fault, from, to }
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
