import { and, eq, ne } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { notes } from './schema.ts'

export type NoteKind =
  | 'officers-total-differs'
  | 'odd-officer-item'
  | 'unknown-officer-members'
  | 'unreadable-officer-item'

export interface Note {
  kind: NoteKind
  companyNumber: string
  detail: string
}

/** A hostile item must not fill the database. */
const MAX_DETAIL_LENGTH = 4096

/** Keeps what is odd about the stored list of a company, instead of what was odd in the same way about earlier lists. */
export function saveNotes(tx: Tx, list: Note[], { notedAt, runId }: { notedAt: number; runId: number }): void {
  for (const { kind, companyNumber } of list) {
    tx.delete(notes)
      .where(and(eq(notes.company_number, companyNumber), eq(notes.kind, kind), ne(notes.noted_at, notedAt)))
      .run()
  }
  for (const { kind, companyNumber, detail } of list) {
    const cut = detail.slice(0, MAX_DETAIL_LENGTH)
    tx.insert(notes)
      .values({ kind, company_number: companyNumber, detail: cut, noted_at: notedAt, run_id: runId })
      .run()
  }
}
