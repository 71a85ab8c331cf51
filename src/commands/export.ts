import type { Context } from '../context.ts'
import { ChpipeError } from '../errors.ts'
import { exportFormats } from '../steps/export/formats.ts'
import { safeJson } from '../text.ts'
import type { Command } from './command.ts'
import { type ExportInput, tableNames } from './export/options.ts'
import { planExport } from './export/plan.ts'
import { runExport } from './export/run.ts'
import { count, oneOf } from './parse.ts'

export const exportCommand: Command = {
  name: 'export',
  summary: 'Write the dataset that the customer receives',
  description: [
    'Writes the companies whose officer lists are complete, with their officers, as they are at one moment, whatever is being imported.',
    "To a folder: companies and officers with the tables' own columns, domains and emails when there are any, and manifest.json with counts and checksums. csv and parquet make a file per table, sqlite and xlsx one file with all of them; ndjson and json hold companies with their officers inside. To a file or to stdout: one table with a row per appointment in csv and parquet, the same as in a folder otherwise.",
    '--since writes a delta: every company of which anything changed, whole, and a list of what is gone (deletions). It goes to a place of its own that carries its moment: deltas/<moment>/ in the folder, or a file beside the zip or file that is there. What was delivered before stays as it is.',
    '--package makes one zip that a customer receives: the data files, manifest.json, data-dictionary.csv, and report.html, a page that opens in any browser. --verify counts and hashes everything in such a zip, or in a folder, again: it ends with 1 when something differs.',
    'An export that fails or is interrupted leaves an earlier one as it was.',
  ].join('\n\n'),
  options: [
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
      description:
        'only what changed since a day (YYYY-MM-DD, or a time in ISO 8601), or since the last export to --out',
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
  ],
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
    const {
      package: zip,
      verify,
      target,
      ...input
    } = options as ExportInput & {
      package?: string
      verify?: string
      target?: number
    }
    if (verify !== undefined) return await (await import('./export/verify.ts')).runVerify(context, options, verify)
    if (zip !== undefined) {
      const { runPackage } = await import('./export/package.ts')
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
}
