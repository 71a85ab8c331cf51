import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach } from 'vitest'
import { type Db, openDb } from '../src/db/open.ts'
import { type TempFolder, tempFolder } from './host.ts'

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

/** Makes a folder with an empty database in it before each test of the file, and takes both away afterwards. */
export function eachDatabase(use: (made: { folder: TempFolder; db: Db }) => void): void {
  let folder: TempFolder
  let db: Db
  beforeEach(() => {
    folder = tempFolder()
    db = newDatabase(folder.file('companies.db'))
    use({ folder, db })
  })
  afterEach(() => {
    db.$client.close()
    folder[Symbol.dispose]()
  })
}
