// Spells in which the stream brought no event for too long, kept among the notes: `progress` reads there what the process
// that follows the stream has warned about.
import { and, desc, eq, gt, isNull } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { notes } from './schema.ts'

const KIND = 'stream-silent'

/** Notes a spell that began at `since`. */
export function saveSilence(
  tx: Tx,
  stream: string,
  { since, now, runId }: { since: number; now: number; runId: number },
): void {
  const detail = `${stream}: no event since ${new Date(since).toISOString()}`
  tx.insert(notes).values({ kind: KIND, detail, noted_at: now, run_id: runId }).run()
}

/** Whether the run has warned about a spell since `since`. */
export function isKnownSilent(db: Tx, runId: number, since: number): boolean {
  const warned = and(
    isNull(notes.company_number),
    eq(notes.kind, KIND),
    eq(notes.run_id, runId),
    gt(notes.noted_at, since),
  )
  return db.select({ id: notes.id }).from(notes).where(warned).orderBy(desc(notes.id)).limit(1).get() !== undefined
}
