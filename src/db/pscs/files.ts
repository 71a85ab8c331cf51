// Which snapshots of persons with significant control were imported: their days order them.
import { and, eq, max } from 'drizzle-orm'
import type { Tx } from '../open.ts'
import { bulk_files } from '../schema.ts'

const PRODUCT = 'psc'

export interface PscFile {
  /** The day of production, ISO. */
  producedOn: string
  files: { part: number | null; of: number | null; records: number }[]
}

/** The day of the newest snapshot that was imported, wholly or in part; null when there is none. */
export function findNewestSnapshot(tx: Tx, { whole = false } = {}): string | null {
  const ours = eq(bulk_files.product, PRODUCT)
  const row = tx
    .select({ day: max(bulk_files.produced_on) })
    .from(bulk_files)
    .where(whole ? and(ours, eq(bulk_files.whole, true)) : ours)
    .get()
  return row?.day ?? null
}

/** Notes what a run is going to import; belongs before its first row. `now` in milliseconds. */
export function savePscFiles(tx: Tx, runId: number, { producedOn, files }: PscFile, now: number): void {
  const rows = files.map(({ part, of, records }) => ({
    run_id: runId,
    product: PRODUCT,
    produced_on: producedOn,
    part: part === null ? null : String(part),
    parts: of,
    records,
    imported_at: now,
  }))
  tx.insert(bulk_files).values(rows).run()
}

/** All that the run's files say has been applied. */
export function saveWholeSnapshot(tx: Tx, runId: number): void {
  tx.update(bulk_files).set({ whole: true }).where(eq(bulk_files.run_id, runId)).run()
}
