// What SQLite and the file system refuse, as errors that name the file, or the folder that is full.
import { accessSync, closeSync, constants, openSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { ChpipeError, errorMessage, systemMeaning } from '../errors.ts'
import { tempFolder } from '../files.ts'

/** What was committed stays, whatever happens to the transaction in hand. */
const KEPT = 'what was stored before is kept, the step in hand is not'

const MEANINGS: Record<string, [sentence: string, hint: string]> = {
  SQLITE_FULL: ['The disk is full', `free some space and run the command again; ${KEPT}`],
  SQLITE_NOTADB: ['The file is not a SQLite database', 'name another file with --db'],
  SQLITE_CORRUPT: ['The database is damaged', 'restore the newest backup'],
  SQLITE_CANTOPEN: ['The database cannot be opened', 'check that the file exists and may be read'],
  SQLITE_READONLY: [
    'The database may not be written',
    "check the file's and the folder's permissions; even reading needs a folder that may be written",
  ],
  SQLITE_BUSY: [
    'Another process kept the database locked for too long',
    'see which one it is and run the command again',
  ],
  SQLITE_IOERR: [
    'The disk failed while the database was read or written',
    `check the disk and its quota, then run the command again; ${KEPT}`,
  ],
  SQLITE_NOMEM: ['There is no memory left', 'end other programs and run the command again'],
  SQLITE_TOOBIG: ['A value is larger than a database can hold', 'see which input it comes from'],
}

/** Less than this is nothing: SQLite writes some pages at a time. */
const FULL_BELOW_BYTES = 1024 * 1024

/** Turns what SQLite threw into a `data` error that names the database; anything else passes unchanged. */
export function sqliteError(error: unknown, path: string): unknown {
  if (error instanceof ChpipeError || !(error instanceof Error)) return error
  const code = String((error as NodeJS.ErrnoException).code ?? '')
  if (!code.startsWith('SQLITE_')) return error
  const told = (sentence: string, hint: string) =>
    new ChpipeError('data', `${sentence}: ${path}`, { hint, cause: error })
  const full = /^SQLITE_(FULL|IOERR|CANTOPEN)/.test(code) ? fullFolder(path) : null
  if (full === 'temporary') {
    const sentence = `The disk for temporary files is full: ${tempFolder()}`
    const hint = `free some space there, or name a folder on a larger disk with CHPIPE_TMP; ${KEPT}`
    return new ChpipeError('data', sentence, { hint, cause: error })
  }
  if (full === 'database') return told(...(MEANINGS.SQLITE_FULL as [string, string]))
  const refused = /^SQLITE_(IOERR|CANTOPEN|READONLY)/.test(code) ? refusalOf(path, code) : undefined
  if (refused) return told(refused.sentence, refused.hint)
  const known = Object.keys(MEANINGS).find((prefix) => code === prefix || code.startsWith(`${prefix}_`))
  const unknown: [string, string] = [
    `The database could not be used (${errorMessage(error)})`,
    'run the command again; if it stays so: chpipe doctor',
  ]
  return told(...(MEANINGS[known ?? ''] ?? unknown))
}

/** A function that runs work on the database at `path`; what fails in it is thrown as `storageError` tells it. */
export function storageGuard(path: string): <T>(body: () => T) => T {
  return (body) => {
    try {
      return body()
    } catch (error) {
      throw storageError(error, path)
    }
  }
}

/** The same where the file itself is opened: what the file system threw is about the database, too. */
export function storageError(error: unknown, path: string): unknown {
  const code = String((error as NodeJS.ErrnoException | null)?.code ?? '')
  if (!(error instanceof Error) || !/^E[A-Z]+$/.test(code)) return sqliteError(error, path)
  const { sentence, hint } = systemMeaning(code) ?? {
    sentence: `The database could not be used (${errorMessage(error)})`,
    hint: 'check the file and its folder, or name another file with --db',
  }
  return new ChpipeError('data', `${sentence}: ${path}`, { hint, cause: error })
}

/** Which of the two places has no room left; null when both have. An empty path means a temporary database. */
function fullFolder(path: string): 'database' | 'temporary' | null {
  const database = path === '' ? Number.POSITIVE_INFINITY : freeBytes(dirname(path))
  const temporary = freeBytes(tempFolder())
  if (Math.min(database, temporary) >= FULL_BELOW_BYTES) return null
  return temporary < database ? 'temporary' : 'database'
}

function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** SQLite does not tell what the system refused: the file is tried once more. */
function refusalOf(path: string, code: string): ReturnType<typeof systemMeaning> {
  try {
    closeSync(openSync(path, code.startsWith('SQLITE_CANTOPEN') ? 'r' : 'r+'))
    accessSync(dirname(path), constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    const { code: refusal } = error as NodeJS.ErrnoException
    return refusal === 'ENOENT' ? undefined : systemMeaning(String(refusal))
  }
}
