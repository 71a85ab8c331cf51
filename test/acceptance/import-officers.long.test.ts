// The built program against the sandbox: what is stored must equal the sandbox's truth, whatever happens on the way.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { officer_fetches, officers } from '../../src/db/schema.ts'
import { readTallies } from '../../src/db/tallies.ts'
import { parseFaults } from '../../src/sandbox/companies-house/faults.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { createWorld, type World } from '../../src/sandbox/world/world.ts'
import { type Child, startChild } from '../child.ts'
import { type TempFolder, tempFolder } from '../host.ts'
import { loadCompanies } from './load-companies.ts'
import { rounds } from './soak.ts'

const COUNTS = [0, 1, 34, 35, 36, 49, 50, 51, 99, 100, 101, 260]

/** A small register in which every awkward list length occurs. */
function awkwardWorld(size: number): World {
  const world = createWorld({ seed: 7, companies: size, today: '2026-09-15' })
  for (const [index, officers] of COUNTS.entries()) world.override(world.companyNumber(index), { officers })
  return world
}

interface Stage extends AsyncDisposable {
  sandbox: Sandbox
  world: World
  folder: TempFolder
  start(args?: string[], env?: Record<string, string>): Child
}

async function stage(size: number, options: Partial<SandboxOptions> = {}): Promise<Stage> {
  const world = awkwardWorld(size)
  const folder = tempFolder()
  loadCompanies(folder, world)
  const quota = options.quota ?? { limit: 10_000, windowMs: 1000 }
  const sandbox = await startSandbox({ world, ...options, quota })
  const standard = {
    COMPANIES_HOUSE_API_URL: sandbox.url,
    COMPANIES_HOUSE_API_KEY: sandbox.apiKey,
    CHPIPE_CH_QUOTA: `${quota.limit}/${quota.windowMs}ms`,
    CHPIPE_TIME_SCALE: '0.05',
  }
  return {
    sandbox,
    world,
    folder,
    start: (args = [], env = {}) =>
      startChild(['import-officers', '--json', ...args], { cwd: folder.path, env: { ...standard, ...env } }),
    async [Symbol.asyncDispose]() {
      await sandbox.close()
      folder[Symbol.dispose]()
    },
  }
}

const COLUMNS = [
  'company_number',
  'appointment_id',
  'name',
  'officer_role',
  'appointed_on',
  'resigned_on',
  'postal_code',
] as const

/** Stored and true appointments, in one order. */
function compare({ world, folder }: Stage) {
  const db = openDb(folder.file('companies.db'), { readonly: true })
  const stored = db.select().from(officers).all()
  const tallies = readTallies(db)
  const claims = db.select().from(officer_fetches).all()
  const distinct = db.$client.prepare('SELECT COUNT(DISTINCT company_number) FROM officers').pluck().get()
  db.$client.close()
  const truth = [...world.numbers()].flatMap((company_number) =>
    world.officers(company_number).map(({ item, appointmentId }) => ({
      ...item,
      company_number,
      appointment_id: appointmentId,
      postal_code: item.address?.postal_code,
    })),
  )
  const line = (row: object) =>
    COLUMNS.map((column) => String((row as Record<string, unknown>)[column] ?? '')).join('|')
  return { stored: stored.map(line).sort(), truth: truth.map(line).sort(), tallies, claims, distinct }
}

function expectWhole(on: Stage): void {
  const { stored, truth, tallies, claims, distinct } = compare(on)
  expect(stored).toEqual(truth)
  expect(tallies).toMatchObject({ pending: 0, failed: 0, officers: truth.length })
  expect(distinct).toBe(tallies.complete)
  expect(claims).toEqual([])
}

describe('import-officers', () => {
  for (const pageCap of [50, 100, 500]) {
    it(`stores exactly the truth with pages of ${pageCap}`, async () => {
      await using on = await stage(60, { pageCap })
      const { code, stdout } = await on.start().ended
      expect(code).toBe(1)
      expectWhole(on)
      expect(JSON.parse(stdout)).toMatchObject({
        fetched: 60,
        failed: 0,
        rate_limited: 0,
        requests: on.sandbox.requests.total,
      })
    })
  }

  it('stops exactly at the target with two processes, without a 429 and without asking twice', async () => {
    await using on = await stage(120, { quota: { limit: 60, windowMs: 2000 }, latencyMs: 5 })
    const both = [on.start(['--target', '80']), on.start(['--target', '80'])]
    const ends = await Promise.all(both.map(({ ended }) => ended))
    expect(ends.map(({ code }) => code)).toEqual([0, 0])
    expect(compare(on).tallies.complete).toBe(80)
    expect(on.sandbox.requests.rateLimited).toBe(0)
  })

  it('ends with the same rows however often it is killed with -9', async () => {
    await using on = await stage(150, { latencyMs: 4 })
    for (let kill = 0; kill < rounds(4, 24); kill += 1) {
      const child = on.start(['--concurrency', '4'])
      await sleep(250 + kill * rounds(90, 37))
      child.process.kill('SIGKILL')
      await child.ended
      const { stored, truth, tallies, distinct } = compare(on)
      const known = new Set(truth)
      expect(stored.filter((row) => !known.has(row))).toEqual([])
      expect(distinct).toBe(tallies.complete)
    }
    expect((await on.start().ended).code).toBe(1)
    expectWhole(on)
  })

  it('ends with the same rows after errors, resets, cut answers, an outage and a stranger on the key', async () => {
    await using on = await stage(120, { quota: { limit: 400, windowMs: 1000 } })
    const faults = '500:0.06,502:0.03,reset:0.05,reset-mid-body:0.03,truncated:0.05,garbage:0.02,429:0.01'
    on.sandbox.setFaults(parseFaults(faults))
    const child = on.start([], { CHPIPE_TIME_SCALE: '0.01' })
    await sleep(900)
    on.sandbox.setFaults(parseFaults('outage:700ms'))
    await sleep(900)
    on.sandbox.setFaults(parseFaults(faults))
    on.sandbox.foreignCalls(300)
    const { code, stderr } = await child.ended
    expect([code, stderr]).toEqual([1, expect.stringContaining('No candidates are left')])
    expectWhole(on)
  })

  it('ends with 4 and everything still pending when the outage lasts', async () => {
    await using on = await stage(20, { faults: parseFaults('outage') })
    const { code, stderr } = await on.start(['--max-outage', '10s']).ended
    expect([code, stderr]).toEqual([4, expect.stringContaining('unavailable')])
    expect(compare(on).tallies).toMatchObject({ pending: 20, failed: 0 })
  })

  it('fails only the companies that keep failing, and ends with 1', async () => {
    await using on = await stage(30)
    const bad = [on.world.companyNumber(3), on.world.companyNumber(20)]
    on.sandbox.setFaults([{ name: '500', companies: bad }])
    const hurried = { CHPIPE_TIME_SCALE: '0.02' }
    const first = await on.start([], hurried).ended
    expect([first.code, JSON.parse(first.stdout)]).toEqual([1, expect.objectContaining({ fetched: 28, failed: 2 })])
    const again = await on.start([], hurried).ended
    expect([again.code, JSON.parse(again.stdout)]).toEqual([1, expect.objectContaining({ fetched: 0, failed: 2 })])
    on.sandbox.setFaults([])
    expect((await on.start().ended).code).toBe(1)
    expectWhole(on)
  })

  it('erases nothing while the service talks nonsense, and is whole when it heals', async () => {
    await using on = await stage(40)
    const env = { CHPIPE_TIME_SCALE: '0.005' }
    const away = async (faults: string, args: string[] = []) => {
      on.sandbox.setFaults(parseFaults(faults))
      const { code, stderr } = await on.start(['--max-outage', '1m', ...args], env).ended
      return { faults, args, code, told: stderr.includes('Companies House has been unavailable') }
    }
    for (const faults of ['not-a-list', '410', 'not-a-list:50%,302:50%,451:50%,html404'])
      expect(await away(faults)).toEqual({ faults, args: [], code: 4, told: true })
    expect(compare(on).tallies).toMatchObject({ complete: 0, none: 0 })
    on.sandbox.setFaults([])
    await on.start().ended
    expectWhole(on)
    for (const faults of ['not-a-list', '204', 'emptied', '404'])
      expect(await away(faults, ['--refresh', '0s'])).toEqual({
        faults,
        args: ['--refresh', '0s'],
        code: 4,
        told: true,
      })
    const { stored, truth, tallies } = compare(on)
    expect([stored, tallies.failed]).toEqual([truth, 0])
    on.sandbox.setFaults([])
    expect((await on.start(['--refresh', '0s']).ended).code).toBe(0)
    expectWhole(on)
  }, 120_000)

  it('ends with 3 at once when the key is refused', async () => {
    await using on = await stage(15)
    const { code, stderr, stdout } = await on.start([], { COMPANIES_HOUSE_API_KEY: 'wrong-key-5f2c' }).ended
    expect(code).toBe(3)
    expect(stderr + stdout).not.toContain('wrong-key-5f2c')
    expect(on.sandbox.requests.total).toBeLessThanOrEqual(2)
  })

  it('ends within two seconds of Ctrl-C with 130, and goes on later', async () => {
    await using on = await stage(60, { latencyMs: 20 })
    on.sandbox.setFaults(parseFaults('hang:0.3'))
    const child = on.start([], { CHPIPE_TIME_SCALE: '1' })
    await expect.poll(() => on.sandbox.requests.total).toBeGreaterThan(20)
    const began = performance.now()
    child.process.kill('SIGINT')
    const { code } = await child.ended
    expect(code).toBe(130)
    expect(performance.now() - began).toBeLessThan(2500)
    on.sandbox.setFaults([])
    await on.start().ended
    expectWhole(on)
  })

  it('leaves at once on a second Ctrl-C', async () => {
    await using on = await stage(20, { faults: parseFaults('hang') })
    const child = on.start([], { CHPIPE_TIME_SCALE: '1' })
    await expect.poll(() => on.sandbox.requests.total).toBeGreaterThan(0)
    child.process.kill('SIGINT')
    await sleep(100)
    child.process.kill('SIGINT')
    const { code, stdout } = await child.ended
    // One Ctrl-C waits for the answers at hand and then has a summary.
    expect([code, stdout]).toEqual([130, ''])
  })
})
