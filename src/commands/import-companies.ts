import { basename, dirname, join } from 'node:path'
import { formatDuration } from '../clock.ts'
import { STATUS_SLUGS, SUBTYPE_SLUGS, TYPE_SLUGS, typeMeant } from '../companies-house/register/prose.ts'
import { latestEdition, openRegister, type RegisterInput } from '../companies-house/register/source.ts'
import type { Context } from '../context.ts'
import { ChpipeError } from '../errors.ts'
import {
  type ImportCompaniesProgress,
  type ImportCompaniesSummary,
  importCompanies,
} from '../steps/companies/import.ts'
import type { ImportFilter } from '../steps/companies/read.ts'
import { formatNumber, safeJson } from '../text.ts'
import { type Answer, defineCommand, type Input, type OptionSpec, type OptionsOf } from './command.ts'
import { bar, createStatus, type Fact, facts, readingLine, terminalWidth } from './output.ts'
import { count, day, postcodes, sicCodes, someOf } from './values.ts'

const IMPORT_OPTIONS = [
  { flags: '--search', description: 'ask advanced search instead of reading a file' },
  {
    flags: '--status <slugs>',
    description: 'only companies with one of these statuses, such as active',
    parse: someOf(STATUS_SLUGS),
  },
  {
    flags: '--type <slugs>',
    description: 'only companies of one of these types or subtypes, such as ltd,llp',
    parse: someOf([...TYPE_SLUGS, ...SUBTYPE_SLUGS], typeMeant),
  },
  { flags: '--sic <codes>', description: 'only companies with one of these SIC codes', parse: sicCodes },
  { flags: '--incorporated-from <day>', description: 'only companies formed on this day or later', parse: day },
  { flags: '--incorporated-to <day>', description: 'only companies formed on this day or earlier', parse: day },
  {
    flags: '--postcode <codes>',
    description: 'only companies whose postcode begins with this: an area (N), a district (N1, SW1A) or more (SW1A 1)',
    parse: postcodes,
  },
  {
    flags: '--companies <file>',
    description:
      'instead, the companies of this list: numbers in any spelling, one a line or in a column of a CSV file',
  },
  { flags: '--location <words>', description: 'with --search: only companies with these words in their address' },
  {
    flags: '--limit <n>',
    description: 'only the first n of these that are new; the file is still checked to its end',
    parse: count(1),
  },
  {
    flags: '--as-of <day>',
    description: 'the day that the file is of',
    parse: day,
    fallback: 'the one in its name, else unknown: then nothing but older register files is overwritten',
  },
  {
    flags: '--rejects <file>',
    description: 'where bad rows go, when there are any',
    fallback: '<file>.rejects.csv beside the database',
  },
] as const satisfies readonly OptionSpec[]

type Options = OptionsOf<typeof IMPORT_OPTIONS>

export const importCompaniesCommand = defineCommand({
  name: 'import-companies',
  summary: 'Load companies from the register file, or from advanced search',
  description: `Loads companies from BasicCompanyData, the free monthly register file: .csv, .gz or .zip as downloaded, or - for
stdin. A file that is broken or cut short, or in which more than 1 % of the rows are bad, changes nothing. Single bad rows
go to a rejects file; the rest is imported.

You can import a newer file over an older one at any time. The filters and --limit choose which new companies are added;
companies that are already stored take their newer row in any case, and their officers are kept. Facts that the stream,
the API or a later file reported after the day of the file are kept, too; that day is read from the file's name, or given
with --as-of. A company that a complete newer file no longer lists loses its status until import-officers has asked about
it.

With --companies only the companies of a list are added: those of the register file, if one is named, and the others by
their profiles, a call each. It says which do not exist, and ends with 1 unless all are stored then.

With --search it asks advanced search instead, day by day from --incorporated-from, so that no day exceeds the 10,000 hits
that a search shows. That needs a key, and a call or more for each day. Once --limit is reached, the remaining days are
read only to update companies that are already stored.`,
  argument: { name: '[file]', description: 'BasicCompanyData as .csv, .gz or .zip, or - for stdin' },
  options: IMPORT_OPTIONS,
  examples: [
    { line: 'chpipe import-companies BasicCompanyData.zip --status active', does: 'all active companies' },
    { line: 'chpipe import-companies BasicCompanyData.csv --sic 62012,62020 --limit 20000', does: 'some of one trade' },
    { line: 'curl -s "$URL" | chpipe import-companies - --postcode EC1,N1', does: 'straight from the download' },
    {
      line: 'chpipe import-companies BasicCompanyData.zip --companies customer.csv',
      does: "a customer's own list, and no others",
    },
    {
      line: 'chpipe import-companies --search --incorporated-from 2026-01-01',
      does: 'no file: this year from the API',
    },
  ],
  run,
})

async function run(context: Context, { argument, options }: Input<Options>): Promise<Answer> {
  const { incorporatedFrom: from, incorporatedTo: to } = options
  if (options.companies !== undefined) {
    const { importListed } = await import('./import-list.ts')
    const importFrom = (numbers: ReadonlySet<string>) => importFile(context, argument ?? '', { ...options, numbers })
    return importListed(context, { file: argument, options, importFrom })
  }
  if (options.search) {
    if (argument !== undefined)
      throw new ChpipeError('usage', `--search takes no file, got: ${argument}`, {
        hint: 'leave out the file, or leave out --search',
      })
    if (options.rejects !== undefined)
      throw new ChpipeError('usage', '--rejects belongs to a file, not to --search', {
        hint: 'leave out --rejects',
      })
    if (options.asOf !== undefined) {
      throw new ChpipeError('usage', '--as-of belongs to a file, not to --search', { hint: 'leave out --as-of' })
    }
    const { searchCompaniesInto } = await import('./import-search.ts')
    await searchCompaniesInto(context, options)
    return 0
  }
  if (options.asOf !== undefined && options.asOf > latestEdition(context.clock.now())) {
    throw new ChpipeError('usage', `--as-of ${options.asOf} is too far in the future for a register file`, {
      hint: 'give the day in the name of the file as it was downloaded',
    })
  }
  if (options.location !== undefined)
    throw new ChpipeError('usage', '--location belongs to --search', {
      hint: 'add --search and --incorporated-from, or narrow a file by --postcode',
    })
  if (argument === undefined) {
    throw new ChpipeError('usage', 'Which file? Name BasicCompanyData as .csv, .gz or .zip, or - for stdin', {
      hint: 'chpipe import-companies BasicCompanyData.zip',
    })
  }
  if (from !== undefined && to !== undefined && from > to) {
    throw new ChpipeError('usage', `--incorporated-from ${from} is later than --incorporated-to ${to}`, {
      hint: 'swap the two days',
    })
  }
  const summary = await importFile(context, argument, options)
  if (summary.rejects_file) {
    context.log.warn('Bad rows were skipped', { rows: summary.rejected, file: summary.rejects_file })
  }
  await context.print(context.json ? `${safeJson(summary)}\n` : render(summary, terminalWidth(context)))
  return 0
}

async function importFile(
  context: Context,
  argument: string,
  options: Options & Pick<ImportFilter, 'numbers'>,
): Promise<ImportCompaniesSummary> {
  const { clock, signal, host, settings, path, destination } = context
  const input: RegisterInput = argument === '-' ? { stream: host.stdin, name: 'stdin' } : { path: path(argument) }
  const inputName = 'path' in input ? basename(input.path) : input.name
  const rejectsFile = options.rejects
    ? destination('--rejects', options.rejects)
    : join(dirname(settings.db), `${inputName}.rejects.csv`)
  if ('path' in input && rejectsFile === input.path) {
    throw new ChpipeError('usage', `--rejects names the file that is to be imported: ${options.rejects}`, {
      hint: 'name another file',
    })
  }
  const source = await openRegister(input, signal)
  try {
    const db = await context.db()
    using status = await createStatus(context)
    const begun = clock.steady()
    return await importCompanies(
      { db, clock, signal },
      {
        source,
        asOf: options.asOf,
        filter: { ...filterOf(options), ...(options.numbers ? { numbers: options.numbers } : {}) },
        limit: options.limit,
        rejectsFile,
        onProgress: (progress) => status.update(progressLine(progress, clock.steady() - begun)),
      },
    )
  } finally {
    source.close()
  }
}

function filterOf({ status, type, sic, incorporatedFrom, incorporatedTo, postcode }: Options): ImportFilter {
  return { status, type, sic, incorporatedFrom, incorporatedTo, postcode }
}

function progressLine(progress: ImportCompaniesProgress, elapsedMs: number): string {
  if (progress.phase === 'merging') {
    const { merged, of } = progress
    return `${bar(merged / of)} ${formatNumber(merged)} of ${formatNumber(of)} companies stored`
  }
  const { bytesRead, bytesTotal, rows } = progress
  return readingLine(`${formatNumber(rows)} rows read`, { bytesRead, bytesTotal, elapsedMs })
}

function render(summary: ImportCompaniesSummary, shape: { width?: number }): string {
  const { rows_read, imported, inserted, updated, duplicates, filtered_out, rejected, unknown_prose } = summary
  const rows: Fact[] = [
    ['imported', `${formatNumber(imported)} companies: ${formatNumber(inserted)} new, ${formatNumber(updated)} known`],
    ['rows read', `${formatNumber(rows_read)} in ${formatDuration(summary.elapsed_seconds * 1000)}`],
  ]
  if (summary.kept_newer > 0) rows.push(['kept', keptNewer(summary)])
  if (filtered_out > 0) rows.push(['filtered out', formatNumber(filtered_out)])
  rows.push(...unlistedRows(summary))
  if (duplicates > 0) rows.push(['duplicates', `${formatNumber(duplicates)}; the last row of a company counts`])
  if (rejected > 0) rows.push(['rejected', `${formatNumber(rejected)}; see ${summary.rejects_file}`])
  const wordings = { status: unknown_prose.company_status, type: unknown_prose.type }
  for (const [column, counts] of Object.entries(wordings)) {
    for (const [wording, times] of Object.entries(counts)) {
      rows.push([`unknown ${column}`, `${formatNumber(times)} × ${wording}`])
    }
  }
  for (const [column, times] of Object.entries(summary.odd_cells ?? {})) {
    rows.push(['left out', `${formatNumber(times)} × ${column}: the cell cannot be right`])
  }
  return facts(rows, shape)
}

function keptNewer({ kept_newer, as_of }: ImportCompaniesSummary): string {
  const companies = `${formatNumber(kept_newer)} companies as they are stored`
  return as_of === null
    ? `${companies}, from the stream or the API: the day of this file is not known (--as-of)`
    : `${companies}: newer than ${as_of}`
}

const FEW_NAMED = 5

function unlistedRows(summary: ImportCompaniesSummary): Fact[] {
  const { no_longer_listed: gone, no_longer_listed_companies: numbers, no_longer_listed_doubted: doubted } = summary
  if (doubted > 0) {
    const few = 'too many for a whole file, so nothing is concluded'
    return [['not listed', `${formatNumber(doubted)} of the stored companies: ${few}`]]
  }
  if (gone === 0) return []
  const named = `${numbers.slice(0, FEW_NAMED).join(', ')}${gone > FEW_NAMED ? ' ...' : ''}`
  return [
    ['not listed', `${formatNumber(gone)} of the stored companies any more: ${named}`],
    ['', 'they have no status until chpipe import-officers has asked about them'],
  ]
}
