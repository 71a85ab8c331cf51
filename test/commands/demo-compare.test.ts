import { describe, expect, it } from 'vitest'
import { compareWithTruth } from '../../src/commands/demo/compare.ts'
import { readOfficerItem } from '../../src/companies-house/officer-item.ts'
import { saveOfficers } from '../../src/db/officers/officers.ts'
import { type Db, openDb, write } from '../../src/db/open.ts'
import { companies } from '../../src/db/schema.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { officerRows } from '../../src/steps/officers/rows.ts'

const world = createWorld({ seed: 3, companies: 200, today: '2025-11-01' })
const [number = ''] = [...world.numbers()].filter((each) => world.officers(each).length >= 2)
const fetchedAt = '2026-01-01T00:00:00Z'

describe('compareWithTruth', () => {
  it('finds nothing where everything is as it should be', () => {
    expect(compareWithTruth(stored(), world)).toEqual({
      companies: 1,
      officers: world.officers(number).length,
      differences: [],
    })
  })

  const [first, second] = world.officers(number)
  const count = world.officers(number).length
  const spoilt: [what: string, sql: string, differences: (string | RegExp)[]][] = [
    ['a changed company', `UPDATE companies SET company_name = 'X'`, [/^\w{8}: company_name is X, not /]],
    ['a changed officer', `UPDATE officers SET name = 'X'`, Array(count).fill(/: name is X, not /)],
    [
      'a missing officer',
      `DELETE FROM officers WHERE appointment_id = '${first?.appointmentId}'`,
      [`${number}: ${count - 1} officers, not ${count}`, `${number} ${first?.appointmentId}: is missing`],
    ],
    [
      'an officer under another id',
      `UPDATE officers SET appointment_id = 'x' WHERE appointment_id = '${second?.appointmentId}'`,
      [`${number} ${second?.appointmentId}: is missing`],
    ],
    [
      'a list of a company that is not complete',
      `UPDATE companies SET officers_state = 'pending'`,
      [`${number}: ${count} officers, not 0`],
    ],
    [
      'a company taken for one without officers',
      `UPDATE companies SET officers_state = 'none'`,
      [`${number}: is none`],
    ],
    [
      'a company that is not in the register',
      `PRAGMA foreign_keys = OFF; DELETE FROM officers; UPDATE companies SET company_number = '99999999', officers_state = 'pending'`,
      ['99999999: no such company'],
    ],
  ]

  it.each(spoilt)('finds %s', (_what, sql, differences) => {
    const db = stored()
    db.$client.exec(sql)
    const found = compareWithTruth(db, world).differences
    expect(found).toEqual(differences.map((each) => (typeof each === 'string' ? each : expect.stringMatching(each))))
  })
})

/** A database that holds one company and its officers, as the world has them. */
function stored(): Db {
  const db = openDb(':memory:')
  const truth = world.company(number)
  const officers = world.officers(number).flatMap(({ item }) => readOfficerItem(item) ?? [])
  const list = { officers, unreadable: [], reportedTotal: officers.length, received: officers.length }
  write(db, (tx) => {
    tx.insert(companies)
      .values({
        company_number: number,
        company_name: truth?.company_name ?? '',
        company_status: truth?.company_status ?? 'active',
        company_status_detail: truth?.company_status_detail ?? null,
        date_of_creation: truth?.date_of_creation ?? null,
        sic_codes: truth?.sic_codes?.slice(0, 4).join(',') ?? null,
        postal_code: truth?.registered_office_address?.postal_code?.toUpperCase() ?? null,
        source: 'test',
        fetched_at: fetchedAt,
        first_seen_at: fetchedAt,
        run_id: 1,
      })
      .run()
    const rows = officerRows(list, { companyNumber: number, fetchedAt, runId: 1 })
    saveOfficers(db, number, rows, { state: 'complete', fetchedAt, runId: 1 })
  })
  return db
}
