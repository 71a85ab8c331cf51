// Real processes, killed where it hurts; and readers beside a publication.
import { setImmediate as nextTurn } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Child } from '../../child.ts'
import { type PostgresServer, startPostgres } from '../../postgres.ts'
import { addCompany, fill } from '../export/export-world.ts'
import { startProxy } from './postgres-proxy.ts'
import { type PublishWorldOfTest, publishWorldOf, type Rows } from './publish-world.ts'

let server: PostgresServer
let world: PublishWorldOfTest

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  world = await publishWorldOf(server)
  fill(world.db, 600, 2)
})
afterEach(() => world[Symbol.asyncDispose]())

/** Kills `chpipe publish` when it sends its nth piece with this text, before or after the server has it. */
async function killedAt(text: string, when: 'before' | 'after', nth = 1): Promise<void> {
  let child: Child | undefined
  let seen = 0
  await using proxy = await startProxy(server, async (sent) => {
    if (sent.includes(text)) seen += 1
    if (seen !== nth || !sent.includes(text)) return 'pass'
    seen += 1
    if (when === 'after') {
      // The piece is on its way before the process is gone.
      nextTurn().then(() => child?.process.kill('SIGKILL'))
      return 'pass'
    }
    child?.process.kill('SIGKILL')
    await child?.ended
    return 'cut'
  })
  child = world.start([], proxy.url)
  const { signal } = await child.ended
  expect(signal).toBe('SIGKILL')
}

/** The lock is free when the server has done with the process that was killed. */
async function untilUndone(): Promise<void> {
  await expect
    .poll(
      async () =>
        (await world.client.query("SELECT FROM pg_stat_activity WHERE application_name = 'chpipe publish'")).rowCount,
    )
    .toBe(0)
}

const COMMIT = 'COMMIT\0'

describe('a first publication that is killed', () => {
  test.each([
    ['after the first table is made', '."officers" (\n', 'after', 1],
    ['in the COPY of officers', 'SMITH, John 1', 'after', 3],
    ['before the key is made', 'ADD PRIMARY KEY', 'before', 1],
    ['in an index', 'CREATE INDEX', 'after', 2],
    ['before the commit', COMMIT, 'before', 1],
  ] as const)('%s leaves nothing', async (_where, text, when, nth) => {
    await killedAt(text, when, nth)
    await untilUndone()
    expect((await world.client.query('SELECT FROM pg_namespace WHERE nspname = $1', [world.schema])).rowCount).toBe(0)
    expect((await world.publish()).code).toBe(0)
    expect(await world.there()).toEqual(world.here())
  })

  test('in the commit leaves nothing, or all of it', async () => {
    await killedAt(COMMIT, 'after')
    await untilUndone()
    const { rowCount } = await world.client.query('SELECT FROM pg_namespace WHERE nspname = $1', [world.schema])
    if (rowCount === 1) expect(await world.there()).toEqual(world.here())
    expect((await world.publish()).code).toBe(0)
    expect(await world.there()).toEqual(world.here())
  })
})

describe('a delta that is killed', () => {
  let before: Rows

  beforeEach(async () => {
    expect((await world.publish()).code).toBe(0)
    before = await world.there()
    world.db.$client.exec(`UPDATE companies SET company_name = 'NEW' WHERE company_number < '00000400';
      DELETE FROM officers WHERE appointment_id = 'a1' AND company_number BETWEEN '00000100' AND '00000300'`)
    addCompany(world.db, { company_number: '00009999' })
  })

  test.each([
    ['in the COPY of officers', 'SMITH, John 0', 'after', 1],
    ['in the DELETE', 'DELETE FROM', 'after', 2],
    ['in the upsert', 'IS NOT DISTINCT FROM', 'after', 1],
    ['before the watermark', 'chpipe_publication" (publication', 'before', 1],
    ['before the commit', COMMIT, 'before', 1],
  ] as const)('%s leaves the old publication', async (_where, text, when, nth) => {
    await killedAt(text, when, nth)
    await untilUndone()
    expect(await world.there()).toEqual(before)
    expect((await world.publish()).code).toBe(0)
    expect(await world.there()).toEqual(world.here())
  })

  test('in the commit leaves the old publication or the new one', async () => {
    await killedAt(COMMIT, 'after')
    await untilUndone()
    const there = JSON.stringify(await world.there())
    expect([JSON.stringify(before), JSON.stringify(world.here())]).toContain(there)
    expect((await world.publish()).code).toBe(0)
    expect(await world.there()).toEqual(world.here())
  })
})

test('readers beside deltas see one publication whole, and never an older one after a newer', async () => {
  const versions = 6
  const setVersion = (version: number) =>
    world.db.$client.exec(`UPDATE companies SET locality = 'v${version}', company_name = 'A' || ${version} || company_number;
      UPDATE officers SET occupation = 'v${version}'`)
  setVersion(0)
  await world.publish()
  let done = false
  const inOneStatement = async () => {
    const client = new pg.Client(server.url)
    await client.connect()
    const seen: string[] = []
    while (!done) {
      const { rows } = await client.query(`SELECT array_agg(DISTINCT version) AS versions FROM (
        SELECT locality AS version FROM ${world.schema}.companies UNION ALL SELECT occupation FROM ${world.schema}.officers) AS seen`)
      seen.push(String(rows[0].versions))
    }
    await client.end()
    return seen
  }
  const inOneTransaction = async () => {
    const client = new pg.Client(server.url)
    await client.connect()
    const seen: string[] = []
    while (!done) {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
      const all = []
      for (const sql of [
        `SELECT DISTINCT locality AS version FROM ${world.schema}.companies`,
        `SELECT DISTINCT occupation AS version FROM ${world.schema}.officers`,
        `SELECT DISTINCT locality AS version FROM ${world.schema}.companies`,
      ]) {
        all.push(...(await client.query(sql)).rows.map(({ version }) => version))
        await nextTurn()
      }
      await client.query('COMMIT')
      seen.push([...new Set(all)].join())
    }
    await client.end()
    return seen
  }
  const readers = [inOneStatement(), inOneTransaction()]
  for (let version = 1; version <= versions; version += 1) {
    setVersion(version)
    expect((await world.publish()).code).toBe(0)
  }
  done = true
  for (const seen of await Promise.all(readers)) {
    expect(seen.filter((one) => !/^v\d$/.test(one))).toEqual([])
    expect(seen).toEqual(seen.toSorted())
    expect(new Set(seen).size).toBeGreaterThan(1)
  }
})
