// What every column means, for whoever receives the data. One place for all: `data-dictionary.csv` and the report read it.
import type { Column, DeliveredTable } from '../../db/dataset/columns.ts'
import { csvHeader, csvLines, LINE_END } from './formats/csv.ts'

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
}

export interface TableEntry {
  /** What one row is. */
  row: string
  key: string[]
  columns: Record<string, ColumnEntry>
}

const CH = 'Companies House'
const PROFILE = `${CH}: company profile, register file or stream`
const OFFICER = `${CH}: officer list`
const SNOV = 'Snov.io'
const CHPIPE = 'chpipe'

function entry(type: ColumnType, source: string, meaning: string): ColumnEntry {
  return { meaning, type, source }
}

const COMPANY_NUMBER =
  'Number of the company on the register: eight characters, leading zeros included; joins all tables'

/** The address members under the API's own names; `whose` ends each sentence. */
function address(whose: string, source: string): Record<string, ColumnEntry> {
  return {
    care_of: entry('text', source, `Person or firm that takes the post, in ${whose}`),
    po_box: entry('text', source, `Post office box, in ${whose}`),
    premises: entry('text', source, `House name or number where filed apart from the street, in ${whose}`),
    address_line_1: entry('text', source, `First line, most often number and street, of ${whose}`),
    address_line_2: entry('text', source, `Second line of ${whose}`),
    locality: entry('text', source, `Town or village of ${whose}`),
    region: entry('text', source, `County or region as filed, of ${whose}`),
    country: entry('text', source, `Country as filed, in free text, of ${whose}`),
    postal_code: entry('text', source, `Postcode as filed, of ${whose}`),
  }
}

function origin(what: string, words: string): Record<string, ColumnEntry> {
  return {
    source: entry('slug', CHPIPE, `Where the row came from: ${words}`),
    fetched_at: entry('timestamp (ISO 8601, UTC)', CHPIPE, `When ${what} was read from its source`),
    run_id: entry('whole number', CHPIPE, 'Run of chpipe that wrote the row, for tracing'),
  }
}

function provider(what: string): Record<string, ColumnEntry> {
  return { provider: entry('slug', CHPIPE, `Service that named ${what}`) }
}

function foundAt(what: string): Record<string, ColumnEntry> {
  return {
    found_at: entry('timestamp (ISO 8601, UTC)', CHPIPE, `When ${what} was found`),
    run_id: entry('whole number', CHPIPE, 'Run of chpipe that wrote the row, for tracing'),
  }
}

const SOURCES = '`register-file` the monthly file, `search` advanced search, `rest` the API, `stream` the live stream'

const companies: TableEntry = {
  row: 'One company on the register.',
  key: ['company_number'],
  columns: {
    company_number: entry('identifier', PROFILE, COMPANY_NUMBER),
    company_name: entry('text', PROFILE, 'Registered name'),
    company_status: entry(
      'slug',
      PROFILE,
      'Status, such as `active`, `dissolved`, `liquidation`; empty for some kinds, and while it is not known',
    ),
    company_status_detail: entry('slug', PROFILE, 'More about the status, such as `active-proposal-to-strike-off`'),
    type: entry('slug', PROFILE, 'Legal form, such as `ltd`, `plc`, `llp`, `private-limited-guarant-nsc`'),
    subtype: entry(
      'slug',
      PROFILE,
      'Such as `community-interest-company`, `private-fund-limited-partnership`, `slp`, `pflp`, `spflp`; mostly empty',
    ),
    jurisdiction: entry('slug', PROFILE, 'Register that it belongs to, such as `england-wales`, `scotland`'),
    date_of_creation: entry('date (YYYY-MM-DD)', PROFILE, 'Day of incorporation or registration'),
    date_of_cessation: entry('date (YYYY-MM-DD)', PROFILE, 'Day on which it was dissolved or closed'),
    sic_codes: entry(
      'list of codes',
      PROFILE,
      'Up to four codes: SIC 2007 with five digits, or SIC 2003 with four; joined by commas, an array in JSON',
    ),
    ...address('the registered office', PROFILE),
    officers_state: entry(
      'slug',
      CHPIPE,
      'Its officer list: `complete`, `none` (read, and empty), `pending` or `failed`',
    ),
    officers_count: entry(
      'whole number',
      CHPIPE,
      'Appointments of this company in this export, resigned ones included',
    ),
    officers_fetched_at: entry('timestamp (ISO 8601, UTC)', CHPIPE, 'When its officer list was read as a whole'),
    ...origin('the company', SOURCES),
    first_seen_at: entry('timestamp (ISO 8601, UTC)', CHPIPE, 'When chpipe first learnt of the company'),
    deleted_at: entry(
      'timestamp (ISO 8601, UTC)',
      CHPIPE,
      'When the register told that it was removed; empty while it is there',
    ),
  },
}

const officers: TableEntry = {
  row: 'One appointment: a person or a body in one role at one company. Resigned ones are included.',
  key: ['company_number', 'appointment_id'],
  columns: {
    company_number: entry('identifier', OFFICER, COMPANY_NUMBER),
    appointment_id: entry(
      'identifier',
      OFFICER,
      'Names the appointment within the company; last part of `links.self`, may begin with `-`',
    ),
    officer_id: entry('identifier', OFFICER, 'Names the officer across companies; one person may have several'),
    person_number: entry(
      'identifier',
      OFFICER,
      'Number in the bulk products: eight digits for the person, four for the variant',
    ),
    name: entry('text', OFFICER, 'Name as filed: `SURNAME, Forename Middle, Title`, or the name of a body'),
    title: entry(
      'text',
      `${CHPIPE}, from the name as filed`,
      'Title, where one was filed; a peer may have no forename',
    ),
    forenames: entry(
      'text',
      `${CHPIPE}, from the name as filed`,
      'Forenames of a person; none of a body, whatever its role',
    ),
    surname: entry('text', `${CHPIPE}, from the name as filed`, 'Surname of a person'),
    officer_role: entry(
      'slug',
      OFFICER,
      'Role, such as `director`, `secretary`, `llp-designated-member`, `corporate-secretary`',
    ),
    appointed_on: entry('date (YYYY-MM-DD)', OFFICER, 'First day in the role'),
    appointed_before: entry(
      'date (YYYY-MM-DD)',
      OFFICER,
      'Given instead where the first day was before 1992 and is not known',
    ),
    resigned_on: entry(
      'date (YYYY-MM-DD)',
      OFFICER,
      'Last day in the role; empty while it is held, and for the last officers of a dissolved company',
    ),
    date_of_birth_month: entry(
      'whole number',
      OFFICER,
      'Month of birth, 1 to 12; the register does not publish the day',
    ),
    date_of_birth_year: entry('whole number', OFFICER, 'Year of birth'),
    nationality: entry('text', OFFICER, 'Nationality as filed'),
    country_of_residence: entry('text', OFFICER, 'Country in which the person usually lives, as filed'),
    occupation: entry('text', OFFICER, 'Occupation as filed'),
    ...address('the address for correspondence', OFFICER),
    identification_type: entry(
      'slug',
      OFFICER,
      'Of a body: what register it is on, such as `uk-limited-company`, `eea`, `non-eea`',
    ),
    legal_authority: entry('text', OFFICER, 'Of a body: the law that governs it'),
    legal_form: entry('text', OFFICER, 'Of a body: its legal form'),
    place_registered: entry('text', OFFICER, 'Of a body: where it is registered'),
    register_location: entry('text', OFFICER, 'Of a body: the country of that register'),
    registration_number: entry('text', OFFICER, 'Of a body: its number there, as typed'),
    ...origin('the officer list', SOURCES),
  },
}

const domains: TableEntry = {
  row: 'One internet domain that probably belongs to the company.',
  key: ['company_number', 'domain'],
  columns: {
    company_number: entry('identifier', CHPIPE, COMPANY_NUMBER),
    domain: entry('text', `${SNOV}: domain by company name`, 'Domain without `www.`, in lower case'),
    ...provider('the domain'),
    confidence: entry(
      'whole number',
      CHPIPE,
      'How well the domain fits the company name, 0 to 100; a rule of thumb, no proof',
    ),
    state: entry(
      'slug',
      CHPIPE,
      '`found`; `unlikely` when it fits the name too little to buy addresses there; `catch-all` when it takes mail for everybody',
    ),
    ...foundAt('the domain'),
  },
}

const emails: TableEntry = {
  row: 'One e-mail address of one officer at one of the domains.',
  key: ['company_number', 'appointment_id', 'email'],
  columns: {
    company_number: entry('identifier', CHPIPE, COMPANY_NUMBER),
    appointment_id: entry('identifier', CHPIPE, 'The appointment that it belongs to, as in the officers'),
    email: entry('text', `${SNOV}: e-mail by name and domain`, 'Address; personal data'),
    status: entry(
      'slug',
      `${SNOV}: smtp_status`,
      '`valid` when the mail server confirmed it, `unknown` when it would not say',
    ),
    status_reason: entry('slug', `${SNOV}: unknown_status_reason`, 'Why it is unknown, such as `catchall`'),
    ...provider('the address'),
    ...foundAt('the address'),
  },
}

const deletions: TableEntry = {
  row: 'One thing that is gone since the earlier delivery. Only deltas hold this table.',
  key: ['table', 'company_number', 'key'],
  columns: {
    table: entry('slug', CHPIPE, 'The table that the row was in'),
    company_number: entry('identifier', CHPIPE, COMPANY_NUMBER),
    key: entry(
      'identifier',
      CHPIPE,
      'The row within its company: an `appointment_id`, a domain or an e-mail. Empty: all rows of the company in that table, and for `companies` the company with all that is its own',
    ),
    deleted_at: entry('timestamp (ISO 8601, UTC)', CHPIPE, 'When it went'),
  },
}

/** Every column that a delivery may hold, by table. A test compares it with the schema. */
export const dataDictionary: Record<DeliveredTable, TableEntry> = { companies, officers, domains, emails, deletions }

export const DICTIONARY = 'data-dictionary.csv'

const COLUMNS: Column[] = ['table', 'column', 'key', 'type', 'source', 'meaning'].map((name) => ({
  name,
  kind: 'text',
}))

/** The dictionary as CSV, a row per column of every table, in the order of the tables. */
export function dictionaryCsv(): { text: string; rows: number } {
  const rows = Object.entries(dataDictionary).flatMap(([table, { key, columns }]) =>
    Object.entries(columns).map(([name, { meaning, type, source }]) => {
      return [table, name, key.includes(name) ? 'yes' : '', type, source, meaning]
    }),
  )
  const lines = csvLines(COLUMNS, { raw: false })(rows)
  const header = csvHeader(COLUMNS.map(({ name }) => name))
  return { text: [header, ...lines].map((line) => `${line}${LINE_END}`).join(''), rows: rows.length }
}
