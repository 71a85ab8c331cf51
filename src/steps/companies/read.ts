// Reads the register file once, from end to end, into the staging. Nothing reaches the database's own tables from here.

import type { RegisterPart } from '../../companies-house/register/bytes.ts'
import { findColumns, numberCell, type RegisterColumns, rowReader } from '../../companies-house/register/company.ts'
import { isSlug } from '../../companies-house/register/prose.ts'
import {
  type CsvRecord,
  createRecordReader,
  type KnownRecords,
  type RecordBatch,
} from '../../companies-house/register/records.ts'
import type { RegisterSource } from '../../companies-house/register/source.ts'
import type { SearchedFacts } from '../../db/companies/companies.ts'
import { type FileRows, type RowMarker, rowMarker } from '../../db/companies/file-rows.ts'
import type { FiledCompany } from '../../db/companies/staged-row.ts'
import type { CompanyStaging, Reject } from '../../db/companies/staging.ts'
import type { CompanyFacts } from '../../db/companies/told.ts'
import { ChpipeError } from '../../errors.ts'
import { postcodeTest } from '../../postcode.ts'

export interface ReadOptions {
  /** Whether a company is taken that is not stored yet. */
  accepts(company: CompanyFacts): boolean
  /** New companies past it count as filtered out. They are still checked: a file that ends badly is refused whole. */
  limit: number
  /** What is stored already is taken whatever it has become. */
  isKnown(companyNumber: string): boolean
  /** The day that the file is of; null where it is unknown. */
  asOf: string | null
  /** Rows that are stored as they stand. */
  fileRows: FileRows | null
  onProgress(rows: number): void
}

export interface ReadTotals {
  rows: number
  staged: number
  /** Companies that are stored as their row tells them. */
  unchanged: number
  /** Rows that are stored as they stand, and that another row of the company follows. */
  repeated: number
  /** Those of the staged ones that had not been known. */
  taken: number
  filteredOut: number
  rejected: number
  firstReject: Reject | null
  unknownProse: UnknownProse
  /** Columns of `companies` that the file says nothing about. */
  unfilled: Set<string>
  /** Cells of staged rows that cannot be right and are left out, by the file's column. */
  oddCells: Record<string, number>
  /** The first of them. */
  firstOddCells: OddCell[]
  /** What the file calls each SIC code. */
  sicDescriptions: Map<string, string>
  /** The first two characters of the company numbers that the file lists: those it lacks are not in this kind of file. */
  prefixes: Set<string>
}

/** Wordings that are none of the API's slugs, each with the number of rows that were staged with it. */
export interface UnknownProse {
  company_status: Record<string, number>
  type: Record<string, number>
}

export interface OddCell {
  companyNumber: string
  column: string
  cell: string
}

/** So many are kept as they stand; the others are only counted. */
const MOST_ODD_CELLS = 1000
const MOST_CELL = 200

/** SIC 2007 has 731 codes, SIC 2003 had 699; more than this are none. */
const MOST_SIC_CODES = 5000

/** More different wordings than this are no vocabulary; they are not distinguished. */
const MOST_WORDINGS = 100

/**
 * Stages every acceptable company and every bad row. Throws a `data` error, naming line or offset, for a file with wrong
 * columns and for one that breaks off.
 */
export async function readRegister(
  source: RegisterSource,
  staging: CompanyStaging,
  options: ReadOptions,
): Promise<ReadTotals> {
  const totals: ReadTotals = {
    rows: 0,
    staged: 0,
    unchanged: 0,
    repeated: 0,
    taken: 0,
    filteredOut: 0,
    rejected: 0,
    firstReject: null,
    unknownProse: { company_status: {}, type: {} },
    unfilled: new Set(),
    oddCells: {},
    firstOddCells: [],
    sicDescriptions: new Map(),
    prefixes: new Set(),
  }
  for (const part of source.parts) await readPart(part, source.name, staging, totals, options)
  return totals
}

async function readPart(
  part: RegisterPart,
  sourceName: string,
  staging: CompanyStaging,
  totals: ReadTotals,
  options: ReadOptions,
): Promise<void> {
  const name = part.name ? `${part.name} in ${sourceName}` : sourceName
  const reader = createRecordReader()
  let columns: RegisterColumns | null = null
  let store: ((batch: RecordBatch, records: CsvRecord[]) => void) | null = null
  const take = (batch: RecordBatch) => {
    const records = batch.unterminated ? [...batch.records, batch.unterminated.record] : batch.records
    refuseCutShort(batch, columns, name)
    if (records[0] && !store) {
      refuseForeignText(batch, records[0], name)
      columns = findColumns(records[0].cells, name)
      const marker = options.asOf === null ? null : rowMarker(options.asOf, batch.text(records[0]))
      reader.keepOnly(columns.stored, knownRecords(columns, marker, options.fileRows))
      for (const column of columns.unfilled) totals.unfilled.add(column)
      store = storing(columns, { marker, partName: part.name, staging, totals }, options)
      store(batch, records.slice(1))
    } else {
      store?.(batch, records)
    }
    options.onProgress(totals.rows)
  }
  for await (const chunk of part.chunks()) take(reader.read(chunk))
  take(reader.end())
  if (!store) throw new ChpipeError('data', `The file has no header: ${name}`, { hint: TAKE_AS_IT_COMES })
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
function knownRecords(
  { at }: RegisterColumns,
  marker: RowMarker | null,
  fileRows: FileRows | null,
): KnownRecords | null {
  if (!marker || !fileRows) return null
  return {
    column: at.CompanyNumber,
    find(cell, row) {
      const mark = marker(numberCell(cell), row)
      return fileRows.has(mark) ? mark : null
    },
  }
}

interface Storing {
  marker: RowMarker | null
  partName: string | null
  staging: CompanyStaging
  totals: ReadTotals
}

/** A function that stages the records of a batch: companies here, bad rows there. */
function storing(
  columns: RegisterColumns,
  { marker, partName, staging, totals }: Storing,
  { accepts, limit, isKnown, fileRows }: ReadOptions,
): (batch: RecordBatch, records: CsvRecord[]) => void {
  const odd: [column: string, cell: string][] = []
  const companyOf = rowReader(columns, {
    onOddCell: (...cell) => odd.push(cell),
    onSic(code, description) {
      if (totals.sicDescriptions.size < MOST_SIC_CODES) totals.sicDescriptions.set(code, description)
    },
  })
  const isTaken = (company: CompanyFacts) => {
    if (isKnown(company.company_number)) return true
    if (totals.taken >= limit || !accepts(company)) return false
    totals.taken += 1
    return true
  }
  const numberAt = columns.at.CompanyNumber
  return (batch, records) => {
    const companies: FiledCompany[] = []
    const rejects: Reject[] = []
    let known = 0
    for (const record of records) {
      const met = record.known === null ? 'no' : fileRows?.meet(record.known)
      if (met === 'first' || met === 'again') {
        known += 1
        totals[met === 'first' ? 'unchanged' : 'repeated'] += 1
        totals.prefixes.add(numberCell(record.cells[numberAt] ?? '').slice(0, 2))
        continue
      }
      if (odd.length > 0) odd.length = 0
      const company = record.fault ?? companyOf(record.known === null ? record.cells : batch.cells(record))
      if (typeof company === 'string') {
        const reason = partName ? `${company} (in ${partName})` : company
        rejects.push({ line: record.line, reason, row: batch.text(record) })
        continue
      }
      totals.prefixes.add(company.company_number.slice(0, 2))
      if (!isTaken(company)) continue
      if (fileRows?.replace(company.company_number)) {
        totals.unchanged -= 1
        totals.repeated += 1
      }
      const isPlain = noteUnknown(totals.unknownProse, company) && odd.length === 0
      if (odd.length > 0) noteOdd(totals, company.company_number, odd)
      // What is told of a row beside its company must be told again each time that it is read.
      const mark = marker && isPlain ? marker(company.company_number, batch.bytes(record)) : null
      companies.push({ facts: company, mark })
    }
    staging.add(companies)
    if (rejects.length > 0) staging.reject(rejects)
    totals.firstReject ??= rejects[0] ?? null
    totals.rows += records.length
    totals.staged += companies.length
    totals.rejected += rejects.length
    totals.filteredOut += records.length - known - companies.length - rejects.length
  }
}

function noteOdd(
  { oddCells, firstOddCells }: ReadTotals,
  companyNumber: string,
  odd: readonly [column: string, cell: string][],
): void {
  for (const [column, cell] of odd) {
    oddCells[column] = (oddCells[column] ?? 0) + 1
    if (firstOddCells.length >= MOST_ODD_CELLS) continue
    // A copy: a cell is a slice of its page, which it would keep in memory.
    const copy = Buffer.from(cell.slice(0, MOST_CELL)).toString()
    firstOddCells.push({ companyNumber, column, cell: copy })
  }
}

/** Returns whether the wordings are known. */
function noteUnknown(unknown: UnknownProse, { company_status, type }: CompanyFacts): boolean {
  const oddStatus = company_status !== null && !isSlug.company_status(company_status)
  const oddType = type !== null && !isSlug.type(type)
  if (oddStatus) count(unknown.company_status, company_status)
  if (oddType) count(unknown.type, type)
  return !oddStatus && !oddType
}

function count(counts: Record<string, number>, wording: string): void {
  const known = Object.hasOwn(counts, wording) || Object.keys(counts).length < MOST_WORDINGS
  const key = known ? wording : '(others)'
  counts[key] = (Object.hasOwn(counts, key) ? (counts[key] ?? 0) : 0) + 1
}

/** What a company must be to be imported; what is not given does not matter. Days are ISO and inclusive. */
export interface ImportFilter {
  status?: string[] | undefined
  /** Types or subtypes. */
  type?: string[] | undefined
  /** Any one of them. */
  sic?: string[] | undefined
  incorporatedFrom?: string | undefined
  incorporatedTo?: string | undefined
  /** Beginnings of postcodes, any one of them. */
  postcode?: string[] | undefined
  /** Company numbers, any one of them. */
  numbers?: ReadonlySet<string> | undefined
}

type Test = (company: SearchedFacts) => boolean

/** A test that says whether a company passes all of the filter. */
export function companyTest({ status, type, sic, incorporatedFrom, incorporatedTo, ...more }: ImportFilter): Test {
  const { postcode, numbers } = more
  const tests: Test[] = []
  if (numbers) tests.push(({ company_number }) => numbers.has(company_number))
  if (status) tests.push(({ company_status }) => includes(status, company_status))
  if (type) tests.push((company) => includes(type, company.type) || includes(type, company.subtype))
  if (sic) tests.push(({ sic_codes }) => sic_codes?.split(',').some((code) => sic.includes(code)) === true)
  if (incorporatedFrom) tests.push(({ date_of_creation: day }) => day !== null && day >= incorporatedFrom)
  if (incorporatedTo) tests.push(({ date_of_creation: day }) => day !== null && day <= incorporatedTo)
  if (postcode) {
    const matches = postcode.map(postcodeTest).filter((match) => match !== null)
    tests.push(({ postal_code }) => matches.some((match) => match(postal_code)))
  }
  return (company) => tests.every((test) => test(company))
}

function includes(wanted: string[], value: string | null): boolean {
  return value !== null && wanted.includes(value)
}
