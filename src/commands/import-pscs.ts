import { formatDuration } from '../clock.ts'
import { PSC_SNAPSHOT, partsOf } from '../companies-house/pscs/snapshot.ts'
import { openSource, type RegisterInput, type RegisterSource } from '../companies-house/register/source.ts'
import type { Context } from '../context.ts'
import { ChpipeError } from '../errors.ts'
import { type ImportPscsProgress, type ImportPscsSummary, importPscs } from '../steps/pscs/import.ts'
import { counted, formatNumber, safeJson } from '../text.ts'
import { type Answer, defineCommand, type Input } from './command.ts'
import { bar, createStatus, type Fact, facts, readingLine } from './output.ts'

export const importPscsCommand = defineCommand({
  name: 'import-pscs',
  summary: 'Load who controls the stored companies, from the daily snapshot',
  description: `Loads persons with significant control (PSCs) of the companies that are stored, from the free daily snapshot of
Companies House: one zip, or all parts of one day; .txt, .gz or .zip as downloaded, or - for stdin. People, bodies,
statements in place of them and exemptions are kept as filed, with their natures of control and the verification of their
identity; ceased ones stay, with their date. The snapshot has its own totals, which must agree. A file that is cut,
foreign, incomplete or older than what is stored changes nothing.

You can import a newer snapshot over an older one at any time: what it lists no more goes, and deltas tell customers so.
What the stream reported after the snapshot was written is kept. A company that the snapshot lists is complete; one that
it does not list has none recorded. People who are withheld by law are in it, without a name.`,
  argument: {
    name: '<file...>',
    description: 'the snapshot as .txt, .gz or .zip, all of its parts, or - for stdin',
  },
  options: [],
  examples: [
    { line: 'chpipe import-pscs persons-with-significant-control-snapshot-2026-11-27.zip', does: 'the whole file' },
    { line: 'chpipe import-pscs psc-snapshot-2026-11-27_*of32.zip', does: 'the same in parts' },
    { line: 'curl -s "$URL" | chpipe import-pscs -', does: 'straight from the download' },
  ],
  run,
})

async function run(context: Context, { argument = '', more }: Input): Promise<Answer> {
  const names = [argument, ...more]
  if (names.includes('-') && names.length > 1) {
    throw new ChpipeError('usage', 'The - for stdin stands alone', { hint: 'name all parts, or pipe one whole file' })
  }
  const summary = await importFiles(context, names)
  const unknown = Object.keys(summary.unknown_members)
  if (unknown.length > 0) {
    context.log.warn('The snapshot has members that chpipe does not know; they are not stored', {
      members: unknown.slice(0, 10).join(', '),
    })
  }
  await context.print(context.json ? `${safeJson(summary)}\n` : render(summary))
  return 0
}

async function importFiles(context: Context, names: string[]): Promise<ImportPscsSummary> {
  const { clock, signal } = context
  const sources: RegisterSource[] = []
  try {
    for (const name of names) sources.push(await openSource(inputOf(context, name), PSC_SNAPSHOT, signal))
    const db = await context.db()
    using status = await createStatus(context)
    const begun = clock.steady()
    return await importPscs(
      { db, clock, signal },
      {
        parts: sources.flatMap(partsOf),
        onProgress: (progress) => status.update(progressLine(progress, bytesOf(sources), clock.steady() - begun)),
      },
    )
  } finally {
    for (const source of sources) source.close()
  }
}

function inputOf({ host, path }: Context, name: string): RegisterInput {
  return name === '-' ? { stream: host.stdin, name: 'stdin' } : { path: path(name) }
}

interface Bytes {
  read: number
  /** Null for a stream, which does not tell. */
  total: number | null
}

function bytesOf(sources: readonly RegisterSource[]): Bytes {
  const unknown = sources.some(({ bytesTotal }) => bytesTotal === null)
  return {
    read: sources.reduce((sum, source) => sum + source.bytesRead(), 0),
    total: unknown ? null : sources.reduce((sum, { bytesTotal }) => sum + (bytesTotal ?? 0), 0),
  }
}

function progressLine(progress: ImportPscsProgress, bytes: Bytes, elapsedMs: number): string {
  if (progress.phase === 'merging') {
    const { merged, of } = progress
    return `${bar(merged / of)} ${formatNumber(merged)} of ${formatNumber(of)} companies compared`
  }
  const read = `${formatNumber(progress.lines)} lines read`
  return readingLine(read, { bytesRead: bytes.read, bytesTotal: bytes.total, elapsedMs })
}

function render(summary: ImportPscsSummary): string {
  const { persons, statements, exemptions, companies, records, inserted, updated, unchanged } = summary
  const lines = persons + statements + exemptions
  const rows: Fact[] = [
    ['snapshot', `of ${summary.generated_at}, ${counted(summary.parts, 'file')}`],
    [
      'lines read',
      `${formatNumber(lines)} in ${formatDuration(summary.elapsed_seconds * 1000)}: ${formatNumber(persons)} persons, ${formatNumber(statements)} statements, ${formatNumber(exemptions)} exemptions`,
    ],
    ['companies', `${formatNumber(companies)} stored ones compared, with ${counted(records, 'record')}`],
    [
      'stored',
      `${formatNumber(inserted)} new, ${formatNumber(updated)} changed, ${formatNumber(unchanged)} as they were`,
    ],
  ]
  if (summary.deleted > 0) rows.push(['no longer listed', formatNumber(summary.deleted)])
  if (summary.withheld > 0) rows.push(['left alone', `${formatNumber(summary.withheld)}, as a suppression says`])
  return facts(rows)
}
