import { describe, expect, it } from 'vitest'
import { companyDetails } from '../../../src/companies-house/profile.ts'
import {
  insertCompany,
  markDeleted,
  rewriteCompany,
  saveFoundCompanies,
  updateCompany,
} from '../../../src/db/companies/companies.ts'
import type { CompanyFacts } from '../../../src/db/companies/told.ts'
import {
  mergeTold,
  PROFILE_COLUMNS,
  REGISTER_COLUMNS,
  type StoredCompany,
  TOLD_COLUMNS,
} from '../../../src/db/companies/told.ts'
import { dataDictionary } from '../../../src/db/dataset/dictionary.ts'
import { type Db, openDb } from '../../../src/db/open.ts'
import { companies, company_tellers } from '../../../src/db/schema.ts'

const NUMBER = '00000001'
const origin = (source: string, day = '2026-01-05') => ({ source, fetchedAt: `${day}T12:00:00.000Z`, runId: 1 })
const profile = (members: object = {}) => companyDetails(NUMBER, { company_name: 'ACME LIMITED', ...members })
const filedFacts = (facts: Partial<CompanyFacts> = {}) =>
  ({
    ...Object.fromEntries(REGISTER_COLUMNS.map((column) => [column, null])),
    company_number: NUMBER,
    company_name: 'ACME LIMITED',
    ...facts,
  }) as CompanyFacts
const fromFile = (db: Db, facts: Partial<CompanyFacts> = {}) =>
  rewriteCompany(db, filedFacts(facts), origin('register-file'), { deletedBefore: '' })
const stored = (db: Db) => db.select().from(companies).get()

describe('who tells which column', () => {
  it('is as the dictionary says', () => {
    const from = (service: string) =>
      Object.entries(dataDictionary.companies.columns).flatMap(([column, { source }]) =>
        source.includes(service) ? [column] : [],
      )
    expect(REGISTER_COLUMNS.toSorted()).toEqual(from('register file').toSorted())
    expect(PROFILE_COLUMNS.toSorted()).toEqual(from('company profile').toSorted())
    expect(REGISTER_COLUMNS).toEqual(expect.arrayContaining(['uri', 'charges_count', 'accounts_next_due']))
    for (const column of ['jurisdiction', 'premises', 'has_charges', 'accounts_overdue', 'officers_count', 'source'])
      expect(REGISTER_COLUMNS).not.toContain(column)
    for (const column of ['charges_count', 'uri', 'country_of_origin', 'general_partners_count'])
      expect(PROFILE_COLUMNS).not.toContain(column)
    expect(TOLD_COLUMNS).toEqual(expect.arrayContaining(['jurisdiction', 'premises', 'term', 'uri']))
  })
})

describe('a source that lacks a value', () => {
  it('leaves what another has told, however often it tells', () => {
    const db = openDb(':memory:')
    insertCompany(
      db,
      filedFacts({
        company_status: 'active',
        charges_count: 3,
        uri: 'urn:x',
        accounts_next_due: '2026-09-30',
        country_of_origin: 'United Kingdom',
        sic_codes: '62012',
      }),
      origin('register-file'),
    )
    for (const source of ['stream', 'stream', 'rest', 'rest', 'search', 'stream'])
      updateCompany(db, profile(), origin(source))
    expect(stored(db)).toMatchObject({
      source: 'stream',
      company_status: 'active',
      charges_count: 3,
      uri: 'urn:x',
      accounts_next_due: '2026-09-30',
      country_of_origin: 'United Kingdom',
      sic_codes: '62012',
    })
  })

  it('takes back what it has told itself', () => {
    const db = openDb(':memory:')
    insertCompany(db, profile({ term: 'TEN YEARS', sic_codes: ['62012'] }), origin('stream'))
    fromFile(db, { accounts_next_due: '2026-09-30', charges_count: 3 })
    expect(stored(db)).toMatchObject({ term: 'TEN YEARS', sic_codes: '62012', charges_count: 3 })
    updateCompany(db, profile({}), origin('stream'))
    expect(stored(db)).toMatchObject({ term: null, sic_codes: null, charges_count: 3, accounts_next_due: '2026-09-30' })
    fromFile(db)
    expect(stored(db)).toMatchObject({ charges_count: null, accounts_next_due: null })
    expect(db.select().from(company_tellers).all()).toEqual([])
  })

  it('is an event, for what the register works out when it is asked', () => {
    const db = openDb(':memory:')
    insertCompany(db, profile({ has_charges: true, accounts: { overdue: true }, can_file: false }), origin('rest'))
    updateCompany(db, profile({ accounts: { next_due: '2026-09-30' } }), origin('stream'))
    expect(stored(db)).toMatchObject({
      has_charges: 1,
      accounts_overdue: 1,
      can_file: 0,
      accounts_next_due: '2026-09-30',
    })
    fromFile(db, { charges_count: 1 })
    updateCompany(db, profile(), origin('stream'))
    expect(stored(db)).toMatchObject({ has_charges: 1, accounts_overdue: 1, can_file: 0, charges_count: 1 })
    updateCompany(db, profile(), origin('rest'))
    expect(stored(db)).toMatchObject({
      has_charges: null,
      accounts_overdue: null,
      can_file: null,
      accounts_next_due: null,
      charges_count: 1,
    })
  })

  it('gives up what it told once another has told it', () => {
    const db = openDb(':memory:')
    insertCompany(db, filedFacts({ accounts_next_due: '2026-09-30' }), origin('register-file'))
    updateCompany(db, profile({ accounts: { next_due: '2027-09-30' } }), origin('stream'))
    fromFile(db)
    expect(stored(db)).toMatchObject({ accounts_next_due: '2027-09-30', source: 'register-file' })
    updateCompany(db, profile(), origin('stream'))
    expect(stored(db)).toMatchObject({ accounts_next_due: null })
  })

  it('holds across a deletion by another', () => {
    const db = openDb(':memory:')
    insertCompany(db, filedFacts({ accounts_next_due: '2026-09-30' }), origin('register-file'))
    markDeleted(db, NUMBER, origin('stream'))
    updateCompany(db, profile(), origin('stream'))
    expect(stored(db)).toMatchObject({ accounts_next_due: '2026-09-30', deleted_at: null })
    fromFile(db)
    expect(stored(db)).toMatchObject({ accounts_next_due: null })
  })
})

describe('a search result', () => {
  const found = {
    company_number: NUMBER,
    company_name: 'ACME LIMITED',
    fetched_at: '2026-01-05T12:00:00.000Z',
    run_id: 1,
  }

  it('takes no deletion back, and adds companies that are not stored', () => {
    const db = openDb(':memory:')
    insertCompany(db, profile({ term: 'TEN YEARS' }), origin('stream'))
    markDeleted(db, NUMBER, origin('stream'))
    saveFoundCompanies(db, [
      { ...found, source: 'search', type: 'ltd' },
      { ...found, source: 'search', company_number: '00000002' },
    ])
    expect(stored(db)).toMatchObject({ type: 'ltd', term: 'TEN YEARS', deleted_at: '2026-01-05T12:00:00.000Z' })
    expect(db.select().from(companies).all()).toHaveLength(2)
  })

  it('knows a status without its detail, which belongs to the status', () => {
    const db = openDb(':memory:')
    const detail = 'active-proposal-to-strike-off'
    insertCompany(db, profile({ company_status: 'active', company_status_detail: detail }), origin('stream'))
    saveFoundCompanies(db, [{ ...found, source: 'search', company_status: 'active' }])
    expect(stored(db)).toMatchObject({ company_status: 'active', company_status_detail: detail })
    saveFoundCompanies(db, [{ ...found, source: 'search', company_status: 'liquidation' }])
    expect(stored(db)).toMatchObject({ company_status: 'liquidation', company_status_detail: null })
  })
})

describe('what is told together', () => {
  it('is a status with its detail and its end, and an address', () => {
    const db = openDb(':memory:')
    insertCompany(
      db,
      filedFacts({
        company_status: 'active',
        company_status_detail: 'active-proposal-to-strike-off',
        care_of: 'SMITH',
        postal_code: 'N1 1AA',
      }),
      origin('register-file'),
    )
    updateCompany(
      db,
      profile({ company_status: 'active', registered_office_address: { premises: '8', postal_code: 'N1 1AB' } }),
      origin('stream'),
    )
    expect(stored(db)).toMatchObject({
      company_status_detail: null,
      care_of: null,
      premises: '8',
      postal_code: 'N1 1AB',
    })
    fromFile(db, { address_line_1: '8 HIGH STREET' })
    expect(stored(db)).toMatchObject({ premises: null, address_line_1: '8 HIGH STREET', postal_code: null })
  })
})

describe('earlier names', () => {
  const names = [{ name: 'OLD LIMITED', effective_from: '2010-01-01', ceased_on: '2014-02-03' }]

  it('keep the day on which they began where the file has the same names', () => {
    const db = openDb(':memory:')
    insertCompany(db, profile({ previous_company_names: names }), origin('rest'))
    fromFile(db, { previous_company_names: '[{"name":"OLD LIMITED","ceased_on":"2014-02-03"}]' })
    expect(JSON.parse(stored(db)?.previous_company_names ?? '')).toEqual(names)
    fromFile(db, { previous_company_names: '[{"name":"NEWER LIMITED","ceased_on":"2026-02-03"}]' })
    expect(stored(db)?.previous_company_names).toBe('[{"name":"NEWER LIMITED","ceased_on":"2026-02-03"}]')
  })
})

it('any order of tellers ends as a model with one value for each of them would', () => {
  const sources = ['register-file', 'rest', 'stream'] as const
  let state = 7
  const random = (below: number) => {
    state = (state * 1103515245 + 12345) % 2147483648
    return Math.floor((state / 2147483648) * below)
  }
  const columns = ['accounts_next_due', 'term', 'charges_count', 'sic_codes'] as const
  for (let round = 0; round < 300; round += 1) {
    const model = new Map<string, { value: number | null; by: string }>()
    let row: StoredCompany = { source: 'stream', told_by: null }
    for (let step = 0; step < 8; step += 1) {
      const source = sources[random(3)] ?? 'rest'
      const told: Record<string, number | null> = {}
      for (const column of columns) {
        const tells = (source === 'register-file' ? REGISTER_COLUMNS : PROFILE_COLUMNS).some((one) => one === column)
        if (!tells) continue
        const value = random(2) ? step * 10 + round : null
        told[column] = value
        const before = model.get(column)
        const takesBack = before?.by === source || (source === 'rest' && before?.by === 'stream')
        if (value !== null) model.set(column, { value, by: source })
        else if (takesBack) model.set(column, { value: null, by: source })
      }
      const { values, toldBy } = mergeTold(row, told, source)
      row = { ...values, source, told_by: toldBy }
      for (const column of columns)
        expect([round, step, row[column]]).toEqual([round, step, model.get(column)?.value ?? null])
    }
  }
})
