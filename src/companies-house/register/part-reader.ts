// Reads one part of a register file from its bytes: its header first, then its rows, batch by batch.
import { ChpipeError } from '../../errors.ts'
import { findColumns, type RegisterColumns } from './company.ts'
import { type CsvRecord, createRecordReader, type RecordBatch } from './records.ts'
import { emptyBatch, type RowBatch } from './row-batch.ts'
import { type SharedReader, sharedReader } from './shared.ts'

export interface PartName {
  /** Of the file, for messages. */
  file: string
  /** Of the part, where a zip holds several. */
  part: string | null
}

/** Both throw a `data` error, naming line or offset, for a file with wrong columns and for one that breaks off. */
export interface PartReader {
  /** The rows that these bytes complete. */
  read(bytes: Buffer): RowBatch
  /** What is left at the end of the part. */
  end(): RowBatch
}

export function createPartReader({ file, part }: PartName): PartReader {
  const name = part ? `${part} in ${file}` : file
  let reader = createRecordReader()
  let columns: RegisterColumns | null = null
  let rows: SharedReader | null = null
  let begun: Buffer[] = []

  /** The header says how rows are cut, so those that came with it are cut again. */
  const begin = (records: RecordBatch, header: CsvRecord): RowBatch => {
    refuseForeignText(records, header, name)
    columns = findColumns(header.cells, name)
    rows = sharedReader(columns)
    reader = createRecordReader()
    reader.keepOnly(columns.stored, rows.stretches)
    const again = reader.read(Buffer.concat(begun))
    begun = []
    return { ...readRows(rows, part, again, again.records.slice(1)), unfilled: columns.unfilled }
  }
  const take = (records: RecordBatch): RowBatch => {
    const all = records.unterminated ? [...records.records, records.unterminated.record] : records.records
    refuseCutShort(records, columns, name)
    if (rows) return readRows(rows, part, records, all)
    return all[0] ? begin(records, all[0]) : emptyBatch()
  }
  return {
    read(bytes) {
      if (!rows) begun.push(bytes)
      return take(reader.read(bytes))
    },
    end() {
      const last = take(reader.end())
      if (!rows) throw new ChpipeError('data', `The file has no header: ${name}`, { hint: TAKE_AS_IT_COMES })
      return last
    },
  }
}

function readRows(
  { begin, add }: SharedReader,
  part: string | null,
  { text }: RecordBatch,
  records: CsvRecord[],
): RowBatch {
  const batch = emptyBatch()
  begin(batch)
  batch.rows = records.length
  for (const record of records) {
    const fault = record.fault ?? add(record.cells)
    if (fault === null) continue
    const reason = part ? `${fault} (in ${part})` : fault
    batch.rejects.push({ line: record.line, reason, row: text(record) })
  }
  return batch
}

const TAKE_AS_IT_COMES = 'use the file exactly as downloaded from https://download.companieshouse.gov.uk/en_output.html'

/** What spreadsheets and old systems make of a CSV: where its lines end with CR alone, the header swallows the rows. */
function refuseForeignText({ text, unterminated }: RecordBatch, header: CsvRecord, name: string): void {
  const line = text(header)
  const ends = unterminated?.record === header ? line : line.replace(/\r$/, '')
  const refuse = (what: string) => new ChpipeError('data', `${what}: ${name}`, { hint: TAKE_AS_IT_COMES })
  if (line.includes('\0') && line.replaceAll('\0', '').includes('CompanyNumber'))
    throw refuse('The file is UTF-16, not UTF-8')
  if (ends.includes('\r')) throw refuse('The lines of the file end with CR alone, not with LF or CRLF')
}

/** A row without a line end may be the last one, whole; with too few cells, or an open quote, the rest is missing. */
function refuseCutShort({ unterminated }: RecordBatch, columns: RegisterColumns | null, name: string): void {
  if (!unterminated) return
  const { record, openQuote } = unterminated
  if (!openQuote && (columns === null || record.cells.length >= columns.width)) return
  throw new ChpipeError(
    'data',
    `The file is cut short: it ends inside the row that begins on line ${record.line}: ${name}`,
    {
      hint: 'download it again; nothing was imported',
    },
  )
}
