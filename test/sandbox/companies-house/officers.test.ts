import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SyntheticOfficerItem } from '../../../src/sandbox/world/shapes.ts'
import { findCompany, type Opened, opened } from './opened.ts'

let open: Opened
beforeAll(async () => {
  open = await opened({ quota: { limit: 100_000, windowMs: 300_000 } })
})
afterAll(() => open.sandbox.close())

function forced(count: number): string {
  const number = open.world.companyNumber(10)
  open.world.override(number, { officers: count })
  return number
}

/** All pages of a list, as a client reads it that stops at a short page. */
async function pages(path: string, pageSize: number): Promise<SyntheticOfficerItem[][]> {
  const read: SyntheticOfficerItem[][] = []
  for (;;) {
    const { body } = await open.get(`${path}?items_per_page=${pageSize}&start_index=${read.length * pageSize}`)
    read.push(body.items as SyntheticOfficerItem[])
    if ((body.items as SyntheticOfficerItem[]).length < pageSize) return read
  }
}

describe('officers of a company', () => {
  it.each([
    [0, 50, [0]],
    [1, 50, [1]],
    [35, 35, [35, 0]],
    [100, 50, [50, 50, 0]],
    [100, 100, [100, 0]],
    [260, 50, [50, 50, 50, 50, 50, 10]],
    [260, 100, [100, 100, 60]],
  ])('%i come in pages of %i: %j', async (count, pageSize, sizes) => {
    const number = forced(count)
    const read = await pages(`/company/${number}/officers`, pageSize)
    expect(read.map((page) => page.length)).toEqual(sizes)
    expect(read.flat()).toEqual(JSON.parse(JSON.stringify(open.world.officers(number).map(({ item }) => item))))
  })

  it('default to 35 from the first, with counts over all pages and the etag of the first item', async () => {
    const number = forced(100)
    const { status, body } = await open.get(`/company/${number}/officers`)
    const officers = open.world.officers(number)
    const serving = officers.filter(({ item }) => item.resigned_on === undefined).length
    expect(status).toBe(200)
    expect({ ...body, items: Array.isArray(body.items) && body.items.length }).toEqual({
      active_count: serving,
      etag: officers[0]?.item.etag,
      inactive_count: 0,
      items: 35,
      items_per_page: 35,
      kind: 'officer-list',
      links: { self: `/company/${number}/officers` },
      resigned_count: 100 - serving,
      start_index: 0,
      total_results: 100,
    })
    expect(serving).toBeGreaterThan(20)
    expect(serving).toBeLessThan(100)
  })

  it('are capped by the page cap, which is echoed', async () => {
    await using narrow = await opened({ pageCap: 50 })
    const number = narrow.world.companyNumber(0)
    narrow.world.override(number, { officers: 100 })
    const { body } = await narrow.get(`/company/${number}/officers?items_per_page=100`)
    expect([body.items_per_page, (body.items as unknown[]).length, body.total_results]).toEqual([50, 50, 100])
  })

  it.each(['/company/99999999/officers', `past the end`, 'none'])(
    'are an empty 200 with totals of 0: %s',
    async (kind) => {
      const number = forced(kind === 'none' ? 0 : 36)
      const path = kind.startsWith('/') ? kind : `/company/${number}/officers?start_index=36&items_per_page=35`
      const { status, body } = await open.get(path)
      expect(status).toBe(200)
      expect(body).toEqual({
        active_count: 0,
        etag: '',
        inactive_count: 0,
        items: [],
        items_per_page: 35,
        kind: 'officer-list',
        links: {},
        resigned_count: 0,
        start_index: kind.startsWith('/') ? 0 : 36,
        total_results: 0,
      })
    },
  )

  it.each([
    'order_by=-surname',
    'order_by=name',
    'filter=resigned',
    'register_view=true',
    'start_index=x',
    'items_per_page=x',
  ])('are refused with an empty 400 for ?%s', async (query) => {
    const { status, text } = await open.get(`/company/${forced(3)}/officers?${query}`)
    expect([status, text]).toEqual([400, ''])
  })

  it('are sorted as asked: dates from the newest, surnames from A', async () => {
    const number = forced(100)
    const sorted = async (order: string) =>
      (await open.get(`/company/${number}/officers?items_per_page=100&order_by=${order}`)).body
        .items as SyntheticOfficerItem[]
    const appointed = (await sorted('appointed_on')).flatMap((item) => item.appointed_on ?? [])
    expect(appointed).toEqual([...appointed].sort().reverse())
    const resigned = (await sorted('resigned_on')).map((item) => item.resigned_on ?? '')
    expect(resigned).toEqual([...resigned].sort().reverse())
    const names = await sorted('surname')
    const truth = new Map(open.world.officers(number).map((officer) => [officer.item.links.self, officer]))
    const surnames = names.map((item) => truth.get(item.links.self)?.nameElements?.surname ?? '')
    const humans = surnames.filter((surname) => surname !== '')
    expect(humans).toEqual([...humans].sort())
    const firms = names.flatMap((item) => truth.get(item.links.self)?.corporateName ?? [])
    expect(firms).toEqual([...firms].sort())
    expect(names.slice(-firms.length).map((item) => item.name)).toEqual(firms)
  })

  it('come by default as secretaries, then directors, those in office before those who resigned', async () => {
    const number = findCompany(open.world, (each) => /^\d/.test(each) && each !== open.world.companyNumber(10))
    open.world.override(number, { officers: 100 })
    const { body } = await open.get(`/company/${number}/officers?items_per_page=100`)
    const ranks = (body.items as SyntheticOfficerItem[])
      .filter((item) => /secretary$|director$/.test(item.officer_role))
      .map((item) => (item.officer_role.endsWith('secretary') ? 1 : 2) * (item.resigned_on === undefined ? 1 : 10))
    expect(ranks).toEqual([...ranks].sort((left, right) => left - right))
    expect(new Set(ranks)).toEqual(new Set([1, 2, 10, 20]))
  })

  it('can be those in office only', async () => {
    const number = forced(100)
    const { body } = await open.get(`/company/${number}/officers?filter=active&items_per_page=100`)
    const items = body.items as SyntheticOfficerItem[]
    expect(items.filter((item) => item.resigned_on !== undefined)).toEqual([])
    expect([body.total_results, body.active_count]).toEqual([items.length, items.length])
    expect(body.resigned_count).toBe(100 - items.length)
  })

  it('count as inactive, not active, in a company that is dissolved', async () => {
    const number = forced(5)
    const before = (await open.get(`/company/${number}/officers`)).body
    open.world.override(number, { profile: { company_status: 'dissolved' } })
    const { body } = await open.get(`/company/${number}/officers`)
    expect([body.active_count, body.inactive_count]).toEqual([0, before.active_count])
    expect(before.active_count).toBeGreaterThan(0)
    open.world.override(number, { profile: { company_status: 'active' } })
  })

  it('show a register to those who ask for a view of it, if the register is kept at Companies House', async () => {
    const number = forced(100)
    const path = `/company/${number}/officers?items_per_page=100&register_view=true&register_type=`
    const elsewhere = await open.get(`${path}directors`)
    expect([elsewhere.status, elsewhere.text]).toEqual([404, ''])
    open.world.override(number, { profile: { links: { ...open.world.company(number)?.links, registers: 'here' } } })
    const { body } = await open.get(`${path}directors`)
    const items = body.items as SyntheticOfficerItem[]
    expect(items.length).toBeGreaterThan(10)
    expect(items.filter((item) => !/director$/.test(item.officer_role) || item.resigned_on !== undefined)).toEqual([])
    expect([body.total_results, body.resigned_count, 'inactive_count' in body]).toEqual([items.length, 0, false])
    expect((await open.get(`${path}llp_members`)).body.items).toEqual([])
    expect((await open.get(`${path}cats`)).status).toBe(400)
  })
})
