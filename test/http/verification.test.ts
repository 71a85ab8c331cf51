// How an identity verification stands: told, filtered by, and among the changes when the calendar alone moved on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { checkpointOf } from '../../src/db/changes.ts'
import type { Db } from '../../src/db/open.ts'
import { addCompany, addOfficer } from '../steps/export/export-world.ts'
import { type Serving, serving } from './serving.ts'

const clock = { ...systemClock(), now: () => Date.parse(`${today}T12:00:00Z`) }
let today = '2026-01-05'

function fill(db: Db): void {
  const add = (company_number: string, appointment_id: string, more: object) =>
    addOfficer(db, { company_number, appointment_id, name: 'DOE, Jane', ...more })
  addCompany(db, { company_number: '00000001', officers_count: 2 })
  add('00000001', 'due', { appointment_verification_statement_due_on: '2026-01-10' })
  add('00000001', 'ok', { appointment_verification_start_on: '2025-12-01', is_pre_1992_appointment: 0 })
  addCompany(db, { company_number: '00000002', officers_count: 1, company_status: 'dissolved' })
  add('00000002', 'late', { appointment_verification_statement_due_on: '2026-01-04' })
  addCompany(db, { company_number: '00000003', officers_count: 1 })
  add('00000003', 'none', { former_names: '[{"surname":"ROE"}]', contribution_sub_types: 'money,shares' })
}

let api: Serving
beforeAll(async () => {
  api = await serving(fill, { clock })
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const ids = async (path: string, member = 'appointment_id') =>
  (await api.json(path)).body.items.map((item: Record<string, string>) => item[member])

describe('a verification', () => {
  it('is told of each officer, beside what is published', async () => {
    const { body } = await api.json('/v1/officers')
    expect(body.items).toMatchObject([
      { appointment_id: 'due', identity_verification: 'due', is_active: true, former_names: null },
      { appointment_id: 'ok', identity_verification: 'verified', is_pre_1992_appointment: false },
      { appointment_id: 'late', identity_verification: 'overdue', is_active: false, contribution_sub_types: [] },
      {
        appointment_id: 'none',
        identity_verification: 'none',
        former_names: [{ surname: 'ROE' }],
        contribution_sub_types: ['money', 'shares'],
      },
    ])
  })

  it.each([
    ['verified', ['ok']],
    ['due,overdue', ['due', 'late']],
    ['none', ['none']],
    ['ended', []],
    ['overdue&active=true', []],
    ['due&company=00000001', ['due']],
  ])('narrows officers to %s', async (query, expected) => {
    expect(await ids(`/v1/officers?verification=${query}`)).toEqual(expected)
  })

  it.each([
    ['due,overdue', ['00000001', '00000002']],
    ['verified', ['00000001']],
    ['ended', []],
  ])('narrows companies to those with an officer who is %s', async (states, expected) => {
    expect(await ids(`/v1/companies?verification=${states}`, 'company_number')).toEqual(expected)
  })

  it.each(['/v1/officers', '/v1/companies'])('of another kind is refused by %s', async (path) => {
    const { status, body } = await api.json(`${path}?verification=late`)
    expect([status, body.errors.map(({ parameter }: { parameter: string }) => parameter)]).toEqual([
      400,
      ['verification'],
    ])
  })

  it('that the calendar changed is among the changes, once', async () => {
    const plain = checkpointOf(api.db)
    const { checkpoint } = (await api.json('/v1/changes?since=2026-01-01T00:00:00Z')).body
    expect(checkpoint).toMatch(/^[0-9a-f]{8}-\d+-2026-01-05$/)
    const changed = (since: string) => ids(`/v1/changes?since=${since}`, 'company_number')
    expect(await changed(checkpoint)).toEqual([])
    const before = await api.get('/v1/officers?company=1')
    today = '2026-01-11'
    expect(await changed(checkpoint)).toEqual(['00000001'])
    const later = (await api.json(`/v1/changes?since=${checkpoint}`)).body.checkpoint
    expect(await changed(later)).toEqual([])
    expect(await ids('/v1/officers?verification=overdue')).toEqual(['due', 'late'])
    const headers = { 'If-None-Match': before.headers.get('etag') ?? '' }
    expect((await api.get('/v1/officers?company=1', { headers })).status).toBe(200)
    // The checkpoint of a manifest has no day: the changes count from that of its mark, which is the real one here.
    expect((await api.json(`/v1/changes?since=${plain}`)).status).toBe(200)
  })
})
