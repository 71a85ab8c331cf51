// Lists in doubt: who fetches them, in which order, and what they mean for the target.
import { afterEach, expect, it } from 'vitest'
import { type Claim, claimCompany, claimDoubtful } from '../../../src/db/officers/claims.ts'
import { failFetch } from '../../../src/db/officers/fetches.ts'
import { type Db, openDb, write } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { companies } from '../../../src/db/schema.ts'
import { clock } from '../stream/stream-world.ts'

const opened: Db[] = []
afterEach(() => {
  for (const db of opened.splice(0)) db.$client.close()
})

type State = (typeof companies.$inferInsert)['officers_state']

/** Companies with these states, in order; those with a list were fetched on the day given. */
function world(...lists: [number: string, state: State, day?: string][]): Db {
  const db = openDb(':memory:')
  opened.push(db)
  const origin = { source: 'test', fetched_at: '2026-01-01', first_seen_at: '2026-01-01', run_id: 0 }
  for (const [company_number, officers_state, day] of lists) {
    const officers_fetched_at = day === undefined ? null : `2026-01-${day}T00:00:00.000Z`
    const officers_count = day === undefined ? 0 : 2
    db.insert(companies)
      .values({
        company_number,
        company_name: company_number,
        officers_state,
        officers_count,
        officers_fetched_at,
        ...origin,
      })
      .run()
  }
  return db
}

function claimAll(db: Db, target: number): (string | undefined)[] {
  const run = beginRun(db, clock, 'import-officers')
  const query = { runId: run.id, runStartedAt: run.startedAt, target, status: undefined, sic: undefined, after: '' }
  const claims: Claim[] = []
  for (let nth = 0; nth < 4; nth += 1) claims.push(write(db, (tx) => claimCompany(tx, query, clock)))
  run.finish({})
  return claims.map((claim) => (typeof claim === 'string' ? claim : 'company' in claim ? claim.company : 'wait'))
}

it('come before the pending ones, the oldest first, and are known to have officers', () => {
  const db = world(['1', 'pending'], ['2', 'stale', '05'], ['3', 'stale', '03'], ['4', 'complete', '01'])
  expect(claimAll(db, 10)).toEqual(['3', '2', '1', 'wait'])
})

it('are fetched although the target is reached, and nothing else is', () => {
  const db = world(['1', 'pending'], ['2', 'stale', '05'], ['4', 'complete', '01'])
  expect(claimAll(db, 1)).toEqual(['2', 'target-reached', 'target-reached', 'target-reached'])
})

it('keep their place in the target, so that it is not passed when they are complete again', () => {
  const db = world(['1', 'pending'], ['2', 'stale', '05'], ['4', 'complete', '01'])
  expect(claimAll(db, 2)).toEqual(['2', 'wait', 'wait', 'wait'])
  expect(claimAll(world(['1', 'pending'], ['2', 'stale', '05'], ['4', 'complete', '01']), 3)).toEqual([
    '2',
    '1',
    'wait',
    'wait',
  ])
})

it('that are empty were never complete, and are not fetched beyond the target', () => {
  const db = world(['2', 'stale'], ['3', 'stale', '03'], ['4', 'complete', '01'])
  expect(claimAll(db, 1)).toEqual(['3', 'target-reached', 'target-reached', 'target-reached'])
  expect(claimAll(world(['2', 'stale'], ['4', 'complete', '01']), 2)[0]).toBe('2')
})

it('give their place up for the run in which they fail, and stay in doubt', () => {
  const db = world(['1', 'pending'], ['2', 'stale', '05'])
  const run = beginRun(db, clock, 'import-officers')
  const query = { runId: run.id, runStartedAt: run.startedAt, target: 1, status: undefined, sic: undefined, after: '' }
  expect(write(db, (tx) => claimCompany(tx, query, clock))).toMatchObject({ company: '2', known: true })
  write(db, (tx) => failFetch(tx, '2', run.startedAt, 'broken'))
  expect(write(db, (tx) => claimCompany(tx, query, clock))).toMatchObject({ company: '1' })
  expect(
    db
      .select()
      .from(companies)
      .all()
      .map(({ officers_state }) => officers_state),
  ).toEqual(['pending', 'stale'])
  const later = { runId: run.id, runStartedAt: run.startedAt + 1 }
  expect(write(db, (tx) => claimDoubtful(tx, later, clock))).toMatchObject({ company: '2' })
  run.finish({})
})

it('of companies that are gone are nobody’s to fetch', () => {
  const db = world(['2', 'stale', '05'])
  db.update(companies).set({ deleted_at: '2026-01-07' }).run()
  expect(claimAll(db, 1)).toEqual(['nothing-left', 'nothing-left', 'nothing-left', 'nothing-left'])
})
