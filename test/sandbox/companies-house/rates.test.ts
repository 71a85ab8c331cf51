import { describe, expect, it } from 'vitest'
import { createRateWindow, rateHeaders, type WindowKind } from '../../../src/sandbox/kit/rate-window.ts'
import { basic, handClock, opened } from './opened.ts'

const QUOTA = { limit: 5, windowMs: 60_000 }

describe('the key', () => {
  it('is required: no header and a wrong one have texts and headers of their own, and cost nothing', async () => {
    await using open = await opened()
    const missing = await open.get('/company/00000006', {})
    const wrong = await open.get('/company/00000006', { Authorization: basic('somebody else') })
    expect([missing.status, missing.text]).toEqual([401, '{"error":"Empty Authorization header","type":"ch:service"}'])
    expect(missing.headers.get('ch-authentication-error')).toBe('Empty Authorization header')
    expect([wrong.status, wrong.text]).toEqual([401, '{"error":"Invalid Authorization","type":"ch:service"}'])
    expect(wrong.headers.get('ch-authentication-error')).toBe('Invalid Authorization')
    expect(wrong.headers.get('www-authenticate')).toBe('Invalid or no Authorisation header has been provided')
    expect(open.sandbox.requests).toMatchObject({ total: 2, counted: 0, byStatus: { 401: 2 } })
  })

  it('may only read', async () => {
    await using open = await opened()
    const headers = { Authorization: basic(open.sandbox.apiKey) }
    const response = await fetch(`${open.sandbox.url}/company/00000006`, { method: 'POST', headers })
    expect([response.status, await response.text()]).toEqual([403, ''])
  })
})

describe('the allowance', () => {
  it('is told in four headers with a date, spelt as Companies House spells them', async () => {
    await using open = await opened()
    const response = await fetch(`${open.sandbox.url}/company/x`, {
      headers: { Authorization: basic(open.sandbox.apiKey) },
    })
    expect(response.headers.get('x-ratelimit-limit')).toBe('600')
    expect(response.headers.get('x-ratelimit-remain')).toBe('599')
    expect(response.headers.get('x-ratelimit-window')).toBe('5m')
    const aheadSeconds = Number(response.headers.get('x-ratelimit-reset')) - open.clock.nowMs / 1000
    expect(aheadSeconds).toBeGreaterThan(0)
    expect(aheadSeconds).toBeLessThanOrEqual(300)
    expect(response.headers.get('date')).toBe('Tue, 15 Sep 2026 10:00:00 GMT')
    expect(response.headers.get('server')).toBe('CompaniesHouse')
    expect(Object.keys(rateHeaders({ allowed: true, limit: 5, remain: 4, resetAtMs: 1500 }, 5000))).toEqual([
      'X-Ratelimit-Limit',
      'X-Ratelimit-Remain',
      'X-Ratelimit-Reset',
      'X-Ratelimit-Window',
    ])
  })

  it('ends in an empty 429 with the same headers and no Retry-After, until the window is over', async () => {
    await using open = await opened({ quota: QUOTA })
    const path = `/company/${open.world.companyNumber(0)}`
    const statuses = []
    for (let call = 0; call < 6; call += 1) statuses.push((await open.get(path)).status)
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429])
    const refused = await open.get(path)
    expect([refused.status, refused.text]).toEqual([429, ''])
    expect(refused.headers.get('retry-after')).toBeNull()
    expect(refused.headers.get('x-ratelimit-remain')).toBe('0')
    expect(refused.headers.get('x-ratelimit-window')).toBe('1m')
    const resetMs = Number(refused.headers.get('x-ratelimit-reset')) * 1000
    open.clock.nowMs = resetMs - 1
    expect((await open.get(path)).status).toBe(429)
    open.clock.nowMs = resetMs
    expect((await open.get(path)).status).toBe(200)
    expect(open.sandbox.requests).toMatchObject({ total: 9, counted: 6, rateLimited: 3, windowPeak: 5 })
  })

  it('is shared with whoever else uses the key', async () => {
    await using open = await opened({ quota: QUOTA })
    open.sandbox.foreignCalls(4)
    expect((await open.get('/company/x')).headers.get('x-ratelimit-remain')).toBe('0')
    expect((await open.get('/company/x')).status).toBe(429)
    expect(open.sandbox.requests).toMatchObject({ total: 2, counted: 1, windowPeak: 5 })
  })

  it('keeps the beginning of its windows a secret of the seed', async () => {
    const resets = new Set<string | null>()
    for (const seed of [1, 2, 3]) {
      await using open = await opened({ seed })
      resets.add((await open.get('/company/x')).headers.get('x-ratelimit-reset'))
    }
    expect(resets.size).toBe(3)
  })
})

describe('a window', () => {
  /** Which of the calls at these seconds are allowed, 2 per 10 s, fixed windows beginning at second 3. */
  function allowed(kind: WindowKind, seconds: number[]): boolean[] {
    const clock = handClock(0)
    const rate = createRateWindow({ kind, limit: 2, windowMs: 10_000, phaseMs: 3000, now: () => clock.now() })
    return seconds.map((second) => {
      clock.nowMs = second * 1000
      return rate.take().allowed
    })
  }

  it('fixed: begins anew by the clock, whenever the calls came', () => {
    expect(allowed('fixed', [1, 2, 2.9, 3, 3, 12.9, 13])).toEqual([true, true, false, true, true, false, true])
  })

  it('anchored: begins with the first call after the last one ended', () => {
    expect(allowed('anchored', [1, 9, 10.9, 11, 20, 20.9, 21])).toEqual([true, true, false, true, true, false, true])
  })

  it('sliding: every call comes free one window later', () => {
    expect(allowed('sliding', [1, 9, 10.9, 11, 18.9, 19, 20])).toEqual([true, true, false, true, false, true, false])
  })

  it('tells when calls come free', () => {
    const resets = (['fixed', 'anchored', 'sliding'] as const).map((kind) => {
      const rate = createRateWindow({ kind, limit: 2, windowMs: 10_000, phaseMs: 3000, now: () => 5000 })
      return rate.take().resetAtMs
    })
    expect(resets).toEqual([13_000, 15_000, 15_000])
  })
})
