// Stored companies of which a register file says again what another file of its day has said: they stay as they are.
import type { Db } from '../open.ts'
import { type Origin, runsOfLaterFiles } from './register-files.ts'
import { REGISTER_COLUMNS } from './told.ts'

/**
 * SQL for whether a stored company stays as it is, with the file's row under another name; null where none can. Every
 * column counts that the row would change, but for its origin, which speaks of the same day. A company without a status
 * is written in any case: its origin says whether somebody is to be asked about it.
 */
export function unchangedTest(
  db: Db,
  { as_of, run_id }: Pick<Origin, 'as_of' | 'run_id'>,
  { row, unfilled }: { row: string; unfilled: ReadonlySet<string> },
): string | null {
  if (as_of === null) return null
  const later = new Set(runsOfLaterFiles(db, as_of))
  const sameDay = runsOfLaterFiles(db, as_of, { same: true }).filter((run) => run !== run_id && !later.has(run))
  if (sameDay.length === 0) return null
  const same = REGISTER_COLUMNS.filter((name) => name !== 'company_number' && !unfilled.has(name)).map((name) =>
    name === 'type' || name === 'subtype'
      ? `coalesce(${row}.${name}, companies.${name}) IS companies.${name}`
      : `${row}.${name} IS companies.${name}`,
  )
  return `companies.run_id IN (${sameDay.join(', ')}) AND companies.source = 'register-file'
    AND companies.company_status IS NOT NULL AND companies.premises IS NULL AND companies.deleted_at IS NULL
    AND ${same.join(' AND ')}`
}
