import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { renderChecks } from '../../src/commands/doctor.ts'
import { type Db, openDb, schemaVersion } from '../../src/db/open.ts'
import { startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { startSnovSandbox } from '../../src/sandbox/snov/server.ts'
import { startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { readSettings } from '../../src/settings.ts'
import { type Check, guarded, ok } from '../../src/steps/doctor/check.ts'
import { checkAddresses, checkDisk, checkNode } from '../../src/steps/doctor/machine.ts'
import { checkClock } from '../../src/steps/doctor/services.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { json, plain, scriptedServer, silent } from '../scripted-server.ts'
import { fill, newDatabase } from '../steps/export/export-world.ts'

const KEYS = {
  COMPANIES_HOUSE_API_KEY: 'rest-key-of-the-test',
  COMPANIES_HOUSE_STREAM_KEY: 'stream-key-of-the-test',
  SNOV_CLIENT_ID: 'client-of-the-test',
  SNOV_CLIENT_SECRET: 'secret-of-the-test',
}

/** All three services at one address that answers, or does not, as told. */
function at(url: string): Record<string, string> {
  return { ...KEYS, COMPANIES_HOUSE_API_URL: url, COMPANIES_HOUSE_STREAM_URL: url, SNOV_API_URL: url }
}

/** A folder with a database, into which `prepare` may write. */
function stocked(prepare: (db: Db) => void = () => {}): TempFolder {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db, 3, 2)
  prepare(db)
  db.$client.close()
  return folder
}

async function examine(folder: TempFolder, args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await run(['doctor', '--json', ...args], { cwd: folder.path, env })
  const checks = JSON.parse(stdout) as Check[]
  const of = (name: string) => checks.find(({ check }) => check === name)
  return { code, stdout, stderr, checks, of }
}

describe('chpipe doctor', () => {
  it('finds everything well, tries each key with one call that is counted, and ends with 0', async () => {
    using folder = stocked()
    const world = createWorld({ seed: 3, companies: 20 })
    await using rest = await startSandbox({ world, quota: { limit: 600, windowMs: 60_000 } })
    await using stream = await startStreamSandbox({ world, heartbeatMs: 50 })
    await using snov = await startSnovSandbox({ world })
    const env = {
      COMPANIES_HOUSE_API_URL: rest.url,
      COMPANIES_HOUSE_API_KEY: rest.apiKey,
      COMPANIES_HOUSE_STREAM_URL: stream.url,
      COMPANIES_HOUSE_STREAM_KEY: stream.streamKey,
      SNOV_API_URL: snov.url,
      SNOV_CLIENT_ID: snov.clientId,
      SNOV_CLIENT_SECRET: snov.clientSecret,
    }
    await run(['backup'], { cwd: folder.path })
    const { code, checks, of, stdout, stderr } = await examine(folder, [], env)
    expect([code, stderr, checks.filter(({ state }) => state !== 'ok')]).toEqual([0, '', []])
    expect(checks.map(({ check }) => check)).toEqual(
      [
        'node',
        'sqlite',
        'database',
        'integrity',
        'disk',
        'temporary',
        'settings',
        'permissions',
        'environment',
        'rest-key',
        'stream-key',
        'snov',
        'clock',
      ].concat([
        'proxy',
        'addresses',
        'backup',
        'allowance',
        'processes',
        'stream',
        'gaps',
        'rejects',
        'jobs',
        'purchases',
        'credits',
      ]),
    )
    expect(Object.keys(checks[0] ?? {})).toEqual(['check', 'state', 'message', 'hint'])
    expect(of('snov')?.message).toMatch(/; \d+\.\d\d credits left$/)
    expect(of('allowance')?.message).toBe('1 of 600 calls used in 5m; peak 1, refused 0')
    expect(of('addresses')?.message).toBe(`not the real services: ${rest.url}, ${stream.url}, ${snov.url}`)
    for (const secret of [rest.apiKey, stream.streamKey, snov.clientSecret]) expect(stdout).not.toContain(secret)
  })

  it('fails without a REST key, warns of other keys, and --offline makes no call', async () => {
    using folder = stocked()
    await using server = await scriptedServer(() => json({}))
    const bare = await examine(folder, ['--offline'])
    expect(bare.code).toBe(1)
    expect([bare.of('rest-key')?.state, bare.of('stream-key')?.state, bare.of('snov')?.state]).toEqual([
      'fail',
      'warn',
      'warn',
    ])
    const set = await examine(folder, ['--offline'], at(server.url))
    expect([set.code, server.asked]).toEqual([0, []])
    expect(set.of('rest-key')).toEqual({
      check: 'rest-key',
      state: 'ok',
      message: 'set; not tried (--offline)',
      hint: null,
    })
  })

  it('runs although a variable is wrong, says so, and sends no key to another place instead', async () => {
    using folder = stocked()
    await using server = await scriptedServer(() => plain(401))
    const wrong = { COMPANIES_HOUSE_API_URL: 'api.example', CHPIPE_TARGET: 'abc', CHPIPE_TMP: 'nowhere' }
    const { code, of } = await examine(folder, [], { ...at(server.url), ...wrong })
    expect([code, of('settings')?.state, of('stream-key')?.state]).toEqual([1, 'fail', 'fail'])
    for (const name of Object.keys(wrong)) expect(of('settings')?.message).toContain(name)
    expect(of('rest-key')).toMatchObject({
      state: 'fail',
      message: 'not tried: COMPANIES_HOUSE_API_URL is not an http(s) URL without credentials',
    })
  })

  it('asks about a company that is stored, or else searches for one, and invents none', async () => {
    await using server = await scriptedServer(() => plain(401))
    using empty = tempFolder()
    await run(['token', 'add', 'acme'], { cwd: empty.path })
    await examine(empty, [], at(server.url))
    using folder = stocked()
    await examine(folder, [], at(server.url))
    const asked = server.asked.filter((path) => /^\/(company|advanced-search)\//.test(path))
    expect(asked).toEqual([
      '/advanced-search/companies?company_status=active&size=1',
      '/company/00000001/officers?items_per_page=1',
    ])
  })

  it('warns of a last backup that is gone, however young', async () => {
    using folder = stocked((db) =>
      db.$client
        .prepare(
          `INSERT INTO runs (command, host, boot, pid, started_at, heartbeat_at, finished_at, summary)
            VALUES ('backup', 'h', 'b', 1, 0, 0, ?, '{"path":"/gone.db"}')`,
        )
        .run(Date.now()),
    )
    const { of } = await examine(folder, ['--offline'])
    expect(of('backup')).toMatchObject({ state: 'warn', hint: 'make another: chpipe backup' })
  })

  it('fails for every key that is refused', async () => {
    using folder = stocked()
    await using server = await scriptedServer(() => plain(401))
    const { code, of, stdout } = await examine(folder, [], at(server.url))
    expect(code).toBe(1)
    expect(of('rest-key')).toMatchObject({ state: 'fail', message: 'Companies House refused the API key (401)' })
    expect(of('stream-key')).toMatchObject({ state: 'fail', message: 'Companies House refused the stream key (401)' })
    expect(of('snov')).toMatchObject({ state: 'fail', message: expect.stringContaining('Snov refused the client') })
    for (const secret of Object.values(KEYS)) expect(stdout).not.toContain(secret)
  })

  it('warns of services in trouble, and of a server that is not Companies House', async () => {
    using folder = stocked()
    await using down = await scriptedServer(() => plain(503))
    const trouble = await examine(folder, [], { ...at(down.url), CHPIPE_TIME_SCALE: '0.05' })
    expect([trouble.code, trouble.of('rest-key')?.state, trouble.of('stream-key')?.state]).toEqual([0, 'warn', 'warn'])
    expect(trouble.of('snov')?.state).toBe('warn')
    await using other = await scriptedServer(() => plain(404))
    const { of } = await examine(folder, [], at(other.url))
    expect(of('rest-key')).toMatchObject({ state: 'warn', hint: 'check COMPANIES_HOUSE_API_URL' })
  })

  it('fails in time for services that do not answer, or are not there; other checks go on', async () => {
    using folder = stocked()
    await using mute = await scriptedServer(() => silent)
    const { code, of } = await examine(folder, [], { ...at(mute.url), CHPIPE_TIME_SCALE: '0.01' })
    expect([code, of('rest-key')?.state, of('snov')?.state]).toEqual([1, 'fail', 'fail'])
    expect(of('stream-key')?.state).toBe('warn')
    expect(of('integrity')?.state).toBe('ok')
    const gone = await examine(folder, [], { ...at('http://127.0.0.1:9'), CHPIPE_TIME_SCALE: '0.01' })
    expect(gone.of('rest-key')).toMatchObject({ state: 'fail', hint: 'check the network, the proxy and the address' })
    expect(gone.of('stream-key')?.state).toBe('fail')
  })

  it("fails when the clock is a minute off the servers'", async () => {
    using folder = stocked()
    const date = new Date(Date.now() + 300_000).toUTCString()
    await using server = await scriptedServer(() => (_request, response) => {
      response.writeHead(404, { date, 'x-ratelimit-remain': '599' }).end()
    })
    const { code, of } = await examine(folder, [], { ...KEYS, COMPANIES_HOUSE_API_URL: server.url, SNOV_CLIENT_ID: '' })
    expect(code).toBe(1)
    expect(of('clock')?.message).toMatch(/^this machine's clock is (5m|4m 5\ds|5m 1s) behind the servers'$/)
  })

  it('warns without a database, creates none, and goes on', async () => {
    using folder = tempFolder()
    const { code, of, checks } = await examine(folder, ['--offline'], KEYS)
    expect([code, of('database')?.state, checks.length]).toEqual([0, 'warn', 14])
    expect(readdirSync(folder.path)).toEqual([])
    const lost = await examine(folder, ['--offline', '--db', 'no/such/folder.db'], KEYS)
    expect([lost.code, lost.of('database')?.state]).toEqual([1, 'fail'])
  })

  it.each(['its header', 'its pages'])(
    'fails when the database is damaged in %s, and still tries the keys',
    async (place) => {
      using folder = stocked()
      const file = folder.file('companies.db')
      const bytes = readFileSync(file)
      writeFileSync(file, place === 'its header' ? bytes.fill(0, 0, 100) : bytes.fill(0xa5, 4096 * 3, 4096 * 8))
      await using server = await scriptedServer(() => (_request, response) => {
        response.writeHead(404, { 'x-ratelimit-remain': '599' }).end()
      })
      const { code, checks, of } = await examine(folder, [], {
        ...KEYS,
        COMPANIES_HOUSE_API_URL: server.url,
        SNOV_CLIENT_ID: '',
      })
      expect(code).toBe(1)
      const damaged = checks.filter(({ check, state }) => state === 'fail' && ['database', 'integrity'].includes(check))
      expect(damaged.length).toBeGreaterThan(0)
      expect(checks.filter(({ hint }) => hint === 'please report this')).toEqual([])
      expect(of('rest-key')?.state).toBe('ok')
    },
  )

  it.each(['stream_gaps', 'stream_cursors'])('fails the checks alone that need what is broken: %s', async (table) => {
    using folder = stocked((db) => db.$client.exec(`DROP TABLE ${table}`))
    const { code, checks, of } = await examine(folder, ['--offline'], KEYS)
    expect(code).toBe(1)
    const failed = checks.filter(({ state }) => state === 'fail').map(({ check }) => check)
    expect(failed).toContain(table === 'stream_gaps' ? 'pscs' : 'stream')
    expect([of('backup')?.state, of('jobs')?.state, of('processes')?.state]).not.toContain('fail')
  })

  it('neither migrates an older schema nor takes a newer one', async () => {
    let newest = 0
    using older = stocked((db) => {
      newest = schemaVersion(db)
      db.$client.pragma('user_version = 4')
    })
    const before = readFileSync(older.file('companies.db'))
    const { code, of } = await examine(older, ['--offline'], KEYS)
    expect([code, of('database')?.state]).toEqual([0, 'warn'])
    expect(of('database')?.message).toContain(`has schema 4 of ${newest}`)
    expect(readFileSync(older.file('companies.db'))).toEqual(before)
    using newer = stocked((db) => db.$client.pragma('user_version = 99'))
    expect((await examine(newer, ['--offline'], KEYS)).of('database')).toMatchObject({ state: 'fail' })
  })

  it('leaves the stream alone while a process follows it, and names that process', async () => {
    using folder = stocked((db) => {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
      db.$client
        .prepare(
          `INSERT INTO runs (id, command, host, boot, pid, started_at, heartbeat_at) VALUES (7, 'stream', ?, ?, ?, ?, ?)`,
        )
        .run(hostname(), boot, process.pid, Date.now(), Date.now())
      db.$client
        .prepare(
          `INSERT INTO stream_cursors (stream, timepoint, claimed_by, last_event_at, events) VALUES ('companies', 5, 7, ?, 1)`,
        )
        .run(Date.now() - 5000)
    })
    await using server = await scriptedServer(() => plain(401))
    const { of } = await examine(folder, [], at(server.url))
    const message = `set; not tried, as process ${process.pid} follows the stream`
    expect(of('stream-key')).toMatchObject({ state: 'ok', message })
    expect(server.asked.filter((path) => path.startsWith('/companies'))).toEqual([])
    expect(of('processes')?.message).toContain(`stream (process ${process.pid} on ${hostname()}`)
    expect(of('stream')?.message).toMatch(new RegExp(`^followed by process ${process.pid}; last event [5-9]s ago`))
  })

  it('warns of what waits for the operator', async () => {
    using folder = stocked((db) => {
      const now = Date.now()
      const aged = now - 2 * 86_400_000
      db.$client.exec(`
        INSERT INTO jobs (company_number, stage, state, owner, due_at, cause, created_at, updated_at, run_id)
          VALUES ('00000001', 'domain', 'failed', 'stream', 0, 'new', 0, 0, 1);
        INSERT INTO provider_requests (provider, operation, request_key, input, status, reserved, requested_at, run_id)
          VALUES ('snov', 'domain', 'k', '[]', 'unconfirmed', 5, ${now}, 1);
        INSERT INTO unmatched_answers (request_id, name, answer, received_at) VALUES (1, '???', '{}', ${now});
        INSERT INTO stream_cursors (stream, timepoint, last_event_at, events) VALUES ('companies', 5, ${aged}, 1);
        INSERT INTO stream_rejects (stream, reason, line, received_at, run_id) VALUES ('companies', 'no JSON', '{', ${now}, 1);
        INSERT INTO stream_gaps (stream, kind, from_timepoint, from_day, to_day, noted_at, run_id)
          VALUES ('companies', 'expired', 1, '2026-01-01', '2026-01-02', ${now}, 1);
        INSERT INTO runs (command, host, boot, pid, started_at, heartbeat_at, finished_at, summary)
          VALUES ('backup', 'h', 'b', 1, ${aged}, ${aged}, ${aged}, '{"path":"/gone.db"}');`)
    })
    const { code, checks, of } = await examine(folder, ['--offline'], { ...KEYS, CHPIPE_CREDIT_BUDGET: '5/1d' })
    expect(code).toBe(0)
    const warned = checks.filter(({ state }) => state === 'warn').map(({ check }) => check)
    expect(warned).toEqual(['backup', 'stream', 'gaps', 'rejects', 'jobs', 'purchases', 'credits'])
    expect(of('backup')?.message).toBe('the last was made 2d ago: /gone.db, but the file is gone')
    expect(of('stream')?.message).toBe('no process is following it; last event 2d ago')
    expect(of('purchases')?.message).toBe(
      '1 in doubt: nobody knows whether they were made; 1 paid answers match none of the names asked for',
    )
    expect(of('credits')?.message).toBe('the budget is used up: 0 spent, 5 reserved of 5 in 1d')
    expect(checks.every(({ state, hint }) => (state === 'ok') === (hint === null))).toBe(true)
  })

  const followed = (summary: string | null, claimedBy: number | null, heardAt = 0) =>
    stocked((db) =>
      db.$client.exec(`
        INSERT INTO stream_cursors (stream, timepoint, last_event_at, events, claimed_by)
          VALUES ('companies', 5, ${Date.now() - 3_600_000}, 1, ${claimedBy});
        INSERT INTO runs (id, command, host, boot, pid, started_at, heartbeat_at, finished_at, summary) VALUES (77, 'stream',
          '${hostname()}', 'b', 1, 0, ${heardAt}, ${claimedBy === null ? heardAt : null}, ${summary === null ? null : `'${summary}'`})`),
    )
  it.each([
    ['that was killed', [], null, 77, ['fail', 1]],
    ['that failed', [], null, null, ['fail', 1]],
    ['that was stopped', [], '{"ended":"interrupted"}', null, ['warn', 0]],
    ['that was stopped, where it should be live', ['--live'], '{"ended":"interrupted"}', null, ['fail', 1]],
  ] as const)('about a stream %s', async (_name, args, summary, claimedBy, wanted) => {
    using folder = followed(summary, claimedBy)
    const { code, of } = await examine(folder, ['--offline', ...args], KEYS)
    expect([of('stream')?.state, code]).toEqual(wanted)
    expect(of('stream')?.message).toMatch(/^no process is following it.*; last event 1h ago$/)
  })

  it('blames each stream for its own runs alone, and names one beside the first once it was followed', async () => {
    using folder = followed('{"ended":"interrupted"}', null)
    expect((await examine(folder, ['--offline'], KEYS)).of('stream-officers')).toBeUndefined()
    const db = openDb(folder.file('companies.db'))
    db.$client.exec(`
      INSERT INTO stream_cursors (stream, timepoint, last_event_at, events) VALUES ('officers', 5, ${Date.now()}, 1);
      INSERT INTO runs (command, host, boot, pid, started_at, heartbeat_at) VALUES ('stream-officers', 'h', 'b', 1, 0, 0)`)
    db.$client.close()
    const { of } = await examine(folder, ['--offline'], KEYS)
    expect(of('stream')).toMatchObject({ state: 'warn', hint: 'chpipe stream --enrich, before the place is too old' })
    expect(of('stream-officers')).toMatchObject({
      state: 'fail',
      message: expect.stringMatching(/^no process is following it, since its last run failed/),
      hint: 'chpipe stream --streams companies,officers --enrich, before the place is too old',
    })
  })

  it('about a stream that failed a moment ago, and is started again, only warns', async () => {
    using folder = followed(null, null, Date.now())
    expect((await examine(folder, ['--offline'], KEYS)).of('stream')?.state).toBe('warn')
    expect((await examine(folder, ['--offline', '--live'], KEYS)).of('stream')?.state).toBe('fail')
  })

  it('that no stream was ever followed is a failure only where it should be live', async () => {
    using folder = stocked()
    expect((await examine(folder, ['--offline'], KEYS)).of('stream')?.state).toBe('ok')
    expect((await examine(folder, ['--offline', '--live'], KEYS)).of('stream')?.state).toBe('fail')
  })

  it('warns of files that others may read', async () => {
    using folder = stocked()
    writeFileSync(folder.file('.env'), 'CHPIPE_TARGET=3\n', { mode: 0o644 })
    const { of } = await examine(folder, ['--offline'], KEYS)
    const file = folder.file('.env')
    expect(of('permissions')).toEqual({
      check: 'permissions',
      state: 'warn',
      message: `others on this machine may read ${file}`,
      hint: `chmod 600 ${file}`,
    })
  })

  it('ends with 130 when interrupted while a service is silent', async () => {
    using folder = tempFolder()
    await using mute = await scriptedServer(() => silent)
    const started = (process: NodeJS.EventEmitter) => {
      const look = () => void (mute.asked.length > 1 ? process.emit('SIGINT') : setTimeout(look, 20))
      look()
    }
    const { code, stdout } = await run(['doctor'], { cwd: folder.path, env: at(mute.url), started })
    expect([code, stdout, existsSync(folder.file('companies.db'))]).toEqual([130, '', false])
  })
})

describe('a check', () => {
  const limits = { limitMs: 50, signal: new AbortController().signal }

  it('that throws, or takes too long, is a finding', async () => {
    const broken = await guarded('a', limits, () => {
      throw new TypeError('oops')
    })
    expect(broken).toMatchObject({ check: 'a', state: 'fail', message: 'the check itself failed: oops' })
    const slow = await guarded('b', limits, () => new Promise<Check>(() => {}))
    expect(slow).toMatchObject({ check: 'b', state: 'fail', message: 'no result within 1 s' })
    expect(await guarded('c', limits, () => ok('c', 'fine'))).toEqual(ok('c', 'fine'))
  })

  it('of the disk fails below a gigabyte, and warns where a backup does not fit', () => {
    const self = new URL(import.meta.url).pathname
    expect(checkDisk(self, () => 999_999_999).state).toBe('fail')
    expect(checkDisk(self, () => 1e9)).toMatchObject({ state: 'ok', message: '1.0 GB free' })
    expect(checkDisk(self, () => null).state).toBe('warn')
  })

  it('of Node compares versions as numbers', () => {
    const states = ['v20.19.0', 'v20.9.0', 'v18.20.0', 'v100.0.0'].map((version) => checkNode(version, '>=20.19').state)
    expect(states).toEqual(['ok', 'fail', 'fail', 'ok'])
  })

  it('of the clock believes the nearer of two servers', () => {
    expect(checkClock([3_600_000, -900], false)).toMatchObject({ state: 'ok', message: "within 1 s of the servers'" })
    expect(checkClock([-3_600_000, -60_001], false).message).toBe("this machine's clock is 1m ahead of the servers'")
    expect([checkClock([], false).state, checkClock([], true).state]).toEqual(['warn', 'ok'])
  })

  it('of the addresses warns of the test aid', () => {
    const state = (env: Record<string, string>) => checkAddresses(readSettings(env), readSettings({})).state
    expect(state({})).toBe('ok')
    expect(state({ SNOV_API_URL: 'http://127.0.0.1:8' })).toBe('ok')
    expect(state({ CHPIPE_TIME_SCALE: '0.5' })).toBe('warn')
  })
})

describe('the table of the doctor', () => {
  it('breaks long rows below their beginnings and gives the verdict', () => {
    const checks: Check[] = [
      ok('node', 'v20.20.2'),
      { check: 'backup', state: 'fail', message: 'one two three four\u001b', hint: 'do this' },
      { check: 'x', state: 'warn', message: 'm', hint: 'h' },
    ]
    expect(renderChecks(checks, 32)).toBe(
      [
        'ok    node         v20.20.2',
        'fail  backup       one two',
        '                   three four\uFFFD',
        '                   try: do this',
        'warn  x            m',
        '                   try: h',
        '',
        'NOT READY: 1 problem, 1 warning\n',
      ].join('\n'),
    )
  })
})
