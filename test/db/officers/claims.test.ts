import { beforeEach, describe, expect, it } from 'vitest'
import { type ClaimedCompany, claimStale } from '../../../src/db/officers/claims.ts'
import { type Db, openDb, write } from '../../../src/db/open.ts'
import { plansOf } from '../../query-plans.ts'
import { addCompany } from '../../steps/export/export-world.ts'
import { virtualClock } from '../../virtual-clock.ts'

const BEFORE = '2026-02-01T00:00:00.000Z'

let db: Db
beforeEach(() => {
  db = openDb(':memory:')
})

const add = (company_number: string, officers_state: 'complete' | 'none' | 'stale' | 'pending', day: string | null) =>
  addCompany(db, { company_number, officers_state, officers_fetched_at: day === null ? null : `${day}T00:00:00.000Z` })

const claim = () => write(db, (tx) => claimStale(tx, { runId: 1, runStartedAt: 0, before: BEFORE }, virtualClock()))

describe('claimStale', () => {
  it('takes the list that was fetched first, in doubt or only old, until none is left', () => {
    add('00000001', 'complete', '2026-01-03')
    add('00000002', 'stale', '2026-01-02')
    add('00000003', 'none', '2026-01-01')
    add('00000004', 'stale', '2026-03-01')
    add('00000005', 'complete', '2026-03-01')
    add('00000006', 'pending', null)
    add('00000007', 'stale', null)
    const numbers = Array.from({ length: 5 }, () => (claim() as ClaimedCompany).company)
    expect(numbers).toEqual(['00000007', '00000003', '00000002', '00000001', '00000004'])
    expect(claim()).toEqual({ waitMs: expect.any(Number) })
  })

  it('reads no list but the one that it takes, however many there are', () => {
    add('00000001', 'complete', '2026-01-03')
    const plans = plansOf(db, () => claim())
    expect(plans.filter((step) => / companies\b/.test(step)).length).toBeGreaterThan(1)
    expect(plans.filter((step) => /^SCAN companies|TEMP B-TREE/.test(step))).toEqual([])
  })
})
