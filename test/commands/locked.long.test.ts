import { existsSync, readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { startSnovSandbox } from '../../src/sandbox/snov/server.ts'
import { startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { loadCompanies } from '../acceptance/load-companies.ts'
import { startChild } from '../child.ts'
import { type Finished, run, tempFolder } from '../host.ts'

const WAITS = 'another program holds the database'
const GOES_ON = 'the database is free again'

/** A database of sandbox companies, and another program that can hold it. */
async function world() {
  const drawn = createWorld({ seed: 33, companies: 60 })
  // So slow that there is a middle in which the database can be taken.
  const rest = await startSandbox({ world: drawn, quota: { limit: 600, windowMs: 1000 }, latencyMs: 60 })
  const stream = await startStreamSandbox({ world: drawn, heartbeatMs: 50, changesPerMinute: 3000 })
  const snov = await startSnovSandbox({ world: drawn, minuteMs: 500 })
  const folder = tempFolder()
  loadCompanies(folder, drawn)
  const holder = new Database(folder.file('companies.db'))
  const log = folder.file('run.log')
  const env = {
    COMPANIES_HOUSE_API_URL: rest.url,
    COMPANIES_HOUSE_API_KEY: rest.apiKey,
    CHPIPE_CH_QUOTA: '600/1s',
    COMPANIES_HOUSE_STREAM_URL: stream.url,
    COMPANIES_HOUSE_STREAM_KEY: stream.streamKey,
    SNOV_API_URL: snov.url,
    SNOV_CLIENT_ID: snov.clientId,
    SNOV_CLIENT_SECRET: snov.clientSecret,
    CHPIPE_SNOV_QUOTA: '600/500ms',
    CHPIPE_CREDIT_BUDGET: '500/1d',
    CHPIPE_TIME_SCALE: '0.1',
  }
  return {
    env,
    holder,
    hold: () => holder.exec('BEGIN IMMEDIATE'),
    letGo: () => holder.exec('ROLLBACK'),
    count: (sql: string) => Number(holder.prepare(sql).pluck().get()),
    said: (text: string) => (existsSync(log) ? readFileSync(log, 'utf8').split(text).length - 1 : 0),
    run: (args: string[]) => run([...args, '--log-file', log], { cwd: folder.path, env }),
    start: (args: string[]) => startChild([...args, '--log-file', log], { cwd: folder.path, env }),
    async [Symbol.asyncDispose]() {
      holder.close()
      await Promise.all([rest.close(), stream.close(), snov.close()])
      folder[Symbol.dispose]()
    },
  }
}

type World = Awaited<ReturnType<typeof world>>

/** Resolves when it is so, looking now and then; a command that ends first ends the looking. */
async function until(isSo: () => boolean, command: Promise<Finished>): Promise<void> {
  let over = false
  void command.finally(() => {
    over = true
  })
  while (!isSo() && !over) await new Promise((done) => setTimeout(done, 10))
}

interface Case {
  name: string
  args: string[]
  isUnderWay(open: World): boolean
  /** The exit code after an interrupt. */
  interrupted: number
}

const CASES: Case[] = [
  {
    name: 'import-officers',
    args: ['import-officers', '--concurrency', '2', '--limit', '40'],
    isUnderWay: ({ count }) => count("SELECT count(*) FROM companies WHERE officers_state = 'complete'") > 3,
    interrupted: 130,
  },
  {
    name: 'stream',
    args: ['stream', '--max-events', '150'],
    isUnderWay: ({ count }) => count('SELECT sum(events) FROM stream_cursors') > 3,
    interrupted: 0,
  },
  {
    name: 'enrich',
    args: ['enrich', '--limit', '12'],
    isUnderWay: ({ count }) => count('SELECT count(*) FROM provider_requests') > 0,
    interrupted: 130,
  },
]

describe('while another program holds the database', () => {
  it.each(CASES)('$name waits at its start and in its middle, says so, and goes on', async ({ args, isUnderWay }) => {
    await using open = await world()
    open.hold()
    const command = open.run(args)
    await until(() => open.said(WAITS) === 1, command)
    open.letGo()
    await until(() => open.said(GOES_ON) === 1 && isUnderWay(open), command)
    open.hold()
    await until(() => open.said(WAITS) === 2, command)
    open.letGo()
    const { code, stderr } = await command
    expect([code, stderr, open.said(WAITS), open.said(GOES_ON)]).toEqual([0, '', 2, 2])
    expect(open.count("SELECT count(*) FROM provider_requests WHERE status = 'unconfirmed'")).toBe(0)
    expect(open.count('SELECT count(*) FROM runs WHERE finished_at IS NULL')).toBe(0)
  })

  it.each(CASES)('$name is interrupted while it waits to begin', async ({ args, interrupted }) => {
    await using open = await world()
    open.hold()
    const child = open.start(args)
    await until(() => open.said(WAITS) === 1, child.ended)
    child.process.kill('SIGINT')
    expect([(await child.ended).code, open.said(GOES_ON)]).toEqual([interrupted, 0])
    open.letGo()
  })

  it.each(CASES)('$name is interrupted at once, and loses nothing', async ({ args, isUnderWay, interrupted }) => {
    await using open = await world()
    const child = open.start(args)
    await until(() => isUnderWay(open), child.ended)
    open.hold()
    await until(() => open.said(WAITS) === 1, child.ended)
    child.process.kill('SIGINT')
    const { code } = await child.ended
    expect([code, open.said(GOES_ON)]).toEqual([interrupted, 0])
    open.letGo()
    expect((await open.run(args)).code).toBe(0)
  })
})
