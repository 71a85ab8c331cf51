// Which events are worth a job: newly formed companies, and changes that the operator asked for. Pure.
import { DAY_MS } from '../../clock.ts'
import { STATUS_SLUGS } from '../../companies-house/register/prose.ts'
import type { KnownCompany, SearchedFacts } from '../../db/companies/companies.ts'
import { ChpipeError } from '../../errors.ts'
import { postcodeTest } from '../../postcode.ts'

export interface Trigger {
  column: 'company_status' | 'company_status_detail'
  value: string
  /** As the operator wrote it; the job names it as its cause. */
  text: string
}

/** Of these companies only, where given. */
export interface CompanyFilters {
  types?: string[] | undefined
  sicCodes?: string[] | undefined
  /** Beginnings of postcodes: `EC`, `EC1`, `EC1V 2`. */
  postcodes?: string[] | undefined
}

export interface StreamRules extends CompanyFilters {
  /** A company is newly formed for so many days after its creation. */
  newWithinDays: number
  triggers: Trigger[]
}

type FilteredFacts = Pick<SearchedFacts, 'type' | 'sic_codes' | 'postal_code'>

export const NEW = 'new'

const TRIGGER_COLUMNS: Record<string, Trigger['column'] | undefined> = {
  status: 'company_status',
  'status-detail': 'company_status_detail',
}

/** `status-detail=active-proposal-to-strike-off` and the like. Throws a `usage` error for anything else. */
export function parseTrigger(text: string): Trigger {
  const [name = '', value = '', ...rest] = text.split('=').map((part) => part.trim())
  const column = TRIGGER_COLUMNS[name]
  const isValue = name === 'status' ? STATUS_SLUGS.some((slug) => slug === value) : /^[a-z-]+$/.test(value)
  if (column && isValue && rest.length === 0) return { column, value, text: `${name}=${value}` }
  throw new ChpipeError('usage', `Not a trigger: ${text}`, {
    hint: 'write it as status=liquidation or status-detail=active-proposal-to-strike-off',
  })
}

/**
 * Why the company is to be enriched: `new` when it was not stored before and was created within the rules' days before
 * `day`, else the first trigger whose value it has now and had not before; null when for nothing.
 */
export function causeOf(
  rules: StreamRules,
  before: KnownCompany | undefined,
  company: SearchedFacts,
  day: string,
): string | null {
  const isNew = before === undefined && ageInDays(company, day) <= rules.newWithinDays
  const fired = isNew
    ? undefined
    : rules.triggers.find(({ column, value }) => changedTo(value, column, before, company))
  const cause = isNew ? NEW : (fired?.text ?? null)
  return cause !== null && isCompanyWanted(rules, company) ? cause : null
}

/** Whether the filters let the company through. */
export function isCompanyWanted({ types, sicCodes, postcodes }: CompanyFilters, company: FilteredFacts): boolean {
  if (types && !types.includes(company.type ?? '')) return false
  if (sicCodes && !(company.sic_codes ?? '').split(',').some((code) => sicCodes.includes(code))) return false
  return !postcodes || postcodes.some((wanted) => postcodeTest(wanted)?.(company.postal_code))
}

function changedTo(
  value: string,
  column: Trigger['column'],
  before: KnownCompany | undefined,
  company: SearchedFacts,
): boolean {
  return company[column] === value && before?.[column] !== value
}

function ageInDays({ date_of_creation }: SearchedFacts, day: string): number {
  if (date_of_creation === null) return Number.POSITIVE_INFINITY
  return (Date.parse(day) - Date.parse(date_of_creation)) / DAY_MS
}
