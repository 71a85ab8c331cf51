// The online copy of a database. SQLite starts a copy anew whenever another process writes between two of its steps, so
// that beside a busy stream it never ends; a read transaction held from the first step to the last keeps it on one
// snapshot. Writers go on meanwhile: only the write-ahead log cannot be taken back behind the snapshot.
import { type Db, schemaVersion } from './open.ts'
import { sqliteError } from './storage-error.ts'

/** A megabyte: some milliseconds, after which signals and timers have their turn. */
const PAGES_PER_STEP = 256

/** The database as it is at one moment. */
export interface SnapshotCopy {
  /** The size of the copy. */
  bytes: number
  schemaVersion: number
  /**
   * Copies it into the empty file `path`. Throws the signal's reason, or a `data` error such as for a full disk; then the
   * file holds rubbish.
   */
  copyTo(path: string, options: { signal: AbortSignal; onProgress(share: number): void }): Promise<void>
  /** Ends the snapshot. */
  [Symbol.dispose](): void
}

/** Takes the snapshot; the connection serves nothing else until it is disposed. */
export function openSnapshotCopy(db: Db): SnapshotCopy {
  const { $client: client } = db
  client.exec('BEGIN')
  const read = (name: string) => Number(client.pragma(name, { simple: true }))
  return {
    bytes: read('page_count') * read('page_size'),
    schemaVersion: schemaVersion(db),
    async copyTo(path, { signal, onProgress }) {
      try {
        await client.backup(path, {
          progress({ totalPages, remainingPages }) {
            signal.throwIfAborted()
            onProgress(totalPages === 0 ? 0 : 1 - remainingPages / totalPages)
            return PAGES_PER_STEP
          },
        })
      } catch (error) {
        signal.throwIfAborted()
        throw sqliteError(error, path)
      }
      signal.throwIfAborted()
    },
    [Symbol.dispose]() {
      if (client.open && client.inTransaction) client.exec('ROLLBACK')
    },
  }
}
