import { copyFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { eq } from 'drizzle-orm'
import { expect, it } from 'vitest'
import type { Db } from '../../../src/db/open.ts'
import { companies, officers } from '../../../src/db/schema.ts'
import type { NameIndex } from '../../../src/db/served/names.ts'
import { eraseFromNamesFile, namesFile, openKeptIndex } from '../../../src/db/served/names-file.ts'
import type { NameQuery } from '../../../src/db/served/terms.ts'
import { suppress } from '../../../src/steps/suppress/suppress.ts'
import { tempFolder } from '../../host.ts'
import { addCompany, addOfficer, newDatabase } from '../../steps/export/export-world.ts'

const AT = Date.parse('2026-02-01T00:00:00Z')

interface Kept {
  db: Db
  path: string
  file: string
  /** Opens the kept index, and says whether it had to be made anew. */
  open(db?: Db): { index: NameIndex; isNew: boolean }
  [Symbol.dispose](): void
}

function kept(): Kept {
  const folder = tempFolder()
  const path = folder.file('companies.db')
  const db = newDatabase(path)
  addCompany(db, { company_number: '00000001', company_name: 'RIVER LTD', postal_code: 'N1C 4AB', officers_count: 1 })
  addCompany(db, { company_number: 'SC000002', company_name: 'OAK LTD', sic_codes: '62020', company_status: 'active' })
  const born = { date_of_birth_month: 4, date_of_birth_year: 1970 }
  const name = { name: 'QUILLFEATHER, Ann', surname: 'QUILLFEATHER', forenames: 'Ann', ...born }
  addOfficer(db, { company_number: '00000001', appointment_id: 'a', officer_id: 'oF-1', ...name })
  return {
    db,
    path,
    file: namesFile(path),
    open(of = db) {
      const index = openKeptIndex(namesFile(path))
      const isNew = !index.isOf(of)
      try {
        for (const _ of index.check());
        for (const _ of index.refresh(of));
        return { index, isNew }
      } catch (error) {
        index.close()
        throw error
      }
    },
    [Symbol.dispose]() {
      db.$client.close()
      folder[Symbol.dispose]()
    },
  }
}

const ask = (index: NameIndex, query: Omit<NameQuery, 'all'>) => index.find({ all: false, ...query }, '', 10)
const word = (text: string) => ({ words: [{ word: text, prefix: true }] })

function askAndClose(own: Kept, query: Omit<NameQuery, 'all'>, db = own.db): [isNew: boolean, found: string[]] {
  const { index, isNew } = own.open(db)
  const found = ask(index, query)
  index.close()
  return [isNew, found]
}

it('is kept, private, and follows what was written meanwhile', () => {
  using own = kept()
  expect(askAndClose(own, word('riv'))).toEqual([true, ['00000001']])
  expect(statSync(own.file).mode & 0o777).toBe(0o600)
  own.db.update(companies).set({ company_name: 'LAKE LTD' }).where(eq(companies.company_number, '00000001')).run()
  addCompany(own.db, { company_number: '00000003', company_name: 'RIVERBED LTD' })
  expect(askAndClose(own, word('river'))).toEqual([false, ['00000003']])
  expect(askAndClose(own, word('lake'))).toEqual([false, ['00000001']])
  own.db.delete(companies).where(eq(companies.company_number, 'SC000002')).run()
  const { index } = own.open()
  expect([index.count(), ask(index, word('oak'))]).toEqual([2, []])
  index.close()
})

it('follows a few changes at once, and says when it cannot', () => {
  using own = kept()
  const { index } = own.open()
  expect(index.catchUp(own.db)).toBe(true)
  addCompany(own.db, { company_number: '00000003', company_name: 'RIVERBED LTD' })
  expect([index.catchUp(own.db), ask(index, word('riverbed'))]).toEqual([true, ['00000003']])
  for (let n = 100; n < 300; n += 1) addCompany(own.db, { company_number: `00000${n}`, company_name: `RIVERBED ${n}` })
  expect(index.catchUp(own.db)).toBe(false)
  for (const _ of index.refresh(own.db));
  expect([index.catchUp(own.db), index.count()]).toEqual([true, 203])
  index.close()
})

it.each<[Omit<NameQuery, 'all'>, string[]]>([
  [{ postcode: ['N1'] }, ['00000001']],
  [{ postcode: ['n'] }, ['00000001']],
  [{ postcode: ['N1C 4', 'BR7'] }, ['00000001']],
  [{ postcode: ['N1C 5'] }, []],
  [{ postcode: ['N10'] }, []],
  [{ sic: ['62'] }, ['SC000002']],
  [{ sic: ['2020'] }, []],
  [{ sic: ['62'], status: ['dissolved', 'active'] }, ['SC000002']],
  [{ status: ['dissolved'] }, []],
  [{ surname: ['quillfeather'] }, ['00000001']],
  [{ officerId: 'oF-1' }, ['00000001']],
  [{ officerId: 'of-1' }, []],
])('finds %j', (query, found) => {
  using own = kept()
  expect(askAndClose(own, query)).toEqual([true, found])
})

it('is made anew for another database, and for a backup that undoes what it knows', () => {
  using own = kept()
  own.db.$client.pragma('wal_checkpoint(TRUNCATE)')
  copyFileSync(own.path, `${own.path}.backup`)
  addCompany(own.db, { company_number: '00000003', company_name: 'UNDONE LTD' })
  expect(askAndClose(own, word('undone'))).toEqual([true, ['00000003']])
  const restored = newDatabase(`${own.path}.backup`)
  for (const name of ['DONE', 'ELSE']) addCompany(restored, { company_number: name, company_name: `${name} LTD` })
  expect(askAndClose(own, word('undone'), restored)).toEqual([true, []])
  expect(askAndClose(own, word('else'), restored)).toEqual([false, ['ELSE']])
  restored.$client.close()
  using other = kept()
  expect(askAndClose(own, word('else'), other.db)).toEqual([true, []])
})

it('is made anew when the file is damaged, cut, or of another version', () => {
  using own = kept()
  const damages = [
    () => writeFileSync(own.file, 'this is no database'),
    () => truncateSync(own.file, 8192),
    () => {
      const client = new Database(own.file)
      client.exec(`UPDATE facts SET value = '0' WHERE name = 'terms'`)
      client.close()
    },
  ]
  for (const damage of damages) {
    own.open().index.close()
    damage()
    expect(askAndClose(own, word('river'))).toEqual([true, ['00000001']])
  }
})

it('tells of companies that are missing, and of damaged pages', () => {
  using own = kept()
  own.open().index.close()
  const client = new Database(own.file)
  client.exec('DELETE FROM summaries WHERE id IN (SELECT min(id) FROM summaries)')
  client.close()
  expect(() => own.open()).toThrow('companies are missing')
  writeFileSync(own.file, readFileSync(own.file).fill(0, 4096))
  let damages = 0
  openKeptIndex(own.file, () => {
    damages += 1
  }).close()
  expect([damages, askAndClose(own, word('river'))]).toEqual([1, [true, ['00000001']]])
})

it('belongs to one process at a time, and leaves the file of another program alone', () => {
  using own = kept()
  const { index } = own.open()
  expect(() => openKeptIndex(own.file)).toThrow('locked')
  expect(eraseFromNamesFile(own.db)).toBe(false)
  index.close()
  const other = new Database(`${own.path}.other`)
  other.exec('CREATE TABLE theirs (x)')
  other.close()
  expect(() => openKeptIndex(`${own.path}.other`)).toThrow("another program's")
  copyFileSync(`${own.path}.other`, own.file)
  expect([eraseFromNamesFile(own.db), existsSync(own.file)]).toEqual([true, true])
})

it('holds nothing of somebody who was erased, in the file nor in its log', () => {
  using own = kept()
  const holds = (text: string) => ['', '-wal'].some((suffix) => bytesOf(own.file + suffix).includes(text))
  own.open().index.close()
  expect(holds('quillfeather')).toBe(true)
  const rule = { kind: 'name' as const, value: 'quillfeather, ann', born: '1970-04', reason: null }
  expect(suppress(own.db, rule, { erase: true, now: AT }).erased?.officers).toBe(1)
  expect(own.db.select().from(officers).all()).toEqual([])
  expect([holds('quillfeather'), holds('river')]).toEqual([false, true])
  expect(askAndClose(own, word('river'))).toEqual([false, ['00000001']])
})

it('is removed by an erasure that it cannot follow', () => {
  using own = kept()
  own.open().index.close()
  truncateSync(own.file, 8192)
  const rule = { kind: 'company' as const, value: '00000001', born: null, reason: null }
  suppress(own.db, rule, { erase: true, now: AT })
  expect(existsSync(own.file)).toBe(false)
  expect(askAndClose(own, word('river'))).toEqual([true, []])
})

function bytesOf(path: string): Buffer {
  return existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
}
