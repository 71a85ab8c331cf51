// What the register file says beside name and address, all the way into the database and past what others have told.
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { companyDetails } from '../../../src/companies-house/profile.ts'
import { openRegister } from '../../../src/companies-house/register/source.ts'
import { insertCompany, updateCompany } from '../../../src/db/companies/companies.ts'
import { type Db, openDb } from '../../../src/db/open.ts'
import { importCompanies } from '../../../src/steps/companies/import.ts'
import { csv, HEADER, row, rows } from '../../companies-house/register/fixtures.ts'

const { signal } = new AbortController()
const NAMES = HEADER.split(',')

async function importing(db: Db, lines: string[], day: string | null = null) {
  const name = day === null ? 'register.csv' : `BasicCompanyDataAsOneFile-${day}.csv`
  const source = await openRegister({ stream: Readable.from([Buffer.from(csv(lines))]), name }, signal)
  return importCompanies(
    { db, clock: systemClock(), signal },
    { source, filter: {}, rejectsFile: '/nowhere/rejects.csv', onProgress() {} },
  )
}

const company = (db: Db, number = '00000001') =>
  db.$client.prepare('SELECT * FROM companies WHERE company_number = ?').get(number) as Record<string, unknown>
const tellers = (db: Db) => db.$client.prepare('SELECT * FROM company_tellers').all()

const ORDINARY = {
  'Accounts.AccountRefDay': '31',
  'Accounts.AccountRefMonth': '3',
  'Accounts.NextDueDate': '31/12/2026',
  'Accounts.LastMadeUpDate': '31/03/2025',
  'Accounts.AccountCategory': 'MICRO ENTITY',
  'Mortgages.NumMortCharges': '0',
  'Mortgages.NumMortOutstanding': '0',
  'Mortgages.NumMortPartSatisfied': '0',
  'Mortgages.NumMortSatisfied': '0',
  'LimitedPartnerships.NumGenPartners': '0',
  'LimitedPartnerships.NumLimPartners': '0',
  URI: 'http://business.data.gov.uk/id/company/00000001',
  ConfStmtNextDueDate: '13/07/2026',
  ConfStmtLastMadeUpDate: '29/06/2025',
}
const ORDINARY_STORED = {
  country_of_origin: 'United Kingdom',
  accounts_accounting_reference_date_day: 31,
  accounts_accounting_reference_date_month: 3,
  accounts_next_due: '2026-12-31',
  accounts_last_accounts_made_up_to: '2025-03-31',
  accounts_last_accounts_type: 'micro-entity',
  confirmation_statement_next_due: '2026-07-13',
  confirmation_statement_last_made_up_to: '2025-06-29',
  annual_return_next_due: null,
  charges_count: 0,
  charges_outstanding_count: 0,
  charges_part_satisfied_count: 0,
  charges_satisfied_count: 0,
  general_partners_count: 0,
  limited_partners_count: 0,
  previous_company_names: null,
  uri: null,
}
const SPECIAL = {
  ...ORDINARY,
  CompanyNumber: 'LP000002',
  CountryOfOrigin: 'JERSEY',
  'Returns.NextDueDate': '27/07/2017',
  'Returns.LastMadeUpDate': '29/06/2016',
  'Mortgages.NumMortCharges': '4',
  'Mortgages.NumMortOutstanding': '1',
  'Mortgages.NumMortPartSatisfied': '2',
  'Mortgages.NumMortSatisfied': '3',
  'LimitedPartnerships.NumGenPartners': '5',
  'LimitedPartnerships.NumLimPartners': '6',
  'PreviousName_1.CONDATE': '15/07/2011',
  'PreviousName_1.CompanyName': 'OLD LIMITED',
  'RegAddress.CareOf': 'SMITH',
  'RegAddress.POBox': '7',
}

describe('importing every column', () => {
  it('stores the row of an ordinary company and that of another', async () => {
    const db = openDb(':memory:')
    expect(await importing(db, [row(ORDINARY), row(SPECIAL)])).toMatchObject({ imported: 2 })
    expect(company(db)).toMatchObject(ORDINARY_STORED)
    expect(company(db, 'LP000002')).toMatchObject({
      ...ORDINARY_STORED,
      country_of_origin: 'JERSEY',
      annual_return_next_due: '2017-07-27',
      annual_return_last_made_up_to: '2016-06-29',
      charges_count: 4,
      charges_outstanding_count: 1,
      charges_part_satisfied_count: 2,
      charges_satisfied_count: 3,
      general_partners_count: 5,
      limited_partners_count: 6,
      previous_company_names: '[{"name":"OLD LIMITED","ceased_on":"2011-07-15"}]',
      uri: 'http://business.data.gov.uk/id/company/00000001',
      care_of: 'SMITH',
      po_box: '7',
    })
    expect(tellers(db)).toEqual([])
  })

  it('leaves out what cannot be right, counts it and notes it, and imports the company', async () => {
    const db = openDb(':memory:')
    const odd = { 'Accounts.NextDueDate': '31/02/2026', 'Mortgages.NumMortCharges': 'many' }
    const summary = await importing(db, [row(odd), ...rows(3, 2)])
    expect(summary).toMatchObject({
      imported: 4,
      rejected: 0,
      odd_cells: { 'Accounts.NextDueDate': 1, 'Mortgages.NumMortCharges': 1 },
    })
    expect(company(db)).toMatchObject({ company_name: 'ACME LIMITED', accounts_next_due: null, charges_count: null })
    expect(db.$client.prepare('SELECT kind, company_number, detail FROM notes ORDER BY id').all()).toEqual([
      {
        kind: 'odd-register-cell',
        company_number: '00000001',
        detail: '{"column":"Accounts.NextDueDate","cell":"31/02/2026"}',
      },
      {
        kind: 'odd-register-cell',
        company_number: '00000001',
        detail: '{"column":"Mortgages.NumMortCharges","cell":"many"}',
      },
    ])
  })

  it('says what SIC codes are called, in the words of the newest file', async () => {
    const db = openDb(':memory:')
    const sic = (text: string, day: string | null) => importing(db, [row({ 'SICCode.SicText_1': text })], day)
    const named = () => db.$client.prepare('SELECT * FROM sic_descriptions ORDER BY code').all()
    await sic('62012 - Business software', '2026-02-01')
    await sic('62012 - Business and domestic software development', '2026-03-01')
    await sic('62012 - An older wording', '2026-01-01')
    await sic('62012 - Of an unknown day', null)
    await sic('7499 - Non-trading company', null)
    expect(named()).toEqual([
      { code: '62012', description: 'Business and domestic software development' },
      { code: '7499', description: 'Non-trading company' },
    ])
  })
})

describe('importing over what others have told', () => {
  const told = {
    company_name: 'ACME LIMITED',
    company_status: 'active',
    has_charges: true,
    term: 'TEN YEARS',
    accounts: { next_due: '2026-01-01', next_made_up_to: '2026-01-02', overdue: true },
    annual_return: { next_due: '2015-01-01' },
  }
  const origin = { source: 'rest', fetchedAt: '2026-01-15T00:00:00.000Z', runId: 9 }

  it('takes what a newer file says, and keeps what it does not know', async () => {
    const db = openDb(':memory:')
    insertCompany(db, companyDetails('00000001', told), origin)
    expect(await importing(db, [row(ORDINARY), ...rows(2, 2)], '2026-02-01')).toMatchObject({ inserted: 2, updated: 1 })
    expect(company(db)).toMatchObject({
      ...ORDINARY_STORED,
      source: 'register-file',
      has_charges: 1,
      term: 'TEN YEARS',
      accounts_next_made_up_to: '2026-01-02',
      accounts_overdue: 1,
      annual_return_next_due: '2015-01-01',
    })
    expect(await importing(db, [row({ CompanyName: 'ACME PLC' })], '2026-03-01')).toMatchObject({ updated: 1 })
    expect(company(db)).toMatchObject({
      company_name: 'ACME PLC',
      charges_count: null,
      accounts_next_due: null,
      term: 'TEN YEARS',
      annual_return_next_due: '2015-01-01',
    })
    updateCompany(db, companyDetails('00000001', { company_name: 'ACME PLC' }), origin)
    expect(company(db)).toMatchObject({ term: null, has_charges: null, country_of_origin: 'United Kingdom' })
  })

  it('keeps what a file has no columns for', async () => {
    const without = (line: string) =>
      line
        .split(',')
        .filter((_cell, index) => !/Mortgages|CountryOfOrigin|PreviousName|Accounts.Account/.test(NAMES[index] ?? ''))
        .join(',')
    const import2 = async (db: Db, day: string) => {
      const name = `BasicCompanyDataAsOneFile-${day}.csv`
      const text = [HEADER, row({ CompanyName: 'ACME PLC' })].map((line) => `${without(line)}\n`).join('')
      const source = await openRegister({ stream: Readable.from([Buffer.from(text)]), name }, signal)
      const options = { source, filter: {}, rejectsFile: '/nowhere/rejects.csv', onProgress() {} }
      return importCompanies({ db, clock: systemClock(), signal }, options)
    }
    const kept = {
      company_name: 'ACME PLC',
      country_of_origin: 'United Kingdom',
      charges_count: 0,
      accounts_accounting_reference_date_day: 31,
      accounts_last_accounts_type: 'micro-entity',
      accounts_next_due: null,
      confirmation_statement_next_due: null,
    }
    for (const others of [false, true]) {
      const db = openDb(':memory:')
      await importing(db, [row(ORDINARY)], '2026-02-01')
      if (others) updateCompany(db, companyDetails('00000001', { company_name: 'ACME', term: 'TEN YEARS' }), origin)
      expect(await import2(db, '2026-03-01')).toMatchObject({ updated: 1, rejected: 0 })
      expect(company(db)).toMatchObject({ ...kept, term: others ? 'TEN YEARS' : null })
    }
  })

  it('keeps all of it against an older file', async () => {
    const db = openDb(':memory:')
    insertCompany(db, companyDetails('00000001', told), origin)
    const before = company(db)
    expect(await importing(db, [row(ORDINARY)], '2026-01-01')).toMatchObject({ updated: 0, kept_newer: 1 })
    expect(company(db)).toEqual(before)
  })

  it('does so for more companies than one page holds', async () => {
    const db = openDb(':memory:')
    for (let n = 1; n <= 1200; n += 1) {
      insertCompany(db, companyDetails(String(n).padStart(8, '0'), told), origin)
    }
    expect(await importing(db, rows(1300), '2026-02-01')).toMatchObject({ inserted: 100, updated: 1200, kept_newer: 0 })
    const kept = "SELECT count(*) FROM companies WHERE term = 'TEN YEARS' AND source = 'register-file'"
    expect(db.$client.prepare(kept).pluck().get()).toBe(1200)
    expect(await importing(db, rows(1300), '2026-03-01')).toMatchObject({ inserted: 0, updated: 1300 })
    expect(db.$client.prepare(kept).pluck().get()).toBe(1200)
  })
})
