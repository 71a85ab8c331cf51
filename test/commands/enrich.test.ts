import { Readable } from 'node:stream'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { companies, jobs, runs, suppressions } from '../../src/db/schema.ts'
import { parseFaults } from '../../src/sandbox/companies-house/faults.ts'
import { parseSnovFaults } from '../../src/sandbox/snov/faults.ts'
import { companySearchName } from '../../src/steps/purchases/match.ts'
import { type EnrichStage, type EnrichStageOptions, enrichStage } from '../acceptance/enriching.ts'
import { type RunOptions, run, tempFolder } from '../host.ts'

const enrich = (on: EnrichStage, ...args: string[]) =>
  run(['enrich', '--json', '--quiet', ...args], { cwd: on.folder.path, env: fast(on) })

const fast = (on: EnrichStage): Record<string, string> => ({ ...on.env, CHPIPE_TIME_SCALE: '0.01' })

const searchName = ({ world }: EnrichStage, number: string) =>
  companySearchName(world.company(number)?.company_name ?? '')

const small = (more: Partial<EnrichStageOptions> = {}) => enrichStage({ size: 12, ...more })

function change(on: EnrichStage, edit: (db: ReturnType<typeof openDb>) => void): void {
  const db = openDb(on.folder.file('companies.db'))
  edit(db)
  db.$client.close()
}

describe('chpipe enrich', () => {
  describe('with nothing that limits its credits', () => {
    const unlimited = (on: EnrichStage, more: RunOptions = {}, ...args: string[]) => {
      const { CHPIPE_CREDIT_BUDGET: _, ...env } = fast(on)
      return run(['enrich', '--quiet', ...args], { cwd: on.folder.path, env, ...more })
    }
    const untouched = (on: EnrichStage) => [on.snov.requests.starts, on.read().jobs]

    it('ends with 2 where nobody can be asked, and names both limits', async () => {
      await using on = await small()
      const { code, stderr } = await unlimited(on)
      expect([code, stderr]).toEqual([2, expect.stringMatching(/--max-credits.*CHPIPE_CREDIT_BUDGET/)])
      expect(untouched(on)).toEqual([{}, []])
    })

    it.each(['', '\n', 'n\n', 'no\n', 'yup\n'])('buys nothing for the answer %j', async (stdin) => {
      await using on = await small()
      const { code, stderr } = await unlimited(on, { terminal: true, stdin })
      expect([code, stderr]).toEqual([1, expect.stringMatching(/credits +\d+ at worst.*\[y\/N\]/s)])
      expect(untouched(on)).toEqual([{}, []])
    })

    it.each(['y\n', 'YES\n'])('goes on for the answer %j', async (stdin) => {
      await using on = await small()
      const { code, stdout } = await unlimited(on, { terminal: true, stdin }, '--json')
      expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ companies: 12, left: 0 })])
    })

    it('ends with 130 when it is interrupted at the question', async () => {
      await using on = await small()
      const stdin = new Readable({ read() {} })
      const started = (process: NodeJS.EventEmitter) => void setTimeout(() => process.emit('SIGINT'), 100)
      const { code } = await unlimited(on, { terminal: true, stdin, started })
      expect([code, ...untouched(on)]).toEqual([130, {}, []])
    })

    it.each([['--dry-run'], ['--failed'], ['--unconfirmed'], ['--retry', 'all']])(
      'does not ask for %s',
      async (...args) => {
        await using on = await small()
        expect((await unlimited(on, {}, ...args)).code).toBe(0)
      },
    )
  })

  it('needs credentials', async () => {
    await using on = await small()
    const env = { ...on.env, SNOV_CLIENT_SECRET: '' }
    const { code, stderr } = await run(['enrich'], { cwd: on.folder.path, env })
    expect([code, stderr]).toEqual([3, expect.stringContaining('SNOV_CLIENT_SECRET')])
  })

  it('ends with 3 when Snov refuses the credentials, and tells no secret', async () => {
    await using on = await small()
    const env = { ...on.env, SNOV_CLIENT_SECRET: 'wrong-secret-77', CHPIPE_TIME_SCALE: '0.01' }
    const { code, stdout, stderr } = await run(['enrich'], { cwd: on.folder.path, env })
    expect(code).toBe(3)
    expect(stdout + stderr).not.toContain('wrong-secret-77')
    expect(on.read().jobs.filter((job) => !job.endsWith('null'))).toEqual([])
  })

  it('spends nothing with --max-credits 0, and ends with 0', async () => {
    await using on = await small()
    const { code, stdout } = await enrich(on, '--max-credits', '0')
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({ credits_spent: 0, queued: 12, left: 12, ended: 'limit-reached' }),
    ])
    expect([on.snov.requests.starts, on.snov.balance]).toEqual([{}, 1000])
  })

  it('never passes --max-credits, and goes on from there', async () => {
    await using on = await small()
    const first = await enrich(on, '--max-credits', '5')
    expect(first.code).toBe(0)
    expect(JSON.parse(first.stdout).credits_spent).toBeLessThanOrEqual(5)
    expect(1000 - on.snov.balance).toBe(JSON.parse(first.stdout).credits_spent)
    const { code, stdout } = await enrich(on)
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ left: 0, ended: 'nothing-left' })])
    expect(Object.values(on.snov.requests.starts).filter((count) => count > 1)).toEqual([])
  })

  it('never passes the budget of the environment', async () => {
    await using on = await small()
    const env = { ...on.env, CHPIPE_CREDIT_BUDGET: '4/1d', CHPIPE_TIME_SCALE: '0.01' }
    for (let round = 0; round < 2; round += 1) {
      const { code } = await run(['enrich', '--quiet'], { cwd: on.folder.path, env })
      expect([code, 1000 - on.snov.balance <= 4]).toEqual([0, true])
    }
  })

  it('ends with 4 after its free work when the credits are used up', async () => {
    await using on = await small({ bare: true, snov: { credits: 2 } })
    const { code, stdout, stderr } = await enrich(on)
    expect([code, stderr]).toEqual([4, expect.stringContaining('credits')])
    expect(JSON.parse(stdout)).toMatchObject({ ended: 'not-enough-credits', failed: 0 })
    expect(on.read().jobs.filter((job) => / details /.test(job))).toEqual([])
    on.snov.moveBalance(500)
    const again = await enrich(on)
    expect([again.code, JSON.parse(again.stdout).left]).toEqual([0, 0])
    expect(Object.values(on.snov.requests.charges).filter((credits) => credits > 2)).toEqual([])
  })

  it('ends with 4 when Snov does not answer, and everything is still due', async () => {
    await using on = await small()
    on.snov.setFaults(parseSnovFaults('502'))
    const { code, stdout } = await enrich(on)
    expect([code, JSON.parse(stdout)]).toEqual([4, expect.objectContaining({ left: 12, failed: 0, ended: 'away' })])
  })

  it('takes as many companies as --limit says, and more the next time', async () => {
    await using on = await small()
    expect(JSON.parse((await enrich(on, '--limit', '5')).stdout)).toMatchObject({ queued: 5, companies: 5, left: 0 })
    expect(JSON.parse((await enrich(on, '--limit', '5')).stdout)).toMatchObject({ queued: 5, companies: 5 })
    expect(on.read().jobs).toHaveLength(10)
  })

  it('counts only the companies of this run towards --limit, whatever became of earlier ones', async () => {
    await using on = await small()
    await enrich(on, '--limit', '5')
    change(on, (db) => {
      db.update(runs).set({ summary: null }).run()
      const [left] = db.select().from(jobs).all()
      db.update(jobs)
        .set({ state: 'due', stage: 'domain' })
        .where(eq(jobs.company_number, left?.company_number ?? ''))
        .run()
    })
    const { stdout } = await enrich(on, '--limit', '4')
    expect(JSON.parse(stdout)).toMatchObject({ queued: 3, companies: 4, left: 0, waiting: 4 })
    const { stdout: text } = await run(['enrich', '--quiet', '--limit', '3'], { cwd: on.folder.path, env: fast(on) })
    expect(text).toContain(
      'The companies of this run are done: 3 companies ended, 0 left; 1 more waits for a later run',
    )
    expect(JSON.parse((await enrich(on, '--limit', '3')).stdout)).toMatchObject({ companies: 1, waiting: 0 })
  })

  it('gives the places of --limit to companies that can go on before those that wait for the operator', async () => {
    await using on = await small()
    on.snov.setFaults(parseSnovFaults('reset-after:1x:@company-domain-by-name+start'))
    await enrich(on, '--limit', '5')
    on.snov.setFaults([])
    const [doubt] = JSON.parse((await enrich(on, '--unconfirmed')).stdout)
    expect(doubt.inputs.length).toBeGreaterThan(2)
    const stuck = doubt.inputs.length
    const { stdout } = await enrich(on, '--limit', '5')
    expect(JSON.parse(stdout)).toMatchObject({ companies: 5, left: 0, waiting: 7 })
    const last = JSON.parse((await enrich(on, '--limit', '5')).stdout)
    expect(last).toMatchObject({ companies: 7 - stuck, left: stuck - 2, waiting: 2 })
  })

  it('tells credits that it books for an earlier run as such', async () => {
    await using on = await small({ snov: { pendingPolls: 3 } })
    const started = (process: NodeJS.EventEmitter) => {
      const look = () => {
        if (on.read().requests.includes('started')) process.emit('SIGINT')
        else setTimeout(look, 5)
      }
      look()
    }
    const args = ['enrich', '--quiet', '--json']
    const first = await run(args, { cwd: on.folder.path, env: fast(on), started })
    expect([first.code, JSON.parse(first.stdout).credits_spent]).toEqual([130, 0])
    const second = await run(['enrich', '--json', '--max-credits', '0'], { cwd: on.folder.path, env: fast(on) })
    const { credits_spent, credits_settled_earlier } = JSON.parse(second.stdout)
    expect(credits_settled_earlier).toBeGreaterThan(0)
    expect([credits_spent, credits_settled_earlier]).toEqual([0, 1000 - on.snov.balance])
    expect(second.stderr).toContain('purchase of an earlier run settled')
  })

  it('takes one company alone, and refuses one that is not stored', async () => {
    await using on = await small()
    const number = on.world.companyNumber(3)
    expect(JSON.parse((await enrich(on, '--company', number)).stdout)).toMatchObject({ companies: 1, queued: 1 })
    expect(on.read().jobs.map((job) => job.split(' ')[0])).toEqual([number])
    expect((await enrich(on, '--company', 'ZZ999999')).code).toBe(1)
  })

  it('says what became of a company that is named, and tries one that failed again', async () => {
    await using on = await small()
    const [done = '', bad = ''] = [...on.world.numbers()].filter((number) => on.snov.truth.domainOf(number))
    await enrich(on)
    change(on, (db) =>
      db.update(jobs).set({ stage: 'officers', state: 'failed' }).where(eq(jobs.company_number, bad)).run(),
    )
    expect(JSON.parse((await enrich(on, '--company', bad)).stdout)).toMatchObject({ companies: 1, done: 1 })
    const calls = on.snov.requests.total
    const again = JSON.parse((await enrich(on, '--company', done)).stdout)
    expect(again).toMatchObject({ companies: 0, ended_before: { state: 'done', reason: null } })
    const skipped = [...on.world.numbers()].find((number) => !on.snov.truth.domainOf(number)) ?? ''
    const { stdout } = await run(['enrich', '--company', skipped], { cwd: on.folder.path, env: on.env })
    expect(stdout).toMatch(/^This company was skipped on \S+ \(no domain\).*--retry-skipped-after 0s/)
    expect(on.snov.requests.total).toBe(calls)
    await enrich(on, '--company', skipped, '--retry-skipped-after', '0s')
    expect(on.snov.requests.total).toBeGreaterThan(calls)
  })

  it('leaves what was skipped in other companies alone', async () => {
    await using on = await small()
    await enrich(on)
    const [first = '', second = ''] = on
      .read()
      .jobs.filter((job) => job.includes(' skipped '))
      .map((job) => job.split(' ')[0] ?? '')
    change(on, (db) => db.update(jobs).set({ updated_at: 0 }).run())
    await enrich(on, '--company', first, '--retry-skipped-after', '30d')
    change(on, (db) => {
      const row = db
        .select()
        .from(jobs)
        .all()
        .find((job) => job.company_number === second)
      expect(row).toMatchObject({ state: 'skipped', updated_at: 0 })
    })
  })

  it('ends with 4 when the polls say that the credits are used up, and takes the answers later', async () => {
    await using on = await small({ snov: { credits: 1 } })
    on.snov.setFaults(parseSnovFaults('credits-402'))
    const { code, stdout } = await enrich(on)
    expect([code, JSON.parse(stdout)]).toEqual([4, expect.objectContaining({ ended: 'not-enough-credits', failed: 0 })])
    on.snov.moveBalance(500)
    expect(JSON.parse((await enrich(on)).stdout)).toMatchObject({ left: 0, ended: 'nothing-left' })
  })

  it('asks for no suppressed company, person or domain', async () => {
    await using on = await small()
    const db = { added_at: '2026-01-01', reason: null, born: null }
    change(on, (file) => {
      for (const value of on.world.numbers()) {
        file
          .insert(suppressions)
          .values({ ...db, kind: 'company', value })
          .run()
      }
    })
    const { code, stdout } = await enrich(on)
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ skipped: 12, credits_spent: 0 })])
    expect([on.snov.requests.starts, on.rest.requests.total]).toEqual([{}, 0])
  })

  it('buys no addresses at a domain below --min-confidence, and keeps the domain', async () => {
    await using on = await small()
    const { code, stdout } = await enrich(on, '--min-confidence', '100')
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ left: 0, emails: 0 })])
    const { domains, emails } = on.read()
    expect(domains.length).toBeGreaterThan(0)
    expect(domains.filter((line) => !line.includes('|unlikely'))).toEqual([])
    expect(emails).toEqual([])
  })

  it('asks again for what was skipped, when it was skipped long ago', async () => {
    await using on = await small()
    const first = JSON.parse((await enrich(on)).stdout)
    expect(first.skipped).toBeGreaterThan(0)
    const starts = () => Object.values(on.snov.requests.starts).filter((count) => count > 1).length
    expect(JSON.parse((await enrich(on, '--retry-skipped-after', '30d')).stdout)).toMatchObject({ companies: 0 })
    expect(starts()).toBe(0)
    const again = JSON.parse((await enrich(on, '--retry-skipped-after', '1ms')).stdout)
    expect([again.skipped, starts()]).toEqual([first.skipped, first.skipped])
  })

  it('fails a company whose officers cannot be had, lists it, and puts it back', async () => {
    await using on = await small()
    on.rest.setFaults(parseFaults('500'))
    const bad = on.world.companyNumber(0)
    await enrich(on, '--company', bad)
    on.rest.setFaults([{ name: '500', companies: [...on.world.numbers()] }])
    const { code, stdout } = await enrich(on)
    const failed = JSON.parse((await enrich(on, '--failed')).stdout) as { id: string; stage: string; error: string }[]
    expect([code, JSON.parse(stdout).failed]).toEqual([0, failed.length])
    expect(failed.length).toBeGreaterThan(0)
    expect(failed[0]).toMatchObject({ stage: 'officers', error: expect.stringContaining('500') })
    on.rest.setFaults([])
    expect(JSON.parse((await enrich(on, '--retry', 'all')).stdout)).toEqual({ retried: failed.length })
    expect((await enrich(on)).code).toBe(0)
    expect((await enrich(on, '--failed')).stdout).toBe('[]\n')
    expect((await enrich(on, '--retry', bad)).code).toBe(1)
  })

  it('lists purchases in doubt and takes the operator’s word', async () => {
    await using on = await small()
    on.snov.setFaults(parseSnovFaults('reset-after:@company-domain-by-name+start'))
    await enrich(on)
    on.snov.setFaults([])
    const listed = JSON.parse((await enrich(on, '--unconfirmed')).stdout) as {
      id: number
      worst_case_credits: number
    }[]
    expect(listed.length).toBeGreaterThan(0)
    const [{ id } = { id: 0 }] = listed
    expect((await enrich(on, '--settle', String(id), 'perhaps')).code).toBe(2)
    expect((await enrich(on, '--settle', String(id))).code).toBe(2)
    expect((await enrich(on, '--settle', '4711', 'bought')).code).toBe(2)
    expect(JSON.parse((await enrich(on, '--settle', String(id), 'bought')).stdout)).toEqual({ id, settled: 'bought' })
    expect((await enrich(on, '--unconfirmed')).stdout).not.toContain(`"id":${id},`)
    expect(Object.values(on.snov.requests.starts).filter((count) => count > 1)).toEqual([])
  })

  it('keeps a paid answer that matches no name until it is assigned, and buys nothing again meanwhile', async () => {
    await using on = await small()
    on.snov.setFaults(parseSnovFaults('renamed:@company-domain-by-name,miss-no-row'))
    const first = JSON.parse((await enrich(on)).stdout)
    expect(first).toMatchObject({ unmatched: expect.any(Number), failed: 0 })
    on.snov.setFaults([])
    const listed = JSON.parse((await enrich(on, '--unmatched')).stdout)
    expect(listed).toHaveLength(first.unmatched)
    const [{ id, answer, may_belong_to: names }] = listed
    const held = [...on.world.numbers()].filter((number) => names.includes(searchName(on, number)))
    expect(held.length).toBeGreaterThan(1)
    expect(JSON.parse((await enrich(on)).stdout)).toMatchObject({ companies: 0, left: first.left })
    const owner = held.find((number) => on.snov.truth.domainOf(number)?.domain === answer.domain) ?? ''
    expect((await enrich(on, '--assign', String(id))).code).toBe(2)
    expect((await enrich(on, '--assign', String(id), '99999999')).stderr).toContain(names[0])
    expect(JSON.parse((await enrich(on, '--assign', String(id), owner)).stdout)).toEqual({
      id,
      assigned: searchName(on, owner),
    })
    for (const { id: other } of listed.slice(1)) await enrich(on, '--dismiss', String(other))
    expect((await enrich(on, '--dismiss', String(id))).code).toBe(2)
    expect(JSON.parse((await enrich(on)).stdout)).toMatchObject({ left: 0, unmatched: 0 })
    expect(on.read().domains.map((line) => line.split('|').slice(0, 2))).toContainEqual([owner, answer.domain])
    expect(Object.values(on.snov.requests.starts).filter((count) => count > 1)).toEqual([])
    expect(on.read().spent).toBe(1000 - on.snov.balance)
  })

  it('ends although Snov never finishes a task, and starts none again', async () => {
    await using on = await small()
    on.snov.setFaults(parseSnovFaults('never-finish'))
    const { code, stdout } = await enrich(on)
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ left: 12 })])
    await enrich(on)
    expect(Object.values(on.snov.requests.starts).filter((count) => count > 1)).toEqual([])
  })

  it('plans without asking, spending or writing anything', async () => {
    await using on = await small()
    const { code, stdout } = await run(['enrich', '--dry-run', '--json', '--limit', '5'], { cwd: on.folder.path })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      companies: 5,
      names_to_ask: 5,
      people_to_ask: 15,
      companies_without_officers: 5,
      calls: { companies_house: 5, snov: 24 },
      worst_case_credits: 20,
      credits_allowed: 20,
      estimated_seconds: 24,
    })
    expect([on.snov.requests.total, on.rest.requests.total, on.read().jobs]).toEqual([0, 0, []])
    const limited = await enrich(on, '--dry-run', '--max-credits', '3')
    expect(JSON.parse(limited.stdout)).toMatchObject({ companies: 12, credits_allowed: 3 })
  })

  it('takes no company that is not active, unless it is told to', async () => {
    await using on = await small()
    change(on, (db) => {
      const statuses = ['liquidation', 'dissolved', null, 'receivership']
      for (const [index, number] of [...on.world.numbers()].slice(0, statuses.length).entries()) {
        const company_status = statuses[index] ?? null
        db.update(companies).set({ company_status }).where(eq(companies.company_number, number)).run()
      }
    })
    const [liquidated = ''] = on.world.numbers()
    const companiesOf = async (...args: string[]) =>
      JSON.parse((await enrich(on, '--dry-run', ...args)).stdout).companies as number
    expect(await companiesOf()).toBe(8)
    expect(await companiesOf('--limit', '10')).toBe(8)
    expect(await companiesOf('--include-inactive')).toBe(12)
    expect(await companiesOf('--include-inactive', '--company', liquidated)).toBe(1)
    const { code, stderr } = await enrich(on, '--company', liquidated)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/not active: \w+.*with --include-inactive/)])
    expect(JSON.parse((await enrich(on)).stdout)).toMatchObject({ queued: 8, left: 0 })
    change(on, (db) => void db.update(companies).set({ company_status: 'liquidation' }).run())
    expect(JSON.parse((await enrich(on, '--include-inactive')).stdout)).toMatchObject({ queued: 4, left: 0 })
  })

  it('takes up a company that it has skipped as not active once it is told to', async () => {
    await using on = await small()
    expect((await enrich(on, '--max-credits', '0')).code).toBe(0)
    const status = (company_status: string) => (db: ReturnType<typeof openDb>) =>
      void db.update(companies).set({ company_status }).run()
    change(on, status('liquidation'))
    expect(JSON.parse((await enrich(on)).stdout)).toMatchObject({ skipped: 12, credits_spent: 0 })
    expect(JSON.parse((await enrich(on, '--include-inactive')).stdout).companies).toBe(12)
  })

  const wrong: string[][] = [
    ['--failed', '--unconfirmed'],
    ['--failed', '--limit', '3'],
    ['--limit', '3', '--company', '00000001'],
    ['--settle', '3', 'bought', '--dry-run'],
    ['--retry', 'all', '--max-credits', '3'],
    ['--company', 'so-so'],
    ['--min-confidence', '101'],
    ['--max-credits', '-1'],
  ]
  it.each(wrong)('refuses %s %s %s %s', async (...args) => {
    using folder = tempFolder()
    expect((await run(['enrich', ...args.filter(Boolean)], { cwd: folder.path })).code).toBe(2)
  })

  it('says that there is no database yet', async () => {
    using folder = tempFolder()
    const { code, stderr } = await run(['enrich', '--failed'], { cwd: folder.path })
    expect([code, stderr]).toEqual([1, expect.stringContaining('no database')])
  })
})
