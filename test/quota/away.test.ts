import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { type PostgresServer, startPostgres } from '../postgres.ts'
import { type ProxyMode, tcpProxy } from '../tcp-proxy.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import { countingServer, type WindowKind } from './server.ts'
import { openMember, work } from './shared-work.ts'

const QUOTA = { limit: 60, windowMs: 3000 }
const clock = systemClock()
const realTime = clock as VirtualClock

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres[Symbol.asyncDispose]())

describe('a store that is away for ten seconds', () => {
  const cases: [WindowKind, ProxyMode][] = [
    ['fixed', 'silent'],
    ['sliding', 'cut'],
    ['anchored', 'silent'],
  ]

  it.each(cases)('holds the background back and lets the stream live on its reserve: %s, %s', async (kind, mode) => {
    const server = countingServer(realTime, kind, { ...QUOTA, phaseMs: 700 })
    await using proxy = await tcpProxy(postgres.port)
    const url = postgres.url.replace(/:\d+\//, `:${proxy.port}/`)
    const [stream, ...rest] = await Promise.all([1, 2, 3].map(() => openMember(url, QUOTA)))
    if (!stream) return
    const stop = new AbortController()
    const announcing = (async () => {
      while (!stop.signal.aborted) {
        stream.allowance.announceConsumer(15_000)
        await clock.sleep(1000, stop.signal).catch(() => {})
      }
    })()
    const following = work(stream, server, stop.signal, { lane: 'stream', width: 1, restMs: 200 })
    const importing = rest.map((member) => work(member, server, stop.signal))
    const log = (what: string) => console.log(kind, what, server.accepted(), server.refused())
    await clock.sleep(6000)
    log('before')
    proxy.mode(mode)
    await clock.sleep(5000)
    log('half')
    await clock.sleep(5000)
    log('away')
    proxy.mode('open')
    await clock.sleep(9000)
    log('after')
    stop.abort(new Error('enough'))
    console.log(await following, await Promise.all(importing), stream.lines, rest[0]?.lines)
    await announcing
    await Promise.all([stream, ...rest].map(({ store }) => store.close()))
    expect(server.refused()).toBe(0)
  })
})
