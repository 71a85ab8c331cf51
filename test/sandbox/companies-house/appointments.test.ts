import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SyntheticOfficerItem } from '../../../src/sandbox/world/shapes.ts'
import { findCompany, type Opened, opened } from './opened.ts'

let open: Opened
beforeAll(async () => {
  open = await opened()
})
afterAll(() => open.sandbox.close())

describe('appointments of an officer', () => {
  it('name the company, and the officer the natural way round', async () => {
    const number = findCompany(open.world, (each) => open.world.officers(each)[0]?.nameElements?.surname !== undefined)
    const [officer] = open.world.officers(number)
    const { status, body } = await open.get(officer?.item.links.officer.appointments ?? '')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      kind: 'personal-appointment',
      is_corporate_officer: false,
      items_per_page: 35,
      start_index: 0,
    })
    const item = (body.items as Record<string, unknown>[]).find(
      (each) => Object(each.links).company === `/company/${number}`,
    )
    const company = open.world.company(number)
    expect(item?.appointed_to).toEqual({
      company_name: company?.company_name,
      company_number: number,
      company_status: company?.company_status,
    })
    expect(item?.name_elements).toEqual(officer?.nameElements)
    expect(String(body.name).endsWith(officer?.nameElements?.surname ?? '?')).toBe(true)
  })

  it('come 50 a page at most; 0 means 35, and a minus sign is ignored', async () => {
    await using large = await opened({ companies: 4096, seed: 8 })
    const nominee = [...large.world.numbers()]
      .slice(0, 400)
      .flatMap((number) => large.world.officers(number))
      .find((officer) => large.world.appointments(officer.officerId).length > 50)
    const path = `/officers/${nominee?.officerId}/appointments`
    const sizes = []
    for (const asked of [500, 0, -3]) {
      const { body } = await large.get(`${path}?items_per_page=${asked}`)
      sizes.push([body.items_per_page, (body.items as unknown[]).length])
    }
    expect(sizes).toEqual([
      [50, 50],
      [35, 35],
      [3, 3],
    ])
    const { body } = await large.get(`${path}?items_per_page=50&start_index=50`)
    expect((body.items as unknown[]).length).toBe(Math.min(50, Number(body.total_results) - 50))
    const dates = ((await large.get(`${path}?items_per_page=50`)).body.items as SyntheticOfficerItem[])
      .filter((item) => item.resigned_on === undefined)
      .map((item) => item.appointed_on ?? '')
    expect(dates).toEqual([...dates].sort().reverse())
  })

  it('are an empty 404 for an unknown officer and an empty 400 for an unknown filter', async () => {
    const unknown = await open.get('/officers/AAAAAAAAAAAAAAAAAAAAAAAAAAA/appointments')
    expect([unknown.status, unknown.text]).toEqual([404, ''])
    expect((await open.get('/officers/AAAAAAAAAAAAAAAAAAAAAAAAAAA/appointments?filter=x')).status).toBe(400)
  })
})
