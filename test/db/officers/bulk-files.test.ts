import { expect, it } from 'vitest'
import { countProvenAt } from '../../../src/db/officers/bulk-files.ts'
import { openDb } from '../../../src/db/open.ts'
import { plansOf } from '../../query-plans.ts'
import { addCompany } from '../../steps/export/export-world.ts'

const MOMENT = '2026-02-01T00:00:00.000Z'

it('the lists that a file proved are counted along an index alone, since a file proves millions', () => {
  const db = openDb(':memory:')
  addCompany(db, { company_number: '00000001', officers_fetched_at: MOMENT })
  addCompany(db, { company_number: '00000002', officers_fetched_at: MOMENT })
  addCompany(db, { company_number: '00000003', officers_fetched_at: MOMENT, officers_state: 'stale' })
  addCompany(db, { company_number: '00000004', officers_fetched_at: '2026-02-01T00:00:00.001Z' })
  expect(plansOf(db, () => expect(countProvenAt(db, MOMENT)).toBe(2))).toEqual([
    expect.stringMatching(/^SEARCH companies USING COVERING INDEX .*\(officers_fetched_at=\? AND officers_state=\?\)$/),
  ])
})
