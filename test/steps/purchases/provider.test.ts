// A provider that chpipe does not know and that answers at once, bought from through the interface alone.
import { describe, expect, it } from 'vitest'
import { enqueueJob } from '../../../src/db/jobs/queue.ts'
import { type Db, openDb } from '../../../src/db/open.ts'
import { findAnswers, listUnmatched } from '../../../src/db/purchases/answers.ts'
import { readCreditReport, readProviders } from '../../../src/db/purchases/credits.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { credit_ledger, provider_requests } from '../../../src/db/schema.ts'
import { domainWorker } from '../../../src/steps/enrich/domains.ts'
import { createPaidGate } from '../../../src/steps/enrich/gate.ts'
import { createWakeUp, type Enrichment, noEnrichCounts } from '../../../src/steps/enrich/jobs.ts'
import { readLiveProgress } from '../../../src/steps/progress/live.ts'
import { settleByOperator } from '../../../src/steps/purchases/doubt.ts'
import { domainInput } from '../../../src/steps/purchases/inputs.ts'
import { buyDomains } from '../../../src/steps/purchases/orders.ts'
import { pollPurchases } from '../../../src/steps/purchases/poll.ts'
import type { Provider } from '../../../src/steps/purchases/provider.ts'
import type { BuyOptions, PurchaseStep } from '../../../src/steps/purchases/purchase.ts'
import { ProviderError } from '../../../src/upstream/provider-error.ts'
import { hurried } from '../../snov/connected.ts'
import { everything } from '../enrich/enriching.ts'
import { handClock } from './buyer.ts'

const { signal } = new AbortController()
const noLimits: BuyOptions = {
  limits: { maxCredits: null, budget: null },
  retryMissesBefore: null,
  lane: 'background',
  signal,
}

/** Knows the domain of every name with an `A`, at three credits each, two names to a call. */
function oracle(more: Partial<Provider> = {}) {
  const asked: string[][] = []
  const failures: unknown[] = []
  const provider: Provider = {
    name: 'oracle',
    title: 'Oracle',
    operations: { domain: { price: 3, maxRows: 2 } },
    async ready() {
      return {
        async domains(names) {
          asked.push(names)
          if (failures.length > 0) throw failures.shift()
          const rows = names.map((name) => ({
            name,
            domain: name.includes('A') ? `${name.toLowerCase()}.example` : null,
          }))
          return { state: 'completed', rows, odd: 0, oddTexts: [] }
        },
        emails: () => Promise.reject(new Error('not offered')),
        cancel() {},
      }
    },
    counts: { requests: 0, rateLimited: 0 },
    ...more,
  }
  return { provider, asked, failures }
}

/** Takes its price with every answer. */
function charging(provider: Provider, charge: () => void): Provider['ready'] {
  return async (options) => {
    const start = await provider.ready(options)
    const domains: typeof start.domains = async (names) => {
      const rows = await start.domains(names)
      charge()
      return rows
    }
    return { ...start, domains }
  }
}

function enrichment(step: PurchaseStep): Enrichment {
  const companiesHouse = { get: () => Promise.reject(new Error('not asked')), counts: { requests: 0, rateLimited: 0 } }
  const options = { ...everything, signal }
  const wakeUp = createWakeUp(step.clock)
  return { ...step, companiesHouse, wakeUp, options, counts: noEnrichCounts(), setAside: new Set(), settled: 0 }
}

function buying(providers: Provider[], db: Db = openDb(':memory:')) {
  const clock = handClock()
  const log = { info() {}, warn() {}, error() {} }
  const step: PurchaseStep = { db, providers, clock, log, timings: hurried, runId: beginRun(db, clock, 'enrich').id }
  return { db, clock, step }
}

const bought = (requestId: number, ...names: string[]) => ({
  ended: 'bought',
  requestId,
  inputs: names.map((name) => expect.objectContaining({ name })),
})

const outcomes = (db: Db, ...names: string[]) => {
  const found = findAnswers(
    db,
    'domain',
    names.map((name) => domainInput(name).key),
  )
  return names.map((name) => found.get(domainInput(name).key)?.outcome)
}

describe('a provider that answers at once', () => {
  it('is asked once, booked at its price and never polled', async () => {
    const { provider, asked } = oracle()
    const { db, step } = buying([provider])
    expect(await buyDomains(step, ['ALDER', 'BEECH', 'ASH'], noLimits)).toEqual(bought(1, 'ALDER', 'BEECH'))
    expect(await buyDomains(step, ['ALDER', 'BEECH', 'ASH'], noLimits)).toEqual(bought(2, 'ASH'))
    expect(await buyDomains(step, ['ALDER', 'BEECH', 'ASH'], noLimits)).toEqual({ ended: 'answered' })
    expect(asked).toEqual([['ALDER', 'BEECH'], ['ASH']])
    expect(outcomes(db, 'ALDER', 'BEECH', 'ASH')).toEqual(['hit', 'miss', 'hit'])
    expect(db.select().from(credit_ledger).all()).toMatchObject([
      { provider: 'oracle', expected: 3 },
      { provider: 'oracle', expected: 3 },
    ])
    expect(await pollPurchases(step, { lane: 'background', signal })).toMatchObject({ polled: 0 })
    expect(listUnmatched(db)).toEqual([])
  })

  it('takes no more from the budget than its price allows', async () => {
    const { provider, asked } = oracle()
    const { step } = buying([provider])
    const limits = { maxCredits: 5, budget: null }
    expect(await buyDomains(step, ['ALDER', 'ASH'], { ...noLimits, limits })).toEqual(bought(1, 'ALDER'))
    expect(await buyDomains(step, ['ALDER', 'ASH'], { ...noLimits, limits })).toEqual({ ended: 'limit-reached' })
    expect(asked).toEqual([['ALDER']])
  })

  it('that may have acted leaves a doubt, which only the operator ends', async () => {
    const { provider, failures } = oracle()
    const { db, clock, step } = buying([provider])
    failures.push(new ProviderError('passing', 'the line went dead', { mayHaveActed: true, hint: 'wait' }))
    const purchase = await buyDomains(step, ['ALDER', 'ASH'], noLimits)
    expect(purchase).toMatchObject({ ended: 'unconfirmed', error: 'the line went dead' })
    expect(readCreditReport(db, { provider: 'oracle' })).toMatchObject({ spent: 0, reserved: 6 })
    clock.pass(3_600_000)
    await pollPurchases(step, { lane: 'background', signal })
    expect(await buyDomains(step, ['ALDER'], noLimits)).toEqual({ ended: 'waiting' })
    settleByOperator(db, clock, 1, 'bought')
    expect(readCreditReport(db, { provider: 'oracle' })).toMatchObject({ spent: 6, reserved: 0 })
  })

  it('that surely did not act is tried again, and leaves nothing behind', async () => {
    const { provider, asked, failures } = oracle()
    const { db, step } = buying([provider])
    failures.push(new ProviderError('rate-limited', 'slowly', { mayHaveActed: false, hint: 'wait' }))
    expect(await buyDomains(step, ['ALDER'], noLimits)).toEqual(bought(expect.any(Number), 'ALDER'))
    expect(asked).toEqual([['ALDER'], ['ALDER']])
    expect(db.select().from(provider_requests).all()).toMatchObject([{ provider: 'oracle', status: 'completed' }])
  })

  it('is measured by its balance, which is read once a purchase', async () => {
    let credits = 100
    let read = 0
    const balance = async () => {
      read += 1
      return String(credits)
    }
    const { provider } = oracle({ balance })
    const { db, step } = buying([{ ...provider, ready: charging(provider, () => (credits -= 3)) }])
    for (const name of ['ALDER', 'ASH', 'AMBER']) await buyDomains(step, [name], noLimits)
    expect(db.select().from(credit_ledger).all()).toMatchObject([
      { expected: 3, observed: 3, balance_before: '100', balance_after: '97' },
      { expected: 3, observed: 3, balance_before: '97', balance_after: '94' },
      { expected: 3, observed: 3, balance_before: '94', balance_after: '91' },
    ])
    expect(read).toBe(4)
  })

  it('keeps what it has answered when its balance cannot be read afterwards', async () => {
    const gone = new ProviderError('passing', 'the line went dead', { mayHaveActed: false, hint: 'wait' })
    const readings = [async () => '100', () => Promise.reject(gone)]
    const { provider } = oracle({ balance: () => readings.shift()?.() ?? Promise.reject(gone) })
    const { db, step } = buying([provider])
    expect(await buyDomains(step, ['ALDER'], noLimits)).toEqual(bought(1, 'ALDER'))
    expect(db.select().from(credit_ledger).all()).toMatchObject([{ expected: 3, observed: null, balance_after: null }])
  })

  it('is asked on without a rest while names are left', async () => {
    const { provider, asked } = oracle({ operations: { domain: { price: 3, maxRows: 1 } } })
    const { db, clock, step } = buying([provider])
    const run = enrichment({ ...step, clock: { ...clock, steady: () => 0 } })
    for (const [at, name] of ['ALDER', 'ASH', 'AMBER'].entries()) {
      db.$client.exec(
        `INSERT INTO companies (company_number, company_name, company_status, source, fetched_at, first_seen_at, run_id) VALUES ('0000000${at}', '${name}', 'active', 'test', '', '', 1)`,
      )
      const job = { companyNumber: `0000000${at}`, stage: 'domain', owner: 'enrich', cause: 'stored' } as const
      enqueueJob(db, { ...job, dueAt: 0, runId: step.runId })
    }
    const worker = domainWorker(run, createPaidGate(run))
    for (let round = 0; round < 3; round += 1) expect(await worker.round(signal)).toBe(true)
    expect(asked).toEqual([['ALDER'], ['ASH'], ['AMBER']])
  })

  it('counts as there, and what it has not cost may be spent, as soon as it has answered', () => {
    const { step } = buying([oracle().provider])
    const away = createPaidGate(enrichment(step))
    away.ended({ ended: 'unreached', error: 'nobody there' })
    away.ended({ ended: 'bought', requestId: 1, inputs: [] })
    away.ended({ ended: 'unreached', error: 'nobody there' })
    expect(away.isOpen()).toBe(true)
    away.ended({ ended: 'limit-reached' })
    expect(away.isOpen()).toBe(false)
    away.ended({ ended: 'bought', requestId: 2, inputs: [] })
    expect(away.isOpen()).toBe(true)
  })

  it('settles a doubt by its own balance, whatever is open elsewhere', async () => {
    let balance = '100.00'
    const { provider, failures } = oracle({ balance: async () => balance })
    const { db, clock, step } = buying([provider])
    db.insert(provider_requests)
      .values({
        provider: 'other',
        operation: 'emails',
        request_key: 'k',
        input: '[]',
        status: 'created',
        reserved: 1,
        requested_at: 0,
        run_id: step.runId,
      })
      .run()
    failures.push(new ProviderError('passing', 'the line went dead', { mayHaveActed: true, hint: 'wait' }))
    await buyDomains(step, ['ALDER', 'ASH'], noLimits)
    balance = '94.00'
    clock.pass(3_600_000)
    expect(await pollPurchases(step, { lane: 'background', signal })).toMatchObject({ settled: 1 })
    expect(readCreditReport(db, { provider: 'oracle' })).toMatchObject({ spent: 6 })
  })
})

describe('two providers', () => {
  it('share what is known, and are reported one by one', async () => {
    const first = oracle()
    const db = openDb(':memory:')
    const before = buying([first.provider], db)
    await buyDomains(before.step, ['ALDER'], noLimits)
    const second = oracle({ name: 'pythia', operations: { domain: { price: 1, maxRows: 10 } } })
    const after = buying([second.provider, first.provider], db)
    expect(await buyDomains(after.step, ['ALDER', 'ASH'], noLimits)).toEqual(bought(2, 'ASH'))
    expect(second.asked).toEqual([['ASH']])
    expect(outcomes(db, 'ALDER', 'ASH')).toEqual(['hit', 'hit'])
    expect(readProviders(db)).toEqual(['oracle', 'pythia'])
    db.$client.exec(
      "INSERT INTO companies (company_number, company_name, source, fetched_at, first_seen_at, run_id) VALUES ('00000001', 'X', 'test', '', '', 1)",
    )
    db.$client.exec(
      "INSERT INTO jobs (company_number, stage, state, cause, due_at, created_at, updated_at, run_id) VALUES ('00000001', 'domain', 'due', 'x', 0, 0, 0, 1)",
    )
    expect(readLiveProgress(db, after.clock, { limit: 600, windowMs: 300_000 }).credits).toMatchObject({
      spent: 4,
      providers: [
        { provider: 'oracle', spent: 3 },
        { provider: 'pythia', spent: 1 },
      ],
    })
  })

  it('are chosen by what they offer; where nobody does, it is said', async () => {
    const { provider } = oracle({ operations: { emails: { price: 1, maxRows: 1 } } })
    expect(() => buyDomains(buying([provider]).step, ['ALDER'], noLimits)).toThrow(
      'No provider is set up that finds domains',
    )
  })
})
