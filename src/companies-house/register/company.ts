// What one row of the register file says about a company, in the API's words.

import { COMPANY_NUMBER } from '../../company-number.ts'
import { ChpipeError } from '../../errors.ts'
import { filed } from '../../text.ts'
import { isoDay, remembering, sicReader } from './cells.ts'
import { FILING_COLUMNS, filingsReader, type OnOddCell, type RegisterFilings, unfilledFrom } from './filings.ts'
import { type Category, categoryOf, type StatusMeaning, statusOf } from './prose.ts'

export interface RegisterCompany extends StatusMeaning, Category, RegisterFilings {
  company_number: string
  company_name: string
  date_of_creation: string | null
  date_of_cessation: string | null
  sic_codes: string | null
  care_of: string | null
  po_box: string | null
  address_line_1: string | null
  address_line_2: string | null
  locality: string | null
  region: string | null
  country: string | null
  postal_code: string | null
}

export const SIC_COLUMNS = [
  'SICCode.SicText_1',
  'SICCode.SicText_2',
  'SICCode.SicText_3',
  'SICCode.SicText_4',
] as const satisfies RegisterColumn[]

/** What is told beside the companies. */
export interface RowTold {
  /** A cell that cannot be right; its column is null. */
  onOddCell?: OnOddCell
  /** What the file calls a SIC code; the same code may come again. */
  onSic?(code: string, description: string): void
}

/** What no other company has in the same words. */
export type OwnFacts = Pick<
  RegisterCompany,
  | 'company_number'
  | 'company_name'
  | 'date_of_creation'
  | 'care_of'
  | 'po_box'
  | 'address_line_1'
  | 'address_line_2'
  | 'postal_code'
>

/** A function that reads of a row what is its own; for a row that cannot be right it returns the reason, as text. */
export function ownReader({ at, width }: RegisterColumns): (cells: string[]) => OwnFacts | string {
  return (cells) => {
    if (cells.length !== width) return `expected ${width} columns, found ${cells.length}`
    const cell = (index: number) => cells[index] ?? ''
    const company_number = companyNumber(cell(at.CompanyNumber))
    if (!COMPANY_NUMBER.test(company_number)) return `not a company number: ${quoted(cell(at.CompanyNumber))}`
    const company_name = filed(cell(at.CompanyName))
    if (company_name === null) return 'the company name is empty'
    const date_of_creation = isoDay(cell(at.IncorporationDate))
    if (date_of_creation === undefined) return `not a date in IncorporationDate: ${quoted(cell(at.IncorporationDate))}`
    return {
      company_number,
      company_name,
      date_of_creation,
      care_of: filed(cell(at['RegAddress.CareOf'])),
      po_box: filed(cell(at['RegAddress.POBox'])),
      address_line_1: filed(cell(at['RegAddress.AddressLine1'])),
      address_line_2: filed(cell(at['RegAddress.AddressLine2'])),
      postal_code: filed(cell(at['RegAddress.PostCode'])),
    }
  }
}

/** The same for all of a row. */
export function rowReader(
  columns: RegisterColumns,
  { onSic = ignored, onOddCell = ignored }: RowTold = {},
): (cells: string[]) => RegisterCompany | string {
  const { at, placeOf } = columns
  const sicAt = SIC_COLUMNS.map((column) => at[column])
  const status = remembering(statusOf)
  const category = remembering(categoryOf)
  const sicCode = sicReader(onSic)
  const readOwn = ownReader(columns)
  const readFilings = filingsReader(placeOf)
  return (cells) => {
    const own = readOwn(cells)
    if (typeof own === 'string') return own
    const cell = (index: number) => cells[index] ?? ''
    const date_of_cessation = isoDay(cell(at.DissolutionDate))
    if (date_of_cessation === undefined) return `not a date in DissolutionDate: ${quoted(cell(at.DissolutionDate))}`
    const { type, subtype } = category(cell(at.CompanyCategory))
    return {
      ...own,
      ...status(cell(at.CompanyStatus)),
      type: type === 'other' && isOversea(own.company_number) ? 'oversea-company' : type,
      subtype,
      date_of_cessation,
      sic_codes: sicCodes(cells, sicAt, sicCode),
      locality: filed(cell(at['RegAddress.PostTown'])),
      region: filed(cell(at['RegAddress.County'])),
      country: filed(cell(at['RegAddress.Country'])),
      ...readFilings(cells, own.company_number, onOddCell),
    }
  }
}

/** Upper case, and with the leading zeros that spreadsheets take from numbers. */
function companyNumber(text: string): string {
  const number = text.trim().toUpperCase()
  return number.length < 8 && /^\d+$/.test(number) ? number.padStart(8, '0') : number
}

/** FC, SF and NF numbers are those of overseas companies; the file has one wording for whatever it has no other for. */
export function isOversea(companyNumber: string): boolean {
  return /^(FC|SF|NF)/.test(companyNumber)
}

/** The codes of `70229 - Management consultancy ...`, joined by commas; `None Supplied` has none. */
function sicCodes(cells: string[], columns: number[], codeOf: (text: string) => string | null): string | null {
  let codes = ''
  for (const column of columns) {
    const text = cells[column] ?? ''
    if (text === '') continue
    const code = codeOf(text)
    if (code !== null) codes += codes === '' ? code : `,${code}`
  }
  return codes === '' ? null : codes
}

function ignored(): void {}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}

/** The columns of BasicCompanyData without which it is none (facts 5.1); the others are in `filings.ts`. */
const NEEDED = [
  'CompanyName',
  'CompanyNumber',
  'RegAddress.CareOf',
  'RegAddress.POBox',
  'RegAddress.AddressLine1',
  'RegAddress.AddressLine2',
  'RegAddress.PostTown',
  'RegAddress.County',
  'RegAddress.Country',
  'RegAddress.PostCode',
  'CompanyCategory',
  'CompanyStatus',
  'DissolutionDate',
  'IncorporationDate',
  'SICCode.SicText_1',
  'SICCode.SicText_2',
  'SICCode.SicText_3',
  'SICCode.SicText_4',
] as const

type RegisterColumn = (typeof NEEDED)[number]

export interface RegisterColumns {
  /** Where each stored column stands in a row. */
  at: Record<RegisterColumn, number>
  /** Where any column stands that the header names; -1 for one that it does not. */
  placeOf(column: string): number
  /** Where everything stands that is stored. */
  stored: number[]
  /** The columns of `companies` that the file says nothing about. */
  unfilled: string[]
  /** How many cells a row has. */
  width: number
}

/** Finds the columns in a header, in any order and among others. Throws a `data` error that names those missing. */
export function findColumns(header: string[], fileName: string): RegisterColumns {
  const names = header.map((name) => name.trim())
  const missing = NEEDED.filter((name) => !names.includes(name))
  if (missing.length === 0) {
    const places = NEEDED.map((name) => [name, names.indexOf(name)])
    const placeOf = (column: string) => names.indexOf(column)
    const stored = [...NEEDED, ...FILING_COLUMNS].map(placeOf).filter((place) => place >= 0)
    return {
      at: Object.fromEntries(places) as RegisterColumns['at'],
      placeOf,
      stored,
      unfilled: unfilledFrom(names),
      width: names.length,
    }
  }
  const which = missing.length === NEEDED.length ? 'any of its columns' : `the columns ${missing.join(', ')}`
  throw new ChpipeError('data', `This is not BasicCompanyData: its first line does not name ${which}: ${fileName}`, {
    hint: 'use the file exactly as downloaded from https://download.companieshouse.gov.uk/en_output.html',
  })
}
