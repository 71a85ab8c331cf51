// Which companies come first, and which are wanted at all.
import { describe, expect, it } from 'vitest'
import { definePostcodeTest, filterConditions, type OfficersFilter } from '../../../src/db/officers/filter.ts'
import { countCandidates, drawUpOrder, type FetchOrder } from '../../../src/db/officers/order.ts'
import { type Db, openDb } from '../../../src/db/open.ts'
import { companies, officer_fetches } from '../../../src/db/schema.ts'
import { run, tempFolder } from '../../host.ts'
import { json, officersPage, scriptedServer } from '../../scripted-server.ts'
import { addCompany, newDatabase } from '../export/export-world.ts'

/** Formed on one day each, `00000003` on none that is known. */
function world(path = ':memory:'): Db {
  const db = newDatabase(path)
  const days: Record<string, string | null> = {
    '00000001': '2001-01-01',
    '00000002': '2020-02-29',
    '00000003': null,
    '00000004': '1999-12-31',
    '00000005': '2020-02-29',
  }
  for (const [company_number, date_of_creation] of Object.entries(days)) {
    addCompany(db, {
      company_number,
      date_of_creation,
      officers_state: 'pending',
      company_status: 'active',
      type: 'ltd',
    })
  }
  return db
}

function ordered(db: Db, order: FetchOrder, filter: OfficersFilter = {}): string[] {
  const next = drawUpOrder(db, order, filter)
  const numbers: string[] = []
  for (let one = next(0); one; one = next(0)) numbers.push(one.company)
  return numbers
}

describe('an order', () => {
  it('is by day of incorporation, then by number; a day that is not known comes last', () => {
    const db = world()
    expect(ordered(db, 'newest')).toEqual(['00000002', '00000005', '00000001', '00000004', '00000003'])
    expect(ordered(db, 'oldest')).toEqual(['00000004', '00000001', '00000002', '00000005', '00000003'])
  })

  it('is drawn again by the same seed, whatever else is stored, and otherwise by another', () => {
    const db = world()
    const first = ordered(db, { seed: 42 })
    expect(first.toSorted()).toEqual(['00000001', '00000002', '00000003', '00000004', '00000005'])
    expect(ordered(db, { seed: 42 })).toEqual(first)
    for (let number = 6; number < 100; number += 1) {
      addCompany(db, { company_number: String(number).padStart(8, '0'), officers_state: 'pending' })
    }
    const later = ordered(db, { seed: 42 })
    expect(later.filter((number) => first.includes(number))).toEqual(first)
    expect(ordered(db, { seed: 43 })).not.toEqual(later)
  })

  it('draws evenly: no part of the numbers is preferred', () => {
    const db = openDb(':memory:')
    for (let number = 0; number < 4000; number += 1) {
      addCompany(db, { company_number: String(10_000_000 + number), officers_state: 'pending' })
    }
    for (const seed of [0, 1, 999_999_999]) {
      const drawn = ordered(db, { seed }).slice(0, 1000)
      const quarters = [0, 1, 2, 3].map(
        (quarter) => drawn.filter((number) => Math.floor((Number(number) - 10_000_000) / 1000) === quarter).length,
      )
      expect(Math.min(...quarters)).toBeGreaterThan(190)
      expect(Math.max(...quarters)).toBeLessThan(310)
    }
  })

  it('passes over what is claimed, put off, deleted or fetched meanwhile', () => {
    const db = world()
    const next = drawUpOrder(db, 'newest', {})
    expect(next(0)?.company).toBe('00000002')
    db.insert(officer_fetches).values({ company_number: '00000005', claimed_by: 7 }).run()
    db.insert(officer_fetches).values({ company_number: '00000001', retry_at: 500 }).run()
    db.update(companies).set({ officers_state: 'complete' }).run()
    addCompany(db, { company_number: '00000009', officers_state: 'pending' })
    expect(next(0)).toBeUndefined()
    expect(ordered(db, 'newest')).toEqual(['00000009'])
  })
})

describe('a filter', () => {
  const wanted = (filter: OfficersFilter) => {
    const db = openDb(':memory:')
    const pending = { officers_state: 'pending' as const }
    addCompany(db, {
      company_number: '1',
      type: 'ltd',
      postal_code: 'EC1A 1AA',
      date_of_creation: '2020-01-01',
      ...pending,
    })
    addCompany(db, {
      company_number: '2',
      type: 'llp',
      postal_code: 'ec1v2aa',
      date_of_creation: '2020-01-02',
      ...pending,
    })
    addCompany(db, {
      company_number: '3',
      subtype: 'private-fund-limited-partnership',
      postal_code: 'EC11 1AA',
      officers_state: 'failed',
    })
    addCompany(db, { company_number: '4', type: 'ltd', date_of_creation: '2020-01-03', officers_state: 'complete' })
    definePostcodeTest(db, filter)
    const rows = db
      .select({ number: companies.company_number })
      .from(companies)
      .where(filterConditions(filter)[0])
      .all()
    return [rows.map(({ number }) => number).join(''), countCandidates(db, filter)]
  }

  it.each<[string, OfficersFilter, string, number]>([
    ['type', { type: ['ltd'] }, '14', 1],
    ['subtype', { type: ['private-fund-limited-partnership'] }, '3', 1],
    ['first day', { incorporatedFrom: '2020-01-02' }, '24', 1],
    ['last day', { incorporatedTo: '2020-01-02' }, '12', 2],
    ['postcode', { postcode: (text) => /^EC1[A-Z]/i.test(text ?? '') }, '12', 2],
  ])('by %s counts candidates only', (_what, filter, numbers, candidates) => {
    expect(wanted(filter)).toEqual([numbers, candidates])
  })

  it('counts everything pending or failed without one', () => {
    expect(wanted({})).toEqual(['1234', 3])
  })
})

describe('chpipe import-officers', () => {
  async function asked(...args: string[]) {
    await using server = await scriptedServer((path) => {
      if (!path.includes('/officers')) return json({})
      return officersPage(path.split('/')[2] ?? '', ['a'], { start: 0, perPage: 35 })
    })
    using folder = tempFolder()
    world(folder.file('companies.db')).$client.close()
    const env = { COMPANIES_HOUSE_API_URL: server.url, COMPANIES_HOUSE_API_KEY: 'k', CHPIPE_TIME_SCALE: '0.1' }
    const ended = await run(['import-officers', '--concurrency', '1', ...args], { cwd: folder.path, env })
    return { ...ended, numbers: server.asked.map((path) => path.split('/')[2]?.at(-1)).join('') }
  }

  it('fetches in the order that it is told, up to the target', async () => {
    const { code, numbers, stderr } = await asked('--order', 'newest', '--target', '3')
    expect([code, numbers]).toEqual([0, '251'])
    expect(stderr).toMatch(/ info {2}5 candidates for 3 still wanted order=newest\n/)
  })

  it('goes on with all others when the order is through', async () => {
    const { numbers } = await asked('--order', 'oldest', '--target', '5')
    expect(numbers).toBe('41253')
  })

  it('tells a seed with which the draw can be repeated', async () => {
    const first = await asked('--order', 'random', '--target', '5')
    const seed = / order=random:(\d+)/.exec(first.stderr)?.[1] ?? ''
    expect((await asked('--order', `random:${seed}`, '--target', '5')).numbers).toBe(first.numbers)
  })

  it('takes only what the filters leave, and says beforehand that they leave too little', async () => {
    const { code, numbers, stderr } = await asked('--incorporated-from', '2001-01-01', '--type', 'ltd', '--target', '4')
    expect([code, numbers]).toEqual([1, '125'])
    expect(stderr).toContain('3 candidates of the chosen kind for 4 still wanted: too few to reach the target')
  })

  it.each([
    [['--order', 'youngest'], '--order: expected newest, oldest, random, random:<seed> or number, got: youngest'],
    [['--order', 'random:x'], 'got: random:x'],
    [['--order', 'newest', '--refresh', '30d'], 'goes without --order'],
    [['--incorporated-from', '2020-01-02', '--incorporated-to', '2020-01-01'], 'lies after'],
    [['--postcode', '1N'], '--postcode: expected beginnings of postcodes'],
    [['--type', 'limited'], 'Did you mean'],
  ])('refuses %j', async (args, sentence) => {
    const { code, stderr, numbers } = await asked(...args)
    expect([code, numbers]).toEqual([2, ''])
    expect(stderr).toContain(sentence)
  })

  it('refreshes only what the filters leave', async () => {
    await using server = await scriptedServer((path) =>
      officersPage(path.split('/')[2] ?? '', ['a'], { start: 0, perPage: 35 }),
    )
    using folder = tempFolder()
    const db = newDatabase(folder.file('companies.db'))
    const old = {
      officers_state: 'complete' as const,
      officers_fetched_at: '2020-01-01T00:00:00.000Z',
      company_status: 'active',
    }
    addCompany(db, { company_number: '00000001', postal_code: 'N1 1AA', ...old })
    addCompany(db, { company_number: '00000002', postal_code: 'N10 1AA', ...old })
    db.$client.close()
    const env = { COMPANIES_HOUSE_API_URL: server.url, COMPANIES_HOUSE_API_KEY: 'k', CHPIPE_TIME_SCALE: '0.1' }
    const line = ['import-officers', '--refresh', '1d', '--postcode', 'N1', '--quiet']
    expect((await run(line, { cwd: folder.path, env })).code).toBe(0)
    expect(server.asked.map((path) => path.split('/')[2])).toEqual(['00000001'])
  })
})
