// What events of the officers stream do to stored lists, one by one, through the follower and a real database.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { eq } from 'drizzle-orm'
import { afterEach, describe, expect, it } from 'vitest'
import { timings } from '../../../src/clock.ts'
import { readOfficerItem } from '../../../src/companies-house/officer-item.ts'
import { createStreamClient } from '../../../src/companies-house/stream/client.ts'
import { findList } from '../../../src/db/officers/lists.ts'
import { saveOfficers } from '../../../src/db/officers/officers.ts'
import { type Db, openDb, write } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { companies, deletions, jobs, officer_fetches, officers, stream_rejects } from '../../../src/db/schema.ts'
import { openNameIndex } from '../../../src/db/served/names.ts'
import { readUnrepaired } from '../../../src/db/stream/gaps.ts'
import { officerRow } from '../../../src/steps/officers/rows.ts'
import { beginFetch, isOvertaken } from '../../../src/steps/officers/store.ts'
import { followStream } from '../../../src/steps/stream/follow.ts'
import { officersStream } from '../../../src/steps/stream/officers.ts'
import {
  type Connection,
  send,
  sendAndClose,
  status,
  streamServer,
} from '../../companies-house/stream/stream-server.ts'
import { suppressOne } from '../suppress/suppress-world.ts'
import { clock, listening } from './stream-world.ts'

const A = 'A'.repeat(27)
const B = 'B'.repeat(27)
const NEW = 'N'.repeat(27)
const ONE = '00000001'
const TWO = '00000002'

const opened: Db[] = []
afterEach(() => {
  for (const db of opened.splice(0)) db.$client.close()
})

const item = (number: string, id: string, more: Record<string, unknown> = {}) => ({
  address: { locality: 'LEEDS' },
  appointed_on: '2020-01-05',
  etag: 'e'.repeat(40),
  links: { officer: { appointments: `/officers/O-${id}/appointments` }, self: `/company/${number}/appointments/${id}` },
  name: `SMITH, ${id[0]}`,
  nationality: 'British',
  officer_role: 'director',
  person_number: `${id.charCodeAt(0)}`.padEnd(12, '0'),
  ...more,
})

const FETCHED = '2026-01-05T12:00:00.000Z'

interface Stored {
  asOf?: string | null
  state?: 'complete' | 'none' | 'pending'
}

/** Puts a company with this list into the database, as REST would have. */
function store(db: Db, number: string, ids: string[], { asOf = FETCHED, state = 'complete' }: Stored = {}): void {
  const origin = { source: 'test', fetched_at: FETCHED, first_seen_at: FETCHED, run_id: 0 }
  db.insert(companies)
    .values({ company_number: number, company_name: `COMPANY ${number}`, ...origin })
    .run()
  if (state === 'pending') return
  const rows = ids.flatMap((id) => {
    const read = readOfficerItem(item(number, id))
    return read ? [officerRow(read, { companyNumber: number, fetchedAt: FETCHED, runId: 0 })] : []
  })
  write(db, () => saveOfficers(db, number, rows, { state, fetchedAt: FETCHED, asOf, runId: 0 }))
}

function world(): Db {
  const db = openDb(':memory:')
  opened.push(db)
  store(db, ONE, [A, B])
  store(db, TWO, [A])
  return db
}

interface Told {
  type?: 'changed' | 'deleted'
  data?: unknown
  publishedAt?: string
  uri?: string
  kind?: string
}

const LATER = '2026-01-05T13:00:00'

function event(timepoint: number, number: string, id: string, told: Told = {}): string {
  const { type = 'changed', publishedAt = LATER, uri = `/company/${number}/appointments/${id}` } = told
  const data = 'data' in told ? told.data : item(number, id)
  return `${JSON.stringify({
    resource_kind: told.kind ?? 'company-officers',
    resource_uri: uri,
    resource_id: id,
    data,
    event: { timepoint, published_at: publishedAt, type },
  })}\n`
}

async function follow(db: Db, connections: Connection[], maxEvents: number, from?: number) {
  await using server = await streamServer(...connections)
  const { log, heard } = listening()
  using run = beginRun(db, clock, 'stream-officers')
  const hurried = { ...timings(0.002), streamHeadersMs: 5000, streamIdleMs: 5000 }
  const kind = officersStream({ db, clock, log })
  const stream = createStreamClient({ stream: 'officers', baseUrl: server.url, key: 'k', clock, log, timings: hurried })
  const signal = AbortSignal.timeout(4000)
  const step = { db, kind, stream, clock, log, timings: hurried, runId: run.id, signal, announce() {} }
  const summary = await followStream(step, { maxEvents, from })
  return { summary, warned: heard.filter(({ level }) => level === 'warn').map(({ message }) => message) }
}

const rowsOf = (db: Db, number: string) =>
  db.select().from(officers).where(eq(officers.company_number, number)).orderBy(officers.appointment_id).all()
const idsOf = (db: Db, number: string) => rowsOf(db, number).map(({ appointment_id }) => appointment_id)
const companyOf = (db: Db, number: string) =>
  db.select().from(companies).where(eq(companies.company_number, number)).get()
const stateOf = (db: Db, number: string) => companyOf(db, number)?.officers_state

describe('an event of the officers stream', () => {
  it('puts a new appointment in, and says by which event', async () => {
    const db = world()
    const { summary } = await follow(db, [send(event(7, ONE, NEW))], 1)
    expect(summary).toMatchObject({ inserted: 1, updated: 0, deleted: 0, timepoint: 7 })
    expect(idsOf(db, ONE)).toEqual([A, B, NEW])
    expect(rowsOf(db, ONE)[2]).toMatchObject({ name: 'SMITH, N', source: 'stream', stream_timepoint: 7 })
    expect(companyOf(db, ONE)).toMatchObject({
      officers_state: 'complete',
      officers_count: 3,
      officers_fetched_at: '2026-01-05T13:00:00.000Z',
    })
    expect(idsOf(db, TWO)).toEqual([A])
  })

  it('takes the place of what was stored, and a merge is a new officer id', async () => {
    const db = world()
    const data = item(ONE, A, { resigned_on: '2026-01-04', person_number: '999999990001' })
    data.links.officer.appointments = '/officers/MERGED/appointments'
    const { summary } = await follow(db, [send(event(7, ONE, A, { data }))], 1)
    expect(summary).toMatchObject({ inserted: 0, updated: 1 })
    expect(rowsOf(db, ONE)[0]).toMatchObject({
      resigned_on: '2026-01-04',
      officer_id: 'MERGED',
      person_number: '999999990001',
    })
    expect(rowsOf(db, ONE)[1]).toMatchObject({ source: 'rest', stream_timepoint: null })
  })

  it.each([
    ['with the last data, dates as arrays', item(ONE, B, { appointed_on: [2020, 1, 5] })],
    ['with the link of the officer alone', { links: { officer: { appointments: '/officers/O/appointments' } } }],
    ['without data', undefined],
    ['with null', null],
  ])('takes an appointment out when it is deleted %s', async (_form, data) => {
    const db = world()
    const { summary } = await follow(db, [send(event(7, ONE, B, { type: 'deleted', data }))], 1)
    expect(summary).toMatchObject({ deleted: 1, rejects: 0 })
    expect(idsOf(db, ONE)).toEqual([A])
    expect(companyOf(db, ONE)).toMatchObject({ officers_state: 'complete', officers_count: 1 })
    expect(db.select().from(deletions).all()).toMatchObject([{ kind: 'officer', company_number: ONE, key: B }])
  })

  it('is found by the name index, also when it moves no time of the list', async () => {
    const db = world()
    const index = openNameIndex()
    const found = (surname: string) => {
      for (const _step of index.refresh(db));
      return index.find({ all: false, surname: [surname] }, '', 10)
    }
    expect(found('smith')).toEqual([ONE, TWO])
    const told = { publishedAt: FETCHED, data: item(ONE, NEW, { name: 'QUILLON, Ann' }) }
    await follow(db, [send(event(7, ONE, NEW, told))], 1)
    expect(companyOf(db, ONE)?.officers_fetched_at).toBe(FETCHED)
    expect(found('quillon')).toEqual([ONE])
    index.close()
  })

  it('leaves a company without officers when the last one is deleted', async () => {
    const db = world()
    await follow(db, [send(event(7, TWO, A, { type: 'deleted' }))], 1)
    expect(companyOf(db, TWO)).toMatchObject({ officers_state: 'none', officers_count: 0 })
  })

  it('changes nothing of companies that are not stored, nor by a repetition', async () => {
    const db = world()
    const before = db.$client.serialize().length
    const lines = event(7, '00000009', NEW) + event(8, ONE, A) + event(9, ONE, NEW, { type: 'deleted' })
    const { summary } = await follow(db, [send(lines)], 3)
    expect(summary).toMatchObject({ events: 3, inserted: 0, updated: 0, deleted: 0 })
    expect(db.$client.serialize().length).toBeGreaterThanOrEqual(before)
    expect(companyOf(db, ONE)?.officers_fetched_at).toBe(FETCHED)
    expect(companyOf(db, '00000009')).toBeUndefined()
  })

  it.each([
    ['published before the list was told', FETCHED, '2026-01-05T11:00:00', false],
    ['published so in summer time', FETCHED, '2026-01-05T12:30:00.123456+01:00', false],
    ['published at about that time', FETCHED, '2026-01-05T11:59:56', true],
    ['about a list of which nobody knows when it was told', null, '2026-01-01T11:00:00', true],
    ['with a time that is none', FETCHED, 'yesterday', true],
  ])('%s: older facts never take the place of newer ones', async (_what, asOf, publishedAt, applied) => {
    const db = openDb(':memory:')
    opened.push(db)
    store(db, ONE, [A], { asOf })
    const data = item(ONE, A, { nationality: 'Irish' })
    const lines = event(7, ONE, A, { data, publishedAt }) + event(8, ONE, NEW, { publishedAt })
    await follow(db, [send(lines)], 2)
    expect(rowsOf(db, ONE)[0]?.nationality).toBe(applied ? 'Irish' : 'British')
    expect(idsOf(db, ONE)).toEqual(applied ? [A, NEW] : [A])
    expect(stateOf(db, ONE)).toBe('complete')
  })

  it('published a moment before the list was told changes nothing, and puts a list in doubt that says something else', async () => {
    const told = { publishedAt: '2026-01-05T11:59:00' }
    const changes: [string, 'complete' | 'stale'][] = [
      [event(7, ONE, A, told), 'complete'],
      [event(7, ONE, A, { ...told, data: item(ONE, A, { nationality: 'Irish' }) }), 'stale'],
      [event(7, ONE, NEW, told), 'stale'],
      [event(7, ONE, A, { ...told, type: 'deleted' }), 'stale'],
      [event(7, ONE, NEW, { ...told, type: 'deleted' }), 'complete'],
    ]
    for (const [line, state] of changes) {
      const db = world()
      await follow(db, [send(line)], 1)
      expect(idsOf(db, ONE)).toEqual([A, B])
      expect(rowsOf(db, ONE)[0]).toMatchObject({ nationality: 'British' })
      expect(stateOf(db, ONE)).toBe(state)
    }
  })

  it('of the shape before November 2025 keeps what it does not say, and puts nothing unsaid into a complete list', async () => {
    const db = world()
    const early = (id: string, more = {}) => {
      const { etag: _, person_number: __, links, ...rest } = item(ONE, id, more)
      return { ...rest, links: { self: links.self } }
    }
    await follow(db, [send(event(7, ONE, A, { data: early(A, { nationality: 'Irish' }) }))], 1)
    expect(rowsOf(db, ONE)[0]).toMatchObject({
      nationality: 'Irish',
      officer_id: `O-${A}`,
      person_number: '650000000000',
    })
    expect(stateOf(db, ONE)).toBe('complete')
    await follow(db, [send(event(8, ONE, NEW, { data: early(NEW) }))], 1)
    expect(idsOf(db, ONE)).toEqual([A, B, NEW])
    expect(stateOf(db, ONE)).toBe('stale')
    expect(stateOf(db, TWO)).toBe('complete')
  })

  it('reads the published examples', async () => {
    const folder = fileURLToPath(new URL('../../sandbox/recorded/', import.meta.url))
    const lines = readFileSync(`${folder}events__officers.ndjson.recorded`, 'utf8')
    const db = world()
    store(db, '99000001', ['rl8FApGwUgwUJ2dd2ztr4aDaRFQ', 'dBt34LVP7WmZdIiSG2uFUHXMMzY'])
    const { summary } = await follow(db, [send(lines), send(lines.slice(lines.indexOf('\n') + 1))], 7)
    expect(summary).toMatchObject({ events: 7, rejects: 0 })
  })
})

describe('a company without a list', () => {
  it('is due at once when the first of its officers is told of, and the look uses up none of its waits', async () => {
    const db = world()
    store(db, '00000003', [], { state: 'pending' })
    const far = Date.now() + 3_600_000
    db.insert(jobs)
      .values({
        ...{ company_number: '00000003', stage: 'officers', state: 'due', owner: 'stream', cause: 'new' },
        ...{ attempts: 2, due_at: far, created_at: 0, updated_at: 0, run_id: 0 },
      })
      .run()
    db.insert(officer_fetches).values({ company_number: '00000003', attempts: 1, retry_at: far }).run()
    await follow(db, [send(event(7, '00000003', NEW))], 1)
    expect(db.select().from(jobs).get()).toMatchObject({ attempts: 1, state: 'due' })
    expect(db.select().from(jobs).get()?.due_at).toBeLessThanOrEqual(Date.now())
    expect(db.select().from(officer_fetches).get()).toMatchObject({ attempts: 0, retry_at: null })
    expect(idsOf(db, '00000003')).toEqual([])
    expect(stateOf(db, '00000003')).toBe('pending')
  })

  it('is not believed to have none any more', async () => {
    const db = world()
    store(db, '00000003', [], { state: 'none' })
    await follow(db, [send(event(7, '00000003', NEW))], 1)
    expect(stateOf(db, '00000003')).toBe('stale')
  })
})

describe('a fetch that is under way', () => {
  it.each([
    ['an event about the company', [send(event(7, ONE, NEW))], 1, true],
    ['an event about another company', [send(event(7, TWO, NEW))], 1, false],
    ['a repetition', [send(event(7, ONE, A))], 1, false],
    ['a gap', [send(event(7, TWO, NEW) + event(10, TWO, NEW)), send(event(10, TWO, NEW))], 2, true],
    ['a line that names the company', [send(event(7, ONE, A, { data: {} }) + event(8, TWO, NEW))], 1, true],
  ])('is overtaken or not by %s', async (_what, connections, events, overtaken) => {
    const db = world()
    const begun = beginFetch({ db }, ONE)
    await follow(db, connections, events)
    expect(isOvertaken(db, ONE, begun)).toBe(overtaken)
  })
})

describe('what the stream cannot prove', () => {
  const cut = '{"resource_kind":"company-officers","resource_uri":"/company/00000001/appointments/A","data":{"na\n'
  const nowhere = { uri: '/somewhere', data: { name: 'SMITH, Jane' } }

  it.each([
    ['an event whose data is cut out', event(8, ONE, A, { data: undefined }), 9, ['stale', 'complete']],
    ['a member of another kind', event(8, ONE, A, { data: item(ONE, A, { name: 7 }) }), 9, ['stale', 'complete']],
    ["another company's data", event(8, ONE, A, { data: item(TWO, A) }), 9, ['stale', 'stale']],
    ['a broken line that names a company', cut, 8, ['stale', 'complete']],
    ['a stray line that names nobody', 'garbage\n', 8, ['complete', 'complete']],
    [
      'a number that no stored company has',
      event(8, 'x', A, { uri: '/company/123/appointments/x' }),
      9,
      ['complete', 'complete'],
    ],
    ['an event of nobody knows whom', event(8, 'x', A, nowhere), 9, ['stale', 'stale']],
  ])('is called stale after %s', async (_what, line, next, states) => {
    const db = world()
    const data = { links: {} }
    const lines =
      event(7, '00000009', A, { type: 'deleted' }) + line + event(next, '00000009', A, { type: 'deleted', data })
    const { summary } = await follow(db, [send(lines)], 2)
    expect(summary).toMatchObject({ rejects: 1, gaps: 0 })
    expect(db.select().from(stream_rejects).all()).toHaveLength(1)
    expect([stateOf(db, ONE), stateOf(db, TWO)]).toEqual(states)
  })

  it('is every complete list after a gap, a 416 and a renumbering', async () => {
    const doubts: [string, Connection[]][] = [
      ['gap', [send(event(7, '00000009', A) + event(9, '00000009', B)), send(event(9, '00000009', B))]],
      ['416', [sendAndClose(event(7, '00000009', A)), status(416), send(event(90, '00000009', B))]],
      ['renumbering', [send(event(7, '00000009', A) + event(1, '00000009', B))]],
    ]
    for (const [what, connections] of doubts) {
      const db = world()
      const { warned } = await follow(db, connections, 2)
      expect([what, stateOf(db, ONE), stateOf(db, TWO)]).toEqual([what, 'stale', 'stale'])
      expect(warned.some((message) => message.includes('in doubt'))).toBe(true)
      expect(readUnrepaired(db, 'officers')).toEqual([])
      expect(companyOf(db, ONE)?.officers_fetched_at).toBe(FETCHED)
    }
  })

  it('is no list that was told after what was lost', async () => {
    const db = world()
    store(db, '00000003', [A], { asOf: '2026-01-05T15:00:00.000Z' })
    store(db, '00000004', [A], { asOf: null })
    const lines = event(7, '00000009', A) + event(9, '00000009', B, { publishedAt: '2026-01-05T14:00:00' })
    await follow(db, [send(lines), send(event(9, '00000009', B, { publishedAt: '2026-01-05T14:00:00' }))], 2)
    const states = [ONE, TWO, '00000003', '00000004'].map((number) => stateOf(db, number))
    expect(states).toEqual(['stale', 'stale', 'complete', 'stale'])
  })

  it('is also what `--from` leaves out, and nothing when it leaves out nothing', async () => {
    const db = world()
    await follow(db, [send(event(7, '00000009', A))], 1)
    await follow(db, [send(event(8, '00000009', A, { publishedAt: '2026-01-05T13:00:01' }))], 1, 8)
    expect(stateOf(db, ONE)).toBe('complete')
    await follow(db, [send(event(20, '00000009', A))], 1, 20)
    expect(stateOf(db, ONE)).toBe('stale')
  })

  it('is not what an event puts into a list in doubt', async () => {
    const db = world()
    db.update(companies).set({ officers_state: 'stale' }).run()
    await follow(db, [send(event(7, ONE, NEW))], 1)
    expect(idsOf(db, ONE)).toEqual([A, B, NEW])
    expect(stateOf(db, ONE)).toBe('stale')
    expect(findList(db, ONE)).toMatchObject({ count: 3 })
  })
})

describe('a rule', () => {
  it('withholds an officer whom an event tells of, and takes away what was stored', async () => {
    const db = world()
    suppressOne(db, 'officer', `O-${NEW}`)
    suppressOne(db, 'officer', `O-${A}`)
    const data = item(ONE, A, { nationality: 'Irish' })
    await follow(db, [send(event(7, ONE, NEW) + event(8, ONE, A, { data }))], 2)
    expect(idsOf(db, ONE)).toEqual([B])
    expect(companyOf(db, ONE)).toMatchObject({ officers_state: 'complete', officers_count: 1 })
    const merged = item(ONE, NEW, { name: 'JONES, Renamed' })
    merged.links.officer.appointments = '/officers/MERGED/appointments'
    await follow(db, [send(event(9, ONE, NEW, { data: merged }))], 1)
    expect(idsOf(db, ONE)).toEqual([B])
  })

  it('also empties what could not be read about them, and an erasure what was kept', async () => {
    const db = world()
    suppressOne(db, 'officer', `O-${NEW}`)
    const broken = (id: string) => event(id === NEW ? 7 : 8, ONE, id, { data: item(ONE, id, { name: 7 }) })
    await follow(db, [send(broken(NEW) + broken(A) + event(9, ONE, B))], 1)
    const lines = () =>
      db
        .select()
        .from(stream_rejects)
        .all()
        .map(({ line }) => line)
    expect(lines().map((line) => line === '')).toEqual([true, false])
    suppressOne(db, 'officer', `O-${A}`, { erase: true })
    expect(lines()).toEqual(['', ''])
    expect(idsOf(db, ONE)).toEqual([B])
    const unknown = item('00000009', NEW, {
      occupation: 7,
      name: 'QUILLON, Ann',
      date_of_birth: { month: 2, year: 1980 },
    })
    unknown.links.officer.appointments = '/officers/O-quillon/appointments'
    await follow(db, [send(event(10, '00000009', NEW, { data: unknown }) + event(11, ONE, B))], 1)
    expect(lines().at(-1)).toContain('QUILLON')
    suppressOne(db, 'name', 'QUILLON, Ann', { born: '1980-02', erase: true })
    expect(lines()).toEqual(['', '', ''])
  })
})
