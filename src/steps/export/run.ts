// Reads the public tables on one snapshot and writes them to a stream, a file or a folder. It changes nothing in the
// database, may run beside any writer, and may be stopped and run again at any time.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { Since } from '../../db/changes.ts'
import type { DatasetTable, Page } from '../../db/dataset/columns.ts'
import { type Dataset, openDataset } from '../../db/dataset/dataset.ts'
import type { Db } from '../../db/open.ts'
import type { VerificationState } from '../../db/standing.ts'
import { boundYoungSpace } from '../../heap-space.ts'
import type { SignedDelivery } from '../../signed.ts'
import { type Delivery, type Destination, type Manifest, openDelivery } from './destination.ts'
import { type ExportFormat, formatOf } from './formats/formats.ts'
import type { FormatOptions, Writer, Writing } from './formats/writer.ts'

export interface ExportOptions extends FormatOptions {
  format: ExportFormat
  destination: Destination
  /** Also companies whose officers are not complete. */
  all: boolean
  /** The tables that are wanted, empty or not; null for companies, officers, and the others when there are any. */
  include: readonly DatasetTable[] | null
  /** Only officers whose identity verification stands so, with their companies; null for all. */
  verification?: readonly VerificationState[] | null
  /** For a delta, from where it counts; null for everything. */
  since: Since | null
  /** What the manifest says of the delivery; nothing unless given. */
  signed?: SignedDelivery
  /** For whom it is made, as the operator names them; null for nobody in particular. */
  recipient?: string | null
  programVersion: string
  clock: Clock
  signal: AbortSignal
  /** Called after each page with the number of companies so far. */
  onProgress?: (companies: number) => void
  /** Sees every page of companies that is written, once, while the snapshot is open. */
  onPage?: (page: Page) => void
}

/**
 * Exports the dataset and reports what was written. Throws `data` when the database cannot be read, the format cannot hold
 * the data or the destination cannot be written, and the signal's reason when interrupted; in all these cases an earlier
 * delivery is as it was.
 */
export async function exportDataset(db: Db, options: ExportOptions): Promise<Manifest> {
  const { destination, all, include, verification = null, since, recipient, programVersion, clock } = options
  const asOf = new Date(clock.now()).toISOString()
  using dataset = openDataset(db, { all, include, verification, since, today: asOf.slice(0, 10) })
  const writers = await formatOf(options.format).open(dataset, options, destination.kind === 'folder')
  await planWriters(dataset, writers, options)
  await using delivery = await openDelivery(
    destination,
    writers.map(({ name }) => name),
  )
  await writeFiles(dataset, writers, delivery, options)
  const manifest: Manifest = {
    schema_version: dataset.schemaVersion,
    program_version: programVersion,
    as_of: asOf,
    ...options.signed,
    ...(recipient ? { recipient } : {}),
    filters: {
      all,
      ...(include ? { include } : {}),
      ...(verification ? { verification } : {}),
      ...(since ? { since: since.moment } : {}),
    },
    checkpoint: dataset.checkpoint,
    files: delivery.outputs.map((output) => output.entry()),
  }
  await delivery.commit(manifest)
  return manifest
}

type Progress = Pick<ExportOptions, 'signal' | 'onProgress' | 'onPage'>

async function planWriters(dataset: Dataset, writers: Writer[], { signal }: Progress): Promise<void> {
  const plans = writers.flatMap(({ plan }) => plan ?? [])
  if (plans.length === 0) return
  for (const page of dataset.pages()) {
    for (const look of plans) look(page)
    await nextTurn()
    signal.throwIfAborted()
  }
}

async function writeFiles(
  dataset: Dataset,
  writers: Writer[],
  { outputs }: Delivery,
  progress: Progress,
): Promise<void> {
  const files: Writing[] = []
  try {
    for (const [index, writer] of writers.entries()) {
      const output = outputs[index]
      if (output) files.push(await writer.open(output))
    }
    const passes = Math.max(...files.map((file) => file.passes))
    for (let pass = 0; pass < passes; pass += 1) await writePages(dataset, files, pass, progress)
    for (const file of files) await file.end()
  } finally {
    for (const file of files) file.discard()
  }
}

async function writePages(
  dataset: Dataset,
  files: Writing[],
  pass: number,
  { signal, onProgress, onPage }: Progress,
): Promise<void> {
  let companies = 0
  for (const page of dataset.pages()) {
    for (const file of files) if (pass < file.passes) await file.add(page, pass)
    if (pass === 0 && !page.deletions) onPage?.(page)
    companies += page.companies.length
    onProgress?.(companies)
    boundYoungSpace()
    await nextTurn()
    signal.throwIfAborted()
  }
}
