import { describe, expect, it } from 'vitest'
import { dayOf, dayOfIso, isoOfDay } from '../../../src/sandbox/world/days.ts'
import { createNumbering } from '../../../src/sandbox/world/numbering.ts'
import { createWorld } from '../../../src/sandbox/world/world.ts'
import { findCompany, TODAY } from '../companies-house/opened.ts'

const world = createWorld({ seed: 1, companies: 4000, today: TODAY })
const numbers = [...world.numbers()]
const companies = [...world.companies()]

describe('a world', () => {
  it('is the same for the same seed, and another for another', () => {
    const again = createWorld({ seed: 1, companies: 4000, today: TODAY })
    const other = createWorld({ seed: 2, companies: 4000, today: TODAY })
    for (const number of numbers.slice(0, 200)) {
      expect(again.company(number)).toEqual(world.company(number))
      expect(again.officers(number)).toEqual(world.officers(number))
    }
    expect([...other.numbers()].filter((number) => world.company(number)).length).toBeLessThan(50)
  })

  it('gives a company of a million without drawing the others', () => {
    const huge = createWorld({ seed: 3, companies: 1_000_000, today: TODAY })
    const number = huge.companyNumber(765_432)
    expect(huge.company(number)?.company_number).toBe(number)
    expect(huge.company('ZZ999999')).toBeUndefined()
  })

  it('leaves some old companies their SIC codes of four digits', () => {
    const old = companies.filter(({ sic_codes: codes }) => codes?.some((code) => code.length === 4))
    expect(old.length).toBeGreaterThan(0)
    expect(old.filter(({ date_of_creation: day = '' }) => day >= '2008')).toEqual([])
  })

  it('numbers companies uniquely in 8 characters, about 92 % of them digits', () => {
    expect(new Set(numbers).size).toBe(4000)
    expect(numbers.filter((number) => !/^[A-Z0-9]{8}$/.test(number))).toEqual([])
    expect(numbers.filter((number) => /^\d+$/.test(number)).length).toBe(4000 * 0.92)
    expect(numbers.some((number) => /^IP\d{5}R$/.test(number))).toBe(true)
  })

  it.each([1, 199, 200, 201, 5_000_000, 15_000_000])('finds the way back from a number of %i companies', (size) => {
    const numbering = createNumbering(9, size)
    for (const index of [0, Math.floor(size / 3), Math.floor(size / 2), size - 1]) {
      expect(numbering.indexOf(numbering.numberAt(index))).toBe(index)
    }
  })

  it('forms companies over decades up to today, in the order of their indexes', () => {
    const dates = companies.flatMap((company) => company.date_of_creation ?? [])
    expect(dates).toEqual([...dates].sort())
    expect(dates[0]?.slice(0, 2)).toBe('18')
    expect(dates.at(-1)).toBe(TODAY)
    expect(dates.filter((date) => date >= '2026-09-01').length).toBeGreaterThan(40)
  })

  it('mixes kinds and statuses', () => {
    const statuses = grouped(companies.map((company) => company.company_status))
    expect(statuses.get('active')?.length).toBeGreaterThan(3000)
    for (const status of ['dissolved', 'liquidation', 'administration', 'receivership', 'open', undefined]) {
      expect(statuses.get(status)?.length, String(status)).toBeGreaterThan(0)
    }
    const types = new Set(companies.map((company) => company.type))
    for (const type of ['ltd', 'plc', 'llp', 'limited-partnership', 'oversea-company', 'private-limited-guarant-nsc']) {
      expect(types).toContain(type)
    }
    expect(companies.some((company) => company.company_status_detail === 'active-proposal-to-strike-off')).toBe(true)
    expect(companies.some((company) => company.company_name.includes('"'))).toBe(true)
  })

  it('links officers exactly where there are any, and leaves stubs bare', () => {
    for (const company of companies) {
      const { company_number: number, links } = company
      expect(links.officers !== undefined).toBe(world.officers(number).length > 0)
    }
    expect(JSON.parse(JSON.stringify(world.company(findCompany(world, (number) => number.startsWith('CE')))))).toEqual({
      company_number: expect.any(String),
      company_name: expect.any(String),
      type: 'charitable-incorporated-organisation',
      jurisdiction: 'england-wales',
      etag: expect.stringMatching(/^[0-9a-f]{40}$/),
      external_registration_number: expect.stringMatching(/^\d{7}$/),
      has_charges: false,
      has_insolvency_history: false,
      registered_office_is_in_dispute: false,
      undeliverable_registered_office_address: false,
      links: { self: expect.any(String) },
    })
  })
})

describe('changing a world', () => {
  it('forces officers by count or by list, and the link in the profile follows', () => {
    const fresh = createWorld({ seed: 1, companies: 300, today: TODAY })
    const number = findCompany(fresh, (each) => fresh.officers(each).length === 3)
    const before = fresh.company(number)
    const own = fresh.officers(number)
    fresh.override(number, { officers: 35 })
    expect(fresh.officers(number).length).toBe(35)
    fresh.override(number, { officers: 0 })
    expect(fresh.officers(number)).toEqual([])
    expect(fresh.company(number)?.links.officers).toBeUndefined()
    fresh.override(number, { officers: own.slice(1), profile: { company_status: 'dissolved' } })
    expect(fresh.officers(number)).toEqual(own.slice(1))
    expect(fresh.company(number)).toEqual({ ...before, company_status: 'dissolved' })
    expect(fresh.appointments(own[1]?.officerId ?? '').map(([each]) => each)).toContain(number)
    expect(fresh.revision).toBe(3)
  })

  it('refuses to change what does not exist, or to add what does', () => {
    const fresh = createWorld({ seed: 1, companies: 10, today: TODAY })
    const [company] = fresh.companies()
    expect(() => fresh.override('00000000', { officers: 1 })).toThrow('There is no company 00000000.')
    expect(() => company && fresh.add(company)).toThrow('already')
  })

  it('adds companies, forms new ones and appoints officers', () => {
    const fresh = createWorld({ seed: 1, companies: 10, today: TODAY })
    const [company] = fresh.companies()
    if (company) fresh.add({ ...company, company_number: '88888888' }, 2)
    expect(fresh.officers('88888888').map(({ item }) => item.links.self.slice(0, 17))).toEqual([
      '/company/88888888',
      '/company/88888888',
    ])
    const born = fresh.incorporate('2026-09-16', 1)
    expect(born).toMatchObject({ date_of_creation: '2026-09-16', company_status: 'active', type: expect.any(String) })
    expect(fresh.size).toBe(12)
    expect([...fresh.numbers()].slice(-2)).toEqual(['88888888', born.company_number])
    const [officer] = fresh.officers(born.company_number)
    const newcomer = fresh.appoint(born.company_number)
    expect(fresh.officers(born.company_number)).toEqual([newcomer, officer])
    expect(fresh.appointments(officer?.officerId ?? '').length).toBe(1)
    expect([...fresh.numbersFormed('2026-09-16', undefined)]).toContain(born.company_number)
  })
})

describe('days', () => {
  it.each(['1856-07-14', '1899-12-31', '1900-03-01', '2000-02-29', '2026-12-31'])('go there and back: %s', (iso) => {
    expect(isoOfDay(dayOfIso(iso))).toBe(iso)
    expect(dayOfIso(iso) * 86_400_000).toBe(Date.parse(`${iso}T00:00:00Z`))
  })

  it('refuse what is no date, and know month ends', () => {
    expect(['2026-02-29', '2026-13-01', '1-1-2026', ''].map(dayOfIso)).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ])
    expect(isoOfDay(dayOf(2024, 14, 0))).toBe('2025-01-31')
  })
})

function grouped<Key>(keys: Key[]): Map<Key, Key[]> {
  const groups = new Map<Key, Key[]>()
  for (const key of keys) groups.set(key, [...(groups.get(key) ?? []), key])
  return groups
}
