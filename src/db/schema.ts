// Public tables are the product: their names and columns stay as they are, here, in the exports and over HTTP.
// Working tables serve chpipe itself. Times are ISO 8601 text in UTC in public tables, integer milliseconds elsewhere.
import { index, integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Address members under the API's own names, shared by companies and officers. */
const address = () => ({
  care_of: text(),
  po_box: text(),
  premises: text(),
  address_line_1: text(),
  address_line_2: text(),
  locality: text(),
  region: text(),
  country: text(),
  postal_code: text(),
})

/** Where a row came from, when, and in which run. */
const origin = () => ({
  source: text().notNull(),
  fetched_at: text().notNull(),
  run_id: integer().notNull(),
})

export const companies = sqliteTable(
  'companies',
  {
    company_number: text().primaryKey(),
    company_name: text().notNull(),
    company_status: text(),
    company_status_detail: text(),
    type: text(),
    subtype: text(),
    jurisdiction: text(),
    date_of_creation: text(),
    date_of_cessation: text(),
    /** Five-digit codes joined by commas. */
    sic_codes: text(),
    ...address(),
    officers_state: text({ enum: ['pending', 'complete', 'none', 'failed'] })
      .notNull()
      .default('pending'),
    officers_count: integer().notNull().default(0),
    officers_fetched_at: text(),
    ...origin(),
    first_seen_at: text().notNull(),
    deleted_at: text(),
  },
  (table) => [
    index('companies_by_officers_state').on(table.officers_state, table.company_number),
    index('companies_by_officers_fetched_at').on(table.officers_fetched_at),
  ],
)

export const officers = sqliteTable(
  'officers',
  {
    company_number: text()
      .notNull()
      .references(() => companies.company_number, { onDelete: 'cascade' }),
    /** Last part of `links.self`, or an id derived from the item where that link is missing. */
    appointment_id: text().notNull(),
    officer_id: text(),
    person_number: text(),
    /** As filed: `SURNAME, Forename Middle, Title`. */
    name: text(),
    title: text(),
    forenames: text(),
    surname: text(),
    officer_role: text(),
    appointed_on: text(),
    appointed_before: text(),
    resigned_on: text(),
    date_of_birth_month: integer(),
    date_of_birth_year: integer(),
    nationality: text(),
    country_of_residence: text(),
    occupation: text(),
    ...address(),
    identification_type: text(),
    legal_authority: text(),
    legal_form: text(),
    place_registered: text(),
    register_location: text(),
    registration_number: text(),
    ...origin(),
  },
  (table) => [primaryKey({ columns: [table.company_number, table.appointment_id] })],
)

export const domains = sqliteTable(
  'domains',
  {
    company_number: text()
      .notNull()
      .references(() => companies.company_number, { onDelete: 'cascade' }),
    domain: text().notNull(),
    provider: text().notNull(),
    confidence: integer(),
    state: text().notNull(),
    found_at: text().notNull(),
    run_id: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.company_number, table.domain] })],
)

export const emails = sqliteTable(
  'emails',
  {
    company_number: text()
      .notNull()
      .references(() => companies.company_number, { onDelete: 'cascade' }),
    appointment_id: text().notNull(),
    email: text().notNull(),
    status: text(),
    status_reason: text(),
    provider: text().notNull(),
    found_at: text().notNull(),
    run_id: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.company_number, table.appointment_id, table.email] })],
)

/** One row per run of a command that writes; claims and facts name it. */
export const runs = sqliteTable('runs', {
  id: integer().primaryKey({ autoIncrement: true }),
  command: text().notNull(),
  host: text().notNull(),
  boot: text().notNull(),
  pid: integer().notNull(),
  /** The kernel's start time of the process, so that a reused pid is not taken for it; null where unknown. */
  pid_started: text(),
  started_at: integer().notNull(),
  heartbeat_at: integer().notNull(),
  finished_at: integer(),
  /** The summary that the run printed, as JSON. */
  summary: text(),
})

/** Officer lists being fetched, put off, or given up; a company without trouble leaves no row. */
export const officer_fetches = sqliteTable(
  'officer_fetches',
  {
    company_number: text()
      .primaryKey()
      .references(() => companies.company_number, { onDelete: 'cascade' }),
    /** The run that is fetching it now; null when nobody is. */
    claimed_by: integer(),
    attempts: integer().notNull().default(0),
    /** Not before this time, in milliseconds. */
    retry_at: integer(),
    failed_at: integer(),
    last_error: text(),
  },
  (table) => [
    index('officer_fetches_by_claim').on(table.claimed_by),
    index('officer_fetches_by_retry').on(table.retry_at),
  ],
)

/** What was odd about a stored fact: totals that disagree, members that do not fit the schema. */
export const notes = sqliteTable(
  'notes',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    kind: text().notNull(),
    company_number: text(),
    detail: text().notNull(),
    noted_at: integer().notNull(),
    run_id: integer().notNull(),
  },
  (table) => [index('notes_by_company').on(table.company_number, table.kind)],
)

/** Row counts kept by triggers: one row per officers state, `officers` for all appointments. */
export const tallies = sqliteTable('tallies', {
  name: text().primaryKey(),
  count: integer().notNull(),
})

/** One row per allowance: what the server last said and whether calls may go out at all. Times are `steady` ms of `boot`. */
export const quota_state = sqliteTable('quota_state', {
  allowance: text().primaryKey(),
  boot: text().notNull(),
  /** When the server was last heard; null while the local log cannot be trusted and one probe must ask. */
  heard_at: integer(),
  /** The server's word, kept only when it leaves less than the local log does. */
  remain: integer(),
  remain_until: integer(),
  /** The end of the server's current window as its headers tell, for a gate that comes without one. */
  reset_at: integer(),
  gate_until: integer(),
  consumer_until: integer(),
  tokens: real().notNull().default(0),
  refilled_at: integer(),
  peak: integer().notNull().default(0),
  rate_limited: integer().notNull().default(0),
})

/** The response-time log: a permit occupies its allowance until `frees_at`. */
export const quota_grants = sqliteTable(
  'quota_grants',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    allowance: text().notNull(),
    lane: text({ enum: ['stream', 'background'] }).notNull(),
    probe: integer({ mode: 'boolean' }).notNull(),
    granted_at: integer().notNull(),
    answered_at: integer(),
    frees_at: integer().notNull(),
  },
  (table) => [index('quota_grants_by_end').on(table.allowance, table.frees_at)],
)

/** Stream permits that are waiting; while one is here and fresh, the background gets none. */
export const quota_waits = sqliteTable('quota_waits', {
  waiter: text().primaryKey(),
  allowance: text().notNull(),
  until: integer().notNull(),
})
