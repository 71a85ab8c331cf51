import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type Db, openDb } from '../src/db/open.ts'
import { tempFolder } from './host.ts'

let empty: Buffer | undefined

/** What `openDb` gives, which makes a new file in a third of the time. */
export function newDatabase(path: string): Db {
  if (path === ':memory:' || existsSync(path)) return openDb(path)
  empty ??= makeEmpty()
  writeFileSync(path, empty, { mode: 0o600 })
  const db = openDb(path)
  db.$client.exec('UPDATE database_keys SET key = lower(hex(randomblob(32)))')
  return db
}

function makeEmpty(): Buffer {
  using folder = tempFolder()
  openDb(folder.file('empty.db')).$client.close()
  return readFileSync(folder.file('empty.db'))
}
