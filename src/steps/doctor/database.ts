// The database as a file: can it be opened, is it sound, is it backed up.
import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Clock, formatDuration } from '../../clock.ts'
import { checkFile } from '../../db/backup.ts'
import { type Db, latestSchemaVersion, openDb, schemaVersion } from '../../db/open.ts'
import { ChpipeError } from '../../errors.ts'
import { formatBytes } from '../../text.ts'
import { readLastBackup } from '../backup/backup.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** What the other checks may read. */
export interface ExaminedDatabase {
  check: Check
  /** There is a file whose soundness can be checked. */
  exists: boolean
  /** Open for reading only, under the newest schema; null when it cannot be used. */
  db: Db | null
}

/** Opens the database for reading only; it is neither created nor migrated. */
export function examineDatabase(path: string): ExaminedDatabase {
  const none = (check: Check) => ({ check, exists: false, db: null })
  if (!existsSync(dirname(path))) {
    return none(
      fail('database', `its folder does not exist: ${dirname(path)}`, 'create the folder, or name another file'),
    )
  }
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) {
    const hint = 'name it with --db, or load companies: chpipe import-companies BasicCompanyData.zip'
    return none(warn('database', `there is none yet: ${path}`, hint))
  }
  try {
    const db = openDb(path, { readonly: true, migrate: false })
    const [version, latest] = [schemaVersion(db), latestSchemaVersion()]
    const size = formatBytes(statSync(path).size + (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0))
    if (version === latest) return { check: ok('database', `${path}, ${size}, schema ${version}`), exists: true, db }
    db.$client.close()
    const message = `${path} has schema ${version} of ${latest}; the next command that writes brings it up to date`
    return { check: warn('database', message, 'make a backup first: chpipe backup'), exists: true, db: null }
  } catch (error) {
    if (!(error instanceof ChpipeError)) throw error
    const check = fail('database', error.message, error.hint ?? 'restore the newest backup')
    return { check, exists: statSync(path).isFile(), db: null }
  }
}

/**
 * Reads every page of the database beside those who use it, for at most `limitMs`: while the check runs, the write-ahead
 * log grows. A database too large for that is sound as far as its last backup, which was checked whole, can tell.
 */
export async function checkIntegrity(
  path: string,
  { limitMs, signal, backedUp }: { limitMs: number; signal: AbortSignal; backedUp: boolean },
): Promise<Check> {
  const late = AbortSignal.timeout(limitMs)
  try {
    const { problems } = await checkFile(path, { scope: 'quick', signal: AbortSignal.any([signal, late]) })
    const [first] = problems
    if (first === undefined) return ok('integrity', 'every page is sound')
    return fail(
      'integrity',
      `the database is damaged: ${first}`,
      'stop all chpipe processes and restore the newest backup',
    )
  } catch (error) {
    signal.throwIfAborted()
    if (!late.aborted) throw error
    const message = `too large to be checked within ${formatDuration(limitMs)}`
    if (backedUp) return ok('integrity', `${message}; the last backup was checked whole`)
    return warn('integrity', message, 'chpipe backup checks a copy of all of it')
  }
}

/** Whether a backup is recorded that is younger than a day. */
export function checkBackup(db: Db, clock: Clock): Check {
  const last = readLastBackup(db, clock)
  if (!last) return warn('backup', 'no backup of this database was ever made', 'chpipe backup')
  const made = `the last was made ${formatDuration(last.ageMs)} ago: ${last.path}`
  if (!existsSync(last.path)) return warn('backup', `${made}, but the file is gone`, 'make another: chpipe backup')
  const message = made
  return last.fresh ? ok('backup', message) : warn('backup', message, 'chpipe backup, every day from cron or systemd')
}
