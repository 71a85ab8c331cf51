// Reads the public tables on one snapshot and writes them to a stream, a file or a folder. It changes nothing in the
// database, may run beside any writer, and may be stopped and run again at any time.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import { openDataset } from '../../db/dataset.ts'
import type { Db } from '../../db/open.ts'
import { type Goal, type Manifest, openDelivery } from './delivery.ts'
import { type ShapeOptions, shapesOf } from './shape.ts'

export interface ExportOptions extends ShapeOptions {
  goal: Goal
  /** Also companies whose officers are not complete. */
  all: boolean
  programVersion: string
  clock: Clock
  signal: AbortSignal
  /** Called after each page with the number of companies so far. */
  onProgress?: (companies: number) => void
}

/**
 * Exports the dataset and tells what was written. Throws `data` when the database cannot be read or the goal cannot be
 * written, and the signal's reason when interrupted; in all these cases an earlier delivery is as it was.
 */
export async function exportDataset(db: Db, options: ExportOptions): Promise<Manifest> {
  const { goal, all, programVersion, clock, signal, onProgress } = options
  using dataset = openDataset(db, { all })
  const asOf = new Date(clock.now()).toISOString()
  const shapes = shapesOf(dataset, options, goal.kind === 'folder')
  await using delivery = await openDelivery(
    goal,
    shapes.map(({ name }) => name),
  )
  const files = delivery.outputs.flatMap((output, index) => {
    const shape = shapes[index]
    return shape ? [{ output, shape, rows: 0 }] : []
  })

  for (const { output, shape } of files) await output.write(shape.opening, 0)
  let companies = 0
  for (const page of dataset.pages()) {
    for (const file of files) {
      const { text, rows } = file.shape.body(page, file.rows)
      await file.output.write(text, rows)
      file.rows += rows
    }
    companies += page.companies.length
    onProgress?.(companies)
    await nextTurn()
    signal.throwIfAborted()
  }
  for (const { output, shape } of files) await output.write(shape.closing, 0)

  const manifest: Manifest = {
    schema_version: dataset.schemaVersion,
    program_version: programVersion,
    as_of: asOf,
    filters: { all },
    files: delivery.outputs.map((output) => output.entry()),
  }
  await delivery.commit(manifest)
  return manifest
}
