import { join, sep } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import type { Context } from '../context.ts'
import { changesSince, numberOfCheckpoint, type Since } from '../db/changes.ts'
import { type DatasetTable, datasetTables } from '../db/dataset/columns.ts'
import { findLastDelivery, saveDelivery } from '../db/dataset/deliveries.ts'
import type { Db } from '../db/open.ts'
import { ChpipeError, errorMessage } from '../errors.ts'
import { deltaGoal, type Goal, goalOf, isDevice, type Manifest } from '../steps/export/destination.ts'
import { exportFormats, isBinary, isContainer } from '../steps/export/formats/formats.ts'
import { type ExportOptions, exportDataset } from '../steps/export/run.ts'
import { deliveredCheckpoint } from '../steps/export/verify/verify.ts'
import { safeJson } from '../text.ts'
import { defineCommand, type OptionSpec, type OptionsOf } from './command.ts'
import { createStatus } from './output.ts'
import { count, oneOf, words } from './values.ts'

const EXPORT_OPTIONS = [
  { flags: '--format <format>', description: exportFormats.join(', '), parse: oneOf(exportFormats), fallback: 'csv' },
  { flags: '-o, --out <path>', description: 'a folder (ends with / or exists) or a file', fallback: 'stdout' },
  { flags: '--all', description: 'also companies without a complete officer list' },
  {
    flags: '--include <tables>',
    description: 'only these tables, empty or not: companies,officers,domains,emails',
    parse: tableNames,
  },
  {
    flags: '--since <day|last>',
    description: 'only what changed since a day (YYYY-MM-DD, or a time in ISO 8601), or since the last export to --out',
  },
  { flags: '--package <file.zip>', description: 'one zip for the customer: the files, a report, a data dictionary' },
  {
    flags: '--target <n>',
    description: 'with --package: how many companies should have officers, for the report',
    fallback: 'that of the last import-officers, or CHPIPE_TARGET',
    parse: count(1),
  },
  { flags: '--verify <path>', description: 'check a folder or zip from an earlier export against its manifest' },
  { flags: '--gzip', description: 'compress csv, ndjson and json' },
  { flags: '--bom', description: 'begin CSV files with a byte order mark, for Excel' },
  { flags: '--raw', description: 'leave cells that a spreadsheet would run as a formula as they are (csv, xlsx)' },
] as const satisfies readonly OptionSpec[]

export type ExportInput = OptionsOf<typeof EXPORT_OPTIONS>

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Write the dataset that the customer receives',
  description: [
    'Writes the companies whose officer lists are complete, with their officers, as they are at one moment, whatever is being imported.',
    "To a folder: companies and officers with the tables' own columns, domains and emails when there are any, and manifest.json with counts and checksums. csv and parquet make a file per table, sqlite and xlsx one file with all of them; ndjson and json hold companies with their officers inside. To a file or to stdout: one table with a row per appointment in csv and parquet, the same as in a folder otherwise.",
    '--since writes a delta: every company of which anything changed, whole, and a list of what is gone (deletions). It goes to a place of its own that carries its moment: deltas/<moment>/ in the folder, or a file beside the zip or file that is there. What was delivered before stays as it is.',
    '--package makes one zip that a customer receives: the data files, manifest.json, data-dictionary.csv, and report.html, a page that opens in any browser. --verify counts and hashes everything in such a zip, or in a folder, again: it ends with 1 when something differs.',
    'An export that fails or is interrupted leaves an earlier one as it was.',
  ].join('\n\n'),
  options: EXPORT_OPTIONS,
  examples: [
    { line: 'chpipe export --out delivery/', does: 'companies.csv, officers.csv and manifest.json' },
    { line: 'chpipe export > officers.csv', does: 'one table with a row per appointment' },
    {
      line: 'chpipe export --format ndjson --gzip --out companies.ndjson.gz',
      does: 'one company a line, officers inside',
    },
    { line: 'chpipe export --format sqlite --out delivery/', does: 'companies.sqlite: a database to query at once' },
    {
      line: 'chpipe export --since last --out delivery/',
      does: 'delivery/deltas/<moment>/: what changed since the last',
    },
    { line: 'chpipe export --package delivery.zip', does: 'all of it in one zip, with a page to read: report.html' },
    { line: 'chpipe export --verify delivery.zip', does: 'count and hash everything in it again' },
  ],
  async run(context: Context, { options }) {
    const { package: zip, verify, target, ...input } = options
    if (verify !== undefined) return await (await import('./export-package.ts')).runVerify(context, options, verify)
    if (zip !== undefined) {
      const { runPackage } = await import('./export-package.ts')
      const report = await runPackage(context, input, { file: zip, target })
      if (context.json) await context.print(`${safeJson(report)}\n`)
      return 0
    }
    if (target !== undefined) {
      throw new ChpipeError('usage', '--target is what the report measures against: it belongs to --package', {
        hint: 'chpipe export --package delivery.zip --target 500',
      })
    }
    const plan = await planExport(context, input)
    const manifest = await runExport(context, plan)
    if (context.json && plan.goal.kind !== 'stream') await context.print(`${safeJson(manifest)}\n`)
    return 0
  },
})

// What may be asked of `export`, and what goes together.

/** Names of tables separated by commas, each once, in the order in which they are delivered. */
function tableNames(text: string): DatasetTable[] {
  const names = words(text)
  const unknown = names.find((name) => !datasetTables.some((table) => table === name))
  if (unknown === undefined) return datasetTables.filter((table) => names.includes(table))
  throw new ChpipeError('usage', `Expected ${datasetTables.join(', ')}, got: ${unknown}`)
}

const DAY = /^\d{4}-\d{2}-\d{2}$/
const MOMENT = /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/

/** The beginning of a day in UTC, or a moment; ISO 8601. Throws `usage` for one that does not exist, or not yet. */
function momentOf(text: string, now: number): string {
  const day = new Date(text.slice(0, 10))
  const time = new Date(text)
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10))
  if (exists && !Number.isNaN(time.getTime()) && (DAY.test(text) || MOMENT.test(text))) {
    if (time.getTime() <= now) return time.toISOString()
    throw new ChpipeError('usage', `--since: this is still to come: ${text}`, {
      hint: `by the clock of this machine it is ${new Date(now).toISOString()}`,
    })
  }
  throw new ChpipeError(
    'usage',
    `--since: expected a date as YYYY-MM-DD, a time as 2026-01-31T12:00:00Z, or last, got: ${text}`,
    { hint: 'chpipe export --help' },
  )
}

/** Throws `usage` for options that do not belong to the format. */
function refuseMisplaced({ format = 'csv', bom, raw, gzip }: ExportInput): void {
  if (bom && format !== 'csv') throw new ChpipeError('usage', `--bom belongs to --format csv, not to ${format}`)
  if (raw && format !== 'csv' && format !== 'xlsx') {
    throw new ChpipeError('usage', `--raw belongs to --format csv, not to ${format}`)
  }
  if (gzip && isBinary(format)) {
    throw new ChpipeError('usage', `--gzip belongs to csv, ndjson and json, not to ${format}`)
  }
}

const GZ = /\.gz$/i

/** The goal with `.gz` at the end of its name when the data are compressed. */
function namedGoal(goal: Goal, { gzip = false }: ExportInput): Goal {
  if (goal.kind !== 'file' || !gzip || GZ.test(goal.path) || isDevice(goal.path)) return goal
  return { ...goal, path: `${goal.path}.gz` }
}

/** Throws `usage` when the goal cannot take the format, or its name says something else. */
function refuseGoal(
  { format = 'csv', gzip = false, since }: ExportInput,
  goal: Goal,
  { isTerminal, json }: { isTerminal: boolean; json: boolean },
): void {
  const { kind } = goal
  if (kind === 'stream' && json) {
    throw new ChpipeError('usage', '--json needs --out: stdout cannot hold the data and what is told about it', {
      hint: 'name a folder or a file with --out, or for data in JSON use --format json',
    })
  }
  if (goal.kind === 'file' && !gzip && GZ.test(goal.path) && !isDevice(goal.path)) {
    throw new ChpipeError('usage', `This name says that the data are compressed: ${goal.path}`, {
      hint: `add --gzip, or use --out ${goal.path.replace(GZ, '')}`,
    })
  }
  if (kind === 'stream' && isBinary(format)) {
    throw new ChpipeError('usage', `${format} is not for stdout`, { hint: 'name a folder or a file with --out' })
  }
  if (kind === 'stream' && gzip && isTerminal) {
    throw new ChpipeError('usage', 'Compressed data is not for a terminal', {
      hint: 'name a folder or a file with --out, or send stdout to a file',
    })
  }
  if (since !== undefined && kind !== 'folder' && !isContainer(format)) {
    throw new ChpipeError('usage', `A delta in ${format} is more than one file: changes, and deletions`, {
      hint: 'name a folder with --out, or use --format sqlite or xlsx',
    })
  }
}

/** An export that is about to begin. */
interface ExportPlan {
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

/**
 * Writes what was planned, tells about it on stderr, and notes it for the next delta. A delta goes to a place of its own,
 * which is returned as `path`.
 */
async function runExport(context: Context, plan: ExportPlan): Promise<Manifest & { path?: string }> {
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
