import type { EventEmitter } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { type DemoFacts, renderFacts } from '../../src/commands/demo/facts.ts'
import { takeFolder } from '../../src/commands/demo/stage.ts'
import { run, tempFolder } from '../host.ts'

const NOBODY = 'http://127.0.0.1:9'

describe('chpipe demo', () => {
  it('imports, is interrupted, goes on, streams, enriches, exports, and all is as it should be', {
    timeout: 120_000,
  }, async () => {
    using folder = tempFolder()
    writeFileSync(folder.file('.env'), `COMPANIES_HOUSE_API_URL=${NOBODY}\nCHPIPE_DB=env-file.db\n`)
    const own = { COMPANIES_HOUSE_API_KEY: 'the-real-key', COMPANIES_HOUSE_API_URL: NOBODY, CHPIPE_DB: 'own.db' }
    const env = { ...own, HTTP_PROXY: NOBODY, http_proxy: NOBODY }
    const { code, stdout, stderr } = await run(['demo', '--json'], { cwd: folder.path, env })
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })

    const facts = JSON.parse(stdout) as DemoFacts
    expect(facts).toMatchObject({
      companies: 300,
      target: 200,
      companies_with_officers: 200,
      rate_limited: 0,
      equal_to_truth: true,
      compared: { companies: 330, differences: [] },
      streamed: { companies: 30, bought_twice: 0, snov_rate_limited: 0, differences: [] },
      appointed: { name: 'AARDVARK, Zebedee' },
      folder: folder.file('chpipe-demo'),
      database: folder.file('chpipe-demo/companies.db'),
      csv: ['companies', 'officers', 'domains', 'emails'].map((name) =>
        folder.file(`chpipe-demo/delivery/${name}.csv`),
      ),
      synthetic: true,
    })
    expect(facts.interrupted_at).toBeGreaterThanOrEqual(80)
    expect(facts.interrupted_at).toBeLessThan(200)
    const { counts, examples } = facts.verification
    expect(examples.map(({ state }) => state)).toEqual(['verified', 'due', 'overdue'])
    expect([counts.verified, counts.due, counts.overdue, counts.none].filter((count) => count > 0)).toHaveLength(4)
    const overdue = readFileSync(folder.file('chpipe-demo/overdue.csv'), 'utf8')
    expect(overdue.split('\r\n').slice(1, -1)).toHaveLength(counts.overdue)
    const { domains, emails, people, credits, balance } = facts.streamed
    expect([domains > 5, emails > 0, people > 0]).toEqual([true, true, true])
    expect(credits + balance).toBe(500)
    expect(facts.compared.officers).toBeGreaterThan(facts.officers)
    expect(facts.quota.peak).toBeLessThanOrEqual(facts.quota.limit)
    expect(facts.calls).toBeGreaterThanOrEqual(200)
    expect(new Set(stderr.match(/^\$ chpipe \S+/gm))).toEqual(
      new Set(
        ['import-companies', 'import-officers', 'progress', 'backup', 'stream', 'export'].map(
          (name) => `$ chpipe ${name}`,
        ),
      ),
    )
    expect(stderr).toContain('READY FOR STREAMING API')
    expect(stderr).not.toContain('the-real-key')
    expect(readFileSync(folder.file('chpipe-demo/stream.log'), 'utf8')).not.toContain('warn')
    expect([facts.backup, facts.package].map((path) => existsSync(path))).toEqual([true, true])

    const db = new Database(facts.database, { readonly: true })
    const seedCheck = db.prepare('SELECT COUNT(DISTINCT company_number) FROM officers').pluck().get()
    const appointed = db.prepare('SELECT source FROM officers WHERE company_number = ? AND appointment_id = ?').pluck()
    const { company_number, appointment_id } = facts.appointed ?? {}
    expect(appointed.get(company_number, appointment_id)).toBe('stream')
    db.close()
    expect(seedCheck).toBeGreaterThan(200)
    expect(
      readFileSync(facts.csv[0] ?? '', 'utf8')
        .trimEnd()
        .split('\n').length,
    ).toBeGreaterThan(200)
    expect(readdirSync(folder.path).sort()).toEqual(['.env', 'chpipe-demo'])
  })

  it('ends with 130 when it is interrupted, and leaves no process behind', async () => {
    using folder = tempFolder()
    let host: EventEmitter | undefined
    const running = run(['demo', '--quiet'], { cwd: folder.path, started: (process) => (host = process) })
    while (!processesIn(folder.file('chpipe-demo')).some((line) => line.includes('import-officers'))) await delay(20)
    host?.emit('SIGINT')
    expect(await running).toEqual({
      code: 130,
      stdout: '',
      stderr: 'The demo was interrupted\ntry: chpipe demo starts it afresh\n',
    })
    expect(processesIn(folder.file('chpipe-demo'))).toEqual([])
  })

  const foreign: [what: string, make: (path: string) => void][] = [
    ['a folder that no demo has made', (path) => mkdirSync(path)],
    ['a file', (path) => writeFileSync(path, 'mine')],
    ['a link to a folder', (path) => symlinkSync(join(path, '..'), path)],
    ['a link to nowhere', (path) => symlinkSync('/nowhere', path)],
  ]

  it.each(foreign)('refuses to replace %s', async (_what, make) => {
    using folder = tempFolder()
    make(folder.file('chpipe-demo'))
    expect(await run(['demo'], { cwd: folder.path })).toEqual({
      code: 5,
      stdout: '',
      stderr:
        `error: The folder exists and was not made by the demo: ${folder.file('chpipe-demo')}\n` +
        'try: move it away, or run the demo in another folder\n',
    })
  })

  it('replaces the folder of an earlier demo', () => {
    using folder = tempFolder()
    takeFolder(folder.file('chpipe-demo'))
    writeFileSync(folder.file('chpipe-demo/companies.db'), 'old')
    takeFolder(folder.file('chpipe-demo'))
    expect(existsSync(folder.file('chpipe-demo/companies.db'))).toBe(false)
  })

  it('says in its table when rows differ', () => {
    const facts: DemoFacts = {
      companies: 300,
      target: 200,
      companies_with_officers: 200,
      without_officers: 4,
      officers: 1200,
      calls: 208,
      rate_limited: 0,
      quota: { limit: 52, window_seconds: 2, peak: 52, peak_percent: 100 },
      interrupted_at: 90,
      compared: { companies: 300, officers: 1200, differences: ['00000001 abc: name is X, not Y'] },
      streamed: {
        companies: 30,
        domains: 13,
        emails: 7,
        people: 7,
        credits: 20,
        balance: 480,
        snov_calls: 62,
        snov_rate_limited: 0,
        bought_twice: 1,
        differences: ['1 inputs were bought twice'],
      },
      verification: {
        counts: { verified: 400, due: 90, overdue: 3, ended: 0, none: 707 },
        examples: [{ state: 'overdue', name: 'SMITH, Jane', company: 'HAWTHORN LIMITED' }],
      },
      equal_to_truth: false,
      folder: '/tmp/chpipe-demo',
      database: '/tmp/chpipe-demo/companies.db',
      backup: '/tmp/chpipe-demo/backups/companies-20261123T174500Z.db',
      csv: ['/tmp/chpipe-demo/delivery/companies.csv'],
      package: '/tmp/chpipe-demo/delivery.zip',
      elapsed_seconds: 12.3,
      synthetic: true,
    }
    const table = renderFacts(facts, { program: 'chpipe' })
    const words = table.replace(/[\s│]+/g, ' ')
    expect(words).toContain("1 DIFFERENCES from the sandbox's register, such as 00000001 abc: name is X, not Y")
    expect(words).toContain(
      '400 verified, 90 due, 3 overdue, 0 ended, 707 none overdue: SMITH, Jane, of HAWTHORN LIMITED',
    )
    expect(words).toContain('1 DIFFERENCES from Snov, such as 1 inputs were bought twice')
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})

/** The command lines of the processes whose working directory is `folder`. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      if (readlinkSync(`/proc/${pid}/cwd`) !== folder) return []
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    } catch {
      return []
    }
  })
}
