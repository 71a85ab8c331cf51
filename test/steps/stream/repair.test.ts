import { describe, expect, it } from 'vitest'
import { londonTime } from '../../../src/clock.ts'
import { type Db, write } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { companies, jobs, stream_cursors, stream_gaps } from '../../../src/db/schema.ts'
import { readCursor } from '../../../src/db/stream/cursor.ts'
import { expireCursor, readUnrepaired } from '../../../src/db/stream/gaps.ts'
import { repairExpiredGaps } from '../../../src/steps/stream/gaps.ts'
import { connected, silentLog } from '../../companies-house/connected.ts'
import {
  type Connection,
  changed,
  send,
  sendAndBreak,
  status,
  streamServer,
} from '../../companies-house/stream/stream-server.ts'
import { type Answer, json, plain, scriptedServer } from '../../scripted-server.ts'
import { clock, follow, knowing, listening, nameOf, rules } from './stream-world.ts'

const KNOWN = '00000001'
const today = londonTime(Date.now()).day
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)

/** A register whose days have these companies. */
function register(days: Record<string, string[]>): (path: string) => Answer {
  return (path) => {
    const query = new URL(path, 'http://x').searchParams
    const numbers = days[query.get('incorporated_from') ?? ''] ?? []
    if (numbers.length === 0 || query.get('start_index') !== '0') return plain(404)
    const items = numbers.map((number) => ({
      company_number: number,
      company_name: `FOUND ${number}`,
      company_status: 'active',
      company_type: number.startsWith('OC') ? 'llp' : 'ltd',
      date_of_creation: query.get('incorporated_from'),
    }))
    return json({ hits: items.length, items })
  }
}

/** A database whose stream stands at timepoint 50, published so many days ago. */
function standing(days: number): Db {
  const db = knowing(KNOWN)
  db.insert(stream_cursors)
    .values({ stream: 'companies', timepoint: 50, published_at: `${daysAgo(days)}T10:00:00` })
    .run()
  return db
}

const queued = (db: Db) =>
  db
    .select()
    .from(jobs)
    .all()
    .map(({ company_number, stage, cause }) => [company_number, stage, cause])

function repairing(db: Db, baseUrl: string, more: Partial<Parameters<typeof repairExpiredGaps>[0]> = {}) {
  const run = beginRun(db, clock, 'stream')
  const companiesHouse = connected(baseUrl, { db })
  return (signal: AbortSignal) =>
    repairExpiredGaps({
      ...{ db, companiesHouse, clock, log: silentLog, runId: run.id, signal },
      rules,
      all: false,
      types: ['ltd'],
      onMatch: (tx, { company, stage, cause }) => {
        const job = { company_number: company.company_number, stage, cause, state: 'due', owner: 'stream' } as const
        return (
          tx
            .insert(jobs)
            .values({ ...job, due_at: 0, created_at: 0, updated_at: 0, run_id: run.id })
            .run().changes > 0
        )
      },
      ...more,
    })
}

/** Answers 416 to whoever resumes; live connections do `live`. */
const expired =
  (live: Connection): Connection =>
  (response, request) =>
    request.url?.includes('timepoint') ? status(416)(response, request) : live(response, request)

describe('a cursor that is too old', () => {
  it('becomes a gap with its days, and the stream goes on live', async () => {
    const db = standing(3)
    await using server = await streamServer(expired(send(changed(500, KNOWN))))
    const { log, heard } = listening()
    expect(await follow(db, server.url, { maxEvents: 1, log })).toMatchObject({ timepoint: 500, gaps: 0 })
    expect(server.asked).toEqual([51, null])
    expect(db.select().from(stream_gaps).all()).toMatchObject([
      {
        kind: 'expired',
        from_timepoint: 51,
        to_timepoint: 499,
        from_day: daysAgo(3),
        to_day: today,
        repaired_at: null,
      },
    ])
    expect(heard.filter(({ level }) => level === 'warn')).toMatchObject([
      { fields: { timepoint: 51, from_day: daysAgo(3) } },
    ])
  })

  it('that a start was named for goes back to the stored one, which may still do', async () => {
    const db = standing(3)
    await using server = await streamServer(status(416), send(changed(51, KNOWN)))
    await follow(db, server.url, { from: 2, maxEvents: 1 })
    expect(server.asked).toEqual([2, 51])
    expect(db.select().from(stream_gaps).all()).toEqual([])
  })

  it('without any event before it reaches back as far as a company is new', async () => {
    const db = knowing(KNOWN)
    await using server = await streamServer(expired(send(changed(500, KNOWN))))
    await follow(db, server.url, { from: 1, maxEvents: 1 })
    expect(db.select().from(stream_gaps).all()).toMatchObject([
      { from_timepoint: 1, from_day: daysAgo(14), to_day: today },
    ])
  })

  it('has its missing companies searched, added and queued beside the stream', async () => {
    const db = standing(2)
    await using rest = await scriptedServer(
      register({ [daysAgo(2)]: [KNOWN, '00000021'], [today]: ['00000022', 'short'] }),
    )
    await using server = await streamServer(expired(send('\n')))
    await follow(db, server.url, { forMs: 1200, repair: repairing(db, rest.url) })
    expect(queued(db)).toEqual([
      ['00000021', 'details', 'new'],
      ['00000022', 'details', 'new'],
    ])
    expect(nameOf(db, KNOWN)).toBe(`OLD ${KNOWN}`)
    expect(
      db
        .select()
        .from(companies)
        .all()
        .find((row) => row.company_number === '00000022'),
    ).toMatchObject({
      company_name: 'FOUND 00000022',
      source: 'search',
      officers_state: 'pending',
    })
    expect(readUnrepaired(db, 'companies')).toEqual([])
  })

  it('is searched before a run that wants few events ends', async () => {
    const db = standing(0)
    await using rest = await scriptedServer(register({ [today]: ['00000022'] }))
    await using server = await streamServer(expired(send(changed(500, KNOWN))))
    await follow(db, server.url, { maxEvents: 1, repair: repairing(db, rest.url) })
    expect(queued(db)).toEqual([['00000022', 'details', 'new']])
  })

  it('is not asked for again after a crash, and what was lost since is searched too', async () => {
    const db = standing(1)
    const run = beginRun(db, clock, 'stream')
    const lost = { from: 51, fromDay: daysAgo(3), toDay: daysAgo(2) }
    write(db, (tx) => expireCursor(tx, { stream: 'companies', now: 1, runId: run.id }, lost))
    db.update(stream_gaps).set({ repaired_at: 5 }).run()
    await using rest = await scriptedServer(register({ [daysAgo(1)]: ['00000023'] }))
    await using server = await streamServer(expired(send(changed(500, KNOWN))))
    await follow(db, server.url, { maxEvents: 1, repair: repairing(db, rest.url) })
    expect(server.asked).toEqual([null])
    expect(queued(db)).toEqual([['00000023', 'details', 'new']])
    expect(db.select().from(stream_gaps).all()).toMatchObject([
      { from_day: daysAgo(3), to_day: today, to_timepoint: 499 },
    ])
    expect(readUnrepaired(db, 'companies')).toEqual([])
  })

  it('stays unrepaired while the search fails, and is searched again', async () => {
    const db = standing(0)
    let tries = 0
    await using server = await streamServer(expired(send('\n')))
    const repair = async () => {
      tries += 1
      if (tries < 3) throw new Error('the register is away')
      db.update(stream_gaps).set({ repaired_at: 5 }).run()
    }
    const { log, heard } = listening()
    await follow(db, server.url, { forMs: 600, repair, log, timings: { gapRepairRetryMs: 20 } })
    expect(tries).toBe(3)
    expect(heard.filter(({ fields }) => fields.error === 'the register is away')).toHaveLength(2)
  })

  it('has what it lost while live connections broke searched as well', async () => {
    const db = standing(0)
    await using server = await streamServer(status(416), sendAndBreak('\n'), send(changed(500, KNOWN)))
    let searched = 0
    const repair = async () => {
      searched += 1
      db.update(stream_gaps).set({ repaired_at: 5 }).run()
    }
    await follow(db, server.url, { maxEvents: 1, repair })
    expect(searched).toBe(2)
    expect(readCursor(db, 'companies')?.timepoint).toBe(500)
  })
})

describe('a repair', () => {
  it('keeps to the filters, but keeps everything when all is wanted', async () => {
    const days = register({ [today]: ['00000031', 'OC000032'] })
    await using rest = await scriptedServer(days)
    for (const all of [false, true]) {
      const db = standing(0)
      write(db, (tx) =>
        expireCursor(tx, { stream: 'companies', now: 1, runId: 1 }, { from: 1, fromDay: today, toDay: today }),
      )
      const summary = await repairing(db, rest.url, { all, rules: { ...rules, types: ['llp'] } })(
        new AbortController().signal,
      )
      expect(summary).toMatchObject({ gaps: 1, days: 1, inserted: all ? 2 : 1, queued: 1 })
      expect(queued(db)).toEqual([['OC000032', 'details', 'new']])
    }
  })

  it('leaves a span that grew meanwhile for the next time', async () => {
    const db = standing(0)
    write(db, (tx) =>
      expireCursor(tx, { stream: 'companies', now: 1, runId: 1 }, { from: 1, fromDay: today, toDay: today }),
    )
    await using rest = await scriptedServer((path) => {
      db.update(stream_gaps).set({ noted_at: 2 }).run()
      return register({})(path)
    })
    expect(await repairing(db, rest.url)(new AbortController().signal)).toMatchObject({ gaps: 0, days: 1 })
    expect(readUnrepaired(db, 'companies')).toHaveLength(1)
  })
})
