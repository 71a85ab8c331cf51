// `show`, `find` and `import-officers --failed` on a database that the test fills.
import { describe, expect, it } from 'vitest'
import type { Db } from '../../src/db/open.ts'
import { credit_ledger, jobs, officer_fetches, provider_requests, runs } from '../../src/db/schema.ts'
import { domainInput, personInput } from '../../src/steps/purchases/inputs.ts'
import { run, tempFolder } from '../host.ts'
import { AT, addCompany, addDomain, addEmail, addOfficer, newDatabase } from '../steps/export/export-world.ts'

const ADA = { appointment_id: 'ada', name: 'LOVELACE, Ada Augusta', officer_id: 'o-ada', person_number: '100000000000' }

function fill(db: Db): void {
  addCompany(db, {
    company_number: '00000001',
    company_name: 'NORTH STAR ENGINEERING LIMITED',
    company_status: 'active',
    type: 'ltd',
    date_of_creation: '2020-02-29',
    sic_codes: '62020,01110',
    locality: 'LEEDS',
    postal_code: 'LS1 1AA',
    officers_count: 3,
    officers_fetched_at: AT,
  })
  const officer = { company_number: '00000001', officer_role: 'director', date_of_birth_year: 1960 }
  addOfficer(db, {
    ...officer,
    ...ADA,
    surname: 'LOVELACE',
    forenames: 'Ada',
    date_of_birth_month: 4,
    appointed_on: '2020-02-29',
  })
  addOfficer(db, {
    ...officer,
    appointment_id: 'b',
    name: 'BABBAGE, Charles',
    officer_id: 'o-b',
    resigned_on: '2021-01-01',
  })
  addDomain(db, '00000001', 'northstar.example', 95)
  addEmail(db, '00000001', 'ada', 'ada@northstar.example', 'valid')
  db.insert(runs)
    .values({
      id: 1,
      command: 'import-companies',
      host: 'h',
      boot: 'b',
      pid: 1,
      started_at: 0,
      heartbeat_at: 0,
      finished_at: 1,
    })
    .run()
  db.insert(jobs)
    .values({
      company_number: '00000001',
      stage: 'emails',
      state: 'failed',
      due_at: 0,
      cause: 'new',
      last_error: 'HTTP 500',
      created_at: 0,
      updated_at: 0,
      run_id: 3,
    })
    .run()
  purchase(db, 1, 'domain', JSON.stringify([domainInput('NORTH STAR ENGINEERING')]))
  purchase(
    db,
    2,
    'emails',
    JSON.stringify([personInput({ firstName: 'Ada', lastName: 'Lovelace' }, 'northstar.example')]),
  )
  purchase(db, 3, 'emails', JSON.stringify([personInput({ firstName: 'Ada', lastName: 'Lovelace' }, 'other.example')]))
}

function purchase(db: Db, id: number, operation: 'domain' | 'emails', input: string): void {
  const values = {
    id,
    provider: 'snov',
    operation,
    request_key: `${id}`,
    input,
    status: 'completed' as const,
    reserved: 2,
    requested_at: 0,
    run_id: 3,
  }
  db.insert(provider_requests).values(values).run()
  db.insert(credit_ledger)
    .values({
      provider: 'snov',
      request_id: id,
      operation,
      expected: 2,
      observed: id === 1 ? 1 : null,
      booked_at: 0,
      run_id: 3,
    })
    .run()
}

function world(more: (db: Db) => void = () => {}) {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db)
  more(db)
  db.$client.close()
  return {
    chpipe: (...args: string[]) => run(args, { cwd: folder.path }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

describe('chpipe show', () => {
  it.each(['00000001', '1', ' No. 1 '])(
    'shows a company as a card of 80 columns, its number typed %j',
    async (typed) => {
      using here = world()
      const { code, stdout, stderr } = await here.chpipe('show', typed)
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout.split('\n')).toEqual([
        'NORTH STAR ENGINEERING LIMITED                                          00000001',
        'active, ltd, incorporated 2020-02-29',
        '',
        '  address      LEEDS, LS1 1AA',
        '  SIC codes    62020, 01110',
        '  from         bulk, 2026-01-02 03:04 UTC, by chpipe import-companies (run 1)',
        '',
        '  officers     1 active, 1 resigned',
        '    LOVELACE, Ada Augusta  director  since 2020-02-29  born 1960-04',
        '    BABBAGE, Charles       director  until 2021-01-01  born 1960',
        '  from         the API, 2026-01-02 03:04 UTC',
        '',
        '  domains',
        '    northstar.example  95 %  found',
        '  from         Snov.io, 2026-01-02 03:04 UTC',
        '  e-mails',
        '    ada@northstar.example  valid  LOVELACE, Ada Augusta',
        '  from         Snov.io, 2026-01-02 03:04 UTC',
        '',
        '  job          failed at the stage emails, 1970-01-01 00:00 UTC: HTTP 500',
        '  purchases',
        '    1  domain  completed  1 credit   Snov.io, 1970-01-01',
        '    2  emails  completed  2 credits  Snov.io, 1970-01-01',
        '',
      ])
    },
  )

  it('prints every public column as JSON', async () => {
    using here = world()
    const { code, stdout } = await here.chpipe('show', '1', '--json')
    const shown = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(shown.company).toMatchObject({
      company_name: 'NORTH STAR ENGINEERING LIMITED',
      sic_codes: ['62020', '01110'],
    })
    expect(shown.officers.map((one: { name: string }) => one.name)).toEqual([
      'LOVELACE, Ada Augusta',
      'BABBAGE, Charles',
    ])
    expect(shown).toMatchObject({
      company_number: '00000001',
      emails: [{ email: 'ada@northstar.example', provider: 'snov' }],
      runs: [{ id: 1, command: 'import-companies', started_at: '1970-01-01T00:00:00.000Z' }],
      officers_fetch: null,
      job: { state: 'failed', stage: 'emails', error: 'HTTP 500' },
      purchases: [
        { id: 1, credits: 1 },
        { id: 2, credits: 2 },
      ],
      suppressed: { company: false, rule: null, officers: 0, domains: 0, emails: 0 },
    })
  })

  it.each([
    ['the officer id', ['--officer', 'o-ada']],
    ['the person number', ['--officer', '100000009999']],
    ['name and birth', ['--name', 'LOVELACE, Ada', '--born', '1960-04']],
  ])('never shows who is suppressed by %s, only that somebody is', async (_by, rule) => {
    using here = world()
    expect((await here.chpipe('suppress', 'add', ...rule)).code).toBe(0)
    for (const format of [[], ['--json']]) {
      const { code, stdout } = await here.chpipe('show', '1', ...format)
      expect(code).toBe(0)
      expect(stdout.toLowerCase()).not.toMatch(/lovelace|ada@|o-ada/)
      expect(stdout).toContain('BABBAGE')
    }
    const { stdout } = await here.chpipe('show', '1')
    expect(stdout).toContain('  suppressed   1 officer is not shown\n')
    expect(stdout).toContain('  suppressed   1 e-mail is not shown\n')
  })

  it('counts those whom a rule has erased from the list as well', async () => {
    using here = world()
    await here.chpipe('suppress', 'add', '--officer', 'o-ada', '--erase')
    const { stdout } = await here.chpipe('show', '1', '--json')
    expect(JSON.parse(stdout).suppressed).toMatchObject({ officers: 1, emails: 0 })
  })

  it('says of a suppressed company that it is, and nothing else', async () => {
    using here = world()
    await here.chpipe('suppress', 'add', '--company', '1')
    const { code, stdout } = await here.chpipe('show', '1')
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^00000001\nIt is stored, and suppressed since .*number 1/),
    ])
    const json = await here.chpipe('show', '1', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({
      company: null,
      officers: [],
      emails: [],
      job: null,
      purchases: [],
      suppressed: { company: true, rule: 1 },
    })
    expect(stdout + json.stdout).not.toMatch(/NORTH|LOVELACE|northstar/)
  })

  it('says how the verification of an identity stands, where something is published', async () => {
    using here = world((db) => {
      const verified = { appointment_verification_start_on: '2026-01-05' }
      addOfficer(db, { company_number: '00000001', appointment_id: 'c', name: 'HOPPER, Grace', ...verified })
    })
    const { stdout } = await here.chpipe('show', '1')
    expect(stdout).toMatch(/\n {4}HOPPER, Grace .* identity verified\n/)
    expect(stdout).toMatch(/\n {4}BABBAGE, Charles .* born 1960\n/)
  })

  it('shows why a list is missing', async () => {
    using here = world((db) => {
      addCompany(db, { company_number: '00000002', officers_state: 'failed' })
      const trouble = { company_number: '00000002', failed_at: 0, last_error: 'HTTP 500\x1b[2J' }
      db.insert(officer_fetches).values(trouble).run()
    })
    const { stdout } = await here.chpipe('show', '2')
    expect(stdout).toContain('could not be fetched')
    expect(stdout).toContain('  fetch        failed 1970-01-01 00:00 UTC: HTTP 500�[2J\n')
  })

  it.each([
    ['99999999', 1, 'No company 99999999 is stored'],
    ['tesco', 2, 'Expected a company number such as 00445790 or SC123456, got: tesco'],
  ])('ends for %s with %i', async (typed, code, sentence) => {
    using here = world()
    const ended = await here.chpipe('show', typed)
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([code, '', expect.stringContaining(sentence)])
  })

  it('ends with 1 where there is no database, and makes none', async () => {
    using folder = tempFolder()
    for (const line of [
      ['show', '1'],
      ['find', 'x'],
      ['import-officers', '--failed'],
    ]) {
      expect(await run(line, { cwd: folder.path })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('There is no database yet'),
      })
    }
  })
})

describe('chpipe find', () => {
  const names = [
    'NORTH STAR LIMITED',
    'STAR OF THE NORTH LTD',
    "O'BRIEN & SONS LTD",
    'ÉTOILE DU NORD LTD',
    'A.B.C. TRADING LTD',
    'NORTHERN STARLIGHT LTD',
    '100% STAR_LTD',
  ]
  const filled = () =>
    world((db) => {
      for (const [index, company_name] of names.entries()) {
        const company_status = index === 1 ? 'active' : 'dissolved'
        addCompany(db, { company_number: `0000010${index}`, company_name, company_status })
      }
    })
  const found = async (here: ReturnType<typeof filled>, ...words: string[]) => {
    const { stdout } = await here.chpipe('find', ...words, '--json')
    return JSON.parse(stdout).companies.map((one: { company_name: string }) => one.company_name)
  }

  it('takes words in any order, or their beginnings, and puts the likest first', async () => {
    using here = filled()
    expect(await found(here, 'star', 'north')).toEqual([
      'NORTH STAR ENGINEERING LIMITED',
      'STAR OF THE NORTH LTD',
      'NORTH STAR LIMITED',
      'NORTHERN STARLIGHT LTD',
    ])
    expect(await found(here, 'north star')).toEqual([
      'NORTH STAR ENGINEERING LIMITED',
      'NORTH STAR LIMITED',
      'STAR OF THE NORTH LTD',
      'NORTHERN STARLIGHT LTD',
    ])
  })

  it.each([
    ["o'brien", ["O'BRIEN & SONS LTD"]],
    ['obrien', ["O'BRIEN & SONS LTD"]],
    ['O’Brien sons', ["O'BRIEN & SONS LTD"]],
    ['etoile', ['ÉTOILE DU NORD LTD']],
    ['ÉTOILE', ['ÉTOILE DU NORD LTD']],
    ['abc', ['A.B.C. TRADING LTD']],
    ['100% star', ['100% STAR_LTD']],
    ['rien', []],
  ])('finds %j', async (words, expected) => {
    using here = filled()
    expect(await found(here, words)).toEqual(expected)
  })

  it('prints a line a company, and how many more there are', async () => {
    using here = filled()
    const { code, stdout } = await here.chpipe('find', 'north', 'star', '--limit', '1')
    expect([code, stdout]).toEqual([
      0,
      '00000001  NORTH STAR ENGINEERING LIMITED  active  LEEDS, LS1 1AA  3 officers\nand 3 more: --limit shows them\n',
    ])
  })

  it('counts what is suppressed, and does not show it', async () => {
    using here = filled()
    await here.chpipe('suppress', 'add', '--company', '101')
    const some = await here.chpipe('find', 'star')
    expect(some.stdout).not.toContain('STAR OF THE NORTH')
    expect(some.stdout).toContain('1 company of this name is suppressed\n')
    const none = await here.chpipe('find', 'star', 'of')
    expect([none.code, none.stdout]).toEqual([1, ''])
    expect(none.stderr).toContain('1 company of this name is suppressed')
    expect(none.stderr).not.toContain('00000101')
  })

  it('ends with 1 when nothing is found, and sends a number to show', async () => {
    using here = filled()
    expect(await here.chpipe('find', 'tesco')).toMatchObject({ code: 1, stdout: '' })
    expect((await here.chpipe('find', '123')).stderr).toContain('try: by its number: chpipe show 00000123')
    const json = await here.chpipe('find', '&', '--json')
    expect([json.code, JSON.parse(json.stdout)]).toEqual([1, { companies: [], total: 0, suppressed: 0 }])
  })
})

describe('chpipe import-officers --failed', () => {
  const failing = () =>
    world((db) => {
      addCompany(db, { company_number: '00000002', officers_state: 'failed', company_name: 'B LTD' })
      addCompany(db, { company_number: '00000003', officers_state: 'complete', company_name: 'C LTD' })
      const trouble = { last_error: 'HTTP 500' }
      db.insert(officer_fetches)
        .values({ ...trouble, company_number: '00000002', failed_at: 60_000 })
        .run()
      db.insert(officer_fetches)
        .values({ ...trouble, company_number: '00000003', failed_at: 0 })
        .run()
    })

  it('lists what failed, when and why, the oldest first', async () => {
    using here = failing()
    expect(await here.chpipe('import-officers', '--failed')).toEqual({
      code: 0,
      stderr: '',
      stdout: `00000003  1970-01-01 00:00 UTC  C LTD: HTTP 500 (its earlier list is kept)
00000002  1970-01-01 00:01 UTC  B LTD: HTTP 500\n`,
    })
    const { stdout } = await here.chpipe('import-officers', '--failed', '--json')
    expect(JSON.parse(stdout)[1]).toEqual({
      id: '00000002',
      company_number: '00000002',
      company_name: 'B LTD',
      officers_state: 'failed',
      error: 'HTTP 500',
      failed_at: '1970-01-01T00:01:00.000Z',
      suppressed: false,
    })
  })

  it('names a suppressed company by its number alone', async () => {
    using here = failing()
    await here.chpipe('suppress', 'add', '--company', '2')
    const { stdout } = await here.chpipe('import-officers', '--failed')
    expect(stdout).toContain('(suppressed): HTTP 500')
    expect(stdout).not.toContain('B LTD')
  })

  it('says so when nothing has, and goes without other options', async () => {
    using here = world()
    expect(await here.chpipe('import-officers', '--failed')).toMatchObject({
      code: 0,
      stdout: 'No officer list has failed.\n',
    })
    expect(await here.chpipe('import-officers', '--failed', '--limit', '3')).toMatchObject({ code: 2, stdout: '' })
  })
})

it('show says when persons with significant control are in doubt', async () => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db)
  const doubted = async () =>
    (await run(['show', '00000001'], { cwd: folder.path })).stdout.includes('in doubt: the psc')
  expect(await doubted()).toBe(false)
  db.$client.exec("UPDATE companies SET pscs_state = 'stale' WHERE company_number = '00000001'")
  db.$client.close()
  expect(await doubted()).toBe(true)
})
