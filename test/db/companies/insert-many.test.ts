import { expect, it } from 'vitest'
import { insertMany } from '../../../src/db/companies/insert-many.ts'
import { type Db, openDb, write } from '../../../src/db/open.ts'
import type { TempFolder } from '../../host.ts'
import { eachDatabase } from '../../new-database.ts'

let folder: TempFolder
let db: Db

eachDatabase((made) => {
  ;({ folder, db } = made)
})

const INSERT = `
  INSERT INTO companies (company_number, company_name, source, fetched_at, first_seen_at, run_id, change_number)
  VALUES (?, 'ANY LIMITED', 'register-file', '2026-10-01', '2026-10-01', 1, ?)
  ON CONFLICT (company_number) DO UPDATE SET company_name = 'KNOWN LIMITED', change_number = excluded.change_number`

const tallies = (from: Db = db) => {
  const counted = from.$client.prepare("SELECT name, count FROM tallies WHERE count <> 0 AND name <> 'runs'").all()
  const there = from.$client.prepare('SELECT officers_state AS name, count(*) AS count FROM companies GROUP BY 1').all()
  return { counted, there }
}

it('counts the new companies, and leaves the counting of later ones as it was', () => {
  const insert = db.$client.prepare(INSERT)
  const store = (numbers: number[]) => () => {
    for (const number of numbers) insert.run(String(number).padStart(8, '0'), 7)
  }
  expect(write(db, () => insertMany(db, store([1, 2, 3])))).toBe(3)
  expect(write(db, () => insertMany(db, store([2, 3, 4])))).toBe(1)
  insert.run('00000005', 0)
  const { counted, there } = tallies()
  expect(there).toEqual([{ name: 'pending', count: 5 }])
  expect(counted).toEqual(there)
  const numbers = db.$client.prepare('SELECT change_number FROM companies WHERE company_number = ?').pluck()
  expect(numbers.get('00000005')).not.toBe(0)
})

it('leaves everything as it was when the transaction fails', () => {
  const insert = db.$client.prepare(INSERT)
  const failing = () =>
    write(db, () =>
      insertMany(db, () => {
        insert.run('00000001', 7)
        throw new Error('the disk is full')
      }),
    )
  expect(failing).toThrow('the disk is full')
  expect(tallies()).toEqual({ counted: [], there: [] })
  insert.run('00000001', 7)
  expect(tallies().counted).toEqual([{ name: 'pending', count: 1 }])
})

it('lets others read meanwhile, and count what they store afterwards', () => {
  const other = openDb(folder.file('companies.db'))
  try {
    const theirs = other.$client.prepare(INSERT)
    const triggers = other.$client
      .prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'companies_inserted'")
      .pluck()
    const insert = db.$client.prepare(INSERT)
    write(db, () =>
      insertMany(db, () => {
        insert.run('00000001', 7)
        expect(triggers.get()).toBe(1)
        expect(tallies(other).there).toEqual([])
      }),
    )
    theirs.run('00000002', 8)
    expect(tallies(other).counted).toEqual([{ name: 'pending', count: 2 }])
  } finally {
    other.$client.close()
  }
})

it('refuses to be used outside a transaction', () => {
  expect(() => insertMany(db, () => {})).toThrow('within a transaction')
})
