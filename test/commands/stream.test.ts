import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { statusLine } from '../../src/commands/stream-run.ts'
import { renderSummary } from '../../src/commands/stream-summary.ts'
import { type Db, openDb } from '../../src/db/open.ts'
import { companies, domains, emails, jobs, stream_gaps, stream_rejects } from '../../src/db/schema.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { type SnovSandbox, startSnovSandbox } from '../../src/sandbox/snov/server.ts'
import { parseStreamFaults } from '../../src/sandbox/stream/faults.ts'
import { type StreamSandbox, startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { loadCompanies } from '../acceptance/load-companies.ts'
import { type Finished, run, type TempFolder, tempFolder } from '../host.ts'

interface Opened extends AsyncDisposable {
  rest: Sandbox
  stream: StreamSandbox
  snov: SnovSandbox
  folder: TempFolder
  env: Record<string, string>
  /** Runs `chpipe stream` with these options until it ends by itself. */
  follow(args: string[], env?: Record<string, string>): Promise<Finished>
  /** Runs it until `isSo`, then interrupts it. */
  followUntil(args: string[], isSo: () => boolean, env?: Record<string, string>): Promise<Finished>
}

async function opened(): Promise<Opened> {
  const world = createWorld({ seed: 21, companies: 60 })
  const rest = await startSandbox({ world, quota: { limit: 600, windowMs: 1000 } })
  const stream = await startStreamSandbox({ world, heartbeatMs: 50, race: { linkMs: 0, metricsMs: 0 } })
  const snov = await startSnovSandbox({ world, minuteMs: 500 })
  const folder = tempFolder()
  const standard = {
    COMPANIES_HOUSE_API_URL: rest.url,
    COMPANIES_HOUSE_API_KEY: rest.apiKey,
    CHPIPE_CH_QUOTA: '600/1s',
    COMPANIES_HOUSE_STREAM_URL: stream.url,
    COMPANIES_HOUSE_STREAM_KEY: stream.streamKey,
    SNOV_API_URL: snov.url,
    SNOV_CLIENT_ID: snov.clientId,
    SNOV_CLIENT_SECRET: snov.clientSecret,
    CHPIPE_SNOV_QUOTA: '60/500ms',
    CHPIPE_TIME_SCALE: '0.02',
  }
  const follow: Opened['follow'] = (args, env = {}) =>
    run(['stream', ...args], { cwd: folder.path, env: { ...standard, ...env } })
  return {
    rest,
    stream,
    snov,
    folder,
    env: standard,
    follow,
    followUntil(args, isSo, env = {}) {
      const started = (process: NodeJS.EventEmitter) => {
        const deadline = Date.now() + 15_000
        const look = () => {
          if (isSo() || Date.now() > deadline) process.emit('SIGTERM')
          else setTimeout(look, 30)
        }
        look()
      }
      return run(['stream', ...args], { cwd: folder.path, env: { ...standard, ...env }, started })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([rest.close(), stream.close(), snov.close()])
      folder[Symbol.dispose]()
    },
  }
}

function stored({ folder }: Opened) {
  const db = openDb(folder.file('companies.db'))
  try {
    return {
      companies: db.select().from(companies).all(),
      jobs: db.select().from(jobs).all(),
      domains: db.select().from(domains).all(),
      emails: db.select().from(emails).all(),
      gaps: db.select().from(stream_gaps).all(),
      rejects: db.select().from(stream_rejects).all(),
    }
  } finally {
    db.$client.close()
  }
}

function change({ folder }: Opened, edit: (db: Db) => void): void {
  const db = openDb(folder.file('companies.db'))
  edit(db)
  db.$client.close()
}

describe('chpipe stream --streams companies,officers --enrich', () => {
  it('fetches lists in doubt again in the background, and new companies as soon as their officers are told of', async () => {
    await using on = await opened()
    loadCompanies(on.folder, on.stream.truth)
    const listed = [...on.stream.truth.numbers()].filter((number) => {
      const officers = on.stream.truth.officers(number)
      return officers.length > 0 && officers.every(({ item }) => !item.contribution_sub_types)
    })
    change(on, (db) => {
      const fetched = { officers_fetched_at: '2026-01-01T00:00:00.000Z', officers_count: 1 }
      for (const number of listed.slice(0, 5)) {
        db.update(companies)
          .set({ officers_state: 'stale', ...fetched })
          .where(eq(companies.company_number, number))
          .run()
      }
    })
    const watch = new Database(on.folder.file('companies.db'), { readonly: true })
    const state = watch.prepare('SELECT officers_state FROM companies WHERE company_number = ?').pluck()
    const isComplete = (number: string) => state.get(number) === 'complete'
    let born = ''
    const isDone = () => {
      if (on.stream.requests.open < 2) return false
      born ||= on.stream.publishNewCompany({ officerCount: 1, race: { linkMs: 900, metricsMs: 700 } }).company_number
      return [...listed.slice(0, 5), born].every(isComplete)
    }
    // The timer of the new company's officers is set to minutes, so that only the stream can have been quicker.
    const args = ['--streams', 'companies,officers', '--enrich', '--json']
    const { code, stdout } = await on.followUntil(args, isDone, { CHPIPE_TIME_SCALE: '0.5' })
    watch.close()
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      lists_fetched_again: 5,
      streams: [{ stream: 'companies' }, { stream: 'officers' }],
    })
    expect(on.rest.requests.officerCalls[listed[0] ?? '']).toBe(1)
    expect(on.rest.requests.officerCalls[listed[5] ?? '']).toBeUndefined()
  }, 30_000)

  it('loses no event of one stream when the other fails, and ends with the error when it is stopped', async () => {
    await using on = await opened()
    loadCompanies(on.folder, on.stream.truth)
    change(on, (db) => db.$client.exec('DROP TABLE officer_lists'))
    const number = on.stream.truth.companyNumber(0)
    let told = 0
    const isDone = () => {
      if (told === 0 && on.stream.requests.open === 2) {
        told = 1
        on.stream.publishOfficers(number)
      }
      if (told === 1 && on.stream.requests.open === 1)
        told = on.stream.changeCompany(number, { company_name: 'NEW NAME' })
      return told > 1 && stored(on).companies.some(({ company_name }) => company_name === 'NEW NAME')
    }
    const { code, stderr } = await on.followUntil(['--streams', 'companies,officers'], isDone)
    expect(code).not.toBe(0)
    expect(stderr).toContain('a stream is not followed any more; the others are stream=officers')
    change(on, (db) => {
      const ended = db.$client.prepare('SELECT command, summary IS NOT NULL FROM runs ORDER BY id').raw().all()
      expect(ended).toEqual([
        ['stream', 1],
        ['stream-officers', 0],
      ])
      expect(db.$client.prepare('SELECT count(*) FROM stream_cursors WHERE claimed_by IS NOT NULL').pluck().get()).toBe(
        0,
      )
    })
  })

  it('refuses --from with several streams, and more streams than an account may hold connections', async () => {
    await using on = await opened()
    const several = await on.follow(['--streams', 'companies,officers', '--from', '7'])
    expect([several.code, several.stderr]).toEqual([2, expect.stringContaining('--from is a timepoint of one stream')])
    const unknown = await on.follow(['--streams', 'companies,filings'])
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('filings')])
    expect(stored(on).companies).toEqual([])
  })

  it('follows the officers stream alone under its own name', async () => {
    await using on = await opened()
    const number = on.stream.truth.companyNumber(0)
    const first = on.stream.logs.officers.next
    on.stream.publishOfficers(number)
    const { code, stdout, stderr } = await on.follow([
      '--streams',
      'officers',
      '--from',
      String(first),
      '--max-events',
      '1',
    ])
    expect(code).toBe(0)
    expect(stdout).toContain('officers        0 new, 0 updated, 0 deleted')
    expect(stderr).toContain(`stream connected stream=officers timepoint=${first}`)
  })
})

describe('chpipe stream', () => {
  it('stores new companies, tells each with its number and timepoint, and sums up', async () => {
    await using on = await opened()
    const first = on.stream.logs.companies.next
    const born = on.stream.publishNewCompany()
    on.stream.changeCompany(on.stream.truth.companyNumber(3))
    const last = on.stream.logs.companies.next - 1
    const args = ['--from', String(first), '--max-events', String(last - first + 1)]
    const { code, stdout, stderr } = await on.follow([...args, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      ended: 'events-reached',
      timepoint: last,
      events: last - first + 1,
      inserted: 1,
      queued: 1,
      rejects: 0,
      gaps: 0,
    })
    expect(stderr).toContain(`new company company=${born.company_number} timepoint=${first} name=`)
    expect(stderr).toContain(`stream connected stream=companies timepoint=${first}`)
    expect(stored(on).jobs).toMatchObject([{ company_number: born.company_number, stage: 'domain', cause: 'new' }])
  })

  it('tells of rejects and gaps, in JSON lines when asked', async () => {
    await using on = await opened()
    const first = on.stream.logs.companies.next
    on.stream.changeCompany(on.stream.truth.companyNumber(1))
    on.stream.logs.companies.jump(5)
    const odd = { resource_kind: 'company-profile', resource_uri: '/company/x', resource_id: 'ODD', data: {} }
    const bad = on.stream.publish(odd)
    on.stream.changeCompany(on.stream.truth.companyNumber(2))
    const args = ['--from', String(first), '--max-events', '2', '--log-format', 'json']
    const { code, stderr } = await on.follow(args)
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(0)
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'timepoints were skipped', from: first + 1, to: first + 5 }),
    )
    expect(lines).toContainEqual(expect.objectContaining({ message: 'line rejected and kept', timepoint: bad }))
    expect([stored(on).gaps.length, stored(on).rejects.length]).toEqual([1, 1])
  })

  it('says why it connects again, and nothing at all while nothing happens', async () => {
    await using on = await opened()
    on.stream.setFaults(parseStreamFaults('502:1x'))
    const { code, stderr } = await on.follow(['--for', '1500ms'])
    const lines = stderr.trimEnd().split('\n')
    expect(code).toBe(0)
    expect(lines.map((line) => line.slice(31).split(' stream=')[0])).toEqual([
      'stream interrupted; reconnecting',
      'stream connected',
    ])
    expect(lines[0]).toContain('error="Companies House answered 502 instead of the stream"')
  })

  it('warns of silence although heartbeats go on', async () => {
    await using on = await opened()
    const { stderr } = await on.follow(['--for', '1200ms', '--silence', '10s'])
    expect(stderr).toContain('no event for too long')
  })

  it('keeps to its filters and triggers, of which several may be given', async () => {
    await using on = await opened()
    const { truth } = on.stream
    const first = on.stream.logs.companies.next
    const numbers = [2, 3, 4].map((index) => truth.companyNumber(index))
    const status = ['liquidation', 'administration', 'active'] as const
    for (const number of numbers) on.stream.changeCompany(number, { company_status: 'active' })
    for (const [index, number] of numbers.entries()) {
      on.stream.changeCompany(number, { company_status: status[index] ?? 'active' })
    }
    on.stream.publishNewCompany()
    const triggers = ['--trigger', 'status=liquidation', '--trigger', 'status=administration']
    const args = ['--from', String(first), '--all', '--max-events', '7', '--new-within', '1h', ...triggers]
    expect((await on.follow(args)).code).toBe(0)
    const caused = stored(on).jobs.map(({ company_number, cause }) => [company_number, cause])
    expect(caused).toEqual(
      expect.arrayContaining([
        [numbers[0], 'status=liquidation'],
        [numbers[1], 'status=administration'],
      ]),
    )
    expect(caused.filter(([, cause]) => cause !== 'new')).toHaveLength(2)
  })

  it('warns before it enriches without a backup younger than a day, and not otherwise', async () => {
    await using on = await opened()
    const warning = 'the last backup is older than a day, or there is none try="chpipe backup"'
    const args = ['--for', '200ms', '--max-credits', '0', '--enrich']
    expect((await on.follow(args)).stderr).toContain(warning)
    expect((await on.follow(['--for', '200ms'])).stderr).not.toContain(warning)
    await run(['backup'], { cwd: on.folder.path })
    expect((await on.follow(args)).stderr).not.toContain(warning)
    const db = openDb(on.folder.file('companies.db'))
    db.$client.exec("UPDATE runs SET finished_at = finished_at - 86400001 WHERE command = 'backup'")
    db.$client.close()
    expect((await on.follow(args)).stderr).toContain(warning)
  })

  it('enriches beside the stream: domains, officers and e-mails, each credit spent once', async () => {
    await using on = await opened()
    const first = on.stream.logs.companies.next
    for (let index = 0; index < 12; index += 1) on.stream.publishNewCompany()
    const isDone = () => {
      const jobs = existsSync(on.folder.file('companies.db')) ? stored(on).jobs : []
      return jobs.length === 12 && jobs.every(({ state }) => state !== 'due')
    }
    const args = ['--enrich', '--from', String(first), '--json']
    const { code, stdout, stderr } = await on.followUntil(args, isDone)
    const { enriched } = JSON.parse(stdout)
    const found = stored(on)
    expect(code).toBe(0)
    expect(enriched).toEqual({
      done: found.jobs.filter(({ state }) => state === 'done').length,
      skipped: found.jobs.filter(({ state }) => state === 'skipped').length,
      failed: 0,
      domains: found.domains.length,
      emails: found.emails.length,
      credits_spent: on.snov.requests.creditsSpent,
      credits_settled_earlier: 0,
    })
    expect(enriched.done + enriched.skipped).toBe(12)
    expect(found.domains.length).toBeGreaterThan(2)
    expect(Object.values(on.snov.requests.starts).filter((times) => times > 1)).toEqual([])
    expect(stderr).toContain('domain found')
    expect(stderr + stdout).not.toContain(on.snov.clientSecret)
  })

  it('buys nothing for what a capped `enrich` has queued or put back, unless --backlog is given', async () => {
    await using on = await opened()
    loadCompanies(on.folder, on.rest.truth)
    const enrich = (...args: string[]) => run(['enrich', '--quiet', ...args], { cwd: on.folder.path, env: on.env })
    expect((await enrich('--max-credits', '0', '--limit', '8')).code).toBe(0)
    change(on, (db) => {
      const [skipped, failed] = db
        .select()
        .from(jobs)
        .limit(2)
        .all()
        .map((job) => eq(jobs.company_number, job.company_number))
      db.update(jobs).set({ state: 'skipped', owner: 'stream', updated_at: 0 }).where(skipped).run()
      db.update(jobs).set({ state: 'failed', owner: 'stream' }).where(failed).run()
    })
    expect((await enrich('--retry', 'all')).code).toBe(0)
    expect((await enrich('--max-credits', '0', '--limit', '8', '--retry-skipped-after', '1d')).code).toBe(0)
    const first = on.stream.logs.companies.next
    const born = on.stream.publishNewCompany()
    const own = () => stored(on).jobs.find(({ company_number: number }) => number === born.company_number)
    const isDone = () => (own()?.state ?? 'due') !== 'due'
    await on.followUntil(['--enrich', '--from', String(first)], isDone)
    expect(own()).toMatchObject({ owner: 'stream' })
    expect(stored(on).jobs.filter(({ state, owner }) => state === 'due' && owner === 'enrich')).toHaveLength(8)
    const asked = Object.keys(on.snov.requests.starts).filter((input) => input.includes('company-domain'))
    expect(asked).toHaveLength(1)
    const isEmpty = () => stored(on).jobs.every(({ state }) => state !== 'due')
    await on.followUntil(['--enrich', '--backlog'], isEmpty)
    expect(isEmpty()).toBe(true)
  })

  it('goes on when the credentials for the paid half are refused, and says so', async () => {
    await using on = await opened()
    const first = on.stream.logs.companies.next
    on.stream.publishNewCompany()
    const args = ['--enrich', '--from', String(first), '--for', '1500ms', '--json']
    const { code, stdout, stderr } = await on.follow(args, { SNOV_CLIENT_SECRET: 'wrong-secret-77' })
    expect({ code, ended: JSON.parse(stdout).ended }).toEqual({ code: 0, ended: 'time-over' })
    expect(stderr).toContain('enrichment is paused; the stream continues')
    expect(stderr).not.toContain('wrong-secret-77')
    expect(stored(on).companies).toHaveLength(1)
  })

  it('spends nothing with --max-credits 0', async () => {
    await using on = await opened()
    const first = on.stream.logs.companies.next
    on.stream.publishNewCompany()
    const args = ['--enrich', '--max-credits', '0', '--from', String(first), '--for', '1s']
    expect((await on.follow(args)).code).toBe(0)
    expect(on.snov.requests.starts).toEqual({})
    expect(stored(on).jobs).toHaveLength(1)
  })

  it.each([
    [['--only-new', '--all'], 2, '--only-new and --all contradict each other'],
    [['--only-new', '--trigger', 'status=dissolved'], 2, '--only-new and --trigger contradict each other'],
    [['--max-credits', '3'], 2, '--max-credits needs --enrich'],
    [['--backlog'], 2, '--backlog needs --enrich'],
    [['--min-confidence', '30'], 2, '--min-confidence needs --enrich'],
    [['--trigger', 'name=x'], 2, '--trigger: not a trigger: name=x'],
    [['--from', '-1'], 2, '--from: expected a timepoint'],
    [['--from', '1234567890123456'], 2, '--from: expected a timepoint'],
    [[], 3, 'COMPANIES_HOUSE_STREAM_KEY is not set'],
  ])('refuses %j without a key with %i, before anything is written', async (args, code, sentence) => {
    using folder = tempFolder()
    const finished = await run(['stream', ...args], { cwd: folder.path })
    expect({ ...finished, stderr: finished.stderr.includes(sentence) }).toEqual({ code, stdout: '', stderr: true })
    expect(existsSync(folder.file('companies.db'))).toBe(false)
  })

  it.each([
    ['COMPANIES_HOUSE_API_KEY', { SNOV_CLIENT_ID: 'a', SNOV_CLIENT_SECRET: 'b' }],
    ['SNOV_CLIENT_ID', { COMPANIES_HOUSE_API_KEY: 'a', SNOV_CLIENT_SECRET: 'b' }],
  ])('needs %s for --enrich', async (missing, given) => {
    using folder = tempFolder()
    const env = { COMPANIES_HOUSE_STREAM_KEY: 'key', ...given }
    const { code, stderr } = await run(['stream', '--enrich'], { cwd: folder.path, env })
    expect({ code, named: stderr.includes(missing) }).toEqual({ code: 3, named: true })
  })
})

it('the summary and the status line read well', () => {
  const summary = {
    ended: 'interrupted',
    timepoint: 104_000_125,
    events: 1250,
    inserted: 30,
    updated: 95,
    deleted: 1,
    queued: 30,
    rejects: 2,
    gaps: 1,
    misplaced: 2,
    repeated: 3,
    elapsed_seconds: 3725,
    enriched: {
      done: 13,
      skipped: 17,
      failed: 0,
      domains: 13,
      emails: 7,
      credits_spent: 20,
      credits_settled_earlier: 5,
    },
  } as const
  expect(renderSummary(summary).trimEnd().split('\n')).toEqual([
    'Stopped; every event received is stored.',
    'events          1,250 in 1h 2m',
    'companies       30 new, 95 updated, 1 deleted',
    'queued          30 for enrichment',
    'rejects         2 lines that could not be read are kept',
    'gaps            1 jumps in the timepoints',
    'out of place    2 timepoints did not follow the one before them',
    'repeated        3 lines had been stored before',
    'enriched        13 done, 17 without a domain, 0 failed',
    'found           13 domains, 7 e-mails, for 20 credits',
    '                5 more credits were booked for purchases of earlier runs',
    'timepoint       104000125',
  ])
  const report = {
    stream: 'companies',
    running: true,
    host: 'a',
    pid: 1,
    connected_since: '2026-01-05T12:00:00.000Z',
    last_event_at: '2026-01-05T12:00:55.000Z',
    timepoint: 7,
    events: 30,
    events_per_minute: 12.5,
    lag_seconds: 2,
    silent: false,
    jumps: 0,
    expired: 0,
    unrepaired: 0,
    misplaced: 0,
    misplaced_at: null,
    rejects: 2,
  }
  const found = { done: 1, skipped: 0, failed: 0, domains: 13, emails: 7, earlierCredits: 0 }
  expect(statusLine(report, Date.UTC(2026, 0, 5, 12, 1), found)).toBe(
    'following  12.5 events/min  last 5s ago  13 domains  7 e-mails  2 rejects',
  )
})
