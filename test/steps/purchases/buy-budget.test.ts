import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openDb } from '../../../src/db/open.ts'
import type { CreditLimits } from '../../../src/db/purchases/credits.ts'
import { buyDomains } from '../../../src/steps/purchases/orders.ts'
import { rounds } from '../../acceptance/soak.ts'
import { tempFolder } from '../../host.ts'
import { scriptedSnov } from '../../snov/scripted-snov.ts'
import { buyer, noLimits } from './buyer.ts'

const DAY_MS = 86_400_000
const limited = (limits: Partial<CreditLimits>) => ({ ...noLimits, limits: { ...noLimits.limits, ...limits } })
const names = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `Company ${from + index}`)
const everything = Object.fromEntries(names(1000).map((name) => [name, `${name.replace(' ', '')}.example`]))
const nothing = {}

describe('--max-credits', () => {
  it('cuts the last batch to what is left, and ends without an error', async () => {
    await using server = await scriptedSnov({ domains: everything })
    const { step, settleAll } = await buyer(server.url)
    const options = limited({ maxCredits: 13 })
    await buyDomains(step, names(40), options)
    await buyDomains(step, names(40), options)
    expect(await buyDomains(step, names(40), options)).toEqual({ ended: 'limit-reached' })
    await settleAll(2)
    expect(await buyDomains(step, names(40), options)).toEqual({ ended: 'limit-reached' })
    expect(server.started.map((inputs) => inputs.length)).toEqual([10, 3])
    expect(server.world.credits).toBe(1000 - 13)
  })

  it('gives the reserve of misses back', async () => {
    await using server = await scriptedSnov({ domains: nothing })
    const { step, settleAll } = await buyer(server.url)
    const options = limited({ maxCredits: 10 })
    for (let batch = 0; batch < 3; batch += 1) {
      expect(await buyDomains(step, names(30), options)).toMatchObject({ ended: 'started' })
      await settleAll(2)
    }
    expect(server.started.flat()).toHaveLength(30)
  })

  it('of zero spends nothing', async () => {
    await using server = await scriptedSnov()
    const { step } = await buyer(server.url)
    expect(await buyDomains(step, names(3), limited({ maxCredits: 0 }))).toEqual({ ended: 'limit-reached' })
    expect(server.calls).toEqual([])
  })

  it('concerns one run: the next has its own', async () => {
    await using server = await scriptedSnov({ domains: everything })
    const db = openDb(':memory:')
    const options = limited({ maxCredits: 5 })
    for (let nth = 0; nth < 2; nth += 1) {
      const { step, settleAll, run } = await buyer(server.url, db)
      await buyDomains(step, names(40), options)
      await settleAll(2)
      expect(await buyDomains(step, names(40), options)).toEqual({ ended: 'limit-reached' })
      run.finish({})
    }
    expect(server.started.map((inputs) => inputs.length)).toEqual([5, 5])
  })
})

describe('the budget', () => {
  const budget = { limit: 12, windowMs: DAY_MS }

  it('holds for any span of its length, over all runs', async () => {
    await using server = await scriptedSnov({ domains: everything })
    const db = openDb(':memory:')
    const { step, clock, settleAll } = await buyer(server.url, db)
    await buyDomains(step, names(40), limited({ budget }))
    await settleAll(2)
    clock.pass(DAY_MS / 2)
    const other = await buyer(server.url, db, clock)
    await buyDomains(other.step, names(40), limited({ budget }))
    await other.settleAll(2)
    expect(await buyDomains(step, names(40), limited({ budget }))).toEqual({ ended: 'limit-reached' })
    clock.pass(DAY_MS / 2)
    await buyDomains(step, names(40), limited({ budget }))
    expect(server.started.map((inputs) => inputs.length)).toEqual([10, 2, 10])
  })

  it('counts what the balance says where that is more than the price', async () => {
    await using server = await scriptedSnov({ domains: everything })
    const { step, settleAll } = await buyer(server.url)
    await buyDomains(step, names(1), limited({ budget }))
    server.world.credits -= 11
    await settleAll(2)
    expect(await buyDomains(step, names(2), limited({ budget }))).toEqual({ ended: 'limit-reached' })
  })

  it('is never passed by processes that buy at once, and each name is bought once', async () => {
    const scenario = fc.record({
      limit: fc.integer({ min: 0, max: 45 }),
      wanted: fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 2, maxLength: 3 }),
      found: fc.integer({ min: 1, max: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ limit, wanted, found }) => {
        const hits = Object.entries(everything).filter((_, index) => index % found === 0)
        await using server = await scriptedSnov({ domains: Object.fromEntries(hits) })
        using folder = tempFolder()
        const file = folder.file('shared.db')
        const databases = wanted.map(() => openDb(file))
        const options = limited({ budget: { limit, windowMs: DAY_MS } })
        await Promise.all(
          wanted.map(async (count, index) => {
            const { step, settleAll } = await buyer(server.url, databases[index])
            for (let batch = 0; batch < 6; batch += 1) {
              await buyDomains(step, names(count, index * 5), options)
              if (batch % 2) await settleAll(2)
            }
          }),
        )
        for (const database of databases) database.$client.close()
        const asked = server.started.flat()
        expect(1000 - server.world.credits).toBeLessThanOrEqual(limit)
        expect(new Set(asked).size).toBe(asked.length)
        expect(asked.length).toBeGreaterThanOrEqual(Math.min(limit, Math.max(...wanted)))
      }),
      { numRuns: rounds(5, 40) },
    )
  })
})
