// The built program on several "machines", each with its own database, under one key and one allowance in a PostgreSQL.
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { readTallies } from '../../src/db/tallies.ts'
import { startSandbox } from '../../src/sandbox/companies-house/server.ts'
import type { WindowKind } from '../../src/sandbox/kit/rate-window.ts'
import { startSnovSandbox } from '../../src/sandbox/snov/server.ts'
import { startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { startChild } from '../child.ts'
import { tempFolder } from '../host.ts'
import { type PostgresServer, startPostgres } from '../postgres.ts'
import { tcpProxy } from '../tcp-proxy.ts'
import { loadCompanies } from './load-companies.ts'

const COMPANIES = 110
const QUOTA = { limit: 60, windowMs: 2000 }

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres[Symbol.asyncDispose]())

/** A service of the given kind and a way to the store that can be cut. */
async function stage(kind: WindowKind) {
  const world = createWorld({ seed: 7, companies: COMPANIES, today: '2026-09-15' })
  const house = await startSandbox({ world, quota: QUOTA, windowKind: kind, latencyMs: 5 })
  const streaming = await startStreamSandbox({ world, heartbeatMs: 100, race: { linkMs: 50, metricsMs: 50 } })
  const snov = await startSnovSandbox({ world, callsPerMinute: 1000, minuteMs: 1000 })
  const proxy = await tcpProxy(postgres.port)
  // Each scene has a database of its own on the server, as each key would.
  const url = postgres.url.replace(/:\d+\/postgres$/, `:${proxy.port}/${kind}`)
  const env = {
    COMPANIES_HOUSE_API_URL: house.url,
    COMPANIES_HOUSE_API_KEY: house.apiKey,
    COMPANIES_HOUSE_STREAM_URL: streaming.url,
    COMPANIES_HOUSE_STREAM_KEY: streaming.streamKey,
    SNOV_API_URL: snov.url,
    SNOV_CLIENT_ID: snov.clientId,
    SNOV_CLIENT_SECRET: snov.clientSecret,
    CHPIPE_SNOV_QUOTA: '1000/1s',
    CHPIPE_CREDIT_BUDGET: '100000/1d',
    CHPIPE_CH_QUOTA: `${QUOTA.limit}/${QUOTA.windowMs}ms`,
    CHPIPE_TIME_SCALE: '0.05',
    CHPIPE_ALLOWANCE_URL: url,
  }
  const folders = [tempFolder(), tempFolder(), tempFolder()]
  return {
    world,
    house,
    proxy,
    folders,
    start: (machine: number, args: string[]) =>
      startChild([...args, '--json'], { cwd: folders[machine]?.path ?? '', env }),
    async [Symbol.asyncDispose]() {
      await Promise.all([house.close(), streaming.close(), snov.close(), proxy[Symbol.asyncDispose]()])
      for (const folder of folders) folder[Symbol.dispose]()
    },
  }
}

async function ask(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

it.each<WindowKind>(['fixed', 'sliding', 'anchored'])(
  'imports on two machines and streams on a third: all is stored, and nothing refused: %s',
  async (kind) => {
    await ask(postgres.url, `CREATE DATABASE ${kind}`)
    await using on = await stage(kind)
    for (const folder of on.folders.slice(0, 2)) loadCompanies(folder, on.world)
    const following = () => on.start(2, ['stream', '--enrich', '--backlog'])
    let stream = following()
    const importing = [0, 1].map((machine) => on.start(machine, ['import-officers']))
    const users = "SELECT count(*)::int AS users FROM chpipe_allowance.members WHERE allowance = 'companies-house'"
    const url = postgres.url.replace(/postgres$/, kind)
    await expect.poll(() => ask(url, users).catch(() => [])).toEqual([{ users: 3 }])
    await expect.poll(() => on.house.requests.total).toBeGreaterThan(40)
    importing[1]?.process.kill('SIGKILL')
    await importing[1]?.ended
    on.proxy.mode('cut')
    await sleep(3000)
    on.proxy.mode('open')
    importing[1] = on.start(1, ['import-officers'])
    stream.process.kill('SIGKILL')
    await stream.ended
    stream = following()
    const ends = await Promise.all(importing.map(({ ended }) => ended))
    stream.process.kill('SIGTERM')
    const streamed = await stream.ended
    expect(ends.map(({ code, stderr }) => [code, stderr.includes('No candidates are left')])).toEqual([
      [1, true],
      [1, true],
    ])
    expect([streamed.code, streamed.stderr]).toEqual([0, expect.not.stringMatching(/\b429\b/)])
    expect(on.house.requests.rateLimited).toBe(0)
    for (const folder of on.folders.slice(0, 2)) {
      const db = openDb(folder.file('companies.db'), { readonly: true })
      expect(readTallies(db)).toMatchObject({ pending: 0, failed: 0 })
      db.$client.close()
    }
  },
  120_000,
)
