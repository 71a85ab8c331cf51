// The file beside the database in which the index of names is kept between two starts of `serve`. It holds nothing that is
// not in the database: one that cannot be used is made anew, and where that cannot be, the index lives without it.
import { closeSync, fchmodSync, lstatSync, openSync, rmSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { Db } from '../open.ts'
import { createIndexTables, type NameIndex, nameIndexOn } from './names.ts'
import { TERMS_VERSION } from './terms.ts'

/** Where the index of the database at a path is kept. */
export function namesFile(path: string): string {
  return `${path}-names`
}

/** `CHPN` in the header of the file. */
const NAMES_APPLICATION_ID = 0x4348504e
const LAYOUT = 1
/** Another process has the file for good, or for the moment of an erasure. */
const OWNER_WAIT_MS = 500

/** Whether a failure says that the file is damaged. */
export function isNamesFileDamaged(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(String((error as NodeJS.ErrnoException | null)?.code ?? ''))
}

/**
 * Opens the kept index for this process alone; an absent, damaged or older file becomes an empty one, and `onDamage` hears
 * of the second. Throws when another process has it, when it is no file of chpipe's, and when it cannot be written.
 */
export function openKeptIndex(path: string, onDamage: () => void = () => {}): NameIndex {
  try {
    return openIndex(path)
  } catch (error) {
    const isDamaged = isNamesFileDamaged(error)
    if (!isDamaged && !(error instanceof OtherVersion)) throw error
    if (isDamaged) onDamage()
    removeNamesFile(path)
    return openIndex(path)
  }
}

function openIndex(path: string): NameIndex {
  const client = openOwn(path)
  try {
    return nameIndexOn(client)
  } catch (error) {
    client.close()
    throw error
  }
}

/** Removes the kept index with the files that SQLite puts beside it. */
export function removeNamesFile(path: string): void {
  for (const suffix of ['', '-wal', '-journal', '-shm']) rmSync(path + suffix, { force: true })
}

class OtherVersion extends Error {}

class NotOurs extends Error {}

function openOwn(path: string): Database.Database {
  createOwnFile(path)
  const client = new Database(path, { timeout: OWNER_WAIT_MS })
  try {
    client.pragma('locking_mode = EXCLUSIVE')
    client.pragma('secure_delete = ON')
    client.exec('BEGIN IMMEDIATE; COMMIT')
    refuseOther(client, path)
    client.pragma('journal_mode = WAL')
    client.pragma('synchronous = NORMAL')
    if (client.pragma('user_version', { simple: true }) === 0) createKeptTables(client)
    else refuseCut(client, path)
    return client
  } catch (error) {
    client.close()
    throw error
  }
}

/** Private like the database; what is there already becomes so, unless it is no file. */
function createOwnFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found && !found.isFile()) throw new NotOurs(`there is something else in the place of the index: ${path}`)
  const fd = openSync(path, 'a', 0o600)
  try {
    fchmodSync(fd, 0o600)
  } finally {
    closeSync(fd)
  }
}

function refuseOther(client: Database.Database, path: string): void {
  const id = client.pragma('application_id', { simple: true })
  const layout = client.pragma('user_version', { simple: true })
  const tables = client.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()
  if (id === 0 && layout === 0 && tables === 0) return
  if (id !== NAMES_APPLICATION_ID) throw new NotOurs(`the file is another program's: ${path}`)
  const version = layout === LAYOUT && client.prepare(`SELECT value FROM facts WHERE name = 'terms'`).pluck().get()
  if (version !== TERMS_VERSION) throw new OtherVersion()
}

function createKeptTables(client: Database.Database): void {
  client
    .transaction(() => {
      createIndexTables(client)
      client.prepare(`INSERT INTO facts (name, value) VALUES ('terms', ?)`).run(TERMS_VERSION)
      client.pragma(`application_id = ${NAMES_APPLICATION_ID}`)
      client.pragma(`user_version = ${LAYOUT}`)
    })
    .immediate()
}

function refuseCut(client: Database.Database, path: string): void {
  const pageBytes = Number(client.pragma('page_size', { simple: true }))
  const isCut = statSync(path).size < pageBytes * Number(client.pragma('page_count', { simple: true }))
  if (!isCut) return
  throw Object.assign(new Error('the index is cut short'), { code: 'SQLITE_CORRUPT' })
}

/** An erasure that would take longer than this many steps leaves the rest to a new index. */
const STEPS_IN_HAND = 100

/**
 * Takes what was erased from the database out of the kept index, too, before it returns: by following the changes, or by
 * removing the file, which `serve` makes again. False when it could not: a running `serve` has the file, and follows by itself.
 */
export function eraseFromNamesFile(db: Db): boolean {
  const path = namesFile(db.$client.name)
  if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) return true
  try {
    if (!followFile(path, db)) removeNamesFile(path)
    return true
  } catch (error) {
    return error instanceof NotOurs
  }
}

function followFile(path: string, db: Db): boolean {
  const index = openKeptIndex(path)
  try {
    if (!index.isOf(db) || !followAll(index, db)) return false
    index.settle()
    return true
  } catch (error) {
    if (isNamesFileDamaged(error)) return false
    throw error
  } finally {
    index.close()
  }
}

function followAll(index: NameIndex, db: Db): boolean {
  let steps = 0
  for (const _ of index.refresh(db)) {
    steps += 1
    if (steps > STEPS_IN_HAND) return false
  }
  return true
}
