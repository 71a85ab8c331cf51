import { describe, expect, it } from 'vitest'
import { isoDay } from '../../../src/companies-house/register/cells.ts'
import { findColumns, rowReader } from '../../../src/companies-house/register/company.ts'
import { categoryOf, isSlug, statusOf } from '../../../src/companies-house/register/prose.ts'
import { HEADER, row } from './fixtures.ts'

const toCompany = rowReader(findColumns(HEADER.split(','), 'test.csv'))
const companyOf = (cells: Record<string, string> = {}) =>
  toCompany(
    row(cells)
      .slice(1, -1)
      .split('","')
      .map((cell) => cell.replaceAll('""', '"')),
  )

describe('a row of the register file', () => {
  it('becomes a company in the words of the API', () => {
    expect(
      companyOf({
        CompanyName: ' "20-20 VOICE" CANCER ',
        CompanyNumber: 'sc123456',
        CompanyStatus: 'Active - Proposal to Strike off',
        'RegAddress.AddressLine1': 'UNIT 9   BERRY COURT',
        'RegAddress.County': 'HAMPSHIRE',
        'SICCode.SicText_2': '1110 - Growing of cereals',
        'SICCode.SicText_3': 'None Supplied',
      }),
    ).toEqual({
      company_number: 'SC123456',
      company_name: '"20-20 VOICE" CANCER',
      company_status: 'active',
      company_status_detail: 'active-proposal-to-strike-off',
      type: 'ltd',
      subtype: null,
      date_of_creation: '2011-06-29',
      date_of_cessation: null,
      sic_codes: '62020,1110',
      care_of: null,
      po_box: null,
      address_line_1: 'UNIT 9   BERRY COURT',
      address_line_2: null,
      locality: 'LONDON',
      region: 'HAMPSHIRE',
      country: null,
      postal_code: 'N1 1AA',
      country_of_origin: 'United Kingdom',
      accounts_accounting_reference_date_day: null,
      accounts_accounting_reference_date_month: null,
      accounts_next_due: null,
      accounts_last_accounts_made_up_to: null,
      accounts_last_accounts_type: null,
      confirmation_statement_next_due: null,
      confirmation_statement_last_made_up_to: null,
      annual_return_next_due: null,
      annual_return_last_made_up_to: null,
      charges_count: null,
      charges_outstanding_count: null,
      charges_part_satisfied_count: null,
      charges_satisfied_count: null,
      general_partners_count: null,
      limited_partners_count: null,
      previous_company_names: null,
      uri: null,
    })
  })

  it.each([
    [{ CompanyNumber: '1234' }, { company_number: '00001234' }],
    [{ CompanyNumber: ' 00445790 ' }, { company_number: '00445790' }],
    [{ CompanyNumber: 'SP29395R' }, { company_number: 'SP29395R' }],
    [
      { CompanyStatus: '', CompanyCategory: '', IncorporationDate: '' },
      { company_status: null, type: null },
    ],
    [{ CompanyStatus: 'Gone  Fishing' }, { company_status: 'Gone Fishing', company_status_detail: null }],
    [{ CompanyCategory: 'Community Interest Company' }, { type: null, subtype: 'community-interest-company' }],
    [{ CompanyCategory: 'Other company type' }, { type: 'other' }],
    [{ CompanyCategory: 'Other company type', CompanyNumber: 'FC032315' }, { type: 'oversea-company' }],
  ])('%j gives %j', (cells, expected) => {
    expect(companyOf(cells)).toMatchObject(expected)
  })

  it('is filed without blanks around it and without characters that no format holds', () => {
    expect(companyOf({ CompanyName: 'ACME \uffff LTD ', 'RegAddress.PostTown': '\u00a0LEEDS ' })).toMatchObject({
      company_name: 'ACME \ufffd LTD',
      locality: 'LEEDS',
    })
  })

  it.each([
    [{ CompanyNumber: '123456789' }, 'not a company number: "123456789"'],
    [{ CompanyNumber: '' }, 'not a company number: ""'],
    [{ CompanyNumber: 'SC-12345' }, 'not a company number: "SC-12345"'],
    [{ CompanyName: '  ' }, 'the company name is empty'],
    [{ IncorporationDate: '31/02/2020' }, 'not a date in IncorporationDate: "31/02/2020"'],
    [{ DissolutionDate: 'soon' }, 'not a date in DissolutionDate: "soon"'],
  ])('%j is refused: %s', (cells, reason) => {
    expect(companyOf(cells)).toBe(reason)
  })

  it('is refused with too few or too many cells', () => {
    expect(toCompany(['a'])).toBe('expected 55 columns, found 1')
    expect(toCompany(Array(56).fill(''))).toBe('expected 55 columns, found 56')
  })
})

it.each([
  ['29/02/2024', '2024-02-29'],
  ['29/02/2023', undefined],
  ['29/02/1900', undefined],
  ['29/02/2000', '2000-02-29'],
  ['31/04/2020', undefined],
  ['00/01/2020', undefined],
  ['01/13/2020', undefined],
  ['2020-01-31', '2020-01-31'],
  ['1/1/2020', undefined],
  ['01/01/0000', undefined],
  ['', null],
])('the day %j is %j', (text, day) => {
  expect(isoDay(text)).toBe(day)
})

describe('the header', () => {
  it('may be in any order and hold more', () => {
    const names = HEADER.split(',').toReversed()
    const { at, width } = findColumns(['Extra', ...names], 'test.csv')
    expect([at.CompanyName, at.CompanyNumber, width]).toEqual([55, 54, 56])
  })

  it('is refused with the names of what is missing', () => {
    const names = HEADER.split(',').filter((name) => !/CompanyNumber|SicText_4/.test(name))
    expect(() => findColumns(names, 'test.csv')).toThrow('CompanyNumber, SICCode.SicText_4')
    expect(() => findColumns(['a', 'b'], 'test.csv')).toThrow('does not name any of its columns: test.csv')
  })
})

describe('prose', () => {
  it.each([
    ['Active', 'active'],
    ['LIQUIDATION', 'liquidation'],
    ['In Administration', 'administration'],
    ['In Administration/Receiver Manager', 'administration'],
    ['Live but Receiver Manager on at least one charge', 'receivership'],
    ['RECEIVER MANAGER / ADMINISTRATIVE RECEIVER', 'receivership'],
    ['VOLUNTARY ARRANGEMENT / RECEIVER MANAGER', 'voluntary-arrangement'],
    ['Converted/Closed', 'converted-closed'],
    ['insolvency-proceedings', 'insolvency-proceedings'],
  ])('status %s is %s', (prose, slug) => {
    expect(statusOf(prose)).toEqual({ company_status: slug, company_status_detail: null })
    expect(isSlug.company_status(slug)).toBe(true)
  })

  it.each([
    ['Private Limited Company', 'ltd'],
    ['PRI/LTD BY GUAR/NSC (Private, limited by guarantee, no share capital)', 'private-limited-guarant-nsc'],
    [
      "PRI/LBG/NSC (Private, Limited by guarantee, no share capital, use of 'Limited' exemption)",
      'private-limited-guarant-nsc-limited-exemption',
    ],
    [
      'PRIV LTD SECT. 30 (Private limited company, section 30 of the Companies Act)',
      'private-limited-shares-section-30-exemption',
    ],
    ['Investment Company with Variable Capital(Umbrella)', 'icvc-umbrella'],
    ['Investment Company with Variable Capital (Securities)', 'icvc-securities'],
    ['Further Education and Sixth Form College Corps', 'further-education-or-sixth-form-college-corporation'],
    ['Overseas Entity', 'registered-overseas-entity'],
    ['llp', 'llp'],
  ])('category %s is %s', (prose, slug) => {
    expect(categoryOf(prose)).toEqual({ type: slug, subtype: null })
    expect(isSlug.type(slug)).toBe(true)
  })
})
