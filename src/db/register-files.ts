// Of which day the facts of a register file are. Rows of `companies` that come from one name its run, so that the day of
// each is known without a column of its own; what the stream, the API or a search told carries its own time.
import { and, eq, gt, gte, isNotNull, lt, max } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { register_files } from './schema.ts'

/** A file, or one part of it, and the day that it is of; both null where nobody tells. */
export interface Origin {
  source: string
  /** ISO 8601. */
  fetched_at: string
  run_id: number
  /** The day that the facts are of; null where nobody tells. */
  as_of: string | null
}

export interface RegisterFile {
  asOf: string | null
  parts: { part: number; of: number }[] | null
}

/** Notes what a run is going to import; belongs before its first company. */
export function saveRegisterFile(tx: Tx, runId: number, { asOf, parts }: RegisterFile): void {
  const rows = parts ?? [{ part: null, of: null }]
  tx.insert(register_files)
    .values(rows.map(({ part, of }) => ({ run_id: runId, as_of: asOf, part, parts: of })))
    .run()
}

/** The file was read whole; `known` of its companies had been known before. */
export function saveWholeFile(tx: Tx, runId: number, known: number): void {
  const rows = tx.select().from(register_files).where(eq(register_files.run_id, runId)).all()
  for (const [index, { id }] of rows.entries()) {
    const values = { whole: true, known: index === 0 ? known : 0 }
    tx.update(register_files).set(values).where(eq(register_files.id, id)).run()
  }
}

/** The runs that imported a file of a later day, or with `same` one of the same day as well. */
export function runsOfLaterFiles(tx: Tx, asOf: string, { same = false } = {}): number[] {
  const later = same ? gte(register_files.as_of, asOf) : gt(register_files.as_of, asOf)
  return tx
    .selectDistinct({ run: register_files.run_id })
    .from(register_files)
    .where(later)
    .all()
    .map(({ run }) => run)
}

export interface Coverage {
  /** Every part of the register of that day was read whole. */
  whole: boolean
  /** Companies in it that had been known before. */
  known: number
}

/** What the run's file proves together with other parts of its day. */
export function readCoverage(tx: Tx, runId: number): Coverage {
  const own = tx.select().from(register_files).where(eq(register_files.run_id, runId)).all()
  const [first] = own
  if (!first) return { whole: false, known: 0 }
  if (first.parts === null) return { whole: first.whole, known: first.known }
  if (first.as_of === null) return { whole: false, known: 0 }
  const sameDay = and(eq(register_files.as_of, first.as_of), eq(register_files.parts, first.parts))
  const read = tx
    .select()
    .from(register_files)
    .where(and(sameDay, eq(register_files.whole, true)))
    .all()
  const latest = new Map(read.map((row) => [row.part, row.known]))
  const known = [...latest.values()].reduce((sum, count) => sum + count, 0)
  return { whole: latest.size === first.parts, known }
}

/** The day of the newest file before `asOf` that was read whole; null when there is none. */
export function findEarlierDay(tx: Tx, asOf: string): string | null {
  const earlier = and(eq(register_files.whole, true), isNotNull(register_files.as_of), lt(register_files.as_of, asOf))
  return (
    tx
      .select({ day: max(register_files.as_of) })
      .from(register_files)
      .where(earlier)
      .get()?.day ?? null
  )
}

/** ISO 8601; lower than every time where there is no day. */
export function startOfDay(asOf: string | null): string {
  return asOf === null ? '' : `${asOf}T00:00:00.000Z`
}
