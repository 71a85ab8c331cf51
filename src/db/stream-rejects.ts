import { and, count, desc, eq, gte, inArray, isNull, like, sql } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { stream_rejects } from './schema.ts'

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

/** More lines without a timepoint than this in one place are not told apart from earlier ones. */
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
