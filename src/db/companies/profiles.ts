// Companies as the events of the stream tell them, many in one transaction: tens of thousands a second pass through here.
import type { ChangeNumbers } from '../changes.ts'
import type { Db } from '../open.ts'
import { type DetailsOrigin, type TellersOfCompany, updateCompany } from './companies.ts'
import { detailsOf, type FilledProfile } from './filled-profile.ts'
import { rowStatements } from './row-statements.ts'
import { isReplacedByProfile, TOLD_BY_PROFILE } from './told.ts'

/** Where the companies of one transaction come from. A row that comes with the number of its change is written once. */
export interface BatchOrigin extends DetailsOrigin {
  numbers: ChangeNumbers
}

const ORIGIN = ['source', 'fetched_at', 'run_id', 'change_number']

const inserts = rowStatements(TOLD_BY_PROFILE, (filled) => {
  const columns = [...filled, ...ORIGIN, 'first_seen_at', 'company_number']
  return `INSERT INTO companies (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
})

const updates = rowStatements(TOLD_BY_PROFILE, (filled, absent) => {
  const set = [...[...filled, ...ORIGIN].map((name) => `${name} = ?`), ...absent.map((name) => `${name} = NULL`)]
  return `UPDATE companies SET ${set.join(', ')}, deleted_at = NULL WHERE rowid = ?`
})

/**
 * Adds the company, or brings it to what the profile says now, as `insertCompany` and `updateCompany` do; `known` is what
 * `findKnownCompany` has just found. Belongs in the transaction of `origin`.
 */
export function storeProfile(
  db: Db,
  { companyNumber, filled }: FilledProfile,
  origin: BatchOrigin,
  known: TellersOfCompany | undefined,
): void {
  const { source, fetchedAt, runId, numbers } = origin
  if (known && !isReplacedByProfile(known, source)) {
    numbers.settle()
    updateCompany(db, detailsOf({ companyNumber, filled }), origin)
    return
  }
  const written = [source, fetchedAt, runId, numbers.next()]
  if (known) updates.runFilled(db, filled, [...written, known.rowid])
  else inserts.runFilled(db, filled, [...written, fetchedAt, companyNumber])
}
