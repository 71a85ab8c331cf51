// Where each stream stands, and what could not be applied. Times are milliseconds.
import { blob, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

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
  /** Since when the follower misses events, once it has warned about it; null again with the next event. */
  silent_since: integer(),
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

/** The latest events that were applied, a batch a row: timepoint (double) and checksum (uint32) of each, little-endian. */
export const stream_applied = sqliteTable(
  'stream_applied',
  {
    stream: text().notNull(),
    /** How many events the stream has had with the last one of the row. */
    number: integer().notNull(),
    events: blob({ mode: 'buffer' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.stream, table.number] })],
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

/**
 * Spans of timepoints that never came: `jump` on a connection, `expired` behind a 416. `misplaced` is no span: behind the
 * first timepoint came the second, which does not follow it.
 */
export const stream_gaps = sqliteTable('stream_gaps', {
  id: integer().primaryKey({ autoIncrement: true }),
  stream: text().notNull(),
  kind: text({ enum: ['jump', 'expired', 'misplaced'] }).notNull(),
  from_timepoint: integer(),
  to_timepoint: integer(),
  /** The days whose incorporations must be searched, for an expired span. */
  from_day: text(),
  to_day: text(),
  noted_at: integer().notNull(),
  repaired_at: integer(),
  run_id: integer().notNull(),
  /**
   * Of the `psc` stream, whose spans say which companies are in doubt: the change that noted, extended or repaired it, set by
   * triggers; 0 for older ones and other streams.
   */
  change_number: integer().notNull().default(0),
})
