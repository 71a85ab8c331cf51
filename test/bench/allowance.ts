import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Sandbox, startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { writeRegisterFile } from '../../src/sandbox/world/register-file.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { expectExit, PROGRAM, type Row } from './measure.ts'

const QUOTA = { limit: 60, windowMs: 3000 }
/** Full windows, from the first call to the one after them; nobody can make that one sooner than `LEAST_MS`. */
const WINDOWS = 8
const LEAST_MS = WINDOWS * QUOTA.windowMs
const LATENCY_MS = 20
/** More than are fetched in that time. */
const COMPANIES = 1500

/** Two importers on one database: how long the calls of some windows take, against the least that is allowed. */
export async function benchAllowance(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  const world = createWorld({ seed: 7, companies: COMPANIES })
  await using sandbox = await startSandbox({ world, quota: QUOTA, latencyMs: LATENCY_MS })
  const env = {
    ...process.env,
    COMPANIES_HOUSE_API_URL: sandbox.url,
    COMPANIES_HOUSE_API_KEY: sandbox.apiKey,
    CHPIPE_CH_QUOTA: `${QUOTA.limit}/${QUOTA.windowMs}ms`,
    CHPIPE_DB: join(folder, 'companies.db'),
  }
  const chpipe = (...args: string[]) =>
    spawn(process.execPath, [PROGRAM, ...args], { cwd: folder, env, stdio: 'ignore' })
  try {
    const register = join(folder, 'register.csv')
    await writeRegisterFile(world, register)
    await expectExit(chpipe('import-companies', register), 0)
    const importers = [1, 2].map(() => chpipe('import-officers', '--target', String(COMPANIES)))
    await callsCounted(sandbox, 1)
    const startedAt = performance.now()
    await callsCounted(sandbox, WINDOWS * QUOTA.limit + 1)
    const tookMs = performance.now() - startedAt
    const { rateLimited } = sandbox.requests
    for (const importer of importers) importer.kill('SIGINT')
    for (const importer of importers) await expectExit(importer, 130)
    return [rowOf(tookMs, rateLimited)]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function rowOf(tookMs: number, rateLimited: number): Row {
  return {
    name: `share of ${QUOTA.limit} calls in ${QUOTA.windowMs / 1000} s used by two import-officers`,
    ours: `${(tookMs / 1000).toFixed(2)} s for ${WINDOWS} windows, ${rateLimited} refused (429)`,
    theirs: `${(LEAST_MS / 1000).toFixed(2)} s at the least`,
    ratio: LEAST_MS / tookMs,
    target: 'at least 0.98, none refused',
  }
}

async function callsCounted(sandbox: Sandbox, calls: number): Promise<void> {
  while (sandbox.requests.counted < calls) await delay(5)
}
