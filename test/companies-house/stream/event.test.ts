import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCompanyEvent } from '../../../src/companies-house/stream/companies.ts'
import { readLine, splitObjects } from '../../../src/companies-house/stream/event.ts'
import { anyCharacter } from '../../any-character.ts'
import { changed, deleted } from './stream-server.ts'

const read = (text: string, utf8 = true) => readLine({ kind: 'line', text, bytes: text.length, utf8 }, readCompanyEvent)
const recorded = (name: string) =>
  readFileSync(new URL(`../../sandbox/recorded/${name}.json.recorded`, import.meta.url), 'utf8').trim()

/** An event as JSON, changed by `edit`. */
function edited(edit: (event: ReturnType<typeof parsed>) => unknown): string {
  const event = parsed(changed(7, '01234567'))
  edit(event)
  return JSON.stringify(event)
}

function parsed(line: string) {
  return JSON.parse(line) as {
    resource_kind?: unknown
    resource_id?: unknown
    resource_uri?: unknown
    data?: Record<string, unknown> | null
    event: Record<string, unknown>
  }
}

describe('an event', () => {
  it('is filed without blanks around its texts and without lone surrogates', () => {
    const text = edited(({ data }) => {
      Object.assign(data ?? {}, { company_name: ' ACME \ud800\uffff LTD ', company_status: ' active ' })
      Object.assign(data ?? {}, { registered_office_address: { locality: 'LEEDS ' }, sic_codes: ['7499 '] })
    })
    expect(text).toContain('\\ud800')
    expect(read(text)).toMatchObject([
      {
        company: {
          company_name: 'ACME \ufffd\ufffd LTD',
          company_status: 'active',
          locality: 'LEEDS',
          sic_codes: '7499',
        },
      },
    ])
  })

  it('that was recorded is read', () => {
    expect(read(recorded('event__companies_2023'))).toEqual([
      {
        kind: 'changed',
        timepoint: 68805561,
        publishedAt: '2023-11-04T14:33:29',
        companyNumber: '05954546',
        company: {
          company_number: '05954546',
          company_name: 'GLENCOYNE ENGINEERING LTD',
          company_status: 'active',
          company_status_detail: null,
          type: 'ltd',
          subtype: null,
          jurisdiction: 'england-wales',
          date_of_creation: '2006-10-03',
          date_of_cessation: null,
          sic_codes: '45200',
          care_of: null,
          po_box: null,
          premises: null,
          address_line_1: 'Unit10 Heath Road Industrial Estate',
          address_line_2: 'Banham',
          locality: 'Norwich',
          region: null,
          country: null,
          postal_code: 'NR16 2HS',
          accounts_accounting_reference_date_day: 30,
          accounts_accounting_reference_date_month: 9,
          accounts_last_accounts_made_up_to: '2022-09-30',
          accounts_last_accounts_period_end_on: '2022-09-30',
          accounts_last_accounts_period_start_on: '2021-10-01',
          accounts_last_accounts_type: 'micro-entity',
          accounts_next_accounts_due_on: '2024-06-30',
          accounts_next_accounts_overdue: null,
          accounts_next_accounts_period_end_on: '2023-09-30',
          accounts_next_accounts_period_start_on: '2022-10-01',
          accounts_next_due: '2024-06-30',
          accounts_next_made_up_to: '2023-09-30',
          accounts_overdue: null,
          annual_return_last_made_up_to: null,
          annual_return_next_due: null,
          annual_return_next_made_up_to: null,
          annual_return_overdue: null,
          branch_company_details: null,
          can_file: 1,
          confirmation_statement_last_made_up_to: '2023-10-03',
          confirmation_statement_next_due: '2024-10-17',
          confirmation_statement_next_made_up_to: '2024-10-03',
          confirmation_statement_overdue: null,
          corporate_annotation: null,
          etag: '055ef4b361baa737e96bdaf5e7c0cb9b1ba31b3b',
          external_registration_number: null,
          foreign_company_details: null,
          has_been_liquidated: null,
          has_charges: null,
          has_insolvency_history: null,
          has_super_secure_pscs: null,
          is_community_interest_company: null,
          last_full_members_list_date: '2015-10-03',
          partial_data_available: null,
          previous_company_names: null,
          registered_office_is_in_dispute: null,
          service_address: null,
          term: null,
          undeliverable_registered_office_address: null,
        },
        odd: [],
      },
    ])
  })

  it('that deletes needs no data, and does not look at any', () => {
    const gone = {
      kind: 'deleted',
      timepoint: 90748417,
      publishedAt: '2025-01-30T05:03:05',
      companyNumber: 'SL037194',
    }
    expect(read(recorded('event__deleted_no_data__companies_SL037194'))).toEqual([gone])
    for (const data of [null, {}, { company_name: 7 }]) {
      expect(read(JSON.stringify({ ...parsed(deleted(5, 'SL037194')), data }))).toMatchObject([{ kind: 'deleted' }])
    }
  })

  it('keeps its time of publishing as it came, in whatever format', () => {
    for (const publishedAt of [
      '2022-11-15T18:27:56',
      '2023-11-03T22:13:03.742120Z',
      '2022-08-04T00:02:01.812779+01:00',
    ]) {
      expect(read(changed(1, '01234567', { publishedAt }))).toMatchObject([{ kind: 'changed', publishedAt }])
    }
  })

  it.each<[string, Parameters<typeof edited>[0]]>([
    [
      'has members that nobody knows',
      (event) => Object.assign(event, { new_member: 1, data: { ...event.data, x: {} } }),
    ],
    ['has null members', (event) => Object.assign(event.data ?? {}, { sic_codes: null, date_of_creation: null })],
    [
      'tells its number in a URI without a slash',
      (event) => Object.assign(event, { resource_id: undefined, resource_uri: 'company/01234567' }),
    ],
    ['does not tell when it was published', (event) => delete event.event.published_at],
  ])('counts when it %s', (_name, edit) => {
    expect(read(edited(edit))).toMatchObject([{ kind: 'changed', timepoint: 7, companyNumber: '01234567' }])
  })

  it('is read where several run together without a line end', () => {
    const text = `${changed(1, '01234567', { name: 'A }{ "B" \\' }).trim()}${deleted(2, '01234568').trim()}`
    expect(read(text)).toMatchObject([
      { kind: 'changed', timepoint: 1, company: { company_name: 'A }{ "B" \\' } },
      { kind: 'deleted', timepoint: 2 },
    ])
  })
})

describe('a line that is no event', () => {
  it.each<[string, Parameters<typeof edited>[0], number | null]>([
    ['has no envelope', (event) => Object.assign(event, { event: undefined }), null],
    ['has its timepoint as text', (event) => Object.assign(event.event, { timepoint: '7' }), null],
    ['has a negative timepoint', (event) => Object.assign(event.event, { timepoint: -1 }), null],
    ['is of an unknown type', (event) => Object.assign(event.event, { type: 'created' }), 7],
    ['is of another kind', (event) => Object.assign(event, { resource_kind: 'filing-history' }), 7],
    ['changed without data', (event) => delete event.data, 7],
    ['has no name', (event) => delete event.data?.company_name, 7],
    ['has an odd number', (event) => Object.assign(event, { resource_id: '1234567' }), 7],
    ['has the data of another company', (event) => Object.assign(event.data ?? {}, { company_number: '99999999' }), 7],
    ['has a date that is none', (event) => Object.assign(event.data ?? {}, { date_of_creation: 'yesterday' }), 7],
    ['has codes of the wrong kind', (event) => Object.assign(event.data ?? {}, { sic_codes: [62020] }), 7],
  ])('is rejected as it came when it %s', (_name, edit, timepoint) => {
    const text = edited(edit)
    const reason = expect.stringMatching(/\w/)
    expect(read(text)).toEqual([{ kind: 'rejected', timepoint, enveloped: expect.any(Boolean), reason, line: text }])
  })

  it.each([
    ['garbage', 'lorem ipsum', null],
    ['JSON that is no object', '[1,2]', null],
    ['JSON null', 'null', null],
    ['an event that lost its beginning', changed(41, '01234567').slice(30).trim(), 41],
    ['an event that lost its end', changed(41, '01234567').slice(0, 200), null],
    ['a deletion that lost its end', deleted(42, 'SL037194').slice(0, -20), 42],
  ])('is rejected with the timepoint that it tells: %s', (_name, text, timepoint) => {
    expect(read(text)).toMatchObject([{ kind: 'rejected', timepoint, line: text }])
  })

  it('is rejected when its bytes are no UTF-8, since a name would be altered', () => {
    expect(read(changed(9, '01234567').trim(), false)).toMatchObject([
      { kind: 'rejected', timepoint: 9, reason: 'not UTF-8' },
    ])
  })

  it.each(['{"a":1} 38', '{"a":1}{"b":2}', '{}<html>{}'])(
    'is kept in one piece when nothing in it is an event: %s',
    (text) => {
      expect(read(text)).toMatchObject([{ kind: 'rejected', reason: 'not JSON', line: text }])
    },
  )

  it('tells whether its timepoint stands in a whole envelope', () => {
    const odd = edited((event) => Object.assign(event.data ?? {}, { sic_codes: [62020] }))
    const loose = JSON.stringify({ event: { timepoint: 7 } })
    expect([read(odd), read(loose)]).toMatchObject([[{ enveloped: true }], [{ enveloped: false, timepoint: 7 }]])
  })

  it('is rejected, and what runs together with it is not', () => {
    const text = `{"half":1}${changed(3, '01234567').trim()}rubbish`
    expect(read(text)).toMatchObject([
      { kind: 'rejected', line: '{"half":1}' },
      { kind: 'changed', timepoint: 3 },
      { kind: 'rejected', line: 'rubbish' },
    ])
  })

  it('is rejected cut when it is too long, with the timepoint at its end or beginning', () => {
    const long = (head: string, tail: string) =>
      readLine({ kind: 'overlong', head, tail, bytes: 9_000_000 }, readCompanyEvent)
    expect(long('{"data":{', changed(5, '01234567').slice(-120, -1))).toMatchObject([
      { timepoint: 5, line: '{"data":{' },
    ])
    expect(long(deleted(6, '01234567').slice(0, 60), 'junk')).toMatchObject([{ timepoint: 6 }])
    expect(long('junk', 'junk')).toMatchObject([{ timepoint: null, reason: 'longer than 8 MB: 9000000 bytes' }])
  })

  it('never breaks the reader, and is never lost', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: anyCharacter }),
          fc.json(),
          fc.json().map((json) => `${json}}{${json}`),
        ),
        (text) => {
          fc.pre(text.trim() !== '')
          const all = read(text)
          expect(all.length).toBeGreaterThan(0)
          expect(all.map((part) => (part.kind === 'rejected' ? part.line : '')).join('')).toBe(text)
        },
      ),
    )
  })
})

describe('objects that run together', () => {
  it('are found whole, whatever their strings hold', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.json()), { minLength: 1 }), (objects) => {
        const texts = objects.map((object) => JSON.stringify(object))
        expect(splitObjects(texts.join(''))).toEqual(texts)
      }),
    )
  })
})
