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
  }
}

const chpipe = from(CHPIPE)
const profile = from(`${CH}: company profile, register file or stream`)
const officer = from(`${CH}: officer list`)
const filedName = from(`${CHPIPE}, from the name as filed`)

const NEW = { required: true }
const WHEN = '2026-11-23T15:24:00.000Z'
const COMPANY_NUMBER =
  'Number of the company on the register: eight characters, leading zeros included; joins all tables'

const companyNumber = (source: ReturnType<typeof from>) => ({
  company_number: source.id(COMPANY_NUMBER, { required: true, example: '00445790' }),
})

/** The address members under the API's own names; `whose` ends each sentence, `at` is where the service keeps them. */
function address(whose: string, { text }: ReturnType<typeof from>, at: string): Record<string, ColumnEntry> {
  const line = (name: string, meaning: string, example?: string): [string, ColumnEntry] => [
    name,
    text(`${meaning} ${whose}`, { member: `${at}.${name}`, ...(example ? { example } : {}) }),
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
    officers_state: chpipe.slug('Its officer list: `complete`, `none` (read, and empty), `pending` or `failed`', {
      required: true,
      values: ['pending', 'complete', 'none', 'failed'],
    }),
    officers_count: chpipe.whole('Appointments of this company in this export, resigned ones included', {
      required: true,
      example: 3,
    }),
    officers_fetched_at: chpipe.time('When its officer list was read as a whole', { example: WHEN }),
    ...origin('the company'),
    first_seen_at: chpipe.time('When chpipe first learnt of the company', { required: true, example: WHEN }),
    deleted_at: chpipe.time('When the register said that it was removed; empty while it is there', {}),
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
}

/** The columns of a table that hold what the service files. */
export function filedColumns({ columns }: TableEntry): FiledColumn[] {
  return Object.entries(columns).flatMap(([column, { member }]) => (member === undefined ? [] : [{ column, member }]))
}

/** What an item of the service says, under the columns for it; undefined where a part of a path is absent. */
export function filedValues(item: object, filed: readonly FiledColumn[]): Record<string, unknown> {
  return Object.fromEntries(
    filed.map(({ column, member }) => [
      column,
      member.split('.').reduce<unknown>((at, name) => (Object(at) as Record<string, unknown>)[name], item),
    ]),
  )
}

/** The officers' columns that hold what the register files. */
export const officersFiled = filedColumns(officers)
