import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { companyProfile, readProfile } from '../../src/companies-house/profile.ts'
import { dataDictionary, filedColumns } from '../../src/db/dataset/dictionary.ts'

const read = (profile: object) =>
  readProfile('00000001', companyProfile.parse({ company_name: 'ACME LIMITED', ...profile }))
const recorded = (name: string) =>
  JSON.parse(readFileSync(new URL(`../sandbox/recorded/${name}.json.recorded`, import.meta.url), 'utf8')) as object

const EVERY = {
  accounts: {
    accounting_reference_date: { day: '01', month: '12' },
    last_accounts: {
      made_up_to: '2025-01-01',
      period_start_on: '2025-01-02',
      period_end_on: '2025-01-03',
      type: 'micro-entity',
    },
    next_accounts: {
      due_on: '2025-01-04',
      overdue: true,
      period_start_on: '2025-01-05',
      period_end_on: '2025-01-06',
    },
    next_due: '2025-01-07',
    next_made_up_to: '2025-01-08',
    overdue: false,
  },
  confirmation_statement: {
    last_made_up_to: '2025-02-01',
    next_due: '2025-02-02',
    next_made_up_to: '2025-02-03',
    overdue: true,
  },
  annual_return: {
    last_made_up_to: '2015-02-01',
    next_due: '2015-02-02',
    next_made_up_to: '2015-02-03',
    overdue: false,
  },
  previous_company_names: [{ ceased_on: '2014-02-03', effective_from: '2010-01-01', name: 'OLD LIMITED' }],
  has_charges: true,
  has_insolvency_history: false,
  has_been_liquidated: true,
  has_super_secure_pscs: false,
  registered_office_is_in_dispute: true,
  undeliverable_registered_office_address: false,
  is_community_interest_company: true,
  can_file: false,
  partial_data_available: 'full-data-available-from-the-company',
  external_registration_number: ' 1187753 ',
  last_full_members_list_date: '2013-06-07',
  term: 'UNTIL NOTICE',
  service_address: { locality: 'York', address_line_1: '1 High Street' },
  branch_company_details: { business_activity: 'Freight', parent_company_name: 'A', parent_company_number: 'FC000001' },
  foreign_company_details: { legal_form: 'Gmbh', accounts: { must_file_within: { months: '5' } } },
  corporate_annotation: [{ type: 'other', description: 'Rectified', created_on: '2020-01-01' }],
  etag: 'b0711fe6fc8e9936a50a1e14e40ef9367f46bbf6',
}

describe('the members of a profile', () => {
  it('are found in their columns, every one', () => {
    const { details, odd } = read(EVERY)
    expect(odd).toEqual([])
    expect(details).toMatchObject({
      accounts_accounting_reference_date_day: 1,
      accounts_accounting_reference_date_month: 12,
      accounts_last_accounts_made_up_to: '2025-01-01',
      accounts_last_accounts_period_start_on: '2025-01-02',
      accounts_last_accounts_period_end_on: '2025-01-03',
      accounts_last_accounts_type: 'micro-entity',
      accounts_next_accounts_due_on: '2025-01-04',
      accounts_next_accounts_overdue: 1,
      accounts_next_accounts_period_start_on: '2025-01-05',
      accounts_next_accounts_period_end_on: '2025-01-06',
      accounts_next_due: '2025-01-07',
      accounts_next_made_up_to: '2025-01-08',
      accounts_overdue: 0,
      confirmation_statement_last_made_up_to: '2025-02-01',
      confirmation_statement_next_due: '2025-02-02',
      confirmation_statement_next_made_up_to: '2025-02-03',
      confirmation_statement_overdue: 1,
      annual_return_last_made_up_to: '2015-02-01',
      annual_return_next_due: '2015-02-02',
      annual_return_next_made_up_to: '2015-02-03',
      annual_return_overdue: 0,
      previous_company_names: '[{"name":"OLD LIMITED","effective_from":"2010-01-01","ceased_on":"2014-02-03"}]',
      has_charges: 1,
      has_insolvency_history: 0,
      has_been_liquidated: 1,
      has_super_secure_pscs: 0,
      registered_office_is_in_dispute: 1,
      undeliverable_registered_office_address: 0,
      is_community_interest_company: 1,
      can_file: 0,
      partial_data_available: 'full-data-available-from-the-company',
      external_registration_number: '1187753',
      last_full_members_list_date: '2013-06-07',
      term: 'UNTIL NOTICE',
      service_address: '{"address_line_1":"1 High Street","locality":"York"}',
      branch_company_details:
        '{"business_activity":"Freight","parent_company_name":"A","parent_company_number":"FC000001"}',
      foreign_company_details: '{"accounts":{"must_file_within":{"months":"5"}},"legal_form":"Gmbh"}',
      corporate_annotation: '[{"created_on":"2020-01-01","description":"Rectified","type":"other"}]',
      etag: 'b0711fe6fc8e9936a50a1e14e40ef9367f46bbf6',
    })
    const filed = filedColumns(dataDictionary.companies).filter(({ member }) => !member.startsWith('registered_office'))
    for (const { column } of filed)
      expect([column, details]).toEqual([column, expect.objectContaining({ [column]: expect.anything() })])
  })

  it('may all be absent, null or empty', () => {
    for (const value of [undefined, null]) {
      const empty = Object.fromEntries(Object.keys(EVERY).map((member) => [member, value]))
      const { details, odd } = read(empty)
      expect(odd).toEqual([])
      expect(Object.values(details).filter((one) => one !== null)).toEqual(['00000001', 'ACME LIMITED'])
    }
    expect(read({ service_address: {}, corporate_annotation: [], term: '', accounts: {} }).details).toMatchObject({
      service_address: null,
      corporate_annotation: null,
      term: null,
    })
  })

  it.each([
    [{ has_charges: 'yes' }, 'has_charges', '"yes"'],
    [{ has_charges: 1 }, 'has_charges', '1'],
    [{ accounts: { next_due: '31/12/2026' } }, 'accounts.next_due', '"31/12/2026"'],
    [{ accounts: { accounting_reference_date: { day: 'x' } } }, 'accounts.accounting_reference_date.day', '"x"'],
    [{ foreign_company_details: 'FRANCE' }, 'foreign_company_details', '"FRANCE"'],
    [{ etag: 5 }, 'etag', '5'],
    [{ term: { years: 5 } }, 'term', '{"years":5}'],
  ])('that cannot be right are left out, and told of: %j', (profile, member, value) => {
    const { details, odd } = read(profile)
    expect(odd).toEqual([{ member, value }])
    expect(Object.values(details).filter((one) => one !== null)).toEqual(['00000001', 'ACME LIMITED'])
  })

  it('may be of the wrong kind above, nested without end, or somebody else’s', () => {
    let deep: unknown = 'x'
    for (let level = 0; level < 20_000; level += 1) deep = [deep]
    const { details, odd } = read({ accounts: 'none', service_address: { deep } })
    // Some releases of Node can write so many levels as JSON, others cannot.
    const value = expect.stringMatching(/^(?:"nested too deeply to be kept"|\{"deep":\[{10,200})$/)
    expect(odd).toEqual([{ member: 'service_address', value }])
    expect(details).toMatchObject({ accounts_next_due: null, service_address: null })
    expect(read(JSON.parse('{"accounts":{"__proto__":{"next_due":"2025-01-01"}}}')).details.accounts_next_due).toBe(
      null,
    )
  })
})

describe('a recorded profile', () => {
  it('of an overseas company says where its home register is, and that no type of accounts is known', () => {
    const { details, odd } = read(recorded('company__FC032315'))
    expect(odd).toEqual([])
    expect(details).toMatchObject({
      accounts_last_accounts_type: 'no-accounts-type-available',
      external_registration_number: '503110595',
      can_file: 0,
    })
    expect(JSON.parse(details.foreign_company_details ?? '')).toMatchObject({
      originating_registry: { country: 'FRANCE' },
      accounts: { account_period_to: { day: '31', month: '12' } },
    })
  })

  it('of a company that has had other names lists them, the latest first', () => {
    const { details } = read(recorded('company__00445790'))
    expect(JSON.parse(details.previous_company_names ?? '')[1]).toEqual({
      name: 'TESCO STORES (HOLDINGS) LIMITED',
      effective_from: '1947-11-27',
      ceased_on: '1981-12-14',
    })
  })
})
