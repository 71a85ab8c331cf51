import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { type Db, openDb, schemaVersion, write } from '../../src/db/open.ts'
import { companies } from '../../src/db/schema.ts'
import { readTallies } from '../../src/db/tallies.ts'
import { tempFolder } from '../host.ts'

const company = (number: string) => ({
  company_number: number,
  company_name: 'ACME LTD',
  source: 'test',
  fetched_at: '2026-01-01',
  first_seen_at: '2026-01-01',
  run_id: 1,
})

describe('openDb', () => {
  it('creates a private database with durable settings and the newest schema', () => {
    using folder = tempFolder()
    const db = openDb(folder.file('a.db'))
    const pragma = (name: string) => db.$client.pragma(name, { simple: true })
    expect(statSync(folder.file('a.db')).mode & 0o777).toBe(0o600)
    expect(['journal_mode', 'synchronous', 'foreign_keys', 'secure_delete'].map(pragma)).toEqual(['wal', 2, 1, 1])
    expect(schemaVersion(db)).toBeGreaterThanOrEqual(2)
    db.$client.close()
  })

  it('takes an older schema as it is when asked, for writing and for reading, and creates nothing then', () => {
    using folder = tempFolder()
    const db = openDb(folder.file('a.db'))
    const older = schemaVersion(db) - 1
    db.$client.pragma(`user_version = ${older}`)
    db.$client.close()
    for (const readonly of [false, true]) {
      const again = openDb(folder.file('a.db'), { readonly, migrate: false })
      expect(schemaVersion(again)).toBe(older)
      again.$client.close()
    }
    expect(() => openDb(folder.file('none.db'), { migrate: false })).toThrow('cannot be opened')
    expect(existsSync(folder.file('none.db'))).toBe(false)
  })

  it('opens again what it has created, for writing and for reading', () => {
    using folder = tempFolder()
    const db = openDb(folder.file('a.db'))
    write(db, (tx) => tx.insert(companies).values(company('00000001')).run())
    const reader = openDb(folder.file('a.db'), { readonly: true })
    expect(reader.select().from(companies).all()).toHaveLength(1)
    expect(() => reader.insert(companies).values(company('00000002')).run()).toThrow('readonly')
    reader.$client.close()
    db.$client.close()
    const again = openDb(folder.file('a.db'))
    expect(again.select().from(companies).all()).toHaveLength(1)
    again.$client.close()
  })

  const refused: [what: string, make: (path: string) => void, message: RegExp][] = [
    [
      'text',
      (path) => writeFileSync(path, 'company_number,company_name\n'.repeat(100)),
      /^The file is not a SQLite database/,
    ],
    [
      "another program's database",
      (path) => new Database(path).exec('CREATE TABLE contacts (name)').close(),
      /^The file is a SQLite database of another program/,
    ],
    [
      'a newer schema',
      (path) => {
        const db = openDb(path)
        db.$client.pragma('user_version = 99')
        db.$client.close()
      },
      /^The database was written by a newer chpipe \(schema 99, this one knows \d+\)/,
    ],
    [
      'a damaged file',
      (path) => {
        openDb(path).$client.close()
        writeFileSync(path, readFileSync(path).fill(0x5a, 100, 8000))
      },
      /^The database is damaged/,
    ],
  ]
  for (const [what, make, message] of refused) {
    it(`refuses ${what} and leaves it as it is`, () => {
      using folder = tempFolder()
      const path = folder.file('a.db')
      make(path)
      const before = readFileSync(path)
      for (const readonly of [false, true]) {
        expect(() => openDb(path, { readonly })).toThrow(
          expect.objectContaining({ kind: 'data', message: expect.stringMatching(message) }),
        )
      }
      expect(readFileSync(path).equals(before)).toBe(true)
    })
  }

  it('refuses a folder that does not exist, and makes none', () => {
    using folder = tempFolder()
    expect(() => openDb(folder.file('no/a.db'))).toThrow(expect.objectContaining({ kind: 'data' }))
    expect(existsSync(folder.file('no'))).toBe(false)
  })
})

describe('write', () => {
  it('saves nothing when it throws', () => {
    const db = openDb(':memory:')
    const failing = () =>
      write(db, (tx) => {
        tx.insert(companies).values(company('00000001')).run()
        throw new Error('crash')
      })
    expect(failing).toThrow('crash')
    expect(db.select().from(companies).all()).toEqual([])
  })
})

describe('tallies', () => {
  it('follow every change of the companies', () => {
    const db = openDb(':memory:')
    db.insert(companies).values(['00000001', '00000002', '00000003'].map(company)).run()
    db.$client.exec(
      "UPDATE companies SET officers_state = 'complete', officers_count = 4 WHERE company_number < '00000003'",
    )
    expect(readTallies(db)).toEqual({ pending: 1, complete: 2, none: 0, failed: 0, stale: 0, officers: 8 })
    db.$client.exec("UPDATE companies SET officers_count = 7 WHERE company_number = '00000001'")
    db.$client.exec("DELETE FROM companies WHERE company_number = '00000002'")
    db.insert(companies)
      .values(company('00000001'))
      .onConflictDoUpdate({ target: companies.company_number, set: { company_name: 'X' } })
      .run()
    expect(readTallies(db)).toEqual({ pending: 1, complete: 1, none: 0, failed: 0, stale: 0, officers: 7 })
  })
})

describe('a new database', () => {
  it('is what an old one becomes step by step', () => {
    using folder = tempFolder()
    const path = folder.file('old.db')
    const old = new Database(path)
    old.exec(readFileSync(new URL('../../drizzle/0000_init.sql', import.meta.url), 'utf8'))
    old.pragma(`application_id = ${0x43485049}`)
    old.pragma('user_version = 1')
    old.close()
    const [migrated, made] = [openDb(path), openDb(':memory:')].map(contents)
    expect(made).toEqual(migrated)
    expect(made?.rows.tallies).not.toEqual([])
  })
})

/** Schema and rows; keys that are drawn at random count by their length. */
function contents(db: Db) {
  const objects = db.$client
    .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name <> 'sqlite_stat1' ORDER BY type, name")
    .all() as { type: string; name: string }[]
  const rows = objects
    .filter(({ type }) => type === 'table')
    .map(({ name }) => [name, db.$client.prepare(`SELECT * FROM "${name}" ORDER BY 1`).raw().all()])
  const version = db.$client.pragma('user_version', { simple: true })
  const text = JSON.stringify({ version, objects, rows: Object.fromEntries(rows) }, (_, value) =>
    typeof value === 'string' && /^([0-9a-f]{8}|[0-9a-f]{64})$/.test(value) ? value.length : value,
  )
  db.$client.close()
  return JSON.parse(text) as { rows: Record<string, unknown[]> }
}
