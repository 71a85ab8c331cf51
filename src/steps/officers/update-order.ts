// Which daily updates are to be applied, and in which order: each once, none left out (facts 5.2). Pure.

import { DAY_MS } from '../../clock.ts'
import type { UpdateChain } from '../../db/officers/bulk-files.ts'
import { ChpipeError } from '../../errors.ts'
import { runText } from './filed-read.ts'

/** A run and its day of production, ISO. */
export interface Run {
  run: number
  producedOn: string
}

export interface SkippedRun extends Run {
  why: 'applied before' | 'before the snapshot' | 'named twice'
}

export interface UpdateOrder<File extends Run> {
  due: File[]
  skipped: SkippedRun[]
}

/**
 * Sorts files into those that follow what is stored, and those that say nothing new. Without a snapshot the first file is
 * where it begins. Throws a `data` error where a run is missing, or cannot be of its day.
 */
export function orderUpdates<File extends Run>(files: File[], chain: UpdateChain): UpdateOrder<File> {
  const order: UpdateOrder<File> = { due: [], skipped: [] }
  let last: Run | null = chain.applied.at(-1) ?? chain.snapshot
  let isSnapshot = chain.applied.length === 0
  for (const file of files.toSorted(byDay)) {
    const why = reasonToSkip(file, chain, order.due)
    if (why !== null) {
      order.skipped.push({ run: file.run, producedOn: file.producedOn, why })
      continue
    }
    if (last !== null) refuseUnlessNext(last, file, isSnapshot)
    order.due.push(file)
    last = file
    isSnapshot = false
  }
  return order
}

function byDay(one: Run, other: Run): number {
  return one.producedOn.localeCompare(other.producedOn) || one.run - other.run
}

function reasonToSkip(file: Run, { snapshot, applied }: UpdateChain, due: Run[]): SkippedRun['why'] | null {
  const isSame = ({ run, producedOn }: Run) => run === file.run && producedOn === file.producedOn
  if (applied.some(isSame)) return 'applied before'
  if (due.some(isSame)) return 'named twice'
  return snapshot !== null && file.producedOn <= snapshot.producedOn ? 'before the snapshot' : null
}

const LAST_RUN = 9999

function following(run: number): number {
  return run >= LAST_RUN ? 1 : run + 1
}

/** Behind a snapshot also the first file of a later day counts, whatever number the snapshot had. */
function refuseUnlessNext(last: Run, file: Run, isSnapshot: boolean): void {
  const [here, there] = [describeRun(last), describeRun(file)]
  if (file.producedOn <= last.producedOn) {
    throw new ChpipeError('data', `Run ${there} cannot follow run ${here}, which is as new`, {
      hint: 'see whether the file belongs to this database; nothing was applied',
    })
  }
  const next = following(last.run)
  if (file.run === next || (isSnapshot && daysBetween(last.producedOn, file.producedOn) === 0)) return
  const final = file.run === 1 ? LAST_RUN : file.run - 1
  const forward = (file.run - next + LAST_RUN) % LAST_RUN
  if (forward > MOST_MISSING) {
    throw new ChpipeError('data', `The number of run ${there} does not fit behind run ${here}`, {
      hint: 'fetch the file again; nothing was applied',
    })
  }
  const missing =
    next === final ? `Run ${runText(next)} is missing` : `Runs ${runText(next)} to ${runText(final)} are missing`
  throw new ChpipeError('data', `${missing} between run ${here} and run ${there}`, {
    hint: 'name the missing files as well, or import a newer snapshot with --file; nothing was applied',
  })
}

/** More runs than of some years cannot be missing: the number is wrong. */
const MOST_MISSING = 2000

function describeRun({ run, producedOn }: Run): string {
  return `${runText(run)} of ${producedOn}`
}

/** Days strictly between two on which updates are produced: Tuesday to Saturday. */
function daysBetween(from: string, to: string): number {
  let count = 0
  for (let at = Date.parse(from) + DAY_MS; at < Date.parse(to); at += DAY_MS) {
    const weekday = new Date(at).getUTCDay()
    if (weekday >= 2 && weekday <= 6) count += 1
  }
  return count
}
