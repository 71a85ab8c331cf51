import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/clock.ts'
import { type PostgresServer, startPostgres } from '../postgres.ts'
import { type TcpProxy, tcpProxy } from '../tcp-proxy.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import { type CountingServer, countingServer, type WindowKind } from './server.ts'
import { type Member, openMember, work } from './shared-work.ts'

const QUOTA = { limit: 60, windowMs: 3000 }
const KINDS: WindowKind[] = ['fixed', 'sliding', 'anchored']
const clock = systemClock()
// The server only asks it for the time.
const realTime = clock as VirtualClock

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres[Symbol.asyncDispose]())

interface Scene {
  server: CountingServer
  proxy: TcpProxy
  stream: Member
  /** Of the stream, and of the background, so far. */
  calls(): { stream: number; background: number }
}

interface Outcome {
  refused: number
  longestMs: number
  lines: string[]
}

/** A machine that streams and two that import, with a network between them and the store. */
async function scene(
  kind: WindowKind,
  title: string,
  meanwhile: (scene: Scene) => Promise<void>,
  streamClock: Clock = clock,
): Promise<Outcome> {
  const server = countingServer(realTime, kind, { ...QUOTA, phaseMs: 700 })
  await using proxy = await tcpProxy(postgres.port)
  const url = postgres.url.replace(/:\d+\//, `:${proxy.port}/`)
  const name = `${title}, ${kind}`
  const stream = await openMember(url, QUOTA, { name, clock: streamClock })
  const importers = await Promise.all([1, 2].map(() => openMember(url, QUOTA, { name })))
  const stop = new AbortController()
  const announcing = (async () => {
    while (!stop.signal.aborted) {
      stream.allowance.announceConsumer(15_000)
      await clock.sleep(1000, stop.signal).catch(() => {})
    }
  })()
  const counts = { stream: 0, background: 0 }
  const counting = (lane: keyof typeof counts): CountingServer => ({
    ...server,
    call() {
      counts[lane] += 1
      return server.call()
    },
  })
  const following = work(stream, counting('stream'), stop.signal, { lane: 'stream', width: 1, restMs: 200 })
  const importing = importers.map((member) => work(member, counting('background'), stop.signal))
  await Promise.race([meanwhile({ server, proxy, stream, calls: () => ({ ...counts }) }), following, ...importing])
  stop.abort(new Error('enough'))
  const { longestMs } = await following
  await Promise.all([announcing, ...importing])
  await Promise.all([stream, ...importers].map(({ store }) => store.close()))
  return { refused: server.refused(), longestMs, lines: stream.lines }
}

describe('a store that is away for ten seconds', () => {
  it('holds the background back, lets the stream live on its reserve, and costs no 429', async () => {
    const outcomes = await Promise.all(
      KINDS.map((kind, index) =>
        scene(kind, 'away', async ({ proxy, stream, calls }) => {
          await clock.sleep(2 * QUOTA.windowMs)
          proxy.mode(index === 1 ? 'cut' : 'silent')
          // Calls that have their permits are still sent.
          await clock.sleep(500)
          const before = calls()
          await clock.sleep(9500)
          const after = calls()
          expect(after.background - before.background).toBeLessThanOrEqual(8)
          expect(after.stream - before.stream).toBeGreaterThanOrEqual(10)
          proxy.mode('open')
          const background = () => calls().background - after.background
          await expect.poll(background, { timeout: 40_000 }).toBeGreaterThanOrEqual(QUOTA.limit / 2)
          // Each machine finds the way back by itself.
          await expect.poll(() => stream.lines.length, { timeout: 40_000 }).toBe(2)
        }),
      ),
    )
    for (const { refused, longestMs, lines } of outcomes) {
      expect(refused).toBe(0)
      expect(longestMs).toBeLessThan(4000)
      expect(lines.map((line) => line.replace(/ \{.*/, ''))).toEqual([
        'the allowance is out of reach; the background waits',
        'the allowance is within reach again',
      ])
      expect(lines.join()).not.toContain('invented-password')
    }
  })
})

describe('a store that is slow', () => {
  it('costs time and no 429', async () => {
    const outcomes = await Promise.all(
      KINDS.map((kind) =>
        scene(kind, 'slow', async ({ proxy }) => {
          for (const ms of [10, 250, 60, 0]) {
            proxy.delay(ms)
            await clock.sleep(0.8 * QUOTA.windowMs)
          }
        }),
      ),
    )
    expect(outcomes.map(({ refused }) => refused)).toEqual([0, 0, 0])
  })
})

describe('a store that is away for longer than the lease', () => {
  it('leaves the stream one probe, and then what the server says', async () => {
    const outcomes = await Promise.all(
      KINDS.map((kind) => {
        let jumpMs = 0
        const streamClock: Clock = { ...clock, now: () => clock.now() + jumpMs, steady: () => clock.steady() + jumpMs }
        const meanwhile = async ({ proxy, calls }: Scene) => {
          await clock.sleep(2 * QUOTA.windowMs)
          proxy.mode('silent')
          await clock.sleep(3000)
          // More than a minute goes by.
          jumpMs = 65_000
          const before = calls()
          await clock.sleep(2 * QUOTA.windowMs)
          expect(calls().stream - before.stream).toBeGreaterThanOrEqual(10)
          proxy.mode('open')
          await clock.sleep(2 * QUOTA.windowMs)
        }
        return scene(kind, 'long', meanwhile, streamClock)
      }),
    )
    for (const { refused, lines } of outcomes) {
      expect(refused).toBeLessThanOrEqual(1)
      expect(lines.filter((line) => line.includes('is asked once'))).toHaveLength(1)
    }
  })
})
