import { closeSync, existsSync, fchmodSync, openSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database, { type Statement } from 'better-sqlite3'
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3'
import { ChpipeError } from '../errors.ts'
import { naturesInWords } from './natures.ts'
import { keepStatements } from './statements.ts'
import { storageError } from './storage-error.ts'
import { keyedHash } from './values.ts'

export type Db = BetterSQLite3Database & { $client: Database.Database }
/** What a saving function takes: the database, or a transaction on it. */
export type Tx = Pick<
  Db,
  'select' | 'selectDistinct' | 'insert' | 'update' | 'delete' | 'all' | 'get' | 'run' | 'values'
>

/** Marks a file as chpipe's in its header (`CHPI`), so that no other program's database is ever migrated. */
const APPLICATION_ID = 0x43485049

const BUSY_TIMEOUT_MS = 15_000

export interface OpenOptions {
  /** Open an existing database without ever writing to it; it is not migrated. */
  readonly?: boolean
  /** False: take an existing database with the schema that it has, be it an older one. */
  migrate?: boolean
  /** How long a statement waits for another program's lock. */
  busyTimeoutMs?: number
}

/**
 * Opens the database, creating and migrating it unless `readonly`. Write transactions go through `write`.
 * Throws a `data` error for a file that is not chpipe's, is damaged, or was written by a newer chpipe.
 */
export function openDb(path: string, { readonly = false, migrate = true, busyTimeoutMs }: OpenOptions = {}): Db {
  const mustExist = readonly || !migrate
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw isFolder(path)
    if (!mustExist && path !== ':memory:') createPrivateFile(path)
    const client = new Database(path, { readonly, fileMustExist: mustExist, timeout: busyTimeoutMs ?? BUSY_TIMEOUT_MS })
    try {
      const migrations = listMigrations()
      client.function('natures_in_words', { deterministic: true }, naturesInWords)
      refuseForeign(client, path, migrations.length)
      if (!readonly) prepareForWriting(client)
      if (!mustExist) applyMigrations(client, migrations)
      else if (migrate) refuseOlder(client, path, migrations.length)
      return Object.assign(drizzle(keepStatements(client)), { $client: client })
    } catch (error) {
      client.close()
      throw error
    }
  } catch (error) {
    throw storageError(error, path)
  }
}

/** Runs `body` in one immediate transaction: it waits for its turn instead of failing half-way. */
export function write<T>(db: Db, body: (tx: Tx) => T): T {
  return db.transaction((tx) => body(tx as unknown as Tx), { behavior: 'immediate' })
}

/**
 * Like `write` for what need not outlive the machine, such as permits: it survives the death of the process, but does
 * not wait for the disk.
 */
export function writeSoon<T>(db: Db, body: () => T): T {
  const { $client: client } = db
  client.pragma('synchronous = NORMAL')
  try {
    return client.transaction(body).immediate()
  } finally {
    client.pragma('synchronous = FULL')
  }
}

/** Runs `body` on one consistent snapshot, whatever other processes write meanwhile. */
export function snapshot<T>(db: Db, body: (tx: Tx) => T): T {
  return db.transaction((tx) => body(tx as unknown as Tx), { behavior: 'deferred' })
}

/** The number of migrations applied to the database: the schema version that manifests and `--version` show. */
export function schemaVersion(db: Db): number {
  return Number(db.$client.pragma('user_version', { simple: true }))
}

/** The version of the SQLite library. Throws when its binary does not fit this Node. */
export function sqliteVersion(): string {
  const client = new Database(':memory:')
  try {
    return String(client.prepare('SELECT sqlite_version()').pluck().get())
  } finally {
    client.close()
  }
}

/** The schema version that this program writes. */
export function latestSchemaVersion(): number {
  return listMigrations().length
}

function isFolder(path: string): ChpipeError {
  return new ChpipeError('data', `This is a folder, not a database: ${path}`, { hint: 'name a file with --db' })
}

/** An empty file, as `touch` leaves it, becomes private as well. */
function createPrivateFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found && (found.size > 0 || !found.isFile())) return
  if (!existsSync(dirname(path))) {
    throw new ChpipeError('data', `The folder of the database does not exist: ${dirname(path)}`, {
      hint: 'create the folder, or name another file with --db',
    })
  }
  const fd = openSync(path, 'a', 0o600)
  try {
    fchmodSync(fd, 0o600)
  } finally {
    closeSync(fd)
  }
}

function refuseForeign(client: Database.Database, path: string, known: number): void {
  const id = client.pragma('application_id', { simple: true })
  const version = Number(client.pragma('user_version', { simple: true }))
  const tables = client.prepare("SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'").pluck().get()
  if (id !== APPLICATION_ID && (tables !== 0 || id !== 0 || version !== 0)) {
    throw new ChpipeError('data', `The file is a SQLite database of another program, not of chpipe: ${path}`, {
      hint: 'name another file with --db',
    })
  }
  if (version > known) {
    throw new ChpipeError(
      'data',
      `The database was written by a newer chpipe (schema ${version}, this one knows ${known}): ${path}`,
      {
        hint: 'upgrade chpipe, or name another file with --db',
      },
    )
  }
}

function refuseOlder(client: Database.Database, path: string, known: number): void {
  const version = Number(client.pragma('user_version', { simple: true }))
  if (version < known) {
    throw new ChpipeError(
      'data',
      `The database has an older schema (${version} of ${known}) and is opened read-only here: ${path}`,
      {
        hint: 'run a command that writes first, such as `chpipe import-officers --limit 0`',
      },
    )
  }
}

// better-sqlite3 turns synchronous down to NORMAL when a database enters WAL mode, so FULL comes after it.
function prepareForWriting(client: Database.Database): void {
  client.pragma('journal_mode = WAL')
  client.pragma('synchronous = FULL')
  client.pragma('secure_delete = ON')
  client.pragma('foreign_keys = ON')
}

/** Reads the migrations that are missing. Takes the path of each, in order. */
function applyMigrations(client: Database.Database, migrations: string[]): void {
  const applied = () => Number(client.pragma('user_version', { simple: true }))
  if (applied() === migrations.length) return
  // For rules about e-mails that an older schema kept without a key.
  client.function('hmac_sha256', { deterministic: true }, (key, text) => keyedHash(String(key), String(text)))
  client
    .transaction(() => {
      const missing = applied() === 0 ? [wholeSchema()] : migrations.slice(applied())
      for (const file of missing) {
        for (const sql of readFileSync(file, 'utf8').split('--> statement-breakpoint')) client.exec(sql)
      }
      client.pragma(`application_id = ${APPLICATION_ID}`)
      client.pragma(`user_version = ${migrations.length}`)
    })
    .immediate()
}

/** The files of the migrations, in their order. */
function listMigrations(): string[] {
  const folder = migrationsFolder()
  const journal = JSON.parse(readFileSync(join(folder, 'meta', '_journal.json'), 'utf8')) as {
    entries: { tag: string }[]
  }
  return journal.entries.map(({ tag }) => join(folder, `${tag}.sql`))
}

/** What all migrations together make of an empty database: one after the other they take ten times as long. */
function wholeSchema(): string {
  return join(migrationsFolder(), 'whole.sql')
}

/** The built program and its sources lie at different depths below the package's root, where `drizzle/` is. */
function migrationsFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'drizzle', 'meta', '_journal.json')) && folder !== dirname(folder))
    folder = dirname(folder)
  return join(folder, 'drizzle')
}

const caches = new WeakMap<Db, Map<string, Statement>>()

/** A statement prepared once per database: for the few queries that run with every call, where building them would show. */
export function prepared(db: Db, sql: string): Statement {
  let cache = caches.get(db)
  if (!cache) {
    cache = new Map()
    caches.set(db, cache)
  }
  const known = cache.get(sql)
  if (known) return known
  const statement = db.$client.prepare(sql)
  cache.set(sql, statement)
  return statement
}
