import { setMaxListeners } from 'node:events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import type { Lane } from '../../src/db/quota/ledger.ts'
import { type Allowance, openAllowance } from '../../src/quota/allowance.ts'
import { readRateHeaders } from '../../src/quota/rate-headers.ts'
import { quotaReport } from '../../src/quota/report.ts'
import { rounds } from '../acceptance/soak.ts'
import { type VirtualClock, virtualClock } from '../virtual-clock.ts'
import { type CountingServer, countingServer, type WindowKind } from './server.ts'

const QUOTA = { limit: 60, windowMs: 60_000 }
const TIMEOUT_MS = 10_000

function open(db: ReturnType<typeof openDb>, clock: VirtualClock): Allowance {
  return openAllowance({
    db,
    clock,
    name: 'companies-house',
    quota: QUOTA,
    requestTimeoutMs: TIMEOUT_MS,
    probePatienceMs: 5000,
  })
}

/** One process: `width` calls at a time, as many as it is given permits for, until it is stopped. */
async function work(
  clock: VirtualClock,
  allowance: Allowance,
  server: CountingServer,
  signal: AbortSignal,
  {
    width = 4,
    lane = 'background',
    latencyMs = () => 40,
  }: { width?: number; lane?: Lane; latencyMs?: () => number } = {},
): Promise<void> {
  setMaxListeners(0, signal)
  const worker = async () => {
    while (!signal.aborted) {
      const permit = await allowance.acquire(lane, signal)
      await clock.sleep(latencyMs() / 2)
      const answer = server.call()
      await clock.sleep(latencyMs() / 2)
      if (signal.aborted) return
      permit.settle(readRateHeaders(answer.status, answer.headers, clock.now()))
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: width }, worker))
  const fault = ended.find((one) => one.status === 'rejected' && one.reason !== signal.reason)
  if (fault?.status === 'rejected') throw fault.reason
}

describe('the hard rule', () => {
  it('never meets a 429 and uses all of it, whatever the window, with three processes, restarts and clock jumps', async () => {
    const scenario = fc.record({
      kind: fc.constantFrom<WindowKind>('fixed', 'sliding', 'anchored'),
      phaseMs: fc.integer({ min: 0, max: QUOTA.windowMs - 1 }),
      latencies: fc.array(fc.integer({ min: 2, max: 120 }), { minLength: 1, maxLength: 9 }),
      restarts: fc.array(fc.integer({ min: 1, max: 170_000 }), { maxLength: 3 }),
      jumps: fc.array(fc.record({ at: fc.integer({ min: 1, max: 170_000 }), hours: fc.constantFrom(-1, 1) }), {
        maxLength: 2,
      }),
      mute: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ kind, phaseMs, latencies, restarts, jumps, mute }) => {
        const windows = 3
        const db = openDb(':memory:')
        const clock = virtualClock()
        const server = countingServer(clock, kind, { ...QUOTA, phaseMs, mute })
        let turn = 0
        const latencyMs = () => latencies[turn++ % latencies.length] ?? 40
        const over = new AbortController()

        const process = async (restartAt: number[]) => {
          for (const at of [...restartAt.sort((a, b) => a - b), Number.POSITIVE_INFINITY]) {
            const life = new AbortController()
            const done = work(clock, open(db, clock), server, life.signal, { latencyMs })
            await clock.sleep(Math.min(at, windows * QUOTA.windowMs - 1) - clock.steady(), over.signal).catch(() => {})
            life.abort(new Error('killed'))
            await done
            if (at === Number.POSITIVE_INFINITY) return
          }
        }
        const jumping = jumps.map(({ at, hours }) => clock.sleep(at).then(() => clock.jump(hours * 3_600_000)))
        const lives = Promise.all([process(restarts), process([]), process([]), ...jumping])
        await clock.runUntil(lives)
        expect(server.refused()).toBe(0)
        const lost = restarts.length * 4
        expect(server.accepted() + lost * windows).toBeGreaterThanOrEqual(Math.floor(0.995 * windows * QUOTA.limit))
        expect(server.accepted()).toBeLessThanOrEqual(windows * QUOTA.limit + QUOTA.limit)
        db.$client.close()
      }),
      { numRuns: rounds(5, 40) },
    )
  })
})

describe('what the server says', () => {
  it('narrows the view when somebody else uses the key', async () => {
    const clock = virtualClock()
    const server = countingServer(clock, 'fixed', QUOTA)
    for (let call = 0; call < 50; call += 1) server.call()
    const stop = new AbortController()
    const done = work(clock, open(openDb(':memory:'), clock), server, stop.signal)
    await clock.runUntil(clock.sleep(50_000))
    expect([server.accepted(), server.refused()]).toEqual([60, 0])
    stop.abort(new Error('enough'))
    await clock.runUntil(done)
  })

  it('costs one probe and at most one 429 when the state is lost', async () => {
    for (const kind of ['fixed', 'sliding', 'anchored'] as const) {
      const clock = virtualClock()
      const server = countingServer(clock, kind, QUOTA)
      for (let call = 0; call < 60; call += 1) server.call()
      const stop = new AbortController()
      const done = work(clock, open(openDb(':memory:'), clock), server, stop.signal, { width: 12 })
      await clock.runUntil(clock.sleep(2.5 * QUOTA.windowMs))
      expect([kind, server.refused()]).toEqual([kind, 1])
      expect(server.accepted()).toBeGreaterThanOrEqual(2 * QUOTA.limit)
      stop.abort(new Error('enough'))
      await clock.runUntil(done)
    }
  })

  it('forgets another boot, asks once, and believes the answer', async () => {
    const clock = virtualClock()
    const db = openDb(':memory:')
    const server = countingServer(clock, 'fixed', { ...QUOTA, phaseMs: 20_000 })
    const first = new AbortController()
    const before = work(clock, open(db, clock), server, first.signal)
    await clock.runUntil(clock.sleep(10_000))
    first.abort(new Error('power cut'))
    await clock.runUntil(before)
    expect(server.accepted()).toBe(60)
    clock.reboot('second')
    const second = new AbortController()
    const after = work(clock, open(db, clock), server, second.signal, { width: 12 })
    await clock.runUntil(clock.sleep(5000))
    expect([server.accepted(), server.refused()]).toEqual([60, 1])
    second.abort(new Error('enough'))
    await clock.runUntil(after)
  })

  it('shares one log among processes that are shown different boot ids, also when the wall clock jumps', async () => {
    const clock = virtualClock()
    const db = openDb(':memory:')
    const server = countingServer(clock, 'sliding', QUOTA)
    const masked: VirtualClock = { ...clock, boot: 'of a unit' }
    const stop = new AbortController()
    const both = [clock, masked].map((view) => work(view, open(db, view), server, stop.signal, { latencyMs: () => 80 }))
    for (const hours of [1, -2, 1]) {
      await clock.runUntil(clock.sleep(0.75 * QUOTA.windowMs))
      clock.jump(hours * 3_600_000)
    }
    await clock.runUntil(clock.sleep(0.75 * QUOTA.windowMs))
    expect([server.accepted(), server.refused()]).toEqual([3 * QUOTA.limit, 0])
    expect(quotaReport(db, masked, QUOTA)).toEqual(quotaReport(db, clock, QUOTA))
    stop.abort(new Error('enough'))
    await clock.runUntil(Promise.all(both))
  })

  it('closes the gate for every process until the reset', async () => {
    const clock = virtualClock()
    const db = openDb(':memory:')
    const [one, two] = [open(db, clock), open(db, clock)]
    const none = new AbortController().signal
    const permit = await clock.runUntil(one.acquire('background', none))
    permit.settle({ limited: true, limit: 60, remain: 0, resetEarliestMs: 28_000, resetLatestMs: 31_000 })
    const began = clock.steady()
    const later = await clock.runUntil(two.acquire('stream', none))
    expect(clock.steady() - began).toBe(31_000)
    later.cancel()
    expect(quotaReport(db, clock, QUOTA)).toEqual({ limit: 60, window_seconds: 60, used: 1, peak: 2, rate_limited: 1 })
  })

  it('waits one window after a refusal that names no end', async () => {
    const clock = virtualClock()
    const allowance = open(openDb(':memory:'), clock)
    const none = new AbortController().signal
    const permit = await clock.runUntil(allowance.acquire('background', none))
    permit.settle(readRateHeaders(403, new Headers(), clock.now()))
    const began = clock.steady()
    await clock.runUntil(allowance.acquire('background', none))
    expect(clock.steady() - began).toBe(QUOTA.windowMs)
  })
})

describe('lanes', () => {
  it('gives nothing to the background of any process while a stream permit waits', async () => {
    const clock = virtualClock()
    const db = openDb(':memory:')
    const server = countingServer(clock, 'sliding', QUOTA)
    const stop = new AbortController()
    const importing = work(clock, open(db, clock), server, stop.signal, { width: 8 })
    await clock.runUntil(clock.sleep(1000))
    setMaxListeners(0, stop.signal)
    const order: string[] = []
    const stream = open(db, clock)
    const background = open(db, clock)
    const acquire = async (allowance: Allowance, lane: Lane) => {
      const permit = await allowance.acquire(lane, stop.signal)
      order.push(lane)
      return permit
    }
    const wanted = Promise.all([
      acquire(background, 'background'),
      ...Array.from({ length: 20 }, () => acquire(stream, 'stream')),
    ])
    await clock.runUntil(wanted)
    expect(order.indexOf('background')).toBe(20)
    stop.abort(new Error('enough'))
    await clock.runUntil(importing)
  })

  it('paces the background while a consumer is alive, without losing more than two per cent', async () => {
    const clock = virtualClock()
    const db = openDb(':memory:')
    const server = countingServer(clock, 'fixed', QUOTA)
    const stop = new AbortController()
    const allowance = open(db, clock)
    allowance.announceConsumer(10 * QUOTA.windowMs)
    const done = work(clock, allowance, server, stop.signal)
    await clock.runUntil(clock.sleep(QUOTA.windowMs / 10))
    expect(server.accepted()).toBeLessThanOrEqual(QUOTA.limit / 10 + 6)
    await clock.runUntil(clock.sleep(5 * QUOTA.windowMs - QUOTA.windowMs / 10))
    expect(server.refused()).toBe(0)
    expect(server.accepted()).toBeGreaterThanOrEqual(0.98 * 5 * QUOTA.limit)
    stop.abort(new Error('enough'))
    await clock.runUntil(done)
  })

  it('uses the whole window at once when nobody follows the stream', async () => {
    const clock = virtualClock()
    const server = countingServer(clock, 'fixed', QUOTA)
    const stop = new AbortController()
    const done = work(clock, open(openDb(':memory:'), clock), server, stop.signal, { width: 8 })
    await clock.runUntil(clock.sleep(1000))
    expect(server.accepted()).toBe(60)
    stop.abort(new Error('enough'))
    await clock.runUntil(done)
  })
})

describe('waiting', () => {
  it('ends at once when it is aborted', async () => {
    const clock = virtualClock()
    const allowance = open(openDb(':memory:'), clock)
    const none = new AbortController().signal
    await clock.runUntil(allowance.acquire('background', none))
    const stop = new AbortController()
    const waiting = allowance.acquire('background', stop.signal)
    const began = clock.steady()
    stop.abort(new Error('interrupted'))
    await expect(waiting).rejects.toThrow('interrupted')
    expect(clock.steady()).toBe(began)
  })

  it('lets the permits of a dead process age from the grant plus the request time-out', async () => {
    const clock = virtualClock()
    const db = openDb(':memory:')
    const none = new AbortController().signal
    setMaxListeners(0, none)
    const dead = open(db, clock)
    const probe = await clock.runUntil(dead.acquire('background', none))
    probe.settle(readRateHeaders(200, new Headers(), clock.now()))
    await clock.runUntil(Promise.all(Array.from({ length: 59 }, () => dead.acquire('background', none))))
    await clock.runUntil(clock.sleep(QUOTA.windowMs + TIMEOUT_MS - 100))
    expect(quotaReport(db, clock, QUOTA).used).toBe(59)
    await clock.runUntil(clock.sleep(200))
    expect(quotaReport(db, clock, QUOTA).used).toBe(0)
  })
})
