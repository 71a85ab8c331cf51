import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { type PostgresServer, startPostgres } from '../postgres.ts'
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

describe('the hard rule, with the log in PostgreSQL', () => {
  it.each<WindowKind>(['fixed', 'sliding', 'anchored'])('never meets a 429 and uses all of it: %s', async (kind) => {
    const server = countingServer(realTime, kind, { ...QUOTA, phaseMs: 700 })
    const members = await Promise.all([1, 2, 3].map(() => openMember(postgres.url, QUOTA)))
    const stop = new AbortController()
    const done = Promise.all(members.map((member) => work(member, server, stop.signal)))
    const windows = 3
    await clock.sleep(windows * QUOTA.windowMs - 100)
    stop.abort(new Error('enough'))
    console.log(
      kind,
      await done,
      server.accepted(),
      server.refused(),
      members.map(({ lines }) => lines),
    )
    await Promise.all(members.map(({ store }) => store.close()))
    expect(server.refused()).toBe(0)
    expect(server.accepted()).toBeGreaterThanOrEqual(windows * QUOTA.limit - 3)
  })
})
