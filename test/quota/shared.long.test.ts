import { Client, Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/clock.ts'
import { type PostgresServer, startPostgres } from '../postgres.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import { type CountingServer, countingServer, type WindowKind } from './server.ts'
import { type Member, openMember, work } from './shared-work.ts'

const QUOTA = { limit: 60, windowMs: 3000 }
const KINDS: WindowKind[] = ['fixed', 'sliding', 'anchored']
const clock = systemClock()
// The server only asks it for the time.
const realTime = clock as VirtualClock

let postgres: PostgresServer
let admin: Pool
beforeAll(async () => {
  postgres = await startPostgres()
  admin = new Pool({ connectionString: postgres.url })
})
afterAll(async () => {
  await admin.end()
  await postgres[Symbol.asyncDispose]()
})

interface Scene {
  name: string
  server: CountingServer
  members: Member[]
}

/** Three processes at work on an allowance of its own against each kind of server, while `meanwhile` goes on. */
async function withThree(title: string, meanwhile: (scene: Scene) => Promise<void>): Promise<Scene[]> {
  return Promise.all(
    KINDS.map(async (kind) => {
      const name = `${title}, ${kind}`
      const server = countingServer(realTime, kind, { ...QUOTA, phaseMs: 700 })
      const members = await Promise.all([1, 2, 3].map(() => openMember(postgres.url, QUOTA, { name })))
      const stop = new AbortController()
      const done = Promise.all(members.map((member) => work(member, server, stop.signal)))
      const scene = { name, server, members }
      await Promise.race([meanwhile(scene), done])
      stop.abort(new Error('enough'))
      await done
      await Promise.all(members.map(({ store }) => store.close()))
      return scene
    }),
  )
}

/** Three allowances take a little more than two windows; a busy machine loses some of each. */
async function untilUsed({ server }: Scene): Promise<void> {
  const calls = () => server.accepted()
  await expect.poll(calls, { timeout: 20 * QUOTA.windowMs, interval: 50 }).toBeGreaterThanOrEqual(3 * QUOTA.limit)
}

const refusals = (scenes: Scene[]) => scenes.map(({ name, server }) => `${name}: ${server.refused()} refused`)
const none = (title: string) => KINDS.map((kind) => `${title}, ${kind}: 0 refused`)

describe('three processes with their log in PostgreSQL', () => {
  it('never meet a 429 and use all of it', async () => {
    const scenes = await withThree('plain', untilUsed)
    expect(refusals(scenes)).toEqual(none('plain'))
    const { rows } = await admin.query('SELECT quota_limit, peak, rate_limited FROM chpipe_allowance.state')
    expect(rows).toEqual(KINDS.map(() => ({ quota_limit: 60, peak: '60', rate_limited: '0' })))
    const left = await admin.query('SELECT count(*)::int AS listed FROM chpipe_allowance.members WHERE seen_at > 0')
    expect(left.rows).toEqual([{ listed: 0 }])
  })

  it("outlive jumps of the server's clock, forth and back", async () => {
    const scenes = await withThree('jumps', async (scene) => {
      for (const hours of [1, -2, 3, -1]) {
        await clock.sleep(0.6 * QUOTA.windowMs)
        // What is shown is the wall clock and the shift: this moves it as a clock that is set.
        const sql = 'UPDATE chpipe_allowance.state SET shift = shift + $1 WHERE allowance = $2'
        await admin.query(sql, [hours * 3_600_000, scene.name])
      }
      await untilUsed(scene)
    })
    expect(refusals(scenes)).toEqual(none('jumps'))
  })

  it('ask once when the store has lost its data, and then go by what the server says', async () => {
    const scenes = await withThree('lost', async (scene) => {
      const { name } = scene
      await clock.sleep(0.8 * QUOTA.windowMs)
      await admin.query('DELETE FROM chpipe_allowance.permits WHERE allowance = $1', [name])
      const sql = 'UPDATE chpipe_allowance.state SET turns = 1, reported_at = 1 WHERE allowance = $1'
      await admin.query(sql, [name])
      await untilUsed(scene)
    })
    for (const { server } of scenes) expect(server.refused()).toBeLessThanOrEqual(1)
  })
})

describe('the server itself', () => {
  it('may end connections, and crash with the last turns', async () => {
    await using own = await startPostgres()
    const server = countingServer(realTime, 'sliding', QUOTA)
    const members = await Promise.all([1, 2, 3].map(() => openMember(own.url, QUOTA)))
    const stop = new AbortController()
    const done = Promise.all(members.map((member) => work(member, server, stop.signal)))
    const crashing = async () => {
      await clock.sleep(0.4 * QUOTA.windowMs)
      const client = new Client({ connectionString: own.url })
      client.on('error', () => {})
      await client.connect()
      // All members wait for the end of the window meanwhile.
      await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'chpipe%'")
      await client.end()
      await clock.sleep(0.4 * QUOTA.windowMs)
      expect(members.flatMap(({ lines }) => lines)).toEqual([])
      await own.stop('immediate')
      await own.start()
      await expect.poll(() => server.accepted(), { timeout: 60_000 }).toBeGreaterThanOrEqual(2 * QUOTA.limit)
    }
    await Promise.race([crashing(), done])
    stop.abort(new Error('enough'))
    await done
    await Promise.all(members.map(({ store }) => store.close()))
    expect(server.refused()).toBeLessThanOrEqual(1)
  })
})

describe('a stream', () => {
  it('has a few calls in reserve before it needs any, and gives them back at its end', async () => {
    const quota = { limit: 600, windowMs: 3000 }
    const member = await openMember(postgres.url, quota, { name: 'idle' })
    const reserved = async () => {
      const sql = "SELECT count(*)::int AS reserved FROM chpipe_allowance.permits WHERE allowance = 'idle' AND reserved"
      return (await admin.query(sql)).rows[0].reserved
    }
    const permit = await member.allowance.acquire('background', new AbortController().signal)
    permit.settle({ limited: false, limit: 600, remain: 599, resetEarliestMs: 1000, resetLatestMs: 2000 })
    member.allowance.announceConsumer(15_000)
    await expect.poll(reserved).toBe(5)
    await member.store.close()
    expect(await reserved()).toBe(0)
  })
})

describe('a copy of a database', () => {
  it('is refused while another machine works on it, and on the same machine it is no copy', async () => {
    const elsewhere: Clock = { ...clock, boot: 'another', now: () => clock.now() - 86_400_000 }
    const open = (dataset: string | null, from: Clock) =>
      openMember(postgres.url, QUOTA, { name: 'copy', dataset, clock: from })
    const first = await open('one', clock)
    const others = await Promise.all([open('one', clock), open('two', elsewhere), open(null, elsewhere)])
    await expect(open('one', elsewhere)).rejects.toMatchObject({
      kind: 'data',
      message: expect.stringMatching(/^Another machine works on a copy of this database now: .+ \(process \d+\)$/),
    })
    await Promise.all([first, ...others].map(({ store }) => store.close()))
    const moved = await open('one', elsewhere)
    await moved.store.close()
  })
})
