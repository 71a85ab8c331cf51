import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseFaults } from '../../../src/sandbox/companies-house/faults.ts'
import { servedProfile } from '../../../src/sandbox/companies-house/profiles.ts'
import { schemaCheck } from './openapi.ts'
import { basic, findCompany, opened } from './opened.ts'

function recorded(name: string): string {
  return readFileSync(new URL(`../recorded/${name}.recorded`, import.meta.url), 'utf8')
}

/** The members of every object in a value, in their order, and the type of everything else. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])]
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.entries(value).map(([name, member]) => [name, shapeOf(member)])
}

describe('the recordings', () => {
  const check = schemaCheck()

  it.each([
    ['CompanyProfile', 'company__00445790.json'],
    ['CompanyProfile', 'company__CE020555.json'],
    ['CompanyProfile', 'company__FC032315.json'],
    ['OfficerList', 'officers__empty_200.json'],
  ])('agree with the description, once patched: %s, %s', (schema, name) => {
    expect(check(schema, JSON.parse(recorded(name)))).toEqual([])
  })
})

describe('the sandbox answers like the recordings', () => {
  it.each([
    ['401_no_header.json', '/company/00445790', {}],
    ['401_invalid_key.json', '/company/00445790', { Authorization: basic('wrong') }],
  ])('byte for byte: %s', async (name, path, headers) => {
    await using open = await opened()
    expect((await open.get(path, headers)).text).toBe(recorded(name).trimEnd())
  })

  it.each(['502', '503', '504'])('byte for byte: the page of a %s', async (status) => {
    await using open = await opened({ faults: parseFaults(status) })
    expect((await open.get('/company/00445790')).text).toBe(recorded(`${status}_gateway.html`))
  })

  it.each([
    ['404_company_profile__2026.json', '/company/99999999', ''],
    ['404_company_profile__legacy.json', '/company/99999999', 'legacy404'],
    ['404_insolvency__spring.json', '/company/00445790/insolvency', ''],
    ['500_bad_company_number.json', '/company/004457901', ''],
    ['officers__empty_200.json', '/company/99999999/officers', ''],
  ])('member for member, in the same order: %s', async (name, path, faults) => {
    await using open = await opened({ faults: parseFaults(faults) })
    const { text } = await open.get(path)
    expect(shapeOf(JSON.parse(text))).toEqual(shapeOf(JSON.parse(recorded(name))))
  })

  it('value for value: the empty list of officers, the old 404', async () => {
    await using open = await opened({ faults: parseFaults('legacy404:1x') })
    expect((await open.get('/company/99999999')).text).toBe(recorded('404_company_profile__legacy.json').trimEnd())
    expect((await open.get('/company/99999999/officers')).text).toBe(recorded('officers__empty_200.json').trimEnd())
  })

  it.each(['00445790', 'CE020555', 'FC032315'])('serves the recorded profile %s as it was recorded', (number) => {
    const profile = JSON.parse(recorded(`company__${number}.json`))
    const served = JSON.stringify(servedProfile(withoutComputed(profile), Date.parse('2026-09-04')))
    // The links of the recordings stand in no order; the rest does.
    expect(JSON.parse(served)).toEqual(profile)
    expect(Object.keys(JSON.parse(served))).toEqual(Object.keys(profile))
  })

  it.each([
    ['CE020555', 'CE'],
    ['FC032315', 'FC'],
  ])('draws companies with the members of the recorded %s', async (number, prefix) => {
    await using open = await opened({ companies: 3000 })
    const alike = findCompany(
      open.world,
      (each) =>
        each.startsWith(prefix) && (prefix === 'CE' || open.world.company(each)?.previous_company_names !== undefined),
    )
    const { body } = await open.get(`/company/${alike}`)
    const { has_been_liquidated: _, ...drawn } = body
    expect(Object.keys(drawn)).toEqual(Object.keys(JSON.parse(recorded(`company__${number}.json`))))
  })
})

/** A recorded profile as the register stores it. */
function withoutComputed(profile: Record<string, unknown>): Parameters<typeof servedProfile>[0] {
  return JSON.parse(JSON.stringify(profile), (name, value) =>
    name === 'overdue' || name === 'can_file' ? undefined : value,
  )
}
