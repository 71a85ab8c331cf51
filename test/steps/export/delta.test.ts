import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkpointOf, numberOfCheckpoint, type Since } from '../../../src/db/changes.ts'
import type { Page } from '../../../src/db/dataset/columns.ts'
import { columnsOfTable, datasetTables } from '../../../src/db/dataset/columns.ts'
import { emptyPage, openDataset } from '../../../src/db/dataset/dataset.ts'
import { saveOfficers } from '../../../src/db/officers/officers.ts'
import { type Db, write } from '../../../src/db/open.ts'
import { destinationOf } from '../../../src/steps/export/destination.ts'
import type { TempFolder } from '../../host.ts'
import { eachDatabase } from '../../new-database.ts'
import { plansOf } from '../../query-plans.ts'
import { suppressOne, suppressWorld } from '../suppress/suppress-world.ts'
import { addCompany, addDomain, addOfficer, exportWorld, fill } from './export-world.ts'
import { readSqlite, readXlsx } from './read-back.ts'

const BEFORE = '2026-03-01T00:00:00.000Z'
const LATER = '2026-03-02T12:00:00.000Z'

let folder: TempFolder
let db: Db

eachDatabase((made) => {
  ;({ folder, db } = made)
})

type Rows = Record<string, string[]>

/** Everything that an export holds, each row as JSON. */
function read(since: Since | null = null, all = false): Rows {
  using dataset = openDataset(db, { all, since, today: '2026-01-05' })
  const pages = [...dataset.pages()]
  const rows = (table: keyof Page) => pages.flatMap((page) => (page[table] ?? []).map((row) => JSON.stringify(row)))
  return Object.fromEntries([...datasetTables, 'deletions' as const].map((table) => [table, rows(table)]))
}

/** What a customer has who took `delta` as the README tells: first what is gone, then the new rows for the old ones. */
function applied(old: Rows, delta: Rows): Rows {
  const gone = (delta.deletions ?? []).map((row) => JSON.parse(row) as string[])
  return Object.fromEntries(
    datasetTables.map((table) => {
      const keys = table === 'companies' ? 1 : table === 'emails' ? 3 : 2
      const key = (row: string) => JSON.stringify((JSON.parse(row) as unknown[]).slice(0, keys))
      const kept = (old[table] ?? []).filter((row) => {
        const cells = JSON.parse(row) as string[]
        return !gone.some(
          ([of, number, name]) =>
            number === cells[0] &&
            ((of === 'companies' && name === '') || (of === table && (name === '' || name === cells[1]))),
        )
      })
      const byKey = new Map([...kept, ...(delta[table] ?? [])].map((row) => [key(row), row]))
      return [table, [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)]
    }),
  )
}

/** What changes from now on. */
function fromNow(): Since {
  return { number: numberOfCheckpoint(db, checkpointOf(db)) ?? -1, moment: BEFORE }
}

function expectDelta(change: () => void, all = false): Rows {
  const old = read(null, all)
  const since = fromNow()
  expect(read(since, all)).toEqual({ ...emptyPage(), deletions: [] })
  change()
  const delta = read(since, all)
  const { deletions, ...now } = read(null, all)
  const sorted = Object.fromEntries(Object.entries(now).map(([table, rows]) => [table, rows.toSorted()]))
  expect(deletions).toEqual([])
  const result = applied(old, delta)
  expect(Object.fromEntries(Object.entries(result).map(([table, rows]) => [table, rows.toSorted()]))).toEqual(sorted)
  return delta
}

const numbers = (rows: Rows) => (rows.companies ?? []).map((row) => JSON.parse(row)[0])
const list = (number: string, ids: string[], fetchedAt = LATER) =>
  write(db, () =>
    saveOfficers(
      db,
      number,
      ids.map((appointment_id) => ({
        company_number: number,
        appointment_id,
        source: 'rest',
        fetched_at: fetchedAt,
        run_id: 7,
      })),
      { state: ids.length > 0 ? 'complete' : 'none', fetchedAt, runId: 7 },
    ),
  )
const suppressLater: typeof suppressOne = (...args) => {
  const done = suppressOne(...args)
  db.$client.prepare('UPDATE suppressions SET added_at = ?').run(LATER)
  db.$client.prepare('UPDATE deletions SET deleted_at = ?').run(LATER)
  return done
}

describe('a delta on top of the export before it is the export after it', () => {
  test('with facts that changed, a company that is new, and one that was completed', () => {
    fill(db, 5, 2)
    addCompany(db, { company_number: '00000008', officers_state: 'pending' })
    const delta = expectDelta(() => {
      db.$client
        .prepare("UPDATE companies SET company_name = 'NEW', fetched_at = ? WHERE company_number = '00000002'")
        .run(LATER)
      addCompany(db, { company_number: '00000009', first_seen_at: LATER, fetched_at: LATER })
      list('00000008', ['x'])
    })
    expect(numbers(delta)).toEqual(['00000002', '00000008', '00000009'])
    expect(delta.officers).toHaveLength(3)
    expect(delta.deletions).toEqual([])
  })

  test('with officers who vanished, came back, and a list that became empty', () => {
    fill(db, 4, 2)
    const delta = expectDelta(() => {
      list('00000001', ['a0', 'new'])
      list('00000002', ['a0'])
      list('00000002', ['a0', 'a1'])
      list('00000003', [])
    })
    expect(numbers(delta)).toEqual(['00000001', '00000002'])
    expect(delta.deletions).toEqual(
      [
        ['companies', '00000003', '', LATER],
        ['officers', '00000001', 'a1', LATER],
      ].map((row) => JSON.stringify(row)),
    )
  })

  test('with a company that left the register: it stays, and is told', () => {
    fill(db, 3, 1)
    const delta = expectDelta(() =>
      db.$client.prepare("UPDATE companies SET deleted_at = ? WHERE company_number = '00000002'").run(LATER),
    )
    expect([numbers(delta), delta.deletions]).toEqual([
      ['00000002'],
      [JSON.stringify(['companies', '00000002', '', LATER])],
    ])
  })

  test('with new domains and e-mails, and a state that was set later', () => {
    fill(db, 3, 1)
    addDomain(db, '00000003', 'c.example', 50)
    const delta = expectDelta(() => {
      db.$client.prepare("INSERT INTO domains VALUES ('00000001', 'a.example', 'snov', 90, 'found', ?, 1)").run(LATER)
      db.$client
        .prepare("INSERT INTO emails VALUES ('00000002', 'a0', 'x@b.example', 'valid', NULL, 'snov', ?, 1)")
        .run(LATER)
      db.$client.exec(`UPDATE domains SET state = 'catch-all' WHERE domain = 'c.example';
        INSERT INTO jobs (company_number, stage, state, owner, due_at, cause, created_at, updated_at, run_id)
          VALUES ('00000003', 'done', 'done', 'enrich', 0, 'new', 0, ${Date.parse(LATER)}, 1)`)
    })
    expect(numbers(delta)).toEqual(['00000001', '00000002', '00000003'])
  })

  test.each<[Parameters<typeof suppressOne>[1], string, string | undefined]>([
    ['email', 'jane.smithers@alpha.example', undefined],
    ['domain', 'alpha.example', undefined],
    ['company', '1', undefined],
    ['officer', 'o-jane-1', undefined],
    ['name', 'SMITHERS, Jane', '1970-04'],
  ])('with somebody suppressed, and with somebody erased, by %s', (kind, value, born) => {
    suppressWorld(db)
    const rule = born ? { born } : {}
    const delta = expectDelta(() => suppressLater(db, kind, value, rule))
    expect(delta.deletions?.length).toBeGreaterThan(0)
    for (const row of delta.deletions ?? []) expect(JSON.parse(row)[2]).toBe('')
    db.$client.exec('DELETE FROM suppressions')
    const erased = expectDelta(() => suppressLater(db, kind, value, { ...rule, erase: true }))
    expect(erased.deletions?.length).toBeGreaterThan(0)
    for (const row of erased.deletions ?? []) expect(JSON.parse(row)[2]).toBe('')
  })

  test('with the first person suppressed, e-mails of nobody who is stored', () => {
    suppressWorld(db)
    db.$client.exec("DELETE FROM officers WHERE appointment_id = 'b1'")
    expectDelta(() => suppressLater(db, 'officer', 'somebody-else'))
  })

  test('with more companies than a page holds', () => {
    fill(db, 200, 1)
    const delta = expectDelta(() => {
      db.$client.exec("UPDATE companies SET company_name = 'NEW' WHERE company_number % 4 > 0")
    })
    expect(numbers(delta)).toHaveLength(150)
  })

  test('of all companies, with one that is pending', () => {
    fill(db, 2, 1)
    const delta = expectDelta(
      () => addCompany(db, { company_number: '00000009', officers_state: 'pending', first_seen_at: LATER }),
      true,
    )
    expect(numbers(delta)).toEqual(['00000009'])
  })
})

test('a company that was suppressed before is not named, whatever happens to it', () => {
  fill(db, 2, 2)
  suppressOne(db, 'company', '1')
  db.$client.exec("UPDATE suppressions SET added_at = '2026-01-01'")
  const since = fromNow()
  list('00000001', ['a0'])
  db.$client.prepare('UPDATE companies SET deleted_at = ?').run(LATER)
  const delta = read(since)
  expect([numbers(delta), delta.deletions]).toEqual([
    ['00000002'],
    [JSON.stringify(['companies', '00000002', '', LATER])],
  ])
})

describe('the files of a delta', () => {
  function change(): Since {
    fill(db, 3, 2)
    const since = fromNow()
    list('00000002', ['a0'])
    addOfficer(db, { company_number: '00000002', appointment_id: 'more' })
    return since
  }

  test('csv has deletions.csv, and the manifest tells since when', async () => {
    const since = change()
    const { files, filters } = await exportWorld(db, destinationOf(folder.file('out'), true), { since })
    expect(filters).toEqual({ all: false, since: since.moment })
    expect(files.map(({ name, rows }) => [name, rows])).toEqual([
      ['companies.csv', 1],
      ['officers.csv', 2],
      ['deletions.csv', 1],
    ])
    expect(readFileSync(folder.file('out/deletions.csv'), 'utf8')).toBe(
      `table,company_number,key,deleted_at\r\nofficers,00000002,a1,${LATER}\r\n`,
    )
  })

  test('ndjson, sqlite and xlsx have the same', async () => {
    const since = change()
    const gone = { table: 'officers', company_number: '00000002', key: 'a1', deleted_at: LATER }
    const out = destinationOf(folder.file('out'), true)
    await exportWorld(db, out, { since, format: 'ndjson' })
    expect(JSON.parse(readFileSync(folder.file('out/deletions.ndjson'), 'utf8'))).toEqual(gone)
    await exportWorld(db, out, { since, format: 'sqlite' })
    expect(readSqlite(folder.file('out/companies.sqlite')).deletions).toEqual([gone])
    await exportWorld(db, out, { since, format: 'xlsx' })
    expect((await readXlsx(folder.file('out/companies.xlsx'))).deletions).toEqual([gone])
  })

  test('without companies, a company that is gone takes its rows of each table', async () => {
    fill(db, 2, 2)
    const since = fromNow()
    list('00000001', [])
    await exportWorld(db, destinationOf(folder.file('out'), true), { since, include: ['officers', 'emails'] })
    const [, ...rows] = readFileSync(folder.file('out/deletions.csv'), 'utf8').trim().split('\r\n')
    expect(rows).toEqual([`emails,00000001,,${LATER}`, `officers,00000001,,${LATER}`])
  })

  test('its columns are known', () => {
    expect(columnsOfTable('deletions').map(({ name }) => name)).toEqual([
      'table',
      'company_number',
      'key',
      'deleted_at',
    ])
  })
})

test('what changed is looked up by its number and what belongs to it by its key, never through a whole table', () => {
  fill(db, 10, 1)
  const since = fromNow()
  for (const all of [false, true]) {
    const plans = plansOf(db, () => {
      using dataset = openDataset(db, { all, since, today: '2026-11-27' })
      expect([...dataset.pages()]).toEqual([])
    })
    expect(plans.length).toBeGreaterThan(20)
    const ofMany = /^SCAN (companies|officers|persons_with_significant_control|domains|emails|deletions)/
    expect(plans.filter((step) => ofMany.test(step))).toEqual([])
    expect(plans.filter((step) => /officers_state=\?\)|\(kind=\?\)/.test(step))).toEqual([])
  }
})
