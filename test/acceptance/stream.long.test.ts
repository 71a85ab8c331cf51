// The built program against the stream sandbox: what is stored must equal what was published, whatever happens on the way.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { companies, jobs, stream_cursors, stream_rejects } from '../../src/db/schema.ts'
import { parseFaults } from '../../src/sandbox/companies-house/faults.ts'
import { startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { parseSnovFaults } from '../../src/sandbox/snov/faults.ts'
import { startSnovSandbox } from '../../src/sandbox/snov/server.ts'
import { parseStreamFaults } from '../../src/sandbox/stream/faults.ts'
import { type StreamSandbox, type StreamSandboxOptions, startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { createWorld, type World } from '../../src/sandbox/world/world.ts'
import { type Child, startChild } from '../child.ts'
import { type TempFolder, tempFolder } from '../host.ts'
import { rounds } from './soak.ts'

interface Stage extends AsyncDisposable {
  sandbox: StreamSandbox
  world: World
  folder: TempFolder
  start(args?: string[], env?: Record<string, string>): Child
}

async function stage(options: Partial<StreamSandboxOptions> = {}): Promise<Stage> {
  const world = createWorld({ seed: 11, companies: 80 })
  const folder = tempFolder()
  const sandbox = await startStreamSandbox({ world, heartbeatMs: 100, race: { linkMs: 50, metricsMs: 50 }, ...options })
  const standard = {
    COMPANIES_HOUSE_STREAM_URL: sandbox.url,
    COMPANIES_HOUSE_STREAM_KEY: sandbox.streamKey,
    CHPIPE_TIME_SCALE: '0.01',
  }
  return {
    sandbox,
    world,
    folder,
    start: (args = [], env = {}) =>
      startChild(['stream', '--json', ...args], { cwd: folder.path, env: { ...standard, ...env } }),
    async [Symbol.asyncDispose]() {
      await sandbox.close()
      folder[Symbol.dispose]()
    },
  }
}

/** What the database holds; nothing before there is one. */
function stored({ folder }: Stage) {
  const db = openDb(folder.file('companies.db'))
  try {
    return {
      companies: db.select().from(companies).all(),
      jobs: db.select().from(jobs).all(),
      rejects: db.select().from(stream_rejects).all(),
      timepoint: db.select().from(stream_cursors).get()?.timepoint ?? null,
      integrity: db.$client.pragma('integrity_check', { simple: true }),
    }
  } finally {
    db.$client.close()
  }
}

const COLUMNS = [
  'company_number',
  'company_name',
  'company_status',
  'type',
  'date_of_creation',
  'sic_codes',
  'postal_code',
  'locality',
] as const

function lines(rows: object[]): string[] {
  return rows.map((row) => COLUMNS.map((column) => (row as Record<string, unknown>)[column] ?? '').join('|')).sort()
}

/** The companies that events told of, as they were told last. */
function truthOf({ sandbox, world }: Stage, numbers: Set<string>): string[] {
  expect(sandbox.requests.connections).toBeGreaterThan(0)
  return lines(
    [...numbers].map((number) => {
      const company = world.company(number)
      const address = company?.registered_office_address
      return { ...company, postal_code: address?.postal_code, locality: address?.locality }
    }),
  )
}

/** Waits until the stream is followed. */
async function connected({ sandbox }: Stage): Promise<void> {
  const until = Date.now() + 10_000
  while (sandbox.requests.open === 0 && Date.now() < until) await sleep(10)
}

/** Waits until the stream has been asked for, whatever it answered. */
async function asked({ sandbox }: Stage): Promise<void> {
  const until = Date.now() + 10_000
  while (sandbox.requests.connections === 0 && Date.now() < until) await sleep(10)
  await sleep(100)
}

/** Waits until everything published is stored, and stops the stream. */
async function catchUp(on: Stage, child: Child, patienceMs = 20_000): Promise<Awaited<Child['ended']>> {
  const until = Date.now() + patienceMs
  const last = () => on.sandbox.logs.companies.next - 1
  while ((stored(on).timepoint ?? 0) < last() && Date.now() < until) await sleep(50)
  child.process.kill('SIGTERM')
  return child.ended
}

describe('stream', () => {
  it('holds the truth and every reject after kill -9, cuts, duplicates, garbage and closed connections', async () => {
    await using on = await stage({ faults: parseStreamFaults('cut,duplicate:0.1,run-on:0.1,no-slash:0.1') })
    const first = on.sandbox.logs.companies.next
    const [touched, deleted, bad] = [new Set<string>(), new Set<string>(), [] as number[]]
    const publishSome = (round: number) => {
      for (let index = 0; index < 25; index += 1) {
        const number = on.world.companyNumber((round * 25 + index * 7) % 80)
        on.sandbox.changeCompany(number, {
          company_name: `CAFÉ Ω ${round}-${index} LTD`,
          company_status: 'liquidation',
        })
        touched.add(number)
      }
      touched.add(on.sandbox.publishNewCompany().company_number)
      const gone = on.world.companyNumber(round)
      touched.add(gone)
      on.sandbox.changeCompany(gone)
      on.sandbox.deleteCompany(gone, round % 2 === 0)
      deleted.add(gone)
      const odd = { resource_kind: 'company-profile', resource_uri: '/company/x', resource_id: `ODD${round}` }
      bad.push(on.sandbox.publish({ ...odd, data: { company_name: 7 } }))
    }
    touched.add(on.sandbox.publishNewCompany().company_number)
    expect((await on.start(['--from', String(first), '--max-events', '1']).ended).code).toBe(0)
    const kills = rounds(4, 16)
    for (let round = 0; round < kills; round += 1) {
      const child = on.start(['--all'])
      const trouble = ['garbage:0.2', 'reset-mid-event:0.05', 'close:0.1', 'garbage:0.1,close:0.05'][round % 4]
      on.sandbox.setFaults(parseStreamFaults(`cut,duplicate:0.1,run-on:0.1,no-slash:0.1,${trouble}`))
      publishSome(round)
      await connected(on)
      await sleep(150 + round * 41)
      publishSome(round)
      if (round % 3 === 1) on.sandbox.endConnections()
      await sleep(40 * (round % 4))
      child.process.kill('SIGKILL')
      await child.ended
      expect(stored(on).integrity).toBe('ok')
    }
    on.sandbox.setFaults(parseStreamFaults('cut,garbage:0.3'))
    publishSome(kills)
    const { code, stdout } = await catchUp(on, on.start(['--all']))
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ ended: 'interrupted', timepoint: on.sandbox.logs.companies.next - 1 })
    const found = stored(on)
    expect(lines(found.companies)).toEqual(truthOf(on, touched))
    expect(new Set(found.companies.filter(isDeleted).map((row) => row.company_number))).toEqual(
      new Set([...deleted].filter((number) => deletedLast(on, number))),
    )
    const rejected = found.rejects.flatMap(({ timepoint }) => timepoint ?? [])
    expect(rejected.sort()).toEqual(bad.sort())
    const garbage = found.rejects.length - rejected.length
    expect(garbage).toBeGreaterThan(0)
    expect(garbage).toBeLessThanOrEqual(on.sandbox.requests.faults.garbage ?? 0)
  })

  it('queues each new company once, however often it is killed', async () => {
    await using on = await stage()
    const first = on.sandbox.logs.companies.next
    const born = new Set([on.sandbox.publishNewCompany().company_number])
    expect((await on.start(['--from', String(first), '--max-events', '1']).ended).code).toBe(0)
    for (let round = 0; round < rounds(3, 12); round += 1) {
      const child = on.start()
      await connected(on)
      for (let index = 0; index < 6; index += 1) {
        born.add(on.sandbox.publishNewCompany().company_number)
        await sleep(20)
      }
      child.process.kill('SIGKILL')
      await child.ended
    }
    expect((await catchUp(on, on.start())).code).toBe(0)
    const { jobs: queued, companies: rows } = stored(on)
    expect(new Set(queued.map((job) => job.company_number))).toEqual(born)
    expect(queued.map(({ stage: next, state, owner, cause }) => ({ next, state, owner, cause }))).toEqual(
      Array(born.size).fill({ next: 'domain', state: 'due', owner: 'stream', cause: 'new' }),
    )
    expect(lines(rows)).toEqual(truthOf(on, born))
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('stores what came and ends with 0 within 5 s of %s', async (signal) => {
    await using on = await stage({ bornPerMinute: 3000 })
    const child = on.start([], { CHPIPE_TIME_SCALE: '1' })
    await connected(on)
    await sleep(300)
    const began = performance.now()
    child.process.kill(signal)
    const { code, stdout, stderr } = await child.ended
    expect(performance.now() - began).toBeLessThan(5000)
    const { companies: rows, timepoint } = stored(on)
    const summary = JSON.parse(stdout)
    expect({ code, ended: summary.ended }).toEqual({ code: 0, ended: 'interrupted' })
    expect(summary).toMatchObject({ inserted: rows.length, timepoint })
    expect(rows.length).toBeGreaterThan(0)
    expect(stderr).toContain(`company=${rows[0]?.company_number}`)
    expect(stderr + stdout).not.toContain(on.sandbox.streamKey)
  })

  it('ends with 0 within 5 s of SIGTERM while Snov and Companies House never answer the enrichment', async () => {
    await using on = await stage()
    const rest = await startSandbox({ world: on.world, faults: parseFaults('hang') })
    const snov = await startSnovSandbox({ world: on.world, faults: parseSnovFaults('hang') })
    const first = on.sandbox.logs.companies.next
    for (let index = 0; index < 12; index += 1) on.sandbox.publishNewCompany()
    const child = on.start(['--enrich', '--from', String(first)], {
      COMPANIES_HOUSE_API_URL: rest.url,
      COMPANIES_HOUSE_API_KEY: rest.apiKey,
      SNOV_API_URL: snov.url,
      SNOV_CLIENT_ID: snov.clientId,
      SNOV_CLIENT_SECRET: snov.clientSecret,
      CHPIPE_TIME_SCALE: '1',
    })
    const until = Date.now() + 12_000
    while (snov.requests.total === 0 && Date.now() < until) await sleep(50)
    const began = performance.now()
    child.process.kill('SIGTERM')
    const { code } = await child.ended
    const took = performance.now() - began
    await Promise.all([rest.close(), snov.close()])
    expect({ code, calls: snov.requests.total }).toEqual({ code: 0, calls: 1 })
    expect(took).toBeLessThan(5000)
    expect(stored(on).companies).toHaveLength(12)
  })

  it('ends at once while it waits to connect again', async () => {
    await using on = await stage({ faults: parseStreamFaults('429') })
    const child = on.start([], { CHPIPE_TIME_SCALE: '1' })
    await asked(on)
    const began = performance.now()
    child.process.kill('SIGTERM')
    expect((await child.ended).code).toBe(0)
    expect(performance.now() - began).toBeLessThan(4000)
  })

  it('refuses a second one with 5 and names the first; a killed one does not stand in the way', async () => {
    await using on = await stage()
    const one = on.start()
    await connected(on)
    const { code, stderr } = await on.start().ended
    expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringContaining(`process ${one.process.pid} on `) })
    one.process.kill('SIGKILL')
    await one.ended
    expect((await on.start(['--for', '300ms']).ended).code).toBe(0)
  })

  it('ends with 3 when the key is refused, and never shows it', async () => {
    await using on = await stage()
    const { code, stdout, stderr } = await on.start([], { COMPANIES_HOUSE_STREAM_KEY: 'wrong-key-91c' }).ended
    expect({ code, stdout, shown: stderr.includes('wrong-key-91c') }).toEqual({ code: 3, stdout: '', shown: false })
    expect(stderr).toContain('refused the stream key')
  })
})

function isDeleted({ deleted_at }: typeof companies.$inferSelect): boolean {
  return deleted_at !== null
}

/** Whether the last event about the company tells of its end. */
function deletedLast({ sandbox }: Stage, number: string): boolean {
  const events = [...sandbox.logs.companies.events()].filter((event) => event.resource_id === number)
  return events.at(-1)?.event.type === 'deleted'
}
