import { setTimeout as sleep } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { claimJobs, endStage } from '../../../src/db/jobs/queue.ts'
import { saveOfficers } from '../../../src/db/officers/officers.ts'
import { write } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import {
  companies,
  credit_ledger,
  domains,
  emails,
  jobs,
  officers,
  provider_answers,
  provider_requests,
  suppressions,
} from '../../../src/db/schema.ts'
import { parseSnovFaults } from '../../../src/sandbox/snov/faults.ts'
import { runEnrichment } from '../../../src/steps/enrich/run.ts'
import { suppress } from '../../../src/steps/suppress/suppress.ts'
import { everything, type Pipeline, pipeline } from './enriching.ts'

/** The first companies of the world that the truth fits. */
function numbersWith({ world, snov }: Pipeline, count: number, wanted: (domain: string) => boolean): string[] {
  const found = [...world.numbers()].filter((number) => {
    const truth = snov.truth.domainOf(number)
    return truth?.kind === 'own' && wanted(truth.domain)
  })
  if (found.length < count) throw new Error('the world is too small')
  return found.slice(0, count)
}

const anyDomain = (on: Pipeline) => numbersWith(on, 1, (domain) => on.snov.truth.mailOf(domain) === 'ordinary')[0] ?? ''

const finderStarts = (on: Pipeline) =>
  Object.keys(on.snov.requests.starts).filter((input) => input.includes('emails-by-domain'))

describe('runEnrichment', () => {
  it('asks once for a name that several companies have', async () => {
    await using on = await pipeline()
    const name = on.world.company(anyDomain(on))?.company_name ?? ''
    const numbers = [...on.world.numbers()].slice(0, 3)
    for (const number of numbers) on.queue(number, { name })
    expect(await on.run()).toMatchObject({ domains: 3, left: 0, ended: 'nothing-left' })
    const names = Object.entries(on.snov.requests.starts).filter(([input]) => input.includes('company-domain'))
    expect(names.map(([, count]) => count)).toEqual([1])
    const confidences = on.db
      .select()
      .from(domains)
      .all()
      .map((row) => row.confidence)
    expect(new Set(confidences).size).toBe(1)
  })

  it('asks again for the officers of a young company, and stores them when they are there', async () => {
    await using on = await pipeline({ timings: { youngOfficersRetryMs: [30, 60_000], enrichPatienceMs: 1000 } })
    const number = on.queue(anyDomain(on))
    on.db
      .update(companies)
      .set({ date_of_creation: new Date().toISOString().slice(0, 10) })
      .run()
    on.world.override(number, { officers: 2, profile: { officersVisible: 'empty' } })
    expect(await on.run()).toMatchObject({ done: 0, left: 1 })
    expect(on.job(number)).toMatchObject({ stage: 'officers', state: 'due', attempts: 2 })
    expect(on.db.select().from(companies).get()?.officers_state).toBe('pending')
    on.world.override(number, { profile: { officersVisible: undefined } })
    on.db.update(jobs).set({ due_at: 0 }).run()
    expect(await on.run()).toMatchObject({ done: 1, left: 0 })
    expect(on.db.select().from(officers).all()).toHaveLength(2)
  })

  it('believes in no officers after the last round', async () => {
    await using on = await pipeline({ timings: { youngOfficersRetryMs: [20, 20], enrichPatienceMs: 1000 } })
    const number = on.queue(anyDomain(on))
    on.db
      .update(companies)
      .set({ date_of_creation: new Date().toISOString().slice(0, 10) })
      .run()
    on.world.override(number, { profile: { officersVisible: 'missing' } })
    expect(await on.run()).toMatchObject({ done: 1, left: 0 })
    expect(on.db.select().from(companies).get()?.officers_state).toBe('none')
  })

  it('pays for one person at a domain that takes mail for everybody', async () => {
    await using on = await pipeline({ size: 1500 })
    const [number = ''] = numbersWith(on, 1, (domain) => on.snov.truth.mailOf(domain) === 'catchall')
    on.queue(number)
    on.world.override(number, { officers: 12 })
    expect(await on.run()).toMatchObject({ done: 1, left: 0 })
    expect(on.db.select().from(domains).get()?.state).toBe('catch-all')
    expect(finderStarts(on)).toHaveLength(1)
  })

  it('does not ask for a suppressed person, nor store a suppressed address', async () => {
    await using on = await pipeline()
    const [number = '', other = ''] = numbersWith(on, 2, (domain) => on.snov.truth.mailOf(domain) === 'ordinary')
    for (const one of [number, other]) on.world.override(on.queue(one), { officers: 6 })
    const rule = { kind: 'officer' as const, born: null, reason: null, added_at: '2026-01-01' }
    for (const { item } of on.world.officers(number)) {
      const value = /officers\/([^/]+)\//.exec(JSON.stringify(item.links))?.[1] ?? ''
      on.db
        .insert(suppressions)
        .values({ ...rule, value })
        .run()
    }
    expect(await on.run()).toMatchObject({ done: 2, domains: 2 })
    const asked = (one: string) => {
      const { domain = '-' } = on.snov.truth.domainOf(one) ?? {}
      return finderStarts(on).filter((input) => input.includes(domain)).length > 0
    }
    expect([asked(number), asked(other)]).toEqual([false, true])
  })

  it('does not ask for a person of whom another appointment is withheld, nor for a title or a misfiled body', async () => {
    await using on = await pipeline()
    const number = on.queue(anyDomain(on))
    const at = '2026-01-01T00:00:00.000Z'
    suppress(on.db, { kind: 'officer', value: 'of-1', born: null, reason: null }, { erase: false, now: 0 })
    const filed = { company_number: number, officer_role: 'director', source: 'rest', fetched_at: at, run_id: 1 }
    const jane = { ...filed, name: 'SMITHERS, Jane Mary', surname: 'SMITHERS', forenames: 'Jane Mary' }
    const rows = [
      { ...jane, appointment_id: 'a1', officer_id: 'of-1' },
      { ...jane, appointment_id: 'a2', officer_id: 'of-2' },
      { ...filed, appointment_id: 'a3', name: 'HOWE, Earl', surname: 'HOWE', forenames: 'Earl' },
      { ...filed, appointment_id: 'a4', name: 'ARCH, Bell', surname: 'ARCH', forenames: 'Bell', legal_form: 'Ltd' },
      { ...filed, appointment_id: 'a5', name: 'ARCH, Bell LLP', surname: 'ARCH', forenames: 'Bell LLP' },
    ]
    write(on.db, () => saveOfficers(on.db, number, rows, { state: 'complete', fetchedAt: at, runId: 1 }))
    expect(await on.run()).toMatchObject({ done: 1, domains: 1 })
    expect(finderStarts(on)).toEqual([])
    expect(on.db.select().from(officers).all()).toHaveLength(4)
  })

  it('skips a deleted company and one whose domain is suppressed', async () => {
    await using on = await pipeline()
    const [deleted = '', refused = ''] = numbersWith(on, 2, () => true)
    on.queue(deleted)
    on.db.update(companies).set({ deleted_at: '2026-01-01' }).run()
    on.queue(refused)
    const value = on.snov.truth.domainOf(refused)?.domain ?? ''
    on.db.insert(suppressions).values({ kind: 'domain', value, added_at: '2026-01-01' }).run()
    expect(await on.run()).toMatchObject({ skipped: 2, left: 0, domains: 0 })
    expect(on.job(refused)?.error).toBe('suppressed')
    expect([on.rest.requests.total, on.db.select().from(emails).all()]).toEqual([0, []])
  })

  it.each([
    ['enrich', 'liquidation', 'skipped'],
    ['enrich', 'dissolved', 'skipped'],
    ['enrich', null, 'skipped'],
    ['enrich', 'active', 'done'],
    ['stream', 'liquidation', 'done'],
  ] as const)('buys for an `%s` that chose a company of status %s: %s', async (owner, company_status, state) => {
    await using on = await pipeline()
    const number = on.queue(anyDomain(on), { owner })
    on.db.update(companies).set({ company_status, type: 'ltd' }).run()
    await on.run()
    expect(on.job(number)?.state).toBe(state)
    expect(on.db.select().from(provider_requests).all().length > 0).toBe(state === 'done')
  })

  it('buys nothing for a company that the register file no longer lists, whoever chose it', async () => {
    await using on = await pipeline()
    const number = on.queue(anyDomain(on), { owner: 'stream' })
    on.db.update(companies).set({ company_status: null, type: 'ltd', source: 'register-file' }).run()
    await on.run()
    expect(on.job(number)).toMatchObject({ state: 'skipped', error: 'the company is not active' })
    expect(on.snov.requests.total).toBe(0)
  })

  it('asks for nobody in a company that is over, though nobody was resigned, even when told to take it', async () => {
    await using on = await pipeline()
    const number = on.queue(anyDomain(on))
    on.db.update(companies).set({ company_status: 'dissolved', type: 'ltd' }).run()
    await on.run({ includeInactive: true })
    expect(on.job(number)?.state).toBe('done')
    expect(
      on.db
        .select()
        .from(provider_requests)
        .all()
        .map(({ operation }) => operation),
    ).toEqual(['domain'])
  })

  it('fetches no profile of a deleted company, which would bring it back', async () => {
    await using on = await pipeline()
    const number = on.queue(anyDomain(on), { stage: 'details' })
    on.db.update(companies).set({ deleted_at: '2026-01-01' }).run()
    expect(await on.run()).toMatchObject({ skipped: 1, left: 0 })
    expect([on.rest.requests.total, on.job(number)?.error]).toEqual([0, 'the company is deleted'])
    expect(on.db.select().from(companies).get()?.deleted_at).toBe('2026-01-01')
  })

  it('stores nothing of a company that is erased while its answer is awaited, and goes on', async () => {
    await using on = await pipeline({ snov: { pendingPolls: 3 } })
    const [erased = '', kept = ''] = numbersWith(on, 2, (domain) => on.snov.truth.mailOf(domain) === 'ordinary')
    on.queue(erased)
    on.queue(kept)
    const running = on.run()
    for (let waited = 0; waited < 500 && Object.keys(on.snov.requests.starts).length === 0; waited += 1) await sleep(10)
    const rule = { kind: 'company' as const, value: erased, born: null, reason: null }
    suppress(on.db, rule, { erase: true, now: on.step.clock.now() })
    expect(await running).toMatchObject({ done: 1, failed: 0, left: 0 })
    expect(
      new Set(
        on.db
          .select()
          .from(domains)
          .all()
          .map((row) => row.company_number),
      ),
    ).toEqual(new Set([kept]))
    expect(on.db.select().from(companies).all()).toHaveLength(1)
    expect(
      on.db
        .select()
        .from(provider_answers)
        .all()
        .map(({ answer }) => answer)
        .join(),
    ).not.toContain(on.snov.truth.domainOf(erased)?.domain)
    expect(
      on.db
        .select()
        .from(credit_ledger)
        .all()
        .reduce((sum, row) => sum + row.expected, 0),
    ).toBe(1000 - on.snov.balance)
  })

  it('asks at once for the answer that a killed process was about to ask for', async () => {
    await using on = await pipeline({ timings: { snovPollMs: [10] } })
    on.queue(anyDomain(on))
    const stop = new AbortController()
    on.snov.setFaults(parseSnovFaults('500:@result'))
    const killed = on.run({ signal: stop.signal })
    for (let waited = 0; waited < 500 && Object.keys(on.snov.requests.starts).length === 0; waited += 1) await sleep(10)
    stop.abort(new Error('enough'))
    await killed
    on.db
      .update(provider_requests)
      .set({ next_poll_at: on.step.clock.now() + 3_600_000 })
      .run()
    on.snov.setFaults([])
    expect(await on.run()).toMatchObject({ domains: 1, left: 0 })
  })

  it('goes on with Companies House while Snov hangs', async () => {
    await using on = await pipeline({ timings: { requestTimeoutMs: 4000, snovTimeoutMs: 4000 } })
    on.snov.setFaults(parseSnovFaults('hang:@company-domain-by-name+start'))
    const stop = new AbortController()
    on.queue(on.world.companyNumber(0))
    const running = on.run({ until: 'stopped', signal: stop.signal })
    await sleep(600)
    const numbers = [1, 2, 3].map((at) => on.queue(on.world.companyNumber(at), { stage: 'details', owner: 'stream' }))
    await sleep(1200)
    expect(numbers.map((number) => on.job(number)?.stage)).toEqual(['domain', 'domain', 'domain'])
    stop.abort(new Error('enough'))
    const began = performance.now()
    expect(await running).toMatchObject({ ended: 'interrupted' })
    expect(performance.now() - began).toBeLessThan(5000)
    expect(
      on.db
        .select()
        .from(jobs)
        .all()
        .filter((job) => job.claimed_by !== null),
    ).toEqual([])
  })

  it('takes up what is queued while it runs, until it is stopped', async () => {
    await using on = await pipeline()
    const stop = new AbortController()
    const running = on.run({ until: 'stopped', signal: stop.signal })
    const number = on.queue(anyDomain(on), { stage: 'details', owner: 'stream' })
    for (let waited = 0; waited < 100 && on.job(number)?.state !== 'done'; waited += 1) await sleep(100)
    stop.abort(new Error('enough'))
    expect(await running).toMatchObject({ done: 1, domains: 1 })
  })

  it('leaves the jobs of a living run alone, and takes those of a dead one', async () => {
    await using on = await pipeline()
    const number = on.queue(anyDomain(on))
    const { clock } = on.step
    const other = beginRun(on.db, clock, 'stream')
    const query = { stage: 'domain', owner: 'enrich', scope: null, without: [] } as const
    claimJobs(on.db, { ...query, without: [] }, { runId: other.id, limit: 5, clock })
    expect(await on.run()).toMatchObject({ done: 0, left: 1 })
    expect(on.snov.requests.starts).toEqual({})
    other[Symbol.dispose]()
    expect(await on.run()).toMatchObject({ done: 1, left: 0 })
    expect(endStage(on.db, number, { state: 'done' }, { runId: other.id, now: 0 })).toBe(false)
  })

  it('tells in its own log of its own purchases, and of no other living run’s', async () => {
    await using on = await pipeline({ snov: { pendingPolls: 2 } })
    const numbers = numbersWith(on, 12, () => true).map((number) => on.queue(number))
    using other = beginRun(on.db, on.step.clock, 'stream')
    const told = await Promise.all(
      [on.step.runId, other.id].map(async (runId, at) => {
        const lines: { message: string; request: unknown }[] = []
        const note = (message: string, { request }: Record<string, unknown> = {}) =>
          void lines.push({ message, request })
        const step = { ...on.step, runId, log: { info: note, warn: note, error: note } }
        const scope = numbers.filter((_, index) => index % 2 === at)
        await runEnrichment(step, { ...everything, scope, signal: new AbortController().signal })
        return { runId, lines: lines.filter(({ message }) => message.includes('purchase')) }
      }),
    )
    const owners = new Map(
      on.db
        .select()
        .from(provider_requests)
        .all()
        .map(({ id, run_id: run }) => [id, run]),
    )
    for (const { runId, lines } of told) {
      expect(lines.length).toBeGreaterThan(1)
      expect(lines.filter(({ request }) => owners.get(Number(request)) !== runId)).toEqual([])
    }
    expect(
      on.db
        .select()
        .from(jobs)
        .all()
        .filter(({ state }) => state === 'due'),
    ).toEqual([])
  })

  it('leaves what an `enrich` chose to an `enrich`, whatever stage it has come to', async () => {
    await using on = await pipeline()
    const [first = '', second = '', third = ''] = numbersWith(on, 3, () => true)
    on.queue(first, { stage: 'details' })
    on.queue(second)
    on.queue(third)
    on.db.update(jobs).set({ stage: 'officers' }).where(eq(jobs.company_number, third)).run()
    expect(await on.run({ owners: ['stream'] })).toMatchObject({ done: 0, domains: 0, ended: 'nothing-left' })
    expect([on.snov.requests.total, on.rest.requests.total]).toEqual([0, 0])
    expect(await on.run()).toMatchObject({ left: 0 })
  })

  it('books the answer of a purchase that an interrupted `enrich` has left, and buys no next stage for it', async () => {
    await using on = await pipeline({ snov: { pendingPolls: 2 } })
    const number = on.queue(anyDomain(on))
    const open = () =>
      on.db
        .select()
        .from(provider_requests)
        .all()
        .filter(({ status }) => status === 'started').length
    const stop = new AbortController()
    const interrupted = on.run({ signal: stop.signal })
    while (open() === 0) await sleep(5)
    stop.abort(new Error('enough'))
    await interrupted
    const later = new AbortController()
    const stream = on.run({ owners: ['stream'], until: 'stopped', signal: later.signal })
    while (open() > 0) await sleep(5)
    await sleep(200)
    later.abort(new Error('enough'))
    await stream
    expect(on.db.select().from(credit_ledger).all()).toMatchObject([{ expected: 1, operation: 'domain' }])
    expect([on.job(number)?.stage, finderStarts(on)]).toEqual(['domain', []])
    expect(await on.run()).toMatchObject({ done: 1, domains: 1 })
  })

  it('works on the companies of its scope alone', async () => {
    await using on = await pipeline()
    const [mine = '', other = ''] = numbersWith(on, 2, () => true).map((number) => on.queue(number))
    expect(await on.run({ scope: [mine] })).toMatchObject({ done: 1, left: 0 })
    expect(on.job(other)).toMatchObject({ stage: 'domain', state: 'due' })
  })

  it('never passes its credits, however many purchases are under way', async () => {
    await using on = await pipeline({ snov: { pendingPolls: 2 } })
    for (const number of [...on.world.numbers()].slice(0, 25)) on.queue(number)
    const { creditsSpent, ended } = await on.run({ limits: { maxCredits: 12, budget: null } })
    expect(ended).toBe('limit-reached')
    expect(creditsSpent).toBeGreaterThan(8)
    expect(creditsSpent).toBeLessThanOrEqual(12)
    expect(1000 - on.snov.balance).toBe(creditsSpent)
  })
})
