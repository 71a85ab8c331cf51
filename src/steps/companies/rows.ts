// The bytes of a register file to its rows. Everything that follows from the file alone is found out here, so that a thread
// can do it while another one stores what was read before.
import {
  findColumns,
  numberCell,
  type RegisterColumns,
  type RegisterCompany,
  rowReader,
} from '../../companies-house/register/company.ts'
import { isSlug } from '../../companies-house/register/prose.ts'
import {
  type CsvRecord,
  createRecordReader,
  type KnownRecords,
  type RecordBatch,
} from '../../companies-house/register/records.ts'
import { type RowMarker, rowMarker } from '../../db/companies/row-marks.ts'
import { ChpipeError } from '../../errors.ts'
import { createRowPacker, type FileTold, type OddCells, type PackedRows, type RowPacker } from './packed-rows.ts'

export interface KnownRows {
  has(mark: number): boolean
}

export interface RowsOptions {
  /** What the file is called in sentences. */
  name: string
  /** Its name within a zip that holds several. */
  partName: string | null
  /** The day that it is of; null where it is unknown. */
  asOf: string | null
  /** Rows that need not be read, by their marks, where there are any. */
  known: KnownRows | null
}

/** Reads one file. It throws `data` errors: for wrong columns, foreign text, and a file that breaks off. */
export interface RowsReader {
  /** The rows that these bytes complete. */
  read(bytes: Buffer): PackedRows
  /** What is left at the end of the file. */
  end(): PackedRows
}

/** SIC 2007 has 731 codes, SIC 2003 had 699; more than this are none. */
export const MOST_SIC_CODES = 5000

export function createRowsReader({ name, partName, asOf, known }: RowsOptions): RowsReader {
  const records = createRecordReader()
  const packer = createRowPacker()
  let file:
    | { columns: RegisterColumns; told: FileTold; pack(batch: RecordBatch, records: CsvRecord[]): void }
    | undefined
  const begin = (batch: RecordBatch, first: CsvRecord) => {
    refuseForeignText(batch, first, name)
    const columns = findColumns(first.cells, name)
    const header = batch.text(first)
    const marker = asOf === null ? null : rowMarker(asOf, header)
    records.keepOnly(columns.stored, knownRecords(columns, marker, known))
    const told = { header, unfilled: columns.unfilled, sicDescriptions: new Map(), prefixes: new Set<string>() }
    return { columns, told, pack: packing(packer, columns, { marker, partName, told }) }
  }
  const take = (batch: RecordBatch): PackedRows => {
    const found = batch.unterminated ? [...batch.records, batch.unterminated.record] : batch.records
    refuseCutShort(batch, file?.columns ?? null, name)
    const header = file ? undefined : found.shift()
    if (header) file = begin(batch, header)
    file?.pack(batch, found)
    const rows = packer.take(found.some((record) => record.known !== null) ? batch.page : '')
    return header && file ? { ...rows, told: file.told } : rows
  }
  return {
    read: (bytes) => take(records.read(bytes)),
    end() {
      const rows = take(records.end())
      if (!file) throw new ChpipeError('data', `The file has no header: ${name}`, { hint: TAKE_AS_IT_COMES })
      return { ...rows, told: file.told }
    },
  }
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

/** Tells the rows that are stored as they stand, by their marks; null where none can be. */
function knownRecords({ at }: RegisterColumns, marker: RowMarker | null, known: KnownRows | null): KnownRecords | null {
  if (!marker || !known) return null
  return {
    column: at.CompanyNumber,
    find(cell, row) {
      const mark = marker(numberCell(cell), row)
      return known.has(mark) ? mark : null
    },
  }
}

interface Packing {
  marker: RowMarker | null
  partName: string | null
  told: FileTold
}

/** A function that packs the records of a batch. */
function packing(
  packer: RowPacker,
  columns: RegisterColumns,
  { marker, partName, told }: Packing,
): (batch: RecordBatch, records: CsvRecord[]) => void {
  const { sicDescriptions, prefixes } = told
  const numberAt = columns.at.CompanyNumber
  let odd: OddCells['cells'] = []
  const companyOf = rowReader(columns, {
    onOddCell: (...cell) => odd.push(cell),
    onSic(code, description) {
      if (sicDescriptions.size < MOST_SIC_CODES) sicDescriptions.set(code, description)
    },
  })
  return (batch, records) => {
    for (const record of records) {
      const { known, line, from, to } = record
      if (known !== null) {
        prefixes.add(numberCell(record.cells[numberAt] ?? '').slice(0, 2))
        packer.known(known, from, to)
        continue
      }
      if (odd.length > 0) odd = []
      const company = record.fault ?? companyOf(record.cells)
      if (typeof company === 'string') {
        const reason = partName ? `${company} (in ${partName})` : company
        packer.reject({ line, reason, row: batch.text(record) })
        continue
      }
      prefixes.add(company.company_number.slice(0, 2))
      // What is told of a row beside its company must be told again each time that it is read.
      const isPlain = odd.length === 0 && isKnownProse(company)
      packer.company(company, marker && isPlain ? marker(company.company_number, batch.bytes(record)) : null, odd)
    }
  }
}

/** Whether status and type are words of the API. */
function isKnownProse({ company_status, type }: RegisterCompany): boolean {
  return (company_status === null || isSlug.company_status(company_status)) && (type === null || isSlug.type(type))
}
