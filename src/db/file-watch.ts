// Whether the file of an open database is still at its path: SQLite writes on into one that was moved or deleted.
import { type Stats, statSync } from 'node:fs'
import { ChpipeError } from '../errors.ts'
import type { Db } from './open.ts'

/** Makes a check that throws a `data` error once another file, or none, is where the database was when it was opened. */
export function fileCheck({ $client: client }: Db): () => void {
  const path = client.name
  const opened = identityOf(path)
  let openedWal = identityOf(`${path}-wal`)
  return () => {
    if (!client.open) return
    openedWal ??= identityOf(`${path}-wal`)
    if (identityOf(path) === opened && (openedWal === null || identityOf(`${path}-wal`) === openedWal)) return
    throw new ChpipeError('data', `The database was moved, deleted or replaced while it was in use: ${path}`, {
      hint: 'stop every chpipe before a restore, then start again with the right file',
    })
  }
}

/** Runs the check every so many ms, and calls `lost` with what it throws, once. */
export function watchFile(check: () => void, everyMs: number, lost: (error: unknown) => void): Disposable {
  const timer = setInterval(() => {
    try {
      check()
    } catch (error) {
      clearInterval(timer)
      lost(error)
    }
  }, everyMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Null for no file, or one that may not be looked at. */
function identityOf(path: string): string | null {
  let found: Stats | undefined
  try {
    found = statSync(path, { throwIfNoEntry: false })
  } catch {
    return null
  }
  return found ? `${found.dev}:${found.ino}` : null
}
