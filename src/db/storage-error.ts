import { ChpipeError, errorMessage } from '../errors.ts'

const MEANINGS: Record<string, [sentence: string, hint: string]> = {
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

/** Turns what SQLite or the file system threw into a `data` error that names the file; anything else passes unchanged. */
export function storageError(error: unknown, path: string): unknown {
  if (error instanceof ChpipeError || !(error instanceof Error)) return error
  const code = String((error as NodeJS.ErrnoException).code ?? '')
  const known = Object.keys(MEANINGS).find((prefix) => code === prefix || code.startsWith(`${prefix}_`))
  const meaning = known ? MEANINGS[known] : undefined
  if (meaning) return new ChpipeError('data', `${meaning[0]}: ${path}`, { hint: meaning[1], cause: error })
  if (code.startsWith('SQLITE_') || /^E[A-Z]+$/.test(code)) {
    return new ChpipeError('data', `The database could not be used (${errorMessage(error)}): ${path}`, { cause: error })
  }
  return error
}
