// Copies the database while others write to it, checks the copy, and puts it into its place when it is whole and on the
// disk. Whatever goes wrong before leaves earlier backups as they are and nothing half-done.
import { randomBytes } from 'node:crypto'
import { linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Clock, DAY_MS } from '../../clock.ts'
import { checkFile, openSnapshotCopy, type SnapshotCopy } from '../../db/backup.ts'
import { markCopy } from '../../db/changes.ts'
import { type Db, openDb } from '../../db/open.ts'
import { findLastFinished } from '../../db/runs.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import { removeEmptyFolders, sha256OfFile, syncFolder } from '../../files.ts'
import { formatBytes } from '../../text.ts'
import {
  type BackupDestination,
  backupName,
  createFolder,
  refuseOverwriting,
  removeOlder,
  removeStale,
} from './destination.ts'

/** The names and their order are what `backup --json` prints. */
export interface BackupSummary {
  path: string
  bytes: number
  sha256: string
  schema_version: number
  /** The moment of the data, ISO 8601. */
  as_of: string
  /** Rows by table. */
  rows: Record<string, number>
  /** Older backups that `--keep` removed. */
  removed: string[]
  elapsed_seconds: number
}

export interface BackupStep {
  /** A connection that nothing else uses meanwhile. */
  db: Db
  clock: Clock
  signal: AbortSignal
  /** The bytes that may still be written in a folder; null where the file system does not tell. */
  freeBytes(folder: string): number | null
}

export interface BackupOptions {
  /** The file of `db`. */
  database: string
  destination: BackupDestination
  /** How many backups a folder keeps, this one included; undefined for all. */
  keep: number | undefined
  onProgress(phase: 'copying' | 'checking', share: number, bytes: number): void
}

/** What a file system needs beside the copy itself. */
const SPARE_BYTES = 1_000_000

/** Makes a backup. Throws a `data` error when it cannot be made or the copy fails its check, and the signal's reason. */
export async function backupDatabase(step: BackupStep, options: BackupOptions): Promise<BackupSummary> {
  const { clock, signal } = step
  const { destination, database, keep, onProgress } = options
  const folder = destination.kind === 'folder' ? destination.path : dirname(destination.path)
  if (destination.kind === 'file') refuseOverwriting(destination.path, database)
  const began = clock.steady()
  const created = createFolder(folder)
  let partial: string | undefined
  try {
    const asOf = clock.now()
    using copy = openSnapshotCopy(step.db)
    refuseFullDisk(folder, copy.bytes, step.freeBytes(folder))
    const path = destination.kind === 'file' ? destination.path : join(folder, backupName(folder, database, asOf))
    partial = join(folder, `.${basename(path)}.partial-${randomBytes(4).toString('hex')}`)
    await writeCopy(copy, partial, signal, (share) => onProgress('copying', share, copy.bytes))
    const schema_version = copy.schemaVersion
    copy[Symbol.dispose]()
    beginHistory(partial, asOf)
    onProgress('checking', 1, copy.bytes)
    const rows = await checkCopy(partial, signal)
    const sha256 = await sha256OfFile(partial, signal)
    await settle(partial, path)
    partial = undefined
    const removed =
      keep !== undefined && destination.kind === 'folder' ? removeOlder(folder, database, { keep, made: path }) : []
    removeStale(folder, database, clock.now())
    return {
      path,
      bytes: statSync(path).size,
      sha256,
      schema_version,
      as_of: new Date(asOf).toISOString(),
      rows,
      removed,
      elapsed_seconds: Math.round(clock.steady() - began) / 1000,
    }
  } catch (error) {
    if (partial) for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(partial + suffix, { force: true })
    if (created) removeEmptyFolders(folder, created)
    throw storageFailure(error, folder)
  }
}

function refuseFullDisk(folder: string, bytes: number, free: number | null): void {
  if (free === null || free >= bytes + SPARE_BYTES) return
  throw new ChpipeError(
    'data',
    `There is not enough disk for the backup: it needs ${formatBytes(bytes + SPARE_BYTES)}, free are ${formatBytes(free)}: ${folder}`,
    { hint: 'free some space, or name another folder with --out' },
  )
}

/** SQLite gives its journal the mode of the file, which must therefore be right from the start. */
async function writeCopy(
  copy: SnapshotCopy,
  partial: string,
  signal: AbortSignal,
  onProgress: (share: number) => void,
) {
  const file = await open(partial, 'wx', 0o600)
  await file.chmod(0o600)
  await file.close()
  await copy.copyTo(partial, { signal, onProgress })
}

function beginHistory(partial: string, asOf: number): void {
  const copy = openDb(partial, { migrate: false })
  try {
    markCopy(copy, asOf)
  } finally {
    copy.$client.close()
  }
}

async function checkCopy(partial: string, signal: AbortSignal): Promise<Record<string, number>> {
  const { problems, rows } = await checkFile(partial, { scope: 'whole', signal })
  const [first] = problems
  if (first === undefined) return rows
  throw new ChpipeError('data', `The copy fails its check, so it was not kept: ${first}`, {
    hint: 'the database itself is damaged: see `chpipe doctor`, and keep the newest earlier backup safe',
  })
}

/**
 * The bytes must be on the disk before the name is, and the name before anybody relies on it: where that cannot be made
 * sure, nothing stays that looks whole, and what was there before is there again.
 */
async function settle(partial: string, path: string): Promise<void> {
  await syncFile(partial)
  await syncFolder(dirname(path))
  const earlier = secondName(path, `${partial}-earlier`)
  try {
    renameSync(partial, path)
    await syncFolder(dirname(path))
  } catch (error) {
    if (earlier) renameSync(earlier, path)
    else rmSync(path, { force: true })
    throw error
  } finally {
    if (earlier) rmSync(earlier, { force: true })
  }
}

/** Gives the file that is there another name as well; null where there is none, or no links are. */
function secondName(path: string, name: string): string | null {
  try {
    linkSync(path, name)
    return name
  } catch {
    return null
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** What the file system throws is about the backup, not a bug. */
function storageFailure(error: unknown, folder: string): unknown {
  const code = String((error as NodeJS.ErrnoException | null)?.code ?? '')
  if (error instanceof ChpipeError || !/^E[A-Z]+$/.test(code)) return error
  return new ChpipeError('data', `The backup cannot be written (${errorMessage(error)}): ${folder}`, {
    hint: 'check the folder and its permissions, or name another with --out',
    cause: error,
  })
}

/** A backup that is older than this is too old to rely on. */
const FRESH_BACKUP_MS = DAY_MS

export interface LastBackup {
  path: string
  finishedAt: number
  ageMs: number
  /** Younger than a day. */
  fresh: boolean
}

/** The newest backup that was made of this database, wherever it went; null when none is recorded. */
export function readLastBackup(db: Db, clock: Clock): LastBackup | null {
  const last = findLastFinished(db, 'backup')
  if (!last) return null
  const { path = '' } = JSON.parse(last.summary) as { path?: string }
  const ageMs = Math.max(0, clock.now() - last.finishedAt)
  return { path, finishedAt: last.finishedAt, ageMs, fresh: ageMs < FRESH_BACKUP_MS }
}
