// What imports and their runs leave behind. Times are milliseconds.
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { companies } from './public.ts'

/** One row per run of a command that writes; claims and facts name it. */
export const runs = sqliteTable('runs', {
  id: integer().primaryKey({ autoIncrement: true }),
  command: text().notNull(),
  host: text().notNull(),
  boot: text().notNull(),
  pid: integer().notNull(),
  /** The kernel's start time of the process, so that a reused pid is not mistaken for it; null where unknown. */
  pid_started: text(),
  /** The namespace in which `pid` counts, such as a container's; null where unknown. */
  pid_namespace: text(),
  started_at: integer().notNull(),
  heartbeat_at: integer().notNull(),
  finished_at: integer(),
  /** The summary that the run printed, as JSON. */
  summary: text(),
})

/** Register files that were imported, a row for each part: of which day the facts of their runs are. */
export const register_files = sqliteTable('register_files', {
  id: integer().primaryKey({ autoIncrement: true }),
  run_id: integer().notNull(),
  /** The day at whose beginning its facts were true, ISO; null where it is unknown. */
  as_of: text(),
  /** Which part of how many; null for a file that is no part. */
  part: integer(),
  parts: integer(),
  /** It was read to its end and every known company in it was brought up to date. */
  whole: integer({ mode: 'boolean' }).notNull().default(false),
  /** Companies in it that had been known before. */
  known: integer().notNull().default(0),
})

/** Snapshots and updates of officers and of persons with significant control that were imported, a row for each part. */
export const bulk_files = sqliteTable(
  'bulk_files',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    run_id: integer().notNull(),
    /** `195`, `216`, `198`, or `psc`. */
    product: text().notNull(),
    /** Its number of four digits; null where the product has none. */
    run_number: integer(),
    /** The day of production, ISO. */
    produced_on: text().notNull(),
    /** Such as `ew_1`, or `3`; null for a file that is no part. */
    part: text(),
    parts: integer(),
    /** Records in it, header and trailer not counted. */
    records: integer().notNull(),
    /** The whole product of that day was read, and what it says has been applied. */
    whole: integer({ mode: 'boolean' }).notNull().default(false),
    /** Milliseconds. */
    imported_at: integer().notNull(),
  },
  (table) => [index('bulk_files_by_product').on(table.product, table.produced_on)],
)

/** Who told what of a company that more than one source has told of; the others are as their `source` says. */
export const company_tellers = sqliteTable('company_tellers', {
  company_number: text()
    .primaryKey()
    .references(() => companies.company_number, { onDelete: 'cascade' }),
  /** A letter for each group of columns (see `companies/told.ts`). */
  told_by: text().notNull(),
})

/** What the register file calls each SIC code. */
export const sic_descriptions = sqliteTable('sic_descriptions', {
  code: text().primaryKey(),
  description: text().notNull(),
})

/** Where each postcode lies, from the directory of the statistics office; empty until it is imported. */
export const postcodes = sqliteTable('postcodes', {
  /** In capitals, without spaces. */
  postcode: text().primaryKey(),
  region: text(),
  local_authority: text(),
  country: text(),
})

/** Companies that a customer listed, as written, with what became of each. */
export const listed_companies = sqliteTable(
  'listed_companies',
  {
    list: text().notNull(),
    company_number: text().notNull(),
    written: text().notNull(),
    /** Null until somebody knows whether the register has it. */
    exists: integer({ mode: 'boolean' }),
    listed_at: integer().notNull(),
    run_id: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.list, table.company_number] })],
)

/** What the operator was told of, once for each cause, until it is over. */
export const notices = sqliteTable(
  'notices',
  {
    cause: text().notNull(),
    /** What of several it is about, such as a stream; empty for what there is one of. */
    subject: text().notNull(),
    message: text().notNull(),
    raised_at: integer().notNull(),
    sent_at: integer(),
    cleared_at: integer(),
  },
  (table) => [primaryKey({ columns: [table.cause, table.subject] })],
)

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

/** What orders the officer list of a company against the events of the officers stream. */
export const officer_lists = sqliteTable('officer_lists', {
  company_number: text()
    .primaryKey()
    .references(() => companies.company_number, { onDelete: 'cascade' }),
  /** When the list was told, by the clock of Companies House, ISO 8601; null where nobody knows. */
  as_of: text(),
  /** Counts the events and doubts about the list, so that a fetch which they have overtaken is not stored. */
  touched: integer().notNull().default(0),
})

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

/** Row counts kept by triggers: an officers state, `officers` for all appointments, `job:due:domain`, `domains` and so on. */
export const tallies = sqliteTable('tallies', {
  name: text().primaryKey(),
  count: integer().notNull(),
})
