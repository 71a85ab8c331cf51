// Fills `companies` from the register file: all of a good file, nothing of a bad one. It is safe to run again: known
// companies are brought up to date, and what was learnt about their officers stays.

import type { Clock } from '../clock.ts'
import type { RegisterSource } from '../companies-house/register-source.ts'
import { openCompanyStaging } from '../db/companies.ts'
import type { Db } from '../db/open.ts'
import { beginRun } from '../db/runs.ts'
import { ChpipeError } from '../errors.ts'
import { type CompanyFilter, companyTest } from './import-companies-filter.ts'
import { mergeStaged } from './import-companies-merge.ts'
import { type ReadTotals, readRegister, type UnknownProse } from './import-companies-read.ts'
import { writeRejects } from './import-companies-rejects.ts'

export interface ImportCompaniesStep {
  db: Db
  clock: Clock
  signal: AbortSignal
}

export interface ImportCompaniesOptions {
  source: RegisterSource
  filter: CompanyFilter
  /** At most so many rows are imported, the first that pass the filter. */
  limit?: number | undefined
  /** Where bad rows go, when there are any. */
  rejectsFile: string
  onProgress(progress: ImportCompaniesProgress): void
}

export type ImportCompaniesProgress =
  | { phase: 'reading'; bytesRead: number; bytesTotal: number | null; rows: number }
  | { phase: 'merging'; merged: number; of: number }

/** `rows_read` = `imported` + `duplicates` + `filtered_out` + `rejected`. */
export interface ImportCompaniesSummary {
  rows_read: number
  imported: number
  inserted: number
  updated: number
  /** Rows that a later row of the same company replaced. */
  duplicates: number
  filtered_out: number
  rejected: number
  rejects_file: string | null
  unknown_prose: UnknownProse
  elapsed_seconds: number
}

/** So many bad rows are single ones; in a short file one always is. */
const MOST_REJECTED_SHARE = 0.01

/**
 * Reads and checks the whole file, then moves its companies into the database in short transactions. Throws a `data` error
 * for a file that is broken or has too many bad rows, and the signal's reason when interrupted; both leave the database as
 * it was, save that an interruption during the second half keeps what has moved.
 */
export async function importCompanies(
  { db, clock, signal }: ImportCompaniesStep,
  { source, filter, limit = Number.POSITIVE_INFINITY, rejectsFile, onProgress }: ImportCompaniesOptions,
): Promise<ImportCompaniesSummary> {
  const begun = clock.steady()
  using staging = openCompanyStaging(db, clock)
  const read = await readRegister(source, staging, {
    accepts: companyTest(filter),
    limit,
    onProgress(rows) {
      onProgress({ phase: 'reading', bytesRead: source.bytesRead(), bytesTotal: source.bytesTotal, rows })
    },
  })
  refuseTooManyRejects(read, source.name)
  if (read.rejected > 0) writeRejects(rejectsFile, staging.rejects())
  signal.throwIfAborted()

  using run = beginRun(db, clock, 'import-companies')
  const fetched_at = new Date(clock.now()).toISOString()
  const { inserted, updated } = await mergeStaged({ clock, signal }, staging, {
    origin: { source: 'register-file', fetched_at, run_id: run.id },
    onProgress: (merged) => onProgress({ phase: 'merging', merged, of: read.staged }),
  })
  const summary: ImportCompaniesSummary = {
    rows_read: read.rows,
    imported: inserted + updated,
    inserted,
    updated,
    duplicates: read.staged - inserted - updated,
    filtered_out: read.filteredOut,
    rejected: read.rejected,
    rejects_file: read.rejected > 0 ? rejectsFile : null,
    unknown_prose: read.unknownProse,
    elapsed_seconds: Math.round(clock.steady() - begun) / 1000,
  }
  run.finish(summary)
  return summary
}

function refuseTooManyRejects({ rows, rejected, firstReject }: ReadTotals, name: string): void {
  const allowed = Math.max(1, Math.floor(rows * MOST_REJECTED_SHARE))
  if (!firstReject || (rejected <= allowed && rejected < rows)) return
  const { line, reason } = firstReject
  throw new ChpipeError(
    'data',
    `${rejected} of ${rows} rows are bad, more than 1 %; the first is line ${line}: ${reason}: ${name}`,
    { hint: 'check where the file comes from; nothing was imported' },
  )
}
