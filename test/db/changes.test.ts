import { copyFileSync, readdirSync, readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import {
  changesSince,
  checkpointOf,
  markChanges,
  markChangesAgain,
  noteErased,
  noteOfficers,
  numberOfCheckpoint,
  touchCompanies,
} from '../../src/db/changes.ts'
import { markDeleted, saveFoundCompanies, updateCompany } from '../../src/db/companies/companies.ts'
import { openDataset } from '../../src/db/dataset/dataset.ts'
import { findLastDelivery } from '../../src/db/dataset/deliveries.ts'
import { saveOfficers } from '../../src/db/officers/officers.ts'
import { type Db, openDb, write } from '../../src/db/open.ts'
import { saveDomainState, saveEmails } from '../../src/db/purchases/contacts.ts'
import { beginRun } from '../../src/db/runs.ts'
import { touchHidden } from '../../src/db/suppress/since.ts'
import { addSuppressions, removeSuppression } from '../../src/db/suppress/suppressions.ts'
import { tempFolder } from '../host.ts'
import { addDomain, addEmail, fill } from '../steps/export/export-world.ts'
import { virtualClock } from '../virtual-clock.ts'

/** Long ago, as a clock that is wrong would tell. */
const AT = '2001-01-01T00:00:00.000Z'
const ORIGIN = { source: 'stream', fetchedAt: AT, runId: 7 }
const NUMBER = '00000002'

/** The companies that a delta from `number` on holds, or lists as gone. */
function changedSince(db: Db, number: number): unknown[] {
  using dataset = openDataset(db, {
    all: true,
    today: '2026-01-05',
    since: { number, moment: '2999-01-01T00:00:00.000Z' },
  })
  const pages = [...dataset.pages()]
  const held = pages.flatMap(({ companies }) => companies.map(([company]) => company))
  const gone = pages.flatMap(({ deletions = [] }) => deletions.map(([, company]) => company))
  return [...new Set([...held, ...gone])]
}

const numberNow = (db: Db) => numberOfCheckpoint(db, checkpointOf(db)) ?? -1
const rule = { kind: 'domain' as const, value: 'b.example', born: null, reason: null }
const profile = {
  company_number: NUMBER,
  company_name: 'NEW LIMITED',
  ...Object.fromEntries(['type', 'subtype', 'jurisdiction', 'company_status'].map((name) => [name, null])),
} as Parameters<typeof updateCompany>[1]

const writers: [what: string, work: (db: Db) => void][] = [
  ['a search', (db) => saveFoundCompanies(db, [{ ...profile, source: 'search', fetched_at: AT, run_id: 7 }])],
  ['an event of the stream', (db) => updateCompany(db, profile, ORIGIN)],
  ['a deletion from the register', (db) => markDeleted(db, NUMBER, ORIGIN)],
  ['an officer list', (db) => saveOfficers(db, NUMBER, [], { state: 'none', fetchedAt: AT, runId: 7 })],
  ['officers who are erased', (db) => db.$client.exec(`DELETE FROM officers WHERE company_number = '${NUMBER}'`)],
  [
    'one officer who is corrected',
    (db) => db.$client.exec(`UPDATE officers SET title = 'Mr' WHERE company_number = '${NUMBER}'`),
  ],
  ['a domain', (db) => addDomain(db, NUMBER, 'new.example', 1)],
  ["a domain's state", (db) => saveDomainState(db, NUMBER, 'b.example', 'unlikely')],
  ['a domain that is erased', (db) => db.$client.exec(`DELETE FROM domains WHERE company_number = '${NUMBER}'`)],
  [
    'an address',
    (db) =>
      saveEmails(db, { companyNumber: NUMBER, foundAt: AT, runId: 7 }, [
        { provider: 'snov', appointmentId: 'a0', email: 'x@b.example', status: 'unknown', reason: null },
      ]),
  ],
  ['an address that is erased', (db) => db.$client.exec(`DELETE FROM emails WHERE company_number = '${NUMBER}'`)],
  ['a note of what is gone', (db) => noteErased(db, 'email', [NUMBER], AT)],
  [
    'the same note once more',
    (db) => noteOfficers(db, NUMBER, { before: ['x'], after: new Set() }, { deletedAt: AT, runId: 7 }),
  ],
  ['a rule that hides something of it', (db) => void addSuppressions(db, [rule], AT)],
]

describe('a change counts, whatever the time that it carries', () => {
  it.each(writers)('%s', (_what, work) => {
    const db = openDb(':memory:')
    fill(db, 3, 2)
    addDomain(db, NUMBER, 'b.example', 50)
    addEmail(db, NUMBER, 'a0', 'x@b.example', 'valid')
    noteOfficers(db, NUMBER, { before: ['x'], after: new Set() }, { deletedAt: AT, runId: 1 })
    const before = numberNow(db)
    expect(changedSince(db, before)).toEqual([])
    work(db)
    expect(changedSince(db, before)).toEqual([NUMBER])
    expect(changedSince(db, numberNow(db))).toEqual([])
  })

  it('a rule that is taken back brings what it hid', () => {
    const db = openDb(':memory:')
    fill(db, 3, 0)
    addDomain(db, NUMBER, 'b.example', 50)
    addSuppressions(db, [rule], AT)
    const before = numberNow(db)
    const removed = removeSuppression(db, 1)
    touchHidden(db, removed?.rules ?? [])
    expect(changedSince(db, before)).toEqual([NUMBER])
  })

  it('but the state of a domain that stays what it is', () => {
    const db = openDb(':memory:')
    fill(db, 3, 0)
    addDomain(db, NUMBER, 'b.example', 50)
    const before = numberNow(db)
    saveDomainState(db, NUMBER, 'b.example', 'found')
    expect(changedSince(db, before)).toEqual([])
  })
})

describe('a moment stands for a number that leaves nothing out', () => {
  it('also where the clock was ahead, set back, or a run went on for hours', () => {
    const db = openDb(':memory:')
    const clock = virtualClock()
    const at = (ms: number) => new Date(clock.now() + ms).toISOString()
    using run = beginRun(db, clock, 'stream')
    const numbers: number[] = []
    const work = () => {
      fill(db, 1, 0, numbers.length)
      numbers.push(numberNow(db))
    }
    work()
    markChangesAgain(db, clock.now() + 3_600_000, false)
    work()
    markChangesAgain(db, clock.now() + 3_660_000, false)
    work()
    run.finish({})
    expect(changesSince(db, at(-1)).number).toBe(0)
    expect(changesSince(db, at(1_800_000)).number).toBeLessThan(numbers[0] ?? 0)
    expect(changesSince(db, at(7_200_000)).number).toBe(numbers[2])

    write(db, () => markChanges(db, clock.now() + 86_400_000))
    work()
    write(db, () => markChanges(db, clock.now() + 60_000))
    work()
    expect(changesSince(db, at(50_000_000)).number).toBe(numbers[2])
    expect(changesSince(db, at(86_400_001)).number).toBe(numbers[3])
  })
})

describe('a checkpoint', () => {
  it('of a state that a restored backup has undone is known as such', () => {
    using folder = tempFolder()
    const db = openDb(folder.file('a.db'))
    fill(db, 3, 0)
    const early = checkpointOf(db)
    db.$client.pragma('wal_checkpoint(TRUNCATE)')
    copyFileSync(folder.file('a.db'), folder.file('b.db'))
    const clock = virtualClock()
    beginRun(db, clock, 'stream').finish({})
    touchCompanies(db, ['00000001'])
    const late = checkpointOf(db)
    expect([early, late].map((text) => numberOfCheckpoint(db, text))).toEqual([4, 5])
    db.$client.close()

    const restored = openDb(folder.file('b.db'))
    expect([early, late].map((text) => numberOfCheckpoint(restored, text))).toEqual([4, null])
    for (let round = 0; round < 3; round += 1) {
      using run = beginRun(restored, clock, 'stream')
      touchCompanies(restored, ['00000001'])
      run.finish({})
    }
    expect([early, late].map((text) => numberOfCheckpoint(restored, text))).toEqual([4, null])
    restored.$client.close()
  })

  it.each(['00000000-1', '', 'x', '2026-01-01T00:00:00.000Z'])('%j is none', (text) => {
    expect(numberOfCheckpoint(openDb(':memory:'), text)).toBeNull()
  })
})

describe('a database from before there were numbers', () => {
  it('counts by the times of its rows, from the earliest time that a delivery since tells', () => {
    using folder = tempFolder()
    const path = folder.file('old.db')
    const old = new Database(path)
    const migrations = readdirSync('drizzle').filter((name) => name.endsWith('.sql') && name < '0005')
    for (const name of migrations) old.exec(readFileSync(`drizzle/${name}`, 'utf8'))
    old.pragma('application_id = 0x43485049')
    old.pragma(`user_version = ${migrations.length}`)
    const add = old.prepare(`INSERT INTO companies (company_number, company_name, officers_state, source, fetched_at,
      run_id, first_seen_at) VALUES (?, 'X', 'complete', 'rest', ?, 1, ?)`)
    for (const [number, at] of Object.entries({ 1: '2026-01-01', 2: '2026-02-01', 3: '2026-03-01' })) {
      add.run(`0000000${number}`, at, at)
    }
    const deliver = old.prepare(
      `INSERT INTO deliveries (goal, format, filters, as_of, run_id) VALUES (?, 'csv', ?, ?, 1)`,
    )
    deliver.run('/x', '{"all":true,"include":null,"since":null}', '2026-04-01')
    deliver.run('/y', '{"all":true,"include":null,"since":null}', '2026-01-15')
    old.close()

    const db = openDb(path)
    const since = findLastDelivery(db, '/x', { all: true, include: null })
    expect(since).toEqual({ number: 0, moment: '2026-01-15' })
    fill(db, 1, 0, 8)
    using dataset = openDataset(db, { all: true, today: '2026-01-05', since })
    const found = [...dataset.pages()].flatMap(({ companies }) => companies.map(([number]) => number))
    expect(found).toEqual(['00000002', '00000003', '00000009'])
    db.$client.close()
  })
})
