import { formatDuration } from '../clock.ts'
import { openRegister, type RegisterInput, type RegisterSource } from '../companies-house/register/source.ts'
import type { Context } from '../context.ts'
import { ChpipeError } from '../errors.ts'
import {
  type ImportPostcodesProgress,
  type ImportPostcodesSummary,
  importPostcodes,
} from '../steps/companies/postcodes.ts'
import { formatNumber, safeJson } from '../text.ts'
import { type Answer, defineCommand, type Input, type OptionSpec, type OptionsOf } from './command.ts'
import { bar, createStatus, type Fact, facts, readingLine } from './output.ts'

const POSTCODE_OPTIONS = [
  {
    flags: '--names <file>',
    description: 'the list of local authorities with their names, for a directory that is not in its zip',
    fallback: 'the list in the zip, else codes such as E09000033',
  },
] as const satisfies readonly OptionSpec[]

type Options = OptionsOf<typeof POSTCODE_OPTIONS>

const HINT = 'name the ONS Postcode Directory as downloaded from https://geoportal.statistics.gov.uk'

export const importPostcodesCommand = defineCommand({
  name: 'import-postcodes',
  summary: 'Load the directory that says where each postcode lies',
  description: `Loads the ONS Postcode Directory (ONSPD), or the smaller National Statistics Postcode Lookup: the zip as
downloaded, or the .csv inside it. From then on the report of a package counts companies by the region, the country and
the local authority of their registered office as they are. Without it, regions follow from the letters that a postcode
begins with, and the report says so.

The directory is free under the Open Government Licence and comes out every quarter; import a newer one over an older one
at any time. Postcodes that are no longer in use are in it too, and are kept. A file that is not the directory, or is cut
short, changes nothing.`,
  argument: { name: '[file]', description: 'the directory as .zip, .csv or .gz, or - for stdin' },
  options: POSTCODE_OPTIONS,
  examples: [
    { line: 'chpipe import-postcodes ONSPD_AUG_2026.zip', does: 'the directory, with the names of authorities' },
    {
      line: 'chpipe import-postcodes ONSPD_AUG_2026_UK.csv --names "LA_UA names and codes UK as at 04_26.csv"',
      does: 'the same from unpacked files',
    },
  ],
  run,
})

async function run(context: Context, { argument, options }: Input<Options>): Promise<Answer> {
  if (argument === undefined) {
    throw new ChpipeError('usage', 'Which file? Name the ONS Postcode Directory as .zip or .csv, or - for stdin', {
      hint: 'chpipe import-postcodes ONSPD_AUG_2026.zip',
    })
  }
  const summary = await importFile(context, argument, options)
  await context.print(context.json ? `${safeJson(summary)}\n` : render(summary))
  return 0
}

async function importFile(context: Context, argument: string, options: Options): Promise<ImportPostcodesSummary> {
  const { clock, signal, host, path } = context
  const input: RegisterInput = argument === '-' ? { stream: host.stdin, name: 'stdin' } : { path: path(argument) }
  const source = await openFile(input, signal)
  let names: RegisterSource | null = null
  try {
    if (options.names !== undefined) names = await openFile({ path: path(options.names) }, signal)
    const db = await context.db()
    using status = await createStatus(context)
    const begun = clock.steady()
    const onProgress = (progress: ImportPostcodesProgress) =>
      status.update(progressLine(progress, clock.steady() - begun))
    return await importPostcodes({ db, clock, signal }, { source, names, onProgress })
  } finally {
    source.close()
    names?.close()
  }
}

/** Opened as a register file is, whose hints would lead to Companies House. */
async function openFile(input: RegisterInput, signal: AbortSignal): Promise<RegisterSource> {
  try {
    return await openRegister(input, signal)
  } catch (error) {
    if (!(error instanceof ChpipeError) || !/BasicCompanyData|companieshouse/.test(error.hint ?? '')) throw error
    throw new ChpipeError(error.kind, error.message, { hint: HINT, cause: error.cause })
  }
}

function progressLine(progress: ImportPostcodesProgress, elapsedMs: number): string {
  if (progress.phase === 'storing') {
    const { stored, of } = progress
    return `${bar(stored / of)} ${formatNumber(stored)} of ${formatNumber(of)} postcodes stored`
  }
  const { bytesRead, bytesTotal, rows } = progress
  return readingLine(`${formatNumber(rows)} rows read`, { bytesRead, bytesTotal, elapsedMs })
}

function render(summary: ImportPostcodesSummary): string {
  const { postcodes, added, changed, removed, terminated, skipped, authorities_named, rows_read } = summary
  const rows: Fact[] = [
    [
      'postcodes',
      `${formatNumber(postcodes)}: ${formatNumber(added)} new, ${formatNumber(changed)} changed, ${formatNumber(removed)} removed`,
    ],
    ['rows read', `${formatNumber(rows_read)} in ${formatDuration(summary.elapsed_seconds * 1000)}`],
    ['terminated', `${formatNumber(terminated)}, which are kept`],
    [
      'authorities',
      authorities_named > 0 ? `${formatNumber(authorities_named)} named` : 'by their codes: no list of names (--names)',
    ],
  ]
  if (skipped > 0) rows.push(['skipped', `${formatNumber(skipped)}: no postcode, or no country`])
  return facts(rows)
}
