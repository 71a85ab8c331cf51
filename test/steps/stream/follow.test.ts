import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { type Db, openDb, write } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import {
  companies,
  jobs,
  runs,
  stream_cursors,
  stream_gaps,
  stream_minutes,
  stream_rejects,
} from '../../../src/db/schema.ts'
import { claimStream, readCursor } from '../../../src/db/stream/cursor.ts'
import { parseStreamFaults } from '../../../src/sandbox/stream/faults.ts'
import { startStreamSandbox } from '../../../src/sandbox/stream/server.ts'
import { createWorld } from '../../../src/sandbox/world/world.ts'
import { checkGaps } from '../../../src/steps/doctor/state.ts'
import { readStreamReport } from '../../../src/steps/stream/report.ts'
import { parseTrigger } from '../../../src/steps/stream/rules.ts'
import {
  changed,
  deleted,
  send,
  sendAndBreak,
  sendAndClose,
  serveLog,
  status,
  streamServer,
} from '../../companies-house/stream/stream-server.ts'
import { clock, follow, knowing, listening, nameOf, rules, traces } from './stream-world.ts'

const KNOWN = '00000001'
const NEWBORN = { data: { date_of_creation: '2026-01-02' } }

const company = (db: Db, number: string) =>
  db
    .select()
    .from(companies)
    .all()
    .find((row) => row.company_number === number)
const queued = (db: Db) =>
  db
    .select()
    .from(jobs)
    .all()
    .map(({ company_number, stage, cause }) => [company_number, stage, cause])

describe('an event of a known company', () => {
  it('replaces what the profile tells, absent members included, and keeps officers and first sight', async () => {
    const db = knowing(KNOWN)
    await using server = await streamServer(
      send(changed(5, KNOWN, { name: 'RENAMED LTD', data: { sic_codes: ['1', '2'] } })),
    )
    expect(await follow(db, server.url, { maxEvents: 1 })).toMatchObject({
      ending: 'events-reached',
      timepoint: 5,
      updated: 1,
    })
    expect(company(db, KNOWN)).toMatchObject({
      company_name: 'RENAMED LTD',
      jurisdiction: null,
      sic_codes: '1,2',
      officers_state: 'complete',
      officers_count: 3,
      officers_fetched_at: '2026-01-02',
      first_seen_at: '2026-01-01',
      source: 'stream',
    })
    expect(queued(db)).toEqual([])
  })

  it('that deletes it marks it, and a later change takes that back', async () => {
    const db = knowing(KNOWN, '00000002')
    const events = [deleted(1, KNOWN), deleted(2, '00000002'), changed(3, '00000002'), deleted(4, '99999999')]
    await using server = await streamServer(send(events.join('')))
    expect(await follow(db, server.url, { maxEvents: 4 })).toMatchObject({ deleted: 2, events: 4 })
    expect(company(db, KNOWN)?.deleted_at).toMatch(/^20\d\d-.*Z$/)
    expect(company(db, KNOWN)?.company_name).toBe(`OLD ${KNOWN}`)
    expect(company(db, '00000002')?.deleted_at).toBeNull()
    expect(company(db, '99999999')).toBeUndefined()
  })
})

describe('an event of an unknown company', () => {
  const events = [
    changed(1, '00000011', NEWBORN),
    changed(2, '00000012', { data: { date_of_creation: '2025-12-21' } }),
    changed(3, '00000013'),
    changed(4, '00000011', { name: 'AGAIN LTD', ...NEWBORN }),
  ].join('')

  it('adds and queues it once when it was formed within the days before the event', async () => {
    const db = knowing()
    await using server = await streamServer(send(events))
    expect(await follow(db, server.url, { maxEvents: 4 })).toMatchObject({
      inserted: 1,
      updated: 1,
      queued: 1,
      events: 4,
    })
    expect(db.select().from(companies).all()).toMatchObject([
      { company_number: '00000011', company_name: 'AGAIN LTD', officers_state: 'pending', source: 'stream' },
    ])
    expect(db.select().from(jobs).all()).toMatchObject([
      { company_number: '00000011', stage: 'domain', state: 'due', owner: 'stream', cause: 'new', attempts: 0 },
    ])
  })

  it('adds it whatever its age when all are wanted, and queues none but the new', async () => {
    const db = knowing()
    await using server = await streamServer(send(events))
    expect(await follow(db, server.url, { maxEvents: 4, all: true })).toMatchObject({ inserted: 3, queued: 1 })
    expect(queued(db)).toEqual([['00000011', 'domain', 'new']])
  })

  it('counts its age from the day of the event, which may be long ago', async () => {
    const db = knowing()
    const old = { publishedAt: '2022-08-04T00:02:01.812779+01:00', data: { date_of_creation: '2022-08-03' } }
    await using server = await streamServer(send(changed(1, '00000011', old)))
    await follow(db, server.url, { maxEvents: 1 })
    expect(queued(db)).toEqual([['00000011', 'domain', 'new']])
  })

  it('is passed over when the filters do not want it', async () => {
    const db = knowing()
    await using server = await streamServer(
      send(changed(1, '00000011', NEWBORN) + changed(2, 'OC000012', { data: { ...NEWBORN.data, type: 'llp' } })),
    )
    await follow(db, server.url, { maxEvents: 2, rules: { ...rules, types: ['llp'] } })
    expect(queued(db)).toEqual([['OC000012', 'domain', 'new']])
    expect(company(db, '00000011')).toBeUndefined()
  })
})

describe('a trigger', () => {
  it('queues a company when its value changes, not when it merely is so', async () => {
    const db = knowing(KNOWN, '00000002')
    const striking = { data: { company_status_detail: 'active-proposal-to-strike-off' } }
    await using server = await streamServer(
      send(
        [changed(1, KNOWN), changed(2, KNOWN, striking), changed(3, '00000002'), changed(4, '00000003', striking)].join(
          '',
        ),
      ),
    )
    const triggers = [parseTrigger('status-detail=active-proposal-to-strike-off'), parseTrigger('status=active')]
    await follow(db, server.url, { maxEvents: 4, rules: { ...rules, triggers } })
    const cause = 'status-detail=active-proposal-to-strike-off'
    expect(queued(db)).toEqual([
      [KNOWN, 'domain', cause],
      ['00000003', 'domain', cause],
    ])
  })
})

describe('the cursor', () => {
  it('is live without a stored one, and resumes one behind it after any end', async () => {
    const db = knowing(KNOWN)
    await using server = await streamServer(
      send(changed(7, KNOWN)),
      sendAndClose(changed(8, KNOWN)),
      send(changed(9, KNOWN)),
    )
    await follow(db, server.url, { maxEvents: 1 })
    await follow(db, server.url, { maxEvents: 2 })
    expect(server.asked).toEqual([null, 8, 9])
    expect(readCursor(db, 'companies')).toMatchObject({ timepoint: 9, published_at: '2026-01-05T10:00:00', events: 3 })
  })

  it('gives way to a start that is named, which is inclusive', async () => {
    const db = knowing(KNOWN)
    const log = new Map([1, 2, 3, 4].map((timepoint) => [timepoint, changed(timepoint, KNOWN)]))
    await using server = await streamServer(serveLog(log))
    await follow(db, server.url, { from: 1, maxEvents: 4 })
    expect(await follow(db, server.url, { from: 2, maxEvents: 2 })).toMatchObject({ events: 2, timepoint: 3 })
    expect(server.asked).toEqual([1, 2])
    expect(nameOf(db, KNOWN)).toBe(`COMPANY ${KNOWN} AT 3`)
  })

  it('passes over what was applied before', async () => {
    const db = knowing(KNOWN)
    await using server = await streamServer(
      send([5, 6, 5, 6, 7].map((timepoint) => changed(timepoint, KNOWN, { name: `AT ${timepoint}` })).join('')),
    )
    expect(await follow(db, server.url, { maxEvents: 3 })).toMatchObject({ events: 3, repeated: 2, timepoint: 7 })
    expect(nameOf(db, KNOWN)).toBe('AT 7')
  })

  it('orders by timepoint, whatever the time of publishing says', async () => {
    const db = knowing(KNOWN)
    await using server = await streamServer(
      send(
        changed(1, KNOWN, { publishedAt: '2026-01-09T00:00:00Z' }) +
          changed(2, KNOWN, { publishedAt: '2026-01-01T00:00:00' }),
      ),
    )
    await follow(db, server.url, { maxEvents: 2 })
    expect(nameOf(db, KNOWN)).toBe(`COMPANY ${KNOWN} AT 2`)
  })

  it('asks once more for timepoints that were skipped, and notes only those that stay away', async () => {
    const db = knowing(KNOWN)
    const all = [6, 7, 8, 9, 12].map((at): [number, string] => [at, changed(at, KNOWN)])
    const lossy = send(changed(6, KNOWN) + changed(9, KNOWN))
    await using server = await streamServer(lossy, serveLog(new Map(all)))
    expect(await follow(db, server.url, { maxEvents: 5, timings: { streamHealthyMs: 60_000 } })).toMatchObject({
      events: 5,
      timepoint: 12,
      gaps: 1,
    })
    expect(server.asked).toEqual([null, 7])
    expect(db.select().from(stream_gaps).all()).toMatchObject([{ from_timepoint: 10, to_timepoint: 11 }])
  })

  it('notes the timepoints that were skipped', async () => {
    const db = knowing(KNOWN)
    await using server = await streamServer(send(changed(5, KNOWN) + changed(6, KNOWN)), send(changed(9, KNOWN)))
    await follow(db, server.url, { maxEvents: 2 })
    expect(await follow(db, server.url, { maxEvents: 1 })).toMatchObject({ gaps: 1 })
    expect(db.select().from(stream_gaps).all()).toMatchObject([{ kind: 'jump', from_timepoint: 7, to_timepoint: 8 }])
  })

  it('moves soon when the stream goes quiet', async () => {
    const db = knowing(KNOWN)
    await using server = await streamServer(send(changed(3, KNOWN)))
    const following = follow(db, server.url, { forMs: 1000 })
    await expect.poll(() => readCursor(db, 'companies')?.timepoint, { timeout: 900, interval: 10 }).toBe(3)
    expect(await following).toMatchObject({ ending: 'time-over', timepoint: 3 })
  })

  it('counts events by minute', async () => {
    const db = knowing(KNOWN)
    await using server = await streamServer(send([1, 2, 3].map((timepoint) => changed(timepoint, KNOWN)).join('')))
    await follow(db, server.url, { maxEvents: 3 })
    const counted = db.select().from(stream_minutes).all()
    expect(counted.reduce((sum, { events }) => sum + events, 0)).toBe(3)
    expect(Math.abs((counted[0]?.minute ?? 0) * 60_000 - Date.now())).toBeLessThan(130_000)
  })
})

describe('a timepoint out of place', () => {
  const OTHER = '00000777'
  const numbered = (timepoints: number[], number = KNOWN) => timepoints.map((at) => changed(at, number)).join('')
  const logged = (timepoints: number[], number = KNOWN) =>
    new Map(timepoints.map((at): [number, string] => [at, changed(at, number)]))
  const misplaced = (db: ReturnType<typeof knowing>) =>
    db
      .select()
      .from(stream_gaps)
      .all()
      .filter(({ kind }) => kind === 'misplaced')
      .map(({ from_timepoint: from, to_timepoint: to }) => [from, to])

  it('is where a run was to begin: what comes is applied, and told at once', async () => {
    const db = knowing(KNOWN)
    const { log, heard } = listening()
    await using server = await streamServer(send(numbered([7, 8, 9])))
    const summary = await follow(db, server.url, {
      from: 7_000_000,
      maxEvents: 3,
      log,
    })
    expect(summary).toMatchObject({ events: 3, repeated: 0, misplaced: 1, timepoint: 9 })
    expect(nameOf(db, KNOWN)).toBe(`COMPANY ${KNOWN} AT 9`)
    expect(heard.filter(({ level }) => level === 'warn')).toMatchObject([
      { fields: { after: 6_999_999, timepoint: 7 }, message: expect.stringContaining('does not follow') },
    ])
    expect(readStreamReport(db, clock, 'companies')).toMatchObject({
      misplaced: 1,
      misplaced_at: expect.any(String),
      jumps: 0,
    })
    expect(checkGaps(db, clock)).toMatchObject({ state: 'warn', message: expect.stringContaining('did not follow') })
  })

  it('is where a run was to begin: what was missed since the stored place is asked for', async () => {
    const db = knowing(KNOWN)
    const all = logged([1, 2, 3, 4, 5, 6])
    const live = send(changed(6, KNOWN))
    await using server = await streamServer(serveLog(all), live, serveLog(all))
    await follow(db, server.url, { from: 1, maxEvents: 3 })
    const summary = await follow(db, server.url, { from: 30, maxEvents: 3, timings: { streamHealthyMs: 60_000 } })
    expect(summary).toMatchObject({ events: 3, gaps: 0, timepoint: 6 })
    expect(server.asked).toEqual([1, 30, 4])
  })

  it('is where a run was to begin, which the stream refuses: it goes on at the stored one', async () => {
    const db = knowing(KNOWN)
    await using server = await streamServer(send(numbered([1, 2])), status(416), send(numbered([3])))
    await follow(db, server.url, { maxEvents: 2 })
    expect(await follow(db, server.url, { from: 30, maxEvents: 1 })).toMatchObject({ timepoint: 3, gaps: 0 })
    expect(server.asked).toEqual([null, 30, 3])
    expect(db.select().from(stream_gaps).all()).toEqual([])
  })

  it.each([
    ['below all that was', [1, 2, 3]],
    ['over what was', [8, 9, 10]],
    ['with its very numbers', [7, 8, 9]],
  ])('begins a stream anew, %s: its events are applied and the cursor follows', async (_what, anew) => {
    const db = knowing(KNOWN, OTHER)
    const [first = 0, , last = 0] = anew
    await using server = await streamServer(
      send(numbered([7, 8, 9])),
      sendAndClose(numbered(anew, OTHER)),
      send(numbered([last + 1], OTHER)),
    )
    await follow(db, server.url, { maxEvents: 3 })
    const summary = await follow(db, server.url, { maxEvents: 4 })
    expect(summary).toMatchObject({ events: 4, repeated: 0, gaps: 0, timepoint: last + 1 })
    expect(misplaced(db)).toEqual([[9, first]])
    expect(nameOf(db, OTHER)).toBe(`COMPANY ${OTHER} AT ${last + 1}`)
    expect(server.asked).toEqual([null, 10, last + 1])
  })

  it.each([
    ['far ahead', 1_000_000_104],
    ['some way ahead', 5000],
  ])('is one of many, %s: nothing behind it is lost, and the cursor is where the stream is', async (_what, outlier) => {
    const db = knowing(KNOWN)
    const lines = [changed(101, KNOWN), changed(outlier, KNOWN), changed(102, KNOWN), changed(103, KNOWN)]
    await using server = await streamServer(send(lines.join('')))
    const summary = await follow(db, server.url, { maxEvents: 4, timings: { streamHealthyMs: 0 } })
    expect(summary).toMatchObject({ events: 4, timepoint: 103, misplaced: 1 })
    expect(nameOf(db, KNOWN)).toBe(`COMPANY ${KNOWN} AT 103`)
    expect(readCursor(db, 'companies')?.timepoint).toBe(103)
  })

  it('far ahead does not move the cursor, so that a run broken off there misses nothing', async () => {
    const db = knowing(KNOWN)
    const all = [changed(101, KNOWN), changed(1_000_000_104, KNOWN), changed(102, KNOWN)]
    await using server = await streamServer(send(all.slice(0, 2).join('')), send(all.join('')), send(all.join('')))
    await follow(db, server.url, { maxEvents: 2 })
    expect(readCursor(db, 'companies')?.timepoint).toBe(101)
    expect(await follow(db, server.url, { maxEvents: 1 })).toMatchObject({ events: 1, repeated: 2, timepoint: 102 })
  })

  it('far ahead is the new place when the next one follows it', async () => {
    const db = knowing(KNOWN)
    const far = 5_000_000_000
    await using server = await streamServer(send(numbered([1, far, far + 1, far + 2])))
    const summary = await follow(db, server.url, { maxEvents: 4, timings: { streamHealthyMs: 0 } })
    expect(summary).toMatchObject({ events: 4, gaps: 0, misplaced: 1, timepoint: far + 2 })
  })

  it('late by a few is applied, and nothing is told', async () => {
    const db = knowing(KNOWN, OTHER)
    const lines = [changed(1, KNOWN), changed(3, KNOWN), changed(2, OTHER), changed(4, KNOWN)]
    await using server = await streamServer(send(changed(1, KNOWN) + changed(3, KNOWN)), send(lines.join('')))
    const summary = await follow(db, server.url, { maxEvents: 4, timings: { streamHealthyMs: 60_000 } })
    expect(summary).toMatchObject({ events: 4, misplaced: 0, timepoint: 4 })
    expect(nameOf(db, OTHER)).toBe(`COMPANY ${OTHER} AT 2`)
  })

  it('is none when a service sends all again with every connection', async () => {
    const db = knowing(KNOWN)
    const some = numbered([11, 12, 13])
    await using server = await streamServer(sendAndClose(some), sendAndBreak(some), send(some + changed(14, KNOWN)))
    await follow(db, server.url, { maxEvents: 3 })
    const summary = await follow(db, server.url, { maxEvents: 1 })
    expect(summary).toMatchObject({ events: 1, repeated: 6, misplaced: 0, timepoint: 14 })
    expect(nameOf(db, KNOWN)).toBe(`COMPANY ${KNOWN} AT 14`)
  })

  it('of the sandbox: a renumbered stream and an outlier cost nothing', async () => {
    const world = createWorld({ seed: 5, companies: 40, today: '2026-09-15' })
    await using sandbox = await startStreamSandbox({ world, heartbeatMs: 20, streamKey: 'a-stream-key' })
    const first = sandbox.burst(20)
    const db = openDb(':memory:')
    await follow(db, sandbox.url, { from: first, maxEvents: 20, all: true })
    sandbox.setFaults(parseStreamFaults('renumber:1x'))
    const following = follow(db, sandbox.url, { maxEvents: 80, all: true, patienceMs: 15_000 })
    await expect.poll(() => sandbox.requests.byTimepoint[first + 20]).toBe(1)
    const rename = (word: string) => {
      for (const number of world.numbers()) sandbox.changeCompany(number, { company_name: `${word} ${number}` })
    }
    rename('ONCE')
    await expect.poll(() => readCursor(db, 'companies')?.timepoint).toBe(40)
    sandbox.setFaults(parseStreamFaults(`outlier:@${[...world.numbers()].slice(9, 12).join('+')}`))
    rename('TWICE')
    expect(await following).toMatchObject({ events: 80, timepoint: 80 })
    const names = db.select().from(companies).all()
    expect(names.map((one) => one.company_name)).toEqual(names.map((one) => `TWICE ${one.company_number}`))
    expect(misplaced(db)[0]).toEqual([first + 19, 1])
  })

  it('is not taken for new when it is older than all that is remembered', async () => {
    const db = knowing(KNOWN)
    const old = changed(2, KNOWN, { name: 'LONG AGO', publishedAt: '2026-01-05T09:00:00' })
    await using server = await streamServer(send(numbered([11, 12]) + old + changed(13, KNOWN)))
    expect(await follow(db, server.url, { maxEvents: 3 })).toMatchObject({ repeated: 1, misplaced: 0, timepoint: 13 })
  })
})

describe('a line that is no event', () => {
  const junk = 'lorem ipsum\n'
  const odd = `${JSON.stringify({ ...JSON.parse(changed(2, KNOWN)), data: { company_name: 7 } })}\n`

  it('is kept raw, and the cursor moves past it where it tells its timepoint', async () => {
    const db = knowing(KNOWN)
    await using server = await streamServer(send(changed(1, KNOWN) + odd + junk + changed(3, KNOWN)))
    expect(await follow(db, server.url, { maxEvents: 2 })).toMatchObject({ events: 2, rejects: 2, gaps: 0 })
    expect(db.select().from(stream_rejects).all()).toMatchObject([
      { timepoint: 2, line: odd.trim(), reason: expect.stringContaining('company_name') },
      { timepoint: null, line: junk.trim(), reason: 'not JSON, after timepoint 2' },
    ])
  })

  it('is kept once though it comes again with every connection', async () => {
    const db = knowing(KNOWN)
    const tail = [sendAndBreak(junk + junk), sendAndBreak(junk + junk), send(junk + junk + changed(2, KNOWN) + junk)]
    await using server = await streamServer(send(changed(1, KNOWN)), ...tail)
    await follow(db, server.url, { maxEvents: 1 })
    await follow(db, server.url, { forMs: 800 })
    expect(server.asked).toEqual([null, 2, 2, 2])
    expect(
      db
        .select()
        .from(stream_rejects)
        .all()
        .map(({ reason }) => reason),
    ).toEqual(['not JSON, after timepoint 1', 'not JSON, after timepoint 1', 'not JSON, after timepoint 2'])
  })

  it('is kept also when it tells a timepoint long past, though only once', async () => {
    const db = knowing(KNOWN)
    await using server = await streamServer(send(changed(8, KNOWN) + odd + odd + changed(9, KNOWN)), send(odd))
    expect(await follow(db, server.url, { maxEvents: 2 })).toMatchObject({ timepoint: 9, rejects: 1, repeated: 1 })
    expect(await follow(db, server.url, { forMs: 300 })).toMatchObject({ timepoint: 9, rejects: 0, repeated: 1 })
    expect(db.select().from(stream_rejects).all()).toMatchObject([{ timepoint: 2, line: odd.trim() }])
  })

  it('of 9 MB is kept once though it comes twice', async () => {
    const db = knowing(KNOWN)
    const long = changed(2, KNOWN, { data: { padding: 'x'.repeat(9_000_000) } })
    await using server = await streamServer(send(changed(1, KNOWN) + long + long + changed(3, KNOWN)))
    expect(await follow(db, server.url, { maxEvents: 2 })).toMatchObject({ rejects: 1, repeated: 1, gaps: 0 })
  })

  it('cannot lead the cursor astray', async () => {
    const db = knowing(KNOWN)
    const wild = `${JSON.stringify({ event: { timepoint: 9_000_000_000 } })}\n`
    await using server = await streamServer(send(wild + changed(1, KNOWN) + wild + changed(2, KNOWN)))
    expect(await follow(db, server.url, { maxEvents: 2 })).toMatchObject({ timepoint: 2, rejects: 2, gaps: 0 })
  })

  it('of 9 MB is kept cut, one of 2 MB is an event', async () => {
    const db = knowing(KNOWN)
    const long = changed(2, KNOWN, { name: 'LONG', data: { padding: 'x'.repeat(2_000_000) } })
    await using server = await streamServer(
      send([changed(1, KNOWN), long, 'y'.repeat(9_000_000), '\n', changed(3, '00000009')].join('')),
    )
    expect(await follow(db, server.url, { maxEvents: 3 })).toMatchObject({ events: 3, rejects: 1 })
    expect(nameOf(db, KNOWN)).toBe('LONG')
    const [kept] = db.select().from(stream_rejects).all()
    expect(kept?.line).toBe('y'.repeat(65_536))
    expect(kept?.reason).toContain('9000000 bytes')
  })
})

describe('a crash', () => {
  const ends = [changed(1, '00000011', NEWBORN), 'garbage\n', changed(2, '00000012', NEWBORN), deleted(3, '00000011')]

  it('inside the transaction saves nothing of the batch and leaves the cursor where it was', async () => {
    const db = knowing()
    await using server = await streamServer(send(ends.join('')))
    const crash = () => {
      throw new Error('the machine died')
    }
    let seen = 0
    const onMatch = () => (++seen === 2 ? crash() : true)
    await expect(follow(db, server.url, { from: 1, maxEvents: 3, onMatch })).rejects.toThrow('the machine died')
    expect(seen).toBe(2)
    expect(traces(db)).toMatchObject({ companies: [], jobs: [], rejects: [], cursor: { timepoint: null, events: 0 } })
  })

  it('inside a batch that nobody waits for ends the run too', async () => {
    const db = knowing()
    await using server = await streamServer(send(changed(1, '00000011', NEWBORN)))
    const onMatch = () => {
      throw new Error('the machine died')
    }
    await expect(follow(db, server.url, { onMatch })).rejects.toThrow('the machine died')
  })

  it('anywhere, any number of times, ends with the same rows as an unbroken run', async () => {
    const lines = new Map<number, string>()
    for (let timepoint = 1; timepoint <= 300; timepoint += 1) {
      const number = String(10_000_000 + (timepoint % 41)).padStart(8, '0')
      const more = timepoint % 3 === 0 ? { data: { date_of_creation: '2020-01-01' } } : NEWBORN
      const event = timepoint % 11 === 0 ? deleted(timepoint, number) : changed(timepoint, number, more)
      const broken = timepoint % 29 === 0 ? 'rubbish\n' : ''
      if (timepoint % 50 !== 0) lines.set(timepoint, broken + event)
    }
    await using server = await streamServer(serveLog(lines))
    const unbroken = knowing()
    await follow(unbroken, server.url, { from: 1, maxEvents: lines.size })
    expect(readCursor(unbroken, 'companies')?.timepoint).toBe(299)

    const broken = knowing()
    const from = { from: 1 }
    let crashes = 0
    for (let stop = 1; readCursor(broken, 'companies')?.timepoint !== 299; stop += 1) {
      const left = lines.size - (readCursor(broken, 'companies')?.events ?? 0)
      let matches = 0
      const run = follow(broken, server.url, {
        ...(readCursor(broken, 'companies')?.timepoint ? {} : from),
        maxEvents: Math.min(left, 17),
        onMatch: (tx, { company: { company_number }, stage, cause }) => {
          matches += 1
          if (stop % 2 === 0 && matches === (stop % 3) + 1) {
            crashes += 1
            throw new Error('the machine died')
          }
          const job = {
            company_number,
            stage,
            cause,
            state: 'due',
            owner: 'stream',
            due_at: 0,
            created_at: 0,
            updated_at: 0,
            run_id: 0,
          } as const
          return tx.insert(jobs).values(job).onConflictDoNothing().run().changes > 0
        },
      })
      await run.catch((error) => expect(String(error)).toContain('the machine died'))
      if (stop > 200) throw new Error('it does not come to its end')
    }
    expect(crashes).toBeGreaterThan(2)
    expect(traces(broken)).toEqual(traces(unbroken))
  })
})

describe('a stopped run', () => {
  it('has applied what it had received, and gives the stream back', async () => {
    const db = knowing(KNOWN)
    const stop = new AbortController()
    await using server = await streamServer((response) => {
      response.write(changed(4, KNOWN))
      setTimeout(() => stop.abort(), 60)
    })
    const began = Date.now()
    expect(await follow(db, server.url, { signal: stop.signal })).toMatchObject({
      ending: 'interrupted',
      timepoint: 4,
      events: 1,
    })
    expect(Date.now() - began).toBeLessThan(3000)
    expect(readCursor(db, 'companies')).toMatchObject({ timepoint: 4, claimed_by: null, connected_at: null })
  })

  it('ends soon while it waits to connect again', async () => {
    const stop = new AbortController()
    await using server = await streamServer((response) => {
      status(503)(response, response.req)
      setTimeout(() => stop.abort(), 50)
    })
    const began = Date.now()
    await follow(knowing(), server.url, { signal: stop.signal, timings: { streamHttpRetryMs: 60_000 } })
    expect(Date.now() - began).toBeLessThan(3000)
  })

  it('has connected to nothing when no event was wanted', async () => {
    await using server = await streamServer(send(changed(4, KNOWN)))
    expect(await follow(knowing(), server.url, { maxEvents: 0 })).toMatchObject({ events: 0, ending: 'events-reached' })
    expect(server.asked).toEqual([])
  })

  it('by a refused key is a config error, and gives the stream back', async () => {
    const db = knowing()
    await using server = await streamServer(status(401))
    await expect(follow(db, server.url)).rejects.toMatchObject({ kind: 'config' })
    expect(readCursor(db, 'companies')?.claimed_by).toBeNull()
  })
})

describe('a second consumer', () => {
  it('is refused with the process that follows the stream already', async () => {
    const db = knowing()
    using other = beginRun(db, clock, 'stream')
    write(db, (tx) => claimStream(tx, 'companies', other.id, clock))
    await using server = await streamServer(send(''))
    await expect(follow(db, server.url)).rejects.toMatchObject({
      kind: 'data',
      message: expect.stringMatching(new RegExp(`process ${process.pid} on ${hostname()}`)),
    })
    expect(server.asked).toEqual([])
  })

  it('takes over at once from a process that died', async () => {
    const db = knowing(KNOWN)
    const dead = beginRun(db, clock, 'stream')
    db.update(runs)
      .set({ pid: 2 ** 22 + 1, pid_started: '1' })
      .run()
    write(db, (tx) => claimStream(tx, 'companies', dead.id, clock))
    await using server = await streamServer(send(changed(1, KNOWN)))
    expect(await follow(db, server.url, { maxEvents: 1 })).toMatchObject({ events: 1 })
  })

  it('that took over stops the first one before it writes anything', async () => {
    const db = knowing(KNOWN)
    await using server = await streamServer((response) => {
      response.write('\n')
      setTimeout(() => {
        db.update(stream_cursors).set({ claimed_by: 999 }).run()
        response.write(changed(1, KNOWN))
      }, 300)
    })
    await expect(follow(db, server.url)).rejects.toMatchObject({ kind: 'data' })
    expect(traces(db)).toMatchObject({ cursor: { timepoint: null } })
    expect(nameOf(db, KNOWN)).toBe(`OLD ${KNOWN}`)
  })
})

describe('beside the stream', () => {
  it('the allowance hears that a consumer is alive, and at the end that it is not', async () => {
    const announced: number[] = []
    await using server = await streamServer(send('\n'))
    await follow(knowing(), server.url, { forMs: 100, announce: (ms) => announced.push(ms) })
    expect(announced[0]).toBeGreaterThan(5000)
    expect(announced.at(-1)).toBe(0)
  })

  it('silence is warned about once a spell, though heartbeats go on', async () => {
    const { log, heard } = listening()
    const db = knowing(KNOWN)
    await using server = await streamServer(async (response) => {
      const beat = setInterval(() => response.write('\n'), 20)
      response.on('close', () => clearInterval(beat))
      setTimeout(() => response.write(changed(1, KNOWN)), 700)
    })
    await follow(db, server.url, { forMs: 1500, silenceMs: 200, log })
    expect(heard.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      expect.stringContaining('no event for too long'),
      expect.stringContaining('no event for too long'),
    ])
    expect(heard.map(({ message }) => message)).toContain('events are arriving again')
  })

  it('nothing is said of a stream that is well', async () => {
    const { log, heard } = listening()
    await using server = await streamServer((response) => {
      let timepoint = 0
      const events = setInterval(() => response.write(changed(++timepoint, KNOWN)), 30)
      response.on('close', () => clearInterval(events))
    })
    await follow(openDb(':memory:'), server.url, { forMs: 800, silenceMs: 500, log })
    expect(heard.map(({ message }) => message)).toEqual(['stream connected'])
  })
})
