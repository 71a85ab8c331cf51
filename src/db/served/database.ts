// The database that the HTTP API serves. Its file may be moved away, or be replaced by a backup: then nothing is served
// until a good file is there, which is opened instead.
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { Clock } from '../../clock.ts'
import { type Db, openDb, prepared } from '../open.ts'

export interface ServedDatabase {
  /** The connection to the file that is at the path now. Throws `DatabaseGone` when there is none to be read. */
  current(): Db
  /** Throws when the database cannot be read. */
  check(): void
  /** Closes what was opened anew; the first connection is its owner's. */
  [Symbol.dispose](): void
}

/** The file that was opened is not there any more, and no good one is in its place yet. */
export class DatabaseGone extends Error {
  override readonly name = 'DatabaseGone'

  constructor(options?: ErrorOptions) {
    super('The file of the database was moved, or another one has taken its place', options)
  }
}

/** A file that could not be opened is not tried again at once. */
const RETRY_MS = 1000

/** Changes whenever another connection has written. */
export function dataVersion(db: Db): number {
  return Number(prepared(db, 'PRAGMA data_version').pluck().get())
}

/**
 * The function that gives what `read` reads, and reads it again only when another connection has written; on one that writes
 * itself, which does not hear of its own, each time.
 */
export function keptWhileUnchanged<T>(read: (db: Db) => T): (db: Db) => T {
  const kept = new WeakMap<Db, { version: number; found: T }>()
  return (db) => {
    if (!db.$client.readonly) return read(db)
    const version = dataVersion(db)
    const known = kept.get(db)
    if (known?.version === version) return known.found
    const found = read(db)
    kept.set(db, { version, found })
    return found
  }
}

const connections = new WeakMap<Db, number>()
let opened = 0

/** Another text for every connection, and whenever another one has written. */
export function versionOf(db: Db): string {
  if (!connections.has(db)) {
    opened += 1
    connections.set(db, opened)
  }
  return `${connections.get(db)} ${dataVersion(db)}`
}

/** Watches over the file of a connection, whose path must be absolute. */
export function serveDatabase(first: Db, clock: Clock): ServedDatabase {
  const path = first.$client.name
  let [db, file] = [first, identity(path)]
  let retryAt = Number.NEGATIVE_INFINITY
  const openAnew = (there: string) => {
    if (clock.steady() < retryAt) throw new DatabaseGone()
    retryAt = clock.steady() + RETRY_MS
    const found = openWhole(path)
    if (db !== first) db.$client.close()
    db = found
    file = there
    retryAt = Number.NEGATIVE_INFINITY
  }
  const current = () => {
    const there = identity(path)
    if (there === null) throw new DatabaseGone()
    if (there !== file) openAnew(there)
    return db
  }
  return {
    current,
    check() {
      const now = current()
      prepared(now, 'SELECT name FROM tallies LIMIT 1').get()
      now.$client.prepare('SELECT company_number FROM companies LIMIT 1').get()
    },
    [Symbol.dispose]() {
      if (db !== first) db.$client.close()
    },
  }
}

/** What tells one file from another at the same path; null when there is none. */
function identity(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false })
  return found ? `${found.dev}:${found.ino}` : null
}

function openWhole(path: string): Db {
  try {
    refusePartial(path)
    return openDb(path, { readonly: true })
  } catch (cause) {
    throw new DatabaseGone({ cause })
  }
}

/** A file that is still being copied is shorter than its header says (bytes 16 and 28 of the SQLite file format). */
function refusePartial(path: string): void {
  const header = Buffer.alloc(32)
  const fd = openSync(path, 'r')
  try {
    readSync(fd, header, 0, header.length, 0)
  } finally {
    closeSync(fd)
  }
  const size = header.readUInt16BE(16)
  const pageBytes = size === 1 ? 65_536 : size
  if (statSync(path).size < pageBytes * header.readUInt32BE(28)) throw new Error('the file is not whole yet')
}
