// The public columns, each written once: what it means, how to read it, who says so. The schema is checked against this
// page; export order, cell kinds, drift, the API's schema, `data-dictionary.csv` and the report follow from it.

/** What a delivery may hold: the public tables, and in a delta the list of what is gone. */
export type DeliveredTable = 'companies' | 'officers' | 'domains' | 'emails' | 'deletions'

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
  /** The version of the schema that brought it. */
  since: number
}

export interface TableEntry {
  /** What one row is. */
  row: string
  key: string[]
  columns: Record<string, ColumnEntry>
}

const CHPIPE = 'chpipe'
const CH = 'Companies House'
const SNOV = 'Snov.io'

/** The providers of domains and addresses, as rows and as people call them. */
export const PROVIDERS: Readonly<Record<string, string>> = { snov: SNOV }

type More = Partial<Omit<ColumnEntry, 'type' | 'source' | 'meaning'>>

/** Writes entries of one source: a function for each type. */
function from(source: string) {
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

const chpipe = from(CHPIPE)
const profile = from(`${CH}: company profile, register file or stream`)
const officer = from(`${CH}: officer list`)
const register = from(`${CH}: register file`)
const registerOrProfile = from(`${CH}: register file or company profile`)
const profileOnly = from(`${CH}: company profile or stream`)
const filedName = from(`${CHPIPE}, from the name as filed`)

const NEW = { required: true }
const WHEN = '2026-11-23T15:24:00.000Z'
const COMPANY_NUMBER =
  'Number of the company on the register: eight characters, leading zeros included; joins all tables'

const companyNumber = (source: ReturnType<typeof from>) => ({
  company_number: source.id(COMPANY_NUMBER, { required: true, example: '00445790' }),
})

/** The address members under the API's own names; `whose` ends each sentence, `at` is where the service keeps them. */
function address(
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

function origin(what: string) {
  const sources = '`register-file` the monthly file, `search` advanced search, `rest` the API, `stream` the live stream'
  return {
    source: chpipe.slug(`Where the row came from: ${sources}`, { ...NEW, example: 'rest' }),
    fetched_at: chpipe.time(`When ${what} was read from its source`, { ...NEW, example: WHEN }),
    ...runId,
  }
}

function provider(what: string) {
  return { provider: chpipe.slug(`Service that named ${what}`, { ...NEW, example: 'snov' }) }
}

function foundAt(what: string) {
  return { found_at: chpipe.time(`When ${what} was found`, { ...NEW, example: WHEN }), ...runId }
}

/** The version of the schema that brought everything that the register says. */
const WHOLE = { since: 14 }

/** What is published about the verification of an identity for one role. */
function verification(source: ReturnType<typeof from>): Record<string, ColumnEntry> {
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

/** What is due when, in the register's words; the profile has it under the same names, one below the other. */
const filings: Record<string, ColumnEntry> = {
  country_of_origin: register.text('Country in which the company was formed, in words', {
    ...WHOLE,
    example: 'United Kingdom',
  }),
  accounts_accounting_reference_date_day: registerOrProfile.whole('Day of the month on which its year ends', {
    ...WHOLE,
    example: 31,
  }),
  accounts_accounting_reference_date_month: registerOrProfile.whole('Month in which its year ends', {
    ...WHOLE,
    example: 3,
  }),
  accounts_next_due: registerOrProfile.day('Day by which the next accounts must be filed', WHOLE),
  accounts_next_made_up_to: profileOnly.day('Day to which the next accounts are made up', WHOLE),
  accounts_overdue: profileOnly.truth('Accounts were overdue when the profile was read', WHOLE),
  accounts_last_accounts_made_up_to: registerOrProfile.day('Day to which the last accounts were made up', WHOLE),
  accounts_last_accounts_type: registerOrProfile.slug(
    'Category of the last accounts, such as `micro-entity`, `full`, `dormant`',
    { ...WHOLE, example: 'micro-entity' },
  ),
  accounts_last_accounts_period_start_on: profileOnly.day('First day of the last accounts', WHOLE),
  accounts_last_accounts_period_end_on: profileOnly.day('Last day of the last accounts', WHOLE),
  accounts_next_accounts_due_on: profileOnly.day(
    'Day by which the next accounts must be filed, by their period',
    WHOLE,
  ),
  accounts_next_accounts_overdue: profileOnly.truth('The next accounts were overdue when the profile was read', WHOLE),
  accounts_next_accounts_period_start_on: profileOnly.day('First day of the next accounts', WHOLE),
  accounts_next_accounts_period_end_on: profileOnly.day('Last day of the next accounts', WHOLE),
  confirmation_statement_next_due: registerOrProfile.day('Day by which the next statement must be filed', WHOLE),
  confirmation_statement_last_made_up_to: registerOrProfile.day('Day to which the last statement was made up', WHOLE),
  confirmation_statement_next_made_up_to: profileOnly.day('Day to which the next statement is made up', WHOLE),
  confirmation_statement_overdue: profileOnly.truth('The statement was overdue when the profile was read', WHOLE),
  annual_return_next_due: registerOrProfile.day('The same of the annual return, which the statement replaced', WHOLE),
  annual_return_last_made_up_to: registerOrProfile.day('Day to which the last annual return was made up', WHOLE),
  annual_return_next_made_up_to: profileOnly.day('Day to which the next annual return is made up', WHOLE),
  annual_return_overdue: profileOnly.truth('The annual return was overdue when the profile was read', WHOLE),
  charges_count: register.whole('Charges (mortgages) registered against it', { ...WHOLE, example: 1 }),
  charges_outstanding_count: register.whole('Of these, outstanding', { ...WHOLE, example: 1 }),
  charges_part_satisfied_count: register.whole('Of these, partly satisfied', { ...WHOLE, example: 0 }),
  charges_satisfied_count: register.whole('Of these, satisfied', { ...WHOLE, example: 0 }),
  general_partners_count: register.whole('General partners of a limited partnership', { ...WHOLE, example: 0 }),
  limited_partners_count: register.whole('Limited partners of a limited partnership', { ...WHOLE, example: 0 }),
  previous_company_names: registerOrProfile.json(
    'Earlier names, the latest first: `name`, `effective_from`, and `ceased_on`, the day on which the name ended',
    { ...WHOLE, example: '[{"name":"HAWTHORN LIMITED","ceased_on":"2014-02-03"}]' },
  ),
  uri: register.id('Address of the company on the web of linked data', WHOLE),
}

const profileMembers: Record<string, ColumnEntry> = {
  has_charges: profileOnly.truth('Charges are, or were, registered against it', WHOLE),
  has_insolvency_history: profileOnly.truth('It is, or was, insolvent', WHOLE),
  has_been_liquidated: profileOnly.truth('It was liquidated', WHOLE),
  has_super_secure_pscs: profileOnly.truth('A person with significant control is withheld by law', WHOLE),
  registered_office_is_in_dispute: profileOnly.truth('Somebody disputes its registered office', WHOLE),
  undeliverable_registered_office_address: profileOnly.truth('Post to its registered office comes back', WHOLE),
  is_community_interest_company: profileOnly.truth('It is a community interest company', WHOLE),
  can_file: profileOnly.truth('It can file online', WHOLE),
  partial_data_available: profileOnly.slug('Who holds the rest where the register holds only a part', WHOLE),
  external_registration_number: profileOnly.id('Its number at another registrar', WHOLE),
  last_full_members_list_date: profileOnly.day('Day of the last full list of members', WHOLE),
  term: profileOnly.text('How long a partnership is to last, as filed', WHOLE),
  service_address: profileOnly.json('Address for service of an overseas company, in the members of an address', WHOLE),
  branch_company_details: profileOnly.json('Of a UK establishment: business, parent company and its number', WHOLE),
  foreign_company_details: profileOnly.json('Of an overseas company: its home register, law, form and accounts', WHOLE),
  corporate_annotation: profileOnly.json('Remarks of the registrar: `type`, `description`, `created_on`', WHOLE),
  etag: profileOnly.id('Version of the profile; changes with every edit at the register', WHOLE),
}

const companies: TableEntry = {
  row: 'One company on the register.',
  key: ['company_number'],
  columns: {
    ...companyNumber(profile),
    company_name: profile.text('Registered name', { required: true, example: 'HAWTHORN SOFTWARE LIMITED' }),
    company_status: profile.slug(
      'Status, such as `active`, `dissolved`, `liquidation`; empty for some kinds, and while it is not known',
      { example: 'active' },
    ),
    company_status_detail: profile.slug('More about the status, such as `active-proposal-to-strike-off`', {}),
    type: profile.slug('Legal form, such as `ltd`, `plc`, `llp`, `private-limited-guarant-nsc`', { example: 'ltd' }),
    subtype: profile.slug(
      'Such as `community-interest-company`, `private-fund-limited-partnership`, `slp`, `pflp`, `spflp`; mostly empty',
      {},
    ),
    jurisdiction: profile.slug('Register that it belongs to, such as `england-wales`, `scotland`', {
      example: 'england-wales',
    }),
    date_of_creation: profile.day('Day of incorporation or registration', { example: '2011-08-01' }),
    date_of_cessation: profile.day('Day on which it was dissolved or closed', {}),
    sic_codes: profile.codes(
      'Up to four codes: SIC 2007 with five digits, or SIC 2003 with four; joined by commas, an array in JSON',
      { example: '62012' },
    ),
    ...address('the registered office', profile, 'registered_office_address'),
    officers_state: chpipe.slug(
      'Its officer list: `complete`, `none` (read, and empty), `stale` (was complete, may have changed), `pending` or `failed`',
      {
        required: true,
        values: ['pending', 'complete', 'none', 'failed', 'stale'],
      },
    ),
    officers_count: chpipe.whole('Appointments of this company in this export, resigned ones included', {
      required: true,
      example: 3,
    }),
    officers_fetched_at: chpipe.time('When its officer list was read as a whole', { example: WHEN }),
    ...origin('the company'),
    first_seen_at: chpipe.time('When chpipe first learnt of the company', { required: true, example: WHEN }),
    deleted_at: chpipe.time('When the register said that it was removed; empty while it is there', {}),
    ...filings,
    ...profileMembers,
    pscs_state: chpipe.slug(
      'Its persons with significant control: `complete`, `none` (read, and none recorded) or `pending` (not read)',
      { ...WHOLE, required: true, values: ['pending', 'complete', 'none'] },
    ),
    pscs_fetched_at: chpipe.time('When they were read as a whole', { ...WHOLE, example: WHEN }),
  },
}

const officers: TableEntry = {
  row: 'One appointment: a person or a body in one role at one company. Resigned ones are included.',
  key: ['company_number', 'appointment_id'],
  columns: {
    ...companyNumber(officer),
    appointment_id: officer.id(
      'Names the appointment within the company; last part of `links.self`, may begin with `-`',
      { required: true, example: 'aBcDeFgHiJkLmNoPqRsTuVwXyZ0' },
    ),
    officer_id: officer.id('Names the officer across companies; one person may have several', {}),
    person_number: officer.id('Number in the bulk products: eight digits for the person, four for the variant', {
      member: 'person_number',
    }),
    name: officer.text('Name as filed: `SURNAME, Forename Middle, Title`, or the name of a body', {
      member: 'name',
      example: 'SMITH, Jane Anne',
    }),
    title: filedName.text('Title, where one was filed; a peer may have no forename', {}),
    forenames: filedName.text('Forenames of a person; none of a body, whatever its role', { example: 'Jane Anne' }),
    surname: filedName.text('Surname of a person', { example: 'SMITH' }),
    officer_role: officer.slug(
      'Role, such as `director`, `secretary`, `llp-designated-member`, `corporate-secretary`',
      { member: 'officer_role', example: 'director' },
    ),
    appointed_on: officer.day('First day in the role', { member: 'appointed_on', example: '2012-01-31' }),
    appointed_before: officer.day('Given instead where the first day was before 1992 and is not known', {
      member: 'appointed_before',
    }),
    resigned_on: officer.day(
      'Last day in the role; empty while it is held, and for the last officers of a dissolved company',
      { member: 'resigned_on' },
    ),
    date_of_birth_month: officer.whole('Month of birth, 1 to 12; the register does not publish the day', {
      member: 'date_of_birth.month',
      example: 4,
    }),
    date_of_birth_year: officer.whole('Year of birth', { member: 'date_of_birth.year', example: 1970 }),
    nationality: officer.text('Nationality as filed', { member: 'nationality', example: 'British' }),
    country_of_residence: officer.text('Country in which the person usually lives, as filed', {
      member: 'country_of_residence',
      example: 'England',
    }),
    occupation: officer.text('Occupation as filed', { member: 'occupation', example: 'Engineer' }),
    ...address('the address for correspondence', officer, 'address'),
    identification_type: officer.slug(
      'Of a body: what register it is on, such as `uk-limited-company`, `eea`, `non-eea`',
      { member: 'identification.identification_type' },
    ),
    legal_authority: officer.text('Of a body: the law that governs it', { member: 'identification.legal_authority' }),
    legal_form: officer.text('Of a body: its legal form', { member: 'identification.legal_form' }),
    place_registered: officer.text('Of a body: where it is registered', { member: 'identification.place_registered' }),
    register_location: officer.text('Of a body: the country of that register', {
      member: 'identification.register_location',
    }),
    registration_number: officer.text('Of a body: its number there, as typed', {
      member: 'identification.registration_number',
    }),
    ...origin('the officer list'),
    is_pre_1992_appointment: officer.truth('The first day in the role was before 1992', {
      ...WHOLE,
      member: 'is_pre_1992_appointment',
    }),
    former_names: officer.json('Earlier names of the person: `forenames`, `surname`', {
      ...WHOLE,
      member: 'former_names',
      example: '[{"forenames":"Jane","surname":"Rowan"}]',
    }),
    ...address('the principal office of a body or partner', officer, 'principal_office_address', {
      prefix: 'principal_office_address_',
      ...WHOLE,
    }),
    responsibilities: officer.text('What a managing officer is responsible for, as filed', {
      ...WHOLE,
      member: 'responsibilities',
    }),
    contact_name: officer.text('Whom to contact at a corporate managing officer', {
      ...WHOLE,
      member: 'contact_details.contact_name',
    }),
    contribution_currency_type: officer.slug('Currency of what a limited partner contributed, such as `GBP`', {
      ...WHOLE,
      member: 'contribution_currency_type',
    }),
    contribution_currency_value: officer.text('Amount of it, as filed', {
      ...WHOLE,
      member: 'contribution_currency_value',
    }),
    contribution_sub_types: officer.codes('What it consists of: `money`, `shares`, `services-or-goods` and others', {
      ...WHOLE,
      member: 'contribution_sub_types',
    }),
    ...verification(officer),
    etag: officer.id('Version of the appointment; changes with every edit at the register', {
      ...WHOLE,
      member: 'etag',
    }),
  },
}

const domains: TableEntry = {
  row: 'One internet domain that probably belongs to the company.',
  key: ['company_number', 'domain'],
  columns: {
    ...companyNumber(chpipe),
    domain: from(`${SNOV}: domain by company name`).text('Domain without `www.`, in lower case', {
      required: true,
      example: 'hawthornsoftware.example',
    }),
    ...provider('the domain'),
    confidence: chpipe.whole('How well the domain fits the company name, 0 to 100; a rule of thumb, no proof', {
      example: 92,
    }),
    state: chpipe.slug(
      '`found`; `unlikely` when it fits the name too little to buy addresses there; `catch-all` when it takes mail for everybody',
      { required: true, example: 'found' },
    ),
    ...foundAt('the domain'),
  },
}

const emails: TableEntry = {
  row: 'One e-mail address of one officer at one of the domains.',
  key: ['company_number', 'appointment_id', 'email'],
  columns: {
    ...companyNumber(chpipe),
    appointment_id: chpipe.id('The appointment that it belongs to, as in the officers', { required: true }),
    email: from(`${SNOV}: e-mail by name and domain`).text('Address; personal data', {
      required: true,
      example: 'jane.smith@hawthornsoftware.example',
    }),
    status: from(`${SNOV}: smtp_status`).slug(
      '`valid` when the mail server confirmed it, `unknown` when it would not say',
      { example: 'valid' },
    ),
    status_reason: from(`${SNOV}: unknown_status_reason`).slug('Why it is unknown, such as `catchall`', {}),
    ...provider('the address'),
    ...foundAt('the address'),
  },
}

const deletions: TableEntry = {
  row: 'One thing that is gone since the earlier delivery. Only deltas hold this table.',
  key: ['table', 'company_number', 'key'],
  columns: {
    table: chpipe.slug('The table that the row was in', NEW),
    ...companyNumber(chpipe),
    key: chpipe.id(
      'The row within its company: an `appointment_id`, a domain or an e-mail. Empty: all rows of the company in that table, and for `companies` the company with all that is its own',
      NEW,
    ),
    deleted_at: chpipe.time('When it went', NEW),
  },
}

/** Every column that a delivery may hold, by table, in the order in which every export writes them. */
export const dataDictionary: Record<DeliveredTable, TableEntry> = { companies, officers, domains, emails, deletions }

/** A column that holds what a service files, and where an item of the service has it. */
export interface FiledColumn {
  column: string
  member: string
  type: ColumnType
}

/** The columns of a table that hold what the service files. */
export function filedColumns({ columns }: TableEntry): FiledColumn[] {
  return Object.entries(columns).flatMap(([column, { member, type }]) =>
    member === undefined ? [] : [{ column, member, type }],
  )
}

/** A value as its column holds it: truth as 1 or 0, lists and objects as JSON. */
function stored(type: ColumnType, value: unknown): unknown {
  if (type === 'true or false') return typeof value === 'boolean' ? Number(value) : value
  if (type === 'JSON') return value === null || value === undefined ? value : JSON.stringify(value)
  return value
}

/** What an item of the service says, under the columns for it; undefined where a part of a path is absent. */
export function filedValues(item: object, filed: readonly FiledColumn[]): Record<string, unknown> {
  return Object.fromEntries(
    filed.map(({ column, member, type }) => [
      column,
      stored(
        type,
        member.split('.').reduce<unknown>((at, name) => (Object(at) as Record<string, unknown>)[name], item),
      ),
    ]),
  )
}

/** The officers' columns that hold what the register files. */
export const officersFiled = filedColumns(officers)
