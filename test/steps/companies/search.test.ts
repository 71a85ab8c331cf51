import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { openDb } from '../../../src/db/open.ts'
import { companies } from '../../../src/db/schema.ts'
import { startSandbox } from '../../../src/sandbox/companies-house/server.ts'
import { createWorld } from '../../../src/sandbox/world/world.ts'
import { daysBetween, importFoundCompanies, searchCompaniesByDay } from '../../../src/steps/companies/search.ts'
import { connected, silentLog } from '../../companies-house/connected.ts'
import { json, plain, scriptedServer } from '../../scripted-server.ts'

const signal = new AbortController().signal
const clock = systemClock()

/** The parameters of a search path. */
const asked = (path: string) => Object.fromEntries(new URL(path, 'http://x').searchParams)

/** A server whose every day has `hits`, `perType` of them of each type that is asked for. */
function crowdedServer(hits: number, perType: number) {
  return scriptedServer((path) => {
    const { company_type: type, incorporated_from: day, start_index: start } = asked(path)
    const total = type ? perType : hits
    const count = Math.max(0, Math.min(5000, total - Number(start)))
    if (count === 0) return plain(404)
    const items = Array.from({ length: count }, (_, index) => ({
      company_number:
        `${(type ?? 'xx').slice(0, 2)}${day?.slice(-2)}${String(Number(start) + index).padStart(4, '0')}`.toUpperCase(),
      company_name: 'A',
      date_of_creation: day,
    }))
    return json({ hits: total, items })
  })
}

async function search(url: string, types: string[], { to = '2026-01-01', wanted = Number.POSITIVE_INFINITY } = {}) {
  const found: string[] = []
  const filters = { incorporatedFrom: '2026-01-01', incorporatedTo: to }
  const summary = await searchCompaniesByDay(
    { companiesHouse: connected(url, { scale: 1 }), log: silentLog, signal },
    {
      filters,
      types,
      onProgress() {},
      save(companies) {
        found.push(...companies.map(({ company_number }) => company_number))
        return wanted - found.length
      },
    },
  )
  return { found, summary }
}

describe('searchCompaniesByDay', () => {
  it('asks day by day and takes a 404 for an empty one', async () => {
    await using server = await scriptedServer((path) =>
      asked(path).incorporated_from === '2026-01-02'
        ? plain(404)
        : json({ hits: 1, items: [{ company_number: '00000001', company_name: 'A' }] }),
    )
    const { summary } = await search(server.url, [], { to: '2026-01-03' })
    expect(summary).toEqual({ days: 3, found: 2, odd: 0, missed: 0 })
    expect(server.asked.map((path) => asked(path).incorporated_from)).toEqual(daysBetween('2026-01-01', '2026-01-03'))
  })

  it('pages a day of more than 5,000', async () => {
    await using server = await crowdedServer(7000, 0)
    const { found } = await search(server.url, ['ltd'])
    expect(new Set(found).size).toBe(7000)
  })

  it('slices a day of more than 10,000 by type, so that none is cut off', async () => {
    await using server = await crowdedServer(12_000, 4000)
    const { found, summary } = await search(server.url, ['ltd', 'plc', 'old'])
    expect(new Set(found).size).toBe(12_000)
    expect(summary.missed).toBe(0)
  })

  it('says what the register never showed', async () => {
    const items = [{ company_number: '00000001', company_name: 'A' }, 'odd']
    await using server = await scriptedServer((path) =>
      asked(path).start_index === '0' ? json({ hits: 3, items }) : plain(404),
    )
    expect((await search(server.url, [])).summary).toEqual({ days: 1, found: 1, odd: 1, missed: 1 })
  })

  it('stops when no more are wanted', async () => {
    await using server = await crowdedServer(10, 0)
    expect((await search(server.url, [], { to: '2026-12-31', wanted: 15 })).summary.days).toBe(2)
  })
})

describe('importFoundCompanies', () => {
  it("stores the register's companies of the days, and keeps what is known of officers", async () => {
    const world = createWorld({ seed: 3, companies: 4000, today: '2026-09-15' })
    await using sandbox = await startSandbox({ world, apiKey: 'a-secret-key' })
    const db = openDb(':memory:')
    const filter = { incorporatedFrom: '2026-01-01', incorporatedTo: '2026-03-31', status: ['active'] }
    const truth = [...world.companies()].filter(
      ({ date_of_creation: day = '', company_status }) =>
        day >= '2026-01-01' && day <= '2026-03-31' && company_status === 'active',
    )
    const [known] = truth
    const origin = { source: 'test', fetched_at: '2026-01-01', first_seen_at: '2026-01-01', run_id: 0 }
    db.insert(companies)
      .values({
        company_number: known?.company_number ?? '',
        company_name: 'OLD',
        officers_state: 'complete',
        officers_count: 2,
        ...origin,
      })
      .run()
    const companiesHouse = connected(sandbox.url, { db, scale: 1 })
    const summary = await importFoundCompanies(
      { db, companiesHouse, clock, log: silentLog, signal },
      { filter, location: undefined, onProgress() {} },
    )
    const stored = db.select().from(companies).all()
    expect(stored.map(({ company_number }) => company_number).sort()).toEqual(
      truth.map(({ company_number }) => company_number).sort(),
    )
    expect(stored.map(({ company_name }) => company_name).sort()).toEqual(
      truth.map(({ company_name }) => company_name).sort(),
    )
    expect(summary).toMatchObject({ days: 90, imported: truth.length, inserted: truth.length - 1, updated: 1 })
    expect(stored.find(({ company_number }) => company_number === known?.company_number)).toMatchObject({
      officers_state: 'complete',
      officers_count: 2,
      first_seen_at: '2026-01-01',
      source: 'search',
    })
  })

  it('leaves no part of a status that is over, and files text as every other source', async () => {
    const origin = { source: 'register-file', fetched_at: '2026-01-01', first_seen_at: '2026-01-01', run_id: 0 }
    const proposed = { company_status: 'active', company_status_detail: 'active-proposal-to-strike-off' }
    const item = (number: string, status: string) => ({
      company_number: number,
      company_name: ' SKILLS \ud800 C.I.C ',
      company_status: status,
      company_type: 'ltd',
      date_of_creation: '2026-01-01',
      registered_office_address: { locality: 'LONDON ', postal_code: ' ' },
      sic_codes: [' 7499 ', ''],
    })
    const items = [item('00000001', 'dissolved'), item('00000002', ' active')]
    await using server = await scriptedServer(() => json({ hits: 2, items }))
    const db = openDb(':memory:')
    for (const company_number of ['00000001', '00000002']) {
      db.insert(companies)
        .values({ company_number, company_name: 'OLD', ...proposed, ...origin })
        .run()
    }
    const filter = { incorporatedFrom: '2026-01-01', incorporatedTo: '2026-01-01' }
    const companiesHouse = connected(server.url, { db, scale: 1 })
    await importFoundCompanies(
      { db, companiesHouse, clock, log: silentLog, signal },
      { filter, location: undefined, onProgress() {} },
    )
    const stored = db.select().from(companies).all()
    expect(stored.map((one) => [one.company_status, one.company_status_detail])).toEqual([
      ['dissolved', null],
      ['active', 'active-proposal-to-strike-off'],
    ])
    expect(stored[0]).toMatchObject({
      company_name: 'SKILLS \ufffd C.I.C',
      locality: 'LONDON',
      postal_code: null,
      sic_codes: '7499',
    })
  })

  /** The register of three companies, searched as the service does, of which the first two were known as active. */
  async function known(options: { status?: string[]; location?: string; limit?: number; to?: string }) {
    const day = (number: string) => (number === '00000002' ? '2026-01-03' : '2026-01-01')
    const register = ['00000001', '00000002', '00000003', '00000004'].map((number) => ({
      company_number: number,
      company_name: 'NOW',
      company_status: number < '00000003' ? 'liquidation' : 'active',
      date_of_creation: day(number),
      registered_office_address: { locality: number === '00000003' ? 'LEEDS' : 'YORK' },
    }))
    await using server = await scriptedServer((path) => {
      const { company_status: status, location, incorporated_from: from } = asked(path)
      const items = register.filter(
        (one) =>
          one.date_of_creation === from &&
          (!status || status === one.company_status) &&
          (!location || one.registered_office_address.locality === location),
      )
      return items.length === 0 ? plain(404) : json({ hits: items.length, items })
    })
    const db = openDb(':memory:')
    const origin = { source: 'rest', fetched_at: '2026-01-05', first_seen_at: '2026-01-05', run_id: 0 }
    for (const company_number of ['00000001', '00000002']) {
      const date_of_creation = day(company_number)
      db.insert(companies)
        .values({ company_number, company_name: 'OLD', company_status: 'active', date_of_creation, ...origin })
        .run()
    }
    const { status, location, limit, to = '2026-01-04' } = options
    const summary = await importFoundCompanies(
      { db, companiesHouse: connected(server.url, { db, scale: 1 }), clock, log: silentLog, signal },
      { filter: { incorporatedFrom: '2026-01-01', incorporatedTo: to, status }, location, limit, onProgress() {} },
    )
    const stored = db.select().from(companies).all()
    return {
      summary,
      calls: server.asked.map((path) => {
        const { incorporated_from: from, company_status, location: words } = asked(path)
        return [from?.slice(-2), company_status ?? words ?? 'all'].join(' ')
      }),
      stored: Object.fromEntries(stored.map((one) => [one.company_number.slice(-1), one.company_status])),
    }
  }

  it('brings known companies up to date whatever they have become', async () => {
    const { summary, calls, stored } = await known({ status: ['active'] })
    expect(stored).toEqual({ 1: 'liquidation', 2: 'liquidation', 3: 'active', 4: 'active' })
    expect(summary).toMatchObject({ days: 4, imported: 4, inserted: 2, updated: 2, filtered_out: 0 })
    expect(calls).toEqual(['01 all', '02 active', '03 all', '04 active'])
  })

  it('asks about known companies of a place by a search of their own', async () => {
    const { summary, calls, stored } = await known({ location: 'LEEDS' })
    expect(stored).toEqual({ 1: 'liquidation', 2: 'liquidation', 3: 'active' })
    expect(summary).toMatchObject({ days: 4, found: 4, imported: 3, inserted: 1, updated: 2, filtered_out: 0 })
    expect(calls).toEqual(['01 LEEDS', '01 all', '02 LEEDS', '03 LEEDS', '03 all', '04 LEEDS'])
  })

  it('goes on behind its limit for known companies alone', async () => {
    const { summary, calls, stored } = await known({ limit: 1 })
    expect(stored).toEqual({ 1: 'liquidation', 2: 'liquidation', 3: 'active' })
    expect(summary).toMatchObject({ days: 2, inserted: 1, updated: 2, filtered_out: 1 })
    expect(calls).toEqual(['01 all', '03 all'])
  })

  it('stops at the limit', async () => {
    await using server = await crowdedServer(10, 0)
    const db = openDb(':memory:')
    const summary = await importFoundCompanies(
      { db, companiesHouse: connected(server.url, { db, scale: 1 }), clock, log: silentLog, signal },
      {
        filter: { incorporatedFrom: '2026-01-01', incorporatedTo: '2026-12-31' },
        location: 'leeds',
        limit: 14,
        onProgress() {},
      },
    )
    expect(summary).toMatchObject({ days: 2, imported: 14, filtered_out: 6 })
    expect(asked(server.asked[0] ?? '')).toMatchObject({ location: 'leeds', size: '5000' })
  })
})
