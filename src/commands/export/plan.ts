import { sep } from 'node:path'
import packageJson from '../../../package.json' with { type: 'json' }
import type { Context } from '../../context.ts'
import { changesSince, numberOfCheckpoint, type Since } from '../../db/changes.ts'
import { findLastDelivery } from '../../db/deliveries.ts'
import type { Db } from '../../db/open.ts'
import { ChpipeError } from '../../errors.ts'
import { type Goal, goalOf } from '../../steps/export/delivery.ts'
import type { ExportOptions } from '../../steps/export/export-dataset.ts'
import { deliveredCheckpoint } from '../../steps/package/verify/delivered-checkpoint.ts'
import { type ExportInput, momentOf, namedGoal, refuseGoal, refuseMisplaced } from './options.ts'

/** An export that is about to begin. */
export interface ExportPlan {
  db: Db
  goal: Goal
  options: ExportOptions
}

/** Checks what was asked for and opens the database. Throws `usage`, or `data` when there is nothing to count from. */
export async function planExport(context: Context, input: ExportInput): Promise<ExportPlan> {
  refuseMisplaced(input)
  const goal = namedGoal(chooseGoal(context, input.out), input)
  refuseGoal(input, goal, { isTerminal: context.host.stdout.isTTY === true, json: context.json })
  const since = input.since === undefined || input.since === 'last' ? null : momentOf(input.since, context.clock.now())
  const { format = 'csv', all = false, include = null, gzip = false, bom = false, raw = false } = input
  const db = await context.existingDb('data')
  if (input.since === 'last' && goal.kind !== 'stream') await refuseNewer(db, goal.path)
  const options: ExportOptions = {
    goal,
    format,
    all,
    include,
    since:
      input.since === 'last'
        ? lastDelivery(db, goal, { all, include })
        : since === null
          ? null
          : changesSince(db, since),
    gzip,
    bom,
    raw,
    programVersion: packageJson.version,
    clock: context.clock,
    signal: context.signal,
  }
  return { db, goal, options }
}

function chooseGoal({ goal, print }: Context, out: string | undefined): Goal {
  if (out === undefined || out === '-') return { kind: 'stream', write: print }
  if (out === '') throw new ChpipeError('usage', '--out needs the path of a folder or a file')
  return goalOf(goal('--out', out), out.endsWith('/') || out.endsWith(sep))
}

function lastDelivery(db: Db, goal: Goal, selection: Pick<ExportOptions, 'all' | 'include'>): Since {
  if (goal.kind === 'stream') {
    throw new ChpipeError('usage', '--since last needs --out: it counts from the last export to the same place')
  }
  const last = findLastDelivery(db, goal.path, selection)
  if (last !== null) return last
  throw new ChpipeError('data', `No earlier export of these companies and tables is known for ${goal.path}`, {
    hint: 'export everything there once without --since, or name the day: --since 2026-01-31',
  })
}

/** What lies at the goal may have been made from a later state than a backup that was restored. */
async function refuseNewer(db: Db, path: string): Promise<void> {
  const checkpoint = await deliveredCheckpoint(path)
  if (checkpoint === null || numberOfCheckpoint(db, checkpoint) !== null) return
  throw new ChpipeError(
    'data',
    `The delivery there is newer than this database, or was made from another one: ${path}`,
    {
      hint: 'a restored backup knows nothing of what came after it: export everything there once without --since',
    },
  )
}
