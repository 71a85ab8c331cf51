// What one row of the register file says beside name, address and status: origin, accounts, statements, charges, partners
// and earlier names, in the API's words. A cell that cannot be right is null, and told of: it costs no row.
import { filed } from '../../text.ts'
import { isoDay, remembering } from './cells.ts'

/** Columns of `companies` that they fill. */
export interface RegisterFilings {
  country_of_origin: string | null
  accounts_accounting_reference_date_day: number | null
  accounts_accounting_reference_date_month: number | null
  accounts_next_due: string | null
  accounts_last_accounts_made_up_to: string | null
  accounts_last_accounts_type: string | null
  confirmation_statement_next_due: string | null
  confirmation_statement_last_made_up_to: string | null
  annual_return_next_due: string | null
  annual_return_last_made_up_to: string | null
  charges_count: number | null
  charges_outstanding_count: number | null
  charges_part_satisfied_count: number | null
  charges_satisfied_count: number | null
  general_partners_count: number | null
  limited_partners_count: number | null
  previous_company_names: string | null
  uri: string | null
}

const PREVIOUS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => `PreviousName_${n}`)

/** From which columns of the file they come; a file may lack some (facts 5.1). */
const FILLED_FROM: Record<keyof RegisterFilings, readonly string[]> = {
  country_of_origin: ['CountryOfOrigin'],
  accounts_accounting_reference_date_day: ['Accounts.AccountRefDay'],
  accounts_accounting_reference_date_month: ['Accounts.AccountRefMonth'],
  accounts_next_due: ['Accounts.NextDueDate'],
  accounts_last_accounts_made_up_to: ['Accounts.LastMadeUpDate'],
  accounts_last_accounts_type: ['Accounts.AccountCategory'],
  confirmation_statement_next_due: ['ConfStmtNextDueDate'],
  confirmation_statement_last_made_up_to: ['ConfStmtLastMadeUpDate'],
  annual_return_next_due: ['Returns.NextDueDate'],
  annual_return_last_made_up_to: ['Returns.LastMadeUpDate'],
  charges_count: ['Mortgages.NumMortCharges'],
  charges_outstanding_count: ['Mortgages.NumMortOutstanding'],
  charges_part_satisfied_count: ['Mortgages.NumMortPartSatisfied'],
  charges_satisfied_count: ['Mortgages.NumMortSatisfied'],
  general_partners_count: ['LimitedPartnerships.NumGenPartners'],
  limited_partners_count: ['LimitedPartnerships.NumLimPartners'],
  previous_company_names: PREVIOUS.flatMap((name) => [`${name}.CONDATE`, `${name}.CompanyName`]),
  uri: ['URI'],
}

/** The columns of the file that fill them. */
export const FILING_COLUMNS: readonly string[] = Object.values(FILLED_FROM).flat()

/** Which of them a file with these columns says nothing about. */
export function unfilledFrom(header: readonly string[]): string[] {
  return Object.entries(FILLED_FROM).flatMap(([column, from]) =>
    from.some((name) => header.includes(name)) ? [] : [column],
  )
}

/** Told of a cell that cannot be right. */
export type OnOddCell = (column: string, cell: string) => void

/** A function that reads these cells of a row; `placeOf` says where a column stands, below 0 for one that is not there. */
export function filingsReader(
  placeOf: (column: string) => number,
): (cells: string[], companyNumber: string, onOdd: OnOddCell) => RegisterFilings {
  const otherOrigin = remembering(filed)
  const origin = (cell: string) => (cell === HOME ? HOME : otherOrigin(cell))
  const category = remembering(accountsCategory)
  const day = dayCell(placeOf)
  const whole = wholeCell(placeOf)
  const names = previousNames(placeOf)
  const [country, accountsType, uri] = [placeOf('CountryOfOrigin'), placeOf('Accounts.AccountCategory'), placeOf('URI')]
  const [refDay, refMonth] = [whole('Accounts.AccountRefDay', 1, 31), whole('Accounts.AccountRefMonth', 1, 12)]
  const [nextDue, lastMadeUpTo] = [day('Accounts.NextDueDate'), day('Accounts.LastMadeUpDate')]
  const [statementDue, statementMadeUpTo] = [day('ConfStmtNextDueDate'), day('ConfStmtLastMadeUpDate')]
  const [returnDue, returnMadeUpTo] = [day('Returns.NextDueDate'), day('Returns.LastMadeUpDate')]
  const [charges, outstanding] = [whole('Mortgages.NumMortCharges'), whole('Mortgages.NumMortOutstanding')]
  const [part, satisfied] = [whole('Mortgages.NumMortPartSatisfied'), whole('Mortgages.NumMortSatisfied')]
  const general = whole('LimitedPartnerships.NumGenPartners')
  const limited = whole('LimitedPartnerships.NumLimPartners')
  return (cells, companyNumber, onOdd) => ({
    country_of_origin: origin(cells[country] ?? ''),
    accounts_accounting_reference_date_day: refDay(cells, onOdd),
    accounts_accounting_reference_date_month: refMonth(cells, onOdd),
    accounts_next_due: nextDue(cells, onOdd),
    accounts_last_accounts_made_up_to: lastMadeUpTo(cells, onOdd),
    accounts_last_accounts_type: category(cells[accountsType] ?? ''),
    confirmation_statement_next_due: statementDue(cells, onOdd),
    confirmation_statement_last_made_up_to: statementMadeUpTo(cells, onOdd),
    annual_return_next_due: returnDue(cells, onOdd),
    annual_return_last_made_up_to: returnMadeUpTo(cells, onOdd),
    charges_count: charges(cells, onOdd),
    charges_outstanding_count: outstanding(cells, onOdd),
    charges_part_satisfied_count: part(cells, onOdd),
    charges_satisfied_count: satisfied(cells, onOdd),
    general_partners_count: general(cells, onOdd),
    limited_partners_count: limited(cells, onOdd),
    previous_company_names: names(cells, onOdd),
    uri: unusualUri(cells[uri] ?? '', companyNumber),
  })
}

/** Where most companies come from. */
const HOME = 'United Kingdom'

type PlaceOf = (column: string) => number
type CellReader<T> = (cells: string[], onOdd: OnOddCell) => T | null

function dayCell(placeOf: PlaceOf): (column: string) => CellReader<string> {
  return (column) => {
    const place = placeOf(column)
    return (cells, onOdd) => {
      const cell = cells[place] ?? ''
      const day = isoDay(cell)
      if (day === undefined) onOdd(column, cell)
      return day ?? null
    }
  }
}

const WHOLE_NUMBER = /^\s*(\d{1,9})\s*$/

function wholeCell(placeOf: PlaceOf): (column: string, least?: number, most?: number) => CellReader<number> {
  return (column, least = 0, most = Number.POSITIVE_INFINITY) => {
    const place = placeOf(column)
    return (cells, onOdd) => {
      const cell = cells[place] ?? ''
      if (cell === '') return null
      const few = fewDigits(cell)
      const value = few >= 0 ? few : Number(WHOLE_NUMBER.exec(cell)?.[1] ?? Number.NaN)
      if (value >= least && value <= most) return value
      if (cell.trim() !== '') onOdd(column, cell)
      return null
    }
  }
}

/** The number of one digit or two, as most are; -1 for any other text. */
function fewDigits(cell: string): number {
  if (cell.length > 2) return -1
  const [first, second] = [cell.charCodeAt(0) - 0x30, cell.length === 2 ? cell.charCodeAt(1) - 0x30 : 0]
  if (!(first >= 0 && first <= 9 && second >= 0 && second <= 9)) return -1
  return cell.length === 1 ? first : first * 10 + second
}

/** The names as the profile has them, as JSON, the latest first; the file says when each ended, not when it began. */
function previousNames(placeOf: PlaceOf): CellReader<string> {
  const day = dayCell(placeOf)
  const pairs = PREVIOUS.map((name) => ({
    column: `${name}.CompanyName`,
    name: placeOf(`${name}.CompanyName`),
    ended: placeOf(`${name}.CONDATE`),
    ceasedOn: day(`${name}.CONDATE`),
  }))
  return (cells, onOdd) => {
    const names: { name: string; ceased_on?: string }[] = []
    for (const { column, name: at, ended, ceasedOn } of pairs) {
      if ((cells[at] ?? '') === '' && (cells[ended] ?? '') === '') continue
      const name = filed(cells[at])
      const ceased_on = ceasedOn(cells, onOdd)
      if (name === null) onOdd(column, cells[at] ?? '')
      else names.push(ceased_on === null ? { name } : { name, ceased_on })
    }
    return names.length === 0 ? null : JSON.stringify(names)
  }
}

const USUAL_URI = 'http://business.data.gov.uk/id/company/'

/** Null for the address that follows from the number (facts 5.1). */
function unusualUri(cell: string, companyNumber: string): string | null {
  const usual = cell.length === USUAL_URI.length + 8 && cell.endsWith(companyNumber) && cell.startsWith(USUAL_URI)
  return usual ? null : filed(cell)
}

/** Where the register knows of accounts but not of their type; the profile has `null`, as text, for it. */
export const NO_ACCOUNTS_TYPE = 'no-accounts-type-available'

/**
 * The API's `last_accounts.type` for the file's wording: the same words, with hyphens. Null where no accounts were filed;
 * what has other characters is kept as it stands.
 */
export function accountsCategory(prose: string): string | null {
  const wording = filed(prose)
  if (wording === null || /^no accounts filed$/i.test(wording)) return null
  if (/^accounts type not available$/i.test(wording)) return NO_ACCOUNTS_TYPE
  return /^[a-z][a-z -]*$/i.test(wording) ? wording.toLowerCase().replace(/\s+/g, '-') : wording
}
