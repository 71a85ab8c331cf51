// Rows of public tables that are gone, for deltas. Every function belongs in the transaction that takes the rows away.
import type { Db, Tx } from './open.ts'
import { deletions } from './schema.ts'
import { prepared } from './statements.ts'

export type DeletionKind = (typeof deletions.$inferInsert)['kind']

const STORED = "SELECT key FROM deletions WHERE kind = 'officer' AND company_number = ? AND key <> ''"
const BACK = "DELETE FROM deletions WHERE kind = 'officer' AND company_number = ? AND key = ?"
const GONE = `
  INSERT INTO deletions (kind, company_number, key, deleted_at, run_id) VALUES ('officer', ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET deleted_at = excluded.deleted_at, run_id = excluded.run_id`

const ADDRESSED = 'SELECT 1 FROM emails WHERE company_number = ? AND appointment_id = ?'
/** Addresses of somebody who is gone are not delivered any more: the company's are to be taken anew. */
const UNADDRESSED = `
  INSERT INTO deletions (kind, company_number, key, deleted_at, run_id) VALUES ('email', ?, '', ?, ?)
  ON CONFLICT DO UPDATE SET deleted_at = excluded.deleted_at, run_id = excluded.run_id`

/** What took the rows away, and when (ISO 8601). */
export interface DeletionOrigin {
  deletedAt: string
  runId: number
}

/** Notes the appointments that a company's new list no longer has, and takes back the notes on those that it has again. */
export function noteOfficers(
  db: Db,
  companyNumber: string,
  { before, after }: { before: string[]; after: Set<string> },
  { deletedAt, runId }: DeletionOrigin,
): void {
  for (const key of prepared(db, STORED).pluck().all(companyNumber) as string[]) {
    if (after.has(key)) prepared(db, BACK).run(companyNumber, key)
  }
  for (const key of before) {
    if (after.has(key)) continue
    prepared(db, GONE).run(companyNumber, key, deletedAt, runId)
    if (prepared(db, ADDRESSED).get(companyNumber, key)) prepared(db, UNADDRESSED).run(companyNumber, deletedAt, runId)
  }
}

/** No run erases: the operator does. */
const NO_RUN = 0

/**
 * Notes that something of these companies was erased. Of an erased person nothing may stay, so the note has no key: it
 * means that all rows of the company are to be taken anew.
 */
export function noteErased(tx: Tx, kind: DeletionKind, companyNumbers: string[], deletedAt: string): void {
  for (const company_number of new Set(companyNumbers)) {
    tx.insert(deletions)
      .values({ kind, company_number, key: '', deleted_at: deletedAt, run_id: NO_RUN })
      .onConflictDoUpdate({
        target: [deletions.kind, deletions.company_number, deletions.key],
        set: { deleted_at: deletedAt },
      })
      .run()
  }
}
