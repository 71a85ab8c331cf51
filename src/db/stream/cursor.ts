// Where each followed stream stands, and who follows it.
import { and, eq, gte, lt, sql } from 'drizzle-orm'
import { type Clock, MINUTE_MS } from '../../clock.ts'
import { ChpipeError } from '../../errors.ts'
import { type Db, prepared, type Tx } from '../open.ts'
import { deadRuns } from '../runs.ts'
import { runs, stream_cursors, stream_minutes } from '../schema.ts'

/** Minutes older than this teach nothing more about the stream's rhythm. */
const KEPT_MINUTES = 60 * 24 * 60

export type StreamCursor = typeof stream_cursors.$inferSelect

/** The stream's row; undefined before it was ever followed. */
export function readCursor(db: Tx, stream: string): StreamCursor | undefined {
  return db.select().from(stream_cursors).where(eq(stream_cursors.stream, stream)).get()
}

/** Pages of the log before it is written back: a catch-up touches pages all over the file, and many of them again soon. */
const CHECKPOINT_PAGES = 8000
/** Companies come in no order, so a larger cache would hold pages that nobody asks for again. */
const CACHE_KIB = 6000

/** Prepares the connection for months of small transactions all over the file, in little memory. */
export function tuneForStream(db: Db): void {
  db.$client.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  db.$client.pragma(`cache_size = -${CACHE_KIB}`)
}

/**
 * Makes `runId` the one consumer of the stream. Throws a `data` error that names the process when another one follows
 * it already; the claim of a dead process is free. Belongs in a transaction of its own.
 */
export function claimStream(tx: Tx, stream: string, runId: number, clock: Clock): StreamCursor {
  const before = readCursor(tx, stream)
  const holder = before ? findHolder(tx, before, clock) : null
  if (holder && holder.id !== runId) throw taken(stream, holder)
  const claim = { claimed_by: runId, connected_at: null, silent_since: null }
  return tx
    .insert(stream_cursors)
    .values({ stream, ...claim })
    .onConflictDoUpdate({ target: stream_cursors.stream, set: claim })
    .returning()
    .get()
}

function taken(stream: string, { id, pid, host }: typeof runs.$inferSelect): ChpipeError {
  return new ChpipeError(
    'data',
    `The stream "${stream}" is being followed already, by process ${pid} on ${host} (run ${id})`,
    {
      hint: 'one consumer is enough; stop that one first, or follow into another database with --db',
    },
  )
}

/** The live run that follows the stream; null when none does. */
export function findHolder(db: Tx, { claimed_by }: StreamCursor, clock: Clock): typeof runs.$inferSelect | null {
  if (claimed_by === null || deadRuns(db, clock, [claimed_by]).length > 0) return null
  return db.select().from(runs).where(eq(runs.id, claimed_by)).get() ?? null
}

/** Whether a live run follows the stream. */
export function isFollowed(db: Tx, stream: string, clock: Clock): boolean {
  const cursor = readCursor(db, stream)
  return cursor !== undefined && findHolder(db, cursor, clock) !== null
}

/** Throws a `data` error unless the run is still the consumer: what lost its claim must not write. */
export function requireClaim(tx: Tx, stream: string, runId: number): void {
  if (readCursor(tx, stream)?.claimed_by === runId) return
  throw new ChpipeError('data', `Another process has taken over the stream "${stream}"`, {
    hint: 'this process was considered dead; make sure that only one is started',
  })
}

/** Gives the claim back, if the run still holds it. */
export function releaseStream(tx: Tx, stream: string, runId: number): void {
  tx.update(stream_cursors)
    .set({ claimed_by: null, connected_at: null })
    .where(and(eq(stream_cursors.stream, stream), eq(stream_cursors.claimed_by, runId)))
    .run()
}

/** Notes when the current connection was opened; null when there is none. */
export function saveConnected(tx: Tx, stream: string, connectedAt: number | null): void {
  tx.update(stream_cursors).set({ connected_at: connectedAt }).where(eq(stream_cursors.stream, stream)).run()
}

export interface Advance {
  timepoint: number | null
  publishedAt: string | null
  /** Events applied since the last advance. */
  events: number
  now: number
}

/** Notes since when the follower has missed events, once it has warned about it; the next event ends it. */
export function saveSilence(tx: Tx, stream: string, since: number): void {
  tx.update(stream_cursors).set({ silent_since: since }).where(eq(stream_cursors.stream, stream)).run()
}

/** Moves the cursor; belongs in the transaction that applies the events before it. */
export function advanceCursor(tx: Tx, stream: string, { timepoint, publishedAt, events, now }: Advance): void {
  const applied = {
    last_event_at: now,
    first_event_at: sql`coalesce(${stream_cursors.first_event_at}, ${now})`,
    events: sql`${stream_cursors.events} + ${events}`,
    silent_since: null,
  }
  tx.update(stream_cursors)
    .set({ timepoint, published_at: publishedAt, ...(events > 0 ? applied : {}) })
    .where(eq(stream_cursors.stream, stream))
    .run()
  if (events === 0) return
  const minute = Math.floor(now / MINUTE_MS)
  tx.delete(stream_minutes)
    .where(and(eq(stream_minutes.stream, stream), lt(stream_minutes.minute, minute - KEPT_MINUTES)))
    .run()
  tx.insert(stream_minutes)
    .values({ stream, minute, events })
    .onConflictDoUpdate({
      target: [stream_minutes.stream, stream_minutes.minute],
      set: { events: sql`${stream_minutes.events} + ${events}` },
    })
    .run()
}

/** The minutes since 1970 from `fromMs` on in which events were applied, with their counts, in order. */
export function readMinutes(db: Tx, stream: string, fromMs: number): { minute: number; events: number }[] {
  return db
    .select({ minute: stream_minutes.minute, events: stream_minutes.events })
    .from(stream_minutes)
    .where(and(eq(stream_minutes.stream, stream), gte(stream_minutes.minute, Math.floor(fromMs / MINUTE_MS))))
    .orderBy(stream_minutes.minute)
    .all()
}

// The latest events that were applied, so that a stream which sends them again is understood, however it numbers them.

export interface AppliedEvent {
  timepoint: number
  /** A checksum of what it told. */
  print: number
}

/** So many are remembered of each stream. */
export const APPLIED_KEPT = 5000

const BYTES = 12

/** Keeps the events of a batch, and forgets the oldest; belongs in the transaction that applies them. */
export function saveApplied(db: Db, stream: string, events: readonly AppliedEvent[]): void {
  if (events.length === 0) return
  const packed = Buffer.alloc(events.length * BYTES)
  for (const [index, { timepoint, print }] of events.entries()) {
    packed.writeDoubleLE(timepoint, index * BYTES)
    packed.writeUInt32LE(print, index * BYTES + 8)
  }
  const last = prepared(db, 'SELECT coalesce(max(number), 0) FROM stream_applied WHERE stream = ?').pluck().get(stream)
  const number = Number(last) + events.length
  prepared(db, 'INSERT INTO stream_applied (stream, number, events) VALUES (?, ?, ?)').run(stream, number, packed)
  prepared(db, 'DELETE FROM stream_applied WHERE stream = ? AND number <= ?').run(stream, number - APPLIED_KEPT)
}

/** The events that are remembered, in the order in which they were applied. */
export function readApplied(db: Db, stream: string): AppliedEvent[] {
  const sql = 'SELECT events FROM stream_applied WHERE stream = ? ORDER BY number'
  const batches = prepared(db, sql).pluck().all(stream) as Buffer[]
  return batches.flatMap((packed) =>
    Array.from({ length: Math.floor(packed.length / BYTES) }, (_, index) => ({
      timepoint: packed.readDoubleLE(index * BYTES),
      print: packed.readUInt32LE(index * BYTES + 8),
    })),
  )
}
