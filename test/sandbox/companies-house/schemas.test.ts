import { describe, expect, it } from 'vitest'
import { rounds } from '../../acceptance/soak.ts'
import { schemaCheck } from './openapi.ts'
import { opened } from './opened.ts'

const check = schemaCheck()
const COMPANIES = 600
const LOOKED_AT = rounds(150, 600)

describe('replies against the published description', () => {
  it('profiles, lists of officers, their appointments and registered offices', async () => {
    await using open = await opened({ companies: LOOKED_AT, seed: 12, quota: { limit: 100_000, windowMs: 300_000 } })
    const checked = { CompanyProfile: 0, OfficerList: 0, AppointmentList: 0, RegisteredOfficeAddress: 0 }
    const problems: string[] = []
    async function look(name: keyof typeof checked, path: string, when = 200): Promise<void> {
      const { status, body } = await open.get(path)
      if (status !== when) return
      checked[name] += 1
      problems.push(...check(name, body).map((problem) => `${path} ${problem}`))
    }
    for (const number of open.world.numbers()) {
      await look('CompanyProfile', `/company/${number}`)
      await look('OfficerList', `/company/${number}/officers`)
      await look('RegisteredOfficeAddress', `/company/${number}/registered-office-address`)
      const [officer] = open.world.officers(number)
      if (officer) await look('AppointmentList', officer.item.links.officer.appointments)
    }
    expect(problems).toEqual([])
    expect(checked.CompanyProfile).toBe(LOOKED_AT)
    expect(checked.OfficerList).toBe(LOOKED_AT)
    expect(checked.AppointmentList).toBeGreaterThan(LOOKED_AT * 0.8)
    expect(checked.RegisteredOfficeAddress).toBeGreaterThan(LOOKED_AT * 0.8)
  })

  it('both searches', async () => {
    await using open = await opened({ companies: COMPANIES, seed: 12 })
    const advanced = await open.get(`/advanced-search/companies?size=${COMPANIES}`)
    expect((advanced.body.items as unknown[]).length).toBe(COMPANIES)
    expect(check('AdvancedCompanySearch', advanced.body)).toEqual([])
    for (const word of ['limited', 'llp', 'group', 'uk', 'garage', 'bakery']) {
      const { body } = await open.get(`/search/companies?q=${word}&items_per_page=100`)
      expect((body.items as unknown[]).length, word).toBeGreaterThan(0)
      expect(check('CompanySearch', body), word).toEqual([])
    }
  })

  it('would notice a member of the wrong type', () => {
    expect(check('OfficerList', { kind: 'officer-list' }).length).toBeGreaterThan(3)
    expect(
      check('CompanyProfile', {
        company_name: 1,
        company_number: '1',
        type: 'ltd',
        can_file: true,
        links: { self: 'x' },
      }),
    ).toEqual(['/company_name must be string {"type":"string"}'])
  })
})
