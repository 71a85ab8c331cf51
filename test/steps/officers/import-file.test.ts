import { gzipSync } from 'node:zlib'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { saveOfficers } from '../../../src/db/officers/officers.ts'
import { write } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import {
  bulk_files,
  companies,
  emails,
  notes,
  officer_fetches,
  suppressions,
  withheld_officers,
} from '../../../src/db/schema.ts'
import { addSuppressions, removeSuppression } from '../../../src/db/suppress/suppressions.ts'
import { readTallies } from '../../../src/db/tallies.ts'
import { suppress } from '../../../src/steps/suppress/suppress.ts'
import { bulkText, companyLine, personLine } from '../../companies-house/bulk/bulk-lines.ts'
import { zipOf } from '../export/package-world.ts'
import { filedWorld, restRow, saveAddress, saveRestList, saveWorldCompany } from './filed-world.ts'

const AVA = personLine({ fields: AVA_FIELDS() })
const BORIS = personLine({
  type: '03',
  person: '300000020001',
  appointed: '20180101',
  resigned: '20190630',
  born: '198111',
  postcode: 'ZZ1 1AC',
  fields: [
    'MR',
    'BORIS',
    'SAMPLE',
    '',
    'C/O EXAMPLE LLP',
    'PO BOX 12',
    '',
    '',
    'TESTON',
    '',
    '',
    'DIRECTOR',
    'IRISH',
    'IRELAND',
  ],
})
const NOMINEE = personLine({
  origin: '3',
  type: '00',
  person: '990000010001',
  body: true,
  appointed: '20150401',
  born: '',
  fields: ['', '', 'EXAMPLE NOMINEE SECRETARIES LIMITED', '', '', '', '1 SAMPLE STREET', '', 'TESTON', '', 'ENGLAND'],
})

function AVA_FIELDS() {
  const address = ['', '', '2 SAMPLE STREET', '', 'TESTON', 'TESTSHIRE', 'ENGLAND']
  return ['', 'AVA MAY', 'EXAMPLE', 'OBE', ...address, 'ENGINEER', 'BRITISH', 'ENGLAND']
}

const SNAPSHOT = bulkText([companyLine('99000001', 3), NOMINEE, AVA, BORIS])
const NAME = 'Prod216_9001_ew_1.dat'
const MOMENT = '2026-08-07T00:00:00.000Z'

describe('a company without a list', () => {
  it('is complete when the file has as many officers as it counts', async () => {
    using world = filedWorld(['99000001'])
    const { code, summary } = await world.importing('--file', world.file(NAME, SNAPSHOT))
    expect(code).toBe(0)
    expect(summary).toMatchObject({
      product: '216',
      run: '9001',
      produced_on: '2026-08-07',
      parts: ['ew_1'],
      whole: false,
      records: 4,
      companies: 1,
      completed: 1,
      officers: 3,
      disagreeing: 0,
      companies_with_officers: 1,
    })
    expect(world.company('99000001')).toMatchObject({
      officers_state: 'complete',
      officers_count: 3,
      officers_fetched_at: MOMENT,
    })
    expect(readTallies(world.db)).toMatchObject({ complete: 1, officers: 3, pending: 0 })
    const [ava, boris, nominee] = world.officers('99000001')
    expect(ava).toMatchObject({
      appointment_id: expect.stringMatching(/^bulk-[\w-]{27}$/),
      officer_id: null,
      person_number: '300000010002',
      name: 'EXAMPLE, AVA MAY',
      forenames: 'AVA MAY',
      surname: 'EXAMPLE',
      title: null,
      officer_role: 'director',
      appointed_on: '2016-05-12',
      resigned_on: null,
      date_of_birth_year: 1970,
      date_of_birth_month: 3,
      nationality: 'BRITISH',
      country_of_residence: 'ENGLAND',
      occupation: 'ENGINEER',
      address_line_1: '2 SAMPLE STREET',
      locality: 'TESTON',
      region: 'TESTSHIRE',
      postal_code: 'ZZ9 9ZZ',
      source: 'bulk-216',
      fetched_at: MOMENT,
    })
    expect(boris).toMatchObject({
      name: 'SAMPLE, BORIS',
      title: null,
      resigned_on: '2019-06-30',
      care_of: 'C/O EXAMPLE LLP',
      po_box: 'PO BOX 12',
    })
    expect(nominee).toMatchObject({
      name: 'EXAMPLE NOMINEE SECRETARIES LIMITED',
      surname: null,
      officer_role: 'corporate-nominee-secretary',
    })
    expect(world.db.select().from(bulk_files).all()).toMatchObject([
      { product: '216', run_number: 9001, produced_on: '2026-08-07', part: 'ew_1', records: 4, whole: false },
    ])
  })

  const differing: [what: string, lines: string[], why: string][] = [
    ['counts more', [companyLine('99000001', 4), NOMINEE, AVA, BORIS], 'it counts 4 officers, and 3 are listed'],
    ['counts fewer', [companyLine('99000001', 2), NOMINEE, AVA, BORIS], 'it counts 2 officers, and 3 are listed'],
    ['lists somebody twice', [companyLine('99000001', 2), AVA, AVA], 'it counts 2 officers, and 1 are listed'],
    ['counts nothing', [companyLine('99000001', '    '), AVA], 'it has no record that counts its officers'],
    ['has no record', [AVA], 'it has no record that counts its officers'],
    ['is there twice', [companyLine('99000001', 1), AVA, companyLine('99000001', 2)], 'the company is listed twice'],
    [
      'has a row of another length',
      [companyLine('99000001', 1), personLine({ length: '0099' })],
      'should have 99 characters',
    ],
    [
      'has a row that ended some day',
      [companyLine('99000001', 1), personLine({ type: '03' })],
      'ended on a day that is not held',
    ],
  ]
  it.each(differing)('stays pending and is named when it %s', async (_, lines, why) => {
    using world = filedWorld(['99000001', '99000002'])
    const other = [companyLine('99000002', 1), personLine({ company: '99000002' })]
    const { code, summary } = await world.importing('--file', world.file(NAME, bulkText([...lines, ...other])))
    expect(code).toBe(0)
    expect(summary).toMatchObject({ completed: 1, disagreeing: 1 })
    expect(summary.disagreeing_companies).toEqual([{ company_number: '99000001', why: expect.stringContaining(why) }])
    expect(world.company('99000001').officers_state).toBe('pending')
    expect(world.officers('99000001')).toEqual([])
    expect(world.company('99000002').officers_state).toBe('complete')
    expect(world.db.select().from(notes).all()).toMatchObject([
      { kind: 'filed-officers-differ', company_number: '99000001', detail: expect.stringContaining(why) },
    ])
  })

  it('keeps what is odd: unknown codes, two stints, dates of returns, CRLF and another character set', async () => {
    using world = filedWorld(['99000001'])
    const lines = [
      companyLine('99000001', 4),
      personLine({ type: '23', person: '300000030001' }),
      personLine({ type: '03', appointed: '20100101', resigned: '20110101' }),
      personLine({ type: '01', appointed: '20120101', fields: ['', 'RENÉE', 'EXAMPLE'] }),
      personLine({ origin: '2', type: '00', person: '300000040001', appointed: '19911031', born: '' }),
    ]
    const bytes = Buffer.from(bulkText(lines).replaceAll('\n', '\r\n'), 'latin1')
    const { summary } = await world.importing('--file', world.file(NAME, bytes))
    expect(summary).toMatchObject({ completed: 1, officers: 4 })
    expect(world.officers('99000001')).toMatchObject([
      { appointed_on: '2010-01-01', resigned_on: '2011-01-01' },
      { appointed_on: '2012-01-01', resigned_on: null, forenames: 'RENÉE' },
      { officer_role: 'type-23' },
      { officer_role: 'secretary', appointed_on: null, appointed_before: '1991-10-31', is_pre_1992_appointment: 1 },
    ])
  })

  it('has none only where a 216 lists nobody, and its kind of company is in the products', async () => {
    using world = filedWorld(['99000001', 'LP000001'])
    const lines = ['99000001', 'LP000001'].map((number) => companyLine(number, 0))
    const snapshot195 = world.file('Prod195_9001_ew_1.dat', bulkText(lines))
    expect((await world.importing('--file', snapshot195)).summary).toMatchObject({ none: 0, unproven: 2 })
    const { summary } = await world.importing('--file', world.file(NAME, bulkText(lines)))
    expect(summary).toMatchObject({ none: 1, unproven: 1, completed: 0 })
    expect(world.company('99000001').officers_state).toBe('none')
    expect(world.company('LP000001').officers_state).toBe('pending')
  })

  it('waits beyond the target, the limit and the filters', async () => {
    const numbers = ['99000001', '99000002', '99000003', '99000004']
    using world = filedWorld(numbers)
    saveWorldCompany(world.db, '99000005', { company_status: 'dissolved', sic_codes: '62012,7499' })
    const lines = [...numbers, '99000005'].flatMap((company) => [companyLine(company, 1), personLine({ company })])
    const file = world.file(NAME, bulkText(lines))
    const take = async (...args: string[]) => (await world.importing('--file', file, ...args)).summary
    expect(await take('--sic', '7499', '--status', 'active')).toMatchObject({ completed: 0, left_out: 5 })
    expect(await take('--sic', '7499')).toMatchObject({ completed: 1 })
    expect(await take('--limit', '1')).toMatchObject({ completed: 1, kept_newer: 1 })
    expect(await take('--target', '3')).toMatchObject({ completed: 1, left_out: 2, companies_with_officers: 3 })
    expect(await take()).toMatchObject({ completed: 2, left_out: 0, kept_newer: 3, companies_with_officers: 5 })
  })
})

describe('a company', () => {
  const two = ['99000001', '99000002'].flatMap((company) => [companyLine(company, 1), personLine({ company })])

  it('that another process is fetching is left to it, and counts as if it had its list', async () => {
    using world = filedWorld(['99000001', '99000002'])
    using other = beginRun(world.db, systemClock(), 'import-officers')
    world.db.insert(officer_fetches).values({ company_number: '99000001', claimed_by: other.id }).run()
    const file = world.file(NAME, bulkText(two))
    expect((await world.importing('--file', file, '--target', '1')).summary).toMatchObject({
      completed: 0,
      left_out: 2,
    })
    expect((await world.importing('--file', file, '--target', '2')).summary).toMatchObject({
      completed: 1,
      left_out: 1,
    })
    expect(world.company('99000001').officers_state).toBe('pending')
  })

  it('that failed at the API is complete by file; one that was deleted, or is not stored, is not there', async () => {
    using world = filedWorld(['99000001'])
    saveWorldCompany(world.db, '99000002', { deleted_at: '2026-05-01' })
    world.db.update(companies).set({ officers_state: 'failed' }).where(eq(companies.company_number, '99000001')).run()
    const failed = { company_number: '99000001', failed_at: 1, attempts: 3, last_error: 'answered 500' }
    world.db.insert(officer_fetches).values(failed).run()
    const more = [companyLine('99000003', 1), personLine({ company: '99000003' })]
    const { summary } = await world.importing('--file', world.file(NAME, bulkText([...two, ...more])))
    expect(summary).toMatchObject({ companies: 1, completed: 1 })
    expect(world.company('99000001').officers_state).toBe('complete')
    expect(world.db.select().from(officer_fetches).all()).toEqual([])
    expect(world.officers('99000002')).toEqual([])
  })

  it('whose list is in doubt stays so, with what the file knows better', async () => {
    using world = filedWorld(['99000001'])
    saveRestList(world.db, '99000001', [restRow('99000001')])
    world.db.update(companies).set({ officers_state: 'stale' }).run()
    const moved = personLine({ fields: ['', 'AVA MAY', 'EXAMPLE', '', '', '', '9 FRESH STREET'] })
    await world.importing('--file', world.file(NAME, bulkText([companyLine('99000001', 1), moved])))
    expect(world.company('99000001')).toMatchObject({
      officers_state: 'stale',
      officers_fetched_at: '2026-06-01T10:00:00.000Z',
    })
    expect(world.officers('99000001')).toMatchObject([
      { address_line_1: '9 FRESH STREET', officer_id: 'officerIdOfAva' },
    ])
  })
})

describe('a list that is stored', () => {
  const filed = (lines: string[], count = lines.length) => bulkText([companyLine('99000001', count), ...lines])

  it('keeps ids, verification, addresses and the register’s writing, and takes what is newer', async () => {
    using world = filedWorld(['99000001'])
    saveRestList(world.db, '99000001', [
      restRow('99000001'),
      restRow('99000001', {
        appointment_id: 'restAppointmentOfBoris',
        officer_id: 'boris',
        person_number: '300000020001',
        name: 'SAMPLE, Boris',
        forenames: 'Boris',
        surname: 'SAMPLE',
        appointed_on: '2018-01-01',
      }),
    ])
    saveAddress(world.db, '99000001', 'restAppointmentOfAvaExample', 'ava@example.test')
    const { summary } = await world.importing('--file', world.file(NAME, filed([AVA, BORIS, NOMINEE])))
    expect(summary).toMatchObject({ completed: 0, refreshed: 1, doubtful: 0 })
    expect(world.company('99000001')).toMatchObject({
      officers_state: 'complete',
      officers_count: 3,
      officers_fetched_at: MOMENT,
    })
    const [ava, boris, nominee] = world.officers('99000001')
    expect(ava).toMatchObject({
      ...restRow('99000001'),
      person_number: '300000010002',
      etag: null,
      source: 'bulk-216',
      fetched_at: MOMENT,
      run_id: expect.any(Number),
    })
    expect(boris).toMatchObject({
      appointment_id: 'restAppointmentOfBoris',
      officer_id: 'boris',
      resigned_on: '2019-06-30',
      care_of: 'C/O EXAMPLE LLP',
      premises: null,
      source: 'bulk-216',
    })
    expect(nominee).toMatchObject({ source: 'bulk-216', appointment_id: expect.stringMatching(/^bulk-/) })
    expect(world.db.select().from(emails).all()).toMatchObject([{ appointment_id: 'restAppointmentOfAvaExample' }])
  })

  it('is left as it is, to the byte, where the file says nothing else', async () => {
    using world = filedWorld(['99000001'])
    saveRestList(world.db, '99000001', [restRow('99000001', { person_number: '300000010002' })])
    const before = world.officers('99000001')
    const { summary } = await world.importing('--file', world.file(NAME, filed([AVA])))
    expect(summary).toMatchObject({ refreshed: 1 })
    expect(world.officers('99000001')).toEqual(before)
    expect(world.company('99000001').officers_fetched_at).toBe(MOMENT)
  })

  it('stays when it is newer than the file, row by row as well', async () => {
    using world = filedWorld(['99000001'])
    const newer = restRow('99000001', { occupation: 'Painter', fetched_at: '2026-08-07T09:00:00.000Z' })
    saveRestList(world.db, '99000001', [newer], '2026-08-07T09:00:00.000Z')
    const file = world.file(NAME, filed([AVA, BORIS]))
    expect((await world.importing('--file', file)).summary).toMatchObject({ kept_newer: 1, refreshed: 0 })
    expect(world.officers('99000001')).toMatchObject([{ occupation: 'Painter', source: 'rest' }])
    saveRestList(world.db, '99000001', [newer])
    expect((await world.importing('--file', file)).summary).toMatchObject({ refreshed: 1 })
    expect(world.officers('99000001')).toMatchObject([
      { occupation: 'Painter', source: 'rest' },
      { source: 'bulk-216' },
    ])
  })

  it('joins people who were merged, renumbered, or have no person number', async () => {
    using world = filedWorld(['99000001'])
    saveRestList(world.db, '99000001', [restRow('99000001', { person_number: '777777770001' })])
    await world.importing('--file', world.file(NAME, filed([AVA])))
    expect(world.officers('99000001')).toMatchObject([
      { appointment_id: 'restAppointmentOfAvaExample', person_number: '300000010002' },
    ])
    saveRestList(world.db, '99000001', [restRow('99000001', { person_number: null })])
    await world.importing('--file', world.file(NAME, filed([AVA])))
    expect(world.officers('99000001')).toMatchObject([{ appointment_id: 'restAppointmentOfAvaExample' }])
  })

  it('is in doubt, and loses nothing, when somebody whom the register told is not in the file', async () => {
    using world = filedWorld(['99000001'])
    const boris = restRow('99000001', { appointment_id: 'boris', person_number: '300000020001', name: 'SAMPLE, Boris' })
    saveRestList(world.db, '99000001', [restRow('99000001'), boris])
    const { summary } = await world.importing('--file', world.file(NAME, filed([AVA])))
    expect(summary).toMatchObject({ doubtful: 1, refreshed: 0, companies_with_officers: 0 })
    expect(world.company('99000001')).toMatchObject({
      officers_state: 'stale',
      officers_fetched_at: '2026-06-01T10:00:00.000Z',
    })
    expect(world.officers('99000001')).toHaveLength(2)
  })

  it('keeps those who resigned, and roles that the products lack, when a 195 does not list them', async () => {
    using world = filedWorld(['99000001'])
    const resigned = restRow('99000001', {
      appointment_id: 'boris',
      person_number: '300000020001',
      resigned_on: '2019-06-30',
    })
    const managing = restRow('99000001', { appointment_id: 'm', person_number: null, officer_role: 'managing-officer' })
    saveRestList(world.db, '99000001', [restRow('99000001'), resigned, managing])
    const { summary } = await world.importing('--file', world.file('Prod195_9001_ew_1.dat', filed([AVA])))
    expect(summary).toMatchObject({ product: '195', refreshed: 1, doubtful: 0 })
    expect(world.company('99000001')).toMatchObject({ officers_state: 'complete', officers_count: 3 })
  })

  it('that came by a file follows the next one, but is never emptied by it', async () => {
    using world = filedWorld(['99000001'])
    await world.importing('--file', world.file(NAME, filed([AVA, BORIS, NOMINEE])))
    const before = world.officers('99000001').map(({ appointment_id }) => appointment_id)
    const next = (lines: string[]) =>
      bulkText([companyLine('99000001', lines.length), ...lines], { run: '9021', day: '20260907' })
    const { summary } = await world.importing('--file', world.file('Prod216_9021_ew_1.dat', next([AVA, BORIS])))
    expect(summary).toMatchObject({ refreshed: 1 })
    expect(world.officers('99000001').map(({ appointment_id }) => appointment_id)).toEqual(before.slice(0, 2))
    const empty = bulkText([companyLine('99000001', 0)], { run: '9041', day: '20261007' })
    const emptied = await world.importing('--file', world.file('Prod216_9041_ew_1.dat', empty))
    expect(emptied.summary).toMatchObject({ doubtful: 1, none: 0 })
    expect(world.officers('99000001')).toHaveLength(2)
  })

  it('has its rows replaced by the register’s own, and addresses follow', async () => {
    using world = filedWorld(['99000001'])
    await world.importing('--file', world.file(NAME, filed([AVA, BORIS])))
    const [ava] = world.officers('99000001')
    saveAddress(world.db, '99000001', ava?.appointment_id ?? '', 'ava@example.test')
    saveRestList(world.db, '99000001', [
      restRow('99000001'),
      restRow('99000001', { appointment_id: 'x', person_number: '300000090001', name: 'NEW, Person' }),
    ])
    expect(world.officers('99000001').map(({ appointment_id }) => appointment_id)).toEqual([
      'restAppointmentOfAvaExample',
      'x',
    ])
    expect(world.db.select().from(emails).all()).toMatchObject([
      { appointment_id: 'restAppointmentOfAvaExample', email: 'ava@example.test' },
    ])
    const people = world.db.$client.prepare("SELECT count FROM tallies WHERE name = 'people-with-email'").pluck().get()
    expect(people).toBe(1)
  })

  it('stays when the file disagrees about it', async () => {
    using world = filedWorld(['99000001'])
    saveRestList(world.db, '99000001', [restRow('99000001')])
    const before = world.officers('99000001')
    const { summary } = await world.importing('--file', world.file(NAME, filed([AVA, BORIS], 3)))
    expect(summary).toMatchObject({ disagreeing: 1, refreshed: 0 })
    expect(world.officers('99000001')).toEqual(before)
    expect(world.company('99000001').officers_state).toBe('complete')
  })
})

describe('people who are left alone', () => {
  const rule = (kind: 'officer' | 'name' | 'company', value: string, born: string | null = null) => ({
    kind,
    value,
    born,
    reason: null,
  })
  const filed = bulkText([companyLine('99000001', 2), AVA, BORIS])

  const rules: [what: string, rule: Parameters<typeof addSuppressions>[1][number]][] = [
    ['a person number', rule('officer', '300000010001')],
    ['a name and a month of birth', rule('name', 'example, ava may', '1970-03')],
  ]
  it.each(rules)('are not stored when a rule names %s', async (_, one) => {
    using world = filedWorld(['99000001'])
    write(world.db, (tx) => addSuppressions(tx, [one], '2026-01-01T00:00:00.000Z'))
    await world.importing('--file', world.file(NAME, filed))
    expect(world.officers('99000001').map(({ surname }) => surname)).toEqual(['SAMPLE'])
    expect(world.company('99000001')).toMatchObject({ officers_state: 'complete', officers_count: 1 })
    expect(world.db.select().from(withheld_officers).all()).toHaveLength(1)
  })

  it('are known by their officer id through what is stored of them elsewhere, and by name where that is all', async () => {
    using world = filedWorld(['99000001', '99000002'])
    saveRestList(world.db, '99000002', [restRow('99000002')])
    write(world.db, (tx) => addSuppressions(tx, [rule('officer', 'officerIdOfAva')], '2026-01-01T00:00:00.000Z'))
    await world.importing('--file', world.file(NAME, filed))
    expect(world.officers('99000001').map(({ surname }) => surname)).toEqual(['SAMPLE'])

    using other = filedWorld(['99000001'])
    write(other.db, (tx) => addSuppressions(tx, [rule('officer', 'officerIdOfAva')], '2026-01-01T00:00:00.000Z'))
    saveOfficers(other.db, '99000001', [restRow('99000001')], { state: 'complete', fetchedAt: '2026-06-01', runId: 1 })
    expect(other.officers('99000001')).toEqual([])
    await other.importing('--file', other.file(NAME, filed))
    expect(other.officers('99000001').map(({ surname }) => surname)).toEqual(['SAMPLE'])
    expect(other.db.select().from(withheld_officers).all().length).toBeGreaterThan(0)
  })

  it('stay so in files after they were erased, until the rule is taken back', async () => {
    using world = filedWorld(['99000001', '99000002'])
    saveRestList(world.db, '99000002', [restRow('99000002')])
    const at = Date.parse('2026-07-01')
    const { suppression } = suppress(world.db, rule('officer', 'officerIdOfAva'), { erase: true, now: at })
    expect(world.officers('99000002')).toEqual([])
    const file = world.file(NAME, filed)
    await world.importing('--file', file)
    expect(world.officers('99000001').map(({ surname }) => surname)).toEqual(['SAMPLE'])
    // Another person's row with an id of its own is not meant, whatever its person number.
    saveRestList(world.db, '99000002', [restRow('99000002', { officer_id: 'other', appointment_id: 'other' })])
    expect(world.officers('99000002')).toHaveLength(1)
    write(world.db, (tx) => removeSuppression(tx, suppression.id))
    expect(world.db.select().from(suppressions).all()).toEqual([])
  })

  it('by person number everywhere, once the operator says so', async () => {
    using world = filedWorld(['99000001', '99000002'])
    saveRestList(world.db, '99000002', [restRow('99000002')])
    const at = Date.parse('2026-07-01')
    suppress(world.db, rule('officer', 'officerIdOfAva'), { erase: true, now: at })
    suppress(world.db, rule('officer', '30000001'), { erase: true, now: at })
    saveRestList(world.db, '99000002', [restRow('99000002', { officer_id: 'other', appointment_id: 'other' })])
    expect(world.officers('99000002')).toEqual([])
    expect(world.db.select().from(suppressions).all()).toMatchObject([{ follows: null }, { follows: null }])
  })
})

describe('files that are refused', () => {
  const lines = [companyLine('99000001', 1), AVA]
  const good = bulkText(lines)
  const refused: [what: string, files: Record<string, string | Buffer>, sentence: string][] = [
    ['cut short', { [NAME]: good.slice(0, -20) }, 'cut short'],
    ['a trailer that disagrees', { [NAME]: bulkText(lines, { trailer: '9999999900000003' }) }, 'counts 3 records'],
    ['another run than the name says', { 'Prod216_9002_ew_1.dat': good }, 'named run 9002, and its header says 9001'],
    ['an update', { 'Prod198_9001.txt': bulkText(lines, { kind: 'UPDT' }) }, 'is a daily update (198)'],
    ['the header of an update', { [NAME]: bulkText(lines, { kind: 'UPDT' }) }, 'is a daily update (198)'],
    [
      'a register file',
      { 'BasicCompanyData.csv': 'CompanyName, CompanyNumber\n"A","1"\n' },
      'does not begin with a header',
    ],
    ['a gzip that is broken', { 'Prod216_9001_sc.dat.gz': gzipSync(good).subarray(0, 60) }, 'gzip file is broken'],
    [
      'parts of two runs',
      { [NAME]: good, 'Prod216_9002_sc.dat': bulkText([], { run: '9002' }) },
      'run 9002 beside 9001',
    ],
    [
      'parts of two days',
      { [NAME]: good, 'Prod216_9001_sc.dat': bulkText([], { day: '20260808' }) },
      '2026-08-08 beside',
    ],
    ['parts of two products', { [NAME]: good, 'Prod195_9001_sc.dat': bulkText([]) }, '216 beside 195'],
    ['a part twice', { [NAME]: good, 'Prod216_9001_ew_01.dat': good }, 'part ew_1 comes twice'],
    ['a part missing', { [NAME]: good, 'Prod216_9001_ew_3.dat': bulkText([]) }, 'Parts are missing: ew_2'],
    [
      'a bad part behind a good one',
      { [NAME]: good, 'Prod216_9001_ew_2.dat': bulkText([], { trailer: '' }) },
      'cut short',
    ],
  ]
  it.each(refused)('%s: nothing changes', async (_, files, sentence) => {
    using world = filedWorld(['99000001'])
    const paths = Object.entries(files).map(([name, content]) => world.file(name, content))
    const { code, stderr } = await world.importing('--file', ...paths)
    expect(code).toBe(5)
    expect(stderr).toContain(sentence)
    expect(stderr).toContain('"hint":')
    expect(world.company('99000001').officers_state).toBe('pending')
    expect(world.officers('99000001')).toEqual([])
    expect(world.db.select().from(bulk_files).all()).toEqual([])
  })

  it('a zip of parts is taken, and one without any is refused', async () => {
    using world = filedWorld(['99000001'])
    const parts: [string, string][] = [
      ['2026/Prod216_9001_ew_1.dat', good],
      ['2026/Prod216_9001_sc.dat', bulkText([])],
      ['readme.pdf', 'no part'],
    ]
    await zipOf(world.folder.file('Prod216.zip'), parts)
    await zipOf(world.folder.file('empty.zip'), parts.slice(2))
    const { code, stderr } = await world.importing('--file', world.folder.file('empty.zip'))
    expect([code, stderr]).toEqual([5, expect.stringContaining('holds no .dat or .txt file')])
    const { summary } = await world.importing('--file', world.folder.file('Prod216.zip'))
    expect(summary).toMatchObject({ product: '216', parts: ['ew_1', 'sc'], completed: 1 })
  })

  it('whole snapshots are told from parts', async () => {
    using world = filedWorld(['99000001'])
    const names = ['Prod216_9001_ew_1.dat', 'Prod216_9001_ew_2.dat', 'Prod216_9001_sc.dat']
    const paths = names.map((name, at) => world.file(name, at === 0 ? good : bulkText([])))
    expect((await world.importing('--file', ...paths)).summary).toMatchObject({ whole: false })
    const last = world.file('Prod216_9001_ni.dat', bulkText([]))
    expect((await world.importing('--file', last)).summary).toMatchObject({ whole: true, parts: ['ni'] })
    expect(
      world.db
        .select()
        .from(bulk_files)
        .all()
        .map(({ part, parts, whole }) => [part, parts, whole]),
    ).toEqual([
      ['ew_1', 4, true],
      ['ew_2', 4, true],
      ['sc', 4, true],
      ['ni', 4, true],
    ])
  })

  it.each([
    ['--refresh', '30d'],
    ['--updates', 'x.txt'],
    ['--concurrency', '2'],
    ['--max-outage', '1m'],
  ])('--file beside %s is refused with 2', async (...other) => {
    using world = filedWorld(['99000001'])
    const { code, stderr } = await world.importing('--file', world.file(NAME, good), ...other)
    expect(code).toBe(2)
    expect(stderr).toContain(`--file and ${other[0]} exclude each other`)
  })
})
