import { copyFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { write } from '../../../src/db/open.ts'
import { bulk_files, deletions } from '../../../src/db/schema.ts'
import { addSuppressions } from '../../../src/db/suppress/suppressions.ts'
import {
  bulkText,
  type ChangeLine,
  changeLine,
  companyLine,
  personLine,
} from '../../companies-house/bulk/bulk-lines.ts'
import { type FiledWorld, filedWorld, restRow, saveRestList } from './filed-world.ts'

const COMPANY = '99000001'
const D7 = '2026-08-07T00:00:00.000Z'
const D8 = '2026-08-08T00:00:00.000Z'

/** A snapshot of run 9001 with one director, Ava. */
function snapshotOf(world: FiledWorld, lines = [companyLine(COMPANY, 1), personLine()]): string {
  return world.file('Prod216_9001_ew_1.dat', bulkText(lines))
}

function updateOf(world: FiledWorld, lines: string[], { run = '9002', day = '20260808' } = {}): string {
  return world.file(`Prod198_${run}.txt`, bulkText(lines, { kind: 'UPDT', run, day }))
}

/** Ava's list by file, and then one update of it. */
async function changed(change: ChangeLine | ChangeLine[], count: number, more: string[] = []) {
  const world = filedWorld([COMPANY])
  await world.importing('--file', snapshotOf(world, [companyLine(COMPANY, 1 + more.length), personLine(), ...more]))
  const lines = [change].flat().map(changeLine)
  const { code, summary } = await world.importing('--updates', updateOf(world, [companyLine(COMPANY, count), ...lines]))
  expect(code).toBe(0)
  return { world, summary, applied: (summary.applied as Record<string, unknown>[])[0] }
}

describe('the published example', () => {
  const numbers = ['99000001', 'SO990001', 'FC990001', '99000002']
  const example = (world: FiledWorld, name: string) => {
    copyFileSync(
      fileURLToPath(new URL(`../../companies-house/bulk/examples/${name}`, import.meta.url)),
      world.folder.file(name),
    )
    return world.folder.file(name)
  }

  it('is taken whole, and followed', async () => {
    using world = filedWorld(numbers)
    const { summary } = await world.importing('--file', example(world, 'Prod216_9001_ew_1.dat'))
    expect(summary).toMatchObject({ completed: 4, officers: 10, disagreeing: 0 })
    const boris = world.officers('99000001').find((row) => row.appointed_on === '2018-01-01')?.appointment_id
    const updated = await world.importing('--updates', example(world, 'Prod198_9002.txt'))
    expect(updated.code).toBe(0)
    expect(updated.summary).toMatchObject({
      applied: [{ run: '9002', produced_on: '2026-08-08', records: 12, companies: 3, doubtful: 0 }],
      follows_snapshot: true,
    })
    const facts = ({ name, officer_role, appointed_on, resigned_on, person_number }: Record<string, unknown>) => [
      name,
      officer_role,
      appointed_on,
      resigned_on,
      person_number,
    ]
    expect(world.officers('99000001').map(facts)).toEqual([
      ['EXAMPLE, AVA MAY', 'director', '2016-05-12', null, '300000010002'],
      ['SAMPLE, BORIS', 'director', '2018-01-01', null, '300000020001'],
      ['OLD SECRETARY LTD', 'corporate-secretary', '2015-04-01', '2016-05-11', '300000030001'],
      ['NEWCOMER, ELLA', 'director', '2026-08-01', null, '300000090001'],
      [
        'EXAMPLE NOMINEE SECRETARIES LIMITED',
        'corporate-nominee-secretary',
        '2015-04-01',
        '2026-07-31',
        '990000010001',
      ],
    ])
    expect(world.officers('99000001')).toMatchObject([
      { address_line_1: '9 FRESH STREET', postal_code: 'ZZ98 8YY', source: 'bulk-198', fetched_at: D8 },
      { source: 'bulk-198', appointment_id: boris },
      { source: 'bulk-216', fetched_at: D7 },
      { source: 'bulk-198' },
      { address_line_1: '1A SAMPLE STREET', postal_code: 'ZZ1 1AB' },
    ])
    const partners = world.officers('SO990001')
    expect(partners).toMatchObject([
      { surname: 'SPECIMEN', date_of_birth_month: 11 },
      { person_number: '300000990001', officer_role: 'corporate-llp-member', country: 'UNITED STATES' },
    ])
    expect(world.officers('99000002')[1]).toMatchObject({ forenames: 'DORA ANNE', person_number: '300000070002' })
    for (const number of ['99000001', 'SO990001', '99000002']) {
      expect(world.company(number)).toMatchObject({ officers_state: 'complete', officers_fetched_at: D8 })
    }
    expect(world.company('FC990001').officers_fetched_at).toBe(D7)
  })
})

describe('a record of an update', () => {
  it('is a new appointment', async () => {
    const { world, applied } = await changed(
      { person: '300000050001', appointed: '20260806', fields: ['', 'ELLA', 'NEWCOMER'] },
      2,
    )
    using _ = world
    expect(applied).toMatchObject({ added: 1, changed: 0, doubtful: 0 })
    expect(world.officers(COMPANY)[1]).toMatchObject({
      surname: 'NEWCOMER',
      appointed_on: '2026-08-06',
      source: 'bulk-198',
    })
    expect(world.company(COMPANY)).toMatchObject({
      officers_state: 'complete',
      officers_count: 2,
      officers_fetched_at: D8,
    })
  })

  it('is a resignation, and is taken back by a reinstatement', async () => {
    const { world } = await changed({ oldType: '01', type: '03', resigned: '20260805' }, 0)
    using _ = world
    const [resigned] = world.officers(COMPANY)
    expect(resigned).toMatchObject({ resigned_on: '2026-08-05', source: 'bulk-198' })
    expect(world.company(COMPANY)).toMatchObject({ officers_state: 'complete', officers_fetched_at: D8 })
    const back = [companyLine(COMPANY, 1), changeLine({ oldType: '03', type: '01' })]
    await world.importing('--updates', updateOf(world, back, { run: '9003', day: '20260811' }))
    expect(world.officers(COMPANY)).toMatchObject([{ resigned_on: null, appointment_id: resigned?.appointment_id }])
  })

  it('is a change of details, of which blanks say nothing', async () => {
    const { world } = await changed(
      { fields: ['', 'AVA MAY', 'EXAMPLE', '', '', '', '9 FRESH STREET'], postcode: 'ZZ98 8YY' },
      1,
    )
    using _ = world
    expect(world.officers(COMPANY)).toMatchObject([
      { address_line_1: '9 FRESH STREET', locality: null, postal_code: 'ZZ98 8YY', occupation: 'ENGINEER' },
    ])
  })

  it('is a correction, of which blanks and dates count', async () => {
    const fields = ['', 'EVA MAY', 'EXAMPLE', '', '', '', '9 FRESH STREET']
    const { world } = await changed({ correction: true, appointed: '20160513', born: '', fields }, 1)
    using _ = world
    expect(world.officers(COMPANY)).toMatchObject([
      { forenames: 'EVA MAY', appointed_on: '2016-05-13', occupation: null, date_of_birth_year: null },
    ])
  })

  it('is an appointment that never was', async () => {
    const { world, applied } = await changed({ oldType: '01', type: '99' }, 0)
    using _ = world
    expect(applied).toMatchObject({ removed: 1, doubtful: 0 })
    expect(world.officers(COMPANY)).toEqual([])
    expect(world.db.select().from(deletions).all()).toMatchObject([{ kind: 'officer', company_number: COMPANY }])
  })

  it('is an error and the entry again, in whatever order', async () => {
    const { world } = await changed([{ appointed: '20160601' }, { oldType: '01', type: '99' }], 1)
    using _ = world
    expect(world.officers(COMPANY)).toMatchObject([{ appointed_on: '2016-06-01' }])
  })

  it('is another number of the same person, and a merge', async () => {
    const { world } = await changed({ oldPerson: '300000010002', person: '300000010003' }, 1)
    using _ = world
    const [row] = world.officers(COMPANY)
    expect(row?.person_number).toBe('300000010003')
    const merge = [companyLine(COMPANY, 1), changeLine({ oldPerson: '300000010003', person: '300000660001' })]
    await world.importing('--updates', updateOf(world, merge, { run: '9003', day: '20260811' }))
    expect(world.officers(COMPANY)).toMatchObject([
      { person_number: '300000660001', appointment_id: row?.appointment_id },
    ])
    expect(world.company(COMPANY).officers_state).toBe('complete')
  })

  it('of two stints means the one of its day', async () => {
    const first = personLine({ type: '03', appointed: '20100101', resigned: '20110101' })
    const { world } = await changed({ oldType: '03', type: '03', appointed: '20100101', resigned: '20110202' }, 1, [
      first,
    ])
    using _ = world
    expect(world.officers(COMPANY)).toMatchObject([
      { appointed_on: '2010-01-01', resigned_on: '2011-02-02' },
      { appointed_on: '2016-05-12', resigned_on: null },
    ])
  })

  it('may change the role itself', async () => {
    const { world } = await changed({ oldType: '01', type: '00' }, 1)
    using _ = world
    expect(world.officers(COMPANY)).toMatchObject([{ officer_role: 'secretary' }])
  })

  const doubts: [what: string, change: ChangeLine, count: number][] = [
    ['counts other officers than are stored', {}, 2],
    ['ends what was not stored', { oldType: '01', type: '03', person: '300000770001', resigned: '20260801' }, 1],
    ['contradicts itself', { length: '0001' }, 1],
    ['ends on no day', { oldType: '01', type: '03' }, 0],
  ]
  it.each(doubts)('puts the list in doubt when it %s', async (_what, change, count) => {
    const { world, applied } = await changed(change, count)
    using _ = world
    expect(applied).toMatchObject({ doubtful: 1 })
    expect(world.company(COMPANY)).toMatchObject({ officers_state: 'stale', officers_fetched_at: D7 })
    expect(world.officers(COMPANY)[0]).toMatchObject({ surname: 'EXAMPLE' })
  })

  it('belongs to a person everywhere: nationality and residence, a correction’s name, a nominee’s address', async () => {
    using world = filedWorld([COMPANY, '99000002'])
    const nominee = { person: '990000010001', body: true, type: '00', born: '', appointed: '20150401' }
    const desk = (line: string) => ['', '', 'EXAMPLE NOMINEE SECRETARIES LIMITED', '', '', '', line]
    const here = personLine({ company: '99000002' })
    const secretary = personLine({ company: '99000002', ...nominee, fields: desk('1 SAMPLE STREET') })
    await world.importing('--file', snapshotOf(world, [companyLine('99000002', 2), here, secretary]))
    const fields = [
      '',
      'AVA MAY',
      'EXAMPLE',
      '',
      '',
      '',
      '9 FRESH STREET',
      '',
      '',
      '',
      '',
      'PAINTER',
      'IRISH',
      'IRELAND',
    ]
    const elsewhere = changeLine({ company: '88000001', fields })
    const everywhere = changeLine({
      company: '        ',
      ...nominee,
      type: '  ',
      appointed: '',
      fields: desk('1A SAMPLE STREET'),
    })
    const one = updateOf(world, [companyLine('88000001', 1), elsewhere, everywhere])
    expect((await world.importing('--updates', one)).summary).toMatchObject({ applied: [{ changed: 2 }] })
    expect(world.officers('99000002')).toMatchObject([
      {
        nationality: 'IRISH',
        country_of_residence: 'IRELAND',
        occupation: 'ENGINEER',
        address_line_1: '2 SAMPLE STREET',
      },
      { address_line_1: '1A SAMPLE STREET', officer_role: 'corporate-nominee-secretary' },
    ])
    const corrected = changeLine({
      company: '88000001',
      correction: true,
      fields: ['', 'EVA', 'EXAMPLE', ...fields.slice(3)],
    })
    await world.importing('--updates', updateOf(world, [corrected], { run: '9003', day: '20260811' }))
    expect(world.officers('99000002')[0]).toMatchObject({ forenames: 'EVA', nationality: 'IRISH' })
  })

  it('never overwrites what is newer, and keeps what the register told', async () => {
    using world = filedWorld([COMPANY, '99000002'])
    await world.importing('--file', snapshotOf(world, []))
    saveRestList(world.db, COMPANY, [restRow(COMPANY, { person_number: '300000010002' })], '2026-08-08T09:00:00.000Z')
    saveRestList(
      world.db,
      '99000002',
      [restRow('99000002', { person_number: '300000010002' })],
      '2026-08-07T09:00:00.000Z',
    )
    const resigned = { oldType: '01', type: '03', resigned: '20260805' }
    const lines = [COMPANY, '99000002'].flatMap((company) => [
      companyLine(company, 0),
      changeLine({ company, ...resigned }),
    ])
    const { summary } = await world.importing('--updates', updateOf(world, lines))
    expect(summary).toMatchObject({ applied: [{ companies: 2, kept_newer: 1, changed: 1, doubtful: 0 }] })
    expect(world.officers(COMPANY)).toMatchObject([{ resigned_on: null, source: 'rest' }])
    expect(world.officers('99000002')).toMatchObject([
      {
        resigned_on: '2026-08-05',
        source: 'bulk-198',
        officer_id: 'officerIdOfAva',
        appointment_verification_start_on: '2026-02-03',
        name: 'EXAMPLE, Ava May',
      },
    ])
    expect(world.company('99000002')).toMatchObject({ officers_state: 'complete', officers_fetched_at: D8 })
  })

  it('of a merge leaves the register’s officer id in doubt', async () => {
    using world = filedWorld([COMPANY])
    await world.importing('--file', snapshotOf(world, []))
    saveRestList(world.db, COMPANY, [restRow(COMPANY)], '2026-08-07T09:00:00.000Z')
    const merge = changeLine({ oldPerson: '300000010001', person: '300000660001' })
    await world.importing('--updates', updateOf(world, [companyLine(COMPANY, 1), merge]))
    expect(world.officers(COMPANY)).toMatchObject([{ officer_id: 'officerIdOfAva', person_number: '300000660001' }])
    expect(world.company(COMPANY).officers_state).toBe('stale')
  })

  it('about somebody who is left alone stores nothing', async () => {
    using world = filedWorld([COMPANY])
    const rule = { kind: 'officer' as const, value: '300000010001', born: null, reason: null }
    await world.importing('--file', snapshotOf(world))
    write(world.db, (tx) => addSuppressions(tx, [rule], '2026-01-01T00:00:00.000Z'))
    // The rule goes on for the appointment, although the person has another number now.
    const merge = changeLine({ oldPerson: '300000010002', person: '300000660001' })
    const { summary } = await world.importing('--updates', updateOf(world, [companyLine(COMPANY, 1), merge]))
    expect(summary).toMatchObject({ applied: [{ doubtful: 0 }] })
    expect(world.officers(COMPANY)).toEqual([])
  })

  it('reopens a company that was believed to have nobody, and leaves pending ones', async () => {
    using world = filedWorld([COMPANY, '99000002'])
    await world.importing('--file', snapshotOf(world, [companyLine(COMPANY, 0)]))
    expect(world.company(COMPANY).officers_state).toBe('none')
    const lines = [COMPANY, '99000002'].flatMap((company) => [companyLine(company, 1), changeLine({ company })])
    const { summary } = await world.importing('--updates', updateOf(world, lines))
    expect(summary).toMatchObject({ applied: [{ reopened: 1, companies: 1, added: 0 }] })
    expect(world.company(COMPANY).officers_state).toBe('pending')
    expect(world.company('99000002').officers_state).toBe('pending')
  })
})

it('a clock that is behind the files lets them follow each other all the same', async () => {
  using world = filedWorld([COMPANY])
  const [run, later] = ['9002', '9003']
  await world.importing(
    '--file',
    world.file('a.dat', bulkText([companyLine(COMPANY, 1), personLine()], { day: '29990806' })),
  )
  const resigned = [companyLine(COMPANY, 0), changeLine({ oldType: '01', type: '03', resigned: '20260805' })]
  const back = [companyLine(COMPANY, 1), changeLine({ oldType: '03', type: '01' })]
  const files = [
    updateOf(world, resigned, { run, day: '29990807' }),
    updateOf(world, back, { run: later, day: '29990808' }),
  ]
  const { summary } = await world.importing('--updates', ...files)
  expect(summary).toMatchObject({ applied: [{ changed: 1 }, { changed: 1 }] })
  expect(world.officers(COMPANY)).toMatchObject([{ resigned_on: null }])
})

describe('the order of updates', () => {
  const days: [run: string, day: string][] = [
    ['9002', '20260808'],
    ['9003', '20260811'],
    ['9004', '20260812'],
  ]
  const all = (world: FiledWorld) => days.map(([run, day]) => updateOf(world, [], { run, day }))
  const runs = (summary: Record<string, unknown>, of: 'applied' | 'skipped') =>
    (summary[of] as { run: string; why?: string }[]).map(({ run, why }) => (why ? `${run} ${why}` : run))

  it('is theirs, whatever order they are named in, and each counts once', async () => {
    using world = filedWorld([COMPANY])
    await world.importing('--file', snapshotOf(world))
    const files = all(world)
    const first = await world.importing('--updates', ...files.toReversed())
    expect(runs(first.summary, 'applied')).toEqual(['9002', '9003', '9004'])
    const again = await world.importing('--updates', ...files)
    expect(again.code).toBe(0)
    expect(runs(again.summary, 'applied')).toEqual([])
    expect(runs(again.summary, 'skipped')).toEqual([
      '9002 applied before',
      '9003 applied before',
      '9004 applied before',
    ])
    expect(
      world.db
        .select()
        .from(bulk_files)
        .all()
        .map(({ product, run_number }) => `${product} ${run_number}`),
    ).toEqual(['216 9001', '198 9002', '198 9003', '198 9004'])
  })

  it('is broken by a missing day, which is named, and nothing is applied', async () => {
    using world = filedWorld([COMPANY])
    await world.importing('--file', snapshotOf(world))
    const [first = '', , third = ''] = all(world)
    for (const files of [[third], [first, third]]) {
      const { code, stderr } = await world.importing('--updates', ...files)
      expect(code).toBe(5)
      expect(stderr).toContain('9003')
      expect(stderr).toMatch(/(is|are) missing between run 900[12]/)
    }
    expect(world.db.select().from(bulk_files).all()).toHaveLength(1)
  })

  it('begins behind the snapshot, and again behind one that is imported again', async () => {
    using world = filedWorld([COMPANY])
    const early = updateOf(world, [companyLine(COMPANY, 9), changeLine()], { run: '9000', day: '20260807' })
    const files = all(world)
    await world.importing('--file', snapshotOf(world))
    const first = await world.importing('--updates', early, ...files)
    expect(runs(first.summary, 'skipped')).toEqual(['9000 before the snapshot'])
    const again = await world.importing('--file', snapshotOf(world))
    expect(again.summary).toMatchObject({ updates_to_repeat: 3, kept_newer: 1 })
    expect(runs((await world.importing('--updates', ...files)).summary, 'applied')).toEqual(['9002', '9003', '9004'])
  })

  it('takes the first file of a later day behind a snapshot of another number, and 0001 behind 9999', async () => {
    using world = filedWorld([COMPANY])
    await world.importing('--file', snapshotOf(world))
    const files = [
      updateOf(world, [], { run: '9999', day: '20260808' }),
      updateOf(world, [], { run: '0001', day: '20260811' }),
    ]
    expect(runs((await world.importing('--updates', ...files)).summary, 'applied')).toEqual(['9999', '0001'])
  })

  it('without a snapshot begins with the first file, and proves no list', async () => {
    using world = filedWorld([COMPANY])
    saveRestList(world.db, COMPANY, [restRow(COMPANY, { person_number: '300000010002' })])
    const fields = ['', 'AVA MAY', 'EXAMPLE', '', '', '', '9 FRESH STREET']
    const file = updateOf(world, [companyLine(COMPANY, 1), changeLine({ fields })])
    expect((await world.importing('--updates', file)).summary).toMatchObject({ follows_snapshot: false })
    expect(world.officers(COMPANY)).toMatchObject([{ address_line_1: '9 FRESH STREET', source: 'bulk-198' }])
    expect(world.company(COMPANY).officers_fetched_at).toBe('2026-06-01T10:00:00.000Z')
  })

  const refused: [what: string, run: string, day: string, sentence: string][] = [
    ['an older day under the next number', '9005', '20260812', 'cannot follow run 9004'],
    ['a number far away', '5000', '20260813', 'does not fit behind run 9004'],
    ['an applied number of another day', '9004', '20260813', 'does not fit behind run 9004'],
  ]
  it.each(refused)('refuses %s', async (_, run, day, sentence) => {
    using world = filedWorld([COMPANY])
    await world.importing('--file', snapshotOf(world))
    await world.importing('--updates', ...all(world))
    const file = world.file('renamed.txt', bulkText([], { kind: 'UPDT', run, day }))
    const { code, stderr } = await world.importing('--updates', file)
    expect(code).toBe(5)
    expect(stderr).toContain(sentence)
  })

  it('is not asked about files that are refused: cut, miscounted, a snapshot', async () => {
    using world = filedWorld([COMPANY])
    await world.importing('--file', snapshotOf(world))
    const [first = ''] = all(world)
    const bad: Record<string, [name: string, content: string]> = {
      'cut short': [
        'Prod198_9003.txt',
        bulkText([companyLine(COMPANY, 1)], { kind: 'UPDT', run: '9003' }).slice(0, -20),
      ],
      'counts 7 records': [
        'Prod198_9003.txt',
        bulkText([], { kind: 'UPDT', run: '9003', trailer: '9999999900000007' }),
      ],
      'is a snapshot': ['Prod216_9003_sc.dat', bulkText([], { run: '9003' })],
    }
    for (const [sentence, [name, content]] of Object.entries(bad)) {
      const { code, stderr } = await world.importing('--updates', first, world.file(name, content))
      expect(code).toBe(5)
      expect(stderr).toContain(sentence)
    }
    expect(world.db.select().from(bulk_files).all()).toHaveLength(1)
  })

  it.each(['--target', '--limit', '--status', '--sic', '--concurrency'])(
    'refuses %s beside it with 2',
    async (flag) => {
      using world = filedWorld([COMPANY])
      const value = flag === '--status' ? 'active' : flag === '--sic' ? '62012' : '5'
      const { code, stderr } = await world.importing('--updates', 'x.txt', flag, value)
      expect(code).toBe(2)
      expect(stderr).toContain(`--updates and ${flag} exclude each other`)
    },
  )
})
