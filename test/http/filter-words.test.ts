import { describe, expect, test } from 'vitest'
import type { Db } from '../../src/db/open.ts'
import { createTurns } from '../../src/http/listing.ts'
import { createWordCheck } from '../../src/http/vocabulary.ts'
import { tempFolder } from '../host.ts'
import { addCompany, fill, newDatabase } from '../steps/export/export-world.ts'
import { virtualClock } from '../virtual-clock.ts'
import { serving, world } from './serving.ts'

function withNewWord(db: Db) {
  world(db)
  addCompany(db, { company_number: '00000009', company_status: 'suspended-by-law', type: 'Wording as it stood' })
}

describe('a status or type that is not there', () => {
  test('is refused with the words that are, those that only the database holds among them', async () => {
    await using api = await serving(withNewWord)
    const { status, body } = await api.json('/v1/companies?status=activ&type=ltd')
    expect(status).toBe(400)
    expect(body.errors).toEqual([
      {
        parameter: 'status',
        detail: expect.stringMatching(/^expected some of active, dissolved, .*, suspended-by-law$/),
      },
    ])
    const both = await api.json('/v1/companies?status=active,activ&type=limited')
    expect(both.body.errors.map(({ parameter }: { parameter: string }) => parameter)).toEqual(['status', 'type'])
    expect(both.body.errors[1].detail).toMatch(/^expected some of .*\bltd\b/)
    expect(both.body.errors[1].detail).not.toContain('Wording')
  })

  test('is none when the API of the register knows it, or the database has it', async () => {
    await using api = await serving(withNewWord)
    expect((await api.json('/v1/companies?status=administration')).body.items).toEqual([])
    expect((await api.json('/v1/companies?status=suspended-by-law')).body.items).toHaveLength(1)
    expect((await api.json('/v1/companies?status=Active')).body.errors[0].detail).toMatch(/^expected some of active, /)
  })

  test('is described by the words of the register', async () => {
    await using api = await serving()
    const { body } = await api.json('/openapi.json')
    const { parameters } = body.paths['/v1/companies'].get
    const { schema, description } = parameters.find(({ name }: { name: string }) => name === 'status')
    expect(description ?? schema.description).toContain('`active`, `dissolved`')
  })
})

describe('the search for a word', () => {
  test('goes on where the request before ended, and begins anew when what was found is old', async () => {
    using folder = tempFolder()
    const db = newDatabase(folder.file('companies.db'))
    fill(db, 4100, 0)
    const clock = virtualClock()
    const database = { current: () => db, check() {}, [Symbol.dispose]() {} }
    const none = createWordCheck({ database, clock, turns: createTurns(), budgetMs: 0 })
    await none(db, { status: ['nowhere'] })
    const check = createWordCheck({ database, clock, turns: createTurns(), budgetMs: 1000 })
    await expect(check(db, { status: ['late'] })).rejects.toThrow('A parameter is wrong or unknown')
    addCompany(db, { company_number: '99999999', company_status: 'late' })
    await expect(check(db, { status: ['late'] })).rejects.toThrow()
    await clock.runUntil(clock.sleep(61_000))
    await check(db, { status: ['late'] })
    db.$client.close()
  })
})

describe('count=true', () => {
  test('tells how many there are on all pages, and the next page does not repeat it', async () => {
    await using api = await serving()
    const { body } = await api.json('/v1/companies?limit=1&count=true')
    expect([body.items.length, body.total]).toEqual([1, 4])
    expect(body.next).not.toContain('count')
    const second = (await api.json(body.next)).body
    expect([second.items.length, 'total' in second]).toEqual([1, false])
    expect('total' in (await api.json('/v1/companies?limit=1')).body).toBe(false)
  })

  test.each([
    ['/v1/companies?q=river&count=true', 2],
    ['/v1/companies?status=administration&count=true', 0],
    ['/v1/companies?has_email=true&count=true&all=true', 1],
    ['/v1/officers?count=true&limit=1', 3],
    ['/v1/officers?company=1&count=true', 2],
  ])('%s: %i', async (path, total) => {
    await using api = await serving()
    const { body } = await api.json(path)
    expect(body.total).toBe(total)
    const lines = await (
      await api.get(
        path
          .replace('&count=true', '')
          .replace('count=true&', '')
          .replace(/limit=\d/, ''),
        { headers: { Accept: 'application/x-ndjson' } },
      )
    ).text()
    expect(lines.split('\n').filter(Boolean)).toHaveLength(total)
  })

  test('counts over more companies than one step reads', async () => {
    await using api = await serving((db) => fill(db, 450, 2))
    expect((await api.json('/v1/companies?limit=1&count=true')).body.total).toBe(450)
    expect((await api.json('/v1/officers?limit=1&count=true')).body.total).toBe(900)
  })

  test('takes a place of a stream, and gives it back', async () => {
    await using api = await serving((db) => fill(db, 3000, 8), { streamsPerToken: 1 })
    const leave = new AbortController()
    const headers = { Accept: 'application/x-ndjson', 'Accept-Encoding': 'identity' }
    const stream = await api.get('/v1/companies?include=officers', { headers, signal: leave.signal })
    await stream.body?.getReader().read()
    expect((await api.json('/v1/companies?count=true')).status).toBe(429)
    expect((await api.json('/v1/companies?limit=1')).status).toBe(200)
    leave.abort()
    const counted = async () => (await api.json('/v1/companies?limit=1&count=true')).status
    await expect.poll(counted).toBe(200)
    await expect.poll(counted).toBe(200)
  })

  test('is refused for lines, and where there is no list', async () => {
    await using api = await serving()
    const { status, body } = await api.json('/v1/companies?count=true', { Accept: 'application/x-ndjson' })
    expect([status, body.errors[0].parameter]).toEqual([400, 'count'])
    expect((await api.json('/v1/companies?count=yes')).status).toBe(400)
    expect((await api.json('/v1/companies/1?count=true')).status).toBe(400)
  })
})

test('who asks for the control of a pending company is told that it is pending', async () => {
  await using api = await serving()
  const path = (number: string) => `/v1/companies/${number}/persons-with-significant-control`
  const { status, body } = await api.json(path('SC000005'))
  expect([status, body.detail]).toEqual([404, expect.stringContaining('not complete yet')])
  expect((await api.json(`${path('SC000005')}?all=true`)).status).toBe(200)
  expect((await api.json(path('SC999999'))).body.detail).toBe('There is no such company here')
})
