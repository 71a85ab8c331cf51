import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { systemClock, timings } from '../../src/clock.ts'
import { openDb } from '../../src/db/open.ts'
import { companies } from '../../src/db/schema.ts'
import { serveDatabase } from '../../src/db/served/database.ts'
import { namesFile } from '../../src/db/served/names-file.ts'
import type { NameQuery } from '../../src/db/served/terms.ts'
import { addSuppressions } from '../../src/db/suppress/suppressions.ts'
import { startNameSearch } from '../../src/http/name-search.ts'
import type { LogFields } from '../../src/log.ts'
import { tempFolder } from '../host.ts'
import { addCompany, newDatabase } from '../steps/export/export-world.ts'
import { serving, world } from './serving.ts'

const RIVER: NameQuery = { all: false, words: [{ word: 'river', prefix: true }] }
const FOUND = ['00000002', '00000003']

/** A database with the search of a server that is started on it. */
function searching() {
  const folder = tempFolder()
  const path = folder.file('companies.db')
  const db = newDatabase(path)
  world(db)
  const logged: LogFields[] = []
  const note = (message: string, fields: LogFields = {}) => logged.push({ message, ...fields })
  const clock = systemClock()
  const start = () => {
    const served = openDb(path, { readonly: true })
    const database = serveDatabase(served, clock)
    const log = { info: note, warn: note, error: note }
    const search = startNameSearch({ database, path, clock, timings: { ...timings(1), serveIndexMs: 20 }, log })
    return {
      served,
      async find() {
        await search.ready()
        return search.find(RIVER, '', 10)
      },
      async stop() {
        await search.close()
        served.$client.close()
      },
    }
  }
  const said = () => logged.splice(0).map(({ message }) => message)
  return {
    ...{ path, file: namesFile(path), db, start, said },
    [Symbol.dispose]() {
      db.$client.close()
      folder[Symbol.dispose]()
    },
  }
}

test('the index is built once, caught up at the next start, and kept by one server of two', async () => {
  using own = searching()
  const first = own.start()
  expect([await first.find(), own.said()]).toEqual([FOUND, ['building the index of names', 'index of names built']])
  const second = own.start()
  expect(await second.find()).toEqual(FOUND)
  expect(own.said()).toEqual(['the index of names is not kept', 'building the index of names', 'index of names built'])
  await second.stop()
  await first.stop()
  own.db.update(companies).set({ company_name: 'OAK LTD' }).where(eq(companies.company_number, '00000002')).run()
  const third = own.start()
  expect([await third.find(), own.said()]).toEqual([['00000003'], ['index of names caught up']])
  await third.stop()
})

test('a company that has not changed is known by its tag, until anything is written', async () => {
  await using api = await serving()
  const path = '/v1/companies/00000001'
  const first = await api.get(path)
  const etag = first.headers.get('etag') ?? ''
  const again = () => api.get(path, { headers: { 'If-None-Match': etag } })
  const known = await again()
  expect([known.status, known.headers.get('etag'), known.headers.get('vary')]).toEqual([
    304,
    etag,
    first.headers.get('vary'),
  ])
  expect((await api.get(path, { headers: { 'If-None-Match': '"other"' } })).status).toBe(200)
  expect(
    (await api.get(path, { headers: { 'If-None-Match': etag, Authorization: 'Bearer wrong-token' } })).status,
  ).toBe(401)
  addSuppressions(
    api.db,
    [{ kind: 'company', value: '00000001', born: null, reason: null }],
    '2026-01-01T00:00:00.000Z',
  )
  expect((await again()).status).toBe(404)
})

test('a damaged index is built anew, and one that cannot be kept is used without', async () => {
  using own = searching()
  const first = own.start()
  await first.find()
  await first.stop()
  const bytes = readFileSync(own.file)
  writeFileSync(own.file, bytes.fill(0xff, 8192))
  own.said()
  const second = own.start()
  expect([await second.find(), own.said()[0]]).toEqual([FOUND, 'the index of names is damaged and is built anew'])
  await second.stop()
  expect(existsSync(own.file)).toBe(true)
  rmSync(own.file)
  mkdirSync(own.file)
  own.said()
  const third = own.start()
  expect([await third.find(), own.said()[0]]).toEqual([FOUND, 'the index of names is not kept'])
  await third.stop()
})

test.each([
  ['status=active&type=ltd', ['00000001']],
  ['status=liquidation,active', ['00000001', '00000002', '00000003']],
  ['sic=62', ['00000001']],
  ['sic=6,59111', ['00000001', '00000002']],
  ['postcode=n1', ['00000001']],
  ['postcode=N1%207', ['00000001']],
  ['locality=london', ['00000001']],
  ['region=greater%20london&status=active', ['00000001']],
  ['q=river&status=active', ['00000003']],
  ['status=active&all=true', ['00000001', '00000003']],
])('a filter finds in the index what it finds in the rows, also what was just written: %s', async (query, found) => {
  await using api = await serving()
  const numbers = async () =>
    (await api.json(`/v1/companies?${query}`)).body.items.map((one: { company_number: string }) => one.company_number)
  expect(await numbers()).toEqual(found)
  await api.json('/v1/companies?q=river')
  expect(await numbers()).toEqual(found)
  const place = { locality: 'LONDON', region: 'Greater London', postal_code: 'N1 7AA' }
  const told = { company_status: 'active', type: 'ltd', sic_codes: '62020', ...place }
  addCompany(api.db, { company_number: '00000009', company_name: 'RIVER NINE LTD', ...told })
  expect(await numbers()).toEqual([...found, '00000009'])
  api.db.update(companies).set({ officers_state: 'failed' }).where(eq(companies.company_number, '00000009')).run()
  expect((await numbers()).includes('00000009')).toBe(query.includes('all=true'))
})
