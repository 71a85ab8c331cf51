// Who tells which columns of a company, and what becomes of what others told. The register file knows charges by number
// and partners, a profile knows insolvency and dispute, an event of the stream is a profile without what the register works
// out when it is asked (facts 3.5): so a source that lacks a value never takes it away from another.

import { ADDRESS_COLUMNS } from '../address.ts'
import type { companies } from '../schema.ts'

type Company = typeof companies.$inferSelect
type Value = string | number | null

/** Columns of a company by name, as far as somebody tells them. */
export type Told = Readonly<Record<string, Value | undefined>>

/** Where facts of a company come from, by the letter that stands for it in `company_tellers`. */
const LETTERS: Record<string, Letter> = { 'register-file': 'f', rest: 'p', stream: 's', search: 'q' }

type Letter = 'f' | 'p' | 's' | 'q'

/**
 * Whose words a source takes back where it does not repeat them: its own, and a profile those of events and searches too,
 * which show a part of it.
 */
const TAKES_BACK: Record<Letter, string> = { f: 'f', p: 'psq', s: 'sq', q: 'q' }

// The dictionary says the same under `source`; a test compares them.

/** What only the register file tells. */
const ONLY_IN_FILE = [
  'country_of_origin',
  'charges_count',
  'charges_outstanding_count',
  'charges_part_satisfied_count',
  'charges_satisfied_count',
  'general_partners_count',
  'limited_partners_count',
  'uri',
] as const

/** What the register file and a profile tell. */
const IN_BOTH = [
  'company_name',
  'company_status',
  'company_status_detail',
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
  'accounts_accounting_reference_date_day',
  'accounts_accounting_reference_date_month',
  'accounts_next_due',
  'accounts_last_accounts_made_up_to',
  'accounts_last_accounts_type',
  'confirmation_statement_next_due',
  'confirmation_statement_last_made_up_to',
  'annual_return_next_due',
  'annual_return_last_made_up_to',
  'previous_company_names',
] as const

/** What only a profile tells, from REST or in an event. */
const ONLY_IN_PROFILE = [
  'jurisdiction',
  'premises',
  'accounts_next_made_up_to',
  'accounts_overdue',
  'accounts_last_accounts_period_start_on',
  'accounts_last_accounts_period_end_on',
  'accounts_next_accounts_due_on',
  'accounts_next_accounts_overdue',
  'accounts_next_accounts_period_start_on',
  'accounts_next_accounts_period_end_on',
  'confirmation_statement_next_made_up_to',
  'confirmation_statement_overdue',
  'annual_return_next_made_up_to',
  'annual_return_overdue',
  'has_charges',
  'has_insolvency_history',
  'has_been_liquidated',
  'has_super_secure_pscs',
  'registered_office_is_in_dispute',
  'undeliverable_registered_office_address',
  'is_community_interest_company',
  'can_file',
  'partial_data_available',
  'external_registration_number',
  'last_full_members_list_date',
  'term',
  'service_address',
  'branch_company_details',
  'foreign_company_details',
  'corporate_annotation',
  'etag',
] as const

/** Columns of `companies` that the register file fills. */
export const REGISTER_COLUMNS = ['company_number', ...IN_BOTH, ...ONLY_IN_FILE] as const

/** Columns that a profile fills. */
export const PROFILE_COLUMNS = ['company_number', ...IN_BOTH, ...ONLY_IN_PROFILE] as const

/** Every column that somebody outside tells, but for the key. */
export const TOLD_COLUMNS = [...IN_BOTH, ...ONLY_IN_FILE, ...ONLY_IN_PROFILE] as const

/** Those of them that a profile tells. */
export const TOLD_BY_PROFILE = [...IN_BOTH, ...ONLY_IN_PROFILE] as const

/** What the register file says about a company. */
export type CompanyFacts = Pick<Company, (typeof REGISTER_COLUMNS)[number]>

/** What a profile says about a company; what it does not have is null. */
export type CompanyDetails = Pick<Company, (typeof PROFILE_COLUMNS)[number]>

const STATUS = ['company_status', 'company_status_detail', 'date_of_cessation']

/** Columns that a search result fills. */
const SEARCH_COLUMNS = [
  'company_name',
  'company_status',
  'type',
  'subtype',
  'date_of_creation',
  'date_of_cessation',
  'sic_codes',
  ...ADDRESS_COLUMNS,
]

const TELLS: Record<Letter, ReadonlySet<string>> = {
  f: new Set(REGISTER_COLUMNS),
  p: new Set(PROFILE_COLUMNS),
  s: new Set(PROFILE_COLUMNS),
  q: new Set(SEARCH_COLUMNS),
}

/** Columns that are told together: who tells one of them tells all. */
const TOGETHER: readonly (readonly string[])[] = [
  STATUS,
  ADDRESS_COLUMNS,
  ['accounts_accounting_reference_date_day', 'accounts_accounting_reference_date_month'],
]

interface Group {
  /** Its first column. */
  name: string
  columns: readonly string[]
}

const groups: readonly Group[] = TOLD_COLUMNS.flatMap((column): Group[] => {
  const together = TOGETHER.find((columns) => columns.includes(column)) ?? [column]
  return together[0] === column ? [{ name: column, columns: together }] : []
})

const canTell = (letter: Letter, { columns }: Group) => columns.some((column) => TELLS[letter].has(column))

/** A company as it is stored, with who told what. */
export type StoredCompany = Told & Pick<Company, 'source'> & { told_by: string | null }

export interface Merged {
  /** The value of each of `TOLD_COLUMNS`. */
  values: Record<string, Value>
  /** For `company_tellers`; null when all is as `source` says. */
  toldBy: string | null
}

/**
 * What is known of a company once `source` has told this of it. What it can tell and does not is null or absent; of
 * `unfilled` columns it says nothing this time.
 */
export function mergeTold(stored: StoredCompany, told: Told, source: string, unfilled?: ReadonlySet<string>): Merged {
  const letter = letterOf(source)
  const values: Record<string, Value> = {}
  if (stored.source === source && stored.told_by === null && letter !== 'q' && !unfilled?.size) {
    // Nobody else has told what this source tells.
    const tells = TELLS[letter]
    for (const column of TOLD_COLUMNS) values[column] = (tells.has(column) ? told[column] : stored[column]) ?? null
    return { values, toldBy: null }
  }
  const owners = ownersOf(stored)
  for (const group of groups) {
    const { name, columns } = group
    const tells = canTell(letter, group) && !columns.every((column) => unfilled?.has(column))
    const says = tells && columns.some((column) => (told[column] ?? null) !== null)
    const keeps = !says && !(tells && TAKES_BACK[letter].includes(owners.get(name) ?? letter))
    for (const column of columns) values[column] = (keeps ? stored[column] : says ? told[column] : null) ?? null
    if (!keeps) owners.set(name, letter)
  }
  if (letter === 'q') keepDetail(values, stored)
  if (letter === 'f') keepBeginnings(values, stored)
  return { values, toldBy: encodeOwners(owners, values, source) }
}

/**
 * Whether a profile from `source`, in an event or from REST, takes the place of all that a profile can tell of the company:
 * nobody else has told any of it. `mergeTold` comes to the same.
 */
export function isReplacedByProfile(stored: Pick<StoredCompany, 'source' | 'told_by'>, source: string): boolean {
  return stored.source === source && stored.told_by === null && 'ps'.includes(letterOf(source))
}

/** Who told what, for `company_tellers`, once the row says `source`, although that told no column. */
export function toldByUnder(stored: StoredCompany, source: string): string | null {
  return encodeOwners(ownersOf(stored), stored, source)
}

/** A search tells the status without its detail, which belongs to the status. */
function keepDetail(values: Record<string, Value>, stored: StoredCompany): void {
  if (values.company_status === (stored.company_status ?? null))
    values.company_status_detail = stored.company_status_detail ?? null
}

/** The file says when a name ended and not when it began: the same names from a profile say more. */
function keepBeginnings(values: Record<string, Value>, { previous_company_names: stored }: StoredCompany): void {
  const named = namesAndEnds(values.previous_company_names)
  if (named !== null && named === namesAndEnds(stored)) values.previous_company_names = stored ?? null
}

function namesAndEnds(json: Value | undefined): string | null {
  if (typeof json !== 'string') return null
  const names: unknown = JSON.parse(json)
  if (!Array.isArray(names)) return null
  return JSON.stringify(names.map((one) => [Object(one).name, Object(one).ceased_on]))
}

function letterOf(source: string): Letter {
  return LETTERS[source] ?? 's'
}

/** Stands for all that the row's own source cannot tell. */
const OTHERS = '*'

/** Who told each group of columns. */
function ownersOf({ source, told_by }: StoredCompany): Map<string, Letter> {
  const own = letterOf(source)
  const named = new Map((told_by ?? '').split(',').map((one) => one.split('=') as [string, Letter]))
  const others = named.get(OTHERS) ?? own
  return new Map(
    groups.map((group): [string, Letter] => {
      const usual = canTell(own, group) ? own : others
      const owner = named.get(group.name) ?? usual
      return [group.name, canTell(owner, group) ? owner : own === 'f' ? 'p' : 'f']
    }),
  )
}

/** Names only who is not the usual one: `*=s,can_file=p`. */
function encodeOwners(owners: Map<string, Letter>, values: Told, source: string): string | null {
  const own = letterOf(source)
  const held = groups.filter(({ columns }) => columns.some((column) => (values[column] ?? null) !== null))
  const foreign = held.filter((group) => !canTell(own, group)).map(({ name }) => owners.get(name))
  const others = own === 'f' && foreign.length > 0 ? (foreign[0] ?? own) : own
  const named = held.flatMap((group) => {
    const owner = owners.get(group.name) ?? own
    return owner === (canTell(own, group) ? own : others) || isOnlyTeller(group) ? [] : [`${group.name}=${owner}`]
  })
  return [...(others === own ? [] : [`${OTHERS}=${others}`]), ...named].join(',') || null
}

/** Only the file tells it, so that nobody else can have. */
function isOnlyTeller(group: Group): boolean {
  return !canTell('p', group)
}
