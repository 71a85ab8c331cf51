import { describe, expect, it } from 'vitest'
import type { SyntheticOfficerItem } from '../../../src/sandbox/world/shapes.ts'
import { items, tried } from './tried.ts'

describe('lists of officers', () => {
  it('404: empty, as while the metrics are missing', async () => {
    await using trial = await tried('404:1x')
    const answer = await trial.officers()
    expect([answer.status, answer.text]).toEqual([404, ''])
  })

  it('legacy404: none is a 404, and so is an unknown company with the old body', async () => {
    await using trial = await tried('legacy404')
    trial.open.world.override(trial.number, { officers: 0 })
    expect((await trial.officers()).status).toBe(404)
    const unknown = await trial.open.get('/company/99999999')
    expect([unknown.status, unknown.text]).toEqual([
      404,
      '{"errors":[{"type":"ch:service","error":"company-profile-not-found"}]}',
    ])
  })

  it('totals: the counts disagree with the items, either way', async () => {
    await using trial = await tried('totals')
    const less = await trial.officers()
    expect([less.body.total_results, items(less).length]).toEqual([39, 35])
    const more = await trial.officers('?items_per_page=100')
    expect([more.body.total_results, items(more).length]).toEqual([43, 40])
  })

  it('repeat: every page is the first', async () => {
    await using trial = await tried('repeat')
    const first = await trial.officers()
    const second = await trial.officers('?start_index=35')
    expect(items(second)).toEqual(items(first))
    expect(second.body.start_index).toBe(35)
  })

  it('shift: somebody is appointed between two pages', async () => {
    await using trial = await tried('shift:1x')
    const before = trial.open.world.officers(trial.number)
    const read = [...items(await trial.officers()), ...items(await trial.officers('?start_index=35'))]
    const after = trial.open.world.officers(trial.number)
    expect(after.length).toBe(41)
    expect(after[0]?.nameElements?.surname).toBe('AARDVARK')
    expect(read.length).toBe(41)
    expect(read[34]).toEqual(read[35])
    expect(new Set(read.map((item) => item.links.self))).toEqual(new Set(before.map(({ item }) => item.links.self)))
  })

  it('no-links: items without links.self', async () => {
    await using trial = await tried('no-links')
    for (const { links } of items(await trial.officers())) {
      expect(links).toEqual({ officer: { appointments: expect.stringMatching(/^\/officers\//) } })
    }
  })

  it('emptied: a list of nobody in place of any list', async () => {
    await using trial = await tried('emptied:1x')
    expect((await trial.officers()).body).toMatchObject({ kind: 'officer-list', items: [], total_results: 0 })
    expect((await trial.officers()).body).toMatchObject({ total_results: 40 })
  })

  it('not-a-list: other JSON, of every kind over some companies', async () => {
    await using trial = await tried('not-a-list')
    const bodies = await Promise.all(
      Array.from({ length: 40 }, (_, at) => trial.open.get(`/company/${trial.open.world.companyNumber(at)}/officers`)),
    )
    expect(bodies.map(({ status }) => status)).toEqual(Array(40).fill(200))
    const kinds = new Set(bodies.map(({ body }) => Object.keys(body).join()))
    expect([...kinds].sort()).toEqual(
      ['', 'error,type', 'errors', 'items,total_results', 'items,total_results,active_count', 'message'].sort(),
    )
  })

  it('odd-items: nulls, no name, unknown roles, wrong types, unknown members', async () => {
    await using trial = await tried('odd-items')
    const list = items(await trial.officers()) as (SyntheticOfficerItem | null)[]
    expect(list.length).toBe(35)
    expect(list.filter((item) => item === null).length).toBe(7)
    expect(list.filter((item) => item !== null && !('name' in item)).length).toBe(7)
    expect(list.filter((item) => item?.officer_role === 'chief-vibes-officer').length).toBe(7)
    expect(list.filter((item) => typeof item?.appointed_on === 'number').length).toBe(7)
    expect(list.filter((item) => item !== null && 'favourite_colour' in item).length).toBe(7)
  })

  it('nulls: absent members are null', async () => {
    await using trial = await tried('nulls')
    for (const item of items(await trial.officers())) {
      expect(item).toHaveProperty('resigned_on')
      expect(item.address).toHaveProperty('po_box')
    }
    const profile = await trial.open.get(`/company/${trial.number}`)
    expect(profile.body.date_of_cessation).toBeNull()
    expect(profile.body.registered_office_address).toMatchObject({ premises: null })
  })

  it('escape-codes: names try to steer the terminal', async () => {
    await using trial = await tried('escape-codes')
    const control = String.fromCharCode(27)
    const [officer] = items(await trial.officers())
    expect(officer?.name.startsWith(`${control}[31m`)).toBe(true)
    const profile = await trial.open.get(`/company/${trial.number}`)
    expect(String(profile.body.company_name)).toContain(control)
  })

  it('huge: more than 16 MB', async () => {
    await using trial = await tried('huge')
    const answer = await trial.officers()
    expect(answer.text.length).toBeGreaterThan(16 * 1024 * 1024)
    expect(items(answer).length).toBe(35)
  })
})
