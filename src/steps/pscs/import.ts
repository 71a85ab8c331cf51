// Fills `persons_with_significant_control` from a snapshot: all of a good one, nothing of a bad one. It is safe to run
// again; interrupted, it leaves whole companies, and running it again does the rest.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, DAY_MS } from '../../clock.ts'
import { inOrder, type PscPart, refuseIncomplete } from '../../companies-house/pscs/snapshot.ts'
import { companiesNamed } from '../../companies-house/stream/officers.ts'
import { readKnownCompanies } from '../../db/companies/companies.ts'
import { type Db, write } from '../../db/open.ts'
import { saveLossesRepaired } from '../../db/psc-doubt.ts'
import { findNewestSnapshot, savePscFiles, saveWholeSnapshot } from '../../db/pscs/files.ts'
import { openPscStaging, type PscStaging, type SnapshotOrigin } from '../../db/pscs/staging.ts'
import { beginRun } from '../../db/runs.ts'
import { createWritePace } from '../../db/write-pace.ts'
import { ChpipeError } from '../../errors.ts'
import { formatNumber } from '../../text.ts'
import { type ReadSnapshot, readSnapshot } from './read.ts'

export interface ImportPscsStep {
  db: Db
  clock: Clock
  signal: AbortSignal
}

export interface ImportPscsOptions {
  parts: readonly PscPart[]
  onProgress(progress: ImportPscsProgress): void
}

export type ImportPscsProgress = { phase: 'reading'; lines: number } | { phase: 'merging'; merged: number; of: number }

export interface ImportPscsSummary {
  /** When the register wrote the snapshot, ISO 8601. */
  generated_at: string
  parts: number
  persons: number
  statements: number
  exemptions: number
  /** Stored companies that were compared with it. */
  companies: number
  /** Records of these companies. */
  records: number
  inserted: number
  updated: number
  unchanged: number
  /** Records that it lists no more. */
  deleted: number
  /** Records of people whom a rule leaves alone; they are not stored. */
  withheld: number
  unknown_members: Record<string, number>
  elapsed_seconds: number
}

/**
 * Reads and checks the whole snapshot, then brings the stored companies to what it says, in short transactions. Throws a
 * `data` error for a snapshot that is broken, cut, foreign, incomplete, older than what is stored, or that lacks too much of
 * it, and the signal's reason when interrupted; all leave the database as it was, save that an interruption during the second
 * half keeps the companies that are done.
 */
export async function importPscs(
  { db, clock, signal }: ImportPscsStep,
  { parts: given, onProgress }: ImportPscsOptions,
): Promise<ImportPscsSummary> {
  const begun = clock.steady()
  refuseIncomplete(given)
  const parts = inOrder(given)
  refuseOlderDay(db, parts)
  const known = readKnownCompanies(db)
  if (known.count === 0) {
    throw new ChpipeError('data', 'No company is stored yet, and a snapshot is read for stored companies only', {
      hint: 'chpipe import-companies BasicCompanyData.zip',
    })
  }
  using staging = openPscStaging(db, clock)
  const read = await readSnapshot(parts, staging, {
    isKnown: (number) => known.has(number),
    onProgress: (lines) => onProgress({ phase: 'reading', lines }),
  })
  const generatedAt = momentOfSnapshot(read, parts)
  refuseFuture(generatedAt, clock.now())
  refuseOlder(db, generatedAt.slice(0, 10))
  refuseTooMuchMissing(staging, generatedAt)
  signal.throwIfAborted()

  using run = beginRun(db, clock, 'import-pscs')
  const files = parts.map(({ edition }, index) => ({ ...edition, records: read.records[index] ?? 0 }))
  write(db, (tx) => savePscFiles(tx, run.id, { producedOn: generatedAt.slice(0, 10), files }, clock.now()))
  const merged = await mergeStaged({ clock, signal }, staging, {
    origin: { generatedAt, runId: run.id, named: companiesNamed },
    onProgress: (count) => onProgress({ phase: 'merging', merged: count, of: known.count }),
  })
  write(db, (tx) => {
    saveWholeSnapshot(tx, run.id)
    saveLossesRepaired(db, generatedAt, clock.now())
  })
  const { inserted, updated, withheld } = merged
  const summary: ImportPscsSummary = {
    generated_at: generatedAt,
    parts: parts.length,
    ...read.counts,
    companies: merged.companies,
    records: read.staged,
    inserted,
    updated,
    unchanged: Math.max(0, read.staged - inserted - updated - withheld),
    deleted: merged.deleted,
    withheld,
    unknown_members: read.unknown,
    elapsed_seconds: Math.round(clock.steady() - begun) / 1000,
  }
  run.finish(summary)
  return summary
}

/** By the names, so that nobody waits for the reading to learn of it. */
function refuseOlderDay(db: Db, parts: readonly PscPart[]): void {
  const day = parts.find(({ edition }) => edition.day !== null)?.edition.day
  if (day) refuseOlder(db, day)
}

function refuseOlder(db: Db, day: string): void {
  const newest = findNewestSnapshot(db)
  if (newest === null || day >= newest) return
  throw new ChpipeError('data', `The snapshot is of ${day}, and one of ${newest} is stored already`, {
    hint: 'download the snapshot of today: https://download.companieshouse.gov.uk/en_pscdata.html',
  })
}

function momentOfSnapshot({ totals }: ReadSnapshot, parts: readonly PscPart[]): string {
  const day = parts.find(({ edition }) => edition.day !== null)?.edition.day
  const moment = totals.generatedAt ?? (day ? `${day}T00:00:00.000Z` : null)
  if (moment !== null && !Number.isNaN(Date.parse(moment))) return moment
  throw new ChpipeError('data', 'Neither the totals of the snapshot nor its name say of which day it is', {
    hint: 'keep the name that it was downloaded under',
  })
}

/** A later snapshot would be refused as older from then on. */
function refuseFuture(generatedAt: string, now: number): void {
  if (Date.parse(generatedAt) <= now + DAY_MS) return
  throw new ChpipeError('data', `The snapshot says that it was written on ${generatedAt}, which is still to come`, {
    hint: 'check the clock of this machine, then where the file comes from',
  })
}

/** Records never leave the register's snapshot in numbers: ceased ones stay in it. */
const MOST_MISSING_SHARE = 0.05
const FEW_MISSING = 10

function refuseTooMuchMissing(staging: PscStaging, generatedAt: string): void {
  const { missing, stored } = staging.missing(generatedAt)
  if (missing <= Math.max(FEW_MISSING, stored * MOST_MISSING_SHARE)) return
  const few = `${formatNumber(missing)} of ${formatNumber(stored)} stored records`
  throw new ChpipeError('data', `The snapshot lacks ${few}, too many for a whole one`, {
    hint: 'download it again; nothing was imported',
  })
}

const FIRST_CHUNK = 500
const SMALLEST_CHUNK = 50
const LARGEST_CHUNK = 10_000

interface MergeOptions {
  origin: SnapshotOrigin
  onProgress(companies: number): void
}

/** Interrupted, it rejects with the signal's reason after the chunk at hand. */
async function mergeStaged(
  { clock, signal }: Pick<ImportPscsStep, 'clock' | 'signal'>,
  staging: PscStaging,
  { origin, onProgress }: MergeOptions,
) {
  const totals = { inserted: 0, updated: 0, deleted: 0, withheld: 0, companies: 0 }
  const bounds = { first: FIRST_CHUNK, fewest: SMALLEST_CHUNK, most: LARGEST_CHUNK }
  const pace = createWritePace(clock, { ...bounds, tidy: staging.checkpoint })
  for (const chunk of staging.merge(origin, pace.size)) {
    for (const count of ['inserted', 'updated', 'deleted', 'withheld', 'companies'] as const) {
      totals[count] += chunk[count]
    }
    await pace.wrote(chunk.lockedMs)
    onProgress(totals.companies)
    await nextTurn()
    signal.throwIfAborted()
  }
  staging.checkpoint()
  return totals
}
