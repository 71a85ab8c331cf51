// The shared allowance.
import { index, integer, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** One row per allowance: what the server last said and whether calls may go out at all. Times are `steady` milliseconds. */
export const quota_state = sqliteTable('quota_state', {
  allowance: text().primaryKey(),
  boot: text().notNull(),
  /** What the wall clock showed when `steady` was zero: says whether two processes read the same clock. */
  zero_at: integer(),
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
