import type { companies } from './schema.ts'

type Company = typeof companies.$inferSelect

/** What the register file, a search result and a profile all tell. Statements bind their values in the order of these lists. */
const TOLD = [
  'company_name',
  'company_status',
  'type',
  'subtype',
  'date_of_creation',
  'date_of_cessation',
  'sic_codes',
  'care_of',
  'po_box',
  'address_line_1',
  'address_line_2',
  'locality',
  'region',
  'country',
  'postal_code',
] as const

/** Columns of `companies` that the register file fills; its address knows no premises. */
export const REGISTER_COLUMNS = ['company_number', ...TOLD, 'company_status_detail'] as const

/** Columns that a search result fills. */
export const SEARCH_COLUMNS = [...TOLD, 'premises'] as const

/** Columns that a profile fills, in a stream event or from REST. */
export const PROFILE_COLUMNS = [...TOLD, 'premises', 'company_status_detail', 'jurisdiction'] as const

/** Columns that say where all that comes from. */
export const ORIGIN_COLUMNS = ['source', 'fetched_at', 'run_id'] as const

/** What the register file tells about a company. */
export type CompanyFacts = Pick<Company, (typeof REGISTER_COLUMNS)[number]>

/** What a profile tells about a company; what it does not have is null. */
export type CompanyDetails = Pick<Company, 'company_number' | (typeof PROFILE_COLUMNS)[number]>
