// Single records of stored companies, as events of the stream change them. Every function belongs in the transaction that
// also moves the cursor.
import { noteErased } from '../changes.ts'
import { type Db, prepared } from '../open.ts'
import { pscRules } from '../suppress/pscs.ts'
import { PSC_FACTS, type PscFacts, type PscRow } from './pscs.ts'

/** What is known of a company and of one of its records. */
export interface StoredRecord {
  /** Of which moment the snapshot is that last changed its records, ISO 8601; null when none has. */
  snapshotAt: string | null
  row: PscRow | null
  /** When the record was taken away, ISO 8601; null while it is there, or was never. */
  goneAt: string | null
}

const COMPANY = 'SELECT pscs_fetched_at FROM companies WHERE company_number = ?'
const ROW = 'SELECT * FROM persons_with_significant_control WHERE company_number = ? AND psc_id = ?'
const GONE = "SELECT deleted_at FROM deletions WHERE kind = 'psc' AND company_number = ? AND key = ?"

/** Null for a company that is not stored. */
export function findRecord(db: Db, companyNumber: string, pscId: string): StoredRecord | null {
  const company = prepared(db, COMPANY).get(companyNumber) as { pscs_fetched_at: string | null } | undefined
  if (!company) return null
  const row = (prepared(db, ROW).get(companyNumber, pscId) as PscRow | undefined) ?? null
  const gone = prepared(db, GONE).get(companyNumber, pscId) as { deleted_at: string } | undefined
  return { snapshotAt: company.pscs_fetched_at, row, goneAt: gone?.deleted_at ?? null }
}

/** Of which moment a record is, which event told of it, and in which run. */
export interface RecordOrigin {
  /** ISO 8601. */
  toldAt: string
  timepoint: number
  runId: number
}

const COLUMNS = [...PSC_FACTS, 'source', 'fetched_at', 'run_id', 'stream_timepoint']
const PUT = `
  INSERT INTO persons_with_significant_control (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})
  ON CONFLICT DO UPDATE SET ${COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ')}`
const BACK = "DELETE FROM deletions WHERE kind = 'psc' AND company_number = ? AND key = ?"
const TAKE = 'DELETE FROM persons_with_significant_control WHERE company_number = ? AND psc_id = ?'
const NOTE = `
  INSERT INTO deletions (kind, company_number, key, deleted_at, run_id) VALUES ('psc', ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET deleted_at = excluded.deleted_at, run_id = excluded.run_id`
const LISTED = "UPDATE companies SET pscs_state = 'complete' WHERE company_number = ? AND pscs_state = 'none'"
const EMPTIED = `
  UPDATE companies SET pscs_state = 'none' WHERE company_number = ? AND pscs_state = 'complete' AND NOT EXISTS (
    SELECT 1 FROM persons_with_significant_control WHERE company_number = companies.company_number)`

/**
 * Puts a record in, or in the place of what is stored of it. Where a rule means it, what was stored of it is taken away, and
 * nothing may name it; false then.
 */
export function putRecord(db: Db, facts: PscFacts, { toldAt, timepoint, runId }: RecordOrigin): boolean {
  const { company_number, psc_id } = facts
  if (pscRules(db).means(facts)) {
    const gone = prepared(db, TAKE).run(company_number, psc_id).changes > 0
    if (gone) noteErased(db, 'psc', [company_number], toldAt)
    return false
  }
  prepared(db, PUT).run([...PSC_FACTS.map((column) => facts[column] ?? null), 'stream', toldAt, runId, timepoint])
  prepared(db, BACK).run(company_number, psc_id)
  prepared(db, LISTED).run(company_number)
  return true
}

/**
 * Takes a record away; returns whether it was there. That it is gone is noted in any case: a snapshot that is older must not
 * bring it back.
 */
export function takeRecord(db: Db, companyNumber: string, pscId: string, { toldAt, runId }: RecordOrigin): boolean {
  const taken = prepared(db, TAKE).run(companyNumber, pscId).changes > 0
  prepared(db, NOTE).run(companyNumber, pscId, toldAt, runId)
  if (taken && pscRules(db).empty) prepared(db, EMPTIED).run(companyNumber)
  return taken
}
