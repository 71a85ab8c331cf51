// What an empty answer does to what is known: nothing, before it was seen again and the profile agrees.
import { describe, expect, it } from 'vitest'
import { systemClock, type Timings, timings } from '../../../src/clock.ts'
import { openDataset } from '../../../src/db/dataset/dataset.ts'
import { type Db, openDb } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { companies } from '../../../src/db/schema.ts'
import { importOfficers, noCounts, refreshOfficers } from '../../../src/steps/officers/import.ts'
import { noEmptyRow } from '../../../src/steps/officers/store.ts'
import { connected, silentLog } from '../../companies-house/connected.ts'
import { type Answer, json, officersPage, plain, scriptedServer, startIndex } from '../../scripted-server.ts'

const clock = systemClock()
const QUICK: Timings = { ...timings(0.001), emptiedListRetryMs: [2, 2], officersRetryMs: [1, 1] }

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `A${String(index).padStart(7, '0')}`)

/** A register that keeps its own truth; `fault`, while there is one, answers in its place. */
async function register(numbers: string[]) {
  const truth = new Map(numbers.map((number): [string, string[]] => [number, [`${number}-a`, `${number}-b`]]))
  const state: { fault: ((path: string) => Answer | null) | null } = { fault: null }
  const server = await scriptedServer((path) => {
    const fault = state.fault?.(path)
    if (fault) return fault
    const [, , number = '', part] = path.split(/[/?]/)
    const officers = truth.get(number)
    if (part === 'officers') return officersPage(number, officers ?? [], { start: startIndex(path) })
    if (!officers) return json({ errors: [{ type: 'ch:service', error: 'company-profile-not-found' }] }, 404)
    const self = `/company/${number}`
    const links = officers.length > 0 ? { self, officers: `${self}/officers` } : { self }
    return json({ company_name: number, company_number: number, links })
  })
  return { truth, state, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

function stored(numbers: string[], created = '2001-02-03'): Db {
  const db = openDb(':memory:')
  const origin = { source: 'test', fetched_at: '2026-01-01', first_seen_at: '2026-01-01', run_id: 1 }
  for (const number of numbers) {
    db.insert(companies)
      .values({ company_number: number, company_name: number, date_of_creation: created, ...origin })
      .run()
  }
  return db
}

interface Run {
  refresh?: boolean
  maxOutageMs?: number
  quick?: Partial<Timings>
}

async function run(db: Db, url: string, { refresh = false, maxOutageMs = 80, quick = {} }: Run = {}) {
  const companiesHouse = connected(url, { db, scale: 0.01, maxOutageMs })
  const current = beginRun(db, clock, 'import-officers')
  const counts = noCounts()
  const hurried = { ...QUICK, ...quick }
  const step = {
    db,
    companiesHouse,
    clock,
    log: silentLog,
    timings: hurried,
    runId: current.id,
    startedAt: current.startedAt,
    emptyRow: noEmptyRow(),
  }
  const shared = {
    counts,
    limit: 1000,
    concurrency: 4,
    runStartedAt: current.startedAt + 1,
    signal: new AbortController().signal,
  }
  try {
    const ending = refresh
      ? await refreshOfficers(step, { ...shared, ageMs: 0 })
      : await importOfficers(step, { ...shared, target: 1000, status: undefined, sic: undefined })
    return { ending, counts }
  } finally {
    current.finish({})
  }
}

const states = (db: Db) =>
  db.$client
    .prepare('SELECT officers_state, count(*) FROM companies GROUP BY 1 ORDER BY 1')
    .raw()
    .all()
    .map((row) => (row as string[]).join(' '))
    .join(', ')
const count = (db: Db, table: string) => db.$client.prepare(`SELECT count(*) FROM ${table}`).pluck().get()

const emptyLists = (path: string) => (path.includes('/officers') ? officersPage('x', []) : null)
const ownNotFound = () => plain(404)

describe('a stored list', () => {
  it.each([
    ['empty lists', emptyLists],
    ['404s of its own', ownNotFound],
    ['no content', () => plain(204)],
    ['a redirect', () => plain(302)],
    ['410', () => plain(410)],
    ['a page of HTML', () => plain(200, '<html>down for maintenance</html>')],
    ['JSON that is no list', () => json({ message: 'down' })],
  ])('outlives a service that answers everybody with %s: an outage, which erases nothing', async (_name, fault) => {
    const numbers = numbered(25)
    await using on = await register(numbers)
    const db = stored(numbers)
    await run(db, on.server.url)
    on.state.fault = fault
    await expect(run(db, on.server.url, { refresh: true })).rejects.toMatchObject({ kind: 'upstream' })
    expect([states(db), count(db, 'officers'), count(db, 'deletions')]).toEqual(['complete 25', 50, 0])
    on.state.fault = null
    expect((await run(db, on.server.url, { refresh: true })).counts.fetched).toBe(25)
  })

  it.each([
    ['an empty list', (path: string) => (path.includes('/A0000003/officers') ? officersPage('x', []) : null)],
    ['a 404', (path: string) => (path.includes('/A0000003/officers') ? plain(404) : null)],
  ])('outlives %s, as long as the profile links officers; the refresh ends', async (_name, fault) => {
    const numbers = numbered(6)
    await using on = await register(numbers)
    const db = stored(numbers)
    await run(db, on.server.url)
    on.state.fault = fault
    const { ending, counts } = await run(db, on.server.url, { refresh: true })
    expect([ending, counts]).toEqual(['nothing-left', { fetched: 5, none: 0, failed: 1, officers: 10, odd: 0 }])
    expect([states(db), count(db, 'officers'), count(db, 'deletions')]).toEqual(['complete 6', 12, 0])
    expect(on.server.asked.filter((path) => path.includes('/A0000003')).length).toBeLessThan(12)
  })

  it.each([
    ['items that are no officers', { kind: 'officer-list', items: [null, null], total_results: 2 }],
    [
      "another company's list",
      { kind: 'officer-list', items: [], total_results: 0, links: { self: '/company/B/officers' } },
    ],
    ['an empty list without a count', { kind: 'officer-list', items: [], total_results: {} }],
    ['an empty list that counts many', { kind: 'officer-list', items: [], total_results: 'many' }],
  ])('outlives %s', async (_name, body) => {
    const numbers = numbered(4)
    await using on = await register(numbers)
    const db = stored(numbers)
    await run(db, on.server.url)
    on.truth.set('A0000003', [])
    on.state.fault = (path) => (path.includes('/A0000003/officers') ? json(body) : null)
    const { counts } = await run(db, on.server.url, { refresh: true })
    expect([states(db), count(db, 'officers'), counts.failed]).toEqual(['complete 4', 8, 1])
  })

  it('is not fetched for ever from a server that repeats an item that is no officer', async () => {
    await using on = await register(numbered(2))
    on.state.fault = (path) =>
      path.includes('/A0000001') ? json({ items: ['x', { name: 'A' }], total_results: 9 }) : null
    const db = stored(numbered(2))
    await run(db, on.server.url)
    expect(states(db)).toBe('complete 1, failed 1')
    expect(on.server.asked.length).toBeLessThan(20)
  })

  it('keeps what was paid for when somebody vanishes from it, but delivers it no more', async () => {
    const numbers = numbered(2)
    await using on = await register(numbers)
    const db = stored(numbers)
    await run(db, on.server.url)
    const address = db.$client.prepare(
      `INSERT INTO emails (company_number, appointment_id, email, provider, found_at, run_id) VALUES (?, ?, ?, 'p', '2026', 1)`,
    )
    address.run('A0000001', 'A0000001-a', 'a@one.example')
    address.run('A0000001', 'A0000001-b', 'b@one.example')
    on.truth.set('A0000001', ['A0000001-b'])
    await run(db, on.server.url, { refresh: true })
    const delivered = () => {
      using dataset = openDataset(db, { all: false, today: '2026-01-05' })
      return [...dataset.pages()].flatMap(({ emails }) => emails.map((row) => row[2]))
    }
    expect([delivered(), count(db, 'emails')]).toEqual([['b@one.example'], 2])
    const told = db.$client.prepare("SELECT key FROM deletions WHERE kind = 'email'").pluck().all()
    expect(told).toEqual([''])
    on.truth.set('A0000001', ['A0000001-a', 'A0000001-b'])
    await run(db, on.server.url, { refresh: true })
    expect(delivered()).toEqual(['a@one.example', 'b@one.example'])
  })

  it('outlives a company that the register does not know any more', async () => {
    const numbers = numbered(4)
    await using on = await register(numbers)
    const db = stored(numbers)
    await run(db, on.server.url)
    on.truth.delete('A0000001')
    await run(db, on.server.url, { refresh: true })
    expect([states(db), count(db, 'officers')]).toEqual(['complete 4', 8])
  })

  it('ends when it was empty again and again and the profile links no officers', async () => {
    const numbers = numbered(4)
    await using on = await register(numbers)
    const db = stored(numbers)
    await run(db, on.server.url)
    on.truth.set('A0000001', [])
    await run(db, on.server.url, { refresh: true })
    expect([states(db), count(db, 'officers'), count(db, 'deletions')]).toEqual(['complete 3, none 1', 6, 2])
    expect(on.server.asked.filter((path) => path.includes('/A0000001/officers')).length).toBeGreaterThan(3)
  })
})

it('answers without sense for some companies fail these, and nobody else', async () => {
  const numbers = numbered(20)
  const nonsense = [{}, [], null, { error: 'x' }, { errors: [{}] }, { items: {} }, { message: 'x' }, { items: null }]
  await using on = await register(numbers)
  on.state.fault = (path) => {
    const nth = Number(/A(\d+)\/officers/.exec(path)?.[1] ?? '99')
    return nth < 14 ? json(nonsense[nth % nonsense.length]) : null
  }
  const db = stored(numbers)
  const { ending, counts } = await run(db, on.server.url)
  expect([ending, counts]).toEqual(['nothing-left', { fetched: 6, none: 0, failed: 14, officers: 12, odd: 0 }])
  expect(states(db)).toBe('complete 6, failed 14')
  on.state.fault = null
  await run(db, on.server.url)
  expect(states(db)).toBe('complete 20')
})

describe('a company without officers', () => {
  it('is asked again by the next run while it is young', async () => {
    const today = new Date(clock.now()).toISOString().slice(0, 10)
    await using on = await register(numbered(3))
    on.truth.set('A0000001', [])
    const db = stored(numbered(3), today)
    await run(db, on.server.url, { quick: { youngOfficersRetryMs: [0, 3_600_000] } })
    expect(states(db)).toBe('complete 2, none 1')
    await run(db, on.server.url, { quick: { youngOfficersRetryMs: [0, 3_600_000] } })
    const asked = on.server.asked.length
    await run(db, on.server.url)
    expect(on.server.asked.length).toBe(asked)
    db.$client.exec('UPDATE officer_fetches SET retry_at = 0')
    on.truth.set('A0000001', ['born'])
    await run(db, on.server.url)
    expect(states(db)).toBe('complete 3')
    expect(count(db, 'officer_fetches')).toBe(0)
  })

  it('stays due when it could not be asked again', async () => {
    const today = new Date(clock.now()).toISOString().slice(0, 10)
    await using on = await register(numbered(3))
    on.truth.set('A0000001', [])
    const db = stored(numbered(3), today)
    const quick = { youngOfficersRetryMs: [0] }
    await run(db, on.server.url, { quick })
    on.state.fault = (path) => (path.includes('/A0000001/officers') ? plain(500) : null)
    expect((await run(db, on.server.url, { quick })).counts).toMatchObject({ fetched: 0, failed: 1 })
    on.state.fault = null
    on.truth.set('A0000001', ['born'])
    await run(db, on.server.url, { quick })
    expect(states(db)).toBe('complete 3')
  })

  it('is asked again by a refresh, once, when it is old', async () => {
    await using on = await register(numbered(3))
    on.truth.set('A0000001', [])
    const db = stored(numbered(3))
    await run(db, on.server.url)
    const first = on.server.asked.length
    await run(db, on.server.url)
    expect(on.server.asked.length).toBe(first)
    expect((await run(db, on.server.url, { refresh: true })).counts).toMatchObject({ fetched: 3, none: 1 })
    on.truth.set('A0000001', ['late'])
    await run(db, on.server.url, { refresh: true })
    expect(states(db)).toBe('complete 3')
  })

  it.each([
    ['empty lists', emptyLists],
    ['404s', (path: string) => (path.includes('/officers') ? plain(404) : null)],
  ])('is not believed in where %s come in a row and the profiles link officers', async (_name, fault) => {
    const numbers = numbered(30)
    await using on = await register(numbers)
    const db = stored(numbers)
    on.state.fault = fault
    const patient = { quick: { officersRetryMs: [50, 50] } }
    await expect(run(db, on.server.url, patient)).rejects.toMatchObject({ kind: 'upstream' })
    expect(states(db)).not.toMatch(/none|complete/)
    on.state.fault = null
    await run(db, on.server.url)
    expect(states(db)).toBe('complete 30')
  })

  it('is believed in where the profiles of a row agree', async () => {
    const numbers = numbered(30)
    await using on = await register(numbers)
    for (const number of numbers) on.truth.set(number, [])
    const db = stored(numbers)
    await run(db, on.server.url)
    expect(states(db)).toBe('none 30')
    expect(on.server.asked.length).toBeLessThan(40)
  })
})
