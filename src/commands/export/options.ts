// What may be asked of `export`, and what goes together.
import { type DatasetTable, datasetTables } from '../../db/dataset.ts'
import { ChpipeError } from '../../errors.ts'
import { type Goal, isDevice } from '../../steps/export/delivery.ts'
import { type ExportFormat, isBinary, isContainer } from '../../steps/export/formats.ts'
import { words } from '../parse.ts'

export interface ExportInput {
  format?: ExportFormat
  out?: string
  all?: boolean
  include?: DatasetTable[]
  since?: string
  gzip?: boolean
  bom?: boolean
  raw?: boolean
}

/** Names of tables separated by commas, each once, in the order in which they are delivered. */
export function tableNames(text: string): DatasetTable[] {
  const names = words(text)
  const unknown = names.find((name) => !datasetTables.some((table) => table === name))
  if (unknown === undefined) return datasetTables.filter((table) => names.includes(table))
  throw new ChpipeError('usage', `Expected ${datasetTables.join(', ')}, got: ${unknown}`)
}

const DAY = /^\d{4}-\d{2}-\d{2}$/
const MOMENT = /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/

/** The beginning of a day in UTC, or a moment; ISO 8601. Throws `usage` for one that does not exist, or not yet. */
export function momentOf(text: string, now: number): string {
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
export function refuseMisplaced({ format = 'csv', bom, raw, gzip }: ExportInput): void {
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
export function namedGoal(goal: Goal, { gzip = false }: ExportInput): Goal {
  if (goal.kind !== 'file' || !gzip || GZ.test(goal.path) || isDevice(goal.path)) return goal
  return { ...goal, path: `${goal.path}.gz` }
}

/** Throws `usage` when the goal cannot take the format, or its name says something else. */
export function refuseGoal(
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
