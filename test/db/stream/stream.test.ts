import { readdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { companyDetails } from '../../../src/companies-house/profile.ts'
import { insertCompany, markDeleted, updateCompany } from '../../../src/db/companies/companies.ts'
import { enqueueJob, type Owner } from '../../../src/db/jobs/queue.ts'
import { type Db, openDb, write } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { companies, jobs, runs, stream_minutes } from '../../../src/db/schema.ts'
import {
  advanceCursor,
  claimStream,
  readCursor,
  readMinutes,
  releaseStream,
  saveConnected,
  saveSilence,
} from '../../../src/db/stream/cursor.ts'
import { readRejectsAfter, saveJump, saveReject } from '../../../src/db/stream/gaps.ts'
import { readStreamReport } from '../../../src/steps/stream/report.ts'
import { tempFolder } from '../../host.ts'

const now = Date.UTC(2026, 0, 5, 12)
const clock = { ...systemClock(), now: () => now }
const stream = 'companies'
const claim = (db: Db, runId: number) => write(db, (tx) => claimStream(tx, stream, runId, clock))

describe('the claim on a stream', () => {
  it('is held by one run at a time, and is free once it is given back', () => {
    const db = openDb(':memory:')
    using first = beginRun(db, clock, 'stream')
    using second = beginRun(db, clock, 'stream')
    claim(db, first.id)
    claim(db, first.id)
    expect(() => claim(db, second.id)).toThrow(`process ${process.pid} on ${hostname()}`)
    write(db, (tx) => releaseStream(tx, stream, second.id))
    expect(readCursor(db, stream)?.claimed_by).toBe(first.id)
    write(db, (tx) => releaseStream(tx, stream, first.id))
    expect(claim(db, second.id)).toMatchObject({ claimed_by: second.id, timepoint: null })
  })

  it('of another machine ends with its lease', () => {
    const db = openDb(':memory:')
    using first = beginRun(db, clock, 'stream')
    using second = beginRun(db, clock, 'stream')
    claim(db, first.id)
    db.update(runs)
      .set({ host: 'elsewhere', heartbeat_at: now - 60_000 })
      .run()
    expect(() => claim(db, second.id)).toThrow('on elsewhere')
    db.update(runs)
      .set({ heartbeat_at: now - 600_000 })
      .run()
    expect(claim(db, second.id).claimed_by).toBe(second.id)
  })

  it('forgets minutes that are months old, while it is followed', () => {
    const db = openDb(':memory:')
    const minute = now / 60_000
    for (const age of [1, 50 * 1440, 61 * 1440])
      db.insert(stream_minutes)
        .values({ stream, minute: minute - age, events: 1 })
        .run()
    claim(db, beginRun(db, clock, 'stream').id)
    advanceCursor(db, stream, { timepoint: 9, publishedAt: null, events: 1, now })
    expect(readMinutes(db, stream, 0).map((row) => minute - row.minute)).toEqual([50 * 1440, 1, 0])
  })
})

describe('a company of the stream', () => {
  const details = companyDetails('00000001', {
    company_name: 'A',
    type: 'ltd',
    registered_office_address: { locality: 'York' },
  })
  const origin = { source: 'stream', fetchedAt: '2026-01-05T12:00:00.000Z', runId: 4 }

  it('is stored column by column', () => {
    const db = openDb(':memory:')
    insertCompany(db, details, origin)
    expect(db.select().from(companies).get()).toEqual({
      ...details,
      country_of_origin: null,
      charges_count: null,
      charges_outstanding_count: null,
      charges_part_satisfied_count: null,
      charges_satisfied_count: null,
      general_partners_count: null,
      limited_partners_count: null,
      uri: null,
      pscs_state: 'pending',
      pscs_fetched_at: null,
      officers_state: 'pending',
      officers_count: 0,
      officers_fetched_at: null,
      source: 'stream',
      fetched_at: origin.fetchedAt,
      run_id: 4,
      first_seen_at: origin.fetchedAt,
      deleted_at: null,
      change_number: 2,
      file_row: null,
    })
  })

  it('is updated in every column of the profile, and only there', () => {
    const db = openDb(':memory:')
    insertCompany(db, details, origin)
    const before = db.select().from(companies).get()
    const every = Object.fromEntries(Object.keys(details).map((name) => [name, name])) as unknown as typeof details
    const later = { source: 'rest', fetchedAt: '2026-02-01T00:00:00.000Z', runId: 5 }
    updateCompany(db, { ...every, company_number: '00000001' }, later)
    expect(db.select().from(companies).get()).toEqual({
      ...before,
      ...every,
      company_number: '00000001',
      source: 'rest',
      fetched_at: later.fetchedAt,
      run_id: 5,
      change_number: 3,
    })
  })

  it('keeps the time at which it was first marked as deleted', () => {
    const db = openDb(':memory:')
    insertCompany(db, details, origin)
    expect(markDeleted(db, '00000001', origin)).toBe(true)
    expect(markDeleted(db, '00000001', { ...origin, fetchedAt: '2027-01-01T00:00:00.000Z' })).toBe(false)
    expect(db.select().from(companies).get()?.deleted_at).toBe(origin.fetchedAt)
  })
})

const DRIZZLE = new URL('../../../drizzle/', import.meta.url)

describe('a job', () => {
  it('is queued once, whatever becomes of it', () => {
    const db = openDb(':memory:')
    insertCompany(db, companyDetails('00000001', { company_name: 'A' }), { source: 'stream', fetchedAt: 'x', runId: 1 })
    const job = {
      companyNumber: '00000001',
      stage: 'domain',
      owner: 'stream',
      cause: 'new',
      dueAt: 7,
      runId: 1,
    } as const
    expect(write(db, (tx) => enqueueJob(tx, job))).toBe(true)
    db.update(jobs).set({ state: 'done', stage: 'done' }).run()
    expect(write(db, (tx) => enqueueJob(tx, { ...job, cause: 'status=active' }))).toBe(false)
    expect(db.select().from(jobs).all()).toMatchObject([{ state: 'done', cause: 'new', due_at: 7 }])
  })
})

describe('a job of an `enrich`', () => {
  const queued = (state: 'due' | 'failed') => {
    const db = openDb(':memory:')
    insertCompany(db, companyDetails('00000001', { company_name: 'A' }), { source: 'stream', fetchedAt: 'x', runId: 1 })
    const job = { companyNumber: '00000001', stage: 'domain', dueAt: 7, runId: 1 } as const
    write(db, (tx) => enqueueJob(tx, { ...job, owner: 'enrich', cause: 'stored' }))
    db.update(jobs).set({ state, stage: 'emails' }).run()
    return { db, enqueue: (owner: Owner) => write(db, (tx) => enqueueJob(tx, { ...job, owner, cause: owner })) }
  }

  it('becomes the stream’s where the stream asks for it too, and goes on from its stage', () => {
    const { db, enqueue } = queued('due')
    expect([enqueue('stream'), enqueue('stream'), enqueue('enrich')]).toEqual([true, false, false])
    expect(db.select().from(jobs).all()).toMatchObject([{ owner: 'stream', cause: 'stream', stage: 'emails' }])
  })

  it('stays as it is once it has ended', () => {
    const { db, enqueue } = queued('failed')
    expect(enqueue('stream')).toBe(false)
    expect(db.select().from(jobs).all()).toMatchObject([{ owner: 'enrich', state: 'failed' }])
  })

  it('is told by its old priority in a database of before', () => {
    using folder = tempFolder()
    const old = new Database(folder.file('a.db'))
    const scripts = readdirSync(DRIZZLE)
      .filter((name) => name.endsWith('.sql'))
      .sort()
    const before = scripts.slice(
      0,
      scripts.findIndex((name) => name.includes('job_owner')),
    )
    for (const name of before) old.exec(readFileSync(new URL(name, DRIZZLE), 'utf8'))
    old.exec(`
      INSERT INTO companies (company_number, company_name, source, fetched_at, first_seen_at, run_id)
        VALUES ('00000001', 'A', 'x', 'x', 'x', 1), ('00000002', 'B', 'x', 'x', 'x', 1);
      INSERT INTO jobs (company_number, stage, state, priority, due_at, cause, created_at, updated_at, run_id)
        VALUES ('00000001', 'domain', 'due', 0, 0, 'new', 0, 0, 1), ('00000002', 'domain', 'due', 1, 0, 'stored', 0, 0, 1);
      PRAGMA application_id = ${0x43485049};
      PRAGMA user_version = ${before.length}`)
    old.close()
    const db = openDb(folder.file('a.db'))
    const owners = db
      .select()
      .from(jobs)
      .all()
      .map(({ cause, owner }) => [cause, owner])
    db.$client.close()
    expect(owners).toEqual([
      ['new', 'stream'],
      ['stored', 'enrich'],
    ])
  })
})

describe('rejects without a timepoint', () => {
  it('are found again by their place', () => {
    const db = openDb(':memory:')
    const reject = { stream, timepoint: null, reason: 'not JSON', receivedAt: 1, runId: 1 }
    for (const [after, line] of [
      [5, 'a'],
      [55, 'b'],
      [5, 'c'],
      [null, 'd'],
    ] as const)
      saveReject(db, { ...reject, after, line })
    saveReject(db, { ...reject, after: 5, line: 'e', timepoint: 6 })
    expect(readRejectsAfter(db, stream, 5).sort()).toEqual(['a', 'c'])
  })
})

describe('the report of the stream', () => {
  const advance = (db: Db, more: Partial<Parameters<typeof advanceCursor>[2]> = {}) =>
    advanceCursor(db, stream, { timepoint: 9, publishedAt: '2026-01-05T11:59:30', events: 30, now, ...more })

  it('is nothing before the stream was ever followed', () => {
    expect(readStreamReport(openDb(':memory:'), clock, 'companies')).toBeNull()
  })

  it('tells who follows it, how fast it goes and what was lost', () => {
    const db = openDb(':memory:')
    using run = beginRun(db, { ...clock, now: () => now - 3_600_000 }, 'stream')
    claim(db, run.id)
    saveConnected(db, stream, now - 60_000)
    advance(db, { now: now - 1_200_000 })
    advance(db)
    saveJump(db, { stream, now, runId: run.id }, { kind: 'jump', from: 3, to: 4 })
    saveReject(db, { stream, timepoint: 5, after: 4, reason: 'x', line: 'y', receivedAt: now, runId: run.id })
    expect(readStreamReport(db, clock, 'companies')).toEqual({
      stream: 'companies',
      running: true,
      host: hostname(),
      pid: process.pid,
      connected_since: '2026-01-05T11:59:00.000Z',
      last_event_at: '2026-01-05T12:00:00.000Z',
      timepoint: 9,
      events: 60,
      events_per_minute: 3,
      lag_seconds: 30,
      silent: false,
      jumps: 1,
      expired: 0,
      unrepaired: 0,
      misplaced: 0,
      misplaced_at: null,
      rejects: 1,
    })
  })

  it.each([
    ['2026-01-05T12:59:00+01:00', 60],
    ['2026-01-05T11:58:00.742120Z', 119],
    ['2026-01-05T12:59:00', 0],
    [null, null],
  ])('measures the lag from a publishing time of %s', (publishedAt, seconds) => {
    const db = openDb(':memory:')
    claim(db, beginRun(db, clock, 'stream').id)
    advance(db, { publishedAt })
    expect(readStreamReport(db, clock, 'companies')?.lag_seconds).toBe(seconds)
  })

  it('says that it is silent from the warning on until an event comes', () => {
    const db = openDb(':memory:')
    using run = beginRun(db, clock, 'stream')
    claim(db, run.id)
    advance(db)
    saveSilence(db, stream, now)
    expect(readStreamReport(db, clock, 'companies')).toMatchObject({ silent: true })
    advance(db, { now: now + 2 })
    expect(readStreamReport(db, clock, 'companies')).toMatchObject({ silent: false })
  })

  it('shows a process that died as no process', () => {
    const db = openDb(':memory:')
    using run = beginRun(db, clock, 'stream')
    claim(db, run.id)
    saveConnected(db, stream, now)
    db.update(runs)
      .set({ pid: 2 ** 22 + 1, pid_started: '1' })
      .run()
    expect(readStreamReport(db, clock, 'companies')).toMatchObject({ running: false, pid: null, connected_since: null })
  })
})
