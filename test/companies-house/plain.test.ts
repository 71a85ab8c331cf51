// What is surely a profile is told without the schema; both must be of one mind.
import { describe, expect, it } from 'vitest'
import { isPlainProfile } from '../../src/companies-house/plain.ts'
import { companyProfile } from '../../src/companies-house/profile.ts'

const VALUES = ['absent', null, '', ' ', 'x', '2026-01-05', '2026-01-05T', 5, true, [], ['x'], [5], [null], {}]
const PLAIN = {
  company_number: '00000001',
  company_name: 'ACME LIMITED',
  company_status: 'active',
  date_of_creation: '2020-01-05',
  sic_codes: ['62012'],
  registered_office_address: { locality: 'York', unknown: 5 },
  accounts: 5,
}

const variants = [
  ...Object.keys(companyProfile.shape).flatMap((member) => VALUES.map((value) => ({ ...PLAIN, [member]: value }))),
  ...['care_of', 'premises', 'postal_code', 'unknown'].flatMap((member) =>
    VALUES.map((value) => ({ ...PLAIN, registered_office_address: { [member]: value } })),
  ),
].map((one) => JSON.parse(JSON.stringify(one, (_, value) => (value === 'absent' ? undefined : value))) as unknown)

describe('a plain profile', () => {
  it('is what the schema takes', () => {
    const told = [PLAIN, null, [], 'x', 5, ...variants].map((one) => [one, isPlainProfile(one)])
    const judged = [PLAIN, null, [], 'x', 5, ...variants].map((one) => [one, companyProfile.safeParse(one).success])
    expect(told).toEqual(judged)
    expect(new Set(told.map(([, is]) => is))).toEqual(new Set([true, false]))
  })
})
