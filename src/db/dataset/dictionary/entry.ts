// How a column is described, and the pieces that several tables share.
import { VERIFICATIONS } from '../../standing.ts'

/** What a delivery may hold: the public tables, and in a delta the list of what is gone. */
export type DeliveredTable =
  | 'companies'
  | 'officers'
  | 'persons_with_significant_control'
  | 'domains'
  | 'emails'
  | 'deletions'

/** How the text of a cell is to be read; the same in every format. */
export type ColumnType =
  | 'text'
  | 'identifier'
  | 'slug'
  | 'whole number'
  | 'date (YYYY-MM-DD)'
  | 'timestamp (ISO 8601, UTC)'
  | 'list of codes'
  | 'true or false'
  | 'JSON'

/** What a type is called where customers read it. */
export function typeInWords(type: ColumnType): string {
  return type === 'slug' ? 'code word' : type
}

export interface ColumnEntry {
  meaning: string
  type: ColumnType
  /** Who says so: a service and its own name for the value, or chpipe. */
  source: string
  /** Never empty. */
  required?: boolean
  /** All that it can be, where chpipe itself decides. */
  values?: readonly string[]
  /** Where the value stands in an item of the service, such as `date_of_birth.month`; absent where chpipe makes it. */
  member?: string
  example?: string | number
  /** Worked out when it is read, so no table has it: see `computed.ts`. */
  computed?: true
  /** The version of the schema that brought it. */
  since: number
}

export interface TableEntry {
  /** What one row is. */
  row: string
  key: string[]
  columns: Record<string, ColumnEntry>
}

export const CHPIPE = 'chpipe'
export const CH = 'Companies House'
export const SNOV = 'Snov.io'

/** The providers of domains and addresses, as rows and as people call them. */
export const PROVIDERS: Readonly<Record<string, string>> = { snov: SNOV }

type More = Partial<Omit<ColumnEntry, 'type' | 'source' | 'meaning'>>

/** Writes entries of one source: a function for each type. */
export function from(source: string) {
  const entry = (type: ColumnType) => (meaning: string, more: More) => ({ meaning, type, source, since: 1, ...more })
  return {
    text: entry('text'),
    id: entry('identifier'),
    slug: entry('slug'),
    whole: entry('whole number'),
    day: entry('date (YYYY-MM-DD)'),
    time: entry('timestamp (ISO 8601, UTC)'),
    codes: entry('list of codes'),
    truth: entry('true or false'),
    json: entry('JSON'),
  }
}

export const chpipe = from(CHPIPE)
export const profile = from(`${CH}: company profile, register file or stream`)
export const officer = from(`${CH}: officer list`)
export const register = from(`${CH}: register file`)
export const registerOrProfile = from(`${CH}: register file or company profile`)
export const profileOnly = from(`${CH}: company profile or stream`)
export const filedName = from(`${CHPIPE}, from the name as filed`)

export const NEW = { required: true }
export const WHEN = '2026-11-23T15:24:00.000Z'
const COMPANY_NUMBER =
  'Number of the company on the register: eight characters, leading zeros included; joins all tables'

export const companyNumber = (source: ReturnType<typeof from>) => ({
  company_number: source.id(COMPANY_NUMBER, { required: true, example: '00445790' }),
})

/** The address members under the API's own names; `whose` ends each sentence, `at` is where the service keeps them. */
export function address(
  whose: string,
  { text }: ReturnType<typeof from>,
  at: string,
  { prefix = '', since = 1 } = {},
): Record<string, ColumnEntry> {
  const line = (name: string, meaning: string, example?: string): [string, ColumnEntry] => [
    prefix + name,
    text(`${meaning} ${whose}`, { member: `${at}.${name}`, since, ...(example && !prefix ? { example } : {}) }),
  ]
  return Object.fromEntries([
    line('care_of', 'Person or firm that takes the post, in'),
    line('po_box', 'Post office box, in'),
    line('premises', 'House name or number where filed apart from the street, in', '8'),
    line('address_line_1', 'First line, most often number and street, of', 'HIGH STREET'),
    line('address_line_2', 'Second line of'),
    line('locality', 'Town or village of', 'LONDON'),
    line('region', 'County or region as filed, of'),
    line('country', 'Country as filed, in free text, of', 'ENGLAND'),
    line('postal_code', 'Postcode as filed, of', 'SE12 3UW'),
  ])
}

const runId = { run_id: chpipe.whole('Run of chpipe that wrote the row, for tracing', { ...NEW, example: 12 }) }

export function origin(what: string) {
  const sources =
    '`register-file` the monthly file, `search` advanced search, `rest` the API, `stream` the live stream, `bulk-195` and the like a bulk file'
  return {
    source: chpipe.slug(`Where the row came from: ${sources}`, { ...NEW, example: 'rest' }),
    fetched_at: chpipe.time(`When ${what} was read from its source; of a bulk file, its day`, {
      ...NEW,
      example: WHEN,
    }),
    ...runId,
  }
}

export function provider(what: string) {
  return { provider: chpipe.slug(`Service that named ${what}`, { ...NEW, example: 'snov' }) }
}

export function foundAt(what: string) {
  return { found_at: chpipe.time(`When ${what} was found`, { ...NEW, example: WHEN }), ...runId }
}

/** The version of the schema that brought everything that the register says. */
export const WHOLE = { since: 14 }

/** What is published about the verification of an identity for one role. */
export function verification(source: ReturnType<typeof from>): Record<string, ColumnEntry> {
  const at = (member: string) => ({ ...WHOLE, member: `identity_verification_details.${member}` })
  return {
    appointment_verification_start_on: source.day(
      'First day on which the person is verified for this role',
      at('appointment_verification_start_on'),
    ),
    appointment_verification_end_on: source.day(
      'Day on which that ends; `9999-12-31` while it stands',
      at('appointment_verification_end_on'),
    ),
    appointment_verification_statement_due_on: source.day(
      'Day by which a statement of verification is due',
      at('appointment_verification_statement_due_on'),
    ),
    identity_verified_on: source.day(
      'Day on which a provider verified the identity; alone it verifies nobody for a role',
      at('identity_verified_on'),
    ),
    authorised_corporate_service_provider_name: source.text(
      'Provider that verified the identity; empty where Companies House did',
      at('authorised_corporate_service_provider_name'),
    ),
    anti_money_laundering_supervisory_bodies: source.json(
      'Bodies that supervise that provider',
      at('anti_money_laundering_supervisory_bodies'),
    ),
    preferred_name: source.text('Name that the verified person prefers', at('preferred_name')),
  }
}

/** How a verification stands on the day of reading. */
export const identityVerification: Record<string, ColumnEntry> = {
  identity_verification: chpipe.slug(
    'How the verification for this role stood on the day of reading: `verified`, `due` (a statement must come, and has time), `overdue`, `ended`, or `none` (nothing is published, or nothing that can be read)',
    { ...WHOLE, required: true, computed: true, values: VERIFICATIONS, example: 'verified' },
  ),
}
