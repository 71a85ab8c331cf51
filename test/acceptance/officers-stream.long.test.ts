// The built program on the officers stream of the sandbox: every list that is called complete equals the register's, and
// no call is made but for what is in doubt.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type Db, openDb } from '../../src/db/open.ts'
import { companies, stream_cursors, stream_gaps, stream_rejects } from '../../src/db/schema.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { parseStreamFaults } from '../../src/sandbox/stream/faults.ts'
import { type StreamSandbox, startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { createWorld, type World } from '../../src/sandbox/world/world.ts'
import { type Child, startChild } from '../child.ts'
import { type TempFolder, tempFolder } from '../host.ts'
import { loadCompanies } from './load-companies.ts'

interface Stage {
  world: World
  rest: Sandbox
  stream: StreamSandbox
  folder: TempFolder
  start(args: string[]): Child
  read<T>(body: (db: Db) => T): T
}

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

const COMPANIES = 24
const SEED = 71

/** A register whose officers were all fetched, and the stream followed from here on. */
async function stage(): Promise<Stage> {
  const world = createWorld({ seed: SEED, companies: COMPANIES })
  const rest = await startSandbox({ world, quota: { limit: 600, windowMs: 1000 } })
  const stream = await startStreamSandbox({ world, heartbeatMs: 50, race: { linkMs: 0, metricsMs: 0 } })
  const folder = tempFolder()
  opened.push({
    async close() {
      await Promise.all([rest.close(), stream.close()])
      folder[Symbol.dispose]()
    },
  })
  loadCompanies(folder, world)
  const env = {
    COMPANIES_HOUSE_API_URL: rest.url,
    COMPANIES_HOUSE_API_KEY: rest.apiKey,
    CHPIPE_CH_QUOTA: '600/1s',
    COMPANIES_HOUSE_STREAM_URL: stream.url,
    COMPANIES_HOUSE_STREAM_KEY: stream.streamKey,
    CHPIPE_TARGET: '1000',
  }
  const all: Stage = {
    world,
    rest,
    stream,
    folder,
    start(args) {
      // Only the waits of the stream are hurried that much: a call that runs into a hurried time-out is repeated.
      const scale = args[0] === 'stream' ? '0.01' : '0.1'
      return startChild(args, { cwd: folder.path, env: { ...env, CHPIPE_TIME_SCALE: scale } })
    },
    read(body) {
      const db = openDb(folder.file('companies.db'))
      try {
        return body(db)
      } finally {
        db.$client.close()
      }
    },
  }
  // Fewer companies than the target: their lists are all fetched then.
  expect((await all.start(['import-officers', '--quiet']).ended).code).toBe(1)
  return all
}

/** Where a stream stands in the database. */
const place = ({ read }: Stage, stream = 'officers') =>
  read((db) =>
    db
      .select()
      .from(stream_cursors)
      .all()
      .find((each) => each.stream === stream),
  )

async function until(isSo: () => boolean, why: string): Promise<void> {
  for (const deadline = Date.now() + 20_000; !isSo(); await sleep(30)) {
    if (Date.now() > deadline) throw new Error(`not in time: ${why}`)
  }
}

/** Follows until all that was published is applied, then stops it. */
async function followAll(all: Stage, args: string[] = []) {
  const child = all.start(['stream', '--streams', 'companies,officers', '--json', ...args])
  const last = () => all.stream.logs.officers.next - 1
  await until(() => (place(all)?.timepoint ?? 0) >= last(), 'the stream is followed to its end')
  child.process.kill('SIGTERM')
  return child.ended
}

/** Begins to follow live, so that everything from now on is on the stream. */
async function goLive(all: Stage): Promise<void> {
  const child = all.start(['stream', '--streams', 'companies,officers', '--quiet'])
  await until(() => place(all)?.connected_at != null && all.stream.requests.open === 2, 'both streams are connected')
  const number = someNumber(all)
  all.stream.changeCompany(number)
  all.stream.changeOfficer(number, all.world.officers(number)[0]?.appointmentId ?? '')
  await until(() => place(all)?.timepoint != null && place(all, 'companies')?.timepoint != null, 'both have a place')
  child.process.kill('SIGTERM')
  expect((await child.ended).code).toBe(0)
}

/** Companies whose list is called complete and is not what the register lists; those that have another state. */
function judged({ world, read }: Stage) {
  return read((db) => {
    const wrong: string[] = []
    const states: Record<string, number> = {}
    for (const { company_number: number, officers_state: state, officers_count } of db.select().from(companies).all()) {
      states[state] = (states[state] ?? 0) + 1
      if (state !== 'complete') continue
      const rows = db.$client
        .prepare(
          `SELECT appointment_id, officer_id, person_number, name, officer_role, appointed_on, resigned_on, occupation,
            postal_code FROM officers WHERE company_number = ? ORDER BY appointment_id`,
        )
        .raw()
        .all(number)
      const truth = world
        .officers(number)
        .map(({ appointmentId, officerId, item }) => [
          appointmentId,
          officerId,
          item.person_number,
          item.name,
          item.officer_role,
          item.appointed_on ?? null,
          item.resigned_on ?? null,
          item.occupation ?? null,
          item.address?.postal_code ?? null,
        ])
        .sort(([left = ''], [right = '']) => (String(left) < String(right) ? -1 : 1))
      if (JSON.stringify(rows) !== JSON.stringify(truth) || officers_count !== truth.length) wrong.push(number)
    }
    return { wrong, states }
  })
}

/** How often each company was asked for, of those that have officers: one without is asked again by a timer of its own. */
function callsByCompany({ rest, world }: Stage): Record<string, number> {
  const listed = [...world.numbers()].filter((number) => world.officers(number).length > 0)
  return Object.fromEntries(listed.map((number) => [number, rest.requests.officerCalls[number] ?? 0]))
}

/** A company with officers. */
function someNumber({ world }: Stage): string {
  return [...world.numbers()].find((number) => world.officers(number).length > 1) ?? ''
}

/** Something of every kind happens to every company that has officers. */
function muchHappens({ world, stream }: Stage): void {
  const forms = ['data', 'link', 'none'] as const
  let nth = 0
  for (const number of [...world.numbers()]) {
    const [first, second] = world.officers(number)
    if (!first) continue
    const { appointmentId } = first
    stream.changeOfficer(number, appointmentId, { occupation: `Beekeeper & <friend> ${number} – é` })
    stream.appointOfficer(number)
    stream.mergeOfficer(number, appointmentId)
    if (second) stream.deleteOfficer(number, second.appointmentId, forms[nth % 3])
    stream.changeOfficer(number, appointmentId)
    stream.changeOfficer(number, appointmentId, { resigned_on: '2026-01-05' })
    nth += 1
  }
}

describe('chpipe stream --streams companies,officers', () => {
  it('keeps complete lists complete without a call, through cuts, repetitions and kills', async () => {
    const all = await stage()
    await goLive(all)
    const calls = all.rest.requests.total
    const faults = 'cut,duplicate:0.2,reset-mid-event:5%,close:5%,run-on:0.1,no-slash:0.3,garbage:0.1,odd-json:0.1'
    all.stream.setFaults(parseStreamFaults(faults))
    muchHappens(all)
    for (let kills = 0; kills < 4; kills += 1) {
      const before = place(all)?.events ?? 0
      const child = all.start(['stream', '--streams', 'companies,officers', '--quiet'])
      await until(() => (place(all)?.events ?? 0) > before || child.process.exitCode !== null, 'it applies something')
      child.process.kill('SIGKILL')
      await child.ended
      expect(judged(all).states.stale ?? 0).toBe(0)
    }
    const { code, stdout, stderr } = await followAll(all)
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(JSON.parse(stdout).streams.map(({ stream }: { stream: string }) => stream)).toEqual([
      'companies',
      'officers',
    ])
    const { wrong, states } = judged(all)
    expect(wrong).toEqual([])
    expect(states.stale ?? 0).toBe(0)
    expect(states.complete).toBeGreaterThan(15)
    expect(all.rest.requests.total).toBe(calls)
    expect(all.read((db) => db.select().from(stream_gaps).all())).toEqual([])
    expect(all.read((db) => db.$client.pragma('integrity_check', { simple: true }))).toBe('ok')
    expect(all.stream.requests.kicked).toBe(0)
    const audit = await all.start(['audit', '--officers', '100', '--json']).ended
    expect(JSON.parse(audit.stdout)).toMatchObject({ drifted: 0, failed: 0, lists_checked: states.complete })
  })

  it('does so when it is megabytes behind, through repetitions, garbage and kills', async () => {
    const all = await stage()
    await goLive(all)
    for (let round = 0; round < 60; round += 1) muchHappens(all)
    all.stream.setFaults(parseStreamFaults('duplicate:0.1,run-on:0.02,no-slash:0.1,garbage:0.01,odd-json:0.01'))
    const begun = place(all)?.events ?? 0
    for (let kills = 1; kills <= 3; kills += 1) {
      const child = all.start(['stream', '--streams', 'companies,officers', '--quiet'])
      const far = begun + kills * 1200
      await until(() => (place(all)?.events ?? 0) > far || child.process.exitCode !== null, 'it applies a part')
      child.process.kill('SIGKILL')
      await child.ended
      if (kills === 2) all.stream.endConnections()
    }
    expect(await followAll(all)).toMatchObject({ code: 0 })
    const { wrong, states } = judged(all)
    expect(wrong).toEqual([])
    expect(states.stale ?? 0).toBe(0)
    expect(states.complete).toBeGreaterThan(15)
    expect((place(all)?.events ?? 0) - begun).toBeGreaterThan(6000)
    expect(all.read((db) => db.select().from(stream_gaps).all())).toEqual([])
    expect(all.read((db) => db.$client.pragma('integrity_check', { simple: true }))).toBe('ok')
  }, 120_000)

  it.each([
    ['a gap', 'jump'],
    ['a cursor that is too old', 'forget'],
  ])(
    'calls no list complete after %s until it was fetched again, once',
    async (_what, fault) => {
      const all = await stage()
      await goLive(all)
      const complete = judged(all).states.complete ?? 0
      const number = someNumber(all)
      const [first] = all.world.officers(number)
      if (fault === 'jump') {
        all.stream.logs.officers.jump(3)
        all.stream.changeOfficer(number, first?.appointmentId ?? '', { occupation: 'Beekeeper' })
      } else {
        muchHappens(all)
        all.stream.logs.officers.forget(all.stream.logs.officers.next)
      }
      const child = all.start(['stream', '--streams', 'companies,officers', '--json'])
      await until(() => (judged(all).states.complete ?? 0) === 0, 'the lists are in doubt')
      child.process.kill('SIGTERM')
      expect((await child.ended).code).toBe(0)
      expect(judged(all).states.stale).toBe(complete)
      const progress = JSON.parse((await all.start(['progress', '--json']).ended).stdout)
      expect(progress).toMatchObject({ stale: complete, companies_with_officers: 0, companies: COMPANIES })
      const metrics = (await all.start(['progress', '--prometheus']).ended).stdout
      expect(metrics).toContain(`chpipe_companies{officers_state="stale"} ${complete}`)
      const calls = callsByCompany(all)
      const again = await all.start(['import-officers', '--json', '--quiet']).ended
      expect(JSON.parse(again.stdout)).toMatchObject({ fetched: complete, companies_with_officers: complete })
      expect(callsByCompany(all)).toEqual(
        Object.fromEntries(Object.entries(calls).map(([number, n]) => [number, n + 1])),
      )
      expect(judged(all)).toMatchObject({ wrong: [] })
    },
    60_000,
  )

  it('doubts only the list that a line names which cannot be read', async () => {
    const all = await stage()
    await goLive(all)
    const number = someNumber(all)
    const [first] = all.world.officers(number)
    all.stream.publish({
      stream: 'officers',
      resource_kind: 'company-officers',
      resource_uri: `/company/${number}/appointments/${first?.appointmentId}`,
      resource_id: first?.appointmentId ?? '',
      data: { name: 7 },
    })
    await followAll(all)
    expect(all.read((db) => db.select().from(stream_rejects).all())).toHaveLength(1)
    expect(
      all.read((db) => db.select().from(companies).all()).filter((each) => each.officers_state === 'stale'),
    ).toMatchObject([{ company_number: number }])
    const calls = callsByCompany(all)
    await all.start(['import-officers', '--quiet']).ended
    expect(callsByCompany(all)).toEqual({ ...calls, [number]: (calls[number] ?? 0) + 1 })
    expect(judged(all)).toMatchObject({ wrong: [] })
  })

  it('refuses three streams with a sentence', async () => {
    const folder = tempFolder()
    const { code, stderr } = await startChild(['stream', '--streams', 'companies,officers,psc'], { cwd: folder.path })
      .ended
    expect(code).toBe(2)
    expect(stderr).toContain('n account may hold 2 connections to the streams, so that 3 cannot be followed at once')
    expect(stderr).toContain('try: name one or two: --streams companies,officers')
    folder[Symbol.dispose]()
  })
})
