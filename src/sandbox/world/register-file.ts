import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  ACCOUNTS_PROSE,
  CATEGORY_PROSE,
  COMMUNITY_INTEREST_PROSE,
  isClosed,
  NO_ACCOUNTS_PROSE,
  SIC_2003_PROSE,
  SIC_PROSE,
  STATUS_PROSE,
  STRIKE_OFF_PROSE,
} from './kinds.ts'
import type { SyntheticCompany } from './shapes.ts'
import type { World } from './world.ts'

/** The file's header to the letter: unquoted, and fourteen names begin with a space (facts 5.1). */
const REGISTER_FILE_HEADER = [
  'CompanyName, CompanyNumber,RegAddress.CareOf,RegAddress.POBox,RegAddress.AddressLine1, RegAddress.AddressLine2',
  'RegAddress.PostTown,RegAddress.County,RegAddress.Country,RegAddress.PostCode,CompanyCategory,CompanyStatus',
  'CountryOfOrigin,DissolutionDate,IncorporationDate,Accounts.AccountRefDay,Accounts.AccountRefMonth',
  'Accounts.NextDueDate,Accounts.LastMadeUpDate,Accounts.AccountCategory,Returns.NextDueDate,Returns.LastMadeUpDate',
  'Mortgages.NumMortCharges,Mortgages.NumMortOutstanding,Mortgages.NumMortPartSatisfied,Mortgages.NumMortSatisfied',
  'SICCode.SicText_1,SICCode.SicText_2,SICCode.SicText_3,SICCode.SicText_4,LimitedPartnerships.NumGenPartners',
  'LimitedPartnerships.NumLimPartners,URI,PreviousName_1.CONDATE, PreviousName_1.CompanyName',
  ' PreviousName_2.CONDATE, PreviousName_2.CompanyName',
  ...[3, 4, 5, 6, 7, 8, 9, 10].map((at) => `PreviousName_${at}.CONDATE, PreviousName_${at}.CompanyName`),
  'ConfStmtNextDueDate, ConfStmtLastMadeUpDate',
].join(',')

const PREVIOUS_NAMES = 10
const NO_PREVIOUS_NAMES = Array.from({ length: PREVIOUS_NAMES * 2 }, () => '""').join(',')
const ROWS_PER_CHUNK = 512

/** The lines of the monthly register file, header first and without line ends: live companies only, every field quoted. */
export function* registerFileRows(world: World): Generator<string> {
  yield REGISTER_FILE_HEADER
  for (const company of world.companies()) {
    const row = registerFileRow(company)
    if (row !== undefined) yield row
  }
}

/** Writes the register file with LF line ends and returns how many companies it holds. */
export async function writeRegisterFile(world: World, path: string): Promise<number> {
  let rowCount = -1
  function* chunks(): Generator<string> {
    let lines: string[] = []
    for (const line of registerFileRows(world)) {
      rowCount += 1
      if (lines.push(line) === ROWS_PER_CHUNK) {
        yield `${lines.join('\n')}\n`
        lines = []
      }
    }
    if (lines.length > 0) yield `${lines.join('\n')}\n`
  }
  await pipeline(Readable.from(chunks(), { objectMode: false }), createWriteStream(path))
  return rowCount
}

/** One data line; undefined for what the file leaves out: closed companies, and [B] UK establishments. */
function registerFileRow(company: SyntheticCompany): string | undefined {
  const category = categoryOf(company)
  if (category === undefined || isClosed(company.company_status)) return undefined
  const { company_name: name, company_number: number, accounts, confirmation_statement: statement } = company
  const returned = company.annual_return
  const [charges, outstanding, part, satisfied] = chargesOf(company)
  return (
    `${quote(name)},"${number}",${addressOf(company)},"${category}","${statusOf(company)}","${originOf(company)}",` +
    `"","${british(company.date_of_creation)}",` +
    // The file does not pad the month ("9"), unlike the API; that the day is not padded either is [B].
    `"${unpadded(accounts?.accounting_reference_date?.day)}","${unpadded(accounts?.accounting_reference_date?.month)}",` +
    `"${british(accounts?.next_due)}","${british(accounts?.last_accounts?.made_up_to)}","${accountsOf(company)}",` +
    `"${british(returned?.next_due)}","${british(returned?.last_made_up_to)}",` +
    `"${charges}","${outstanding}","${part}","${satisfied}",${sicTextsOf(company)},` +
    `"${company.type === 'limited-partnership' ? 1 : 0}","${company.type === 'limited-partnership' ? 2 : 0}",` +
    `"http://business.data.gov.uk/id/company/${number}",${previousNamesOf(company)},` +
    `"${british(statement?.next_due)}","${british(statement?.last_made_up_to)}"`
  )
}

const NO_CHARGES: readonly number[] = [0, 0, 0, 0]

/** All charges, then those outstanding, partly satisfied and satisfied, as the number has it. */
function chargesOf({ has_charges, company_number: number }: SyntheticCompany): readonly number[] {
  if (!has_charges) return NO_CHARGES
  const [outstanding, part, satisfied] = [
    number.charCodeAt(7) % 3,
    number.charCodeAt(6) % 2,
    1 + (number.charCodeAt(5) % 4),
  ]
  return [outstanding + part + satisfied, outstanding, part, satisfied]
}

function categoryOf({ type, subtype }: SyntheticCompany): string | undefined {
  return subtype === 'community-interest-company' ? COMMUNITY_INTEREST_PROSE : CATEGORY_PROSE[type]
}

/** [B] companies for which the API gives no status, or `registered`, are worded `Active`: the file has no empty status. */
function statusOf({ company_number: number, company_status, company_status_detail }: SyntheticCompany): string {
  if (company_status_detail === 'active-proposal-to-strike-off') return STRIKE_OFF_PROSE
  const wordings = STATUS_PROSE[company_status ?? 'active'] ?? ACTIVE_PROSE
  const rare = number.charCodeAt(6) % 3 === 0 ? wordings[number.charCodeAt(7) % wordings.length] : undefined
  return rare ?? wordings[0]
}

const ACTIVE_PROSE: readonly [string] = ['Active']

function originOf({ foreign_company_details }: SyntheticCompany): string {
  const registry = foreign_company_details?.originating_registry
  return typeof registry === 'object' && registry !== null && 'country' in registry
    ? String(registry.country)
    : 'United Kingdom'
}

function accountsOf({ accounts }: SyntheticCompany): string {
  const type = accounts?.last_accounts?.type
  return type === undefined ? NO_ACCOUNTS_PROSE : (ACCOUNTS_PROSE[type] ?? '')
}

/** Care of, PO box, two lines, town, county, country, postcode: in capitals, as the file has them. */
function addressOf({ registered_office_address: address = {} }: SyntheticCompany): string {
  return (
    `${capitals(address.care_of)},${capitals(address.po_box)},${capitals(address.address_line_1)},` +
    `${capitals(address.address_line_2)},${capitals(address.locality)},${capitals(address.region)},` +
    `${capitals(address.country)},${capitals(address.postal_code)}`
  )
}

function capitals(text: string | undefined): string {
  return text === undefined ? '""' : quote(text.toUpperCase())
}

function sicTextsOf({ sic_codes: codes, type }: SyntheticCompany): string {
  if (!codes) return type === 'oversea-company' ? '"","","",""' : '"None Supplied","","",""'
  return `${sicText(codes[0])},${sicText(codes[1])},${sicText(codes[2])},${sicText(codes[3])}`
}

function sicText(code: string | undefined): string {
  return code === undefined ? '""' : `"${code} - ${SIC_PROSE[code] ?? SIC_2003_PROSE[code] ?? ''}"`
}

function previousNamesOf({ previous_company_names: names }: SyntheticCompany): string {
  if (!names) return NO_PREVIOUS_NAMES
  // The file has room for ten; the API may know of more.
  const kept = names.slice(0, PREVIOUS_NAMES)
  const fields = kept.map((name) => `"${british(name.ceased_on)}",${quote(name.name)}`).join(',')
  return kept.length === PREVIOUS_NAMES ? fields : `${fields},${NO_PREVIOUS_NAMES.slice(6 * kept.length)}`
}

function quote(text: string): string {
  return text.includes('"') ? `"${text.replaceAll('"', '""')}"` : `"${text}"`
}

const written = new Map<string, string>()

/** `DD/MM/YYYY` of `YYYY-MM-DD`. */
function british(iso: string | undefined): string {
  if (iso === undefined) return ''
  const known = written.get(iso)
  if (known !== undefined) return known
  const date = `${iso.slice(8, 10)}/${iso.slice(5, 7)}/${iso.slice(0, 4)}`
  written.set(iso, date)
  return date
}

function unpadded(text = ''): string {
  return text.startsWith('0') ? text.slice(1) : text
}
