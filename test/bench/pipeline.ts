// The three stand-ins on one world, with an empty folder and the environment in which chpipe finds them.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Sandbox, startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { type SnovSandbox, startSnovSandbox } from '../../src/sandbox/snov/server.ts'
import { type StreamSandbox, startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { writeRegisterFile } from '../../src/sandbox/world/register-file.ts'
import { createWorld, type World } from '../../src/sandbox/world/world.ts'
import { expectExit, PROGRAM } from './measure.ts'

/** In production a domain alone takes ten seconds of waits; scaled, what chpipe itself adds shows. */
export const TIME_SCALE = 0.1
const HEARTBEAT_MS = 30_000 * TIME_SCALE
const SNOV_CALLS_PER_MINUTE = 3000
const CREDITS = 100_000
const PATIENCE_MS = 60_000

export interface Pipeline extends AsyncDisposable {
  world: World
  rest: Sandbox
  stream: StreamSandbox
  snov: SnovSandbox
  /** The database file. */
  db: string
  start(...args: string[]): ChildProcess
}

export interface PipelineOptions {
  companies: number
  quota: { limit: number; windowMs: number }
}

/** Starts the stand-ins and imports the register of their world. */
export async function openPipeline({ companies, quota }: PipelineOptions): Promise<Pipeline> {
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  const world = createWorld({ seed: 7, companies })
  const rest = await startSandbox({ world, quota, latencyMs: 20 })
  const stream = await startStreamSandbox({ world, heartbeatMs: HEARTBEAT_MS, race: { linkMs: 0, metricsMs: 0 } })
  const snov = await startSnovSandbox({ world, credits: CREDITS, callsPerMinute: SNOV_CALLS_PER_MINUTE })
  const db = join(folder, 'companies.db')
  const env = {
    ...process.env,
    COMPANIES_HOUSE_API_URL: rest.url,
    COMPANIES_HOUSE_API_KEY: rest.apiKey,
    COMPANIES_HOUSE_STREAM_URL: stream.url,
    COMPANIES_HOUSE_STREAM_KEY: stream.streamKey,
    SNOV_API_URL: snov.url,
    SNOV_CLIENT_ID: snov.clientId,
    SNOV_CLIENT_SECRET: snov.clientSecret,
    CHPIPE_CH_QUOTA: `${quota.limit}/${quota.windowMs}ms`,
    CHPIPE_SNOV_QUOTA: `${SNOV_CALLS_PER_MINUTE}/1m`,
    CHPIPE_CREDIT_BUDGET: '',
    CHPIPE_TIME_SCALE: String(TIME_SCALE),
    CHPIPE_DB: db,
  }
  const start = (...args: string[]) =>
    spawn(process.execPath, [PROGRAM, ...args], { cwd: folder, env, stdio: 'ignore' })
  const register = join(folder, 'register.csv')
  await writeRegisterFile(world, register)
  await expectExit(start('import-companies', register), 0)
  return {
    world,
    rest,
    stream,
    snov,
    db,
    start,
    async [Symbol.asyncDispose]() {
      await Promise.all([rest, stream, snov].map((server) => server.close()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Looks now and then until it is so; throws when it is not after a minute. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`Not within a minute: ${what}`)
    await delay(20)
  }
}
