import { describe, expect, it } from 'vitest'
import { findColumns, rowReader } from '../../../src/companies-house/register/company.ts'
import { accountsCategory } from '../../../src/companies-house/register/filings.ts'
import { HEADER, row } from './fixtures.ts'

const columns = findColumns(HEADER.split(','), 'test.csv')

/** The company of a row, with the cells that were told of as odd and the SIC codes that were named. */
function read(cells: Record<string, string> = {}) {
  const odd: [string, string][] = []
  const sic: [string, string][] = []
  const toCompany = rowReader(columns, {
    onOddCell: (...cell) => odd.push(cell),
    onSic: (...named) => sic.push(named),
  })
  const company = toCompany(
    row(cells)
      .slice(1, -1)
      .split('","')
      .map((cell) => cell.replaceAll('""', '"')),
  )
  return { company, odd, sic }
}

describe('what a row says beside name, address and status', () => {
  it('is in the form of the API, each cell in its column', () => {
    const { company, odd } = read({
      CountryOfOrigin: 'FRANCE',
      'Accounts.AccountRefDay': '31',
      'Accounts.AccountRefMonth': '9',
      'Accounts.NextDueDate': '01/02/2026',
      'Accounts.LastMadeUpDate': '02/02/2026',
      'Accounts.AccountCategory': 'TOTAL EXEMPTION FULL',
      'Returns.NextDueDate': '03/02/2026',
      'Returns.LastMadeUpDate': '04/02/2026',
      'Mortgages.NumMortCharges': '11',
      'Mortgages.NumMortOutstanding': '12',
      'Mortgages.NumMortPartSatisfied': '13',
      'Mortgages.NumMortSatisfied': '14',
      'LimitedPartnerships.NumGenPartners': '15',
      'LimitedPartnerships.NumLimPartners': '16',
      URI: 'http://business.data.gov.uk/id/company/SOMETHING-ELSE',
      ConfStmtNextDueDate: '05/02/2026',
      ConfStmtLastMadeUpDate: '06/02/2026',
      ...Object.fromEntries(
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].flatMap((n) => [
          [`PreviousName_${n}.CONDATE`, `${String(n).padStart(2, '0')}/03/2020`],
          [`PreviousName_${n}.CompanyName`, `NAME "${n}" LIMITED`],
        ]),
      ),
    })
    expect(odd).toEqual([])
    expect(company).toMatchObject({
      country_of_origin: 'FRANCE',
      accounts_accounting_reference_date_day: 31,
      accounts_accounting_reference_date_month: 9,
      accounts_next_due: '2026-02-01',
      accounts_last_accounts_made_up_to: '2026-02-02',
      accounts_last_accounts_type: 'total-exemption-full',
      annual_return_next_due: '2026-02-03',
      annual_return_last_made_up_to: '2026-02-04',
      charges_count: 11,
      charges_outstanding_count: 12,
      charges_part_satisfied_count: 13,
      charges_satisfied_count: 14,
      general_partners_count: 15,
      limited_partners_count: 16,
      uri: 'http://business.data.gov.uk/id/company/SOMETHING-ELSE',
      confirmation_statement_next_due: '2026-02-05',
      confirmation_statement_last_made_up_to: '2026-02-06',
    })
    const names = JSON.parse((company as { previous_company_names: string }).previous_company_names)
    expect(names).toHaveLength(10)
    expect(names[0]).toEqual({ name: 'NAME "1" LIMITED', ceased_on: '2020-03-01' })
    expect(names[9]).toEqual({ name: 'NAME "10" LIMITED', ceased_on: '2020-03-10' })
  })

  it('is null where a cell is empty, and where the address on the web is the usual one', () => {
    const { company, odd } = read({ URI: 'http://business.data.gov.uk/id/company/00000001', CountryOfOrigin: '' })
    expect(odd).toEqual([])
    expect(company).toMatchObject({
      country_of_origin: null,
      accounts_accounting_reference_date_day: null,
      accounts_next_due: null,
      accounts_last_accounts_type: null,
      charges_count: null,
      previous_company_names: null,
      uri: null,
    })
  })

  it.each([
    ['Accounts.AccountRefDay', '32', 'accounts_accounting_reference_date_day'],
    ['Accounts.AccountRefDay', '0', 'accounts_accounting_reference_date_day'],
    ['Accounts.AccountRefMonth', '13', 'accounts_accounting_reference_date_month'],
    ['Accounts.NextDueDate', '31/02/2026', 'accounts_next_due'],
    ['ConfStmtNextDueDate', 'soon', 'confirmation_statement_next_due'],
    ['Mortgages.NumMortCharges', '-1', 'charges_count'],
    ['LimitedPartnerships.NumLimPartners', '1.5', 'limited_partners_count'],
  ])('is left out, and told of, where %s is %s', (cell, text, column) => {
    const { company, odd } = read({ [cell]: text })
    expect(company).toMatchObject({ company_number: '00000001', [column]: null })
    expect(odd).toEqual([[cell, text]])
  })

  it('keeps an earlier name without a day, and passes over a day without a name', () => {
    const { company, odd } = read({
      'PreviousName_1.CONDATE': '99/99/2020',
      'PreviousName_1.CompanyName': 'ONE LIMITED',
      'PreviousName_2.CONDATE': '01/01/2019',
      'PreviousName_4.CompanyName': 'FOUR LIMITED',
    })
    expect(company).toMatchObject({ previous_company_names: '[{"name":"ONE LIMITED"},{"name":"FOUR LIMITED"}]' })
    expect(odd).toEqual([
      ['PreviousName_1.CONDATE', '99/99/2020'],
      ['PreviousName_2.CompanyName', ''],
    ])
  })

  it('names the SIC codes, those of four digits too', () => {
    const { company, sic } = read({
      'SICCode.SicText_1': '62012 - Business and domestic software development',
      'SICCode.SicText_2': '7499 - Non-trading company',
      'SICCode.SicText_3': '99999',
      'SICCode.SicText_4': 'None Supplied',
    })
    expect(company).toMatchObject({ sic_codes: '62012,7499,99999' })
    expect(sic).toEqual([
      ['62012', 'Business and domestic software development'],
      ['7499', 'Non-trading company'],
    ])
  })

  it('is null in a file that has no such columns', () => {
    const names = HEADER.split(',').filter(
      (name) => /Company|RegAddress|Date|SICCode/.test(name) && !/_\d+\.C/.test(name),
    )
    const { stored, width } = findColumns(names, 'test.csv')
    expect(stored.every((place) => place >= 0 && place < width)).toBe(true)
    const toCompany = rowReader(findColumns(names, 'test.csv'))
    const cells = names.map((name): string => (name.trim() === 'CompanyNumber' ? '00000001' : ''))
    cells[0] = 'ACME LIMITED'
    expect(toCompany(cells)).toMatchObject({ company_name: 'ACME LIMITED', charges_count: null, uri: null })
  })
})

it.each([
  ['MICRO ENTITY', 'micro-entity'],
  ['AUDIT EXEMPTION SUBSIDIARY', 'audit-exemption-subsidiary'],
  ['Unaudited  Abridged', 'unaudited-abridged'],
  ['NO ACCOUNTS FILED', null],
  ['ACCOUNTS TYPE NOT AVAILABLE', 'no-accounts-type-available'],
  ['', null],
  ['NEW TYPE (2027)', 'NEW TYPE (2027)'],
])('the accounts category %j is %j', (prose, slug) => {
  expect(accountsCategory(prose)).toBe(slug)
})
