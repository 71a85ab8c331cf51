import { expect, test } from 'vitest'
import { readFetches, readTallies } from '../../src/db/tallies.ts'
import { tempFolder } from '../host.ts'
import { addCompany, fill, newDatabase } from '../steps/export/export-world.ts'

const noon = Date.UTC(2026, 0, 5, 12)
const at = (ms: number) => new Date(noon + ms).toISOString()

test('tallies follow every change of state', () => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('a.db'))
  expect(readTallies(db)).toEqual({ pending: 0, complete: 0, none: 0, failed: 0, stale: 0, officers: 0 })
  fill(db, 3, 2)
  addCompany(db, { company_number: 'A', officers_state: 'pending' })
  addCompany(db, { company_number: 'B', officers_state: 'none' })
  addCompany(db, { company_number: 'C', officers_state: 'failed' })
  expect(readTallies(db)).toEqual({ pending: 1, complete: 3, none: 1, failed: 1, stale: 0, officers: 6 })
  db.$client.close()
})

test('counts complete lists in a span, borders included, along the index on their time', () => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('a.db'))
  const times = [-1, 0, 5000, 60_000, 60_001]
  times.forEach((ms, index) => {
    addCompany(db, { company_number: String(index), officers_fetched_at: at(ms) })
  })
  addCompany(db, { company_number: 'none', officers_state: 'none', officers_fetched_at: at(100) })
  expect(readFetches(db, noon, noon + 60_000)).toEqual({ count: 3, firstMs: noon })
  expect(readFetches(db, noon + 100_000, noon + 200_000)).toEqual({ count: 0, firstMs: null })
  const plan = db.$client
    .prepare(
      `EXPLAIN QUERY PLAN SELECT count(*), min(officers_fetched_at) FROM companies
       WHERE officers_fetched_at BETWEEN 'a' AND 'b' AND +officers_state = 'complete'`,
    )
    .all()
  expect(plan).toEqual([
    expect.objectContaining({ detail: expect.stringContaining('companies_by_officers_fetched_at') }),
  ])
  db.$client.close()
})
