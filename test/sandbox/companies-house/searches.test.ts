import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { searchWords } from '../../../src/sandbox/companies-house/search.ts'
import type { SyntheticCompany } from '../../../src/sandbox/world/shapes.ts'
import { type Opened, opened } from './opened.ts'

let open: Opened
let companies: SyntheticCompany[]
beforeAll(async () => {
  open = await opened({ companies: 2000 })
  companies = [...open.world.companies()]
})
afterAll(() => open.sandbox.close())

describe('the search', () => {
  it('finds names that hold all words, 20 a page unless asked for up to 100', async () => {
    const { body } = await open.get('/search/companies?q=uk%20limited')
    const found = companies.filter((company) =>
      ['UK', 'LIMITED'].every((word) => searchWords(company.company_name).includes(word)),
    )
    expect(found.length).toBeGreaterThan(20)
    expect(body).toMatchObject({
      kind: 'search#companies',
      page_number: 1,
      items_per_page: 20,
      start_index: 0,
      total_results: found.length,
    })
    expect((body.items as { title: string }[]).map((item) => item.title)).toEqual(
      found.slice(0, 20).map((company) => company.company_name),
    )
    const wide = (await open.get('/search/companies?q=limited&items_per_page=500&start_index=100')).body
    expect([wide.items_per_page, wide.page_number, (wide.items as unknown[]).length]).toEqual([100, 2, 100])
  })

  it('shows no hits as an empty 200, and ends with 416 after a thousand', async () => {
    const none = await open.get('/search/companies?q=xyzzy&items_per_page=3')
    expect([none.status, none.body]).toEqual([
      200,
      { items: [], kind: 'search#companies', page_number: 1, items_per_page: 3, total_results: 0, start_index: 0 },
    ])
    expect((await open.get('/search/companies?q=ltd&start_index=900&items_per_page=100')).status).toBe(200)
    expect((await open.get('/search/companies?q=ltd&start_index=1000&items_per_page=100')).status).toBe(416)
  })
})

describe('the advanced search', () => {
  async function numbersFound(query: string): Promise<string[]> {
    const { body } = await open.get(`/advanced-search/companies?size=5000&${query}`)
    const numbers = ((body.items ?? []) as { company_number: string }[]).map((item) => item.company_number)
    expect(body.hits ?? 0).toBe(numbers.length)
    return numbers
  }

  function numbersOf(wanted: (company: SyntheticCompany) => boolean): string[] {
    return [...open.world.companies()].filter(wanted).map((company) => company.company_number)
  }

  it.each<[string, (company: SyntheticCompany) => boolean]>([
    [
      'incorporated_from=2026-09-01&incorporated_to=2026-09-15',
      ({ date_of_creation: on = '' }) => on >= '2026-09-01' && on <= '2026-09-15',
    ],
    ['incorporated_to=1950-12-31', ({ date_of_creation: on }) => on !== undefined && on <= '1950-12-31'],
    ['dissolved_from=2025-01-01', ({ date_of_cessation: on = '' }) => on >= '2025-01-01'],
    [
      'company_status=liquidation,administration',
      ({ company_status: status = '' }) => ['liquidation', 'administration'].includes(status),
    ],
    ['company_type=LLP&company_type=plc', ({ type }) => type === 'llp' || type === 'plc'],
    ['company_subtype=community-interest-company', ({ subtype }) => subtype === 'community-interest-company'],
    [
      'sic_codes=62020,62012&company_type=plc',
      ({ sic_codes = [], type }) => type === 'plc' && sic_codes.some((code) => code === '62020' || code === '62012'),
    ],
    [
      'location=swansea%20newry',
      ({ registered_office_address: at }) => at?.locality === 'Swansea' || at?.locality === 'Newry',
    ],
    [
      'company_name_includes=walrus%20orchard&company_name_excludes=bakery',
      ({ company_name: name }) => searchWords(name).includes('ORCHARD') && !searchWords(name).includes('BAKERY'),
    ],
  ])('finds what it is asked for: %s', async (query, wanted) => {
    const expected = numbersOf(wanted)
    expect(expected.length).toBeGreaterThan(0)
    expect((await numbersFound(query)).sort()).toEqual(expected.sort())
  })

  it('finds a company that was formed since', async () => {
    const born = open.world.incorporate('2026-09-20')
    expect(await numbersFound('incorporated_from=2026-09-16')).toEqual([born.company_number])
  })

  it('shows 20 unless asked for more, with a new etag each time and the first as top hit', async () => {
    const first = (await open.get('/advanced-search/companies')).body
    const again = (await open.get('/advanced-search/companies?start_index=-5')).body
    const items = first.items as Record<string, unknown>[]
    expect([items.length, first.kind, first.hits]).toEqual([20, 'search#advanced-search', open.world.size])
    expect(first.top_hit).toEqual(items[0])
    expect(items[0]).toMatchObject({
      kind: 'search-results#company',
      links: { company_profile: expect.stringMatching(/^\/company\//) },
    })
    expect(again.items).toEqual(items)
    expect(again.etag).not.toBe(first.etag)
    const next = (await open.get('/advanced-search/companies?start_index=20')).body.items as Record<string, unknown>[]
    expect(next.map((item) => item.company_number)).toEqual(numbersOf(() => true).slice(20, 40))
  })

  it.each(['company_name_includes=xyzzy', 'incorporated_from=2040-01-01', 'company_type=plc&start_index=5000'])(
    'is an empty 404 when there is nothing to show: %s',
    async (query) => {
      const { status, text } = await open.get(`/advanced-search/companies?${query}`)
      expect([status, text]).toEqual([404, ''])
    },
  )

  it('ends at 10,000 hits however many there are', async () => {
    await using large = await opened({ companies: 10_001 })
    const last = await large.get('/advanced-search/companies?start_index=9999&size=1')
    expect([last.status, last.body.hits]).toEqual([200, 10_001])
    const beyond = await large.get('/advanced-search/companies?start_index=9999&size=2')
    expect([beyond.status, beyond.text]).toEqual([500, ''])
  })

  const DATE =
    "Date provided is either invalid, empty or in the incorrect format, please use the format of 'yyyy-mm-dd' e.g '2000-12-20'"
  const VALUE =
    "Error attempting to map request parameter values, please check the values of fields 'company_status' or 'company_type' or 'company_subtype' contain accurate values"
  const SIZE = 'Invalid size parameter, size must be greater than zero and not greater than 5000'

  it.each([
    ['incorporated_from=15/09/2026', 400, DATE],
    ['dissolved_to=2026-02-30', 400, DATE],
    ['company_status=registered', 400, VALUE],
    ['company_subtype=slp', 400, VALUE],
    ['company_type=limited', 400, VALUE],
    ['company_subtype=charity', 400, VALUE],
    ['size=5001', 422, SIZE],
    ['size=0', 422, SIZE],
  ])('refuses %s with %i and a sentence', async (query, status, sentence) => {
    const answer = await open.get(`/advanced-search/companies?${query}`)
    expect([answer.status, answer.text]).toEqual([status, sentence])
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/)
  })
})
