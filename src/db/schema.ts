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

/** Where each followed stream stands. The row changes only in the transaction that applies the events before it. */
export const stream_cursors = sqliteTable('stream_cursors', {
  stream: text().primaryKey(),
  /** The last timepoint applied; null before the first event. */
  timepoint: integer(),
  /** `published_at` of that event, as it came: it names the day from which a lost span is searched. */
  published_at: text(),
  /** The run that follows the stream now; null when none does. */
  claimed_by: integer(),
  connected_at: integer(),
  last_event_at: integer(),
  first_event_at: integer(),
  events: integer().notNull().default(0),
})

/** Events applied by stream and minute since 1970: rate, lag and silence are read from here. */
export const stream_minutes = sqliteTable(
  'stream_minutes',
  {
    stream: text().notNull(),
    minute: integer().notNull(),
    events: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.stream, table.minute] })],
)

/** Lines that could not be applied, as they came; an over-long one is cut. */
export const stream_rejects = sqliteTable('stream_rejects', {
  id: integer().primaryKey({ autoIncrement: true }),
  stream: text().notNull(),
  timepoint: integer(),
  reason: text().notNull(),
  line: text().notNull(),
  received_at: integer().notNull(),
  run_id: integer().notNull(),
})

/** Spans of timepoints that never came: `jump` on a connection, `expired` behind a 416. */
export const stream_gaps = sqliteTable('stream_gaps', {
  id: integer().primaryKey({ autoIncrement: true }),
  stream: text().notNull(),
  kind: text({ enum: ['jump', 'expired'] }).notNull(),
  from_timepoint: integer(),
  to_timepoint: integer(),
  /** The days whose incorporations must be searched, for an expired span. */
  from_day: text(),
  to_day: text(),
  noted_at: integer().notNull(),
  repaired_at: integer(),
  run_id: integer().notNull(),
})

/** One company on its way through enrichment. */
export const jobs = sqliteTable(
  'jobs',
  {
    company_number: text()
      .primaryKey()
      .references(() => companies.company_number, { onDelete: 'cascade' }),
    stage: text({ enum: ['details', 'domain', 'officers', 'emails', 'done'] }).notNull(),
    state: text({ enum: ['due', 'skipped', 'failed', 'done'] }).notNull(),
    /** 0 for what the stream brought, 1 for the background. */
    priority: integer().notNull(),
    attempts: integer().notNull().default(0),
    due_at: integer().notNull(),
    claimed_by: integer(),
    /** Why the company is enriched: `new`, or the trigger that matched. */
    cause: text().notNull(),
    last_error: text(),
    created_at: integer().notNull(),
    updated_at: integer().notNull(),
    run_id: integer().notNull(),
  },
  (table) => [
    index('jobs_by_due').on(table.state, table.stage, table.priority, table.due_at),
    index('jobs_by_claim').on(table.claimed_by),
  ],
)

/** A paid request. It is written before it is sent, so that a crash can never send it twice. */
export const provider_requests = sqliteTable(
  'provider_requests',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    provider: text().notNull(),
    operation: text({ enum: ['domain', 'emails'] }).notNull(),
    /** Hash of the normalised input. */
    request_key: text().notNull(),
    /** The normalised input, as JSON. */
    input: text().notNull(),
    /** `created` before the POST, `started` with its task hash; `unconfirmed` when nobody knows whether it arrived. */
    status: text({ enum: ['created', 'started', 'completed', 'refused', 'unconfirmed'] }).notNull(),
    task_hash: text(),
    polls: integer().notNull().default(0),
    next_poll_at: integer(),
    /** The worst case that is reserved until the answer is booked. */
    reserved: integer().notNull(),
    balance_before: text(),
    answer: text(),
    last_error: text(),
    requested_at: integer().notNull(),
    completed_at: integer(),
    run_id: integer().notNull(),
  },
  (table) => [
    index('provider_requests_by_status').on(table.status, table.next_poll_at),
    index('provider_requests_by_key').on(table.provider, table.operation, table.request_key),
  ],
)

/** What a provider answered to one input, misses included: kept for good, so that nothing is bought twice. */
export const provider_answers = sqliteTable(
  'provider_answers',
  {
    provider: text().notNull(),
    operation: text({ enum: ['domain', 'emails'] }).notNull(),
    /** Hash of one normalised name, or of one person at one domain. */
    input_key: text().notNull(),
    outcome: text({ enum: ['hit', 'miss', 'suppressed'] }).notNull(),
    answer: text(),
    request_id: integer().notNull(),
    answered_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.provider, table.operation, table.input_key] })],
)

/** A row per purchase. Credits are whole numbers, balances the provider's own decimal strings. */
export const credit_ledger = sqliteTable(
  'credit_ledger',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    provider: text().notNull(),
    request_id: integer().notNull(),
    operation: text().notNull(),
    expected: integer().notNull(),
    observed: integer(),
    balance_before: text(),
    balance_after: text(),
    booked_at: integer().notNull(),
    run_id: integer().notNull(),
  },
  (table) => [index('credit_ledger_by_time').on(table.provider, table.booked_at)],
)

/** Who must not be contacted, enriched or exported. E-mails are kept as hashes only. */
export const suppressions = sqliteTable(
  'suppressions',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    kind: text({ enum: ['email', 'domain', 'company', 'officer', 'name'] }).notNull(),
    /** Hash of an e-mail; the normalised value of everything else. */
    value: text().notNull(),
    /** `YYYY-MM`, for a name. */
    born: text(),
    reason: text(),
    added_at: text().notNull(),
  },
  (table) => [index('suppressions_by_value').on(table.kind, table.value)],
)
