import { describe, expect, it } from 'vitest'
import { createReserve, NOTHING_HEARD } from '../../src/quota/reserve.ts'
import { type VirtualClock, virtualClock } from '../virtual-clock.ts'

const QUOTA = { limit: 60, windowMs: 60_000 }
const LEASE_MS = 120_000
const TRUSTED = { ...NOTHING_HEARD, reportedAt: 0 }

/** A stream that has used permits 1 to `used`, one a second, and has just had a turn. */
async function used(clock: VirtualClock, used: number) {
  const reserve = createReserve(clock, QUOTA)
  for (let number = 1; number <= used; number += 1) {
    reserve.join(number, number)
    await clock.runUntil(clock.sleep(1000))
  }
  reserve.renew(reserve.numbers(), clock.steady(), LEASE_MS)
  reserve.learn(TRUSTED)
  return reserve
}

const pass = (clock: VirtualClock, ms: number) => clock.runUntil(clock.sleep(ms))

describe('the reserve', () => {
  it('gives each permit again one window after its answer, until the lease ends', async () => {
    const clock = virtualClock()
    const reserve = await used(clock, 10)
    expect(reserve.take(5)).toEqual([])
    expect(reserve.waitMs()).toBe(50_002)
    await pass(clock, 50_002)
    expect(reserve.take(5)).toEqual([1])
    expect(reserve.take(5)).toEqual([])
    await pass(clock, 9000)
    expect(reserve.take(20)).toHaveLength(9)
    reserve.settle(1)
    await pass(clock, 60_001)
    expect(reserve.take(1)).toEqual([])
    // 119 seconds are gone.
    expect(reserve.waitMs()).toBe(1)
    await pass(clock, 1000)
    expect([reserve.take(1), reserve.waitMs()]).toEqual([[], null])
  })

  it('holds what the stream needed in the last window, and at most half of the allowance', async () => {
    const clock = virtualClock()
    const reserve = createReserve(clock, QUOTA)
    for (let number = 1; number <= 40; number += 1) reserve.join(number, 20)
    expect(reserve.numbers()).toHaveLength(20)
    for (let number = 41; number <= 100; number += 1) reserve.join(number, 60)
    expect(reserve.numbers()).toHaveLength(30)
  })

  it('gives up what was not needed for a window', async () => {
    const clock = virtualClock()
    const reserve = await used(clock, 10)
    await pass(clock, 60_002)
    const [again = 0] = reserve.take(1)
    expect(again).toBe(10)
    reserve.settle(again)
    await pass(clock, 60_000)
    reserve.renew(reserve.numbers(), clock.steady(), LEASE_MS)
    expect(reserve.numbers()).toEqual([10])
  })

  it('is not trusted while the count of the server is unknown, nor before a gate opens', async () => {
    const clock = virtualClock()
    const reserve = await used(clock, 10)
    await pass(clock, 60_002)
    reserve.learn({ ...NOTHING_HEARD, gateUntil: clock.steady() + 7000 })
    expect([reserve.take(1), reserve.waitMs()]).toEqual([[], 7000])
    reserve.learn(TRUSTED)
    reserve.hear({ limited: true, limit: 60, remain: 0, resetEarliestMs: 4000, resetLatestMs: 5000 })
    expect([reserve.take(1), reserve.waitMs()]).toEqual([[], 5000])
    await pass(clock, 5000)
    expect([reserve.take(1), reserve.waitMs()]).toEqual([[], null])
  })

  it('yields to somebody else on the key, as the headers tell', async () => {
    const clock = virtualClock()
    const reserve = await used(clock, 10)
    await pass(clock, 60_002)
    reserve.hear({ limited: false, limit: 60, remain: 3, resetEarliestMs: 8000, resetLatestMs: 9000 })
    expect(reserve.take(10)).toHaveLength(3)
  })

  it('is doubted after a sleep of the machine, until the store confirms it', async () => {
    const clock = virtualClock()
    const reserve = await used(clock, 10)
    await pass(clock, 60_002)
    clock.jump(30_000)
    expect([reserve.take(1), reserve.waitMs()]).toEqual([[], null])
    reserve.renew(reserve.numbers(), clock.steady(), LEASE_MS)
    expect(reserve.take(1)).toHaveLength(1)
  })

  it('says which are in use when it is given up', async () => {
    const clock = virtualClock()
    const reserve = await used(clock, 3)
    await pass(clock, 60_002)
    expect(reserve.take(2)).toEqual([3, 2])
    expect(reserve.drop().sort()).toEqual([2, 3])
    expect(reserve.numbers()).toEqual([])
  })
})
