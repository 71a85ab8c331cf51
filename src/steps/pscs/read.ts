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
  const sorts = new Map<string, PscSort>()
  let totals: PscTotals | null = null
  let lines = 0
  for (const part of parts) {
    let records = 0
    let ended = false
    for await (const batch of readLines(part)) {
      const staged: PscFacts[] = []
      for (const line of batch) {
        if (ended) throw foreign(line.line, 'it follows the totals', part.name)
        const sort = sorts.get(line.kind) ?? sortOf(line.kind)
        sorts.set(line.kind, sort)
        if (sort === 'totals') {
          if (totals) throw foreign(line.line, 'the totals are there twice', part.name)
          totals = readTotals(line.read())
          if (!totals) throw foreign(line.line, 'its totals are not numbers', part.name)
          ended = true
          continue
        }
        counts[sort] += 1
        records += 1
        if (line.companyNumber !== null && isKnown(line.companyNumber)) staged.push(recordOf(line, part, read.unknown))
      }
      staging.add(staged)
      read.staged += staged.length
      lines += batch.length
      onProgress(lines)
    }
    read.records.push(records)
  }
  return { ...read, totals: agreed(totals, counts, parts) }
}

function recordOf(line: PscLine, { name }: PscPart, unknown: Record<string, number>): PscFacts {
  const companyNumber = line.companyNumber ?? ''
  const psc = readPsc(line.read().data, companyNumber)
  if (typeof psc === 'string') throw foreign(line.line, psc, name)
  for (const member of psc.unknown) {
    const key = Object.hasOwn(unknown, member) || Object.keys(unknown).length < MOST_UNKNOWN ? member : '(others)'
    unknown[key] = (Object.hasOwn(unknown, key) ? (unknown[key] ?? 0) : 0) + 1
  }
  return { company_number: companyNumber, psc_id: psc.pscId, ...psc.values }
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
