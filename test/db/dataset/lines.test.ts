import { describe, expect, test } from 'vitest'
import { checkpointOf, numberOfCheckpoint, type Since } from '../../../src/db/changes.ts'
import { datasetTables } from '../../../src/db/dataset/columns.ts'
import { openDataset } from '../../../src/db/dataset/dataset.ts'
import { CELL_END, type LineDataset, type Lines, NULL_CELL, openLines } from '../../../src/db/dataset/lines.ts'
import type { Db } from '../../../src/db/open.ts'
import type { TempFolder } from '../../host.ts'
import { eachDatabase } from '../../new-database.ts'
import { plansOf } from '../../query-plans.ts'
import { addCompany, addEmail, fill, newDatabase, smallWorld } from '../../steps/export/export-world.ts'
import { suppressOne, suppressWorld } from '../../steps/suppress/suppress-world.ts'

const TODAY = '2026-11-27'

let folder: TempFolder
let db: Db

eachDatabase((made) => {
  ;({ folder, db } = made)
})

type Rows = Record<string, string[]>

/** The rows of pieces, by their lines where those were joined, and by their cells; both must say the same. */
function rowsOf(pieces: Iterable<Lines>): string[] {
  const found: string[] = []
  for (const { text, rows, cells } of pieces) {
    const read = cells().map((row) => row.map((cell) => cell ?? NULL_CELL).join(CELL_END))
    expect(read).toHaveLength(rows)
    if (text) expect(text.toString().split('\n').toSorted()).toEqual(read.join('\n').split('\n').toSorted())
    found.push(...read)
  }
  return found.sort()
}

function readLines(selection: { all?: boolean; since?: Since | null; unchanged?: boolean } = {}): Rows {
  using data = openLines(db, { all: false, since: null, today: TODAY, ...selection })
  return Object.fromEntries(datasetTables.map((table) => [table, rowsOf(data.lines(table))]))
}

function readPages(all = false): Rows {
  using dataset = openDataset(db, { all, today: TODAY })
  const pages = [...dataset.pages()]
  const line = (row: (string | number | null)[]) => row.map((cell) => cell ?? NULL_CELL).join(CELL_END)
  return Object.fromEntries(
    datasetTables.map((table) => [table, pages.flatMap((page) => page[table].map(line)).sort()]),
  )
}

const here = (): Since => ({
  number: numberOfCheckpoint(db, checkpointOf(db)) ?? -1,
  moment: '2026-03-01T00:00:00.000Z',
})

function numbers(data: LineDataset): string[] {
  const found = [...data.changed()].flatMap(({ text }) => text?.toString().split('\n') ?? [])
  expect(found).toHaveLength(data.changedCount)
  return found
}

test('are the rows of the pages, whatever is in them', () => {
  smallWorld(db)
  fill(db, 700, 3, 5)
  addCompany(db, { company_number: '00009000', company_name: `a${CELL_END}b\nc${NULL_CELL}` })
  addEmail(db, '00000010', 'a1', 'x@a.example', 'valid')
  addEmail(db, '00000010', 'gone', 'y@a.example', 'valid')
  db.$client.exec(`INSERT INTO deletions (kind, company_number, key, deleted_at, run_id)
    VALUES ('officer', '00000010', 'gone', '2026-01-01', 1)`)
  expect(readLines()).toEqual(readPages())
  expect(readLines({ all: true })).toEqual(readPages(true))
})

test('are in pieces of a bounded size', () => {
  fill(db, 1_200, 2)
  using data = openLines(db, { all: false, since: null, today: TODAY })
  const sizes = [...data.lines('officers')].map(({ rows }) => rows)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(500)
  expect(sizes.reduce((sum, rows) => sum + rows, 0)).toBe(2_400)
})

test.each<[Parameters<typeof suppressOne>[1], string, string | undefined]>([
  ['email', 'jane.smithers@alpha.example', undefined],
  ['domain', 'alpha.example', undefined],
  ['company', '1', undefined],
  ['officer', 'o-jane-1', undefined],
  ['officer', 'somebody-else', undefined],
  ['name', 'SMITHERS, Jane', '1970-04'],
])('leave out who is suppressed by %s %s', (kind, value, born) => {
  suppressWorld(db)
  db.$client.exec("DELETE FROM officers WHERE appointment_id = 'b1'")
  suppressOne(db, kind, value, born ? { born } : {})
  expect(readLines()).toEqual(readPages())
})

describe('of a delta', () => {
  test('are the rows of what changed, and the others are all the rest', () => {
    fill(db, 500, 2)
    addCompany(db, { company_number: '00000999', officers_state: 'pending' })
    const since = here()
    db.$client.exec(`UPDATE companies SET company_name = 'X' WHERE company_number BETWEEN '00000100' AND '00000400';
      UPDATE companies SET officers_state = 'failed' WHERE company_number = '00000100';
      UPDATE companies SET company_name = 'Y' WHERE company_number = '00000999'`)
    suppressOne(db, 'company', '450')
    const [changed, others, all] = [readLines({ since }), readLines({ since, unchanged: true }), readPages()]
    expect(changed.companies).toHaveLength(300)
    for (const table of datasetTables) {
      expect([...(changed[table] ?? []), ...(others[table] ?? [])].sort()).toEqual(all[table])
    }
    using data = openLines(db, { all: false, since, today: TODAY })
    expect(numbers(data)).toHaveLength(303)
    expect(numbers(data)).toEqual(expect.arrayContaining(['00000100', '00000450', '00000999']))
  })

  test('are none when nothing changed', () => {
    fill(db, 5, 2)
    const since = here()
    expect(Object.values(readLines({ since })).flat()).toEqual([])
    expect(readLines({ since, unchanged: true })).toEqual(readPages())
  })
})

test('are those of one moment', () => {
  fill(db, 700, 1)
  const other = newDatabase(folder.file('companies.db'))
  using data = openLines(db, { all: false, since: null, today: TODAY })
  const pieces = data.lines('companies')
  pieces.next()
  other.$client.exec("UPDATE companies SET company_name = 'LATER'")
  other.$client.close()
  expect(rowsOf(pieces).filter((line) => line.includes('LATER'))).toEqual([])
})

test('a database that is damaged is named', () => {
  fill(db, 3, 1)
  db.$client.exec('DROP TABLE officers')
  using data = openLines(db, { all: false, since: null, today: TODAY })
  expect(() => [...data.lines('officers')]).toThrow(
    expect.objectContaining({ kind: 'data', message: expect.stringContaining(folder.file('companies.db')) }),
  )
})

test('every piece is looked up by its place, never through a whole table or a whole index', () => {
  fill(db, 10, 1)
  const since = here()
  const today = '2026-11-27'
  for (const selection of [{ since: null }, { since }, { since, unchanged: true }]) {
    using data = openLines(db, { all: false, ...{ today }, ...selection })
    const plans = plansOf(db, () => {
      for (const table of datasetTables) for (const piece of data.lines(table)) piece.cells()
    })
    expect(plans.length).toBeGreaterThan(10)
    expect(plans.filter((step) => /^SCAN (companies|officers|domains|emails|deletions|temp)/.test(step))).toEqual([])
    expect(plans.filter((step) => /officers_state=\?\)/.test(step))).toEqual([])
  }
})
