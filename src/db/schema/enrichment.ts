// Enrichment: jobs, purchases and credits, and who must be left alone. Times are milliseconds.
import { isNull } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { companies } from './public.ts'

/** One company on its way through enrichment. */
export const jobs = sqliteTable(
  'jobs',
  {
    company_number: text()
      .primaryKey()
      .references(() => companies.company_number, { onDelete: 'cascade' }),
    stage: text({ enum: ['details', 'domain', 'officers', 'emails', 'done'] }).notNull(),
    state: text({ enum: ['due', 'skipped', 'failed', 'done'] }).notNull(),
    /** Who chose the company, and alone may buy for it; the stream's jobs go first. */
    owner: text({ enum: ['stream', 'enrich'] })
      .notNull()
      .default('enrich'),
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
    index('jobs_by_due').on(table.state, table.stage, table.owner, table.due_at),
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
    /**
     * `created` before the POST, `started` with its task hash; `unconfirmed` when nobody knows whether it arrived,
     * `unmatched` when it is booked, and rows of its answer wait for the operator.
     */
    status: text({ enum: ['created', 'started', 'completed', 'refused', 'unconfirmed', 'unmatched'] }).notNull(),
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

/** Rows of an answer that match no name of the request: the operator says whose each is. */
export const unmatched_answers = sqliteTable(
  'unmatched_answers',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    request_id: integer().notNull(),
    /** As the provider writes it. */
    name: text().notNull(),
    /** What was found, as JSON. */
    answer: text().notNull(),
    received_at: integer().notNull(),
    /** Null while it waits. */
    verdict: text({ enum: ['assigned', 'dismissed'] }),
    settled_at: integer(),
  },
  (table) => [index('unmatched_answers_by_request').on(table.request_id)],
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

/** Secrets of this database, made with it: what is hashed under one cannot be tried or compared elsewhere. */
export const database_keys = sqliteTable('database_keys', {
  name: text().primaryKey(),
  /** 64 hexadecimal digits. */
  key: text().notNull(),
})

/** Who must not be contacted, enriched or exported. E-mails are kept as keyed hashes only. */
export const suppressions = sqliteTable(
  'suppressions',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    kind: text({ enum: ['email', 'domain', 'company', 'officer', 'name'] }).notNull(),
    /** Keyed hash of an e-mail; the normalised value of everything else. */
    value: text().notNull(),
    /** `YYYY-MM`, for a name. */
    born: text(),
    reason: text(),
    added_at: text().notNull(),
    /** The rule whose officer has this id since a merge at the register. */
    follows: integer(),
    /** As in `companies`: when the rule was added. */
    change_number: integer().notNull().default(0),
  },
  (table) => [
    uniqueIndex('suppressions_by_value').on(table.kind, table.value, table.born),
    uniqueIndex('suppressions_without_birth').on(table.kind, table.value).where(isNull(table.born)),
  ],
)

/** In the place of officers who are left alone and not stored: keyed hashes, and the rule that withholds them. */
export const withheld_officers = sqliteTable(
  'withheld_officers',
  {
    company_number: text()
      .notNull()
      .references(() => companies.company_number, { onDelete: 'cascade' }),
    /** Of the appointment. */
    appointment: text().notNull(),
    /** Of the name to ask for; null where there is none. */
    name: text(),
    suppression_id: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.company_number, table.appointment] }),
    index('withheld_officers_by_rule').on(table.suppression_id),
  ],
)
