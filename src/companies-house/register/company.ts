// What one row of the register file says about a company, in the API's words.

import { COMPANY_NUMBER } from '../../company-number.ts'
import { ChpipeError } from '../../errors.ts'
import { filed } from '../../text.ts'
import { type Category, categoryOf, type StatusMeaning, statusOf } from './prose.ts'

export interface RegisterCompany extends StatusMeaning, Category {
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

const BRITISH_DAY = /^(\d{2})\/(\d{2})\/(\d{4})$/
const ISO_DAY = /^(\d{4})-(\d{2})-(\d{2})$/
const SIC_TEXT = /^\s*(\d{4,5})(?!\d)/
const SIC_COLUMNS = [
  'SICCode.SicText_1',
  'SICCode.SicText_2',
  'SICCode.SicText_3',
  'SICCode.SicText_4',
] as const satisfies RegisterColumn[]

/** The wordings of a register repeat; this many are remembered at most. */
const MOST_REMEMBERED = 1000

/** A function that reads a row with these columns; for a row that cannot be right it returns the reason, as text. */
export function rowReader({ at, width }: RegisterColumns): (cells: string[]) => RegisterCompany | string {
  const sicAt = SIC_COLUMNS.map((column) => at[column])
  const status = remembering(statusOf)
  const category = remembering(categoryOf)
  return (cells) => {
    if (cells.length !== width) return `expected ${width} columns, found ${cells.length}`
    const cell = (index: number) => cells[index] ?? ''
    const company_number = companyNumber(cell(at.CompanyNumber))
    if (!COMPANY_NUMBER.test(company_number)) return `not a company number: ${quoted(cell(at.CompanyNumber))}`
    const company_name = filed(cell(at.CompanyName))
    if (company_name === null) return 'the company name is empty'
    const date_of_creation = isoDay(cell(at.IncorporationDate))
    if (date_of_creation === undefined) return `not a date in IncorporationDate: ${quoted(cell(at.IncorporationDate))}`
    const date_of_cessation = isoDay(cell(at.DissolutionDate))
    if (date_of_cessation === undefined) return `not a date in DissolutionDate: ${quoted(cell(at.DissolutionDate))}`
    const { company_status, company_status_detail } = status(cell(at.CompanyStatus))
    const { type, subtype } = category(cell(at.CompanyCategory))
    return {
      company_number,
      company_name,
      company_status,
      company_status_detail,
      type: type === 'other' ? otherType(company_number) : type,
      subtype,
      date_of_creation,
      date_of_cessation,
      sic_codes: sicCodes(cells, sicAt),
      care_of: filed(cell(at['RegAddress.CareOf'])),
      po_box: filed(cell(at['RegAddress.POBox'])),
      address_line_1: filed(cell(at['RegAddress.AddressLine1'])),
      address_line_2: filed(cell(at['RegAddress.AddressLine2'])),
      locality: filed(cell(at['RegAddress.PostTown'])),
      region: filed(cell(at['RegAddress.County'])),
      country: filed(cell(at['RegAddress.Country'])),
      postal_code: filed(cell(at['RegAddress.PostCode'])),
    }
  }
}

/** Upper case, and with the leading zeros that spreadsheets take from numbers. */
function companyNumber(text: string): string {
  const number = text.trim().toUpperCase()
  return number.length < 8 && /^\d+$/.test(number) ? number.padStart(8, '0') : number
}

/** The file has one wording for whatever it has no other for; FC, SF and NF numbers are those of overseas companies. */
function otherType(companyNumber: string): string {
  return /^(FC|SF|NF)/.test(companyNumber) ? 'oversea-company' : 'other'
}

/** `DD/MM/YYYY`, or a day that is ISO already; null when empty, undefined when there is no such day. */
export function isoDay(text: string): string | null | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return null
  const british = BRITISH_DAY.exec(trimmed)
  if (british) return existingDay(british[3], british[2], british[1])
  const iso = ISO_DAY.exec(trimmed)
  return iso ? existingDay(iso[1], iso[2], iso[3]) : undefined
}

function existingDay(year = '', month = '', day = ''): string | undefined {
  const exists = Number(year) > 0 && Number(day) > 0 && Number(day) <= daysIn(Number(year), Number(month))
  return exists ? `${year}-${month}-${day}` : undefined
}

/** 0 for what is no month. */
function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  if (month < 1 || month > 12) return 0
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** The codes of `70229 - Management consultancy ...`, joined by commas; `None Supplied` has none. */
function sicCodes(cells: string[], columns: number[]): string | null {
  let codes = ''
  for (const column of columns) {
    const text = cells[column] ?? ''
    if (text === '') continue
    const code = SIC_TEXT.exec(text)?.[1]
    if (code !== undefined) codes += codes === '' ? code : `,${code}`
  }
  return codes === '' ? null : codes
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}

/** Remembers copies: a cell is a slice of its page, which it would keep in memory. */
function remembering<T>(find: (text: string) => T): (text: string) => T {
  const found = new Map<string, T>()
  return (text) => {
    const known = found.get(text)
    if (known !== undefined) return known
    const copy = Buffer.from(text).toString()
    const value = find(copy)
    if (found.size < MOST_REMEMBERED) found.set(copy, value)
    return value
  }
}

/** The columns of BasicCompanyData that chpipe stores; the file's other forty are passed over (facts 5.1). */
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
  /** How many cells a row has. */
  width: number
}

/** Finds the columns in a header, in any order and among others. Throws a `data` error that names those missing. */
export function findColumns(header: string[], fileName: string): RegisterColumns {
  const names = header.map((name) => name.trim())
  const missing = NEEDED.filter((name) => !names.includes(name))
  if (missing.length === 0) {
    const places = NEEDED.map((name) => [name, names.indexOf(name)])
    return { at: Object.fromEntries(places) as RegisterColumns['at'], width: names.length }
  }
  const which = missing.length === NEEDED.length ? 'any of its columns' : `the columns ${missing.join(', ')}`
  throw new ChpipeError('data', `This is not BasicCompanyData: its first line does not name ${which}: ${fileName}`, {
    hint: 'use the file exactly as downloaded from https://download.companieshouse.gov.uk/en_output.html',
  })
}
