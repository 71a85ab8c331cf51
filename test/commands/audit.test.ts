import { describe, expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { parseFaults } from '../../src/sandbox/companies-house/faults.ts'
import { run, tempFolder } from '../host.ts'
import { auditWorld, daysAgo } from '../steps/audit/audit-world.ts'

const DAYS = [daysAgo(3), daysAgo(2), daysAgo(1), daysAgo(0)]

describe('chpipe audit', () => {
  it('finds what the stream withheld, queues exactly that, and finds every day equal afterwards', async () => {
    await using world = await auditWorld('withhold:20%')
    const { withheld } = world
    expect(withheld.length).toBeGreaterThan(2)
    const found = await world.report()
    expect(found.code).toBe(1)
    expect(found.report.days.map(({ day }) => day)).toEqual(DAYS)
    const missing = found.report.days.flatMap(({ missing_companies }) => missing_companies)
    expect(missing.map(({ company_number }) => company_number).sort()).toEqual(withheld.toSorted())
    expect(
      found.report.days.map(({ received, registered, missing, extra }) => [received + missing, registered, extra]),
    ).toEqual(DAYS.map(() => [8, 8, 0]))
    const before = world.stored()

    const repaired = await world.report(['--repair'])
    expect(repaired).toMatchObject({ code: 0, report: { missing: withheld.length, queued: withheld.length } })
    const after = world.stored()
    const known = new Set(before.jobs.map(({ company_number }) => company_number))
    const added = after.jobs.filter(({ company_number }) => !known.has(company_number))
    expect(added.map(({ company_number }) => company_number).sort()).toEqual(withheld.toSorted())
    expect(new Set(added.map(({ stage, cause, owner }) => `${stage} ${cause} ${owner}`))).toEqual(
      new Set(['details new stream']),
    )
    expect(after.companies).toHaveLength(before.companies.length + withheld.length)

    const again = await world.report()
    expect(again).toMatchObject({ code: 0, report: { missing: 0, days_differing: 0, requests: 4 } })
    expect(world.stored()).toEqual(after)
  })

  it('shows a table by day, names what is missing, and says how to repair it', async () => {
    await using world = await auditWorld('withhold:1x')
    const { code, stdout } = await world.audit()
    expect(code).toBe(1)
    expect(stdout.replace(/calls in .*/, 'calls')).toBe(`\
day         received  registered  missing  extra
${DAYS[0]}         7           8        1      0  differs
${DAYS[1]}         8           8        0      0
${DAYS[2]}         8           8        0      0
${DAYS[3]}         8           8        0      0  so far

missing  ${DAYS[0]}  ${world.withheld[0]}  ${world.stream.truth.company(world.withheld[0] ?? '')?.company_name}

1 OF 4 DAYS DIFFERS: 1 missing, 0 extra; 4 calls
To repair: chpipe audit --repair --since ${DAYS[0]}
`)
  })

  it('audits one day, or from a day on', async () => {
    await using world = await auditWorld('withhold:1x')
    const one = await world.audit(['--day', daysAgo(3), '--type', 'ltd,llp,private-limited-guarant-nsc'])
    expect(one.code).toBe(1)
    expect(one.stdout).toContain(`audit --repair --day ${daysAgo(3)} --type ltd,llp,private-limited-guarant-nsc\n`)
    const { code, report } = await world.report(['--since', daysAgo(2)])
    expect({ code, days: report.days.map(({ day }) => day) }).toEqual({ code: 0, days: DAYS.slice(1) })
  })

  it('asks the register about extra companies, and corrects them when told', async () => {
    await using world = await auditWorld('withhold:@none')
    const [day, other] = [daysAgo(2), daysAgo(1)]
    const [moved = '', gone = '', ...rest] = world.born[day] ?? []
    world.sql('UPDATE companies SET date_of_creation = ? WHERE company_number = ?', other, moved)
    world.sql('DELETE FROM companies WHERE company_number = ?', rest[0])
    world.sql(
      `INSERT INTO companies (company_number, company_name, date_of_creation, source, fetched_at, first_seen_at, run_id)
        VALUES ('99999999', 'NOBODY LTD', ?, 'stream', '', '', 0)`,
      day,
    )
    world.sql('UPDATE companies SET deleted_at = ? WHERE company_number = ?', day, gone)
    const { code, report } = await world.report()
    expect(code).toBe(1)
    const [, first, second] = report.days
    expect(first).toMatchObject({
      missing_companies: [{ company_number: moved, stored_under: other }, { company_number: rest[0] }],
      extra_companies: [{ company_number: '99999999', register: 'unknown' }],
    })
    expect(second?.extra_companies).toMatchObject([{ company_number: moved, register: 'other-day' }])

    expect((await world.report(['--repair'])).code).toBe(0)
    expect(await world.report()).toMatchObject({ code: 0, report: { days_differing: 0 } })
    const rows = new Map(world.stored().companies.map((row) => [row.company_number, row]))
    expect(rows.get(moved)?.date_of_creation).toBe(day)
    expect(rows.get('99999999')?.deleted_at).not.toBeNull()
  })

  it('leaves out suppressed companies, and what the filters do not let through', async () => {
    await using world = await auditWorld('withhold:2x')
    const [first = '', second = ''] = world.withheld
    await run(['suppress', 'add', '--company', first], { cwd: world.folder.path })
    const { report } = await world.report()
    expect(report.days[0]?.missing_companies.map(({ company_number }) => company_number)).toEqual([second])
    expect(await world.report(['--type', 'plc'])).toMatchObject({ code: 0, report: { missing: 0 } })
  })

  it('ends with 4 in an outage, and tells what was done and where to go on', async () => {
    await using world = await auditWorld('withhold:1x')
    world.rest.setFaults(parseFaults('outage'))
    const { code, stdout, stderr } = await world.audit(['--json', '--since', daysAgo(1)], {
      env: { CHPIPE_TIME_SCALE: '0.0005' },
    })
    expect(code).toBe(4)
    expect(JSON.parse(stdout)).toMatchObject({ ended: 'error', days: [], next_day: daysAgo(1) })
    expect(stderr).toContain('Companies House has been unavailable')
  })

  it('is interrupted with 130, having told the days before', async () => {
    await using world = await auditWorld('withhold:@none')
    world.rest.setFaults(parseFaults('slow:~300ms'))
    const { code, stdout } = await world.audit([], {
      started: (process) => {
        const look = () => {
          if (world.rest.requests.total > 1) process.emit('SIGINT')
          else setTimeout(look, 10)
        }
        look()
      },
    })
    expect(code).toBe(130)
    expect(stdout).toMatch(/^Stopped before \S+; go on with: chpipe audit --since \S+$/m)
  })

  it.each([
    [['--since', '2026-01-01', '--day', '2026-01-01'], '--since and --day contradict each other'],
    [['--officers', '3', '--day', '2026-01-01'], '--officers and --day contradict each other'],
    [['--seed', '3'], '--seed belongs to --officers'],
    [['--day', '2026-02-30'], '--day: expected a date'],
    [['--officers', '0'], '--officers: expected a whole number of at least 1'],
    [['--postcode', '12345'], '--postcode: expected beginnings of postcodes'],
    [['--type', 'limited'], 'Did you mean ltd?'],
  ])('refuses %j', async (args, sentence) => {
    using folder = tempFolder()
    const { code, stderr } = await run(['audit', ...args], { cwd: folder.path })
    expect({ code, said: stderr.includes(sentence) }).toEqual({ code: 2, said: true })
  })

  it('refuses a day to come', async () => {
    await using world = await auditWorld('withhold:@none')
    expect((await world.audit(['--day', '2999-01-01'])).code).toBe(2)
  })

  it('needs a database (5), a stream that was followed (1), and a key (3)', async () => {
    using folder = tempFolder()
    const audit = () => run(['audit'], { cwd: folder.path })
    expect((await audit()).code).toBe(5)
    const db = openDb(folder.file('companies.db'))
    const notLive = await audit()
    expect({ code: notLive.code, said: notLive.stderr.includes('Not live yet') }).toEqual({ code: 1, said: true })
    db.$client.prepare("INSERT INTO stream_cursors (stream, first_event_at) VALUES ('companies', 1)").run()
    db.$client.close()
    expect((await audit()).code).toBe(3)
  })
})

describe('chpipe audit --officers', () => {
  it('tells added, removed and changed officers of a sample, changes nothing, and stores fresh lists with --repair', async () => {
    await using world = await auditWorld('withhold:@none')
    const env = { COMPANIES_HOUSE_API_URL: world.rest.url, COMPANIES_HOUSE_API_KEY: world.rest.apiKey }
    await run(['import-officers', '--target', '20', '--quiet'], { cwd: world.folder.path, env })
    const sample = ['--officers', '20', '--seed', '5', '--json']
    const report = async (args: string[] = []) => JSON.parse((await world.audit([...sample, ...args])).stdout)
    expect(await report()).toMatchObject({ lists_checked: 20, equal: 20, drifted: 0, lists: [] })

    const [first = '', second = ''] = world
      .stored()
      .companies.flatMap((row) => (row.officers_state === 'complete' ? [row.company_number] : []))
    const joined = world.stream.truth.appoint(first)
    world.sql("UPDATE officers SET nationality = 'Martian' WHERE company_number = ?", second)
    world.sql(
      `INSERT INTO officers (company_number, appointment_id, name, source, fetched_at, run_id)
        VALUES (?, 'gone', 'GONE, Away', 'rest', '', 0)`,
      second,
    )
    const drifted = await report()
    expect(drifted).toMatchObject({ equal: 18, drifted: 2, added: 1, removed: 1, repaired: 0 })
    expect(drifted.lists[0]).toMatchObject({
      company_number: first,
      drift: { added: [{ appointment_id: joined.appointmentId }], removed: [], changed: [] },
    })
    expect(drifted.lists[1].drift.changed[0].fields.nationality.stored).toBe('Martian')
    expect((await report(['--repair'])).repaired).toBe(2)
    expect(await report()).toMatchObject({ equal: 20, drifted: 0 })
  })

  it('draws the same sample for the same seed, and ends with 0 whatever it finds', async () => {
    await using world = await auditWorld('withhold:@none')
    const env = { COMPANIES_HOUSE_API_URL: world.rest.url, COMPANIES_HOUSE_API_KEY: world.rest.apiKey }
    await run(['import-officers', '--target', '15', '--quiet'], { cwd: world.folder.path, env })
    world.sql("UPDATE officers SET occupation = 'Wizard'")
    const numbers = async (seed: string) => {
      const { code, stdout } = await world.audit(['--officers', '4', '--seed', seed, '--json'])
      expect(code).toBe(0)
      return JSON.parse(stdout).lists.map(({ company_number }: { company_number: string }) => company_number)
    }
    const drawn = await numbers('1')
    expect(drawn).toHaveLength(4)
    expect(await numbers('1')).toEqual(drawn)
    expect(await numbers('2')).not.toEqual(drawn)
    const { stdout } = await world.audit(['--officers', '1', '--seed', '1'])
    expect(stdout).toMatch(/^ {2}changed {2}.*: occupation Wizard -> /m)
  })

  it('has nothing to say before any list is complete', async () => {
    await using world = await auditWorld('withhold:@none')
    expect(await world.audit(['--officers', '3'])).toMatchObject({ code: 1, stdout: '' })
  })
})
