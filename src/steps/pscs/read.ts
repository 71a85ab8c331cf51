// Reads a snapshot of persons with significant control once, from end to end, into the staging. Nothing reaches the
// database's own tables from here.
import { readPsc } from '../../companies-house/pscs/item.ts'
import {
  foreign,
  type PscLine,
  type PscPart,
  type PscSort,
  type PscTotals,
  readLines,
  readTotals,
  sortOf,
} from '../../companies-house/pscs/snapshot.ts'
import type { PscFacts } from '../../db/pscs/pscs.ts'
import type { PscStaging } from '../../db/pscs/staging.ts'
import { ChpipeError } from '../../errors.ts'
import { boundYoungSpace, collectGarbage, collectNewGarbage } from '../../heap-space.ts'
import { formatNumber } from '../../text.ts'

export interface ReadPscOptions {
  /** Whether the company is stored. */
  isKnown(companyNumber: string): boolean
  onProgress(lines: number): void
}

export interface ReadSnapshot {
  counts: Record<Exclude<PscSort, 'totals'>, number>
  totals: PscTotals
  /** Records in each file, in the order of the files. */
  records: number[]
  /** Records of stored companies. */
  staged: number
  /** Members without a column, each with the number of staged records that have it. */
  unknown: Record<string, number>
}

/** After so many pieces of a file, some megabytes, what is used no more is collected. */
const PIECES_PER_SWEEP = 64
/** After so many, also what had to live for a while: it adds up with the length of the file. */
const PIECES_PER_WHOLE_SWEEP = 1024

/** More different members than this are not distinguished. */
const MOST_UNKNOWN = 100

/**
 * Stages every record of a stored company. Throws a `data` error for a line that is no record, for a snapshot without its
 * totals, and for totals that disagree with what was read.
 */
export async function readSnapshot(
  parts: readonly PscPart[],
  staging: PscStaging,
  { isKnown, onProgress }: ReadPscOptions,
): Promise<ReadSnapshot> {
  const counts = { persons: 0, statements: 0, exemptions: 0 }
  const read: Omit<ReadSnapshot, 'totals'> = { counts, records: [], staged: 0, unknown: {} }
  let totals: PscTotals | null = null
  let [lines, pieces] = [0, 0]
  for (const part of parts) {
    let records = 0
    for await (const batch of readLines(part, isKnown)) {
      for (const [kind, count] of batch.kinds) {
        const sort = sortOf(kind)
        if (sort !== 'totals') counts[sort] += count
        records += count
      }
      staging.add(batch.wanted.map((line) => recordOf(line, part, read.unknown)))
      read.staged += batch.wanted.length
      if (batch.totals) totals = onlyTotals(totals, batch.totals, part)
      lines += batch.count
      pieces += 1
      sweep(pieces)
      onProgress(lines)
    }
    read.records.push(records)
  }
  if (pieces >= PIECES_PER_SWEEP) collectGarbage()
  return { ...read, totals: agreed(totals, counts, parts) }
}

/** V8 would wait longer and longer as a file goes on, and what the process has grown by it never gives back. */
function sweep(pieces: number): void {
  if (pieces % PIECES_PER_SWEEP !== 0) return
  boundYoungSpace()
  if (pieces % PIECES_PER_WHOLE_SWEEP === 0) collectGarbage()
  else collectNewGarbage()
}

function onlyTotals(earlier: PscTotals | null, { line, data }: { line: number; data: unknown }, { name }: PscPart) {
  if (earlier) throw foreign(line, 'the totals are there twice', name)
  const totals = readTotals(data)
  if (!totals) throw foreign(line, 'its totals are not numbers', name)
  return totals
}

function recordOf(line: PscLine, { name }: PscPart, unknown: Record<string, number>): PscFacts {
  const { companyNumber } = line
  const psc = readPsc(line.data, companyNumber)
  if (typeof psc === 'string') throw foreign(line.line, psc, name)
  for (const member of psc.unknown) {
    const key = Object.hasOwn(unknown, member) || Object.keys(unknown).length < MOST_UNKNOWN ? member : '(others)'
    unknown[key] = (Object.hasOwn(unknown, key) ? (unknown[key] ?? 0) : 0) + 1
  }
  // Nobody else has these values; a copy of so many columns would take longer than to parse them.
  return Object.assign(psc.values, { company_number: companyNumber, psc_id: psc.pscId })
}

/** The totals, where they agree with what was read. */
function agreed(totals: PscTotals | null, counts: ReadSnapshot['counts'], parts: readonly PscPart[]): PscTotals {
  const name = parts.length === 1 ? parts[0]?.name : `${parts.length} files`
  if (!totals) {
    throw new ChpipeError('data', `The snapshot is cut short, or its last part is missing: it has no totals: ${name}`, {
      hint: 'download it again, and name all of its parts; nothing was imported',
    })
  }
  for (const sort of ['persons', 'statements', 'exemptions'] as const) {
    if (totals[sort] === counts[sort]) continue
    const differs = `its totals say ${formatNumber(totals[sort])} ${sort}, it holds ${formatNumber(counts[sort])}`
    throw new ChpipeError('data', `The snapshot disagrees with itself: ${differs}: ${name}`, {
      hint: 'download it again, and name all of its parts; nothing was imported',
    })
  }
  return totals
}
