import { join } from 'node:path'
import type { Context } from '../../context.ts'
import { saveDelivery } from '../../db/deliveries.ts'
import { errorMessage } from '../../errors.ts'
import type { Goal, Manifest } from '../../steps/export/delivery.ts'
import { deltaGoal } from '../../steps/export/delta-place.ts'
import { exportDataset } from '../../steps/export/export-dataset.ts'
import { createStatus } from '../status.ts'
import type { ExportPlan } from './plan.ts'

/**
 * Writes what was planned, tells about it on stderr, and notes it for the next delta. A delta goes to a place of its own,
 * which is returned as `path`.
 */
export async function runExport(context: Context, plan: ExportPlan): Promise<Manifest & { path?: string }> {
  const { options, goal: counted } = plan
  const goal = options.since ? deltaGoal(counted, context.clock.now()) : counted
  const manifest = await exportWithStatus(context, { ...plan, goal, options: { ...options, goal } })
  report(context, manifest, goal)
  if (plan.goal.kind !== 'stream') await noteDelivery(context, plan, manifest, plan.goal.path)
  return goal === counted || goal.kind === 'stream' ? manifest : { ...manifest, path: goal.path }
}

/** A stream shows no status: a pager on the same terminal would be drawn over. */
async function exportWithStatus(context: Context, { db, goal, options }: ExportPlan): Promise<Manifest> {
  if (goal.kind === 'stream') return exportDataset(db, options)
  using status = await createStatus(context)
  const onProgress = (companies: number) => status.update(`exporting: ${companies} companies`)
  return await exportDataset(db, { ...options, onProgress })
}

/** Notes a finished export to `goal`, a path. A database that cannot be written makes no export fail. */
export async function noteDelivery(
  context: Context,
  { options }: ExportPlan,
  { as_of: asOf, checkpoint }: Manifest,
  goal: string,
): Promise<void> {
  const { format, all, include } = options
  const since = options.since?.moment ?? null
  try {
    const db = await context.db({ create: false })
    saveDelivery(db, context.clock, { goal, format, filters: { all, include, since }, asOf, checkpoint })
  } catch (error) {
    context.log.warn('The export is whole, but could not be noted: --since last will not count from it', {
      reason: errorMessage(error),
    })
  }
}

function report({ log }: Context, { as_of, filters, files }: Manifest, goal: Goal): void {
  for (const { name, rows, bytes } of files) {
    const file = goal.kind === 'stream' ? 'stdout' : goal.kind === 'file' ? goal.path : join(goal.path, name)
    log.info('exported', { file, rows, bytes, as_of })
  }
  if (filters.since || files[0]?.rows !== 0) return
  log.warn(
    filters.all
      ? 'The export is empty: the database has no companies'
      : 'The export is empty: no company has a complete officer list yet (--all takes every company)',
  )
}
