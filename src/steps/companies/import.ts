// Fills `companies` from the register file: all of a good file, nothing of a bad one. It is safe to run again: known
// companies are brought up to date, and what was learnt about their officers stays.

import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import { editionOf, type RegisterSource } from '../../companies-house/register/source.ts'
import { readKnownCompanies } from '../../db/companies/companies.ts'
import { readFileRows } from '../../db/companies/file-rows.ts'
import { type Origin, runsOfLaterFiles, saveRegisterFile } from '../../db/companies/register-files.ts'
import { saveSicDescriptions } from '../../db/companies/sic.ts'
import { type CompanyStaging, openCompanyStaging, type Reject } from '../../db/companies/staging.ts'
import type { Column } from '../../db/dataset/columns.ts'
import { type Note, saveNotes } from '../../db/officers/fetches.ts'
import { type Db, type Tx, write } from '../../db/open.ts'
import { beginRun } from '../../db/runs.ts'
import { companyCount, readTallies } from '../../db/tallies.ts'
import { createWritePace } from '../../db/write-pace.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import { formatNumber } from '../../text.ts'
import { csvHeader, csvLines, LINE_END } from '../export/formats/csv.ts'
import { companyTest, type ImportFilter, type ReadTotals, readRegister, type UnknownProse } from './read.ts'
import { concludeUnlisted, NOTHING_UNLISTED } from './unlisted.ts'

export interface ImportCompaniesStep {
  db: Db
  clock: Clock
  signal: AbortSignal
}

export interface ImportCompaniesOptions {
  source: RegisterSource
  /** The day that the file is of, where its name lacks it or is wrong. */
  asOf?: string | undefined
  /** Which companies are taken that are not stored yet; stored ones always take their row. */
  filter: ImportFilter
  /** At most so many new rows are taken, the first that pass the filter. */
  limit?: number | undefined
  /** Where bad rows go, when there are any. */
  rejectsFile: string
  onProgress(progress: ImportCompaniesProgress): void
}

export type ImportCompaniesProgress =
  | { phase: 'reading'; bytesRead: number; bytesTotal: number | null; rows: number }
  | { phase: 'merging'; merged: number; of: number }

/** `rows_read` = `imported` + `kept_newer` + `duplicates` + `filtered_out` + `rejected`. */
export interface ImportCompaniesSummary {
  rows_read: number
  /** The day that the file is of; null where it is unknown. */
  as_of: string | null
  imported: number
  inserted: number
  updated: number
  /** Known companies of which something newer is stored than the file, or may be where its day is not known. */
  kept_newer: number
  /** Rows that a later row of the same company replaced. */
  duplicates: number
  filtered_out: number
  rejected: number
  rejects_file: string | null
  /** Known companies that a whole file lists no more, and the first of them. */
  no_longer_listed: number
  no_longer_listed_companies: string[]
  /** Known companies that a file lacks which lacks too many to be whole: nothing is concluded from it. */
  no_longer_listed_doubted: number
  unknown_prose: UnknownProse
  /** Cells that cannot be right, by the file's column, where there are any: they are left out, and the first thousand are noted. */
  odd_cells?: Record<string, number>
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
  { source, asOf, filter, limit = Number.POSITIVE_INFINITY, rejectsFile, onProgress }: ImportCompaniesOptions,
): Promise<ImportCompaniesSummary> {
  const begun = clock.steady()
  using staging = openCompanyStaging(db, clock)
  const narrowed = limit !== Number.POSITIVE_INFINITY || Object.values(filter).some((given) => given !== undefined)
  const known = narrowed ? readKnownCompanies(db) : null
  const edition = editionOf(source, { asOf, now: clock.now() })
  const read = await readRegister(source, staging, {
    accepts: companyTest(filter),
    limit,
    isKnown: (number) => known?.has(number) ?? false,
    asOf: edition.asOf,
    fileRows: readFileRows(db, edition.asOf),
    onProgress(rows) {
      onProgress({ phase: 'reading', bytesRead: source.bytesRead(), bytesTotal: source.bytesTotal, rows })
    },
  })
  refuseTooManyRejects(read, source.name)
  if (read.rejected > 0) writeRejects(rejectsFile, staging.rejects())
  signal.throwIfAborted()

  using run = beginRun(db, clock, 'import-companies')
  write(db, (tx) => {
    saveRegisterFile(tx, run.id, edition)
    saveSicNames(tx, read, edition.asOf)
  })
  const fetched_at = new Date(clock.now()).toISOString()
  const origin = { source: 'register-file', fetched_at, run_id: run.id, as_of: edition.asOf }
  const before = companyCount(readTallies(db))
  let stored = 0
  const merged = await mergeStaged({ clock, signal }, staging, {
    origin,
    unfilled: read.unfilled,
    onProgress(merged) {
      stored = merged
      onProgress({ phase: 'merging', merged, of: read.staged })
    },
  }).catch((error) => {
    throw withKept(error, stored, read.staged)
  })
  write(db, (tx) => noteOddCells(tx, read, origin))
  const { inserted } = merged
  const updated = merged.updated + read.unchanged
  const kept = read.staged - inserted - merged.updated - merged.duplicates
  const listsAll = before === updated + kept && before + inserted === companyCount(readTallies(db))
  const file = { read, rejects: staging.rejects(), origin, known: updated + kept, listsAll }
  const isWhole = limit === Number.POSITIVE_INFINITY
  const unlisted = isWhole ? await concludeUnlisted({ db, signal }, file) : NOTHING_UNLISTED
  const summary: ImportCompaniesSummary = {
    rows_read: read.rows,
    as_of: edition.asOf,
    imported: inserted + updated,
    inserted,
    updated,
    kept_newer: kept,
    duplicates: merged.duplicates + read.repeated,
    filtered_out: read.filteredOut,
    rejected: read.rejected,
    rejects_file: read.rejected > 0 ? rejectsFile : null,
    ...unlisted,
    unknown_prose: read.unknownProse,
    ...(Object.keys(read.oddCells).length > 0 ? { odd_cells: read.oddCells } : {}),
    elapsed_seconds: Math.round(clock.steady() - begun) / 1000,
  }
  run.finish(summary)
  return summary
}

/** What the file calls SIC codes: before its companies, of which no row is read again once it is stored. */
function saveSicNames(tx: Tx, { sicDescriptions }: ReadTotals, asOf: string | null): void {
  const newer = asOf !== null && runsOfLaterFiles(tx, asOf).length === 0
  saveSicDescriptions(tx, sicDescriptions, { newer })
}

function noteOddCells(tx: Tx, { firstOddCells }: ReadTotals, { run_id, fetched_at }: Origin): void {
  const notes = firstOddCells.map(
    ({ companyNumber, column, cell }): Note => ({
      kind: 'odd-register-cell',
      companyNumber,
      detail: JSON.stringify({ column, cell }),
    }),
  )
  saveNotes(tx, notes, { notedAt: Date.parse(fetched_at), runId: run_id })
}

/** Says with a failure of the disk how far the companies had got: each transaction that has ended stays. */
function withKept(error: unknown, stored: number, of: number): unknown {
  if (!(error instanceof ChpipeError) || error.kind !== 'data') return error
  const kept = `${formatNumber(stored)} of ${formatNumber(of)} companies are stored`
  return new ChpipeError('data', `${error.message}; ${kept}`, {
    ...(error.hint ? { hint: error.hint } : {}),
    cause: error,
  })
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

// Moves staged companies into the database without getting in the way of those who write beside it.

export interface MergeStep {
  clock: Clock
  signal: AbortSignal
}

export interface MergeTotals {
  inserted: number
  updated: number
  duplicates: number
}

const FIRST_CHUNK = 1000
const SMALLEST_CHUNK = 100
const LARGEST_CHUNK = 20_000

/**
 * Moves everything over; a writer beside it waits for about half a second at worst. Interrupted, it rejects with the
 * signal's reason after the chunk at hand: what has moved is good, and importing the file again moves the rest.
 */
async function mergeStaged(
  { clock, signal }: MergeStep,
  staging: CompanyStaging,
  { origin, unfilled, onProgress }: { origin: Origin; unfilled: Set<string>; onProgress(merged: number): void },
): Promise<MergeTotals> {
  const totals = { inserted: 0, updated: 0, duplicates: 0 }
  const bounds = { first: FIRST_CHUNK, fewest: SMALLEST_CHUNK, most: LARGEST_CHUNK }
  const pace = createWritePace(clock, { ...bounds, tidy: staging.checkpoint })
  for (const { inserted, updated, duplicates, lockedMs } of staging.merge({ ...origin, unfilled }, pace.size)) {
    totals.inserted += inserted
    totals.updated += updated
    totals.duplicates += duplicates
    await pace.wrote(lockedMs)
    onProgress(totals.inserted + totals.updated)
    await nextTurn()
    signal.throwIfAborted()
  }
  staging.checkpoint()
  return totals
}

const COLUMNS: Column[] = [
  { name: 'line', kind: 'number' },
  { name: 'reason', kind: 'text' },
  { name: 'row', kind: 'text' },
]

/** Writes rejected rows as CSV, readable by its owner only; an older file stays until the new one is whole. */
function writeRejects(path: string, rejects: Iterable<Reject>): void {
  const partial = `${path}.partial`
  try {
    // What lies there may be a link that somebody else has laid.
    rmSync(partial, { force: true })
    const fd = openSync(partial, 'wx', 0o600)
    try {
      const lines = csvLines(COLUMNS, { raw: false })
      writeSync(fd, csvHeader(COLUMNS.map(({ name }) => name)) + LINE_END)
      for (const { line, reason, row } of rejects) writeSync(fd, lines([[line, reason, row]]).join('') + LINE_END)
    } finally {
      closeSync(fd)
    }
    renameSync(partial, path)
  } catch (cause) {
    rmSync(partial, { force: true })
    throw new ChpipeError('data', `The rejected rows cannot be written (${errorMessage(cause)}): ${path}`, {
      hint: 'name another file with --rejects; nothing was imported',
      cause,
    })
  }
}
