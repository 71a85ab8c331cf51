// What changes say of companies whose persons with significant control come into doubt, and out of it, without a change to
// any row of theirs.
import { expect, it } from 'vitest'
import { sinceCheckpoint } from '../../src/db/changes.ts'
import { openDataset } from '../../src/db/dataset/dataset.ts'
import { openLines } from '../../src/db/dataset/lines.ts'
import type { Db } from '../../src/db/open.ts'
import { saveLossesRepaired, savePscLoss } from '../../src/db/psc-doubt.ts'
import { addCompany } from '../steps/export/export-world.ts'
import { serving } from './serving.ts'

const NOW = Date.parse('2026-01-05T12:00:00Z')
const TODAY = '2026-01-05'

/** Two companies that were read, and one that was not. */
function world(db: Db): void {
  for (const [number, state] of [
    ['00000001', 'complete'],
    ['00000002', 'none'],
    ['00000003', 'pending'],
  ] as const) {
    addCompany(db, { company_number: number, pscs_state: state })
  }
}

/** The same by a delta, and by what is published. */
function delivered(db: Db, checkpoint: string): string[][] {
  const since = sinceCheckpoint(db, checkpoint)
  if (!since) throw new Error('the checkpoint is unknown')
  const selection = { all: false, since, today: TODAY }
  using dataset = openDataset(db, selection)
  const delta = [...dataset.pages()].flatMap(({ companies }) => companies.map(([number]) => String(number)))
  dataset[Symbol.dispose]()
  using lines = openLines(db, selection)
  const published = [...lines.lines('companies')].flatMap((piece) => piece.cells().map(([number]) => String(number)))
  return [delta, published]
}

it('list each company that was read when events are lost, and when they are brought in, once', async () => {
  await using own = await serving(world)
  const begin = (await own.json('/v1/changes?since=2026-01-01T00:00:00Z')).body.checkpoint
  const changed = async (checkpoint: string) => {
    const { body } = await own.json(`/v1/changes?since=${checkpoint}`)
    const states = body.items.map(({ company }: { company: Record<string, unknown> }) => [
      company.company_number,
      company.pscs_state,
    ])
    const numbers = states.map(([number]: string[]) => number)
    expect(delivered(own.db, checkpoint)).toEqual([numbers, numbers])
    return { states, checkpoint: String(body.checkpoint) }
  }
  expect((await changed(begin)).states).toEqual([])

  savePscLoss(own.db, { timepoint: 4, now: NOW, runId: 1 })
  const lost = await changed(begin)
  expect(lost.states).toEqual([
    ['00000001', 'stale'],
    ['00000002', 'stale'],
  ])
  expect((await changed(lost.checkpoint)).states).toEqual([])

  saveLossesRepaired(own.db, new Date(NOW + 1000).toISOString(), NOW)
  const repaired = await changed(lost.checkpoint)
  expect(repaired.states).toEqual([
    ['00000001', 'complete'],
    ['00000002', 'none'],
  ])
  expect((await changed(repaired.checkpoint)).states).toEqual([])
})

it('go on behind a window, however many companies a loss is about', async () => {
  await using own = await serving((db) => {
    world(db)
    db.$client.exec(`
      WITH RECURSIVE numbers (n) AS (SELECT 90000 UNION ALL SELECT n + 1 FROM numbers WHERE n < 98999)
      INSERT INTO companies
        (company_number, company_name, officers_state, pscs_state, source, fetched_at, first_seen_at, run_id)
        SELECT printf('%08d', n), 'X', 'complete', 'complete', 'rest', '2001-01-01', '2001-01-01', 1 FROM numbers`)
  })
  const { checkpoint } = (await own.json('/v1/changes?since=2026-01-01T00:00:00Z&limit=1')).body
  savePscLoss(own.db, { timepoint: null, now: NOW, runId: 1 })
  const headers = { Accept: 'application/x-ndjson' }
  const lines = (await (await own.get(`/v1/changes?since=${checkpoint}`, { headers })).text()).trim().split('\n')
  expect(new Set(lines.map((line) => JSON.parse(line).company_number)).size).toBe(9002)
  expect(lines).toHaveLength(9002)
})

it('are none when a timepoint was only out of place', async () => {
  await using own = await serving(world)
  const { checkpoint } = (await own.json('/v1/changes?since=2026-01-01T00:00:00Z')).body
  own.db.$client.exec(`INSERT INTO stream_gaps (stream, kind, from_timepoint, to_timepoint, noted_at, run_id)
    VALUES ('psc', 'misplaced', 4, 9000000, ${NOW}, 1), ('companies', 'jump', 4, 5, ${NOW}, 1)`)
  expect((await own.json(`/v1/changes?since=${checkpoint}`)).body.items).toEqual([])
})
