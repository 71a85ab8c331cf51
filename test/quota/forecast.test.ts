import { describe, expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { openAllowance } from '../../src/quota/allowance.ts'
import { forecastCalls, forecastFrom } from '../../src/quota/forecast.ts'
import { COMPANIES_HOUSE_ALLOWANCE } from '../../src/quota/report.ts'
import { virtualClock } from '../virtual-clock.ts'

const quota = { limit: 600, windowMs: 300_000 }

/** A burst of permits, a tenth of a second each, that began at 0. */
function burst(used: number, now: number, limit = quota) {
  return {
    used,
    gateMs: 0,
    now,
    eachMs: 0,
    nth: (count: number) => (count <= used ? count * 100 + limit.windowMs : null),
  }
}

describe('a forecast of calls', () => {
  it.each([
    ['calls that fit are free at once', 0, 0, 600, { ms: 0, windows: 0 }],
    ['one too many waits for the first to come back', 600, 60_000, 1, { ms: 240_100, windows: 1 }],
    ['a whole window more waits for the last to come back', 600, 60_000, 600, { ms: 300_000, windows: 1 }],
    ['each further window follows in the same rhythm', 600, 60_000, 1201, { ms: 840_100, windows: 3 }],
    ['what is free now comes back a window from now', 100, 10_000, 700, { ms: 300_000, windows: 1 }],
  ])('%s', (_name, used, now, calls, expected) => {
    expect(forecastFrom(burst(used, now), quota, calls)).toEqual(expected)
  })

  it('counts down while a burst waits', () => {
    const at = (now: number) => forecastFrom(burst(600, now), quota, 5000).ms
    expect([60, 120, 250].map((second) => at(second * 1000) + second * 1000)).toEqual(new Array(3).fill(at(0)))
  })

  it('does not jump while a burst runs', () => {
    const sent = [0, 150, 300, 450, 599]
    const seen = sent.map((calls) => forecastFrom(burst(calls, calls * 100), quota, 5000 - calls))
    expect(new Set(seen.map(({ windows }) => windows))).toEqual(new Set([8]))
    const ends = seen.map(({ ms }, index) => ms + (sent[index] ?? 0) * 100)
    expect(Math.max(...ends) - Math.min(...ends)).toBeLessThanOrEqual(60_000)
  })

  it('counts the time of calls that are free to leave', () => {
    expect(forecastFrom({ ...burst(100, 10_000), eachMs: 100 }, quota, 900)).toEqual({ ms: 330_000, windows: 1 })
    expect(forecastFrom({ ...burst(100, 10_000), eachMs: 100 }, quota, 50)).toEqual({ ms: 5000, windows: 0 })
  })

  it('waits for the gate after a refusal', () => {
    expect(forecastFrom({ ...burst(10, 0), gateMs: 42_000 }, quota, 5)).toEqual({ ms: 42_000, windows: 0 })
  })

  it('is what the allowance then does', async () => {
    const clock = virtualClock()
    const db = openDb(':memory:')
    const small = { limit: 5, windowMs: 10_000 }
    const name = COMPANIES_HOUSE_ALLOWANCE
    const allowance = openAllowance({ db, clock, name, quota: small, requestTimeoutMs: 1000, probePatienceMs: 1000 })
    const answer = { limited: false, limit: null, remain: null, resetEarliestMs: null, resetLatestMs: null }
    const call = async () => {
      const permit = await clock.runUntil(allowance.acquire('background', new AbortController().signal))
      await clock.runUntil(clock.sleep(100))
      permit.settle(answer)
    }
    for (let made = 0; made < 5; made += 1) await call()
    const { ms, windows } = forecastCalls(db, clock, small, 12)
    const began = clock.steady()
    for (let made = 0; made < 11; made += 1) await call()
    const permit = await clock.runUntil(allowance.acquire('background', new AbortController().signal))
    expect(windows).toBe(3)
    expect(Math.abs(clock.steady() - began - ms)).toBeLessThan(1500)
    permit.cancel()
    db.$client.close()
  })
})
