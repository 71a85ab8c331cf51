import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { openRegister } from '../../src/companies-house/register-source.ts'
import { type Client, Database } from '../../src/db/driver.ts'
import { type Db, openDb } from '../../src/db/open.ts'
import { ChpipeError } from '../../src/errors.ts'
import {
  type ImportCompaniesOptions,
  type ImportCompaniesSummary,
  importCompanies,
} from '../../src/steps/import-companies.ts'
import { csv, HEADER, quote, row, rows, zip } from '../companies-house/register-fixtures.ts'
import { type TempFolder, tempFolder } from '../host.ts'

const clock = systemClock()
let folder: TempFolder
let db: Db

beforeEach(() => {
  folder = tempFolder()
  db = openDb(folder.file('companies.db'))
})

afterEach(() => {
  db.$client.close()
  folder[Symbol.dispose]()
})

async function importing(
  input: string | Buffer,
  {
    signal = new AbortController().signal,
    ...options
  }: Partial<ImportCompaniesOptions> & { signal?: AbortSignal } = {},
): Promise<ImportCompaniesSummary> {
  const bytes = Buffer.from(input)
  const source = await openRegister({ stream: Readable.from(pieces(bytes)), name: 'register.csv' }, signal)
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
    ['newlines alone', '\n\n\n', /There is not even a header/],
    ['CRLF alone', '\r\n\r\n', /There is not even a header/],
    ['a byte order mark and newlines', '\ufeff\n\n', /There is not even a header/],
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

function closing(database: Client): Disposable & { db: Client } {
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
