import { setMaxListeners } from 'node:events'
import { hostname } from 'node:os'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { systemClock, timings } from '../../../src/clock.ts'
import { claimCompany } from '../../../src/db/officers/claims.ts'
import { type Db, openDb, write } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { companies, notes, officer_fetches, officers, runs } from '../../../src/db/schema.ts'
import { readTallies } from '../../../src/db/tallies.ts'
import { importOfficers, noCounts, refreshOfficers } from '../../../src/steps/officers/import.ts'
import { noEmptyRow } from '../../../src/steps/officers/store.ts'
import { connected, silentLog } from '../../companies-house/connected.ts'
import { type Answer, json, officersPage, plain, scriptedServer, silent, startIndex } from '../../scripted-server.ts'

const clock = systemClock()

function withCompanies(numbers: string[]): Db {
  const db = openDb(':memory:')
  for (const number of numbers) saveCompany(db, number)
  return db
}

function saveCompany(db: Db, number: string, more: Partial<typeof companies.$inferInsert> = {}): void {
  const origin = { source: 'test', fetched_at: '2026-01-01', first_seen_at: '2026-01-01', run_id: 1 }
  db.insert(companies)
    .values({ company_number: number, company_name: `COMPANY ${number}`, ...origin, ...more })
    .run()
}

const states = (db: Db) =>
  Object.fromEntries(
    db
      .select()
      .from(companies)
      .all()
      .map(({ company_number, officers_state, officers_count }) => [company_number, [officers_state, officers_count]]),
  )

const storedIds = (db: Db, number: string) =>
  db
    .select({ id: officers.appointment_id })
    .from(officers)
    .where(eq(officers.company_number, number))
    .all()
    .map(({ id }) => id)

interface Start {
  target?: number
  limit?: number
  concurrency?: number
  signal?: AbortSignal
  maxOutageMs?: number
  scale?: number
  status?: string[]
  sic?: string[]
}

async function start(db: Db, url: string, { target = 100, limit = 100, concurrency = 4, signal, ...rest }: Start = {}) {
  const { scale = 0.002, maxOutageMs, status, sic } = rest
  const companiesHouse = connected(url, { db, scale, ...(maxOutageMs ? { maxOutageMs } : {}) })
  const run = beginRun(db, clock, 'import-officers')
  const counts = noCounts()
  const step = {
    db,
    companiesHouse,
    clock,
    log: silentLog,
    timings: timings(scale),
    runId: run.id,
    startedAt: run.startedAt,
    emptyRow: noEmptyRow(),
  }
  const shared = {
    limit,
    concurrency,
    counts,
    runStartedAt: run.startedAt,
    signal: signal ?? new AbortController().signal,
  }
  setMaxListeners(0, shared.signal)
  const filters = { target, status, sic }
  try {
    return { ending: await importOfficers(step, { ...shared, ...filters }), counts, companiesHouse, step, shared }
  } finally {
    run.finish({})
  }
}

/** Serves each company what its entry says; a list of ids is a good answer. */
function register(lists: Record<string, string[] | ((nth: number) => Answer)>) {
  const asked = new Map<string, number>()
  return scriptedServer((path) => {
    const number = path.split('/')[2] ?? ''
    const nth = (asked.get(number) ?? 0) + 1
    asked.set(number, nth)
    const list = lists[number] ?? []
    return typeof list === 'function' ? list(nth) : officersPage(number, list, { start: startIndex(path) })
  })
}

describe('importOfficers', () => {
  it('stores every list and says what it did', async () => {
    await using server = await register({ A0000001: ['a', 'b'], A0000002: [], A0000003: ['c'] })
    const db = withCompanies(['A0000001', 'A0000002', 'A0000003'])
    const { ending, counts } = await start(db, server.url)
    expect(ending).toBe('nothing-left')
    expect(counts).toEqual({ fetched: 3, none: 1, failed: 0, officers: 3, odd: 0 })
    expect(states(db)).toEqual({ A0000001: ['complete', 2], A0000002: ['none', 0], A0000003: ['complete', 1] })
    expect(readTallies(db)).toEqual({ pending: 0, complete: 2, none: 1, failed: 0, stale: 0, officers: 3 })
    expect(db.select().from(officer_fetches).all()).toEqual([])
  })

  it('takes companies in the order of their numbers and stops exactly at the target', async () => {
    const numbers = Array.from({ length: 30 }, (_, index) => `A00000${String(index).padStart(2, '0')}`)
    await using server = await register(
      Object.fromEntries(numbers.map((number, index) => [number, index % 3 ? [number] : []])),
    )
    const db = withCompanies([...numbers].reverse())
    const { ending } = await start(db, server.url, { target: 7, concurrency: 5 })
    expect(ending).toBe('target-reached')
    expect(readTallies(db).complete).toBe(7)
    const done = Object.entries(states(db)).filter(([, [state]]) => state !== 'pending')
    expect(done.map(([number]) => number).sort()).toEqual(numbers.slice(0, done.length))
  })

  it('never does a company twice, nor passes the target, with two runs on one database', async () => {
    const numbers = Array.from({ length: 40 }, (_, index) => `A00000${String(index).padStart(2, '0')}`)
    await using server = await register(Object.fromEntries(numbers.map((number) => [number, [number]])))
    const db = withCompanies(numbers)
    const patient = { target: 33, scale: 0.1 }
    const endings = await Promise.all([start(db, server.url, patient), start(db, server.url, patient)])
    expect(endings.map(({ ending }) => ending)).toEqual(['target-reached', 'target-reached'])
    expect(readTallies(db).complete).toBe(33)
    expect(new Set(server.asked).size).toBe(server.asked.length)
    expect(server.asked).toHaveLength(33)
  })

  it('leaves off at the limit', async () => {
    await using server = await register({ A0000001: ['a'], A0000002: ['b'], A0000003: ['c'] })
    const db = withCompanies(['A0000001', 'A0000002', 'A0000003'])
    expect((await start(db, server.url, { limit: 2 })).ending).toBe('limit-reached')
    expect(readTallies(db)).toMatchObject({ complete: 2, pending: 1 })
  })

  it('fails only the company that fails while others succeed, and tries it again in a later run', async () => {
    let broken = true
    await using server = await register({
      A0000001: ['a'],
      A0000002: () => (broken ? plain(500) : officersPage('A0000002', ['b'])),
      A0000003: ['c'],
    })
    const db = withCompanies(['A0000001', 'A0000002', 'A0000003'])
    const first = await start(db, server.url)
    expect([first.ending, first.counts.failed]).toEqual(['nothing-left', 1])
    expect(states(db).A0000002).toEqual(['failed', 0])
    expect(db.select({ error: officer_fetches.last_error }).from(officer_fetches).all()).toEqual([
      { error: 'Companies House answered 500: GET /company/A0000002/officers?items_per_page=500&start_index=0' },
    ])
    broken = false
    await clock.sleep(2)
    await start(db, server.url)
    expect(states(db).A0000002).toEqual(['complete', 1])
  })

  it('leaves everything pending when the service goes away', async () => {
    await using server = await register({
      A0000001: () => plain(503),
      A0000002: () => plain(503),
      '00000000': () => plain(503),
    })
    const db = withCompanies(['A0000001', 'A0000002'])
    await expect(start(db, server.url, { maxOutageMs: 60 })).rejects.toMatchObject({ kind: 'upstream' })
    expect(readTallies(db)).toMatchObject({ pending: 2, failed: 0 })
    expect(
      db
        .select()
        .from(officer_fetches)
        .all()
        .map(({ claimed_by }) => claimed_by),
    ).toEqual([null, null])
  })

  it('asks again after a 404, and believes it in the end', async () => {
    await using server = await register({
      A0000001: (nth) => (nth < 3 ? plain(404) : officersPage('A0000001', ['a'])),
      A0000002: () => plain(404),
    })
    const db = withCompanies(['A0000001', 'A0000002'])
    await start(db, server.url)
    expect(states(db)).toEqual({ A0000001: ['complete', 1], A0000002: ['none', 0] })
  })

  it('fetches once more when the total disagrees, then stores the list and notes it', async () => {
    await using server = await register({
      A0000001: (nth) => officersPage('A0000001', ['a', 'b'], { total: 5, start: nth % 2 ? 0 : 2 }),
    })
    const db = withCompanies(['A0000001'])
    await start(db, server.url)
    expect(states(db)).toEqual({ A0000001: ['complete', 2] })
    expect(server.asked).toHaveLength(4)
    expect(db.select({ kind: notes.kind, detail: notes.detail }).from(notes).all()).toEqual([
      { kind: 'officers-total-differs', detail: '{"reported":5,"listed":2}' },
    ])
  })

  it('keeps members that nobody knows, and values of the wrong kind, in notes', async () => {
    const links = (id: string) => ({ self: `/company/A0000001/appointments/${id}` })
    const known = { officer_role: 'director', etag: 'x', identity_verification_details: { preferred_name: 'Y' } }
    const items = [
      {
        ...known,
        name: 'A, B',
        links: links('a'),
        frobnicate: 'marker-1',
        address: { locality: 'R', uprn: 'marker-2' },
      },
      { ...known, name: 'C, D', links: links('b'), appointed_on: '2019-05-01T00:00', address: { premises: 4711 } },
      { ...known, name: 'E, F', links: links('c'), former_names: [{ surname: 'G' }], person_number: '123456780001' },
    ]
    await using server = await register({ A0000001: () => json({ items, items_per_page: 50, total_results: 3 }) })
    const db = withCompanies(['A0000001'])
    const { counts } = await start(db, server.url)
    expect(counts).toMatchObject({ officers: 3, odd: 2 })
    const noted = db.select({ kind: notes.kind, detail: notes.detail }).from(notes).all()
    expect(noted.map(({ kind }) => kind).sort()).toEqual(['odd-officer-item', 'unknown-officer-members'])
    const texts = JSON.stringify(noted)
    for (const value of ['frobnicate', 'marker-1', 'address.uprn', 'marker-2', '2019-05-01T00:00', '4711'])
      expect(texts).toContain(value)
  })

  it('keeps odd items and counts them', async () => {
    const items = [
      { officer_role: 'director', links: { self: '/company/A0000001/appointments/a' }, occupation: ['x'] },
      'not an item',
      { name: 'DOE, Jane', officer_role: 'space-captain', links: { self: '/company/A0000001/appointments/b' } },
    ]
    await using server = await register({ A0000001: () => json({ items, items_per_page: 50, total_results: 3 }) })
    const db = withCompanies(['A0000001'])
    const { counts } = await start(db, server.url)
    expect(storedIds(db, 'A0000001')).toEqual(['a', 'b'])
    expect(counts).toMatchObject({ officers: 2, odd: 2 })
    expect(
      db
        .select({ kind: notes.kind })
        .from(notes)
        .all()
        .map(({ kind }) => kind),
    ).toEqual(['odd-officer-item', 'unreadable-officer-item'])
  })

  it('ends within two seconds of an interrupt, with claims given back and nothing half stored', async () => {
    const stop = new AbortController()
    await using server = await register({
      A0000001: ['a'],
      A0000002: () => (request, response) => {
        silent(request, response)
        stop.abort(new Error('interrupted'))
      },
    })
    const db = withCompanies(['A0000001', 'A0000002'])
    const { ending } = await start(db, server.url, { concurrency: 1, signal: stop.signal, scale: 1 })
    expect(ending).toBe('interrupted')
    expect(states(db)).toEqual({ A0000001: ['complete', 1], A0000002: ['pending', 0] })
    expect(db.select({ by: officer_fetches.claimed_by }).from(officer_fetches).all()).toEqual([{ by: null }])
  })

  it('takes only companies of the wanted status and SIC code', async () => {
    await using server = await register({ A0000001: ['a'], A0000002: ['b'], A0000003: ['c'], A0000004: ['d'] })
    const db = openDb(':memory:')
    saveCompany(db, 'A0000001', { company_status: 'active', sic_codes: '62020' })
    saveCompany(db, 'A0000002', { company_status: 'active', sic_codes: '01110,62012' })
    saveCompany(db, 'A0000003', { company_status: 'liquidation', sic_codes: '62012' })
    saveCompany(db, 'A0000004', { company_status: 'active', sic_codes: '62012' })
    await start(db, server.url, { status: ['active'], sic: ['62012', '99999'] })
    expect(states(db)).toMatchObject({ A0000002: ['complete', 1], A0000004: ['complete', 1] })
    expect(readTallies(db)).toMatchObject({ pending: 2, complete: 2 })
  })

  it('leaves deleted companies alone', async () => {
    await using server = await register({ A0000001: ['a'] })
    const db = openDb(':memory:')
    saveCompany(db, 'A0000001', { deleted_at: '2026-01-01T00:00:00.000Z' })
    expect((await start(db, server.url)).ending).toBe('nothing-left')
    expect(server.asked).toEqual([])
  })
})

describe('a claim', () => {
  const query = { runStartedAt: 0, target: 10, status: undefined, sic: undefined, after: '' }

  function claimedBy(db: Db, holder: Partial<typeof runs.$inferInsert>): void {
    const row = { command: 'x', host: hostname(), boot: clock.boot, pid: 1, started_at: 0, heartbeat_at: clock.now() }
    const { id } = db
      .insert(runs)
      .values({ ...row, ...holder })
      .returning({ id: runs.id })
      .get()
    db.insert(officer_fetches).values({ company_number: 'A0000001', claimed_by: id }).run()
  }

  const claim = (db: Db) => write(db, (tx) => claimCompany(tx, { ...query, runId: 99 }, clock))

  it('of a living process stands', () => {
    const db = withCompanies(['A0000001'])
    claimedBy(db, { pid: process.pid })
    expect(claim(db)).toEqual({ waitMs: 200 })
  })

  it('of a dead process here is free at once', () => {
    for (const dead of [{ pid: 2 ** 22 + 1 }, { pid: process.pid, pid_started: '1' }]) {
      const db = withCompanies(['A0000001'])
      claimedBy(db, dead)
      expect(claim(db)).toEqual({ company: 'A0000001', created: null, known: false })
    }
  })

  it('of another machine ends with its lease', () => {
    const elsewhere = (heartbeat_at: number) => {
      const db = withCompanies(['A0000001'])
      claimedBy(db, { host: 'elsewhere', heartbeat_at })
      return claim(db)
    }
    expect(elsewhere(clock.now() - 60_000)).toEqual({ waitMs: 200 })
    expect(elsewhere(clock.now() - 180_000)).toEqual({ company: 'A0000001', created: null, known: false })
  })
})

describe('refreshOfficers', () => {
  it('replaces lists that are older, in one go, and keeps those that cannot be fetched', async () => {
    const lists: Record<string, string[]> = { A0000001: ['a', 'b'], A0000002: ['c'], A0000003: ['d'] }
    let down = false
    await using server = await scriptedServer((path) => {
      const number = path.split('/')[2] ?? ''
      if (down && number === 'A0000002') return plain(500)
      return officersPage(number, lists[number] ?? [], { start: startIndex(path) })
    })
    const db = withCompanies(Object.keys(lists))
    const { step, shared } = await start(db, server.url)
    const old = '2020-01-01T00:00:00.000Z'
    for (const number of ['A0000001', 'A0000002']) {
      db.update(companies).set({ officers_fetched_at: old }).where(eq(companies.company_number, number)).run()
    }
    lists.A0000001 = ['b', 'e', 'f']
    down = true
    const counts = noCounts()
    const runStartedAt = clock.now()
    const ending = await refreshOfficers(step, { ...shared, counts, runStartedAt, ageMs: 86_400_000 })
    expect([ending, counts]).toEqual(['nothing-left', { fetched: 1, none: 0, failed: 1, officers: 3, odd: 0 }])
    expect(storedIds(db, 'A0000001')).toEqual(['b', 'e', 'f'])
    expect(storedIds(db, 'A0000002')).toEqual(['c'])
    expect(states(db)).toEqual({ A0000001: ['complete', 3], A0000002: ['complete', 1], A0000003: ['complete', 1] })
  })
})
