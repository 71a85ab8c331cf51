import { describe, expect, it } from 'vitest'
import { openDb } from '../../../src/db/open.ts'
import { listUnmatched } from '../../../src/db/purchases/answers.ts'
import { readNextPollAt } from '../../../src/db/purchases/polls.ts'
import { findRequest } from '../../../src/db/purchases/requests.ts'
import { domainInput, readKnown } from '../../../src/steps/purchases/inputs.ts'
import { buyDomains } from '../../../src/steps/purchases/orders.ts'
import { pollPurchases } from '../../../src/steps/purchases/poll.ts'
import { assignAnswer, dismissAnswer } from '../../../src/steps/purchases/unmatched.ts'
import { json } from '../../scripted-server.ts'
import { scriptedSnov } from '../../snov/scripted-snov.ts'
import { buyer, ledger, noLimits, outcomes, requests, signal } from './buyer.ts'

const names = (count: number) => Array.from({ length: count }, (_, index) => `Company ${index}`)

describe('buying domains', () => {
  it('stores what was found by name, whatever the order, and misses too', async () => {
    await using server = await scriptedSnov({ domains: { Harbour: 'WWW.Harbour.example', Élan: 'elan.example' } })
    const { step, settleAll } = await buyer(server.url)
    const bought = await buyDomains(step, ['Harbour', 'Nobody', 'Élan'], noLimits)
    expect(bought).toMatchObject({
      ended: 'started',
      inputs: [{ name: 'Harbour' }, { name: 'Nobody' }, { name: 'Élan' }],
    })
    expect(await settleAll()).toEqual({ polled: 1, settled: 1, creditsOfOthers: 0, notEnoughCredits: false })
    const known = readKnown(step.db, 'domain', ['HARBOUR', 'nobody', 'Elan'].map(domainInput))
    expect(
      [...known.values()].map((one) => one.state === 'answered' && [one.answer.outcome, one.answer.answer]),
    ).toEqual([
      ['hit', { domain: 'harbour.example' }],
      ['miss', null],
      ['hit', { domain: 'elan.example' }],
    ])
  })

  it('asks ten at a time, and for each name once', async () => {
    await using server = await scriptedSnov()
    const { step, settleAll } = await buyer(server.url)
    const wanted = [...names(12), 'COMPANY 3', ' company  4 ']
    expect(await buyDomains(step, wanted, noLimits)).toMatchObject({ ended: 'started' })
    expect(await buyDomains(step, wanted, noLimits)).toMatchObject({ ended: 'started' })
    expect(await buyDomains(step, wanted, noLimits)).toEqual({ ended: 'waiting' })
    expect(server.started).toEqual([names(10), ['Company 10', 'Company 11']])
    await settleAll()
    expect(await buyDomains(step, wanted, noLimits)).toEqual({ ended: 'answered' })
    expect(server.started).toHaveLength(2)
  })

  it('never puts names into one request that a result could confuse', async () => {
    await using server = await scriptedSnov()
    const { step } = await buyer(server.url)
    await buyDomains(step, ['Now Here', 'Nowhere'], noLimits)
    await buyDomains(step, ['Now Here', 'Nowhere'], noLimits)
    expect(server.started).toEqual([['Now Here'], ['Nowhere']])
  })

  it('takes a name without a row for a miss', async () => {
    await using server = await scriptedSnov()
    server.world.meddle = ({ path }) => (path.endsWith('/result') ? json({ status: 'completed', data: [] }) : undefined)
    const { step, settleAll } = await buyer(server.url)
    await buyDomains(step, ['Harbour'], noLimits)
    await settleAll()
    expect(outcomes(step.db)).toEqual([['miss', null]])
    expect(ledger(step.db)).toMatchObject([{ expected: 0 }])
  })

  it('asks no second time for names that an answer may belong to, until the operator says whose it is', async () => {
    await using server = await scriptedSnov()
    const data = [{ name: '???', result: { domain: 'harbour.example' } }, null]
    server.world.meddle = ({ path }) => (path.endsWith('/result') ? json({ status: 'completed', data }) : undefined)
    const { step, settleAll, warnings, clock } = await buyer(server.url)
    const { db } = step
    const wanted = ['Harbour', 'Quarry']
    await buyDomains(step, wanted, noLimits)
    await settleAll()
    expect([outcomes(db), ledger(db)]).toMatchObject([[], [{ expected: 2 }]])
    expect(warnings).toEqual(['rows of an answer could not be read', 'an answer matches none of the requested names'])
    const again = () => buyDomains(step, wanted, { ...noLimits, retryMissesBefore: clock.now() + 1 })
    expect(await again()).toEqual({ ended: 'waiting' })
    const [named, odd] = listUnmatched(db)
    expect([named, odd]).toMatchObject([
      { name: '???', answer: { domain: 'harbour.example' } },
      { answer: { raw: 'null' } },
    ])
    const says = (id: number | undefined, owner: string) => () => assignAnswer(db, clock, id ?? 0, owner)
    expect(says(named?.id, 'Nobody')).toThrow('This answer cannot belong to: Nobody')
    expect(says(odd?.id, 'Harbour')).toThrow('cannot be read')
    expect(says(99, 'Harbour')).toThrow('There is no unmatched answer 99')
    expect(says(named?.id, 'HARBOUR')()).toBe('Harbour')
    expect([outcomes(db), await again()]).toEqual([[['hit', { domain: 'harbour.example' }]], { ended: 'waiting' }])
    dismissAnswer(db, clock, odd?.id ?? 0)
    expect([outcomes(db), listUnmatched(db)]).toEqual([
      [
        ['hit', { domain: 'harbour.example' }],
        ['miss', null],
      ],
      [],
    ])
    expect(await buyDomains(step, wanted, noLimits)).toEqual({ ended: 'answered' })
    expect(server.started).toHaveLength(1)
  })

  it('pays for a domain that is none, and leaves it to the operator', async () => {
    await using server = await scriptedSnov({ domains: { A: 'not a domain', B: '', C: '<script>' } })
    const { step, settleAll } = await buyer(server.url)
    await buyDomains(step, ['A', 'B', 'C'], noLimits)
    await settleAll()
    expect(outcomes(step.db)).toEqual([['miss', null]])
    expect(ledger(step.db)).toMatchObject([{ expected: 2 }])
    expect(listUnmatched(step.db).map(({ name }) => name)).toEqual(['A', 'C'])
  })

  it('asks again for old misses where it is told to, and never for hits', async () => {
    await using server = await scriptedSnov({ domains: { Hit: 'hit.example' } })
    const { step, settleAll, clock } = await buyer(server.url)
    await buyDomains(step, ['Hit', 'Miss'], noLimits)
    await settleAll()
    expect(await buyDomains(step, ['Hit', 'Miss'], { ...noLimits, retryMissesBefore: 1 })).toEqual({
      ended: 'answered',
    })
    server.world.domains.Miss = 'late.example'
    await buyDomains(step, ['Hit', 'Miss'], { ...noLimits, retryMissesBefore: clock.now() + 1 })
    await settleAll()
    expect(server.started).toEqual([['Hit', 'Miss'], ['Miss']])
    expect(outcomes(step.db)).toContainEqual(['hit', { domain: 'late.example' }])
  })
})

describe('the polls', () => {
  it('come at growing intervals, then rarely, and never start the task again', async () => {
    await using server = await scriptedSnov({ pendingPolls: 1000 })
    const { step, clock, warnings } = await buyer(server.url)
    let askedAt = clock.now()
    await buyDomains(step, ['Slow'], noLimits)
    const waits: number[] = []
    for (let nth = 0; nth < 18; nth += 1) {
      clock.pass((readNextPollAt(step.db) ?? 0) - clock.now())
      waits.push(Math.round((clock.now() - askedAt) / 1000))
      askedAt = clock.now()
      expect(await pollPurchases(step, { lane: 'background', signal })).toMatchObject({ polled: 1 })
    }
    expect(waits.slice(0, 14)).toEqual([3, 5, 8, 13, 20, 30, 30, 30, 30, 30, 30, 30, 30, 30])
    expect(waits.slice(14).map((wait) => Math.round(wait / 60))).toEqual([10, 15, 31, 61])
    expect(warnings).toEqual(['purchase deferred: Snov is taking a long time'])
    expect(server.started).toHaveLength(1)
  })

  it('go on in the next process, which settles what another began', async () => {
    await using server = await scriptedSnov({ domains: { A: 'a.example' }, pendingPolls: 1 })
    const db = openDb(':memory:')
    const first = await buyer(server.url, db)
    await buyDomains(first.step, ['A'], noLimits)
    first.run.finish({})
    const second = await buyer(server.url, db)
    expect(await second.settleAll()).toMatchObject({ settled: 1 })
    expect(outcomes(db)).toEqual([['hit', { domain: 'a.example' }]])
    expect(server.started).toHaveLength(1)
  })

  it('of two processes at once settle a purchase once', async () => {
    await using server = await scriptedSnov({ domains: { A: 'a.example' } })
    const db = openDb(':memory:')
    const [one, two] = [await buyer(server.url, db), await buyer(server.url, db)]
    await buyDomains(one.step, ['A'], noLimits)
    const summaries = await Promise.all([one.settleAll(), two.settleAll()])
    expect(summaries.map(({ settled }) => settled).sort()).toEqual([0, 1])
    expect(ledger(db)).toHaveLength(1)
  })

  it('survive passing faults and answers that make no sense', async () => {
    await using server = await scriptedSnov({ domains: { A: 'a.example' } })
    let nth = 0
    server.world.meddle = ({ path }) => {
      if (!path.endsWith('/result')) return undefined
      nth += 1
      return nth < 5 ? json({ oops: true }, nth % 2 ? 503 : 200) : undefined
    }
    const { step, settleAll } = await buyer(server.url)
    await buyDomains(step, ['A'], noLimits)
    expect(await settleAll()).toMatchObject({ settled: 1 })
    expect(outcomes(step.db)).toEqual([['hit', { domain: 'a.example' }]])
  })
})

describe('what a purchase cost', () => {
  it('is measured by the balance when nothing else was open', async () => {
    await using server = await scriptedSnov({ domains: { A: 'a.example', B: 'b.example' }, credits: 100 })
    const { step, settleAll } = await buyer(server.url)
    await buyDomains(step, ['A', 'B', 'C'], noLimits)
    await settleAll()
    expect(ledger(step.db)).toEqual([
      { operation: 'domain', expected: 2, observed: 2, before: '100.00', after: '98.00' },
    ])
  })

  it('takes the balance before from the purchase before', async () => {
    await using server = await scriptedSnov({ domains: { A: 'a.example', B: 'b.example' }, credits: 100 })
    const { step, clock } = await buyer(server.url)
    for (const name of ['A', 'B']) {
      await buyDomains(step, [name], noLimits)
      clock.pass(5000)
      await pollPurchases(step, { lane: 'background', signal })
    }
    expect(ledger(step.db).map(({ before, observed, after }) => [before, observed, after])).toEqual([
      ['100.00', 1, '99.00'],
      ['99.00', 1, '98.00'],
    ])
    expect(server.count('/v1/get-balance')).toBe(3)
  })

  it('is not guessed from the balance when two were open', async () => {
    await using server = await scriptedSnov({ domains: { A: 'a.example', B: 'b.example' } })
    const { step, settleAll } = await buyer(server.url)
    await buyDomains(step, ['A'], noLimits)
    await buyDomains(step, ['B'], noLimits)
    await settleAll()
    expect(ledger(step.db).map(({ expected, observed }) => [expected, observed])).toEqual([
      [1, null],
      [1, null],
    ])
  })

  for (const [moment, calls] of [
    ['before', 1],
    ['after', 2],
  ] as const) {
    it(`is not guessed when another was bought while the balance ${moment} was read`, async () => {
      await using server = await scriptedSnov({ domains: { A: 'a.example', B: 'b.example' } })
      const db = openDb(':memory:')
      const [one, two] = [await buyer(server.url, db), await buyer(server.url, db)]
      server.world.meddle = ({ path }, usual) => {
        if (path !== '/v1/get-balance' || server.count(path) !== calls) return undefined
        return (request, response) => {
          void buyDomains(two.step, ['B'], noLimits).then(() => usual()(request, response))
        }
      }
      await buyDomains(one.step, ['A'], noLimits)
      await one.settleAll()
      expect(ledger(db)).toHaveLength(2)
      expect(ledger(db)[0]).toMatchObject({ expected: 1, observed: null })
      expect(findRequest(db, 2)?.inputs).toMatchObject([{ name: moment === 'before' ? 'A' : 'B' }])
      if (moment === 'before') expect(findRequest(db, 2)?.balanceBefore).toBeNull()
    })
  }

  it('is not guessed from a balance that grew, or moved by a fraction', async () => {
    for (const moved of [50, -0.5]) {
      await using server = await scriptedSnov({ domains: { A: 'a.example' }, credits: 100 })
      const { step, settleAll } = await buyer(server.url)
      await buyDomains(step, ['A'], noLimits)
      server.world.credits += moved
      await settleAll()
      expect(ledger(step.db)).toMatchObject([{ expected: 1, observed: null }])
    }
  })

  it('costs at most four calls to ten names when there is plenty of work', async () => {
    await using server = await scriptedSnov({ pendingPolls: 1 })
    const { step, clock } = await buyer(server.url)
    for (let batch = 0; batch < 20; batch += 1) {
      await buyDomains(step, names(10 * batch + 10), noLimits)
      for (let second = 0; second < 9; second += 1) {
        clock.pass(1000)
        await pollPurchases(step, { lane: 'background', signal })
      }
    }
    expect(requests(step.db).every(({ status }) => status === 'completed')).toBe(true)
    expect(server.started.flat()).toHaveLength(200)
    expect(server.calls.length / 200).toBeLessThanOrEqual(0.4)
  })
})
