import { sep } from 'node:path'
import type { Context } from '../context.ts'
import { datasetTables } from '../db/dataset/columns.ts'
import { openDb } from '../db/open.ts'
import { beginRun } from '../db/runs.ts'
import { ChpipeError } from '../errors.ts'
import { type BackupSummary, backupDatabase } from '../steps/backup/backup.ts'
import { type BackupDestination, backupDestination, defaultFolder, freeBytes } from '../steps/backup/destination.ts'
import { formatBytes, formatNumber, safeJson } from '../text.ts'
import { defineCommand } from './command.ts'
import { bar, createStatus, type Fact, facts, terminalWidth } from './output.ts'
import { requireDatabase } from './require-database.ts'
import { count } from './values.ts'

export const backupCommand = defineCommand({
  name: 'backup',
  summary: 'Copy the database while it is in use, and check the copy',
  description: `Copies the whole database as of one moment, even while imports and the stream are writing. It checks every page, index and
reference of the copy before the copy takes its place. The result is one file that only you can read, and a database like
the original: \`chpipe doctor --db <file>\` opens it.

A backup that fails or is interrupted leaves earlier backups untouched.`,
  options: [
    {
      flags: '-o, --out <path>',
      description:
        'a folder (ends with /, exists, or has no extension), or a file, which it replaces if it is a backup',
      fallback: 'backups/ beside the database',
    },
    {
      flags: '--keep <n>',
      description:
        'then keep n backups of this database in the folder: up to a quarter from the last day, then the newest of each day',
      parse: count(1),
    },
  ],
  examples: [
    { line: 'chpipe backup', does: 'backups/companies-20261123T174500Z.db' },
    { line: 'chpipe backup --keep 14', does: 'every night from cron' },
    { line: 'chpipe backup --out /mnt/usb/companies.db', does: 'one file, replaced each time' },
  ],
  notifies: true,
  async run(context, { options }) {
    const { out, keep } = options
    const summary = await backupAndRecord(context, chooseDestination(context, out, keep), keep)
    await context.print(context.json ? `${safeJson(summary)}\n` : renderBackup(summary, terminalWidth(context)))
    return 0
  },
})

function chooseDestination(
  { path, settings }: Context,
  out: string | undefined,
  keep: number | undefined,
): BackupDestination {
  if (out === '' || out === '-') throw new ChpipeError('usage', '--out needs the path of a folder or a file')
  if (out === undefined) return { kind: 'folder', path: defaultFolder(settings.db) }
  const destination = backupDestination(path(out), out.endsWith('/') || out.endsWith(sep))
  if (destination.kind === 'folder' || keep === undefined) return destination
  throw new ChpipeError('usage', '--keep belongs to a folder, and --out names a file', { hint: 'leave --keep out' })
}

/** The run is recorded on a connection of its own: the copy's is bound to its snapshot. */
async function backupAndRecord(
  context: Context,
  destination: BackupDestination,
  keep: number | undefined,
): Promise<BackupSummary> {
  const { clock, signal, settings } = context
  requireDatabase(settings.db, 'back up')
  using source = closing(openDb(settings.db, { migrate: false }))
  using record = closing(openDb(settings.db, { migrate: false }))
  using current = beginRun(record.db, clock, 'backup')
  using status = await createStatus(context)
  const summary = await backupDatabase(
    { db: source.db, clock, signal, freeBytes },
    {
      database: settings.db,
      destination,
      keep,
      onProgress(phase, share, bytes) {
        const done = phase === 'checking' ? 'copied, being checked' : `${Math.floor(share * 100)} % copied`
        status.update(`${bar(share)} ${done}, of ${formatBytes(bytes)}`)
      },
    },
  )
  current.finish(summary)
  return summary
}

function closing(db: ReturnType<typeof openDb>) {
  return { db, [Symbol.dispose]: () => db.$client.close() }
}

/** What the customer knows; the rest is chpipe's own. */
const PUBLIC_TABLES: readonly string[] = datasetTables

/** The summary for people; tables without rows are left out, and chpipe's own are one sum. */
export function renderBackup(summary: BackupSummary, shape: { width?: number } = {}): string {
  const own = Object.entries(summary.rows).filter(([table]) => !PUBLIC_TABLES.includes(table))
  const tables: [what: string, n: number][] = [
    ...PUBLIC_TABLES.map((table): [string, number] => [table, summary.rows[table] ?? 0]),
    ["chpipe's own", own.reduce((sum, [, rows]) => sum + rows, 0)],
  ]
  const counts = tables.filter(([, n]) => n > 0)
  const rows: Fact[] = [
    ['backup', summary.path],
    ['size', `${formatBytes(summary.bytes)}, in ${summary.elapsed_seconds.toFixed(1)} s`],
    ['sha256', summary.sha256],
    ['checked', 'every page, index and reference is sound'],
    ...counts.map(([table, n], index): [string, string] => [index === 0 ? 'rows' : '', `${table} ${formatNumber(n)}`]),
    ...summary.removed.map((path, index): [string, string] => [index === 0 ? 'removed' : '', path]),
  ]
  return facts(rows, shape)
}
