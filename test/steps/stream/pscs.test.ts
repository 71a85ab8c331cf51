// What events of the stream of persons with significant control do to stored records, through the follower and a real
// database.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { timings } from '../../../src/clock.ts'
import { createStreamClient } from '../../../src/companies-house/stream/client.ts'
import { columnList } from '../../../src/db/dataset/computed.ts'
import { type Db, openDb } from '../../../src/db/open.ts'
import { countDoubtedPscs } from '../../../src/db/psc-doubt.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { companies } from '../../../src/db/schema.ts'
import { checkPscs } from '../../../src/steps/doctor/state.ts'
import { followStream } from '../../../src/steps/stream/follow.ts'
import { KINDS } from '../../../src/steps/stream/kinds.ts'
import { pscStream } from '../../../src/steps/stream/pscs.ts'
import { individual } from '../../companies-house/pscs/fixtures.ts'
import {
  type Connection,
  send,
  sendAndClose,
  status,
  streamServer,
} from '../../companies-house/stream/stream-server.ts'
import { addPsc } from '../export/export-world.ts'
import { suppressOne } from '../suppress/suppress-world.ts'
import { clock, listening } from './stream-world.ts'

const ONE = '99000001'
const TWO = '99000002'
const A = 'A'.repeat(27)
const NEW = 'N'.repeat(27)
const SNAPSHOT = '2026-01-05T03:40:50.000Z'

const opened: Db[] = []
afterEach(() => {
  for (const db of opened.splice(0)) db.$client.close()
})

/** Two companies, the first with a record of a snapshot, the second with none. */
function world(): Db {
  const db = openDb(':memory:')
  opened.push(db)
  const origin = { source: 'test', fetched_at: SNAPSHOT, first_seen_at: SNAPSHOT, run_id: 0 }
  const states = { [ONE]: 'complete', [TWO]: 'none' } as const
  for (const number of [ONE, TWO] as const) {
    const pscs = { pscs_state: states[number], pscs_fetched_at: SNAPSHOT }
    db.insert(companies)
      .values({ company_number: number, company_name: `COMPANY ${number}`, ...pscs, ...origin })
      .run()
  }
  addPsc(db, { company_number: ONE, psc_id: A, nationality: 'French', fetched_at: SNAPSHOT })
  return db
}

interface Told {
  type?: 'changed' | 'deleted'
  data?: unknown
  publishedAt?: string | undefined
  uri?: string
  kind?: string
}

const LATER = '2026-01-05T13:00:00'

function event(timepoint: number, number: string, id: string, told: Told = {}): string {
  const { type = 'changed', uri = `/company/${number}/persons-with-significant-control/individual/${id}` } = told
  const published_at = 'publishedAt' in told ? told.publishedAt : LATER
  return `${JSON.stringify({
    resource_kind: told.kind ?? 'company-psc-individual',
    resource_uri: uri,
    resource_id: id,
    data: 'data' in told ? told.data : individual(number, id).data,
    event: { timepoint, published_at, type },
  })}\n`
}

async function follow(db: Db, lines: string | Connection[], maxEvents: number, from?: number) {
  await using server = await streamServer(...(typeof lines === 'string' ? [send(lines)] : lines))
  const { log, heard } = listening()
  using run = beginRun(db, clock, 'stream-psc')
  const hurried = { ...timings(0.002), streamHeadersMs: 5000, streamIdleMs: 5000 }
  const stream = createStreamClient({
    stream: KINDS.psc.path,
    baseUrl: server.url,
    key: 'k',
    clock,
    log,
    timings: hurried,
  })
  const signal = AbortSignal.timeout(4000)
  const kind = pscStream({ db, clock, log, runId: run.id })
  const step = { db, kind, stream, clock, log, timings: hurried, runId: run.id, signal, announce() {} }
  const summary = await followStream(step, { maxEvents, from })
  return { summary, warned: heard.filter(({ level }) => level === 'warn').map(({ message }) => message) }
}

const all = (db: Db, sql: string) => db.$client.prepare(sql).all() as Record<string, unknown>[]
const pscs = (db: Db) => all(db, 'SELECT * FROM persons_with_significant_control ORDER BY company_number, psc_id')
const ids = (db: Db) => pscs(db).map(({ company_number, psc_id }) => `${company_number}/${psc_id}`)
const gone = (db: Db) => all(db, "SELECT company_number, key FROM deletions WHERE kind = 'psc'")
const rejects = (db: Db) => all(db, 'SELECT reason FROM stream_rejects').map(({ reason }) => reason)
const stateOf = (db: Db, number: string) =>
  all(db, 'SELECT * FROM companies').find(({ company_number }) => company_number === number)?.pscs_state

describe('a changed record', () => {
  it('is put in, with the moment and the timepoint of its event, in the transaction that moves the cursor', async () => {
    const db = world()
    const { summary } = await follow(db, event(7, TWO, NEW), 1)
    expect(summary).toMatchObject({ events: 1, inserted: 1 })
    expect(pscs(db)[1]).toMatchObject({
      company_number: TWO,
      psc_id: NEW,
      name: 'Ms Ava May Example',
      natures_of_control: 'ownership-of-shares-75-to-100-percent,right-to-appoint-and-remove-directors',
      source: 'stream',
      fetched_at: '2026-01-05T13:00:00.000Z',
      stream_timepoint: 7,
    })
    expect(stateOf(db, TWO)).toBe('complete')
    expect(all(db, "SELECT timepoint FROM stream_cursors WHERE stream = 'psc'")).toEqual([{ timepoint: 7 }])
  })

  it('takes the place of the stored one, its end included', async () => {
    const db = world()
    const data = individual(ONE, A, { ceased_on: '2026-01-04', nationality: null }).data
    const { summary } = await follow(db, event(7, ONE, A, { data }), 1)
    expect(summary).toMatchObject({ updated: 1 })
    expect(pscs(db)[0]).toMatchObject({ ceased_on: '2026-01-04', nationality: null, source: 'stream' })
  })

  it('of a company that is not stored, or with nothing new, changes nothing', async () => {
    const db = world()
    await follow(db, event(1, ONE, A), 1)
    const before = pscs(db)
    const { summary } = await follow(db, event(2, ONE, A) + event(3, '99000009', NEW), 2)
    expect(summary).toMatchObject({ inserted: 0, updated: 0 })
    expect(pscs(db)).toEqual(before)
  })

  it('comes back after it was deleted', async () => {
    const db = world()
    await follow(
      db,
      event(1, ONE, A, { type: 'deleted' }) + event(2, ONE, A, { publishedAt: '2026-01-05T12:59:58' }),
      2,
    )
    expect(ids(db)).toEqual([`${ONE}/${A}`])
    expect(gone(db)).toEqual([])
    expect(stateOf(db, ONE)).toBe('complete')
  })

  it('that a rule means is not stored, and goes where it was', async () => {
    const db = world()
    suppressOne(db, 'name', 'Example, Ava', { born: '1970-03' })
    await follow(db, event(1, ONE, A) + event(2, TWO, NEW), 2)
    expect(ids(db)).toEqual([])
    expect(gone(db)).toEqual([{ company_number: ONE, key: '' }])
    expect(stateOf(db, ONE)).toBe('complete')
  })
})

describe('an older event', () => {
  it('overwrites nothing of a newer snapshot, and brings nothing back that it lacks', async () => {
    const db = world()
    const publishedAt = '2026-01-05T02:40:50'
    await follow(
      db,
      event(1, ONE, A, { publishedAt }) +
        event(2, ONE, NEW, { publishedAt }) +
        event(3, ONE, A, { publishedAt, type: 'deleted' }),
      3,
    )
    expect(ids(db)).toEqual([`${ONE}/${A}`])
    expect(pscs(db)[0]).toMatchObject({ nationality: 'French', source: 'psc-snapshot' })
  })

  it('overwrites nothing of a later event when the stream is followed again from before', async () => {
    const db = world()
    const at = (nationality: string) => ({ data: individual(ONE, A, { nationality }).data })
    const lines = event(5, ONE, A, at('Dutch')) + event(6, ONE, A, at('Irish'))
    await follow(db, lines, 2)
    await follow(db, event(5, ONE, A, at('Dutch')), 1, 5)
    expect(pscs(db)[0]).toMatchObject({ nationality: 'Irish', stream_timepoint: 6 })
  })

  it('is one by its timepoint, whatever it says of its time', async () => {
    const db = world()
    const data = individual(ONE, A, { nationality: 'Dutch' }).data
    await follow(db, event(5, ONE, A) + event(6, ONE, A, { data, publishedAt: undefined }), 2)
    expect(pscs(db)[0]).toMatchObject({ nationality: 'Dutch', stream_timepoint: 6 })
  })
})

describe('a deleted record', () => {
  it.each([
    ['with its last data', individual(ONE, A).data],
    ['without data', undefined],
    ['with null', null],
    ['with days as arrays', { ...individual(ONE, A).data, ceased_on: [2026, 1, 4] }],
  ])('%s goes, and deltas tell so', async (_what, data) => {
    const db = world()
    const { summary } = await follow(db, event(1, ONE, A, { type: 'deleted', data }), 1)
    expect(summary).toMatchObject({ deleted: 1 })
    expect(ids(db)).toEqual([])
    expect(gone(db)).toEqual([{ company_number: ONE, key: A }])
    expect(stateOf(db, ONE)).toBe('none')
  })

  it('that was never stored is noted, so that an older snapshot does not bring it', async () => {
    const db = world()
    await follow(db, event(1, TWO, NEW, { type: 'deleted' }), 1)
    expect(gone(db)).toEqual([{ company_number: TWO, key: NEW }])
    expect(stateOf(db, TWO)).toBe('none')
  })
})

describe('a line that is no event of the stream', () => {
  const uri = `/company/${ONE}/persons-with-significant-control/individual/${A}`
  it.each([
    ['of another resource', { uri: `/company/${ONE}` }, 'names no person with significant control'],
    ['of an officer', { uri: `/company/${ONE}/appointments/${A}` }, 'names no person with significant control'],
    ['of two records', { uri: uri.replace(A, NEW) }, 'names two records'],
    ['without data', { data: undefined }, 'data: it has no data'],
    ['with a list for data', { data: [] }, 'data: it has no data'],
    ['without a kind', { data: {} }, 'data: it has no kind'],
    ['with the data of another company', { data: individual(TWO, A).data }, 'belongs to another company number'],
    ['with the data of another record', { data: individual(ONE, NEW).data }, 'belongs to another record'],
    ['with a text for an address', { data: individual(ONE, A, { address: 'Somewhere 1' }).data }, 'another kind'],
    ['with a list for its identity', { data: individual(ONE, A, { identification: ['x'] }).data }, 'another kind'],
    ['with a member of another kind', { data: individual(ONE, A, { name: { first: 'Ava' } }).data }, 'another kind'],
  ])('%s is kept aside and changes nothing', async (_what, told, reason) => {
    const db = world()
    const before = pscs(db)
    await follow(db, event(1, ONE, A, told) + event(2, TWO, NEW), 1)
    expect(rejects(db)).toEqual([expect.stringContaining(reason)])
    expect(pscs(db).slice(0, 1)).toEqual(before)
  })
})

it('a line that may tell of somebody who is to be left alone is not kept', async () => {
  const db = world()
  suppressOne(db, 'name', 'Example, Ava', { born: '1970-03' })
  const wrong = { uri: `/company/${ONE}/appointments/${A}` }
  const stranger = individual(ONE, A, { date_of_birth: { month: 4, year: 1970 } }).data
  const lines = [
    event(1, ONE, A, wrong),
    event(2, ONE, A, { ...wrong, data: stranger }),
    event(3, ONE, A, { data: null }),
  ]
  await follow(
    db,
    lines.join('') + event(4, TWO, NEW, { data: individual(TWO, NEW, { name_elements: {}, name: 'B' }).data }),
    1,
  )
  const kept = all(db, 'SELECT line FROM stream_rejects ORDER BY id').map(({ line }) => String(line).length > 0)
  expect(kept).toEqual([false, true, false])
})

it('a kind that nobody knows yet, and one that the service cannot name, are taken', async () => {
  const db = world()
  const data = { ...individual(ONE, NEW).data, kind: 'novel-beneficial-owner', links: {} }
  await follow(db, event(1, ONE, NEW, { data, kind: '' }), 1)
  expect(pscs(db)[1]).toMatchObject({ psc_id: NEW, kind: 'novel-beneficial-owner' })
})

/** What is delivered of each company's state. */
const delivered = (db: Db) =>
  Object.fromEntries(
    all(db, `SELECT ${columnList('companies', '2026-01-05')} FROM companies`).map((row) => [
      row.company_number,
      row.pscs_state,
    ]),
  )
const LOST = 'events about persons with significant control are lost: what is stored of companies is in doubt'

describe('lost events', () => {
  it('of skipped timepoints put all that was read in doubt, and are told', async () => {
    const db = world()
    expect([delivered(db), countDoubtedPscs(db)]).toEqual([{ [ONE]: 'complete', [TWO]: 'none' }, 0])
    db.$client.exec(`INSERT INTO companies (company_number, company_name, source, fetched_at, first_seen_at, run_id)
      VALUES ('99000003', 'NOT READ', 'test', '', '', 0)`)
    const { warned } = await follow(db, event(1, ONE, A) + event(9, TWO, NEW), 2)
    expect(warned).toContain(LOST)
    expect(delivered(db)).toEqual({ [ONE]: 'stale', [TWO]: 'stale', 99000003: 'pending' })
    expect(countDoubtedPscs(db)).toBe(2)
    expect(checkPscs(db)).toMatchObject({
      check: 'pscs',
      state: 'warn',
      message: expect.stringContaining('of 2 companies is in doubt'),
    })
    expect(ids(db)).toEqual([`${ONE}/${A}`, `${TWO}/${NEW}`])
  })

  it('behind a 416 do the same', async () => {
    const db = world()
    await follow(db, event(5, ONE, A), 1)
    expect(countDoubtedPscs(db)).toBe(0)
    await follow(db, [status(416), send(event(90, TWO, NEW))], 1)
    expect(delivered(db)).toEqual({ [ONE]: 'stale', [TWO]: 'stale' })
  })

  it('of a line that names a company put this one in doubt', async () => {
    const db = world()
    const { warned } = await follow(db, event(1, TWO, NEW) + event(2, ONE, A, { data: [] }) + event(3, TWO, NEW), 2)
    expect(warned).toContain(LOST)
    expect(delivered(db)).toEqual({ [ONE]: 'stale', [TWO]: 'complete' })
    expect(countDoubtedPscs(db)).toBe(1)
    await follow(db, event(4, ONE, A, { type: 'deleted' }), 1)
    expect(stateOf(db, ONE)).toBe('stale')
  })

  it('of a line that names none, but stands at a timepoint, put all in doubt', async () => {
    const db = world()
    await follow(db, event(1, TWO, NEW) + event(2, ONE, A, { uri: '/nowhere', data: {} }) + event(3, TWO, NEW), 2)
    expect(delivered(db)).toEqual({ [ONE]: 'stale', [TWO]: 'stale' })
    expect(all(db, 'SELECT kind, from_timepoint, to_timepoint FROM stream_gaps')).toEqual([
      { kind: 'jump', from_timepoint: 2, to_timepoint: 2 },
    ])
  })

  it('are not concluded from junk, nor from a line about a company that is not stored', async () => {
    const db = world()
    await follow(db, `<<<\n${event(1, TWO, NEW)}${event(2, '99000009', A, { data: [] })}${event(3, TWO, NEW)}`, 2)
    expect(rejects(db)).toHaveLength(2)
    expect(delivered(db)).toEqual({ [ONE]: 'complete', [TWO]: 'complete' })
  })

  it('of a new count do so too, and what comes under its numbers is applied', async () => {
    const db = world()
    const data = individual(ONE, A, { nationality: 'Dutch' }).data
    await follow(db, event(500, ONE, A) + event(1, ONE, A, { data }) + event(2, TWO, NEW), 3)
    expect(delivered(db)).toEqual({ [ONE]: 'stale', [TWO]: 'stale' })
    expect(pscs(db)[0]).toMatchObject({ nationality: 'Dutch', stream_timepoint: 1 })
  })

  it('that --from leaves out stand among the gaps', async () => {
    const db = world()
    await follow(db, event(5, ONE, A), 1)
    await follow(db, event(50, TWO, NEW), 1, 50)
    expect(delivered(db)).toEqual({ [ONE]: 'stale', [TWO]: 'stale' })
  })
})

it('what broke off is read again where it stopped', async () => {
  const db = world()
  const first = event(1, ONE, A)
  await follow(db, [sendAndClose(first + event(2, TWO, NEW).slice(0, 90)), send(event(2, TWO, NEW))], 2)
  expect(ids(db)).toEqual([`${ONE}/${A}`, `${TWO}/${NEW}`])
})

it('is in the table of kinds, with its path', () => {
  expect(KINDS.psc.path).toBe('persons-with-significant-control')
})

it('reads the examples of the facts', async () => {
  const db = world()
  const text = readFileSync(fileURLToPath(new URL('./events__psc.ndjson', import.meta.url)), 'utf8')
  const lines = text.split('\n').filter(Boolean)
  const { summary } = await follow(db, `${lines.join('\n')}\n`, lines.length)
  expect(summary).toMatchObject({ events: lines.length, rejects: 0 })
  expect(ids(db)).toEqual([`${ONE}/${A}`, `${ONE}/xfRIB608zkm11apBuTUTMQYNpvs`, `${TWO}/LXgp2TcvhIikryErLFukxsIH-SY`])
})
