// Persons with significant control fall under the same rules as officers: in exports, deltas, over HTTP, and when erased.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { checkpointOf, numberOfCheckpoint, type Since } from '../../../src/db/changes.ts'
import { openDataset } from '../../../src/db/dataset/dataset.ts'
import { type Db, write } from '../../../src/db/open.ts'
import { touchHidden } from '../../../src/db/suppress/since.ts'
import { removeSuppression } from '../../../src/db/suppress/suppressions.ts'
import { type TempFolder, tempFolder } from '../../host.ts'
import { serving } from '../../http/serving.ts'
import { newDatabase } from '../../new-database.ts'
import { addPsc } from '../export/export-world.ts'
import { suppressOne, suppressWorld } from './suppress-world.ts'

let folder: TempFolder
let db: Db

beforeEach(() => {
  folder = tempFolder()
  db = newDatabase(folder.file('a.db'))
  world(db)
})

afterEach(() => {
  db.$client.close()
  folder[Symbol.dispose]()
})

/** Jane controls Alpha, and Beta says something about her; Alpha controls Beta; nobody but Paul is told apart by his name. */
function world(into: Db): void {
  suppressWorld(into)
  addPsc(into, {
    company_number: '00000001',
    psc_id: 'jane',
    name: 'Mrs Jane Mary Smithers',
    forename: 'Jane',
    middle_name: 'Mary',
    surname: 'Smithers',
    date_of_birth_year: 1970,
    date_of_birth_month: 4,
  })
  addPsc(into, {
    company_number: '00000001',
    psc_id: 'paul',
    name: 'Mr Paul Jones',
    forename: 'Paul',
    surname: 'Jones',
    date_of_birth_year: 1980,
    date_of_birth_month: 5,
  })
  addPsc(into, {
    company_number: '00000002',
    psc_id: 'said',
    kind: 'persons-with-significant-control-statement',
    linked_psc_name: 'Mrs Jane Smithers',
  })
  addPsc(into, {
    company_number: '00000002',
    psc_id: 'alpha',
    kind: 'corporate-entity-person-with-significant-control',
    name: 'Alpha Limited',
    registration_number: '1',
    place_registered: 'Companies House',
    country_registered: 'England',
  })
}

function delivered(since: Since | null = null) {
  using dataset = openDataset(db, { all: true, since, today: '2026-01-05' })
  const pages = [...dataset.pages()]
  return {
    pscs: pages.flatMap((page) => page.persons_with_significant_control.map(([, id]) => id)),
    deletions: pages.flatMap(({ deletions = [] }) => deletions.map((row) => row.slice(0, 3))),
  }
}

const stored = () => db.$client.prepare('SELECT psc_id FROM persons_with_significant_control ORDER BY 1').pluck().all()
const fromNow = (): Since => ({
  number: numberOfCheckpoint(db, checkpointOf(db)) ?? -1,
  moment: '2026-01-05T00:00:00.000Z',
})

const RULES: [kind: 'name' | 'officer' | 'company', value: string, born: string | undefined, left: string[]][] = [
  ['name', 'Smithers, Jane', '1970-04', ['paul', 'alpha']],
  ['name', 'Smithers, Jane', '1970-05', ['jane', 'paul', 'alpha']],
  ['officer', 'o-jane-1', undefined, ['paul', 'alpha', 'said']],
  ['officer', 'o-paul', undefined, ['jane', 'alpha', 'said']],
  ['officer', 'o-jane-2', undefined, ['jane', 'paul', 'alpha']],
  ['company', '00000001', undefined, ['said']],
]

describe.each(RULES)('a rule by %s %s %s', (kind, value, born, left) => {
  it('hides them in exports, and tells deltas so until it is taken back', () => {
    const before = fromNow()
    const { suppression } = suppressOne(db, kind, value, born ? { born } : {})
    expect(delivered().pscs.toSorted()).toEqual(left.toSorted())
    const owners = new Set(stored().flatMap((id) => (left.includes(String(id)) ? [] : [ownerOf(String(id))])))
    const told = delivered(before).deletions.filter(([table]) => table === 'persons_with_significant_control')
    const isGone = (number: string) =>
      delivered(before).deletions.some(([table, one]) => table === 'companies' && one === number)
    for (const owner of owners) {
      expect(isGone(owner) || told.some(([, number, key]) => number === owner && key === '')).toBe(true)
    }
    const hidden = fromNow()
    write(db, (tx) => touchHidden(db, removeSuppression(tx, suppression.id)?.rules ?? []))
    expect(delivered(hidden).pscs).toEqual(expect.arrayContaining(stored().filter((id) => !left.includes(String(id)))))
  })

  it('erases them without a trace', () => {
    const { erased } = suppressOne(db, kind, value, { ...(born ? { born } : {}), erase: true })
    expect(stored()).toEqual(left.toSorted())
    expect(erased?.pscs).toBe(4 - left.length)
    expect(db.$client.prepare("SELECT key FROM deletions WHERE kind = 'psc'").pluck().all().filter(Boolean)).toEqual([])
  })

  it('is kept over HTTP', async () => {
    await using api = await serving((other) => {
      world(other)
      suppressOne(other, kind, value, born ? { born } : {})
    })
    const ids: string[] = []
    for (const number of ['00000001', '00000002']) {
      const { body } = await api.json(`/v1/companies/${number}/persons-with-significant-control?all=true`)
      ids.push(...(body.items ?? []).map(({ psc_id }: { psc_id: string }) => psc_id))
    }
    expect(ids.toSorted()).toEqual(left.toSorted())
  })
})

function ownerOf(id: string): string {
  return id === 'jane' || id === 'paul' ? '00000001' : '00000002'
}

test('kept lines of streams that name an erased person are emptied', () => {
  const line = (number: string, name: string) => JSON.stringify({ uri: `/company/${number}/x`, name })
  const insert = db.$client.prepare(`INSERT INTO stream_rejects (stream, reason, line, received_at, run_id)
    VALUES ('psc', 'odd', ?, 1, 1)`)
  for (const name of ['Mrs Jane Smithers', 'Mr Paul Jones']) insert.run(line('00000001', name))
  suppressOne(db, 'name', 'Smithers, Jane', { born: '1970-04', erase: true })
  expect(db.$client.prepare('SELECT line FROM stream_rejects').pluck().all()).toEqual([
    '',
    line('00000001', 'Mr Paul Jones'),
  ])
})

test('nothing of an erased person stays in the file', () => {
  suppressOne(db, 'name', 'Smithers, Jane', { born: '1970-04', erase: true })
  db.$client.pragma('wal_checkpoint(TRUNCATE)')
  const bytes = readFileSync(folder.file('a.db')).toString('latin1')
  expect(bytes).not.toContain('Mary Smithers')
  expect(bytes).not.toContain('Jane Smithers')
  expect(bytes).toContain('Paul Jones')
})
