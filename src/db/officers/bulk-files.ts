// Bulk files of officers that were imported: what is stored from which of them, and where the daily updates stand.
import { and, asc, desc, eq, gt, inArray } from 'drizzle-orm'
import { type Db, prepared, type Tx } from '../open.ts'
import { bulk_files } from '../schema.ts'

export type BulkFileRow = typeof bulk_files.$inferSelect
export type SnapshotProduct = '195' | '216'

/** A file that was read whole. */
export interface ImportedFile {
  /** 1 to 9999. */
  run: number
  /** ISO. */
  producedOn: string
  part: string | null
  records: number
}

/** When what a file says was true: the beginning of its day, but not after its import. ISO 8601. */
export function momentOfFile(producedOn: string, importedAt: number): string {
  return new Date(Math.min(Date.parse(`${producedOn}T00:00:00.000Z`), importedAt)).toISOString()
}

/** England and Wales come in numbered parts, the other two countries in one each. */
function isWhole(parts: (string | null)[]): boolean {
  const numbers = new Set(parts.flatMap((part) => (part?.startsWith('ew_') ? [Number(part.slice(3))] : [])))
  const unbroken = numbers.size > 0 && Math.max(...numbers) === numbers.size
  return parts.includes(null) || (unbroken && parts.includes('sc') && parts.includes('ni'))
}

/**
 * Notes the parts of a snapshot, as the newest file: updates follow it from here on, also those that were applied before to
 * what was stored then. Belongs before its first company.
 */
export function saveSnapshotFiles(
  tx: Tx,
  { product, runId, importedAt }: { product: SnapshotProduct; runId: number; importedAt: number },
  files: ImportedFile[],
): boolean {
  const run = files[0]?.run ?? 0
  const same = and(eq(bulk_files.product, product), eq(bulk_files.run_number, run))
  const names = new Set(files.map(({ part }) => part))
  const others = tx
    .select()
    .from(bulk_files)
    .where(same)
    .all()
    .filter(({ part, produced_on }) => produced_on === files[0]?.producedOn && !names.has(part))
  const again = tx.select().from(bulk_files).where(same).all()
  const replaced = again.filter(({ part }) => names.has(part)).map(({ id }) => id)
  if (replaced.length > 0) tx.delete(bulk_files).where(inArray(bulk_files.id, replaced)).run()
  const parts = others.length + files.length
  const whole = isWhole([...others.map(({ part }) => part), ...names])
  const rows = files.map(({ producedOn, part, records }) => ({
    run_id: runId,
    product,
    run_number: run,
    produced_on: producedOn,
    part,
    parts,
    records,
    whole,
    imported_at: importedAt,
  }))
  tx.insert(bulk_files).values(rows).run()
  const ids = others.map(({ id }) => id)
  if (ids.length > 0) tx.update(bulk_files).set({ parts, whole }).where(inArray(bulk_files.id, ids)).run()
  return whole
}

/** Notes a daily update; belongs in the transaction that applies it. */
export function saveUpdateFile(
  tx: Tx,
  { runId, importedAt }: { runId: number; importedAt: number },
  { run, producedOn, records }: ImportedFile,
): void {
  const origin = { run_id: runId, imported_at: importedAt, records, whole: true }
  tx.insert(bulk_files)
    .values({ ...origin, product: '198', run_number: run, produced_on: producedOn })
    .run()
}

/** Where the updates stand: the snapshot that was imported last, and the updates that were applied since. */
export interface UpdateChain {
  /** Null when no snapshot was ever imported. */
  snapshot: { run: number; producedOn: string; importedAt: number } | null
  /** In the order in which they were applied. */
  applied: { run: number; producedOn: string }[]
}

export function readUpdateChain(tx: Tx): UpdateChain {
  const last = tx
    .select()
    .from(bulk_files)
    .where(inArray(bulk_files.product, ['195', '216']))
    .orderBy(desc(bulk_files.id))
    .limit(1)
    .get()
  const since = and(eq(bulk_files.product, '198'), gt(bulk_files.id, last?.id ?? 0))
  const rows = tx.select().from(bulk_files).where(since).orderBy(asc(bulk_files.id)).all()
  return {
    snapshot: last ? { run: last.run_number ?? 0, producedOn: last.produced_on, importedAt: last.imported_at } : null,
    applied: rows.map(({ run_number, produced_on }) => ({ run: run_number ?? 0, producedOn: produced_on })),
  }
}

/** All bulk files of officers, the oldest first. */
export function listBulkFiles(tx: Tx): BulkFileRow[] {
  const officers = inArray(bulk_files.product, ['195', '216', '198'])
  return tx.select().from(bulk_files).where(officers).orderBy(asc(bulk_files.id)).all()
}

const PROVEN = "SELECT count(*) FROM companies WHERE officers_fetched_at = ? AND officers_state = 'complete'"

/** The complete lists that are as new as this (ISO 8601), to the millisecond. */
export function countProvenAt(db: Db, moment: string): number {
  return Number(prepared(db, PROVEN).pluck().get(moment))
}
