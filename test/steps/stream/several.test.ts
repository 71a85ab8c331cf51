// Two streams in one process and one database: what ends one leaves the other be.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { timings } from '../../../src/clock.ts'
import { createStreamClient } from '../../../src/companies-house/stream/client.ts'
import type { EventHead } from '../../../src/companies-house/stream/event.ts'
import { openDb } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { readCursor } from '../../../src/db/stream/cursor.ts'
import { followStream } from '../../../src/steps/stream/follow.ts'
import type { StreamKind } from '../../../src/steps/stream/kind.ts'
import { followSeveral } from '../../../src/steps/stream/several.ts'
import { type Connection, send, status, streamServer } from '../../companies-house/stream/stream-server.ts'
import { clock, listening } from './stream-world.ts'

const opened: ReturnType<typeof openDb>[] = []
afterEach(() => {
  for (const db of opened.splice(0)) db.$client.close()
})

interface Tick extends EventHead {
  kind: 'tick'
}

const tick = (timepoint: number) =>
  `${JSON.stringify({ resource_kind: 'tick', event: { timepoint, type: 'changed', published_at: null } })}\n`

interface Scripted {
  connections: Connection[]
  maxEvents?: number
  /** Events at this timepoint cannot be applied. */
  fails?: number
}

async function followBoth(scripts: Record<string, Scripted>, stopAt?: Record<string, number>) {
  const db = openDb(':memory:')
  opened.push(db)
  const { log, heard } = listening()
  const stop = new AbortController()
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(5000)])
  const isThere = ([stream, place]: [string, number]) => readCursor(db, stream)?.timepoint === place
  const looking = setInterval(() => {
    if (stopAt && Object.entries(stopAt).every(isThere)) stop.abort(new Error('stop'))
  }, 20)
  const announced: number[] = []
  const hurried = { ...timings(0.002), streamHeadersMs: 5000, streamIdleMs: 5000 }
  const servers = await Promise.all(
    Object.entries(scripts).map(async ([stream, script]) => {
      return { stream, script, server: await streamServer(...script.connections), run: beginRun(db, clock, stream) }
    }),
  )
  const followers = servers.map(({ stream, script, server, run }) => {
    const kind: StreamKind<Tick> = {
      name: stream,
      reachDays: 1,
      read: ({ timepoint, publishedAt }) => ({ kind: 'tick', timepoint, publishedAt }),
      print: ({ timepoint }) => String(timepoint),
      apply(_tx, { timepoint }, _origin, changes) {
        if (timepoint === script.fails) throw new Error('it cannot be applied')
        changes.inserted += 1
      },
    }
    const client = createStreamClient({ stream, baseUrl: server.url, key: 'k', clock, log, timings: hurried })
    const step = { db, kind, stream: client, clock, log, timings: hurried, runId: run.id, signal }
    return {
      stream,
      follow: (announce: (ms: number) => void) => followStream({ ...step, announce }, { maxEvents: script.maxEvents }),
    }
  })
  const ended: string[] = []
  const onEnd = (stream: string) => ended.push(stream)
  const outcome = await followSeveral(followers, { log, announce: (ms) => announced.push(ms), onEnd }).then(
    (summaries) => ({ summaries, error: null }),
    (error: Error) => ({ summaries: [], error: error.message }),
  )
  clearInterval(looking)
  for (const { server, run } of servers) {
    await server[Symbol.asyncDispose]()
    run[Symbol.dispose]()
  }
  const places = Object.keys(scripts).map((stream) => readCursor(db, stream)?.timepoint ?? null)
  const errors = heard.filter(({ level }) => level === 'error').map(({ fields }) => fields.stream)
  return { ...outcome, ended, places, errors, announced }
}

describe('several streams', () => {
  it('are followed each to its own end, under their own names', async () => {
    const { summaries, places, ended, announced } = await followBoth({
      first: { connections: [send(tick(7) + tick(8))], maxEvents: 2 },
      second: { connections: [send(tick(1))], maxEvents: 1 },
    })
    expect(summaries).toMatchObject([
      { events: 2, timepoint: 8, ending: 'events-reached' },
      { events: 1, timepoint: 1, ending: 'events-reached' },
    ])
    expect(places).toEqual([8, 1])
    expect(ended.sort()).toEqual(['first', 'second'])
    // The lane is freed once, by the last to end.
    expect(announced.filter((ms) => ms === 0)).toHaveLength(1)
    expect(announced.at(-1)).toBe(0)
  })

  it.each<[string, Scripted, number | null]>([
    ['whose key is refused', { connections: [status(401)] }, null],
    ['whose event cannot be applied', { connections: [send(tick(3) + tick(4))], fails: 4 }, null],
  ])('lose no event of one by the failure of another %s', async (_what, failing, place) => {
    const late: Connection = async (response) => {
      response.write(tick(7))
      await sleep(400)
      response.write(tick(8))
    }
    const { error, places, ended, errors } = await followBoth({
      failing,
      other: { connections: [late], maxEvents: 2 },
    })
    expect(error).not.toBeNull()
    expect(places).toEqual([place, 8])
    expect(ended).toEqual(['other'])
    expect(errors).toEqual(['failing'])
  })

  it('end together when they are told to, with all that came applied', async () => {
    const { summaries, places, ended } = await followBoth(
      { first: { connections: [send(tick(7))] }, second: { connections: [send(tick(1) + tick(2))] } },
      { first: 7, second: 2 },
    )
    expect(summaries.map(({ ending }) => ending)).toEqual(['interrupted', 'interrupted'])
    expect(places).toEqual([7, 2])
    expect(ended.sort()).toEqual(['first', 'second'])
  })
})
