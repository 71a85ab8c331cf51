import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { loadCompanies } from '../acceptance/load-companies.ts'
import { run, tempFolder } from '../host.ts'
import { type PostgresServer, startPostgres } from '../postgres.ts'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres[Symbol.asyncDispose]())

const SECRETS = /invented-password|s3cret/

/** A machine with three companies, and the sandbox. */
async function machine() {
  const world = createWorld({ seed: 3, companies: 3 })
  const sandbox = await startSandbox({ world, quota: { limit: 50, windowMs: 1000 } })
  const folder = tempFolder()
  loadCompanies(folder, world)
  const standard = {
    COMPANIES_HOUSE_API_URL: sandbox.url,
    COMPANIES_HOUSE_API_KEY: sandbox.apiKey,
    CHPIPE_CH_QUOTA: '50/1s',
    CHPIPE_TIME_SCALE: '0.05',
  }
  return {
    sandbox,
    /** Runs a command, and expects that no credentials are shown or kept. */
    async chpipe(line: string, url: string, env: Record<string, string> = {}) {
      const args = [...line.split(' '), '--log-file', 'chpipe.log']
      const all = { ...standard, CHPIPE_ALLOWANCE_URL: url, ...env }
      const finished = await run(args, { cwd: folder.path, env: all })
      const kept = readdirSync(folder.path).map((name) => readFileSync(folder.file(name), 'latin1'))
      expect([finished.stdout, finished.stderr, ...kept].join('\n')).not.toMatch(SECRETS)
      return finished
    },
    async [Symbol.asyncDispose]() {
      await sandbox.close()
      folder[Symbol.dispose]()
    },
  }
}

describe('CHPIPE_ALLOWANCE_URL', () => {
  it('moves the log of permits there', async () => {
    await using on = await machine()
    const { code, stderr } = await on.chpipe('import-officers --json', postgres.url)
    expect([code, stderr]).toEqual([1, expect.stringContaining('No candidates are left')])
    const { stdout } = await on.chpipe('progress --json', postgres.url)
    const { quota } = JSON.parse(stdout)
    expect(quota).toEqual({
      limit: 50,
      window_seconds: 1,
      used: expect.any(Number),
      peak: expect.any(Number),
      rate_limited: 0,
      store: { postgres: `127.0.0.1:${postgres.port}/postgres`, away: null, encrypted: false, users: [] },
    })
    expect(quota.peak).toBeGreaterThan(0)
    const local = JSON.parse((await on.chpipe('progress --json', '')).stdout)
    expect(local.quota).toEqual({ limit: 50, window_seconds: 1, used: 0, peak: 0, rate_limited: 0 })
  })

  it('is refused in one sentence when it is wrong: 3', async () => {
    await using on = await machine()
    const wrong: [url: string, sentence: string][] = [
      ['https://u:s3cret@h/d', 'error: CHPIPE_ALLOWANCE_URL is not the address of a PostgreSQL'],
      ['postgres://u:s3cret@h/d?sslmode=no', 'error: CHPIPE_ALLOWANCE_URL has an sslmode that is none of disable'],
      ["'postgres://u:s3cret x@h/d'", 'error: CHPIPE_ALLOWANCE_URL holds a blank'],
      [postgres.url.replace('invented-password', 's3cret'), 'refused the user or the password: 127.0.0.1:'],
      [postgres.url.replace(':invented-password', ''), 'refused the user or the password: 127.0.0.1:'],
      [postgres.url.replace(/postgres$/, 'nowhere'), 'has no such database: 127.0.0.1:'],
    ]
    for (const [url, sentence] of wrong) {
      const { code, stderr } = await on.chpipe('import-officers', url)
      expect([code, stderr]).toEqual([3, expect.stringContaining(sentence)])
      expect(stderr).toMatch(/\ntry: .+\n$/)
    }
    expect(on.sandbox.requests.total).toBe(0)
  })

  it('ends with 4 when nobody answers there', async () => {
    await using on = await machine()
    const { code, stderr } = await on.chpipe('import-officers', 'postgres://u:s3cret@127.0.0.1:1/d')
    expect([code, stderr]).toEqual([4, expect.stringContaining('cannot be reached')])
    expect(on.sandbox.requests.total).toBe(0)
  })

  it('is refused for another quota than that of those who use it now: 3', async () => {
    await using on = await machine()
    const { openMember } = await import('../quota/shared-work.ts')
    const other = await openMember(postgres.url, { limit: 600, windowMs: 300_000 })
    other.allowance.announceConsumer(1000)
    await expect
      .poll(async () => {
        const { code, stderr } = await on.chpipe('import-officers', postgres.url)
        return [code, stderr.includes('is used by others as 600/300s, and here as 50/1s')]
      })
      .toEqual([3, true])
    await other.store.close()
    expect((await on.chpipe('import-officers', postgres.url)).code).toBe(1)
  })
})

describe('doctor and progress', () => {
  it('name the store and who uses it', async () => {
    await using on = await machine()
    const { openMember } = await import('../quota/shared-work.ts')
    const other = await openMember(postgres.url, { limit: 50, windowMs: 1000 })
    other.allowance.announceConsumer(1000)
    const shown = `shared at 127.0.0.1:${postgres.port}/postgres; used by `
    await expect
      .poll(async () => (await on.chpipe('progress', postgres.url)).stdout)
      .toContain(`(process ${process.pid})`)
    expect((await on.chpipe('progress', postgres.url)).stdout).toContain(shown)
    const { stdout } = await on.chpipe('doctor --json', postgres.url)
    const checks = JSON.parse(stdout) as { check: string; state: string; message: string }[]
    expect(checks.find(({ check }) => check === 'store')).toMatchObject({
      state: 'ok',
      message: expect.stringContaining(shown),
    })
    expect(checks.find(({ check }) => check === 'rest-key')?.state).toBe('ok')
    expect(checks.find(({ check }) => check === 'allowance')?.message).toMatch(/^\d+ of 50 calls used in 1s; peak \d+/)
    await other.store.close()
  })

  it('say that it is away, and go on', async () => {
    await using on = await machine()
    const away = 'postgres://u:s3cret@127.0.0.1:1/d'
    const progress = await on.chpipe('progress', away)
    expect([progress.code, progress.stdout]).toEqual([1, expect.stringContaining('shared at 127.0.0.1:1/d; AWAY: ')])
    expect(JSON.parse((await on.chpipe('progress --json', away)).stdout).quota).toMatchObject({
      used: null,
      store: { away: expect.stringContaining('cannot be reached'), users: [] },
    })
    const metrics = (await on.chpipe('progress --prometheus', away)).stdout
    expect(metrics).toMatch(/^chpipe_allowance_store_up 0$/m)
    expect(metrics).not.toMatch(/^chpipe_quota_used_calls /m)
    const { code, stdout } = await on.chpipe('doctor', away)
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^fail {2}store +.*cannot be reached/m)])
    expect(stdout).toMatch(/^ok {4}rest-key/m)
  })
})
