import { describe, expect, it } from 'vitest'
import { timings } from '../../../src/clock.ts'
import { reconnectMs } from '../../../src/companies-house/stream/client.ts'
import type { StreamEnd } from '../../../src/companies-house/stream/connection.ts'

const wait = (end: StreamEnd, failures: number, random = 0) => reconnectMs(end, failures, timings(1), () => random)

describe('the wait before the next connection', () => {
  it.each<[StreamEnd, number[]]>([
    ['closed', [1, 2, 4, 8]],
    ['network', [2, 4, 8, 16]],
    ['idle', [2, 4, 8, 16]],
    ['http', [10, 20, 40, 80]],
    ['limited', [60, 120, 240, 300]],
  ])('grows from its own first step when it was %s', (end, seconds) => {
    expect(seconds.map((_, failures) => wait(end, failures))).toEqual(seconds.map((second) => second * 1000))
  })

  it('is capped, however often it failed', () => {
    for (const end of ['closed', 'network', 'idle', 'http', 'limited'] as const) expect(wait(end, 5000)).toBe(300_000)
  })

  it('is jittered upwards only, so that a limit gets its minute', () => {
    expect(wait('limited', 0, 0.999)).toBeCloseTo(89_970)
    expect(wait('limited', 0, 0)).toBe(60_000)
  })

  it('is not worth it after a refused key or an expired timepoint', () => {
    expect([wait('refused', 0), wait('expired', 0)]).toEqual(['fatal', 'fatal'])
  })
})
