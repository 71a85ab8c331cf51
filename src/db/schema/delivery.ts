// What customers were given, and who may ask over HTTP.
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** A finished export: `--since last` counts from the newest with the same destination. */
export const deliveries = sqliteTable(
  'deliveries',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    /** The absolute path that was written. */
    destination: text('goal').notNull(),
    format: text().notNull(),
    /** As in the manifest, as JSON. */
    filters: text().notNull(),
    /** The moment of the data, ISO 8601. */
    as_of: text().notNull(),
    run_id: integer().notNull(),
    /** Its place among all changes, as in the manifest; null in rows from before there were numbers. */
    checkpoint: text(),
    /** Who received it, as the operator names them; null where nobody was named. */
    recipient: text(),
  },
  (table) => [index('deliveries_by_goal').on(table.destination, table.id)],
)

/** Rows of public tables that are gone, for deltas; a row that comes back takes its entry away. */
export const deletions = sqliteTable(
  'deletions',
  {
    kind: text({ enum: ['officer', 'domain', 'email', 'psc'] }).notNull(),
    company_number: text().notNull(),
    /** What names the row within its company; empty for an erased person, of whom nothing may stay. */
    key: text().notNull(),
    /** ISO 8601. */
    deleted_at: text().notNull(),
    run_id: integer().notNull(),
    /** As in `companies`. */
    change_number: integer().notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.company_number, table.key] }),
    index('deletions_by_change').on(table.change_number),
    index('deletions_by_time').on(table.deleted_at),
  ],
)

/** Bearer tokens of `serve`; of the token itself only the SHA-256 hash is kept. */
export const api_tokens = sqliteTable('api_tokens', {
  id: integer().primaryKey({ autoIncrement: true }),
  name: text().notNull().unique(),
  hash: text().notNull().unique(),
  /** What it may ask for: the dataset, or the metrics of the operator. */
  scope: text({ enum: ['data', 'metrics'] })
    .notNull()
    .default('data'),
  added_at: text().notNull(),
  revoked_at: text(),
})

/** The number of the last change of public rows: one row, which triggers and `changes.ts` count up. */
export const change_counter = sqliteTable('change_counter', {
  id: integer().primaryKey(),
  number: integer().notNull(),
})

/** At what time (ms) the counter stood where, in the order in which that was noted. */
export const change_marks = sqliteTable(
  'change_marks',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    /** Drawn at random: a database that was restored from a backup does not know the marks made since. */
    mark: text().notNull(),
    number: integer().notNull(),
    marked_at: integer().notNull(),
  },
  (table) => [uniqueIndex('change_marks_by_mark').on(table.mark), index('change_marks_by_time').on(table.marked_at)],
)
