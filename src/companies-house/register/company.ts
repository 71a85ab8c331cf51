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

const SIC_COLUMNS = [
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

/** A function that reads a row with these columns; for a row that cannot be right it returns the reason, as text. */
export function rowReader(
  { at, width, placeOf }: RegisterColumns,
  { onSic = ignored, onOddCell = ignored }: RowTold = {},
): (cells: string[]) => RegisterCompany | string {
  const sicAt = SIC_COLUMNS.map((column) => at[column])
  const status = remembering(statusOf)
  const category = remembering(categoryOf)
  const sicCode = sicReader(onSic)
  const readFilings = filingsReader(placeOf)
  return (cells) => {
    if (cells.length !== width) return `expected ${width} columns, found ${cells.length}`
    const cell = (index: number) => cells[index] ?? ''
    const company_number = numberCell(cell(at.CompanyNumber))
    if (!COMPANY_NUMBER.test(company_number)) return `not a company number: ${quoted(cell(at.CompanyNumber))}`
    const company_name = filed(cell(at.CompanyName))
    if (company_name === null) return 'the company name is empty'
    const date_of_creation = isoDay(cell(at.IncorporationDate))
    if (date_of_creation === undefined) return `not a date in IncorporationDate: ${quoted(cell(at.IncorporationDate))}`
    const date_of_cessation = isoDay(cell(at.DissolutionDate))
    if (date_of_cessation === undefined) return `not a date in DissolutionDate: ${quoted(cell(at.DissolutionDate))}`
    const { company_status, company_status_detail } = status(cell(at.CompanyStatus))
    const { type, subtype } = category(cell(at.CompanyCategory))
    const filings = readFilings(cells, company_number, onOddCell)
    // Member by member: spreading costs more than reading them.
    return {
      company_number,
      company_name,
      company_status,
      company_status_detail,
      type: type === 'other' ? otherType(company_number) : type,
      subtype,
      date_of_creation,
      date_of_cessation,
      sic_codes: sicCodes(cells, sicAt, sicCode),
      care_of: filed(cell(at['RegAddress.CareOf'])),
      po_box: filed(cell(at['RegAddress.POBox'])),
      address_line_1: filed(cell(at['RegAddress.AddressLine1'])),
      address_line_2: filed(cell(at['RegAddress.AddressLine2'])),
      locality: filed(cell(at['RegAddress.PostTown'])),
      region: filed(cell(at['RegAddress.County'])),
      country: filed(cell(at['RegAddress.Country'])),
      postal_code: filed(cell(at['RegAddress.PostCode'])),
      country_of_origin: filings.country_of_origin,
      accounts_accounting_reference_date_day: filings.accounts_accounting_reference_date_day,
      accounts_accounting_reference_date_month: filings.accounts_accounting_reference_date_month,
      accounts_next_due: filings.accounts_next_due,
      accounts_last_accounts_made_up_to: filings.accounts_last_accounts_made_up_to,
      accounts_last_accounts_type: filings.accounts_last_accounts_type,
      confirmation_statement_next_due: filings.confirmation_statement_next_due,
      confirmation_statement_last_made_up_to: filings.confirmation_statement_last_made_up_to,
      annual_return_next_due: filings.annual_return_next_due,
      annual_return_last_made_up_to: filings.annual_return_last_made_up_to,
      charges_count: filings.charges_count,
      charges_outstanding_count: filings.charges_outstanding_count,
      charges_part_satisfied_count: filings.charges_part_satisfied_count,
      charges_satisfied_count: filings.charges_satisfied_count,
      general_partners_count: filings.general_partners_count,
      limited_partners_count: filings.limited_partners_count,
      previous_company_names: filings.previous_company_names,
      uri: filings.uri,
    }
  }
}

/** The company number of its cell: upper case, and with the leading zeros that spreadsheets take from numbers. */
export function numberCell(text: string): string {
  const number = text.trim().toUpperCase()
  return number.length < 8 && /^\d+$/.test(number) ? number.padStart(8, '0') : number
}

/** The file has one wording for whatever it has no other for; FC, SF and NF numbers are those of overseas companies. */
function otherType(companyNumber: string): string {
  return /^(FC|SF|NF)/.test(companyNumber) ? 'oversea-company' : 'other'
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
