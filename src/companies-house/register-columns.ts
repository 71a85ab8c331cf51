import { ChpipeError } from '../errors.ts'

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

export type RegisterColumn = (typeof NEEDED)[number]

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
    hint: 'take the file as it comes from https://download.companieshouse.gov.uk/en_output.html',
  })
}
