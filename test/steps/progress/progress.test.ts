import { hostname } from 'node:os'
import { describe, expect, test } from 'vitest'
import type { Clock } from '../../../src/clock.ts'
import { openDb } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { dayAt, verificationOn } from '../../../src/db/standing.ts'
import { openAllowance } from '../../../src/quota/allowance.ts'
import { COMPANIES_HOUSE_ALLOWANCE } from '../../../src/quota/report.ts'
import { etaSeconds, percentOf, readProgress, recentRate } from '../../../src/steps/progress/progress.ts'
import { tempFolder } from '../../host.ts'
import { virtualClock } from '../../virtual-clock.ts'
import { addCompany, addOfficer, newDatabase } from '../export/export-world.ts'

const quota = { limit: 600, windowMs: 300_000 }
const now = Date.UTC(2026, 0, 5, 12)
const ago = (seconds: number) => now - seconds * 1000

describe('recentRate, companies per minute', () => {
  test.each([
    ['nothing lately', 0, null, 0],
    ['a run that began 20 s ago', 20, ago(20), 60],
    ['a run that has just begun counts as 5 s', 2, ago(0.1), 24],
    ['a steady run over the whole past', 1000, ago(600), 100],
    ['a run of one minute that stopped five minutes ago fades', 120, ago(360), 20],
    ['a burst counts no higher than the allowance lets through for long', 600, ago(10), 120],
  ])('%s', (_name, count, firstMs, expected) => {
    expect(recentRate({ count, firstMs }, now, quota)).toBeCloseTo(expected, 6)
  })
})

test.each([
  [0, 100, 0],
  [-5, 0, 0],
  [100, 0, null],
  [100, 100, 60],
  [1, 120, 1],
])('etaSeconds(%d missing, %d a minute) is %j', (missing, perMinute, expected) => {
  expect(etaSeconds(missing, perMinute)).toBe(expected)
})

test.each([
  [0, 10_000, 0],
  [9999, 10_000, 99.9],
  [7655, 10_000, 76.5],
  [10_000, 10_000, 100],
  [20_000, 10_000, 100],
])('percentOf(%d, %d) is %d', (complete, target, expected) => expect(percentOf(complete, target)).toBe(expected))

test('reports from a read-only connection while another holds a write transaction', () => {
  using folder = tempFolder()
  const clock = virtualClock()
  const writer = newDatabase(folder.file('a.db'))
  const at = new Date(clock.now() - 30_000).toISOString()
  addCompany(writer, { company_number: '1', officers_count: 3, officers_fetched_at: at })
  addCompany(writer, { company_number: '2', officers_state: 'pending' })
  const run = beginRun(writer, clock, 'import-officers')
  const reader = openDb(folder.file('a.db'), { readonly: true })
  writer.$client.exec('BEGIN IMMEDIATE')
  addCompany(writer, { company_number: '3' })
  expect(readProgress(reader, { target: 2, quota, clock })).toEqual({
    companies_with_officers: 1,
    officers: 3,
    companies: 2,
    pending: 1,
    none: 0,
    failed: 0,
    target: 2,
    percent: 50,
    ready: false,
    per_minute: 2,
    eta_seconds: 30,
    quota: { limit: 600, window_seconds: 300, used: 0, peak: 0, rate_limited: 0 },
    runs: [
      {
        command: 'import-officers',
        pid: process.pid,
        host: hostname(),
        started_at: new Date(run.startedAt).toISOString(),
      },
    ],
  })
  expect(readProgress(reader, { target: 4, quota, clock }).eta_seconds).toBeNull()
  writer.$client.exec('COMMIT')
  expect(readProgress(reader, { target: 2, quota, clock })).toMatchObject({ ready: true, percent: 100, eta_seconds: 0 })
  run[Symbol.dispose]()
  expect(readProgress(reader, { target: 3, quota, clock })).toMatchObject({ per_minute: 2, eta_seconds: null })
  reader.$client.close()
  writer.$client.close()
})

test('counts how the identities of the officers stand, once anything is published of any', () => {
  using folder = tempFolder()
  const clock = virtualClock()
  const db = newDatabase(folder.file('a.db'))
  const today = dayAt(clock.now())
  const yesterday = dayAt(clock.now() - 86_400_000)
  addCompany(db, { company_number: '1', officers_count: 9 })
  const add = (id: string, more: object = {}) => addOfficer(db, { company_number: '1', appointment_id: id, ...more })
  add('a')
  const read = () => readProgress(db, { target: 2, quota, clock }).verification
  expect(read()).toBeUndefined()
  add('b', { appointment_verification_start_on: yesterday })
  add('c', { appointment_verification_start_on: yesterday, appointment_verification_end_on: '9999-12-31' })
  add('d', { appointment_verification_start_on: yesterday, appointment_verification_end_on: today })
  add('e', { appointment_verification_start_on: yesterday, appointment_verification_end_on: 'soon' })
  add('f', { appointment_verification_statement_due_on: today })
  add('g', { appointment_verification_statement_due_on: yesterday })
  add('h', { appointment_verification_statement_due_on: yesterday })
  add('i', { appointment_verification_statement_due_on: 'never' })
  expect(read()).toEqual({ verified: 2, due: 1, overdue: 2, ended: 1, none: 3 })
  const states = db.$client
    .prepare(`SELECT ${verificationOn(today, 'officers')} FROM officers`)
    .pluck()
    .all()
  for (const [state, count] of Object.entries(read() ?? {})) {
    expect([state, states.filter((one) => one === state).length]).toEqual([state, count])
  }
  db.$client.close()
})

test('tells until when calls wait for the allowance, whether it is used up or closed', async () => {
  const clock = virtualClock()
  const db = newDatabase(':memory:')
  const small = { limit: 2, windowMs: 60_000 }
  const options = { db, clock, name: COMPANIES_HOUSE_ALLOWANCE, quota: small, requestTimeoutMs: 1000 }
  const allowance = openAllowance({ ...options, probePatienceMs: 1000 })
  const answer = { limited: false, limit: 2, remain: 1, resetEarliestMs: null, resetLatestMs: null }
  const call = async () => clock.runUntil(allowance.acquire('background', new AbortController().signal))
  const freeAt = () => readProgress(db, { target: 1, quota: small, clock }).allowance_free_at
  ;(await call()).settle(answer)
  expect(freeAt()).toBeUndefined()
  const second = await call()
  second.settle({ ...answer, remain: 0 })
  expect(Date.parse(freeAt() ?? '') - clock.now()).toBe(60_002)
  const closed = newDatabase(':memory:')
  const other = openAllowance({ ...options, db: closed, probePatienceMs: 1000 })
  const permit = await clock.runUntil(other.acquire('background', new AbortController().signal))
  permit.settle({ limited: true, limit: 2, remain: 0, resetEarliestMs: 28_000, resetLatestMs: 31_000 })
  const until = readProgress(closed, { target: 1, quota: small, clock }).allowance_free_at
  expect(Date.parse(until ?? '') - clock.now()).toBe(31_000)
})

describe('the stream and the enrichment', () => {
  test('are left out while there is nothing to tell', () => {
    using folder = tempFolder()
    const db = newDatabase(folder.file('a.db'))
    const keys = Object.keys(readProgress(db, { target: 4, quota, clock: virtualClock() }))
    expect(keys.slice(-2)).toEqual(['eta_seconds', 'quota'])
    db.$client.close()
  })

  test('are told with jobs, hit rates, credits and what the stream leaves of the allowance', () => {
    using folder = tempFolder()
    const clock = virtualClock()
    const db = newDatabase(folder.file('a.db'))
    fillLive(db, clock)
    const { stream, jobs, domains, emails, credits, capacity } = readProgress(db, { target: 4, quota, clock })
    expect(stream).toMatchObject({ running: false, timepoint: 77, events: 40, lag_seconds: 60, jumps: 1, rejects: 1 })
    expect(jobs).toEqual({
      due: 3,
      due_for_enrich: 0,
      stages: { details: 0, domain: 1, officers: 2, emails: 0 },
      skipped: 1,
      failed: 1,
      done: 1,
    })
    expect(domains).toEqual({ found: 3, companies_asked: 4, companies_found: 3, hit_percent: 75 })
    expect(emails).toEqual({ found: 2, people_asked: 2, people_found: 1, hit_percent: 50 })
    expect(credits).toEqual({ spent: 7, reserved: 4, left: '93.00', left_read_at: '1970-01-01T00:00:00.000Z' })
    expect(capacity).toEqual({ allowance_per_minute: 120, stream_per_minute: 0.4, background_per_minute: 119.6 })
    db.$client.close()
  })
})

/** Six jobs of every kind, three domains, a person with two addresses, and two calls of the stream. */
function fillLive(db: ReturnType<typeof newDatabase>, clock: Clock): void {
  const now = clock.now()
  const at = new Date(now).toISOString()
  const sql = (text: string, ...values: unknown[]) => db.$client.prepare(text).run(...values)
  const stages = [
    ['domain', 'due'],
    ['officers', 'due'],
    ['officers', 'due'],
    ['domain', 'skipped'],
    ['details', 'failed'],
    ['emails', 'done'],
  ]
  for (const [index, [stage, state]] of stages.entries()) {
    addCompany(db, { company_number: `${index}` })
    sql(
      `INSERT INTO jobs (company_number, stage, state, owner, due_at, cause, created_at, updated_at, run_id)
       VALUES (?, ?, ?, 'stream', 0, 'new', 0, 0, 1)`,
      ...[`${index}`, stage, state],
    )
  }
  for (const number of ['1', '2', '5']) {
    sql(`INSERT INTO domains VALUES (?, ?, 'snov', 90, 'found', ?, 1)`, number, `${number}.test`, at)
  }
  for (const email of ['a@5.test', 'b@5.test']) {
    sql(`INSERT INTO emails VALUES ('5', 'x', ?, 'valid', NULL, 'snov', ?, 1)`, email, at)
  }
  for (const key of ['k1', 'k2']) {
    sql(`INSERT INTO provider_answers VALUES ('snov', 'emails', ?, 'miss', NULL, 1, 0)`, key)
  }
  sql(
    `INSERT INTO provider_requests (provider, operation, request_key, input, status, reserved, requested_at, run_id)
     VALUES ('snov', 'emails', 'r', '[]', 'started', 4, 0, 1)`,
  )
  sql(
    `INSERT INTO credit_ledger (provider, request_id, operation, expected, balance_after, booked_at, run_id)
     VALUES ('snov', 1, 'domain', 7, '93.00', 0, 1)`,
  )
  sql(
    `INSERT INTO stream_cursors VALUES ('companies', 77, ?, NULL, NULL, ?, ?, 40, NULL)`,
    ...[new Date(now - 60_000).toISOString(), now, now],
  )
  sql(`INSERT INTO stream_gaps (stream, kind, noted_at, run_id) VALUES ('companies', 'jump', 0, 1)`)
  sql(`INSERT INTO stream_rejects (stream, reason, line, received_at, run_id) VALUES ('companies', 'r', 'l', 0, 1)`)
  sql(`INSERT INTO quota_state (allowance, boot) VALUES ('companies-house', ?)`, clock.boot)
  for (const lane of ['stream', 'stream', 'background']) {
    sql(
      `INSERT INTO quota_grants (allowance, lane, probe, granted_at, frees_at) VALUES ('companies-house', ?, 0, 0, ?)`,
      ...[lane, clock.steady() + 1000],
    )
  }
}

describe('the ETA of an import that the allowance limits', () => {
  /** So many companies of a thousand were fetched in a burst, five a second, that ended `agoMs` ago. */
  function bursting(fetched: number, agoMs: number, target = 1000) {
    const clock = virtualClock()
    const db = newDatabase(':memory:')
    const run = beginRun(db, clock, 'import-officers')
    const [now, steady] = [clock.now(), clock.steady()]
    const grant = db.$client.prepare(
      "INSERT INTO quota_grants (allowance, lane, probe, granted_at, answered_at, frees_at) VALUES (?, 'background', 0, ?, ?, ?)",
    )
    db.$client
      .prepare('INSERT INTO quota_state (allowance, boot, zero_at) VALUES (?, ?, ?)')
      .run(COMPANIES_HOUSE_ALLOWANCE, clock.boot, clock.now() - clock.steady())
    db.$client.transaction(() => {
      for (let index = 0; index < 1000; index += 1) {
        const before = agoMs + (fetched - index) * 200
        const done = index < fetched
        addCompany(db, {
          company_number: String(index),
          officers_state: done ? 'complete' : 'pending',
          officers_fetched_at: done ? new Date(now - before).toISOString() : null,
        })
        if (done)
          grant.run(COMPANIES_HOUSE_ALLOWANCE, steady - before, steady - before, steady - before + quota.windowMs)
      }
    })()
    const { eta_seconds, windows_left } = readProgress(db, { target, quota, clock })
    run[Symbol.dispose]()
    db.$client.close()
    return [eta_seconds, windows_left]
  }

  test('knows of the wait before it comes', () => {
    expect(bursting(100, 0)).toEqual([360, 1])
  })

  test('counts down while it waits', () => {
    const [first, later] = [bursting(600, 60_000), bursting(600, 120_000)]
    expect(first[1]).toBe(1)
    expect(Number(first[0]) - Number(later[0])).toBe(60)
  })

  test('is that of the burst when all of it fits', () => {
    expect(bursting(400, 0, 500)).toEqual([20, undefined])
  })
})
