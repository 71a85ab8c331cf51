// One row of the register file on its way into a temporary table. Binding is half of what reading the file takes, and most
// companies are alike in a third of the columns: what they all have there is written into the statement.
import type { Db } from '../open.ts'
import type { CompanyFacts } from './told.ts'

export interface FiledCompany {
  facts: CompanyFacts
  /** Of its row in the file; null for one that must be read each time. */
  mark: number | null
}

/** Where most companies come from. */
const HOME = 'United Kingdom'

const OFTEN = [
  'company_number',
  'company_name',
  'company_status',
  'type',
  'date_of_creation',
  'sic_codes',
  'address_line_1',
  'address_line_2',
  'locality',
  'region',
  'country',
  'postal_code',
  'accounts_accounting_reference_date_day',
  'accounts_accounting_reference_date_month',
  'accounts_next_due',
  'accounts_last_accounts_made_up_to',
  'accounts_last_accounts_type',
  'confirmation_statement_next_due',
  'confirmation_statement_last_made_up_to',
  'annual_return_next_due',
  'annual_return_last_made_up_to',
] as const

/** What most companies have in the other columns. */
const MOSTLY = {
  company_status_detail: null,
  subtype: null,
  date_of_cessation: null,
  care_of: null,
  po_box: null,
  previous_company_names: null,
  uri: null,
  country_of_origin: HOME,
  charges_count: 0,
  charges_outstanding_count: 0,
  charges_part_satisfied_count: 0,
  charges_satisfied_count: 0,
  general_partners_count: 0,
  limited_partners_count: 0,
} as const

const SELDOM = Object.keys(MOSTLY)

/** A function that adds a row to a temporary table with the columns of the register file. */
export function prepareAdd(client: Db['$client'], table: string): (company: FiledCompany) => void {
  const prepare = (values: string[]) =>
    client.prepare<(string | number | null)[]>(
      `INSERT INTO temp.${table} (file_row, ${[...OFTEN, ...SELDOM].join(', ')}) VALUES (?, ${values.join(', ')})`,
    )
  const often = OFTEN.map(() => '?')
  const ordinary = prepare([...often, ...Object.values(MOSTLY).map(literal)])
  const special = prepare([...often, ...SELDOM.map(() => '?')])
  return (company) => (isOrdinary(company.facts) ? addOrdinary(ordinary, company) : addSpecial(special, company))
}

type Statement = { run(...values: (string | number | null)[]): unknown }

function literal(value: string | number | null): string {
  if (value === null) return 'NULL'
  return typeof value === 'number' ? String(value) : `'${value}'`
}

function isOrdinary(facts: CompanyFacts): boolean {
  return (
    facts.company_status_detail === null &&
    facts.subtype === null &&
    facts.date_of_cessation === null &&
    facts.care_of === null &&
    facts.po_box === null &&
    facts.previous_company_names === null &&
    facts.uri === null &&
    facts.country_of_origin === HOME &&
    facts.charges_count === 0 &&
    facts.charges_outstanding_count === 0 &&
    facts.charges_part_satisfied_count === 0 &&
    facts.charges_satisfied_count === 0 &&
    facts.general_partners_count === 0 &&
    facts.limited_partners_count === 0
  )
}

/** Values one by one, in the order of the columns: given as an array or by name, they take a third longer to bind. */
function addOrdinary(insert: Statement, { facts, mark }: FiledCompany): void {
  insert.run(
    mark,
    facts.company_number,
    facts.company_name,
    facts.company_status,
    facts.type,
    facts.date_of_creation,
    facts.sic_codes,
    facts.address_line_1,
    facts.address_line_2,
    facts.locality,
    facts.region,
    facts.country,
    facts.postal_code,
    facts.accounts_accounting_reference_date_day,
    facts.accounts_accounting_reference_date_month,
    facts.accounts_next_due,
    facts.accounts_last_accounts_made_up_to,
    facts.accounts_last_accounts_type,
    facts.confirmation_statement_next_due,
    facts.confirmation_statement_last_made_up_to,
    facts.annual_return_next_due,
    facts.annual_return_last_made_up_to,
  )
}

function addSpecial(insert: Statement, { facts, mark }: FiledCompany): void {
  insert.run(
    mark,
    facts.company_number,
    facts.company_name,
    facts.company_status,
    facts.type,
    facts.date_of_creation,
    facts.sic_codes,
    facts.address_line_1,
    facts.address_line_2,
    facts.locality,
    facts.region,
    facts.country,
    facts.postal_code,
    facts.accounts_accounting_reference_date_day,
    facts.accounts_accounting_reference_date_month,
    facts.accounts_next_due,
    facts.accounts_last_accounts_made_up_to,
    facts.accounts_last_accounts_type,
    facts.confirmation_statement_next_due,
    facts.confirmation_statement_last_made_up_to,
    facts.annual_return_next_due,
    facts.annual_return_last_made_up_to,
    facts.company_status_detail,
    facts.subtype,
    facts.date_of_cessation,
    facts.care_of,
    facts.po_box,
    facts.previous_company_names,
    facts.uri,
    facts.country_of_origin,
    facts.charges_count,
    facts.charges_outstanding_count,
    facts.charges_part_satisfied_count,
    facts.charges_satisfied_count,
    facts.general_partners_count,
    facts.limited_partners_count,
  )
}
