import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderProgress } from '../../src/commands/progress.ts'
import { liveRows } from '../../src/commands/progress-live.ts'
import { run, tempFolder } from '../host.ts'
import { addCompany, fill, newDatabase } from '../steps/export/export-world.ts'

test('without a database says so, ends with 1 and creates nothing', async () => {
  using folder = tempFolder()
  const finished = await run(['progress'], { cwd: folder.path })
  expect(finished).toEqual({
    code: 1,
    stdout: '',
    stderr:
      `error: There is no database yet: ${folder.file('companies.db')}\n` +
      'try: load companies first: chpipe import-companies BasicCompanyData.zip\n',
  })
  expect(existsSync(folder.file('companies.db'))).toBe(false)
  expect(readdirSync(folder.path)).toEqual([])
})

test('--json prints the report with its keys in order; below the target it ends with 1', async () => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db, 3, 2)
  addCompany(db, { company_number: 'X', officers_state: 'pending' })
  const { code, stdout, stderr } = await run(['progress', '--json', '--target', '4'], { cwd: folder.path })
  expect([code, stderr]).toEqual([1, ''])
  expect(stdout).toBe(
    '{"companies_with_officers":3,"officers":6,"companies":4,"pending":1,"none":0,"failed":0,"target":4,"percent":75,' +
      '"ready":false,"per_minute":0,"eta_seconds":null,' +
      '"quota":{"limit":600,"window_seconds":300,"used":0,"peak":0,"rate_limited":0}}\n',
  )
  db.$client.close()
})

test('at the target of the environment it is ready and ends with 0', async () => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db, 3, 2)
  const { code, stdout } = await run(['progress'], { cwd: folder.path, env: { CHPIPE_TARGET: '3' } })
  expect([code, stdout.trimEnd().split('\n').at(-1)]).toEqual([0, 'READY FOR STREAMING API'])
  db.$client.close()
})

test('--watch prints a report each interval until it is ready', async () => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db, 3, 2)
  const watching = run(['progress', '--watch', '1', '--target', '4', '--json'], { cwd: folder.path })
  await new Promise((resolve) => setTimeout(resolve, 500))
  fill(db, 1, 2, 3)
  const { code, stdout } = await watching
  const reports = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).companies_with_officers)
  expect([code, reports]).toEqual([0, [3, 4]])
  db.$client.close()
})

test('--watch ends with 130 when interrupted', async () => {
  using folder = tempFolder()
  newDatabase(folder.file('companies.db')).$client.close()
  const { code } = await run(['progress', '--watch'], {
    cwd: folder.path,
    started: (process) => setTimeout(() => process.emit('SIGINT'), 500),
  })
  expect(code).toBe(130)
})

test.each([
  [['--target', '0'], '--target: expected a whole number of at least 1, got: 0'],
  [['--watch', '0'], '--watch: expected a whole number from 1 to 86400, got: 0'],
])('refuses %j', async (args, sentence) => {
  using folder = tempFolder()
  const { code, stderr } = await run(['progress', ...args], { cwd: folder.path })
  expect([code, stderr.split('\n')[0]]).toEqual([2, `error: ${sentence}`])
})

test('a file that is no database is refused with 5', async () => {
  using folder = tempFolder()
  writeFileSync(folder.file('companies.db'), 'this is not a database, but long enough to be taken for one '.repeat(20))
  const { code, stderr } = await run(['progress'], { cwd: folder.path })
  expect([code, stderr.split(':')[1]]).toEqual([5, ' The file is not a SQLite database'])
})

test('the report reads well', () => {
  const progress = {
    companies_with_officers: 7655,
    officers: 24_310,
    companies: 52_100,
    pending: 44_232,
    none: 210,
    failed: 3,
    target: 10_000,
    percent: 76.5,
    ready: false,
    per_minute: 118.4,
    eta_seconds: 1189,
    quota: { limit: 600, window_seconds: 300, used: 412, peak: 600, rate_limited: 0 },
    runs: [{ command: 'import-officers', pid: 7, host: 'a', started_at: '2026-01-05T11:55:00.000Z' }],
    allowance_free_at: '2026-01-05T12:01:30.000Z',
    windows_left: 4,
  }
  expect(renderProgress(progress, { db: '/data/companies.db', now: Date.UTC(2026, 0, 5, 12) })).toEqual([
    '/data/companies.db',
    '',
    '  with officers  7,655 of 10,000 companies',
    '                 ████████████████████████░░░░░░░░ 76.5 %',
    '  officers       24,310',
    '  companies      52,100 known',
    '                 44,232 pending, 210 without officers, 3 failed',
    '  rate           118.4 companies a minute, over the last 10 minutes',
    '  running        import-officers, process 7, for 5m',
    '                 allowance used up, continues in 1m 30s (12:01:30 UTC)',
    '                 4 more windows of 5m to the target',
    '  ETA            19m 49s (2026-01-05 12:19 UTC)',
    '  allowance      412 of 600 calls used in 5m; peak 600, refused 0',
    '',
    'NOT READY: 2,345 companies to go',
  ])
  const verification = { verified: 1200, due: 30, overdue: 4, ended: 0, none: 23_076 }
  expect(renderProgress({ ...progress, verification }, { db: 'a.db', now: 0 })[5]).toBe(
    '  verification   1,200 verified, 30 due, 4 overdue, 0 ended',
  )
  const idle = renderProgress(
    { ...progress, companies_with_officers: 9999, per_minute: 0, eta_seconds: null },
    { db: 'a.db', now: 0 },
  )
  expect(idle.slice(-4)).toEqual([
    '  ETA            unknown: nothing was fetched lately',
    '  allowance      412 of 600 calls used in 5m; peak 600, refused 0',
    '',
    'NOT READY: 1 company to go',
  ])
  const etaOf = (more: Partial<typeof progress>) =>
    renderProgress({ ...progress, ...more }, { db: 'a.db', now: 0 }).find((line) => line.startsWith('  ETA'))
  const nothingRuns = renderProgress(
    { ...progress, runs: [], windows_left: 0 },
    { db: 'a.db', now: Date.UTC(2026, 0, 5, 12) },
  )
  expect(nothingRuns.slice(8, 10)).toEqual([
    '  running        nothing runs on this database now',
    '                 allowance used up, free again in 1m 30s (12:01:30 UTC)',
  ])
  expect(etaOf({ runs: [] })).toBe('  ETA            none: chpipe import-officers does not run')
  expect(etaOf({ pending: 741, failed: 0, eta_seconds: 60 })).toBe(
    '  ETA            741 pending: the target cannot be reached; load more: chpipe import-companies',
  )
})

test('the stream and the enrichment read well', () => {
  const stream = {
    stream: 'companies',
    running: true,
    host: 'a',
    pid: 1,
    connected_since: '2026-01-05T11:00:00.000Z',
    last_event_at: '2026-01-05T11:59:56.000Z',
    timepoint: 104_000_125,
    events: 1000,
    events_per_minute: 12.5,
    lag_seconds: 3,
    silent: true,
    jumps: 1,
    expired: 1,
    unrepaired: 1,
    misplaced: 2,
    misplaced_at: '2026-01-05T11:50:00.000Z',
    rejects: 4,
  }
  const live = {
    stream,
    jobs: {
      due: 9,
      due_for_enrich: 4,
      stages: { details: 0, domain: 4, officers: 5, emails: 0 },
      skipped: 17,
      failed: 2,
      done: 1300,
    },
    domains: { found: 1013, companies_asked: 1330, companies_found: 1013, hit_percent: 76.2 },
    emails: { found: 7, people_asked: 22, people_found: 7, hit_percent: 31.8 },
    credits: { spent: 20, reserved: 3, left: '480.00', left_read_at: '2026-01-05T11:55:00.000Z' },
    capacity: { allowance_per_minute: 120, stream_per_minute: 24.5, background_per_minute: 95.5 },
  }
  expect(liveRows(live, Date.UTC(2026, 0, 5, 12))).toEqual([
    ['stream', 'connected since 2026-01-05 11:00 UTC, last event 4s ago'],
    ['', '12.5 events a minute, at timepoint 104000125'],
    ['', 'lag 3s, gaps 2 (1 to be searched), rejects 4'],
    ['', 'OUT OF PLACE: 2 timepoints, the last 10m ago; their events are applied'],
    ['', 'SILENT: no event for too long'],
    ['jobs', '9 due (domain 4, officers 5)'],
    ['', '4 of these wait for the next `chpipe enrich`'],
    ['', '1,300 done, 17 without a domain, 2 failed'],
    ['domains', '1,013; 1,013 of 1,330 companies (76 %)'],
    ['e-mails', '7; 7 of 22 people (32 %)'],
    ['credits', '20 spent, 3 reserved, 480.00 left 5m ago, at 2026-01-05 11:55 UTC'],
    ['capacity', 'the stream needs 24.5 of 120 calls a minute'],
    ['', '95.5 a minute remain for the background'],
  ])
  expect(liveRows({}, 0)).toEqual([])
})
