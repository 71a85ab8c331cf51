import { describe, expect, it } from 'vitest'
import { openDb } from '../../../src/db/open.ts'
import { findRequest, listUnconfirmed } from '../../../src/db/purchases/requests.ts'
import { settleByOperator } from '../../../src/steps/purchases/doubt.ts'
import { buyDomains } from '../../../src/steps/purchases/orders.ts'
import { pollPurchases } from '../../../src/steps/purchases/poll.ts'
import type { Provider } from '../../../src/steps/purchases/provider.ts'
import { type Answer, cut, json, plain, reset, silent } from '../../scripted-server.ts'
import { type SnovCall, scriptedSnov } from '../../snov/scripted-snov.ts'
import { buyer, kill, ledger, noLimits, outcomes, requests, signal } from './buyer.ts'

const isStart = ({ path }: SnovCall) => path.endsWith('/start')
const poll = { lane: 'background', signal } as const

/** The start arrives and is carried out, but its answer is this one. */
const arrivesBut = (answer: Answer) => (call: SnovCall, usual: () => Answer) => {
  if (!isStart(call)) return undefined
  usual()
  return answer
}

async function until(met: () => boolean): Promise<void> {
  while (!met()) await new Promise((done) => setTimeout(done, 5))
}

describe('a process that dies', () => {
  it('between sending and the answer leaves a doubt, and nobody buys the same again', async () => {
    await using server = await scriptedSnov({ meddle: arrivesBut(silent) })
    const db = openDb(':memory:')
    const first = await buyer(server.url, db)
    void buyDomains(first.step, ['A'], noLimits).catch(() => {})
    await until(() => server.started.length === 1)
    expect(requests(db)).toEqual([{ status: 'created', reserved: 1, hashed: false }])
    kill(first)
    server.world.meddle = () => undefined
    const second = await buyer(server.url, db)
    expect(await buyDomains(second.step, ['A'], noLimits)).toEqual({ ended: 'waiting' })
    await second.settleAll()
    expect(listUnconfirmed(db)).toMatchObject([{ id: 1, inputs: [{ name: 'A' }] }])
    expect(second.warnings).toContain('purchase in doubt: the process that sent it ended')
    expect(await buyDomains(second.step, ['A', 'B'], noLimits)).toMatchObject({ inputs: [{ name: 'B' }] })
    expect(server.started).toEqual([['A'], ['B']])
  })

  it('leaves no doubt about what another, living process is sending', async () => {
    await using server = await scriptedSnov({ meddle: arrivesBut(silent) })
    const db = openDb(':memory:')
    const [one, two] = [await buyer(server.url, db), await buyer(server.url, db)]
    void buyDomains(one.step, ['A'], noLimits).catch(() => {})
    await until(() => server.started.length === 1)
    await two.settleAll()
    expect(requests(db)).toMatchObject([{ status: 'created' }])
  })

  it('after the task hash loses nothing', async () => {
    await using server = await scriptedSnov({ domains: { A: 'a.example' } })
    const db = openDb(':memory:')
    const first = await buyer(server.url, db)
    await buyDomains(first.step, ['A'], noLimits)
    kill(first)
    const second = await buyer(server.url, db)
    await second.settleAll()
    expect(outcomes(db)).toEqual([['hit', { domain: 'a.example' }]])
    expect(server.started).toHaveLength(1)
  })

  it('while it books keeps all of it or nothing', async () => {
    await using server = await scriptedSnov({ domains: { A: 'a.example' } })
    const db = openDb(':memory:')
    const { step, clock, settleAll } = await buyer(server.url, db)
    await buyDomains(step, ['A'], noLimits)
    db.$client.exec(`CREATE TRIGGER crash BEFORE INSERT ON credit_ledger BEGIN SELECT RAISE(ABORT, 'crash'); END`)
    clock.pass(5000)
    await expect(pollPurchases(step, poll)).rejects.toThrow(/crash/)
    expect(outcomes(db)).toEqual([])
    expect(requests(db)).toMatchObject([{ status: 'started' }])
    db.$client.exec('DROP TRIGGER crash')
    await settleAll()
    expect(outcomes(db)).toEqual([['hit', { domain: 'a.example' }]])
    expect(ledger(db)).toHaveLength(1)
  })

  it('before it can write the purchase down sends nothing', async () => {
    await using server = await scriptedSnov()
    const db = openDb(':memory:')
    const { step } = await buyer(server.url, db)
    db.$client.exec(`CREATE TRIGGER crash BEFORE INSERT ON provider_requests BEGIN SELECT RAISE(ABORT, 'crash'); END`)
    await expect(buyDomains(step, ['A'], noLimits)).rejects.toThrow(/crash/)
    expect(server.started).toEqual([])
  })

  it('before it can keep the task hash leaves a doubt', async () => {
    await using server = await scriptedSnov()
    const db = openDb(':memory:')
    const first = await buyer(server.url, db)
    db.$client.exec(`CREATE TRIGGER crash BEFORE UPDATE ON provider_requests WHEN NEW.status = 'started'
      BEGIN SELECT RAISE(ABORT, 'crash'); END`)
    await expect(buyDomains(first.step, ['A'], noLimits)).rejects.toThrow(/crash/)
    kill(first)
    db.$client.exec('DROP TRIGGER crash')
    const second = await buyer(server.url, db)
    await second.settleAll()
    expect(requests(db)).toMatchObject([{ status: 'unconfirmed' }])
    expect(await buyDomains(second.step, ['A'], noLimits)).toEqual({ ended: 'waiting' })
    expect(server.started).toHaveLength(1)
  })
})

describe('a start', () => {
  const doubtful: [string, Answer][] = [
    ['a 500', plain(500)],
    ['a gateway time-out', plain(504)],
    ['a reset', reset],
    ['half an answer', cut],
    ['no hash', json({ data: [], meta: [] })],
  ]
  for (const [name, answer] of doubtful) {
    it(`that is answered with ${name} is in doubt and not sent again`, async () => {
      await using server = await scriptedSnov({ meddle: arrivesBut(answer) })
      const { step } = await buyer(server.url)
      expect(await buyDomains(step, ['A'], noLimits)).toMatchObject({ ended: 'unconfirmed', requestId: 1 })
      expect(await buyDomains(step, ['A'], noLimits)).toEqual({ ended: 'waiting' })
      expect(server.started).toHaveLength(1)
    })
  }

  for (const status of [401, 429]) {
    it(`that is refused with ${status} leaves nothing behind and is sent again`, async () => {
      let refusals = 2
      await using server = await scriptedSnov()
      server.world.meddle = (call) => {
        if (!isStart(call) || (status === 401 && call.authorization !== 'Bearer token-1')) return undefined
        refusals -= 1
        return refusals >= 0 ? plain(status) : undefined
      }
      const { step } = await buyer(server.url, undefined, undefined, { limit: 20, windowMs: 40 })
      expect(await buyDomains(step, ['A'], noLimits)).toMatchObject({ ended: 'started' })
      expect(requests(step.db)).toMatchObject([{ status: 'started' }])
      expect(server.started).toHaveLength(1)
    })
  }

  it('that Snov refuses as it is may be asked again, and reserves nothing', async () => {
    await using server = await scriptedSnov({ meddle: (call) => (isStart(call) ? plain(422, 'bad') : undefined) })
    const { step } = await buyer(server.url)
    const limits = { maxCredits: 1, budget: null }
    for (let nth = 0; nth < 2; nth += 1) {
      expect(await buyDomains(step, ['A'], { ...noLimits, limits })).toMatchObject({ ended: 'refused' })
    }
  })

  it('that is refused for one name among several is tried with one name at a time', async () => {
    await using server = await scriptedSnov()
    server.world.meddle = (call) => {
      return isStart(call) && (call.body.names as string[]).includes('Bad') ? plain(422) : undefined
    }
    const { step } = await buyer(server.url)
    const ends = []
    for (const names of [['A', 'Bad', 'B'], ['A', 'Bad', 'B'], ['B']])
      ends.push(await buyDomains(step, names, noLimits))
    expect(ends).toMatchObject([
      { ended: 'started', inputs: [{ name: 'A' }] },
      { ended: 'refused', inputs: [{ name: 'Bad' }] },
      { ended: 'started', inputs: [{ name: 'B' }] },
    ])
    expect(server.started).toEqual([['A'], ['B']])
  })

  it('that finds nobody listening, at any point, leaves nothing behind', async () => {
    const server = await scriptedSnov()
    const { step } = await buyer(server.url)
    const [snov] = step.providers
    await snov?.balance?.(poll)
    const closing = {
      ...snov,
      async ready(options: Parameters<Provider['ready']>[0]) {
        const ready = await (snov as Provider).ready(options)
        await server[Symbol.asyncDispose]()
        return ready
      },
    } as Provider
    step.providers = [closing]
    expect(await buyDomains(step, ['A'], noLimits)).toMatchObject({ ended: 'unreached' })
    expect(requests(step.db)).toEqual([])
  })

  it('with refused credentials is a config error that leaves nothing behind', async () => {
    await using server = await scriptedSnov({ meddle: (call) => (isStart(call) ? plain(403) : undefined) })
    const { step } = await buyer(server.url)
    await expect(buyDomains(step, ['A'], noLimits)).rejects.toMatchObject({ kind: 'config' })
    expect(requests(step.db)).toEqual([])
  })

  it('that an interrupt cuts off is in doubt', async () => {
    const stop = new AbortController()
    await using server = await scriptedSnov({ meddle: arrivesBut(() => stop.abort(new Error('interrupted'))) })
    const { step } = await buyer(server.url)
    await expect(buyDomains(step, ['A'], { ...noLimits, signal: stop.signal })).rejects.toThrow('interrupted')
    expect(requests(step.db)).toMatchObject([{ status: 'unconfirmed' }])
  })
})

describe('a doubt', () => {
  async function doubted(credits: number, names: string[], domains: Record<string, string>) {
    const server = await scriptedSnov({ credits, domains, meddle: arrivesBut(plain(502)) })
    const one = await buyer(server.url)
    await buyDomains(one.step, names, noLimits)
    server.world.meddle = () => undefined
    return { server, ...one }
  }

  it('is settled by a balance that exactly the worst case explains', async () => {
    const { server, step, settleAll } = await doubted(100, ['A', 'B'], {})
    await using _ = server
    server.world.credits -= 2
    expect(await settleAll()).toMatchObject({ settled: 1 })
    expect(ledger(step.db)).toMatchObject([{ expected: 2, observed: 2, before: '100.00' }])
    expect(await buyDomains(step, ['A', 'B'], noLimits)).toEqual({ ended: 'answered' })
    expect(outcomes(step.db)).toEqual(Array(2).fill(['miss', { lost: true }]))
  })

  it('is still settled after other purchases whose price is known', async () => {
    const { server, step, settleAll } = await doubted(100, ['A', 'B'], { C: 'c.example' })
    await using _ = server
    await buyDomains(step, ['C'], noLimits)
    await settleAll(2)
    server.world.credits -= 2
    await settleAll(400)
    expect(requests(step.db)).toMatchObject([{ status: 'completed' }, { status: 'completed' }])
  })

  for (const moved of [0, 1, 3, -5]) {
    it(`is left to the operator when the balance moved by ${moved} of 2`, async () => {
      const { server, step, settleAll } = await doubted(100, ['A', 'B'], {})
      await using _ = server
      server.world.credits -= moved
      expect(await settleAll(30)).toMatchObject({ settled: 0 })
      expect(await buyDomains(step, ['A', 'B'], noLimits)).toEqual({ ended: 'waiting' })
      expect(listUnconfirmed(step.db)).toHaveLength(1)
    })
  }

  it('is left to the operator when another is open too', async () => {
    const { server, step, settleAll } = await doubted(100, ['A'], {})
    await using _ = server
    server.world.meddle = arrivesBut(plain(502))
    await buyDomains(step, ['B'], noLimits)
    server.world.meddle = () => undefined
    server.world.credits -= 1
    expect(await settleAll(30)).toMatchObject({ settled: 0 })
  })

  it('that the operator calls bought is booked, and never asked again, not even as an old miss', async () => {
    const { server, step, clock } = await doubted(100, ['A', 'B'], {})
    await using _ = server
    settleByOperator(step.db, clock, 1, 'bought')
    expect(ledger(step.db)).toMatchObject([{ expected: 2, observed: null }])
    const retried = { ...noLimits, retryMissesBefore: clock.now() + 1 }
    expect(await buyDomains(step, ['A', 'B'], retried)).toEqual({ ended: 'answered' })
    expect(server.started).toHaveLength(1)
  })

  it('that the operator calls not bought costs nothing, and its names may be bought', async () => {
    const { server, step, clock } = await doubted(100, ['A', 'B'], {})
    await using _ = server
    settleByOperator(step.db, clock, 1, 'not-bought')
    expect(ledger(step.db)).toEqual([])
    expect(await buyDomains(step, ['A', 'B'], noLimits)).toMatchObject({ ended: 'started', requestId: 2 })
  })

  it('is the only thing that the operator may settle', async () => {
    await using server = await scriptedSnov()
    const { step, clock } = await buyer(server.url)
    await buyDomains(step, ['A'], noLimits)
    for (const id of [1, 2]) {
      expect(() => settleByOperator(step.db, clock, id, 'not-bought')).toThrow(`no unconfirmed purchase ${id}`)
    }
  })

  it('is what a task becomes that Snov no longer knows, but not at once', async () => {
    await using server = await scriptedSnov({
      meddle: ({ path }) => (path.endsWith('/result') ? plain(404) : undefined),
    })
    const { step, clock, settleAll } = await buyer(server.url)
    await buyDomains(step, ['A'], noLimits)
    await settleAll(3)
    expect(requests(step.db)).toMatchObject([{ status: 'started' }])
    await settleAll(5)
    expect(findRequest(step.db, 1)).toMatchObject({ status: 'unconfirmed' })
    settleByOperator(step.db, clock, 1, 'bought')
    expect(server.started).toHaveLength(1)
  })
})
