import type { Context } from '../context.ts'
import { type DatasetTable, datasetTables } from '../db/dataset/columns.ts'
import { openDb } from '../db/open.ts'
import { ChpipeError } from '../errors.ts'
import type { PublishWorld } from '../steps/publish/connect.ts'
import { printedSql } from '../steps/publish/ddl.ts'
import { type PublishOptions, type PublishSummary, publish } from '../steps/publish/run.ts'
import { leavesThisMachine, publishTarget } from '../steps/publish/target.ts'
import { type PublishedVerification, verifyPublished } from '../steps/publish/verify.ts'
import { publishedTables } from '../steps/publish/watermark.ts'
import { counted, formatNumber, safeJson } from '../text.ts'
import { defineCommand, type OptionSpec, type OptionsOf } from './command.ts'
import { createStatus, type Fact, facts } from './output.ts'
import { requireDatabase } from './require-database.ts'
import { fitTable } from './table.ts'
import { duration, someOf } from './values.ts'

const PUBLISH_OPTIONS = [
  { flags: '--schema <name>', description: 'the schema in PostgreSQL', parse: schemaName, fallback: 'chpipe' },
  { flags: '--all', description: 'also companies without a complete officer list' },
  {
    flags: '--include <tables>',
    description: `only these tables, separated by commas: ${datasetTables.join(', ')}`,
    parse: someOf(datasetTables),
  },
  { flags: '--full', description: 'compare every row, and replace what other filters or a later state left' },
  { flags: '--verify', description: 'compare both sides and change nothing; ends with 1 when they differ' },
  { flags: '--dry-run', description: 'say what would be published, and change nothing' },
  { flags: '--print-sql', description: 'print the statements that make the tables; needs no server' },
  { flags: '--every <duration>', description: 'publish again and again, with this pause between', parse: pause },
] as const satisfies readonly OptionSpec[]

type PublishInput = OptionsOf<typeof PUBLISH_OPTIONS>

export const publishCommand = defineCommand({
  name: 'publish',
  summary: 'Load the dataset into PostgreSQL, and keep it up to date',
  description: `Writes the same companies and tables as export into a schema of PostgreSQL 14 or later, typed, with keys, indexes and comments.
The server is named by CHPIPE_POSTGRES_URL or by the PG variables of libpq, never on the command line.

The first run loads everything in one transaction. Every later one brings what has changed since what the server itself
holds: it deletes, adds and updates rows in place, also in one transaction. Any single statement, and any REPEATABLE READ
transaction, sees one publication whole. It may be stopped or killed at any moment: the server then has the old publication
or the new one. The table chpipe_publication says which.

It refuses (5) to write over tables that are not its own, that another database published, that were published with other
filters, or that hold a later state than this database.`,
  options: PUBLISH_OPTIONS,
  examples: [
    { line: 'chpipe publish', does: 'everything at first, then what has changed' },
    { line: 'chpipe publish --every 1m', does: 'go on, as a service' },
    { line: 'chpipe publish --dry-run', does: 'how many companies and rows it would send' },
    { line: 'chpipe publish --verify', does: 'prove that both sides hold the same rows' },
    { line: 'chpipe publish --print-sql > schema.sql', does: 'the tables, to read or to review' },
  ],
  async run(context: Context, { options }) {
    refuseTogether(options)
    const { schema = 'chpipe', all = false, include = null, full = false, verify, every } = options
    const dryRun = options.dryRun === true
    const filters = { all, include: include && datasetTables.filter((name) => include.includes(name)) }
    if (options.printSql) {
      await context.print(printedSql(schema, publishedTables(filters)))
      return 0
    }
    const world: PublishWorld = { ...context, target: publishTarget(context.settings) }
    warnOfStrangers(world)
    requireDatabase(context.settings.db, 'publish')
    if (verify) {
      const chosen = options.all || include ? filters : null
      const result = await withDatabase(context, 'comparing', (db, onRows) =>
        verifyPublished(db, world, { schema, filters: chosen, onRows }),
      )
      await context.print(context.json ? `${safeJson(result)}\n` : renderVerification(result))
      return result.equal ? 0 : 1
    }
    const once = () =>
      withDatabase(context, 'publishing', (db, onRows) =>
        publish(db, world, { schema, ...filters, full, dryRun, onRows }),
      )
    if (every !== undefined) return await publishAgain(context, once, every)
    const summary = await once()
    await context.print(context.json ? `${safeJson(summary)}\n` : renderPublication(summary))
    return 0
  },
})

function refuseTogether({ verify, dryRun, printSql, full, every }: PublishInput): void {
  const ways = Object.entries({ '--verify': verify, '--dry-run': dryRun, '--print-sql': printSql, '--every': every })
  const given = ways.flatMap(([name, value]) => (value === undefined ? [] : [name]))
  if (full && (verify || printSql || every !== undefined)) given.push('--full')
  if (given.length < 2) return
  throw new ChpipeError('usage', `${given.slice(0, 2).join(' and ')} do not go together`, {
    hint: 'chpipe publish --help',
  })
}

/** As with libpq, only `verify-full` keeps another server from passing for the one that is meant. */
function warnOfStrangers({ log, target: { address } }: PublishWorld): void {
  if (address.tls.mode === 'verify-full' || !leavesThisMachine(address)) return
  log.warn('the server is not verified; beyond this machine use sslmode=verify-full', { sslmode: address.tls.mode })
}

/** A pause that leaves the server some rest. */
function pause(text: string): number {
  const ms = duration(text)
  if (ms >= 1000) return ms
  throw new ChpipeError('usage', `Expected a pause of at least 1s, got: ${text}`)
}

/** PostgreSQL cuts names after 63 bytes, and keeps `pg_` for itself. */
function schemaName(text: string): string {
  if (text !== '' && Buffer.byteLength(text) <= 63 && !/^pg_|\0|^information_schema$/.test(text)) return text
  throw new ChpipeError(
    'usage',
    `Expected the name of a schema, up to 63 bytes and not beginning with pg_, got: ${text}`,
  )
}

type OnRows = NonNullable<PublishOptions['onRows']>

/** The database is opened anew for each publication: a backup may have been restored between two. */
async function withDatabase<T>(
  context: Context,
  doing: string,
  body: (db: ReturnType<typeof openDb>, onRows: OnRows) => Promise<T>,
): Promise<T> {
  const db = openDb(context.settings.db, { readonly: true })
  try {
    using status = await createStatus(context)
    return await body(db, (name, rows) => status.update(`${doing} ${name}: ${formatNumber(rows)} rows`))
  } finally {
    db.$client.close()
  }
}

/** Goes on until it is stopped; a server that is away is tried again after the pause. */
async function publishAgain(context: Context, once: () => Promise<PublishSummary>, pauseMs: number): Promise<0> {
  const { clock, signal, log } = context
  try {
    for (;;) {
      try {
        logPublication(context, await once())
      } catch (error) {
        if (!(error instanceof ChpipeError) || error.kind !== 'upstream') throw error
        log.warn(error.message, { next_try_in_s: Math.round(pauseMs / 1000) })
      }
      await clock.sleep(pauseMs, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
    log.info('stopped; what was published stays as it is')
    return 0
  }
}

function logPublication({ log }: Context, summary: PublishSummary): void {
  const { kind, schema, changed_companies, generation, elapsed_seconds } = summary
  const written = Object.values(summary.changes ?? {})
  const sum = (of: (change: (typeof written)[number]) => number) => written.reduce((total, one) => total + of(one), 0)
  log.info('published', {
    schema,
    kind,
    ...(changed_companies === null ? {} : { companies: changed_companies }),
    ...(summary.changes
      ? {
          inserted: sum(({ inserted }) => inserted),
          updated: sum(({ updated }) => updated),
          deleted: sum(({ deleted }) => deleted),
        }
      : {}),
    generation,
    seconds: elapsed_seconds,
  })
}

const KINDS: Record<PublishSummary['kind'], string> = {
  first: 'first publication: every row',
  delta: 'what has changed since the last one',
  everything: 'every row was compared',
}

/** The summary for people. */
export function renderPublication(summary: PublishSummary): string {
  const n = formatNumber
  const { changes, changed_companies: changed } = summary
  const heading: Fact[] = [
    [
      summary.dry_run ? 'would publish' : 'published',
      `${KINDS[summary.kind]}${summary.why ? ` (${summary.why})` : ''}`,
    ],
    ['schema', summary.schema],
    ['as of', summary.as_of],
    ...(changed === null ? [] : [['companies', `${n(changed)} changed`] as Fact]),
    ['took', `${summary.elapsed_seconds.toFixed(1)} s`],
  ]
  const names = Object.keys(summary.rows) as DatasetTable[]
  const head = ['table', 'rows', ...(changes ? ['new', 'updated', 'deleted'] : [])]
  const rows = names.map((name) => {
    const change = changes?.[name]
    const counts = change ? [n(change.inserted), n(change.updated), n(change.deleted)] : []
    return [name, n(summary.rows[name] ?? 0), ...counts]
  })
  return `${facts(heading)}\n${fitTable([head, ...rows], { numbers: [1, 2, 3, 4] })}`
}

const MOST_SHOWN = 20

/** The result of `--verify` for people; of many buckets that differ only the first are shown. */
export function renderVerification(result: PublishedVerification): string {
  const n = formatNumber
  const { differences, changed_since: changed } = result
  const heading: Fact[] = [
    [
      'result',
      result.equal
        ? 'equal'
        : `${counted(differences.length, 'bucket')} of company numbers ${differences.length === 1 ? 'differs' : 'differ'}`,
    ],
    ['schema', result.schema],
    ['as of', result.as_of],
    ...(changed === 0 ? [] : [['left out', `${n(changed)} companies that have changed since`] as Fact]),
    ['took', `${result.elapsed_seconds.toFixed(1)} s`],
  ]
  const compared = (Object.keys(result.tables) as DatasetTable[]).map((name) => {
    const { rows_here = 0, rows_there = 0, buckets = 0 } = result.tables[name] ?? {}
    return [name, n(rows_here), n(rows_there), n(buckets)]
  })
  const shown = differences
    .slice(0, MOST_SHOWN)
    .map(({ table: name, bucket, rows_here, rows_there }) => [name, `${bucket}*`, n(rows_here), n(rows_there)])
  const parts = [
    facts(heading),
    fitTable([['table', 'rows here', 'rows there', 'buckets'], ...compared], { numbers: [1, 2, 3] }),
  ]
  if (shown.length > 0)
    parts.push(fitTable([['differs', 'numbers', 'rows here', 'rows there'], ...shown], { numbers: [2, 3] }))
  if (differences.length > MOST_SHOWN) parts.push(`... and ${n(differences.length - MOST_SHOWN)} more: --json\n`)
  return parts.join('\n')
}
