import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { PSC_SNAPSHOT, partsOf } from '../../../src/companies-house/pscs/snapshot.ts'
import { openSource } from '../../../src/companies-house/register/source.ts'
import { columnList } from '../../../src/db/dataset/computed.ts'
import { type Db, write } from '../../../src/db/open.ts'
import { countDoubtedPscs, doubtPscs } from '../../../src/db/psc-doubt.ts'
import { addSuppressions } from '../../../src/db/suppress/suppressions.ts'
import { type ImportPscsSummary, importPscs } from '../../../src/steps/pscs/import.ts'
import {
  corporate,
  exemption,
  individual,
  type Line,
  snapshotText,
  statement,
  superSecure,
  textOf,
  totals,
} from '../../companies-house/pscs/fixtures.ts'
import { zip } from '../../companies-house/register/fixtures.ts'
import { eachDatabase } from '../../new-database.ts'

const clock = systemClock()
let db: Db

eachDatabase((made) => {
  db = made.db
})

function storeCompanies(...numbers: string[]): void {
  const insert = db.$client.prepare(`INSERT INTO companies
    (company_number, company_name, date_of_creation, source, fetched_at, run_id, first_seen_at)
    VALUES (?, 'SAMPLE LIMITED', '2011-01-01', 'register-file', '2026-08-01T00:00:00.000Z', 1, '2026-08-01T00:00:00.000Z')`)
  for (const number of numbers) insert.run(number)
}

interface Input {
  name?: string
  bytes: string | Buffer
}

async function importing(
  given: string | Buffer | Input[],
  { signal = new AbortController().signal, onProgress = () => {} } = {},
): Promise<ImportPscsSummary> {
  const inputs = Array.isArray(given) ? given : [{ bytes: given }]
  const sources = await Promise.all(
    inputs.map(({ name = 'snapshot.txt', bytes }) =>
      openSource({ stream: Readable.from([Buffer.from(bytes)]), name }, PSC_SNAPSHOT, signal),
    ),
  )
  try {
    return await importPscs({ db, clock, signal }, { parts: sources.flatMap(partsOf), onProgress })
  } finally {
    for (const source of sources) source.close()
  }
}

const all = (sql: string): Record<string, unknown>[] => db.$client.prepare(sql).all() as Record<string, unknown>[]
const pscs = () => all('SELECT * FROM persons_with_significant_control ORDER BY company_number, psc_id')
const ids = () => pscs().map(({ company_number, psc_id }) => `${company_number}/${psc_id}`)
const states = () =>
  Object.fromEntries(all('SELECT * FROM companies').map((row) => [row.company_number, row.pscs_state]))
const stored = () => ({
  pscs: pscs(),
  companies: all('SELECT * FROM companies'),
  deletions: all('SELECT * FROM deletions'),
  files: all('SELECT * FROM bulk_files'),
  runs: all('SELECT * FROM runs'),
})

const SIX: Line[] = [
  individual('99000001', 'a'),
  corporate('99000001', 'b', { ceased_on: '2016-05-11' }),
  superSecure('SO990001', 'c'),
  statement('99000002', 'd'),
  exemption('99000003'),
  individual('99999999', 'stranger'),
]

describe('importing a good snapshot', () => {
  beforeEach(() => storeCompanies('99000001', '99000002', '99000003', '99000004', 'SO990001'))

  it('stores the records of stored companies with all members', async () => {
    const line = individual('99000001', 'a', {
      identity_verification_details: {
        anti_money_laundering_supervisory_bodies: ['Body One'],
        appointment_verification_end_on: '9999-12-31',
        appointment_verification_start_on: '2026-01-02',
        appointment_verification_statement_date: '2026-01-01',
        appointment_verification_statement_due_on: '2026-01-15',
        authorised_corporate_service_provider_name: 'Verifiers Limited',
        identity_verified_on: '2025-12-31',
        preferred_name: 'Ava Example',
      },
      is_sanctioned: true,
    })
    const summary = await importing(snapshotText([line, ...SIX.slice(1)]))
    expect(summary).toMatchObject({ persons: 4, statements: 1, exemptions: 1, companies: 5, records: 5, inserted: 5 })
    expect(summary.unknown_members).toEqual({})
    expect(pscs()[0]).toMatchObject({
      company_number: '99000001',
      psc_id: 'a',
      kind: 'individual-person-with-significant-control',
      name: 'Ms Ava May Example',
      title: 'Ms',
      forename: 'Ava',
      middle_name: 'May',
      surname: 'Example',
      date_of_birth_month: 3,
      date_of_birth_year: 1970,
      premises: '2',
      natures_of_control: 'ownership-of-shares-75-to-100-percent,right-to-appoint-and-remove-directors',
      notified_on: '2016-05-12',
      ceased_on: null,
      is_sanctioned: 1,
      anti_money_laundering_supervisory_bodies: '["Body One"]',
      appointment_verification_start_on: '2026-01-02',
      appointment_verification_end_on: '9999-12-31',
      appointment_verification_statement_date: '2026-01-01',
      appointment_verification_statement_due_on: '2026-01-15',
      authorised_corporate_service_provider_name: 'Verifiers Limited',
      identity_verified_on: '2025-12-31',
      preferred_name: 'Ava Example',
      etag: 'etag-a',
      source: 'psc-snapshot',
      fetched_at: '2026-08-07T02:40:50.000Z',
      stream_timepoint: null,
    })
  })

  it('tells ceased, withheld, stated, exempt and absent apart', async () => {
    await importing(snapshotText(SIX))
    expect(ids()).toEqual(['99000001/a', '99000001/b', '99000002/d', '99000003/exemptions', 'SO990001/c'])
    expect(pscs().map(({ ceased_on }) => ceased_on)).toEqual([null, '2016-05-11', null, null, null])
    expect(pscs()[4]).toMatchObject({ name: null, description: 'super-secure-persons-with-significant-control' })
    expect(states()).toEqual({
      '99000001': 'complete',
      '99000002': 'complete',
      '99000003': 'complete',
      '99000004': 'none',
      SO990001: 'complete',
    })
    expect(all('SELECT * FROM tallies').find(({ name }) => name === 'pscs')).toMatchObject({ count: 5 })
  })

  it('concludes nothing about a company that was formed after the snapshot, or stored while it was read', async () => {
    db.$client.exec(`UPDATE companies SET date_of_creation = '2026-08-07' WHERE company_number = '99000004'`)
    const onProgress = () => {
      if (all("SELECT * FROM companies WHERE company_number = '99000009'").length === 0) storeCompanies('99000009')
    }
    await importing(snapshotText(SIX), { onProgress })
    expect(states()).toMatchObject({ '99000004': 'pending', '99000009': 'pending' })
  })

  it.each([
    ['gzip', () => gzipSync(snapshotText(SIX))],
    ['zip', () => zip([{ name: 'psc-snapshot-2026-08-07_1of1.txt', text: snapshotText(SIX) }])],
    ['CRLF and a byte order mark', () => `\ufeff${snapshotText(SIX).replaceAll('\n', '\r\n')}`],
    [
      'blanks in the JSON',
      () =>
        SIX.concat(totals(SIX) as Line)
          .map((line) => JSON.stringify(line, null, 1).replaceAll('\n', ' '))
          .join('\n'),
    ],
  ])('reads it from %s', async (_kind, bytes) => {
    await importing(bytes())
    expect(ids()).toHaveLength(5)
  })

  it('stores the last of a record that is there twice, by the numbers of the parts and not by their order', async () => {
    const twice = ['Dutch', 'Irish'].map((nationality) => individual('99000001', 'a', { nationality }))
    const texts = [textOf(twice.slice(0, 1)), textOf([...twice.slice(1), totals(twice)])]
    const named = texts.map((bytes, at) => ({ name: `psc-snapshot-2026-08-07_${at + 1}of2.txt`, bytes }))
    await importing(named.toReversed())
    expect(pscs()).toMatchObject([{ psc_id: 'a', nationality: 'Irish' }])
  })

  it('stores the address of the person whom a statement is about', async () => {
    const links = {
      self: '/company/99000002/persons-with-significant-control-statements/d',
      person_with_significant_control: '/company/99000002/persons-with-significant-control/individual/e',
    }
    const summary = await importing(snapshotText([statement('99000002', 'd', { links })]))
    expect(pscs()).toMatchObject([{ psc_id: 'd', linked_psc: links.person_with_significant_control }])
    expect(summary.unknown_members).toEqual({})
  })

  it('takes the parts of a set in any order', async () => {
    const name = (part: number) => `psc-snapshot-2026-08-07_${part}of3.txt`
    await importing([
      { name: name(2), bytes: textOf(SIX.slice(2, 4)) },
      { name: name(3), bytes: textOf([...SIX.slice(4), totals(SIX)]) },
      { name: name(1), bytes: textOf(SIX.slice(0, 2)) },
    ])
    expect(ids()).toHaveLength(5)
    expect(all('SELECT part, parts, records, whole FROM bulk_files ORDER BY part')).toEqual([
      { part: '1', parts: 3, records: 2, whole: 1 },
      { part: '2', parts: 3, records: 2, whole: 1 },
      { part: '3', parts: 3, records: 2, whole: 1 },
    ])
  })

  it('keeps codes, kinds and members that nobody knows yet from being lost unseen', async () => {
    const line = individual('99000001', 'a', {
      kind: 'novel-person-with-significant-control',
      natures_of_control: ['control-by-telepathy'],
      shoe_size: 43,
      address: { planet: 'Earth' },
    })
    const summary = await importing(snapshotText([line]))
    expect(summary.unknown_members).toEqual({ shoe_size: 1, 'address.planet': 1 })
    expect(pscs()[0]).toMatchObject({ kind: line.data.kind, natures_of_control: 'control-by-telepathy' })
  })

  it('tells of members that are of another kind than their columns', async () => {
    const odd = { notified_on: '6 April 2016', is_sanctioned: 'no', identification: 'text', date_of_birth: ['x'] }
    const { unknown_members } = await importing(snapshotText([individual('99000001', 'a', odd)]))
    expect(unknown_members).toEqual({ notified_on: 1, is_sanctioned: 1, identification: 1, date_of_birth: 1 })
  })

  it('leaves out values of the wrong kind, and keeps impossible dates', async () => {
    const line = individual('99000001', 'a', {
      date_of_birth: { month: 'March', year: 1970 },
      notified_on: '1083-01-01',
      ceased_on: '9999-01-01',
      name: null,
      nationality: ['British'],
    })
    await importing(snapshotText([line]))
    expect(pscs()[0]).toMatchObject({
      date_of_birth_month: null,
      date_of_birth_year: 1970,
      notified_on: '1083-01-01',
      ceased_on: '9999-01-01',
      name: null,
      nationality: null,
    })
  })

  it('takes the last of two lines about one record, and gives an id to one without a link', async () => {
    const lines = [
      individual('99000001', 'a', { nationality: 'French' }),
      individual('99000001', 'a', { nationality: 'Dutch' }),
      individual('99000002', 'x', { links: {} }),
    ]
    await importing(snapshotText(lines))
    expect(pscs().map(({ nationality }) => nationality)).toEqual(['Dutch', 'British'])
    expect(String(pscs()[1]?.psc_id)).toMatch(/^derived-/)
  })
})

describe('importing a newer snapshot', () => {
  const LATER = '2026-08-08T03:40:50Z'
  beforeEach(async () => {
    storeCompanies('99000001', '99000002', '99000003', '99000004', 'SO990001')
    await importing(snapshotText(SIX))
  })

  it('touches nothing that has not changed', async () => {
    const before = stored()
    const summary = await importing(snapshotText(SIX, LATER))
    expect(summary).toMatchObject({ inserted: 0, updated: 0, unchanged: 5, deleted: 0 })
    expect(stored()).toMatchObject({ pscs: before.pscs, companies: before.companies, deletions: [] })
  })

  it('brings what changed, and notes what is gone until it comes back', async () => {
    const lines = [
      individual('99000001', 'a', { ceased_on: '2026-08-01' }),
      individual('99000004', 'new'),
      ...SIX.slice(2, 3),
      ...SIX.slice(4),
    ]
    expect(await importing(snapshotText(lines, LATER))).toMatchObject({ inserted: 1, updated: 1, deleted: 2 })
    expect(ids()).toEqual(['99000001/a', '99000003/exemptions', '99000004/new', 'SO990001/c'])
    expect(pscs()[0]).toMatchObject({ ceased_on: '2026-08-01', fetched_at: '2026-08-08T03:40:50.000Z' })
    expect(states()).toMatchObject({ '99000001': 'complete', '99000002': 'none', '99000004': 'complete' })
    expect(all('SELECT kind, company_number, key FROM deletions ORDER BY key')).toEqual([
      { kind: 'psc', company_number: '99000001', key: 'b' },
      { kind: 'psc', company_number: '99000002', key: 'd' },
    ])
    await importing(snapshotText(SIX, '2026-08-09T03:40:50Z'))
    expect(all('SELECT key FROM deletions')).toEqual([{ key: 'new' }])
    expect(states()).toMatchObject({ '99000002': 'complete', '99000004': 'none' })
  })

  it('overwrites nothing that is newer than it, and does not bring back what was deleted since', async () => {
    db.$client.exec(`
      UPDATE persons_with_significant_control SET nationality = 'Irish', source = 'stream', stream_timepoint = 7,
        fetched_at = '2026-08-09T10:00:00.000Z' WHERE psc_id = 'a';
      INSERT INTO persons_with_significant_control (company_number, psc_id, kind, source, fetched_at, run_id)
        VALUES ('99000002', 'since', 'k', 'stream', '2026-08-09T10:00:00.000Z', 1);
      DELETE FROM persons_with_significant_control WHERE psc_id = 'd';
      INSERT INTO deletions (kind, company_number, key, deleted_at, run_id)
        VALUES ('psc', '99000002', 'd', '2026-08-09T10:00:00.000Z', 1)`)
    await importing(snapshotText(SIX, LATER))
    expect(ids()).toEqual(['99000001/a', '99000001/b', '99000002/since', '99000003/exemptions', 'SO990001/c'])
    expect(pscs()[0]).toMatchObject({ nationality: 'Irish', source: 'stream', stream_timepoint: 7 })
    await importing(snapshotText(SIX, '2026-08-10T03:40:50Z'))
    expect(pscs()[0]).toMatchObject({ nationality: 'British', source: 'psc-snapshot', stream_timepoint: null })
    expect(ids()).toContain('99000002/d')
  })

  describe('of a stream that has lost events', () => {
    const NOTED = Date.parse('2026-08-08T12:00:00Z')
    const NEWER = '2026-08-09T03:40:50Z'
    const lose = (kind: string, to: number) =>
      db.$client.exec(`INSERT INTO stream_gaps (stream, kind, from_timepoint, to_timepoint, noted_at, run_id)
        VALUES ('psc', '${kind}', 5, ${to}, ${NOTED}, 1)`)
    const delivered = () =>
      Object.fromEntries(
        all(`SELECT ${columnList('companies', '2026-08-09')} FROM companies`).map((row) => [
          row.company_number,
          row.pscs_state,
        ]),
      )

    it.each([
      ['skipped', 'jump', 9],
      ['expired', 'expired', 9],
      ['begun anew', 'misplaced', 1],
    ])('brings what was %s before it was written, and only then', async (_what, kind, to) => {
      const before = states()
      lose(kind, to)
      expect(new Set(Object.values(delivered()))).toEqual(new Set(['stale']))
      await importing(snapshotText(SIX, LATER))
      expect(countDoubtedPscs(db)).toBe(Object.keys(before).length)
      await importing(snapshotText(SIX, NEWER))
      expect([delivered(), countDoubtedPscs(db)]).toEqual([before, 0])
    })

    it('sees nothing lost behind a timepoint too far ahead', () => {
      lose('misplaced', 999)
      expect(countDoubtedPscs(db)).toBe(0)
    })

    const reject = (line: string) =>
      db.$client
        .prepare(`INSERT INTO stream_rejects (stream, timepoint, reason, line, received_at, run_id)
          VALUES ('psc', 7, 'r', ?, ${NOTED}, 1)`)
        .run(line)

    it('brings what a line about a company said, and only when written after it', async () => {
      const before = states()
      reject('{"resource_uri":"/company/99000001/persons-with-significant-control/individual/a"')
      expect([doubtPscs(db, '99000001'), doubtPscs(db, '99000001')]).toEqual([true, false])
      doubtPscs(db, '99000004')
      await importing(snapshotText(SIX, LATER))
      expect(states()).toEqual({ ...before, '99000001': 'stale' })
      await importing(snapshotText(SIX, NEWER))
      expect(states()).toEqual(before)
    })

    it('takes a line that was not kept for one about any company', async () => {
      const before = states()
      reject('')
      doubtPscs(db, '99000001')
      await importing(snapshotText(SIX, LATER))
      expect(states()).toEqual({ ...before, '99000001': 'stale' })
      await importing(snapshotText(SIX, NEWER))
      expect(states()).toEqual(before)
    })
  })

  it('refuses an older one before it is read, by its name or by its totals', async () => {
    await importing(snapshotText(SIX, LATER))
    const before = stored()
    const named = [{ name: 'psc-snapshot-2026-08-07_1of1.txt', bytes: 'not even read' }]
    await expect(importing(named)).rejects.toThrow('one of 2026-08-08 is stored already')
    await expect(importing(snapshotText(SIX))).rejects.toThrow('one of 2026-08-08 is stored already')
    expect(stored()).toEqual(before)
  })

  it('refuses one that lacks too many stored records', async () => {
    const numbers = Array.from({ length: 40 }, (_, index) => String(98000000 + index))
    storeCompanies(...numbers)
    const lines = numbers.map((number) => individual(number, 'x'))
    await importing(snapshotText([...SIX, ...lines], LATER))
    const before = stored()
    await expect(importing(snapshotText([...SIX, ...lines.slice(11)], LATER))).rejects.toThrow(
      'The snapshot lacks 11 of 45 stored records',
    )
    expect(stored()).toEqual(before)
    await importing(snapshotText([...SIX, ...lines.slice(10)], LATER))
    expect(ids()).toHaveLength(35)
  })
})

describe('a bad snapshot', () => {
  const good = snapshotText(SIX)
  const cutZip = () => {
    const bytes = zip([{ name: 'psc.txt', text: good, crc: 1 }])
    return bytes
  }
  const faults: [what: string, bytes: string | Buffer | Input[], message: string][] = [
    ['without its totals', textOf(SIX), 'it has no totals'],
    ['cut within a line', good.slice(0, -60), 'Line 7 is no record of a PSC snapshot: it is not JSON'],
    ['that disagrees', textOf([...SIX, totals(SIX.slice(1))]), 'its totals say 3 persons, it holds 4'],
    ['that lacks a line', textOf([...SIX.slice(0, 3), ...SIX.slice(4), totals(SIX)]), '1 statements, it holds 0'],
    ['with something behind its totals', good + textOf(SIX.slice(0, 1)), 'Line 8 is no record'],
    ['with totals twice', good.replace(/\n$/, `\n${textOf([totals(SIX)])}`), 'Line 8 is no record'],
    [
      'of another register',
      'CompanyName, CompanyNumber\n"A","1"\n',
      'Line 1 is no record of a PSC snapshot: it is not JSON',
    ],
    ['of other JSON', '[1]\n', 'it is no object'],
    ['of other objects', '{"resource_kind":"company-profile"}\n', 'it has no kind'],
    ['with a line about nobody', textOf([{ data: SIX[0]?.data }, totals(SIX)]), 'it names no company'],
    [
      'with a record of another company',
      textOf([{ ...SIX[0], company_number: '99000002' }, totals(SIX)]),
      'belongs to another company number',
    ],
    [
      'that is not UTF-8',
      Buffer.concat([Buffer.from(good.slice(0, 200)), Buffer.from([0xff]), Buffer.from(good.slice(200))]),
      'it is not UTF-8',
    ],
    ['with a damaged zip', cutZip(), 'the checksum over its'],
    ['in a zip of something else', zip([{ name: 'a.csv', text: good }]), 'The zip file holds no .txt file'],
    ['that is empty', '', 'The file is empty'],
    ['that will be written later', snapshotText(SIX, '2996-01-01T00:00:00Z'), 'which is still to come'],
    ['without a day', snapshotText(SIX, 'soon'), 'of which day it is'],
    [
      'of which a part is missing',
      [{ name: 'psc-snapshot-2026-08-07_1of3.txt', bytes: good }],
      'parts 2, 3 of 3 are missing',
    ],
    [
      'of which a part is given twice',
      [1, 1].map((part) => ({ name: `psc-snapshot-2026-08-07_${part}of2.txt`, bytes: good })),
      'Part 1 of 2 is given twice',
    ],
    [
      'of different days',
      [7, 8].map((day) => ({ name: `psc-snapshot-2026-08-0${day}_${day - 6}of2.txt`, bytes: good })),
      'The files are of different days: 2026-08-07, 2026-08-08',
    ],
  ]

  it.each(faults)('%s is refused and changes nothing', async (_what, bytes, message) => {
    storeCompanies('99000001', '99000002', '99000003', '99000004', 'SO990001')
    const before = stored()
    await expect(importing(bytes)).rejects.toMatchObject({ kind: 'data', message: expect.stringContaining(message) })
    expect(stored()).toEqual(before)
  })

  it('is refused when no company is stored', async () => {
    await expect(importing(good)).rejects.toThrow('No company is stored yet')
  })
})

describe('an import that is interrupted', () => {
  it('leaves whole companies behind, and the next one does the rest', async () => {
    const numbers = Array.from({ length: 1200 }, (_, index) => String(90000000 + index))
    storeCompanies(...numbers)
    const text = snapshotText(numbers.map((number) => individual(number, 'x')))
    const stop = new AbortController()
    const onProgress = (progress?: { phase: string }) => {
      if (progress?.phase === 'merging') stop.abort(new Error('stopped'))
    }
    await expect(importing(text, { signal: stop.signal, onProgress })).rejects.toThrow('stopped')
    const some = ids().length
    expect(some).toBeGreaterThan(0)
    expect(some).toBeLessThan(1200)
    expect(all("SELECT * FROM companies WHERE pscs_state = 'complete'")).toHaveLength(some)
    expect(await importing(text)).toMatchObject({ inserted: 1200 - some, unchanged: some })
    expect(all('SELECT whole FROM bulk_files')).toEqual([{ whole: 0 }, { whole: 1 }])
  })
})

describe('people whom a rule leaves alone', () => {
  const rule = (kind: 'name' | 'company' | 'officer', value: string, born: string | null = null) =>
    write(db, (tx) => addSuppressions(tx, [{ kind, value, born, reason: null }], '2026-08-01T00:00:00.000Z'))

  beforeEach(() => storeCompanies('99000001', '99000002', '99000003', '99000004', 'SO990001'))

  it('are not stored by name and month of birth, and what was stored of them goes', async () => {
    await importing(snapshotText(SIX))
    rule('name', 'example, ava', '1970-03')
    const summary = await importing(snapshotText(SIX, '2026-08-08T03:40:50Z'))
    expect(summary).toMatchObject({ withheld: 1, deleted: 0 })
    expect(ids()).not.toContain('99000001/a')
    expect(states()['99000001']).toBe('complete')
    expect(all('SELECT kind, company_number, key FROM deletions')).toEqual([
      { kind: 'psc', company_number: '99000001', key: '' },
    ])
  })

  it('are not stored by their company, as controlled and as controlling', async () => {
    rule('company', '99000002')
    await importing(snapshotText(SIX))
    expect(ids()).toEqual(['99000001/a', '99000003/exemptions', 'SO990001/c'])
  })

  it('are not stored where they are an officer of the company whom a rule means', async () => {
    const officer = db.$client.prepare(`INSERT INTO officers
      (company_number, appointment_id, officer_id, name, surname, forenames, date_of_birth_year, date_of_birth_month, source, fetched_at, run_id)
      VALUES (?, 'p', 'OFFICER', 'EXAMPLE, Ava May', 'EXAMPLE', 'Ava May', 1970, 3, 'rest', '', 1)`)
    officer.run('99000001')
    rule('officer', 'OFFICER')
    await importing(snapshotText([...SIX, individual('99000002', 'namesake')]))
    expect(ids()).not.toContain('99000001/a')
    expect(ids()).toContain('99000002/namesake')
  })

  it('nor are statements that name them', async () => {
    rule('name', 'example, ava', '1970-03')
    await importing(
      snapshotText([statement('99000002', 'd', { linked_psc_name: 'Ms Ava May Example' }), ...SIX.slice(4)]),
    )
    expect(ids()).toEqual(['99000003/exemptions'])
  })
})

it('reads the example of the facts', async () => {
  storeCompanies('99000001', '99000002', '99000003', 'SO990001')
  const path = new URL('./psc-snapshot-2026-08-07_1of1.txt', import.meta.url)
  const summary = await importing([{ name: 'psc-snapshot-2026-08-07_1of1.txt', bytes: readFileSync(path) }])
  expect(summary).toMatchObject({
    persons: 4,
    statements: 1,
    exemptions: 1,
    records: 6,
    inserted: 6,
    unknown_members: {},
  })
})
