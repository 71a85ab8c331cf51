import { describe, expect, it } from 'vitest'
import { readRateHeaders } from '../../src/quota/rate-headers.ts'

const NOW = Date.UTC(2026, 8, 4, 16, 0, 0)
const at = (seconds: number) => String(NOW / 1000 + seconds)

describe('readWord', () => {
  it("reads the headers as the API spells them, in the server's own time", () => {
    const headers = new Headers({
      'X-Ratelimit-Limit': '600',
      'X-Ratelimit-Remain': '599',
      'X-Ratelimit-Reset': at(3600 + 200),
      'X-Ratelimit-Window': '5m',
      Date: new Date(NOW + 3_600_000).toUTCString(),
    })
    expect(readRateHeaders(200, headers, NOW)).toEqual({
      limited: false,
      limit: 600,
      remain: 599,
      resetEarliestMs: 198_000,
      resetLatestMs: 201_000,
    })
  })

  it('reads the other spelling, and our own time where there is no date', () => {
    const headers = new Headers({ 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': at(10) })
    expect(readRateHeaders(404, headers, NOW)).toMatchObject({ remain: 7, resetLatestMs: 11_000 })
  })

  it('takes 429 and 403 for refusals without any header', () => {
    const nothing = { limit: null, remain: null, resetEarliestMs: null, resetLatestMs: null }
    for (const status of [429, 403])
      expect(readRateHeaders(status, new Headers(), NOW)).toEqual({ limited: true, ...nothing })
  })

  it("learns nothing from a gateway's error page, but something from an answer without headers", () => {
    expect(readRateHeaders(503, new Headers(), NOW)).toBeNull()
    expect(readRateHeaders(200, new Headers(), NOW)).toMatchObject({ limited: false, remain: null })
  })

  it('ignores headers that are no numbers', () => {
    const headers = new Headers({ 'x-ratelimit-remain': '-5', 'x-ratelimit-reset': 'soon', 'x-ratelimit-limit': '1e3' })
    expect(readRateHeaders(200, headers, NOW)).toMatchObject({ remain: null, limit: null, resetLatestMs: null })
  })
})
