import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, it, test } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { openRegister } from '../../../src/companies-house/register/source.ts'
import type { Db } from '../../../src/db/open.ts'
import { ChpipeError } from '../../../src/errors.ts'
import {
  type ImportCompaniesOptions,
  type ImportCompaniesSummary,
  importCompanies,
} from '../../../src/steps/companies/import.ts'
import { mostMissing } from '../../../src/steps/companies/unlisted.ts'
import { csv, HEADER, quote, row, rows, zip } from '../../companies-house/register/fixtures.ts'
import type { TempFolder } from '../../host.ts'
import { eachDatabase } from '../../new-database.ts'

const clock = systemClock()
let folder: TempFolder
let db: Db

eachDatabase((made) => {
  ;({ folder, db } = made)
})

async function importing(
  input: string | Buffer,
  {
    signal = new AbortController().signal,
    name = 'register.csv',
    ...options
  }: Partial<ImportCompaniesOptions> & { signal?: AbortSignal; name?: string } = {},
): Promise<ImportCompaniesSummary> {
  const bytes = Buffer.from(input)
  const source = await openRegister({ stream: Readable.from(pieces(bytes)), name }, signal)
  try {
    return await importCompanies(
      { db, clock, signal },
      { source, filter: {}, rejectsFile: folder.file('rejects.csv'), onProgress() {}, ...options },
    )
  } finally {
    source.close()
  }
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  const size = 64 * 1024
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const all = (sql: string): unknown[] => db.$client.prepare(sql).all()
const stored = () => ({
  companies: all('SELECT * FROM companies ORDER BY company_number'),
  tallies: all('SELECT * FROM tallies'),
  runs: all('SELECT * FROM runs'),
})
const numbers = () => db.$client.prepare('SELECT company_number FROM companies ORDER BY 1').pluck().all()

describe('importing a good file', () => {
  it('stores its companies with their origin, as pending', async () => {
    const summary = await importing(csv([row({ CompanyNumber: '123' }), row({ CompanyNumber: 'SC000001' })]))
    expect(summary).toMatchObject({ rows_read: 2, imported: 2, inserted: 2, updated: 0, rejected: 0, duplicates: 0 })
    expect(all('SELECT * FROM companies')[0]).toMatchObject({
      company_number: '00000123',
      company_name: 'ACME LIMITED',
      company_status: 'active',
      type: 'ltd',
      date_of_creation: '2011-06-29',
      sic_codes: '62020',
      officers_state: 'pending',
      officers_count: 0,
      source: 'register-file',
      run_id: 1,
    })
    expect(all("SELECT count FROM tallies WHERE name = 'pending'")).toEqual([{ count: 2 }])
    expect(all('SELECT command, summary FROM runs')).toEqual([
      { command: 'import-companies', summary: JSON.stringify(summary) },
    ])
    expect(existsSync(folder.file('rejects.csv'))).toBe(false)
  })

  it('takes CRLF, blank lines and a last row without line end', async () => {
    const text = csv(rows(3), '\r\n').replace(/\r\n$/, '')
    expect(await importing(`\ufeff${text.replace('\r\n', '\r\n\r\n')}`)).toMatchObject({ rows_read: 3, imported: 3 })
  })

  it('takes a header alone for a file without companies', async () => {
    expect(await importing(HEADER)).toMatchObject({ rows_read: 0, imported: 0 })
  })

  it('takes every CSV of a zip, each with its own header', async () => {
    const parts = [rows(5), rows(5, 6)].map((lines, index) => ({ name: `part${index}.csv`, text: csv(lines) }))
    expect(await importing(zip(parts))).toMatchObject({ rows_read: 10, inserted: 10 })
  })

  it('lets the last row of a company win', async () => {
    const twice = ['FIRST', 'SECOND', 'THIRD'].map((name) => row({ CompanyName: name }))
    expect(await importing(csv([...twice, ...rows(2, 5)]))).toMatchObject({ imported: 3, duplicates: 2, rows_read: 5 })
    expect(all("SELECT company_name FROM companies WHERE company_number = '00000001'")).toEqual([
      { company_name: 'THIRD' },
    ])
  })

  it('keeps prose that it does not know, and counts it', async () => {
    const odd = row({ CompanyStatus: 'Gone Fishing', CompanyCategory: 'Guild' })
    const summary = await importing(csv([odd, odd.replace('00000001', '00000002'), ...rows(1, 3)]))
    expect(summary.unknown_prose).toEqual({ company_status: { 'Gone Fishing': 2 }, type: { Guild: 2 } })
    expect(all('SELECT company_status, type FROM companies LIMIT 1')).toEqual([
      { company_status: 'Gone Fishing', type: 'Guild' },
    ])
  })
})

describe('importing again', () => {
  it('brings companies up to date and keeps what the file does not tell', async () => {
    await importing(csv(rows(2)))
    db.$client.exec(`UPDATE companies SET officers_state = 'complete', officers_count = 3, officers_fetched_at = '2026-01-01',
      jurisdiction = 'england-wales', subtype = 'community-interest-company', premises = '1', deleted_at = '2026-02-02',
      first_seen_at = '2025-01-01', type = 'plc' WHERE company_number = '00000001'`)
    const change = { CompanyStatus: 'Liquidation', CompanyCategory: 'Community Interest Company', CompanyName: 'NEW' }
    const summary = await importing(csv([row(change), row({ CompanyNumber: '00000009' })]))
    expect(summary).toMatchObject({ imported: 2, inserted: 1, updated: 1 })
    expect(all("SELECT * FROM companies WHERE company_number = '00000001'")[0]).toMatchObject({
      company_name: 'NEW',
      company_status: 'liquidation',
      officers_state: 'complete',
      officers_count: 3,
      officers_fetched_at: '2026-01-01',
      jurisdiction: 'england-wales',
      type: 'plc',
      subtype: 'community-interest-company',
      premises: null,
      deleted_at: '2026-02-02',
      first_seen_at: '2025-01-01',
      run_id: 2,
    })
    expect(all("SELECT name, count FROM tallies WHERE name IN ('pending', 'complete', 'officers')")).toEqual([
      { name: 'complete', count: 1 },
      { name: 'officers', count: 3 },
      { name: 'pending', count: 2 },
    ])
  })
})

describe('filters', () => {
  const lines = [
    row({ CompanyNumber: '1' }),
    row({ CompanyNumber: '2', CompanyStatus: 'Liquidation', IncorporationDate: '01/01/2020' }),
    row({ CompanyNumber: '3', CompanyCategory: 'Limited Liability Partnership', 'RegAddress.PostCode': 'N10 1AA' }),
    row({ CompanyNumber: '4', CompanyCategory: 'Community Interest Company', 'SICCode.SicText_4': '01110 - Cereals' }),
    row({ CompanyNumber: '5', IncorporationDate: '', 'RegAddress.PostCode': '' }),
  ]

  it.each<[Partial<ImportCompaniesOptions>, string]>([
    [{ filter: { status: ['liquidation', 'open'] } }, '2'],
    [{ filter: { type: ['llp', 'community-interest-company'] } }, '34'],
    [{ filter: { sic: ['01110', '99999'] } }, '4'],
    [{ filter: { incorporatedFrom: '2020-01-01' } }, '2'],
    [{ filter: { incorporatedFrom: '2011-06-29', incorporatedTo: '2019-12-31' } }, '134'],
    [{ filter: { postcode: ['N1'] } }, '124'],
    [{ filter: { status: ['active'], postcode: ['N1', 'N10 1'] } }, '134'],
    [{ limit: 2 }, '12'],
    [{ filter: { status: ['active'] }, limit: 2 }, '13'],
  ])('%j', async (options, expected) => {
    const summary = await importing(csv(lines), options)
    expect(numbers()).toEqual([...expected].map((digit) => digit.padStart(8, '0')))
    expect(summary).toMatchObject({ imported: expected.length, filtered_out: 5 - expected.length })
  })
})

const OCTOBER = 'BasicCompanyDataAsOneFile-2026-10-01.csv'
const NOVEMBER = 'BasicCompanyDataAsOneFile-2026-11-01.csv'
const DECEMBER = 'BasicCompanyDataAsOneFile-2026-12-01.csv'

const company = (number: number, cells: Record<string, string> = {}) => row({ CompanyNumber: `${number}`, ...cells })
const LIQUIDATION = { CompanyStatus: 'Liquidation', 'RegAddress.PostTown': 'LEEDS' }
const statuses = () => db.$client.prepare('SELECT company_status FROM companies ORDER BY company_number').pluck().all()

/** As if another source had told of the company at that time. */
function tell(number: string, source: string, fetchedAt: string): void {
  db.$client
    .prepare('UPDATE companies SET source = ?, fetched_at = ?, run_id = 99 WHERE company_number = ?')
    .run(source, fetchedAt, number)
}

describe('a newer file', () => {
  it.each<[string, Partial<ImportCompaniesOptions>]>([
    ['a status', { filter: { status: ['active'] } }],
    ['a postcode', { filter: { postcode: ['SW1'] } }],
    ['a limit', { limit: 1 }],
    ['both', { filter: { status: ['active'] }, limit: 1 }],
  ])('brings known companies up to date, though %s chooses the new ones', async (_what, options) => {
    await importing(csv([company(1), company(2)]), { name: OCTOBER })
    const newer = [company(1, LIQUIDATION), company(2), company(3, { CompanyStatus: 'Liquidation' }), company(4)]
    const summary = await importing(csv(newer), { name: NOVEMBER, ...options })
    expect(summary.updated).toBe(2)
    expect(summary.rows_read).toBe(summary.imported + summary.filtered_out)
    expect(all("SELECT company_status, locality FROM companies WHERE company_number = '00000001'")).toEqual([
      { company_status: 'liquidation', locality: 'LEEDS' },
    ])
    expect(summary.inserted).toBeLessThanOrEqual(1)
  })

  it('does not come from an older one, whichever was imported first', async () => {
    await importing(csv([company(1, LIQUIDATION)]), { name: NOVEMBER })
    const summary = await importing(csv([company(1), company(2)]), { name: OCTOBER })
    expect(summary).toMatchObject({ imported: 1, inserted: 1, updated: 0, kept_newer: 1, as_of: '2026-10-01' })
    expect(statuses()).toEqual(['liquidation', 'active'])
    expect(await importing(csv([company(1)]), { name: NOVEMBER })).toMatchObject({ updated: 1, kept_newer: 0 })
  })

  it.each(['stream', 'rest', 'search'])(
    'overwrites what the source %s told before its day, and nothing later',
    async (source) => {
      await importing(csv([company(1), company(2), company(3)]), { name: OCTOBER })
      tell('00000001', source, '2026-10-31T23:59:59.999Z')
      tell('00000002', source, '2026-11-01T00:00:00.000Z')
      const changed = [1, 2, 3].map((number) => company(number, LIQUIDATION))
      expect(await importing(csv(changed), { name: NOVEMBER })).toMatchObject({ updated: 2, kept_newer: 1 })
      expect(statuses()).toEqual(['liquidation', 'active', 'liquidation'])
      expect(await importing(csv(changed), { asOf: '2026-11-02' })).toMatchObject({ updated: 3, kept_newer: 0 })
    },
  )

  it('without a day is newer than register files and older than all else', async () => {
    await importing(csv([company(1), company(2)]), { name: NOVEMBER })
    tell('00000002', 'stream', '2020-01-01T00:00:00.000Z')
    const summary = await importing(csv([company(1, LIQUIDATION), company(2, LIQUIDATION)]))
    expect(summary).toMatchObject({ as_of: null, updated: 1, kept_newer: 1 })
    expect(statuses()).toEqual(['liquidation', 'active'])
  })

  it('takes back an older deletion of a company that it lists', async () => {
    await importing(csv([company(1), company(2)]), { name: OCTOBER })
    db.$client.exec(`UPDATE companies SET source = 'stream', fetched_at = '2026-10-05', deleted_at = '2026-10-05'
      WHERE company_number = '00000001'`)
    db.$client.exec(`UPDATE companies SET source = 'stream', fetched_at = '2026-11-05', deleted_at = '2026-11-05'
      WHERE company_number = '00000002'`)
    await importing(csv([company(1), company(2)]), { name: NOVEMBER })
    expect(all('SELECT deleted_at FROM companies ORDER BY company_number')).toEqual([
      { deleted_at: null },
      { deleted_at: '2026-11-05' },
    ])
  })
})

describe('a company that a newer whole file no longer lists', () => {
  const first = [company(1), company(2), company(3, { CompanyStatus: 'Active - Proposal to Strike off' })]
  const second = [company(1), company(2)]
  const GONE = { no_longer_listed: 1, no_longer_listed_companies: ['00000003'], no_longer_listed_doubted: 0 }
  const NONE = { no_longer_listed: 0, no_longer_listed_companies: [], no_longer_listed_doubted: 0 }

  it.each([
    ['with days in their names', OCTOBER, NOVEMBER],
    ['without', 'f1.csv', 'f2.csv'],
    ['with one in the newer name', 'f1.csv', NOVEMBER],
  ])('is counted, named and has no status, of files %s', async (_what, before, after) => {
    await importing(csv(first), { name: before })
    expect(await importing(csv(second), { name: after })).toMatchObject(GONE)
    expect(all('SELECT company_status, company_status_detail, run_id FROM companies ORDER BY company_number')).toEqual([
      { company_status: 'active', company_status_detail: null, run_id: 2 },
      { company_status: 'active', company_status_detail: null, run_id: 2 },
      { company_status: null, company_status_detail: null, run_id: 2 },
    ])
    const [note] = all('SELECT kind, company_number, detail FROM notes') as { detail: string }[]
    expect(note).toMatchObject({ kind: 'no-longer-listed', company_number: '00000003' })
    expect(JSON.parse(note?.detail ?? '')).toMatchObject({ company_status: 'active' })
    expect(await importing(csv(second), { name: after })).toMatchObject(NONE)
  })

  it('is itself again when a later file lists it', async () => {
    await importing(csv(first), { name: OCTOBER })
    await importing(csv(second), { name: NOVEMBER })
    expect(await importing(csv(first), { name: DECEMBER })).toMatchObject({ updated: 3, ...NONE })
    expect(statuses()).toEqual(['active', 'active', 'active'])
  })

  it('counts although a filter chooses the new companies', async () => {
    await importing(csv(first), { name: OCTOBER })
    expect(await importing(csv(second), { name: NOVEMBER, filter: { status: ['open'] } })).toMatchObject(GONE)
  })

  it.each<[string, Partial<ImportCompaniesOptions> & { name?: string }, string[]]>([
    ['with a limit', { limit: 5 }, second],
    ['of an older day', { name: 'BasicCompanyDataAsOneFile-2026-09-01.csv' }, second],
    ['that is a part', { name: 'BasicCompanyData-2026-11-01-part1_7.csv' }, second],
    ['without a company', {}, []],
    ['that lists fewer than it lacks', {}, [company(1)]],
    ['with the row among its bad ones', {}, [...second, company(3, { IncorporationDate: '31/02/2020' })]],
    ['with other companies only', {}, [company(7), company(8), company(9)]],
  ])('is not concluded from a file %s', async (_what, options, lines) => {
    await importing(csv(first), { name: OCTOBER })
    const summary = await importing(csv(lines), { name: NOVEMBER, ...options })
    expect(summary.no_longer_listed).toBe(0)
    expect(all('SELECT count(*) AS n FROM companies WHERE company_status IS NULL')).toEqual([{ n: 0 }])
  })

  it.each(['SC000023', 'sc23', 'SC00023', 'SC23'])(
    'is not concluded where a bad row has its number as %s',
    async (written) => {
      const scottish = (CompanyNumber: string, more = {}) => row({ CompanyNumber, ...more })
      await importing(csv([...second, scottish('SC000023'), scottish('SC000024')]), { name: OCTOBER })
      const bad = scottish(written, { IncorporationDate: '31/02/2020' })
      expect(await importing(csv([...second, scottish('SC000024'), bad]), { name: NOVEMBER })).toMatchObject(NONE)
    },
  )

  it('is not one that came later, is over already, or is of a kind that the file never has', async () => {
    await importing(csv([...first, company(4), company(5), company(6), company(7)]), { name: OCTOBER })
    await importing(csv([row({ CompanyNumber: 'BR000001' })]), { name: OCTOBER, filter: {} })
    tell('00000003', 'stream', '2026-11-02T00:00:00.000Z')
    tell('00000004', 'rest', '2026-10-02T00:00:00.000Z')
    db.$client.exec(`UPDATE companies SET company_status = 'dissolved' WHERE company_number = '00000004'`)
    db.$client.exec(`UPDATE companies SET deleted_at = '2026-10-02' WHERE company_number = '00000005'`)
    db.$client.exec(`UPDATE companies SET date_of_creation = '2026-10-26' WHERE company_number = '00000006'`)
    tell('00000007', 'search', '2026-10-31T00:00:00.000Z')
    const summary = await importing(csv(second), { name: NOVEMBER })
    expect(summary.no_longer_listed_companies).toEqual(['00000007'])
  })

  it('waits for every part of its day', async () => {
    const part = (month: string, at: number) => `BasicCompanyData-2026-${month}-01-part${at}_2.csv`
    await importing(csv([company(1), company(3)]), { name: part('10', 1) })
    await importing(csv([company(2)]), { name: part('10', 2) })
    expect(await importing(csv([company(2)]), { name: part('11', 2) })).toMatchObject(NONE)
    expect(await importing(csv([company(2)]), { name: part('11', 2) })).toMatchObject(NONE)
    expect(await importing(csv([company(1)]), { name: part('11', 1) })).toMatchObject(GONE)
  })

  it('is one of few: a cut file lacks many, and then none is believed gone', async () => {
    const many = rows(200)
    await importing(csv(many), { name: OCTOBER })
    expect(await importing(csv(many.slice(0, 160)), { name: NOVEMBER })).toMatchObject({
      no_longer_listed: 0,
      no_longer_listed_doubted: 40,
    })
    expect(await importing(csv(many.slice(0, 190)), { name: DECEMBER })).toMatchObject({ no_longer_listed: 10 })
  })
})

test.each([
  ['a month', 1_000_000, '2026-11-01', '2026-10-01', 70_000, 80_000],
  ['a year', 1_000_000, '2026-11-01', '2025-11-01', 300_000, 450_000],
  ['an unknown time', 1_000_000, null, null, 100_000, 120_000],
  ['very long', 1_000_000, '2026-11-01', '2010-11-01', 900_000, 1_000_000],
  ['of two companies', 2, null, null, 2, 2],
])('after %s so many may leave', (_what, known, asOf, earlier, least, most) => {
  const share = mostMissing(known, asOf, earlier)
  expect(share).toBeGreaterThanOrEqual(least)
  expect(share).toBeLessThanOrEqual(most)
})

describe('single bad rows', () => {
  it('go to the rejects file with their physical lines, and the rest goes in', async () => {
    const lines = rows(400)
    lines[1] = row({ CompanyNumber: '2', CompanyName: 'TWO\nLINES' })
    lines[2] = row({ CompanyNumber: '3', IncorporationDate: '31/02/2020' })
    lines[200] = '"too","short"'
    lines[300] = row({ CompanyNumber: '301' }).replace('"LONDON"', '"LON"DON"')
    const summary = await importing(csv(lines))
    expect(summary).toMatchObject({
      rows_read: 400,
      imported: 397,
      rejected: 3,
      rejects_file: folder.file('rejects.csv'),
    })
    const [header, ...rejects] = readFileSync(folder.file('rejects.csv'), 'utf8').split('\r\n')
    expect(header).toBe('line,reason,row')
    expect(rejects.map((line) => line.slice(0, 75))).toEqual([
      `5,"not a date in IncorporationDate: ""31/02/2020""",${quote(lines[2] ?? '')}`.slice(0, 75),
      '203,"expected 55 columns, found 2","""too"",""short"""',
      `303,its quotes do not match,${quote(lines[300] ?? '')}`.slice(0, 75),
      '',
    ])
    expect(statSync(folder.file('rejects.csv')).mode & 0o777).toBe(0o600)
  })

  it('are one in a short file, and one in a hundred in a long one', async () => {
    expect(await importing(csv([...rows(9), 'x,y']))).toMatchObject({ rejected: 1, imported: 9 })
    const bad = (count: number) => [...rows(200 - count), ...Array(count).fill('x,y')]
    expect(await importing(csv(bad(2)))).toMatchObject({ rejected: 2 })
    const before = stored()
    await expect(importing(csv(bad(3)))).rejects.toThrow(
      '3 of 200 rows are bad, more than 1 %; the first is line 199: expected',
    )
    await expect(importing(csv(['x,y']))).rejects.toThrow('1 of 1 rows are bad')
    expect(stored()).toEqual(before)
  })

  it('leave an older rejects file and the database alone when they cannot be written', async () => {
    const rejectsFile = folder.file('none/rejects.csv')
    await expect(importing(csv([...rows(9), 'x,y']), { rejectsFile })).rejects.toMatchObject({ kind: 'data' })
    expect(numbers()).toEqual([])
  })
})

describe('a bad file changes nothing', () => {
  const good = csv(rows(3000))
  const bad: [what: string, bytes: string | Buffer, message: RegExp][] = [
    ['no header', rows(5).join('\n'), /This is not BasicCompanyData: its first line does not name any of its columns/],
    ['lines that end with CR', good.replaceAll('\n', '\r').slice(0, 900_000), /register.csv/],
    ['few lines that end with CR', csv(rows(9), '\r'), /The lines of the file end with CR alone/],
    ['a byte order mark and CR', `\ufeff${csv(rows(9), '\r')}`, /The lines of the file end with CR alone/],
    ['a quoted header and CR', `"a","b"\r${rows(9).join('\r')}`, /The lines of the file end with CR alone/],
    ['a header that ends with CR before rows that end with LF', csv(rows(9)).replace('\n', '\r'), /end with CR alone/],
    ['rows that end with CR below a good header', `${csv([])}${rows(9).join('\r')}\n`, /1 of 1 rows are bad/],
    ['a header alone that ends with CR', csv([], '\r'), /The lines of the file end with CR alone/],
    ['CR alone', '\r\r\r', /The lines of the file end with CR alone/],
    ['newlines alone', '\n\n\n', /The file has no header/],
    ['CRLF alone', '\r\n\r\n', /The file has no header/],
    ['a byte order mark and newlines', '\ufeff\n\n', /The file has no header/],
    ['UTF-16', Buffer.from(`\ufeff${csv(rows(9))}`, 'utf16le'), /The file is UTF-16, not UTF-8/],
    ['UTF-16 of the other kind', Buffer.from(`\ufeff${csv(rows(9))}`, 'utf16le').swap16(), /The file is UTF-16/],
    ['UTF-16 without a mark', Buffer.from(csv(rows(9)), 'utf16le'), /The file is UTF-16/],
    ['a column missing', good.replace(' CompanyNumber', 'Number'), /does not name the columns CompanyNumber: register/],
    ['cut inside a quoted cell', good.slice(0, -200), /cut short: .* line 3001: register.csv/],
    ['cut between two cells', good.slice(0, good.lastIndexOf(',"')), /cut short: .* line 3001: register.csv/],
    ['every row too short', csv(Array(50).fill('"a","b"')), /50 of 50 rows are bad, .* line 2: expected 55 columns/],
    ['binary rubbish', Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) % 256)), /not BasicCompanyData/],
    ['nothing but zeros', Buffer.alloc(3_000_000), /Line 1 is longer than/],
    ['a zip cut short', zip([{ name: 'a.csv', text: good }]).subarray(0, -10), /The zip file is broken/],
    ['a zip with a wrong checksum', zip([{ name: 'a.csv', text: good, crc: 7 }]), /a.csv in register.csv is broken/],
    [
      'a zip whose second file is none',
      zip([
        { name: 'a.csv', text: good },
        { name: 'b.csv', text: 'x\n' },
      ]),
      /not BasicCompanyData.*: b.csv in register.csv/,
    ],
  ]

  it.each(bad)('%s', async (_what, bytes, message) => {
    await importing(csv([row({ CompanyName: 'OLD' }), row({ CompanyNumber: '77' })]))
    const before = stored()
    const error = await importing(bytes).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(ChpipeError)
    expect(error.kind).toBe('data')
    expect(error.message).toMatch(message)
    expect(stored()).toEqual(before)
    expect(all('SELECT name FROM temp.sqlite_schema')).toEqual([])
  })
})

describe('an interruption', () => {
  const text = csv(rows(5000))
  const reason = new ChpipeError('interrupted', 'Interrupted')

  it('while reading changes nothing', async () => {
    const stop = new AbortController()
    const onProgress: ImportCompaniesOptions['onProgress'] = ({ phase }) => phase === 'reading' && stop.abort(reason)
    await expect(importing(text, { signal: stop.signal, onProgress })).rejects.toBe(reason)
    expect(stored().companies).toEqual([])
    expect(stored().runs).toEqual([])
  })

  it('while storing keeps whole chunks, and the same import completes them', async () => {
    const stop = new AbortController()
    const onProgress: ImportCompaniesOptions['onProgress'] = ({ phase }) => phase === 'merging' && stop.abort(reason)
    await expect(importing(text, { signal: stop.signal, onProgress })).rejects.toBe(reason)
    const kept = numbers().length
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThan(5000)
    expect(db.$client.pragma('synchronous', { simple: true })).toBe(2)
    expect(db.$client.pragma('wal_autocheckpoint', { simple: true })).toBe(1000)
    expect(await importing(text)).toMatchObject({ imported: 5000, updated: kept, inserted: 5000 - kept })
  })
})

describe('those who work beside it', () => {
  it('can write between any two steps, and see no company before the whole file was read', async () => {
    using other = closing(new Database(folder.file('companies.db'), { timeout: 0 }))
    const write = other.db.prepare("INSERT INTO notes (kind, detail, noted_at, run_id) VALUES ('test', ?, 0, 0)")
    const phases = new Set<string>()
    let done = false
    const writing = (async () => {
      let written = 0
      for (; !done; await delay(1)) written += write.run(`${written}`).changes
      return written
    })()
    const text = csv(rows(25_000))
    const summary = await importing(text, {
      onProgress({ phase }) {
        phases.add(phase)
        write.run(phase)
        if (phase === 'reading') expect(other.db.prepare('SELECT count(*) FROM companies').pluck().get()).toBe(0)
      },
    }).finally(() => {
      done = true
    })
    expect(summary.imported).toBe(25_000)
    expect([...phases]).toEqual(['reading', 'merging'])
    expect(await writing).toBeGreaterThan(5)
    expect(all("SELECT count(*) AS chunks FROM notes WHERE detail = 'merging'")[0]).toMatchObject({
      chunks: expect.toSatisfy((chunks: number) => chunks >= 4),
    })
  })
})

function closing(database: Database.Database): Disposable & { db: Database.Database } {
  return { db: database, [Symbol.dispose]: () => database.close() }
}

it('reports how far it has read', async () => {
  writeFileSync(folder.file('register.csv'), csv(rows(3000)))
  const signal = new AbortController().signal
  const source = await openRegister({ path: folder.file('register.csv') }, signal)
  const seen: number[] = []
  await importCompanies(
    { db, clock, signal },
    {
      source,
      filter: {},
      rejectsFile: folder.file('rejects.csv'),
      onProgress(progress) {
        if (progress.phase === 'reading' && progress.bytesTotal) seen.push(progress.bytesRead / progress.bytesTotal)
        else if (progress.phase === 'merging') expect(progress.of).toBe(3000)
      },
    },
  )
  expect(seen.at(-1)).toBe(1)
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
})

test('a disk that fills up while companies are stored is told with what was kept', async () => {
  const pages = Number(db.$client.pragma('page_count', { simple: true }))
  db.$client.pragma(`max_page_count = ${pages + 150}`)
  const error = await importing(csv(rows(5000))).catch((thrown: unknown) => thrown)
  const [{ kept }] = all('SELECT count(*) AS kept FROM companies') as [{ kept: number }]
  expect(kept).toBeGreaterThan(0)
  expect(error).toMatchObject({
    kind: 'data',
    message: `The disk is full: ${folder.file('companies.db')}; ${kept.toLocaleString('en')} of 5,000 companies are stored`,
    hint: 'free some space and run the command again; what was stored before is kept, the step in hand is not',
  })
})
