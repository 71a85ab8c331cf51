import { describe, expect, it } from 'vitest'
import { type CompanyProfile, companyDetails } from '../../../src/companies-house/profile.ts'
import { causeOf, isCompanyWanted, parseTrigger, type StreamRules } from '../../../src/steps/stream/rules.ts'

const rules: StreamRules = { newWithinDays: 14, triggers: [] }
const company = (profile: Partial<CompanyProfile>) => companyDetails('00000001', { company_name: 'A', ...profile })

describe('a newly formed company', () => {
  it.each([
    ['2026-01-15', 'new'],
    ['2026-01-01', 'new'],
    ['2025-12-31', null],
    ['2026-01-16', 'new'],
    [null, null],
  ])('created on %s is, on 15 January and within 14 days: %s', (date_of_creation, cause) => {
    expect(causeOf(rules, undefined, company({ date_of_creation }), '2026-01-15')).toBe(cause)
  })

  it('is none that is stored already', () => {
    const known = { company_status: null, company_status_detail: null }
    expect(causeOf(rules, known, company({ date_of_creation: '2026-01-15' }), '2026-01-15')).toBeNull()
  })
})

describe('a trigger', () => {
  it('is read from how it is typed', () => {
    expect(parseTrigger('status=liquidation')).toEqual({
      column: 'company_status',
      value: 'liquidation',
      text: 'status=liquidation',
    })
  })

  it.each(['', 'status', 'status=', 'name=x', 'status=a=b', 'status=A B', 'status=liquidaton'])(
    'refuses %j',
    (text) => {
      expect(() => parseTrigger(text)).toThrow(expect.objectContaining({ kind: 'usage' }))
    },
  )
})

describe('the filters', () => {
  it('let through what has one of the types and one of the codes', () => {
    const wanted = { ...rules, types: ['ltd', 'llp'], sicCodes: ['62020', '62090'] }
    expect(isCompanyWanted(wanted, company({ type: 'llp', sic_codes: ['01110', '62090'] }))).toBe(true)
    expect(isCompanyWanted(wanted, company({ type: 'plc', sic_codes: ['62090'] }))).toBe(false)
    expect(isCompanyWanted(wanted, company({ type: 'ltd', sic_codes: ['620'] }))).toBe(false)
    expect(isCompanyWanted(wanted, company({}))).toBe(false)
  })

  it.each([
    ['EC1V 2NX', 'EC', true],
    ['EC1V 2NX', 'E', false],
    ['EC1V 2NX', 'EC1', true],
    ['ec1v2nx', 'EC1V 2', true],
    ['EC1V 2NX', 'ec1v2nx', true],
    ['W10 4AA', 'W1', false],
    ['W1A 4AA', 'W1', true],
    ['E1 4AB', 'E14', false],
    ['E1 4AB', 'E1', true],
    ['', 'E1', false],
  ])('find %j in %j: %s', (postal_code, wanted, found) => {
    const address = { registered_office_address: { postal_code } }
    expect(isCompanyWanted({ ...rules, postcodes: [wanted] }, company(address))).toBe(found)
  })
})
