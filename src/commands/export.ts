import { sep } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import type { Context } from '../context.ts'
import { changesSince, numberOfCheckpoint, type Since } from '../db/changes.ts'
import { datasetTables } from '../db/dataset/columns.ts'
import { findLastDelivery, saveDelivery } from '../db/dataset/deliveries.ts'
import { type Db, snapshot } from '../db/open.ts'
import { VERIFICATIONS } from '../db/standing.ts'
import { readTallies } from '../db/tallies.ts'
import { ChpipeError, errorMessage } from '../errors.ts'
import {
  type Destination,
  deltaDestination,
  destinationOf,
  isDevice,
  type Manifest,
} from '../steps/export/destination.ts'
import { exportFormats, formatNames, formatOf, namesWhere } from '../steps/export/formats/formats.ts'
import type { FormatOption } from '../steps/export/formats/writer.ts'
import { type ExportOptions, exportDataset } from '../steps/export/run.ts'
import { deliveredCheckpoint } from '../steps/export/verify/verify.ts'
import { safeJson } from '../text.ts'
import { defineCommand, type OptionSpec, type OptionsOf } from './command.ts'
import { renderDelivery } from './delivery-table.ts'
import { recipientName, refuseMeasures, SIGNING_OPTIONS, signedAs, sinceMoment, tableNames } from './export-values.ts'
import { createStatus, terminalWidth } from './output.ts'
import { count, oneOf, someOf } from './values.ts'

const EXPORT_OPTIONS = [
  { flags: '--format <format>', description: formatNames.join(', '), parse: oneOf(formatNames), fallback: 'csv' },
  { flags: '-o, --out <path>', description: 'a folder (ends with / or exists) or a file', fallback: 'stdout' },
  { flags: '--all', description: 'also companies without a complete officer list' },
  {
    flags: '--include <tables>',
    description: `only these tables, separated by commas, empty or not: ${datasetTables.join(', ')}`,
    parse: tableNames,
  },
  {
    flags: '--verification <states>',
    description: `only officers whose identity verification stands so today, with their companies: ${VERIFICATIONS.join(', ')}`,
    parse: someOf(VERIFICATIONS),
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
  { flags: '--list <name>', description: "with --package: measure it against this customer's list, not --target" },
  ...SIGNING_OPTIONS,
  { flags: '--for <customer>', description: 'who receives it, for the record and the manifest', parse: recipientName },
  { flags: '--verify <path>', description: 'check a folder or zip from an earlier export against its manifest' },
  { flags: '--gzip', description: `compress ${namesWhere(({ isText }) => isText, 'and')}` },
  { flags: '--bom', description: 'begin CSV files with a byte order mark, for Excel' },
  { flags: '--raw', description: 'leave cells that a spreadsheet would run as a formula as they are (csv, xlsx)' },
] as const satisfies readonly OptionSpec[]

export type ExportInput = OptionsOf<typeof EXPORT_OPTIONS>

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Write the dataset that the customer receives',
  description: `Writes the companies whose officer lists are complete, with their officers, as of one moment, even while an import is running.

To a folder: companies and officers with the tables' own columns, persons with significant control, domains and emails when there are any, and manifest.json
with counts and checksums. csv and parquet write a file per table; sqlite and xlsx one file with all tables; ndjson and json
nest officers inside their companies. To a file or to stdout: csv and parquet write one table with a row per appointment;
the other formats are the same as in a folder.

--since writes a delta: every company of which anything has changed, in full, and a list of what is gone (deletions). It
goes to a place named after its moment: deltas/<moment>/ in the folder, or a file next to the existing zip or file. Earlier
deliveries are left untouched.

--package makes one zip for the customer: the data files, manifest.json, data-dictionary.csv, and report.html, a page that
opens in any browser. --verify counts and hashes everything in such a zip or folder again, and ends with 1 when something
differs.

--verification leaves only the appointments whose identity verification stands so on the day of the export, and the companies
that have one. A delta of these also lists what no longer belongs to them.

--for names the customer in the manifest and in the record of deliveries, from which chpipe subject and an erasure tell who may hold
somebody's data. --since last then does not count what was delivered to others.

An export that fails or is interrupted leaves an earlier one untouched.`,
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
    { line: 'chpipe export --verification due,overdue > due.csv', does: 'officers who must still be verified' },
    { line: 'chpipe export --package delivery.zip', does: 'all of it in one zip, with a page to read: report.html' },
    { line: 'chpipe export --package acme.zip --for "Acme Ltd"', does: 'the same, and the record of who has it' },
    { line: 'chpipe export --package acme.zip --list acme.csv', does: 'what of their own list is missing, and why' },
    { line: 'chpipe export --verify delivery.zip', does: 'count and hash everything in it again' },
  ],
  notifies: true,
  async run(context: Context, { options }) {
    const { package: zip, verify, target, list, ...input } = options
    if (verify !== undefined) return await (await import('./export-package.ts')).runVerify(context, options, verify)
    if (zip !== undefined) {
      const { renderPackage, runPackage } = await import('./export-package.ts')
      const report = await runPackage(context, input, { file: zip, target, list })
      await context.print(context.json ? `${safeJson(report)}\n` : renderPackage(context, report))
      return 0
    }
    refuseMeasures({ target, list })
    const plan = await planExport(context, input)
    const manifest = await runExport(context, plan)
    if (plan.destination.kind === 'stream') return 0
    const { path = plan.destination.path } = manifest
    const place = { path, ...terminalWidth(context) }
    await context.print(context.json ? `${safeJson(manifest)}\n` : renderDelivery(manifest, place))
    return 0
  },
})

// What may be asked of `export`, and what goes together.

/** Throws `usage` for options that do not belong to the format. */
function refuseMisplaced({ format = 'csv', bom, raw, gzip }: ExportInput): void {
  const { takes, isText } = formatOf(format)
  for (const [option, given] of Object.entries({ bom, raw }) as [FormatOption, boolean | undefined][]) {
    if (!given || takes.includes(option)) continue
    const [first] = exportFormats.filter((one) => one.takes.includes(option))
    throw new ChpipeError('usage', `--${option} belongs to --format ${first?.name}, not to ${format}`)
  }
  if (gzip && !isText) {
    throw new ChpipeError('usage', `--gzip belongs to ${namesWhere((one) => one.isText, 'and')}, not to ${format}`)
  }
}

const GZ = /\.gz$/i

/** The destination with `.gz` at the end of its name when the data are compressed. */
function namedDestination(destination: Destination, { gzip = false }: ExportInput): Destination {
  if (destination.kind !== 'file' || !gzip || GZ.test(destination.path) || isDevice(destination.path))
    return destination
  return { ...destination, path: `${destination.path}.gz` }
}

/** Throws `usage` when the destination cannot take the format, or its name says something else. */
function refuseDestination(
  { format = 'csv', gzip = false, since, for: recipient }: ExportInput,
  destination: Destination,
  { isTerminal, json }: { isTerminal: boolean; json: boolean },
): void {
  const { kind } = destination
  if (kind === 'stream' && json) {
    throw new ChpipeError('usage', '--json needs --out: stdout cannot hold both the data and the report', {
      hint: 'name a folder or a file with --out, or for data in JSON use --format json',
    })
  }
  if (destination.kind === 'file' && !gzip && GZ.test(destination.path) && !isDevice(destination.path)) {
    throw new ChpipeError('usage', `This name says that the data are compressed: ${destination.path}`, {
      hint: `add --gzip, or use --out ${destination.path.replace(GZ, '')}`,
    })
  }
  if (kind === 'stream' && !formatOf(format).isText) {
    throw new ChpipeError('usage', `${format} cannot be written to stdout`, {
      hint: 'name a folder or a file with --out',
    })
  }
  if (kind === 'stream' && gzip && isTerminal) {
    throw new ChpipeError('usage', 'Compressed data cannot be shown on a terminal', {
      hint: 'name a folder or a file with --out, or send stdout to a file',
    })
  }
  if (kind === 'stream' && recipient !== undefined) {
    throw new ChpipeError('usage', '--for needs --out or --package: what goes to stdout is not recorded', {
      hint: 'chpipe export --package delivery.zip --for "Acme Ltd"',
    })
  }
  if (since !== undefined && kind !== 'folder' && formatOf(format).container === null) {
    throw new ChpipeError('usage', `A delta in ${format} is more than one file: changes, and deletions`, {
      hint: `name a folder with --out, or use --format ${namesWhere(({ container }) => container !== null, 'or')}`,
    })
  }
}

/** Throws `usage` where one flat table would leave out a table that was asked for. */
function refuseFlat({ format = 'csv', include = [] }: ExportInput, { kind }: Destination): void {
  const { container, isNested } = formatOf(format)
  const asked = include.length > 1 && include.includes('persons_with_significant_control')
  if (!asked || kind === 'folder' || container !== null || isNested) return
  throw new ChpipeError('usage', `One flat table in ${format} has no room for persons_with_significant_control`, {
    hint: 'name a folder with --out, or ask for that table alone',
  })
}

/** An export that is about to begin. */
interface ExportPlan {
  db: Db
  destination: Destination
  options: ExportOptions
}

/** Checks what was asked for and opens the database. Throws `usage`, or `data` when there is nothing to count from. */
export async function planExport(context: Context, input: ExportInput): Promise<ExportPlan> {
  refuseMisplaced(input)
  const destination = namedDestination(chooseDestination(context, input.out), input)
  refuseDestination(input, destination, { isTerminal: context.host.stdout.isTTY === true, json: context.json })
  refuseFlat(input, destination)
  const signed = signedAs(context.settings, input, destination)
  const since =
    input.since === undefined || input.since === 'last' ? null : sinceMoment(input.since, context.clock.now())
  const {
    format = 'csv',
    all = false,
    include = null,
    verification = null,
    gzip = false,
    bom = false,
    raw = false,
    for: recipient = null,
  } = input
  const db = await context.existingDb('data')
  const { stale } = snapshot(db, readTallies)
  if (stale > 0 && !all) {
    const fields = { companies: stale, try: 'chpipe import-officers' }
    context.log.warn('Companies are left out whose officer lists are in doubt', fields)
  }
  if (input.since === 'last' && destination.kind !== 'stream') await refuseNewer(db, destination.path)
  const options: ExportOptions = {
    destination,
    format,
    all,
    include,
    verification,
    since:
      input.since === 'last'
        ? lastDelivery(db, destination, { all, include, verification, recipient })
        : since === null
          ? null
          : changesSince(db, since),
    gzip,
    bom,
    raw,
    signed,
    recipient,
    programVersion: packageJson.version,
    clock: context.clock,
    signal: context.signal,
  }
  return { db, destination, options }
}

function chooseDestination({ destination, print }: Context, out: string | undefined): Destination {
  if (out === undefined || out === '-') return { kind: 'stream', write: print }
  if (out === '') throw new ChpipeError('usage', '--out needs the path of a folder or a file')
  return destinationOf(destination('--out', out), out.endsWith('/') || out.endsWith(sep))
}

function lastDelivery(db: Db, destination: Destination, selection: Parameters<typeof findLastDelivery>[2]): Since {
  if (destination.kind === 'stream') {
    throw new ChpipeError('usage', '--since last needs --out: it counts from the last export to the same place')
  }
  const last = findLastDelivery(db, destination.path, selection)
  if (last !== null) return last
  throw new ChpipeError('data', `No earlier export of these companies and tables is known for ${destination.path}`, {
    hint: 'export everything there once without --since, or name the day: --since 2026-01-31',
  })
}

/** What lies at the destination may have been made from a later state than a backup that was restored. */
async function refuseNewer(db: Db, path: string): Promise<void> {
  const checkpoint = await deliveredCheckpoint(path)
  if (checkpoint === null || numberOfCheckpoint(db, checkpoint) !== null) return
  throw new ChpipeError(
    'data',
    `The delivery there is newer than this database, or was made from another one: ${path}`,
    {
      hint: 'a restored backup does not contain later deliveries: export everything there once without --since',
    },
  )
}

/**
 * Writes what was planned, reports it on stderr when it goes to stdout, and notes it for the next delta. A delta goes to a
 * place of its own, which is returned as `path`.
 */
async function runExport(context: Context, plan: ExportPlan): Promise<Manifest & { path?: string }> {
  const { options, destination: counted } = plan
  const destination = options.since ? deltaDestination(counted, context.clock.now()) : counted
  const manifest = await exportWithStatus(context, { ...plan, destination, options: { ...options, destination } })
  report(context, manifest, destination)
  if (plan.destination.kind !== 'stream') await noteDelivery(context, plan, manifest, plan.destination.path)
  return destination === counted || destination.kind === 'stream' ? manifest : { ...manifest, path: destination.path }
}

/** A stream shows no status: a pager on the same terminal would be drawn over. */
async function exportWithStatus(context: Context, { db, destination, options }: ExportPlan): Promise<Manifest> {
  if (destination.kind === 'stream') return exportDataset(db, options)
  using status = await createStatus(context)
  const onProgress = (companies: number) => status.update(`exporting: ${companies} companies`)
  return await exportDataset(db, { ...options, onProgress })
}

/** Notes a finished export to `destination`, a path. A database that cannot be written makes no export fail. */
export async function noteDelivery(
  context: Context,
  { options }: ExportPlan,
  { as_of: asOf, checkpoint }: Manifest,
  destination: string,
): Promise<void> {
  const { format, all, include, verification = null, recipient = null } = options
  const since = options.since?.moment ?? null
  try {
    const db = await context.db({ create: false })
    saveDelivery(db, context.clock, {
      destination,
      format,
      filters: { all, include, verification, since },
      asOf,
      checkpoint,
      recipient,
    })
  } catch (error) {
    context.log.warn('The export is complete but could not be recorded: --since last will not count from it', {
      reason: errorMessage(error),
    })
  }
}

function report({ log }: Context, { as_of, filters, files }: Manifest, destination: Destination): void {
  if (destination.kind === 'stream') {
    for (const { rows, bytes } of files) log.info('exported', { file: 'stdout', rows, bytes, as_of })
  }
  if (filters.since || files[0]?.rows !== 0) return
  log.warn(
    filters.all
      ? 'The export is empty: the database has no companies'
      : 'The export is empty: no company has a complete officer list yet (--all takes every company)',
  )
}
