import type { Tx } from './open.ts'
import { notes } from './schema.ts'

export type NoteKind = 'officers-total-differs' | 'odd-officer-item' | 'unreadable-officer-item'

export interface Note {
  kind: NoteKind
  companyNumber: string
  detail: string
}

/** A hostile item must not fill the database. */
const MAX_DETAIL_LENGTH = 4096

/** Keeps what was odd about stored facts, beside them. */
export function saveNotes(tx: Tx, list: Note[], { notedAt, runId }: { notedAt: number; runId: number }): void {
  for (const { kind, companyNumber, detail } of list) {
    const cut = detail.slice(0, MAX_DETAIL_LENGTH)
    tx.insert(notes)
      .values({ kind, company_number: companyNumber, detail: cut, noted_at: notedAt, run_id: runId })
      .run()
  }
}
