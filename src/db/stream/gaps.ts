// Spans of timepoints that never came. An expired span stays open until the first event behind it is applied; its days
// are searched again for as long as it may still grow.
import { and, asc, count, desc, eq, gte, inArray, isNull, like, sql } from 'drizzle-orm'
import type { Tx } from '../open.ts'
import { stream_cursors, stream_gaps, stream_rejects } from '../schema.ts'

export type StreamGap = typeof stream_gaps.$inferSelect

interface Noted {
  stream: string
  now: number
  runId: number
}

/**
 * Notes timepoints that a connection skipped, or one that was out of place behind another; belongs in the transaction that
 * moves the cursor.
 */
export function saveJump(
  tx: Tx,
  { stream, now, runId }: Noted,
  { kind, from, to }: { kind: 'jump' | 'misplaced'; from: number; to: number },
): void {
  tx.insert(stream_gaps)
    .values({ stream, kind, from_timepoint: from, to_timepoint: to, noted_at: now, run_id: runId })
    .run()
}

/**
 * Notes that everything from a timepoint on is lost (416) and takes the cursor back, so that the stream is followed live
 * from now on, whatever happens next. Belongs in a transaction of its own.
 */
export function expireCursor(
  tx: Tx,
  { stream, now, runId }: Noted,
  lost: { from: number; fromDay: string; toDay: string },
): void {
  tx.insert(stream_gaps)
    .values({
      stream,
      kind: 'expired',
      from_timepoint: lost.from,
      from_day: lost.fromDay,
      to_day: lost.toDay,
      noted_at: now,
      run_id: runId,
    })
    .run()
  tx.update(stream_cursors).set({ timepoint: null }).where(eq(stream_cursors.stream, stream)).run()
}

const openSpan = (stream: string) =>
  and(eq(stream_gaps.stream, stream), eq(stream_gaps.kind, 'expired'), isNull(stream_gaps.to_timepoint))

/**
 * The stream is live from now on: an expired span that no event has closed yet reaches to today, and must be searched.
 * Returns whether there is one.
 */
export function extendExpired(tx: Tx, stream: string, { toDay, now }: { toDay: string; now: number }): boolean {
  const extended = { to_day: toDay, noted_at: now, repaired_at: null }
  return tx.update(stream_gaps).set(extended).where(openSpan(stream)).run().changes > 0
}

/** The first event behind an expired span closes it. */
export function closeExpired(tx: Tx, stream: string, firstTimepoint: number): void {
  tx.update(stream_gaps)
    .set({ to_timepoint: firstTimepoint - 1 })
    .where(openSpan(stream))
    .run()
}

/** Expired spans whose days are still to be searched, oldest first. */
export function readUnrepaired(db: Tx, stream: string): StreamGap[] {
  return db
    .select()
    .from(stream_gaps)
    .where(and(eq(stream_gaps.stream, stream), eq(stream_gaps.kind, 'expired'), isNull(stream_gaps.repaired_at)))
    .orderBy(asc(stream_gaps.id))
    .all()
}

/** The days of a span have been searched; one that has grown meanwhile stays unrepaired. */
export function saveRepaired(tx: Tx, { id, noted_at }: StreamGap, repairedAt: number): boolean {
  const unchanged = and(eq(stream_gaps.id, id), eq(stream_gaps.noted_at, noted_at))
  return tx.update(stream_gaps).set({ repaired_at: repairedAt }).where(unchanged).run().changes > 0
}

export interface GapCounts {
  jumps: number
  expired: number
  unrepaired: number
  /** Timepoints out of place, and when the last one came (ms); null when none did. */
  misplaced: number
  misplacedAt: number | null
}

/** How many spans were lost, by kind. */
export function countGaps(db: Tx, stream: string): GapCounts {
  const found = db
    .select({
      jumps: sql<number>`count(*) FILTER (WHERE ${stream_gaps.kind} = 'jump')`,
      expired: sql<number>`count(*) FILTER (WHERE ${stream_gaps.kind} = 'expired')`,
      unrepaired: sql<number>`count(*) FILTER (WHERE ${stream_gaps.kind} = 'expired' AND repaired_at IS NULL)`,
      misplaced: sql<number>`count(*) FILTER (WHERE ${stream_gaps.kind} = 'misplaced')`,
      misplacedAt: sql<number | null>`max(${stream_gaps.noted_at}) FILTER (WHERE ${stream_gaps.kind} = 'misplaced')`,
    })
    .from(stream_gaps)
    .where(eq(stream_gaps.stream, stream))
    .get()
  return found ?? { jumps: 0, expired: 0, unrepaired: 0, misplaced: 0, misplacedAt: null }
}

export interface NewReject {
  stream: string
  /** Null where the line does not tell it. */
  timepoint: number | null
  /** The last timepoint before the line; null when none was known. */
  after: number | null
  reason: string
  line: string
  receivedAt: number
  runId: number
}

/** Keeps a line that could not be applied, as it came; belongs in the transaction that moves the cursor past it. */
export function saveReject(tx: Tx, { stream, timepoint, after, reason, line, receivedAt, runId }: NewReject): void {
  const place = timepoint === null && after !== null ? placeAfter(after) : ''
  tx.insert(stream_rejects)
    .values({ stream, timepoint, reason: reason + place, line, received_at: receivedAt, run_id: runId })
    .run()
}

/** More lines without a timepoint than this in one place are not distinguished from earlier ones. */
const MAX_SAME_PLACE = 1000
/** Nor more characters: each line may have 8 MB. */
const MAX_SAME_PLACE_LENGTH = 64 * 1024 * 1024

/** The lines without a timepoint that are kept from behind a timepoint: they come again when the stream is resumed there. */
export function readRejectsAfter(db: Tx, stream: string, timepoint: number): string[] {
  const here = like(stream_rejects.reason, `%${placeAfter(timepoint)}`)
  const newest = db
    .select({ id: stream_rejects.id, length: sql<number>`length(${stream_rejects.line})` })
    .from(stream_rejects)
    .where(and(eq(stream_rejects.stream, stream), isNull(stream_rejects.timepoint), here))
    .orderBy(desc(stream_rejects.id))
    .limit(MAX_SAME_PLACE)
    .all()
  let held = 0
  const fitting = newest.filter(({ length }) => {
    held += length
    return held <= MAX_SAME_PLACE_LENGTH
  })
  const ids = fitting.map(({ id }) => id)
  const { line } = stream_rejects
  return db
    .select({ line })
    .from(stream_rejects)
    .where(inArray(stream_rejects.id, ids))
    .orderBy(desc(stream_rejects.id))
    .all()
    .map((row) => row.line)
}

/** Whether a line with a timepoint is kept already. */
export function isRejectKept(db: Tx, stream: string, timepoint: number, line: string): boolean {
  const same = and(
    eq(stream_rejects.stream, stream),
    eq(stream_rejects.timepoint, timepoint),
    eq(stream_rejects.line, line),
  )
  return db.select({ id: stream_rejects.id }).from(stream_rejects).where(same).limit(1).get() !== undefined
}

/** How many lines of the stream were rejected since `since` (ms), or ever. */
export function countRejects(db: Tx, stream: string, since = 0): number {
  const wanted = and(eq(stream_rejects.stream, stream), gte(stream_rejects.received_at, since))
  return db.select({ n: count() }).from(stream_rejects).where(wanted).get()?.n ?? 0
}

function placeAfter(timepoint: number): string {
  return `, after timepoint ${timepoint}`
}
