// Fills `postcodes` from the ONS Postcode Directory: all of a good file, nothing of a bad one. Safe to run again: a newer
// directory takes the place of the older one.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { RegisterPart } from '../../companies-house/register/bytes.ts'
import { authorityNames, findDirectoryColumns, postcodeReader } from '../../companies-house/register/postcodes.ts'
import { type CsvRecord, createRecordReader, type RecordBatch } from '../../companies-house/register/records.ts'
import type { RegisterSource } from '../../companies-house/register/source.ts'
import { countPostcodes, openPostcodeStaging, type PostcodeStaging } from '../../db/companies/postcodes.ts'
import type { Db } from '../../db/open.ts'
import { beginRun } from '../../db/runs.ts'
import { ChpipeError } from '../../errors.ts'
import { formatNumber } from '../../text.ts'

export interface ImportPostcodesStep {
  db: Db
  clock: Clock
  signal: AbortSignal
}

export interface ImportPostcodesOptions {
  source: RegisterSource
  /** The list of authorities with their names, where it does not come in the same zip. */
  names: RegisterSource | null
  onProgress(progress: ImportPostcodesProgress): void
}

export type ImportPostcodesProgress =
  | { phase: 'reading'; bytesRead: number; bytesTotal: number | null; rows: number }
  | { phase: 'storing'; stored: number; of: number }

export interface ImportPostcodesSummary {
  rows_read: number
  /** Those that are stored now. */
  postcodes: number
  added: number
  changed: number
  removed: number
  /** Those that are no longer in use, which are kept. */
  terminated: number
  /** Rows that name no postcode or no country. */
  skipped: number
  /** Authorities that the directory's list names; without it their codes are stored. */
  authorities_named: number
  elapsed_seconds: number
}

const TAKE_AS_IT_COMES = 'use the ONS Postcode Directory as downloaded from https://geoportal.statistics.gov.uk'

/** So many rows of a good directory may be odd. */
const MOST_SKIPPED_SHARE = 0.01

/** The directory keeps what has ended, so that a newer one with fewer than this share of the stored ones is cut. */
const LEAST_SHARE = 0.9
/** Below this many, a directory was a trial. */
const WHOLE_DIRECTORY = 100_000

/** As long as others wait for the lock at most; then it stays free for a moment. */
const REST_MS = 20

/**
 * Reads and checks the whole file, then moves it into the database in short transactions. Throws a `data` error for what is
 * not the directory, or is cut, and the signal's reason when interrupted; both leave what is stored as it was, save that an
 * interruption during the second half keeps what has moved.
 */
export async function importPostcodes(
  { db, clock, signal }: ImportPostcodesStep,
  { source, names, onProgress }: ImportPostcodesOptions,
): Promise<ImportPostcodesSummary> {
  const begun = clock.steady()
  const { directory, lists } = partsOf(source)
  const authorities = await readNames(names ? names.parts : lists, names?.name ?? source.name, names !== null)
  using staging = openPostcodeStaging(db)
  const totals = { rows: 0, terminated: 0, skipped: 0, firstSkipped: '' }
  for (const part of directory) {
    await readDirectory(part, source, { staging, authorities, totals }, (rows) =>
      onProgress({ phase: 'reading', bytesRead: source.bytesRead(), bytesTotal: source.bytesTotal, rows }),
    )
  }
  refuseOdd(totals, source.name)
  signal.throwIfAborted()
  refuseShrunken(totals.rows - totals.skipped, countPostcodes(db), source.name)
  using run = beginRun(db, clock, 'import-postcodes')
  let stored = 0
  for (const moved of staging.merge()) {
    stored = Math.min(stored + moved, staging.counts().staged)
    onProgress({ phase: 'storing', stored, of: staging.counts().staged })
    await clock.sleep(REST_MS)
    await nextTurn()
    signal.throwIfAborted()
  }
  const { staged, added, changed, removed } = staging.counts()
  const summary: ImportPostcodesSummary = {
    rows_read: totals.rows,
    postcodes: staged,
    added,
    changed,
    removed,
    terminated: totals.terminated,
    skipped: totals.skipped,
    authorities_named: authorities.size,
    elapsed_seconds: Math.round(clock.steady() - begun) / 1000,
  }
  run.finish(summary)
  return summary
}

/** The zip holds the directory whole and again by area, the users' guide, and lists of names. */
function partsOf({ parts, name }: RegisterSource): { directory: RegisterPart[]; lists: RegisterPart[] } {
  const lists = parts.filter(({ file }) => /(?:^|\/)LA(?:D|_UA)?\b.*names[^/]*$/i.test(file))
  if (parts.length === 1) return { directory: parts, lists: [] }
  const whole = parts.filter(({ file }) => /(?:^|\/)(?:ONSPD|NSPL)[^/]*\.csv$/i.test(file) && !/multi_csv/i.test(file))
  if (whole.length === 1) return { directory: whole, lists }
  throw new ChpipeError('data', `The zip does not hold one ONS Postcode Directory but ${whole.length}: ${name}`, {
    hint: TAKE_AS_IT_COMES,
  })
}

async function readNames(parts: RegisterPart[], name: string, asked: boolean): Promise<Map<string, string>> {
  for (const part of parts) {
    const reader = createRecordReader()
    const records: string[][] = []
    const take = ({ records: found, unterminated }: RecordBatch) => {
      for (const { cells } of found) records.push(cells)
      if (unterminated) records.push(unterminated.record.cells)
    }
    for await (const chunk of part.chunks()) take(reader.read(chunk))
    take(reader.end())
    const named = authorityNames(records)
    if (named && named.size > 0) return named
  }
  if (!asked) return new Map()
  throw new ChpipeError('data', `This is not the list of local authorities with their names: ${name}`, {
    hint: 'name the file "LA_UA names and codes" that comes with the directory, or leave out --names',
  })
}

interface Reading {
  staging: PostcodeStaging
  authorities: Map<string, string>
  totals: { rows: number; terminated: number; skipped: number; firstSkipped: string }
}

async function readDirectory(
  part: RegisterPart,
  source: RegisterSource,
  { staging, authorities, totals }: Reading,
  onRows: (rows: number) => void,
): Promise<void> {
  const name = part.name ? `${part.name} in ${source.name}` : source.name
  const reader = createRecordReader()
  let read: ReturnType<typeof postcodeReader> | null = null
  let width = 0
  const takeHeader = ({ cells }: CsvRecord) => {
    const columns = findDirectoryColumns(cells, name)
    reader.keepOnly(Object.values(columns.at))
    width = columns.width
    return postcodeReader(columns, authorities)
  }
  const take = (batch: RecordBatch) => {
    const last = batch.unterminated
    const records = last ? [...batch.records, last.record] : batch.records
    if (!read && records[0]) read = takeHeader(records.shift() as CsvRecord)
    if (last?.openQuote) throw refusedLine({ ...last.record, fault: 'a quote is never closed' }, width, name)
    const postcodes = []
    for (const record of records) {
      totals.rows += 1
      if (record.fault !== null || record.cells.length !== width) throw refusedLine(record, width, name)
      const found = read?.(record.cells) ?? ''
      if (typeof found !== 'string') {
        postcodes.push(found)
        if (found.terminated) totals.terminated += 1
        continue
      }
      totals.skipped += 1
      totals.firstSkipped ||= `line ${record.line}: ${found}`
    }
    staging.add(postcodes)
    onRows(totals.rows)
  }
  for await (const chunk of part.chunks()) take(reader.read(chunk))
  take(reader.end())
  if (!read) throw new ChpipeError('data', `The file has no header: ${name}`, { hint: TAKE_AS_IT_COMES })
  if (totals.rows === 0) throw new ChpipeError('data', `The file has no postcode: ${name}`, { hint: TAKE_AS_IT_COMES })
}

function refusedLine({ line, fault, cells }: CsvRecord, width: number, name: string): ChpipeError {
  const why = fault ?? `it has ${cells.length} of ${width} columns`
  return new ChpipeError('data', `The file is cut short or broken at line ${line}, as ${why}: ${name}`, {
    hint: 'download it again; nothing was imported',
  })
}

function refuseOdd({ rows, skipped, firstSkipped }: Reading['totals'], name: string): void {
  if (skipped <= Math.floor(rows * MOST_SKIPPED_SHARE)) return
  throw new ChpipeError(
    'data',
    `${formatNumber(skipped)} of ${formatNumber(rows)} rows are bad, more than 1 %; the first is ${firstSkipped}: ${name}`,
    { hint: 'check where the file comes from; nothing was imported' },
  )
}

function refuseShrunken(found: number, stored: number, name: string): void {
  if (stored < WHOLE_DIRECTORY || found >= stored * LEAST_SHARE) return
  throw new ChpipeError(
    'data',
    `The file is cut short: it has ${formatNumber(found)} postcodes, and ${formatNumber(stored)} are stored: ${name}`,
    { hint: 'download it again; nothing was imported' },
  )
}
