// A stream that chpipe does not know, followed through the interface alone.
import { afterEach, describe, expect, it } from 'vitest'
import { timings } from '../../../src/clock.ts'
import { createStreamClient } from '../../../src/companies-house/stream/client.ts'
import type { EventHead } from '../../../src/companies-house/stream/event.ts'
import { openDb } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { stream_gaps, stream_rejects } from '../../../src/db/schema.ts'
import { readCursor } from '../../../src/db/stream/cursor.ts'
import { followStream } from '../../../src/steps/stream/follow.ts'
import type { StreamKind } from '../../../src/steps/stream/kind.ts'
import { readStreamReport } from '../../../src/steps/stream/report.ts'
import { type Connection, send, status, streamServer } from '../../companies-house/stream/stream-server.ts'
import { clock, listening } from './stream-world.ts'

interface Weather extends EventHead {
  kind: 'weather'
  place: string
  celsius: number
}

const opened: ReturnType<typeof openDb>[] = []
afterEach(() => {
  for (const db of opened.splice(0)) db.$client.close()
})

function world() {
  const db = openDb(':memory:')
  opened.push(db)
  db.$client.exec('CREATE TABLE weather (place TEXT PRIMARY KEY, celsius INTEGER)')
  const heard: string[] = []
  const kind: StreamKind<Weather> = {
    name: 'weather',
    reachDays: 2,
    read({ resourceKind, resourceId, timepoint, publishedAt, data }) {
      const { celsius } = Object(data) as { celsius?: unknown }
      if (resourceKind !== 'weather' || resourceId === null) return { fault: 'no weather' }
      if (typeof celsius !== 'number') return { fault: 'no temperature' }
      return { kind: 'weather', timepoint, publishedAt, place: resourceId, celsius }
    },
    print: ({ place, celsius, publishedAt }) => `${place}|${celsius}|${publishedAt}`,
    apply(_tx, { place, celsius }, _origin, changes) {
      if (celsius > 60) throw new Error('the thermometer melted')
      db.$client.prepare('INSERT OR REPLACE INTO weather VALUES (?, ?)').run(place, celsius)
      changes.inserted += 1
    },
    applied: (events) => heard.push(...events.map(({ place }) => place)),
  }
  return {
    db,
    kind,
    heard,
    rows: () => db.$client.prepare('SELECT place, celsius FROM weather ORDER BY 1').raw().all(),
  }
}

const event = (timepoint: number, place: string, celsius: unknown) =>
  `${JSON.stringify({
    resource_kind: 'weather',
    resource_id: place,
    data: { celsius },
    event: { timepoint, type: 'changed', published_at: `2026-01-05T10:00:${String(timepoint % 60).padStart(2, '0')}` },
  })}\n`

async function follow({ db, kind }: ReturnType<typeof world>, connections: Connection[], maxEvents: number) {
  await using server = await streamServer(...connections)
  const { log, heard } = listening()
  using run = beginRun(db, clock, 'stream')
  const hurried = { ...timings(0.002), streamHeadersMs: 5000, streamIdleMs: 5000 }
  const stream = createStreamClient({ stream: kind.name, baseUrl: server.url, key: 'k', clock, log, timings: hurried })
  const signal = AbortSignal.timeout(5000)
  const step = { db, kind, stream, clock, log, timings: hurried, runId: run.id, signal, announce() {} }
  const summary = await followStream(step, { maxEvents })
  return { summary, asked: server.asked, warned: heard.filter(({ level }) => level === 'warn') }
}

describe('a second stream', () => {
  it('is read, applied and resumed under its own name', async () => {
    const all = world()
    const first = await follow(all, [send(event(7, 'LEEDS', 4) + event(8, 'YORK', 5))], 2)
    expect(first.summary).toMatchObject({ events: 2, inserted: 2, timepoint: 8, rejects: 0, gaps: 0 })
    const again = await follow(all, [send(event(8, 'YORK', 5) + event(9, 'LEEDS', 3))], 1)
    expect(again.asked).toEqual([9])
    expect(again.summary).toMatchObject({ events: 1, repeated: 1, timepoint: 9 })
    expect(all.rows()).toEqual([
      ['LEEDS', 3],
      ['YORK', 5],
    ])
    expect(all.heard).toEqual(['LEEDS', 'YORK', 'LEEDS'])
    expect(readCursor(all.db, 'weather')).toMatchObject({ timepoint: 9, events: 3 })
    expect(readCursor(all.db, 'companies')).toBeUndefined()
    expect(readStreamReport(all.db, clock, 'weather')).toMatchObject({ stream: 'weather', timepoint: 9, rejects: 0 })
  })

  it('keeps what it cannot read, with its own reason, and notes what was skipped', async () => {
    const all = world()
    const lines = event(7, 'LEEDS', 4) + event(8, 'YORK', 'mild') + event(10, 'YORK', 6)
    const { summary } = await follow(all, [send(lines), send(event(10, 'YORK', 6))], 2)
    expect(summary).toMatchObject({ events: 2, rejects: 1, gaps: 1, timepoint: 10 })
    expect(all.db.select().from(stream_rejects).all()).toMatchObject([
      { stream: 'weather', timepoint: 8, reason: 'no temperature' },
    ])
    expect(all.db.select().from(stream_gaps).all()).toMatchObject([
      { stream: 'weather', kind: 'jump', from_timepoint: 9, to_timepoint: 9 },
    ])
  })

  it('writes nothing of a batch that fails, and its cursor does not move', async () => {
    const all = world()
    await expect(follow(all, [send(event(7, 'LEEDS', 4) + event(8, 'HELL', 666))], 2)).rejects.toThrow('melted')
    expect(all.rows()).toEqual([])
    expect(all.heard).toEqual([])
    expect(readCursor(all.db, 'weather')?.timepoint ?? null).toBeNull()
  })

  it('notes a lost span by the days that it reaches back, and has it searched where it can', async () => {
    const all = world()
    await follow(all, [send(event(7, 'LEEDS', 4))], 1)
    const searched: string[] = []
    all.kind.repair = async () => {
      const [gap] = all.db.select().from(stream_gaps).all()
      searched.push(`${gap?.stream} ${gap?.from_timepoint}`)
      all.db.update(stream_gaps).set({ repaired_at: 1 }).run()
    }
    const { warned } = await follow(all, [status(416), send(event(90, 'YORK', 5))], 1)
    expect(searched).toEqual(['weather 8'])
    expect(warned[0]?.fields).toMatchObject({ stream: 'weather', timepoint: 8 })
    expect(readCursor(all.db, 'weather')).toMatchObject({ timepoint: 90 })
  })
})
