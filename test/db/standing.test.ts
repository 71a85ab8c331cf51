import { describe, expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import {
  dayAt,
  ENDED_STATUSES,
  HOLDS_OFFICE,
  holdsOffice,
  verificationChanged,
  verificationOn,
} from '../../src/db/standing.ts'
import { addCompany, addOfficer } from '../steps/export/export-world.ts'

type Details = [start: string | null, end: string | null, due: string | null]

function databaseWith(details: Details[]) {
  const db = openDb(':memory:')
  details.forEach(([start, end, due], index) => {
    const company_number = String(index + 1).padStart(8, '0')
    addCompany(db, { company_number })
    addOfficer(db, {
      company_number,
      appointment_id: 'a',
      appointment_verification_start_on: start,
      appointment_verification_end_on: end,
      appointment_verification_statement_due_on: due,
    })
  })
  return db
}

function stateOf(details: Details, day: string): unknown {
  const db = databaseWith([details])
  const state = db.$client
    .prepare(`SELECT ${verificationOn(day, 'officers')} FROM officers`)
    .pluck()
    .get()
  db.$client.close()
  return state
}

describe('how an identity stands', () => {
  it.each<[state: string, details: Details]>([
    ['verified', ['2025-11-18', '9999-12-31', null]],
    ['verified', ['2025-11-18', null, null]],
    ['verified', ['2025-11-18', '2026-11-28', '2025-01-01']],
    ['ended', ['2025-11-18', '2026-11-27', null]],
    ['ended', ['2025-11-18', '2026-01-01', '2027-01-01']],
    ['due', [null, null, '2026-11-27']],
    ['due', [null, '9999-12-31', '2027-01-01']],
    ['overdue', [null, null, '2026-11-26']],
    ['none', [null, null, null]],
    ['none', [null, '9999-12-31', null]],
    ['none', ['2025-11-18', 'soon', null]],
    ['none', ['2025-11-18', '9999-99-99', '2027-01-01']],
    ['none', ['2025-11-18', '2027-02-31', null]],
    ['none', [null, null, 'now']],
  ])('is %s by %j', (state, details) => {
    expect(stateOf(details, '2026-11-27')).toBe(state)
  })

  it('is told for days only', () => {
    expect(() => verificationOn("2026-11-27' OR 1", 'officers')).toThrow('not a day')
  })
})

describe('what the calendar changes from one day to another', () => {
  const cases: Details[] = [
    [null, null, '2026-11-26'],
    [null, null, '2026-11-27'],
    [null, null, '2026-11-28'],
    ['2025-11-18', '2026-11-27', null],
    ['2025-11-18', '2026-11-28', null],
    ['2025-11-18', '9999-12-31', '2026-11-27'],
    [null, null, null],
  ]

  it.each([
    ['2026-11-26', '2026-11-27'],
    ['2026-11-27', '2026-11-28'],
    ['2026-11-28', '2026-11-26'],
    ['2026-11-27', '2026-11-27'],
    ['2020-01-01', '2030-01-01'],
  ])('from %s to %s is exactly where the states differ', (from, to) => {
    const db = databaseWith(cases)
    const changed = db.$client.prepare(verificationChanged(from, to)).pluck().all()
    const differing = cases.flatMap((details, index) =>
      stateOf(details, from) === stateOf(details, to) ? [] : [String(index + 1).padStart(8, '0')],
    )
    expect(changed).toEqual(differing)
    db.$client.close()
  })
})

describe('who holds an office', () => {
  it.each([...ENDED_STATUSES, 'active', 'liquidation', 'removed', null])('in a company that is %s', (status) => {
    const db = openDb(':memory:')
    addCompany(db, { company_number: '00000001', company_status: status })
    addOfficer(db, { company_number: '00000001', appointment_id: 'a' })
    addOfficer(db, { company_number: '00000001', appointment_id: 'b', resigned_on: '2020-01-01' })
    const said = db.$client.prepare(`SELECT ${HOLDS_OFFICE} FROM officers ORDER BY appointment_id`).pluck().all()
    expect(said).toEqual([holdsOffice(null, status), holdsOffice('2020-01-01', status)].map(Number))
    db.$client.close()
  })
})

it('a day is told in UTC', () => {
  expect(dayAt(Date.parse('2026-11-27T23:59:59.999Z'))).toBe('2026-11-27')
})
