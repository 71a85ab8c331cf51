// Where a backup goes, and which earlier ones it makes superfluous.

import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { DAY_MS, stampOf } from '../../clock.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import { makeFolders } from '../../files.ts'

/** A folder takes files named after the database and the time; a file is replaced. */
export type BackupDestination = { kind: 'folder' | 'file'; path: string }

/** A killed backup's partial file is not written to any more; one that is being written is never so old. */
const STALE_MS = DAY_MS

/** Another backup may be tidying up the same folder. */
const MAY_BE_GONE = { throwIfNoEntry: false } as const

/** The folder that takes a backup without `--out`. */
export function defaultFolder(database: string): string {
  return join(dirname(database), 'backups')
}

/** The destination of `--out`: a folder when the path ends with a separator, is one, or has no extension; a file otherwise. */
export function backupDestination(path: string, endsWithSeparator: boolean): BackupDestination {
  const isFolder = endsWithSeparator || (existsSync(path) ? statSync(path).isDirectory() : extname(path) === '')
  if (isFolder) return { kind: 'folder', path }
  return { kind: 'file', path: existsSync(path) ? realpathSync(path) : path }
}

/** Makes sure of a folder, readable by its owner only when it is new; returns the uppermost folder that was created. */
export function createFolder(folder: string): string | undefined {
  try {
    return makeFolders(folder)
  } catch (cause) {
    throw new ChpipeError('data', `The folder of the backup cannot be made (${errorMessage(cause)}): ${folder}`, {
      hint: 'name another folder or file with --out',
      cause,
    })
  }
}

/** The bytes that this user may still write in a folder; null where the file system does not tell. */
export function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return null
  }
}

/** Throws a `data` error unless a file destination is free, or an earlier backup that nobody uses. */
export function refuseOverwriting(path: string, database: string): void {
  if (!existsSync(path)) return
  const hint = 'name another file, or a folder, with --out'
  if (isSame(path, database)) throw new ChpipeError('data', `This is the database itself: ${path}`, { hint })
  if (isInUse(path)) {
    throw new ChpipeError('data', `The database is in use, so it is left as it is: ${path}`, { hint })
  }
  const file = statSync(path)
  if (!file.isFile() || (file.size > 0 && !isChpipeDatabase(path))) {
    throw new ChpipeError('data', `The file is not a backup, so it is left as it is: ${path}`, { hint })
  }
}

/** `companies-20261123T174500Z.db`; a second one in the same second gets a number. */
export function backupName(folder: string, database: string, now: number): string {
  const stamp = stampOf(now)
  for (let nth = 1; ; nth += 1) {
    const name = `${stemOf(database)}-${stamp}${nth === 1 ? '' : `-${nth}`}.db`
    if (!existsSync(join(folder, name))) return name
  }
}

/**
 * Removes older backups of this database from a folder until `keep` are left: the newest of each day, a few more of the
 * last day, and where there are fewer days the newest others, so that many backups in a day push out no earlier day's.
 * `made` always stays, like every file with another kind of name and every backup that was opened and written to.
 * Returns the paths.
 */
export function removeOlder(
  folder: string,
  database: string,
  { keep, made }: { keep: number; made: string },
): string[] {
  const own = new RegExp(`^${escaped(stemOf(database))}-\\d{8}T\\d{6}Z(-\\d+)?\\.db$`)
  const all = readdirSync(folder)
    .filter((name) => own.test(name))
    .map((name) => join(folder, name))
    .filter((path) => path === made || (lstatSync(path, MAY_BE_GONE)?.isFile() && !isInUse(path)))
    .sort(newestFirst)
  const kept = backupsToKeep(all, { keep, made })
  const removed = all.filter((path) => !kept.has(path))
  for (const path of removed) for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  return removed
}

/** Which of these backups, the newest first, stay. A day is one of UTC; the last day is the 24 hours before `made`. */
function backupsToKeep(all: string[], { keep, made }: { keep: number; made: string }): Set<string> {
  const since = momentOf(made) - DAY_MS
  const recent = all.filter((path) => momentOf(path) > since).slice(0, 1 + Math.floor((keep + 1) / 4))
  const daily = [...new Map(all.toReversed().map((path) => [dayOf(path), path])).values()].toReversed()
  const chosen = new Set([made])
  for (const path of [...recent, ...daily, ...all]) {
    if (chosen.size >= keep) break
    chosen.add(path)
  }
  return chosen
}

/** Removes what backups that were killed have left in a folder more than a day ago. */
export function removeStale(folder: string, database: string, now: number): void {
  const partial = new RegExp(`^\\.${escaped(stemOf(database))}.*\\.partial-[0-9a-f]{8}(-journal|-wal|-shm|-earlier)?$`)
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const { mtimeMs = now } = (partial.test(name) && lstatSync(path, MAY_BE_GONE)) || {}
    if (now - mtimeMs > STALE_MS) rmSync(path, { force: true })
  }
}

/** The stamp sorts as text; of two in one second the one with the larger number is newer. */
function newestFirst(a: string, b: string): number {
  const [[, stampA = '', nthA = '1'], [, stampB = '', nthB = '1']] = [nameParts(a), nameParts(b)]
  return stampA === stampB ? Number(nthB) - Number(nthA) : stampA < stampB ? 1 : -1
}

function nameParts(path: string): string[] {
  return /-(\d{8}T\d{6}Z)(?:-(\d+))?\.db$/.exec(path) ?? []
}

/** The moment in a backup's name, in milliseconds. */
function momentOf(path: string): number {
  return Date.parse((nameParts(path)[1] ?? '').replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'))
}

function dayOf(path: string): string {
  return (nameParts(path)[1] ?? '').slice(0, 8)
}

function stemOf(database: string): string {
  return basename(database).replace(/\.(db|sqlite3?)$/, '') || 'chpipe'
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [statSync(one), statSync(other)]
  return a.ino === b.ino && a.dev === b.dev
}

/** A database whose log holds something is being written, or was when its process died. */
function isInUse(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
}

/** The application id lies at byte 68 of a SQLite file (`CHPI`). */
function isChpipeDatabase(path: string): boolean {
  const header = Buffer.alloc(72)
  const fd = openSync(path, 'r')
  try {
    readSync(fd, header, 0, header.length, 0)
  } finally {
    closeSync(fd)
  }
  return header.toString('latin1', 0, 15) === 'SQLite format 3' && header.toString('latin1', 68) === 'CHPI'
}
