import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { openDb } from '../../../src/db/open.ts'
import { findAnswers, saveAnswers } from '../../../src/db/purchases/answers.ts'
import {
  claimDueRequests,
  findOtherRuns,
  postponeRequest,
  readNextPollAt,
  wakePolls,
} from '../../../src/db/purchases/polls.ts'
import {
  closeRequest,
  createRequest,
  doubtRequest,
  findRequest,
  readLostStarts,
  readOpenInputs,
  readTraffic,
  startRequest,
  withdrawRequest,
} from '../../../src/db/purchases/requests.ts'
import { beginRun } from '../../../src/db/runs.ts'

const clock = systemClock()
const inputs = [{ key: 'k1', name: 'Ann "A" Lee', domain: 'x.example' }]
const request = {
  provider: 'snov',
  operation: 'emails',
  requestKey: 'r',
  inputs,
  reserved: 1,
  balanceBefore: '9.00',
  requestedAt: 5,
  runId: 1,
} as const
const fresh = () => {
  const db = openDb(':memory:')
  return { db, id: createRequest(db, { ...request, inputs }) }
}

describe('a purchase', () => {
  it('is kept as it was written, with its inputs open', () => {
    const { db, id } = fresh()
    expect(findRequest(db, id)).toMatchObject({
      status: 'created',
      inputs,
      balanceBefore: '9.00',
      requestedAt: 5,
      task: null,
    })
    expect(readOpenInputs(db, 'emails')).toEqual([{ requestId: id, status: 'created', key: 'k1', domain: 'x.example' }])
    expect(readOpenInputs(db, 'domain')).toEqual([])
    expect(readTraffic(db, 'snov')).toEqual({ open: 1, newestId: id })
  })

  it('that never arrived leaves nothing, but one that started cannot be withdrawn', () => {
    const { db, id } = fresh()
    withdrawRequest(db, id)
    expect(findRequest(db, id)).toBeNull()
    const next = createRequest(db, { ...request, inputs })
    expect(next).toBeGreaterThan(id)
    startRequest(db, next, { task: '/t', nextPollAt: 10 })
    withdrawRequest(db, next)
    expect(findRequest(db, next)).toMatchObject({ status: 'started', task: '/t' })
  })

  it('ends once, and stays ended', () => {
    const { db, id } = fresh()
    expect(closeRequest(db, id, { status: 'completed', completedAt: 7 })).toBe(true)
    expect(closeRequest(db, id, { status: 'refused', completedAt: 8 })).toBe(false)
    doubtRequest(db, id, { error: 'x', nextPollAt: 1 })
    postponeRequest(db, id, 1, 'x')
    expect(findRequest(db, id)).toMatchObject({ status: 'completed', lastError: null })
    expect(readOpenInputs(db, 'emails')).toEqual([])
    expect(readNextPollAt(db)).toBeNull()
  })

  it('is claimed by one poller at a time, until its lease ends', () => {
    const { db, id } = fresh()
    expect(claimDueRequests(db, 100, 200, 8)).toEqual([])
    startRequest(db, id, { task: '/t', nextPollAt: 100 })
    expect(claimDueRequests(db, 99, 200, 8)).toEqual([])
    expect(claimDueRequests(db, 100, 200, 8)).toMatchObject([{ id, polls: 0 }])
    expect(claimDueRequests(db, 199, 300, 8)).toEqual([])
    expect(claimDueRequests(db, 200, 300, 8)).toMatchObject([{ id, polls: 1 }])
  })

  it('of another living run is left to it until it is overdue, and belongs to anybody when that run is over', () => {
    const db = openDb(':memory:')
    using own = beginRun(db, clock, 'enrich')
    const other = beginRun(db, clock, 'stream')
    const id = createRequest(db, { ...request, inputs, runId: other.id })
    startRequest(db, id, { task: '/t', nextPollAt: 100 })
    const others = { runs: findOtherRuns(db, own.id, clock), graceMs: 50 }
    expect(others.runs).toEqual([other.id])
    expect(findOtherRuns(db, other.id, clock)).toEqual([])
    wakePolls(db, 10, others.runs)
    expect([readNextPollAt(db, others), readNextPollAt(db)]).toEqual([150, 100])
    expect(claimDueRequests(db, 149, 1000, 8, others)).toEqual([])
    other[Symbol.dispose]()
    expect(findOtherRuns(db, own.id, clock)).toEqual([])
    expect(claimDueRequests(db, 150, 1000, 8, others)).toMatchObject([{ id }])
  })

  it('is lost when its run is over, and not while it lives', () => {
    const db = openDb(':memory:')
    const run = beginRun(db, clock, 'enrich')
    const id = createRequest(db, { ...request, inputs, runId: run.id })
    expect(readLostStarts(db, 99, clock)).toEqual([])
    expect(readLostStarts(db, run.id, clock)).toEqual([])
    run.finish({})
    expect(readLostStarts(db, 99, clock)).toEqual([id])
    startRequest(db, id, { task: '/t', nextPollAt: 1 })
    expect(readLostStarts(db, 99, clock)).toEqual([])
  })
})

describe('answers', () => {
  const meta = { provider: 'snov', operation: 'domain', requestId: 1, answeredAt: 100 } as const

  it('come back by key, as they were kept', () => {
    const db = openDb(':memory:')
    const hit = { key: 'a', outcome: 'hit', answer: { domain: 'a.example' } } as const
    saveAnswers(db, [hit, { key: 'b', outcome: 'miss', answer: null }], meta)
    const found = findAnswers(db, 'domain', ['a', 'b', 'c'])
    expect([...found]).toEqual([
      ['a', { outcome: 'hit', answer: { domain: 'a.example' }, provider: 'snov', requestId: 1, answeredAt: 100 }],
      ['b', { outcome: 'miss', answer: null, provider: 'snov', requestId: 1, answeredAt: 100 }],
    ])
    expect(findAnswers(db, 'emails', ['a']).size).toBe(0)
  })

  it('that are plain misses grow old; nothing else does', () => {
    const db = openDb(':memory:')
    const answers = [
      { key: 'plain', outcome: 'miss', answer: null },
      { key: 'lost', outcome: 'miss', answer: { lost: true } },
      { key: 'suppressed', outcome: 'suppressed', answer: null },
    ] as const
    saveAnswers(db, [...answers], meta)
    const keys = answers.map(({ key }) => key)
    expect([...findAnswers(db, 'domain', keys, 100).keys()].sort()).toEqual(['lost', 'plain', 'suppressed'])
    expect([...findAnswers(db, 'domain', keys, 101).keys()].sort()).toEqual(['lost', 'suppressed'])
  })

  it('replace a miss, but no miss replaces a hit', () => {
    const db = openDb(':memory:')
    const save = (outcome: 'hit' | 'miss', answer: unknown) => saveAnswers(db, [{ key: 'a', outcome, answer }], meta)
    save('miss', null)
    save('hit', 1)
    save('miss', null)
    expect(findAnswers(db, 'domain', ['a']).get('a')).toMatchObject({ outcome: 'hit', answer: 1 })
    save('hit', 2)
    expect(findAnswers(db, 'domain', ['a']).get('a')).toMatchObject({ answer: 2 })
  })

  it('stay suppressed, whatever is found later', () => {
    const db = openDb(':memory:')
    for (const outcome of ['suppressed', 'hit', 'miss'] as const)
      saveAnswers(db, [{ key: 'a', outcome, answer: null }], meta)
    expect(findAnswers(db, 'domain', ['a']).get('a')).toMatchObject({ outcome: 'suppressed' })
  })

  it('are found however many are asked for', () => {
    const keys = Array.from({ length: 40_000 }, (_, index) => `k${index}`)
    expect(findAnswers(openDb(':memory:'), 'domain', keys).size).toBe(0)
  })
})
