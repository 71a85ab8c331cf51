import { existsSync, readdirSync, readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { beforeEach, describe, expect, test } from 'vitest'
import { claimCompany } from '../../../src/db/officers/claims.ts'
import { type OfficerRow, saveOfficers } from '../../../src/db/officers/officers.ts'
import { type Db, openDb, write } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import {
  addSuppressions,
  listSuppressions,
  loadSuppressions,
  removeSuppression,
} from '../../../src/db/suppress/suppressions.ts'
import { withheldFrom } from '../../../src/db/suppress/withheld.ts'
import { readTallies } from '../../../src/db/tallies.ts'
import { emailHash } from '../../../src/db/values.ts'
import { tempFolder } from '../../host.ts'
import { addCompany } from '../../steps/export/export-world.ts'
import { suppressOne } from '../../steps/suppress/suppress-world.ts'
import { virtualClock } from '../../virtual-clock.ts'

const LATER = '2026-02-01T00:00:00.000Z'
const NUMBER = '00000001'

let db: Db

beforeEach(() => {
  db = openDb(':memory:')
  addCompany(db, { company_number: NUMBER, officers_state: 'pending' })
  addCompany(db, { company_number: '00000002', officers_state: 'pending' })
})

const officer = (appointment_id: string, officer_id: string | null, more: Partial<OfficerRow> = {}): OfficerRow => ({
  company_number: NUMBER,
  appointment_id,
  officer_id,
  name: 'SMITHERS, Jane Mary',
  surname: 'SMITHERS',
  forenames: 'Jane Mary',
  date_of_birth_year: 1970,
  date_of_birth_month: 4,
  source: 'rest',
  fetched_at: LATER,
  run_id: 1,
  ...more,
})

const paul = officer('a2', 'o-paul', { name: 'JONES, Paul', surname: 'JONES', forenames: 'Paul' })

const store = (rows: OfficerRow[], number = NUMBER) =>
  write(db, () => saveOfficers(db, number, rows, { state: 'complete', fetchedAt: LATER, runId: 1 }))

const values = (sql: string) => db.$client.prepare(sql).pluck().all()
const storedIds = () => values('SELECT appointment_id FROM officers ORDER BY 1')
const company = () =>
  db.$client.prepare('SELECT officers_state, officers_count FROM companies WHERE company_number = ?').raw().get(NUMBER)

describe('a refresh', () => {
  test('does not store again whom a rule means, and nothing of them is on the pages', () => {
    suppressOne(db, 'officer', 'o-jane')
    expect(store([officer('a1', 'o-jane', { address_line_1: '7 Whisper Lane' }), paul])).toMatchObject([
      { appointment_id: 'a1' },
    ])
    expect([storedIds(), company()]).toEqual([['a2'], ['complete', 1]])
    expect(db.$client.serialize().toString('latin1')).not.toMatch(/Whisper|SMITHERS/)
    expect(values('SELECT count(*) FROM withheld_officers')).toEqual([1])
    store([officer('a1', 'o-jane'), paul])
    expect(values('SELECT count(*) FROM withheld_officers')).toEqual([1])
  })

  test('leaves the list of somebody alone complete, and the tallies those of the rows', () => {
    suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04' })
    store([officer('a1', 'o-jane')])
    expect(company()).toEqual(['complete', 0])
    expect(readTallies(db)).toMatchObject({ complete: 1, officers: 0 })
  })

  test('tells deltas of a row that was stored until then, without its key', () => {
    store([officer('a1', 'o-jane'), paul])
    suppressOne(db, 'officer', 'o-jane')
    store([officer('a1', 'o-jane'), paul])
    expect(values('SELECT key FROM deletions')).toEqual([''])
  })

  test('forgets the hash of an appointment that is on the list no more', () => {
    suppressOne(db, 'officer', 'o-jane')
    store([officer('a1', 'o-jane'), paul])
    store([paul])
    expect(values('SELECT count(*) FROM withheld_officers')).toEqual([0])
  })

  test('stores nobody of a company that is suppressed as a whole', () => {
    suppressOne(db, 'company', NUMBER)
    store([officer('a1', 'o-jane'), paul])
    expect([storedIds(), company()]).toEqual([[], ['complete', 0]])
  })

  test('stores everybody where no rule means anybody', () => {
    suppressOne(db, 'officer', 'o-stranger')
    store([officer('a1', 'o-jane'), paul])
    expect([storedIds(), company()]).toEqual([
      ['a1', 'a2'],
      ['complete', 2],
    ])
  })
})

describe('a merge at the register', () => {
  const merged = [officer('a1', 'o-merged'), paul]

  test.each(['erased', 'stored'])('takes the rule to the new officer id, when the row was %s', (was) => {
    if (was === 'stored') store([officer('a1', 'o-jane'), paul])
    suppressOne(db, 'officer', 'o-jane')
    if (was === 'erased') store([officer('a1', 'o-jane'), paul])
    store(merged)
    expect(storedIds()).toEqual(['a2'])
    expect(listSuppressions(db)).toMatchObject([
      { id: 1, value: 'o-jane', follows: null },
      { id: 2, kind: 'officer', value: 'o-merged', follows: 1, added_at: LATER },
    ])
    store([officer('b1', 'o-merged', { company_number: '00000002' })], '00000002')
    expect(storedIds()).toEqual(['a2'])
    store(merged)
    expect(listSuppressions(db)).toHaveLength(2)
  })

  test('is followed from id to id, and hides what is stored under the new one at once', () => {
    store([officer('b1', 'o-last', { company_number: '00000002' })], '00000002')
    suppressOne(db, 'officer', 'o-jane')
    store([officer('a1', 'o-jane'), paul])
    store(merged)
    store([officer('a1', 'o-last'), paul])
    expect(listSuppressions(db).map(({ follows }) => follows)).toEqual([null, 1, 1])
    expect(loadSuppressions(db).officer({ officer_id: 'o-last' })).toBe(true)
  })

  test('takes other appointments of the same list with it', () => {
    suppressOne(db, 'officer', 'o-jane')
    store([officer('a1', 'o-jane'), paul])
    store([officer('a0', 'o-merged'), officer('a1', 'o-merged'), paul])
    expect(storedIds()).toEqual(['a2'])
  })

  test('does not widen a rule by name to an officer id, but the appointment stays withheld', () => {
    suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04' })
    store([officer('a1', 'o-jane'), paul])
    store([officer('a1', 'o-merged', { name: 'WED, Jane', surname: 'WED', forenames: 'Jane' }), paul])
    expect(storedIds()).toEqual(['a2'])
    expect(listSuppressions(db)).toHaveLength(1)
  })

  test('ends with the rule: taken back, it and those that follow it are gone', () => {
    suppressOne(db, 'officer', 'o-jane')
    store([officer('a1', 'o-jane'), paul])
    store(merged)
    expect(write(db, (tx) => removeSuppression(tx, 2))).toMatchObject({ removed: { value: 'o-merged' }, due: 1 })
    expect(listSuppressions(db)).toEqual([])
    store(merged)
    expect(storedIds()).toEqual(['a1', 'a2'])
  })
})

describe('a rule that is taken back', () => {
  test('makes the lists due again, although they are complete and the target is reached', () => {
    const clock = virtualClock()
    suppressOne(db, 'officer', 'o-jane')
    store([officer('a1', 'o-jane'), paul])
    const run = beginRun(db, clock, 'import-officers')
    const query = {
      runId: run.id,
      runStartedAt: run.startedAt,
      target: 1,
      status: undefined,
      sic: undefined,
      after: '',
    }
    const claim = () => write(db, (tx) => claimCompany(tx, query, clock))
    expect(claim()).toBe('target-reached')
    expect(write(db, (tx) => removeSuppression(tx, 1))?.due).toBe(1)
    expect(company()).toEqual(['complete', 1])
    expect(claim()).toMatchObject({ company: NUMBER, known: true })
  })

  test('changes nothing where nobody was withheld', () => {
    store([officer('a1', 'o-jane'), paul])
    suppressOne(db, 'officer', 'o-jane')
    expect(write(db, (tx) => removeSuppression(tx, 1))?.due).toBe(0)
    expect(values('SELECT count(*) FROM officer_fetches')).toEqual([0])
  })
})

test('a person withheld under one appointment is known by the name to ask for', () => {
  suppressOne(db, 'officer', 'o-jane')
  store([officer('a1', 'o-jane', { forenames: 'J Jane-Ann Mary' }), paul])
  const { name, appointment } = withheldFrom(db, NUMBER)
  expect([name('Jane-Ann Smithers'), name('Paul Jones'), appointment('a1'), appointment('a2')]).toEqual([
    true,
    false,
    true,
    false,
  ])
  expect(withheldFrom(db, '00000002').name('Jane-Ann Smithers')).toBe(false)
})

describe('a database of an older schema', () => {
  const folder = new URL('../../../drizzle/', import.meta.url)

  function olderDatabase(path: string, before: string): void {
    const files = readdirSync(folder)
      .filter((file) => file.endsWith('.sql') && file < before)
      .sort()
    const client = new Database(path)
    for (const file of files)
      client.exec(readFileSync(new URL(file, folder), 'utf8').replaceAll('--> statement-breakpoint', ''))
    client.pragma(`application_id = ${0x43485049}`)
    client.pragma(`user_version = ${files.length}`)
    client
      .prepare(
        "INSERT INTO suppressions (kind, value, added_at) VALUES ('email', ?, 'x'), ('domain', 'a.example', 'x')",
      )
      .run(emailHash('jane@b.example'))
    client.exec(`INSERT INTO companies (company_number, company_name, source, fetched_at, run_id, first_seen_at)
      VALUES ('00000001', 'A', 'x', 'x', 1, 'x')`)
    const insert = client.prepare(`INSERT INTO officers
      (company_number, appointment_id, name, title, forenames, surname, legal_form, source, fetched_at, run_id)
      VALUES ('00000001', ?, ?, ?, ?, ?, ?, 'x', 'x', 1)`)
    insert.run('1', 'HOWE, Earl', null, 'Earl', 'HOWE', null)
    insert.run('2', 'ARCH, Bell', null, 'Bell', 'ARCH', 'Private company')
    insert.run('3', 'ARCH, Bell Ltd.', null, 'Bell Ltd.', 'ARCH', null)
    insert.run('4', 'JONES, Earl Winston, Dr', 'Dr', 'Earl Winston', 'JONES', null)
    client.close()
  }

  test('keeps its rules about e-mails, from now on under a key, and reads names anew', () => {
    using files = tempFolder()
    const path = files.file('a.db')
    const migration = readdirSync(folder).find((file) => file.endsWith('_people.sql')) ?? ''
    expect(existsSync(new URL(migration, folder))).toBe(true)
    olderDatabase(path, migration)
    const migrated = openDb(path)
    const rules = loadSuppressions(migrated)
    expect([rules.email('Jane@b.example'), rules.email('x@a.example'), rules.email('x@b.example')]).toEqual([
      true,
      true,
      false,
    ])
    expect(listSuppressions(migrated)[0]?.value).not.toBe(emailHash('jane@b.example'))
    const again = { kind: 'email', value: emailHash('jane@b.example'), born: null, reason: null } as const
    expect(addSuppressions(migrated, [again], 'y')[0]?.isNew).toBe(false)
    expect(
      migrated.$client.prepare('SELECT title, forenames, surname FROM officers ORDER BY 1, 2').raw().all(),
    ).toEqual([
      [null, null, null],
      [null, null, null],
      ['Dr', 'Earl Winston', 'JONES'],
      ['Earl', null, 'HOWE'],
    ])
    migrated.$client.close()
  })
})
