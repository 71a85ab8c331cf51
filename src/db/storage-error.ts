import { ChpipeError, errorMessage } from '../errors.ts'

const MEANINGS: Record<string, [sentence: string, hint?: string]> = {
  SQLITE_FULL: ['The disk is full', 'free some space and run the command again; nothing half-done was kept'],
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
    'check the disk, then run the command again',
  ],
}

/** Turns what SQLite threw into a `data` error that names the database; anything else passes unchanged. */
export function sqliteError(error: unknown, path: string): unknown {
  if (error instanceof ChpipeError || !(error instanceof Error)) return error
  const code = String((error as NodeJS.ErrnoException).code ?? '')
  if (!code.startsWith('SQLITE_')) return error
  const known = Object.keys(MEANINGS).find((prefix) => code === prefix || code.startsWith(`${prefix}_`))
  const [sentence, hint] = MEANINGS[known ?? ''] ?? [`The database could not be used (${errorMessage(error)})`]
  return new ChpipeError('data', `${sentence}: ${path}`, { ...(hint ? { hint } : {}), cause: error })
}

/** The same where the file itself is opened: what the file system threw is about the database, too. */
export function storageError(error: unknown, path: string): unknown {
  const code = String((error as NodeJS.ErrnoException | null)?.code ?? '')
  if (!(error instanceof Error) || !/^E[A-Z]+$/.test(code)) return sqliteError(error, path)
  return new ChpipeError('data', `The database could not be used (${errorMessage(error)}): ${path}`, { cause: error })
}
