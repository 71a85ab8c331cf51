// Reads the register file once, from end to end, into the staging. Nothing reaches the database's own tables from here.

import type { RegisterPart } from '../../companies-house/register/bytes.ts'
import { isSlug } from '../../companies-house/register/prose.ts'
import type { RegisterSource } from '../../companies-house/register/source.ts'
import type { SearchedFacts } from '../../db/companies/companies.ts'
import type { FileRows } from '../../db/companies/file-rows.ts'
import type { FiledCompany } from '../../db/companies/staged-row.ts'
import type { CompanyStaging, Reject } from '../../db/companies/staging.ts'
import type { CompanyFacts } from '../../db/companies/told.ts'
import { boundsYoungSpace, collectGarbage } from '../../heap-space.ts'
import { postcodeTest } from '../../postcode.ts'
import { type FileTold, type PackedRows, type Row, rowsOf } from './packed-rows.ts'
import { readRows } from './read-ahead.ts'
import { createRowsReader, MOST_SIC_CODES } from './rows.ts'

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

/** Enough for the rows of some pieces. */
const YOUNG_BYTES = 8 * 1024 * 1024
const PIECES_PER_LOOK = 16
/** After so many pieces what had to live for a while is collected: it adds up with the length of the file. */
const PIECES_PER_SWEEP = 4096

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
  const { asOf, fileRows } = options
  const name = part.name ? `${part.name} in ${sourceName}` : sourceName
  const reading = { name, partName: part.name, asOf, known: fileRows }
  let told: FileTold | undefined
  const boundMemory = boundsYoungSpace({ every: PIECES_PER_LOOK, enough: YOUNG_BYTES })
  let pieces = 0
  const readAgain = (row: string) => {
    const reader = createRowsReader({ ...reading, known: null })
    reader.read(Buffer.from(`${told?.header}\n`))
    return rowsOf(reader.read(Buffer.from(`${row}\n`, 'latin1')))()
  }
  const store = storing({ staging, totals, readAgain }, options)
  for await (const rows of readRows(part.chunks(), reading)) {
    told = rows.told ?? told
    store(rows)
    pieces += 1
    boundMemory()
    if (pieces % PIECES_PER_SWEEP === 0) collectGarbage()
    options.onProgress(totals.rows)
  }
  for (const column of told?.unfilled ?? []) totals.unfilled.add(column)
  for (const prefix of told?.prefixes ?? []) totals.prefixes.add(prefix)
  for (const [code, description] of told?.sicDescriptions ?? []) {
    if (totals.sicDescriptions.size < MOST_SIC_CODES) totals.sicDescriptions.set(code, description)
  }
}

interface Storing {
  staging: CompanyStaging
  totals: ReadTotals
  /** What a row says that was known, by its bytes as Latin-1. */
  readAgain(row: string): Row
}

/** A function that stages the rows of a piece: companies here, bad rows there. */
function storing(
  { staging, totals, readAgain }: Storing,
  { accepts, limit, isKnown, fileRows }: ReadOptions,
): (rows: PackedRows) => void {
  const isTaken = (company: CompanyFacts) => {
    if (isKnown(company.company_number)) return true
    if (totals.taken >= limit || !accepts(company)) return false
    totals.taken += 1
    return true
  }
  return (rows) => {
    const companies: FiledCompany[] = []
    const next = rowsOf(rows)
    let known = 0
    let oddAt = 0
    for (let at = 0; at < rows.count; at += 1) {
      let row = next()
      const odd = rows.odd[oddAt]?.row === at ? rows.odd[oddAt++]?.cells : undefined
      if (row.kind === 'known') {
        const met = fileRows?.meet(row.mark)
        if (met === 'first' || met === 'again') {
          known += 1
          totals[met === 'first' ? 'unchanged' : 'repeated'] += 1
          continue
        }
        row = readAgain(rows.page.slice(row.from, row.to))
      }
      if (row.kind !== 'company') continue
      const { company, mark } = row
      if (!isTaken(company)) continue
      if (fileRows?.replace(company.company_number)) {
        totals.unchanged -= 1
        totals.repeated += 1
      }
      if (mark === null) noteUnknown(totals.unknownProse, company)
      if (odd) noteOdd(totals, company.company_number, odd)
      companies.push({ facts: company, mark })
    }
    staging.add(companies)
    if (rows.rejects.length > 0) staging.reject(rows.rejects)
    totals.firstReject ??= rows.rejects[0] ?? null
    totals.rows += rows.count
    totals.staged += companies.length
    totals.rejected += rows.rejects.length
    totals.filteredOut += rows.count - known - companies.length - rows.rejects.length
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

function noteUnknown(unknown: UnknownProse, { company_status, type }: CompanyFacts): void {
  const oddStatus = company_status !== null && !isSlug.company_status(company_status)
  const oddType = type !== null && !isSlug.type(type)
  if (oddStatus) count(unknown.company_status, company_status)
  if (oddType) count(unknown.type, type)
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
