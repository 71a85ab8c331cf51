import type { EventEmitter } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { DemoFacts } from '../../src/commands/demo/facts.ts'
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
      pscs: { differences: [] },
      folder: folder.file('chpipe-demo'),
      database: folder.file('chpipe-demo/companies.db'),
      csv: ['companies', 'officers', 'persons_with_significant_control', 'domains', 'emails'].map((name) =>
        folder.file(`chpipe-demo/delivery/${name}.csv`),
      ),
      synthetic: true,
    })
    expect(facts.interrupted_at).toBeGreaterThanOrEqual(80)
    expect(facts.interrupted_at).toBeLessThan(200)
    expect(facts.pscs.records).toBeGreaterThan(300)
    expect(facts.pscs.example?.natures_of_control).toContain('Ownership of shares')
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
        ['import-companies', 'import-officers', 'import-pscs', 'progress', 'backup', 'stream', 'export'].map(
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
