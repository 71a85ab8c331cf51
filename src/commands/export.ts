import { join, sep } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import type { Context } from '../context.ts'
import { ChpipeError } from '../errors.ts'
import { type Goal, goalOf, isSameFile, type Manifest } from '../steps/export/delivery.ts'
import { type ExportOptions as DatasetExport, exportDataset } from '../steps/export/export-dataset.ts'
import { type ExportFormat, exportFormats } from '../steps/export/shape.ts'
import { safeJson } from '../text.ts'
import type { Command } from './command.ts'
import { oneOf } from './parse.ts'
import { createStatus } from './status.ts'

interface ExportOptions {
  format?: ExportFormat
  out?: string
  all?: boolean
  bom?: boolean
  raw?: boolean
}

export const exportCommand: Command = {
  name: 'export',
  summary: 'Write the dataset that the customer receives',
  description: [
    'Writes the companies whose officer lists are complete, with their officers, as they are at one moment, whatever is being imported.',
    "To a folder: companies.csv and officers.csv with the tables' own columns, domains.csv and emails.csv when there are any, and manifest.json with counts and checksums. To a file or to stdout: one table with a row per appointment. ndjson and json hold companies with their officers inside.",
    'An export that fails or is interrupted leaves an earlier one as it was.',
  ].join('\n\n'),
  options: [
    { flags: '--format <format>', description: exportFormats.join(', '), parse: oneOf(exportFormats), fallback: 'csv' },
    { flags: '-o, --out <path>', description: 'a folder (ends with / or exists) or a file', fallback: 'stdout' },
    { flags: '--all', description: 'also companies without a complete officer list' },
    { flags: '--bom', description: 'begin CSV files with a byte order mark, for Excel' },
    { flags: '--raw', description: 'leave CSV cells that a spreadsheet would run as a formula as they are' },
  ],
  examples: [
    { line: 'chpipe export --out delivery/', does: 'companies.csv, officers.csv and manifest.json' },
    { line: 'chpipe export > officers.csv', does: 'one table with a row per appointment' },
    { line: 'chpipe export --format ndjson --out companies.ndjson', does: 'one company a line, officers inside' },
  ],
  async run(context, { options }) {
    const { format = 'csv', out, all = false, bom = false, raw = false } = options as ExportOptions
    if (format !== 'csv' && (bom || raw)) {
      throw new ChpipeError('usage', `--${bom ? 'bom' : 'raw'} belongs to --format csv, not to ${format}`)
    }
    const goal = chooseGoal(context, out)
    const manifest = await exportWithStatus(context, {
      goal,
      format,
      all,
      bom,
      raw,
      programVersion: packageJson.version,
      clock: context.clock,
      signal: context.signal,
    })
    report(context, manifest, goal)
    if (context.json && goal.kind !== 'stream') await context.print(`${safeJson(manifest)}\n`)
    return 0
  },
}

function chooseGoal({ path, print, settings }: Context, out: string | undefined): Goal {
  if (out === undefined || out === '-') return { kind: 'stream', write: print }
  if (out === '') throw new ChpipeError('usage', '--out needs the path of a folder or a file')
  if (isSameFile(path(out), settings.db)) throw new ChpipeError('usage', `--out names the database itself: ${out}`)
  return goalOf(path(out), out.endsWith('/') || out.endsWith(sep))
}

/** A stream shows no status: a pager on the same terminal would be drawn over. */
async function exportWithStatus(context: Context, options: DatasetExport): Promise<Manifest> {
  const db = await context.existingDb('data')
  if (options.goal.kind === 'stream') return exportDataset(db, options)
  using status = await createStatus(context)
  const onProgress = (companies: number) => status.update(`exporting: ${companies} companies`)
  return await exportDataset(db, { ...options, onProgress })
}

function report({ log }: Context, { as_of, filters, files }: Manifest, goal: Goal): void {
  for (const { name, rows, bytes } of files) {
    const file = goal.kind === 'stream' ? 'stdout' : goal.kind === 'file' ? goal.path : join(goal.path, name)
    log.info('Exported', { file, rows, bytes, as_of })
  }
  if (files[0]?.rows !== 0) return
  log.warn(
    filters.all
      ? 'The export is empty: the database has no companies'
      : 'The export is empty: no company has a complete officer list yet (--all takes every company)',
  )
}
