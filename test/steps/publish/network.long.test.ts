import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock, timings } from '../../../src/clock.ts'
import { openDb } from '../../../src/db/open.ts'
import { createLog } from '../../../src/log.ts'
import { parsePostgresUrl } from '../../../src/postgres-url.ts'
import { publish } from '../../../src/steps/publish/run.ts'
import { run } from '../../host.ts'
import { type PostgresServer, startPostgres } from '../../postgres.ts'
import { addCompany, fill } from '../export/export-world.ts'
import { type Fate, startProxy } from './postgres-proxy.ts'
import { type PublishWorldOfTest, publishWorldOf, type Rows } from './publish-world.ts'

let server: PostgresServer
let world: PublishWorldOfTest
let before: Rows

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  world = await publishWorldOf(server)
  fill(world.db, 20, 2)
  expect((await world.publish()).code).toBe(0)
  before = await world.there()
  world.db.$client.exec(`UPDATE companies SET company_name = 'NEW' WHERE company_number < '00000010';
    DELETE FROM officers WHERE appointment_id = 'a1' AND company_number < '00000005'`)
  addCompany(world.db, { company_number: '00000099' })
})
afterEach(() => world[Symbol.asyncDispose]())

const publishBy = (url: string) =>
  run(['publish', '--schema', world.schema], { env: { ...world.env, CHPIPE_POSTGRES_URL: url } })

async function expectOld(): Promise<void> {
  expect(await world.there()).toEqual(before)
}

async function expectNew(): Promise<void> {
  expect(await world.there()).toEqual(world.here())
}

/** The statement alone, not a part of another one. */
const COMMIT = 'COMMIT\0'

/** The fate of the nth piece that holds a text, and of all others to pass. */
function once(text: string, fate: Fate, nth = 1): (sent: string) => Fate {
  let seen = 0
  return (sent) => {
    if (sent.includes(text)) seen += 1
    return seen === nth && sent.includes(text) ? fate : 'pass'
  }
}

test('a slow network only takes longer', async () => {
  await using proxy = await startProxy(server, () => 'pass', 5)
  expect(await publishBy(proxy.url)).toMatchObject({ code: 0, stderr: '' })
  await expectNew()
})

test('cut at any piece, the target is old or new, and the next publication makes it new', async () => {
  let pieces = 0
  {
    await using counting = await startProxy(server, () => {
      pieces += 1
      return 'pass'
    })
    const { code } = await run(['publish', '--schema', world.schema, '--dry-run'], {
      env: { ...world.env, CHPIPE_POSTGRES_URL: counting.url },
    })
    expect(code).toBe(0)
  }
  expect(pieces).toBeGreaterThan(10)
  const codes: number[] = []
  for (let at = 3; codes.at(-1) !== 0 && at < 100; at += 4) {
    let seen = 0
    await using proxy = await startProxy(server, () => {
      seen += 1
      return seen === at ? 'cut' : 'pass'
    })
    codes.push((await publishBy(proxy.url)).code)
    const there = JSON.stringify(await world.there())
    expect([JSON.stringify(before), JSON.stringify(world.here())]).toContain(there)
    expect(codes.at(-1) === 0).toBe(there === JSON.stringify(world.here()))
  }
  expect(codes.length).toBeGreaterThan(8)
  expect(new Set(codes)).toEqual(new Set([4, 0]))
  await expectNew()
})

describe('a commit whose answer is lost', () => {
  test('is looked up, and was made', async () => {
    await using proxy = await startProxy(server, once(COMMIT, 'cut-answer'))
    const { code, stdout, stderr } = await publishBy(proxy.url)
    expect([code, stderr]).toEqual([0, expect.stringContaining('asking whether it is there')])
    expect(stdout).toContain('published ')
    await expectNew()
  })

  test('is looked up, and was not made', async () => {
    await using proxy = await startProxy(server, once(COMMIT, 'cut'))
    const { code, stderr } = await publishBy(proxy.url)
    expect([code, stderr]).toEqual([
      4,
      expect.stringContaining('before the publication was committed; nothing has changed'),
    ])
    await expectOld()
  })

  test('and cannot be looked up: nothing is assumed', async () => {
    const proxy = await startProxy(server, async (sent) => {
      if (!sent.includes(COMMIT)) return 'pass'
      proxy.refuse()
      return 'cut-answer'
    })
    const { code, stderr } = await publishBy(proxy.url)
    await proxy[Symbol.asyncDispose]()
    expect([code, stderr]).toEqual([
      4,
      expect.stringContaining('It is not known whether the publication was committed'),
    ])
    await expectNew()
    expect((await world.publish()).code).toBe(0)
  })

  test('of a first publication, is looked up too', async () => {
    for (const [fate, code] of [
      ['cut', 4],
      ['cut-answer', 0],
    ] as const) {
      await world.client.query(`DROP SCHEMA ${world.schema} CASCADE`)
      await using proxy = await startProxy(server, once(COMMIT, fate))
      expect((await publishBy(proxy.url)).code).toBe(code)
      if (code === 4) await world.publish()
      await expectNew()
    }
  })
})

describe('a network that swallows everything', () => {
  /** Short patience for one kind of wait, and the usual one for the others. */
  const publishPatiently = async (url: string, patience: object) => {
    const db = openDb(world.folder.file('companies.db'), { readonly: true })
    try {
      return await publish(
        db,
        {
          target: { address: parsePostgresUrl(url, 'CHPIPE_POSTGRES_URL'), variable: 'CHPIPE_POSTGRES_URL' },
          clock: systemClock(),
          timings: { ...timings(1), ...patience },
          signal: new AbortController().signal,
          log: createLog({ format: 'text', quiet: true, now: Date.now, write: () => {} }),
        },
        { schema: world.schema, all: false, include: null, full: false, dryRun: false },
      )
    } finally {
      db.$client.close()
    }
  }

  test.each([
    ['set_config', { publishAnswerMs: 1500 }],
    ['COPY pg_temp', { publishStallMs: 1500 }],
    ['DELETE FROM', { publishStatementMs: 1500, publishAnswerMs: 5000 }],
  ])('from %s on: 4 in time, and nothing has changed', async (text, patience) => {
    await using proxy = await startProxy(server, once(text, 'swallow'))
    const began = Date.now()
    await expect(publishPatiently(proxy.url, patience)).rejects.toMatchObject({
      kind: 'upstream',
      message: expect.stringMatching(/stopped answering|cannot be reached/),
    })
    expect(Date.now() - began).toBeLessThan(15_000)
    await expectOld()
    await proxy[Symbol.asyncDispose]()
    expect((await world.publish()).code).toBe(0)
    await expectNew()
  })
})

/** Holds a row that the delta will delete, so that it stands still there; returns how to let go. */
async function standStill(): Promise<() => Promise<void>> {
  const holder = new pg.Client(server.url)
  holder.on('error', () => {})
  await holder.connect()
  await holder.query(`BEGIN; SELECT FROM ${world.schema}.officers WHERE appointment_id = 'a1' FOR UPDATE`)
  return () => holder.end()
}

const waiting = async () =>
  (
    await world.client.query(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'chpipe publish' AND wait_event_type = 'Lock'",
    )
  ).rowCount

async function untilStill(): Promise<void> {
  await expect.poll(waiting).toBe(1)
}

test.each(['fast', 'immediate'] as const)('a server that is stopped (%s) in mid-delta: 4, then new', async (how) => {
  const letGo = await standStill()
  const child = world.start([], server.url)
  await untilStill()
  await server.stop(how)
  const { code, stderr } = await child.ended
  expect([code, stderr]).toEqual([4, expect.stringMatching(/cannot be reached|stopped answering/)])
  await server.start()
  await letGo().catch(() => {})
  await world[Symbol.asyncDispose]()
  const again = new pg.Client(server.url)
  await again.connect()
  const { rows } = await again.query(
    `SELECT count(*)::int AS n FROM ${world.schema}.companies WHERE company_name = 'NEW'`,
  )
  expect(rows).toEqual([{ n: 0 }])
  await again.end()
  world = await publishWorldOf(server)
})

test('a session that is ended while it waits: 4, in the words of the server', async () => {
  const holder = new pg.Client(server.url)
  await holder.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [0x43485049, `chpipe publish ${world.schema}`])
  const ended = run(['publish', '--schema', world.schema], { env: { ...world.env, CHPIPE_TIME_SCALE: '1' } })
  const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'chpipe publish' AND state = 'idle in transaction'`
  await expect.poll(async () => (await world.client.query(end)).rowCount).toBe(1)
  const { code, stderr } = await ended
  expect([code, stderr]).toEqual([4, expect.stringContaining('terminating connection due to administrator command')])
  await holder.end()
  await expectOld()
})

test('a killed publisher lets go within seconds, also where its server process waits for a lock', async () => {
  const letGo = await standStill()
  const child = world.start([], server.url)
  await untilStill()
  child.process.kill('SIGKILL')
  await child.ended
  const began = Date.now()
  await expect.poll(waiting, { timeout: 9_000, interval: 100 }).toBe(0)
  expect(Date.now() - began).toBeLessThan(9_000)
  await expectOld()
  await letGo()
  expect((await world.publish()).code).toBe(0)
  await expectNew()
})

test('stopped by SIGINT: 130, nothing has changed; with --every: 0', async () => {
  const letGo = await standStill()
  const child = world.start([], server.url)
  await untilStill()
  child.process.kill('SIGINT')
  expect((await child.ended).code).toBe(130)
  await expectOld()
  await letGo()
  const service = world.start(['--every', '1s'], server.url)
  await expect.poll(async () => JSON.stringify(await world.there())).toBe(JSON.stringify(world.here()))
  addCompany(world.db, { company_number: '00000100' })
  await expect.poll(async () => JSON.stringify(await world.there())).toBe(JSON.stringify(world.here()))
  await server.stop()
  await delay(2500)
  await server.start()
  addCompany(world.db, { company_number: '00000101' })
  const fresh = new pg.Client(server.url)
  await fresh.connect()
  await expect
    .poll(
      async () =>
        (await fresh.query(`SELECT FROM ${world.schema}.companies WHERE company_number = '00000101'`)).rowCount,
    )
    .toBe(1)
  await fresh.end()
  service.process.kill('SIGTERM')
  const { code, stderr } = await service.ended
  expect(code).toBe(0)
  expect(stderr).toMatch(/cannot be reached .*next_try_in_s=1/)
  expect(stderr).toContain('stopped; what was published stays as it is')
})
