// Stored companies of which a register file says again what another file of its day has said: they stay as they are.
import type { Db } from '../open.ts'
import { type Origin, runsOfLaterFiles } from './register-files.ts'
import { REGISTER_COLUMNS } from './told.ts'

/** A stored company of which nobody but the register file has told. */
export const ONLY_FILED = `companies.source = 'register-file'
  AND NOT EXISTS (SELECT 1 FROM company_tellers WHERE company_tellers.company_number = companies.company_number)`

/** The runs that imported a file of this day, and of no later one. */
export function runsOfSameDay(db: Db, asOf: string): number[] {
  const later = new Set(runsOfLaterFiles(db, asOf))
  return runsOfLaterFiles(db, asOf, { same: true }).filter((run) => !later.has(run))
}

/**
 * SQL for a stored company whose origin these runs are, and which a row that says the same again leaves as it is. One
 * without a status is written in any case: its origin says whether somebody is to be asked about it.
 */
export function filedBy(runs: readonly number[]): string {
  return `companies.run_id IN (${runs.join(', ')}) AND companies.source = 'register-file'
    AND companies.company_status IS NOT NULL AND companies.premises IS NULL AND companies.deleted_at IS NULL`
}

/**
 * SQL for whether a stored company stays as it is, with the file's row under another name; null where none can. Every
 * column counts that the row would change, but for its origin, which speaks of the same day.
 */
export function unchangedTest(
  db: Db,
  { as_of, run_id }: Pick<Origin, 'as_of' | 'run_id'>,
  { row, unfilled }: { row: string; unfilled: ReadonlySet<string> },
): string | null {
  if (as_of === null) return null
  const sameDay = runsOfSameDay(db, as_of).filter((run) => run !== run_id)
  if (sameDay.length === 0) return null
  const same = REGISTER_COLUMNS.filter((name) => name !== 'company_number' && !unfilled.has(name)).map((name) =>
    name === 'type' || name === 'subtype'
      ? `coalesce(${row}.${name}, companies.${name}) IS companies.${name}`
      : `${row}.${name} IS companies.${name}`,
  )
  return `${filedBy(sameDay)} AND ${same.join(' AND ')}`
}
