// The built program on machines of their own: one imports, one streams, both under one key and one allowance; then the
// importer's database moves to a third machine, and what the old places still try is refused.
import { copyFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { readTallies } from '../../src/db/tallies.ts'
import { startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { startSnovSandbox } from '../../src/sandbox/snov/server.ts'
import { startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { startChild } from '../child.ts'
import { type TempFolder, tempFolder } from '../host.ts'
import { startPostgres } from '../postgres.ts'
import { loadCompanies } from './load-companies.ts'

const ANOTHER_MACHINE = fileURLToPath(new URL('another-machine.mjs', import.meta.url))
const QUOTA = { limit: 120, windowMs: 2000 }

function tallies(folder: TempFolder) {
  const db = openDb(folder.file('companies.db'), { readonly: true })
  try {
    return readTallies(db)
  } finally {
    db.$client.close()
  }
}

it('a database moves to another machine and goes on there; the old place and a second source are refused', async () => {
  await using postgres = await startPostgres()
  const world = createWorld({ seed: 19, companies: 200, today: '2026-09-15' })
  await using rest = await startSandbox({ world, quota: QUOTA, windowKind: 'sliding', latencyMs: 5 })
  await using streaming = await startStreamSandbox({ world, heartbeatMs: 100, race: { linkMs: 50, metricsMs: 50 } })
  await using snov = await startSnovSandbox({ world, callsPerMinute: 1000, minuteMs: 1000 })
  const env = {
    COMPANIES_HOUSE_API_URL: rest.url,
    COMPANIES_HOUSE_API_KEY: rest.apiKey,
    COMPANIES_HOUSE_STREAM_URL: streaming.url,
    COMPANIES_HOUSE_STREAM_KEY: streaming.streamKey,
    SNOV_API_URL: snov.url,
    SNOV_CLIENT_ID: snov.clientId,
    SNOV_CLIENT_SECRET: snov.clientSecret,
    CHPIPE_SNOV_QUOTA: '1000/1s',
    CHPIPE_CREDIT_BUDGET: '100000/1d',
    CHPIPE_CH_QUOTA: `${QUOTA.limit}/${QUOTA.windowMs}ms`,
    CHPIPE_TIME_SCALE: '0.05',
    CHPIPE_ALLOWANCE_URL: postgres.url,
    CHPIPE_POSTGRES_URL: postgres.url,
  }
  using importer = tempFolder()
  using streamer = tempFolder()
  using target = tempFolder()
  const on = (MACHINE: string, folder: TempFolder) => (line: string) =>
    startChild([...line.split(' '), '--json'], {
      cwd: folder.path,
      env: { ...env, MACHINE },
      nodeArgs: ['--import', ANOTHER_MACHINE],
    })
  const [a, b, c] = [on('a-importer', importer), on('b-streamer', streamer), on('c-target', target)]
  await using client = await connected(postgres.url)
  const hosts = async (): Promise<string[]> => {
    const sql = "SELECT DISTINCT host FROM chpipe_allowance.members WHERE allowance = 'companies-house' AND seen_at > 0"
    return (await client.query(sql).catch(() => ({ rows: [] }))).rows.map(({ host }) => host).sort()
  }

  loadCompanies(importer, world)
  const following = b('stream --enrich --backlog')
  const importing = a('import-officers --target 60')
  await expect.poll(hosts).toEqual(['a-importer', 'b-streamer'])
  for (let at = 0; at < 5; at += 1) streaming.changeCompany(world.companyNumber(at))
  expect(await importing.ended).toMatchObject({ code: 0 })
  const first = await a('publish').ended
  expect([first.code, JSON.parse(first.stdout).kind]).toEqual([0, 'first'])

  expect((await a('backup --out move.db').ended).code).toBe(0)
  copyFileSync(importer.file('move.db'), target.file('companies.db'))
  const mistaken = a('import-officers --target 200')
  await expect.poll(hosts).toEqual(['a-importer', 'b-streamer'])
  mistaken.process.kill('SIGSTOP')
  const tooEarly = await c('import-officers --target 90').ended
  expect([tooEarly.code, tooEarly.stderr]).toEqual([
    5,
    expect.stringContaining('Another machine works on a copy of this database now: a-importer'),
  ])
  const heard = async (): Promise<number> => {
    const sql = "SELECT max(seen_at) AS at FROM chpipe_allowance.members WHERE host = 'a-importer'"
    return Number((await client.query(sql)).rows[0].at)
  }
  const before = await heard()
  mistaken.process.kill('SIGCONT')
  // Only one that has found back to the store can tell it that it leaves; of others a minute must pass.
  await expect.poll(heard).toBeGreaterThan(before)
  mistaken.process.kill('SIGTERM')
  await mistaken.ended
  expect(await hosts()).toEqual(['b-streamer'])

  const doctor = await c('doctor --offline').ended
  const checks = JSON.parse(doctor.stdout) as { check: string; state: string; message: string }[]
  const of = (name: string) => checks.find(({ check }) => check === name)
  expect([of('database')?.state, of('integrity')?.state, of('store')?.state]).toEqual(['ok', 'ok', 'ok'])
  expect(of('publish')).toMatchObject({ state: 'ok', message: expect.stringContaining('schema chpipe was published') })
  expect(await c('import-officers --target 90').ended).toMatchObject({ code: 0 })
  const gone = await c('publish').ended
  expect([gone.code, JSON.parse(gone.stdout).kind]).toEqual([0, 'delta'])

  const refused = (sentence: string) => ({ code: 5, stderr: expect.stringContaining(sentence) })
  const [old, service, other, proof] = await Promise.all([
    a('publish').ended,
    a('publish --every 1s').ended,
    b('publish').ended,
    c('publish --verify').ended,
  ])
  const later = 'The schema chpipe holds a later state than this database knows'
  expect(old).toMatchObject(refused(later))
  expect(service).toMatchObject(refused(later))
  expect(other).toMatchObject(refused('The schema chpipe is published by another database of chpipe'))
  expect([proof.code, JSON.parse(proof.stdout).equal]).toEqual([0, true])
  const { rows } = await client.query('SELECT count(*)::int AS companies FROM chpipe.companies')
  expect(rows).toEqual([{ companies: tallies(target).complete }])
  expect(tallies(target).complete).toBeGreaterThanOrEqual(90)

  following.process.kill('SIGTERM')
  expect((await following.ended).code).toBe(0)
  expect(rest.requests.rateLimited).toBe(0)
})

async function connected(url: string) {
  const client = new Client(url)
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}
