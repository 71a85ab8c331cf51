import { execFileSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import readExcelFile from 'read-excel-file/node'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type DatasetTable, datasetTables } from '../../../src/db/dataset/columns.ts'
import { columnList } from '../../../src/db/dataset/computed.ts'
import { emptyPage } from '../../../src/db/dataset/dataset.ts'
import { type Db, openDb } from '../../../src/db/open.ts'
import { destinationOf } from '../../../src/steps/export/destination.ts'
import { formatNames, namesWhere } from '../../../src/steps/export/formats/formats.ts'
import { planSheets } from '../../../src/steps/export/formats/xlsx.ts'
import type { ExportOptions } from '../../../src/steps/export/run.ts'
import { type TempFolder, tempFolder } from '../../host.ts'
import { suppressOne, suppressWorld } from '../suppress/suppress-world.ts'
import { addDomain, addEmail, addPsc, collected, exportWorld, fill, newDatabase, smallWorld } from './export-world.ts'
import { parquetGroups, parquetSchemaOf, readParquet, readSqlite, readXlsx, xlsxPart } from './read-back.ts'

let folder: TempFolder
let db: Db

beforeEach(() => {
  folder = tempFolder()
  db = newDatabase(folder.file('companies.db'))
})

afterEach(() => {
  db.$client.close()
  folder[Symbol.dispose]()
  vi.useRealTimers()
})

const exportTo = (path: string, options: Partial<ExportOptions>) =>
  exportWorld(db, destinationOf(folder.file(path), path.endsWith('/')), options)

/** What the database itself says about its complete companies. */
function stored(table: DatasetTable): Record<string, unknown>[] {
  const columns = columnList(table, '2026-01-05')
  return db.$client
    .prepare(
      `SELECT ${columns} FROM ${table} WHERE company_number IN
        (SELECT company_number FROM companies WHERE officers_state = 'complete') ORDER BY 1, 2`,
    )
    .all() as Record<string, unknown>[]
}

/** The same in formats that know truth from numbers. */
function storedTyped(table: DatasetTable): Record<string, unknown>[] {
  return stored(table).map((row) => (table === 'officers' ? { ...row, is_active: row.is_active === 1 } : row))
}

function worldWithContacts(): void {
  smallWorld(db)
  addPsc(db, { company_number: '00000001', psc_id: '-pSc', name: "Siân O'Neil", ceased_on: '9999-01-01' })
  addDomain(db, '00000001', 'a.example', 90)
  addEmail(db, '00000001', '-aBc', 'x@a.example', 'valid')
}

describe('sqlite', () => {
  test('holds the public tables with the very rows of the database, and their keys and owners', async () => {
    worldWithContacts()
    const { files } = await exportTo('out/', { format: 'sqlite' })
    expect(files.map(({ name, rows }) => [name, rows])).toEqual([['companies.sqlite', 7]])
    const tables = readSqlite(folder.file('out/companies.sqlite'))
    expect(Object.keys(tables)).toEqual([...datasetTables])
    for (const table of datasetTables) expect(tables[table]).toEqual(stored(table))
    const copy = openFile('out/companies.sqlite')
    expect(copy('PRAGMA integrity_check; PRAGMA journal_mode; PRAGMA foreign_key_check')).toBe('ok\ndelete\n')
    expect(copy("SELECT group_concat(name) FROM pragma_table_info('officers') WHERE pk > 0")).toBe(
      'company_number,appointment_id\n',
    )
    expect(copy("SELECT company_name FROM companies WHERE date_of_creation = '2020-02-29'")).toBe(
      '=HYPERLINK("x"), LTD\n',
    )
  })

  test('takes the place of a file that may not be written, which its like may not be either', async () => {
    smallWorld(db)
    await exportTo('out.sqlite', { format: 'sqlite' })
    chmodSync(folder.file('out.sqlite'), 0o444)
    addDomain(db, '00000001', 'later.example', 50)
    await exportTo('out.sqlite', { format: 'sqlite' })
    expect(statSync(folder.file('out.sqlite')).mode & 0o777).toBe(0o444)
    expect(JSON.stringify(readSqlite(folder.file('out.sqlite')))).toContain('later.example')
  })

  test('chpipe does not take it for its own database', async () => {
    worldWithContacts()
    await exportTo('out.sqlite', { format: 'sqlite' })
    expect(() => openDb(folder.file('out.sqlite'))).toThrow('a SQLite database of another program')
  })

  test('a device cannot take it', async () => {
    await expect(
      exportTo('/dev/null', { destination: { kind: 'file', path: '/dev/null' }, format: 'sqlite' }),
    ).rejects.toThrow('cannot be written to a pipe or a device')
  })

  function openFile(path: string) {
    return (sql: string) => execFileSync('sqlite3', ['-readonly', folder.file(path), sql], { encoding: 'utf8' })
  }
})

test('the formats, as messages and help list them', () => {
  expect(formatNames).toEqual(['csv', 'ndjson', 'json', 'sqlite', 'parquet', 'xlsx'])
  expect(namesWhere(({ isText }) => isText, 'and')).toBe('csv, ndjson and json')
  expect(namesWhere(({ container }) => container !== null, 'or')).toBe('sqlite or xlsx')
})

describe('parquet', () => {
  test('holds the rows of the database in typed columns, a file per table', async () => {
    worldWithContacts()
    await exportTo('out/', { format: 'parquet' })
    for (const table of datasetTables) {
      expect(await readParquet(folder.file(`out/${table}.parquet`))).toEqual(storedTyped(table))
    }
    expect(parquetSchemaOf(folder.file('out/companies.parquet'))).toMatchObject({
      company_number: 'UTF8',
      date_of_creation: 'DATE',
      officers_count: 'INT32',
      fetched_at: 'TIMESTAMP_MILLIS',
    })
  })

  test('to a file, it is the flat table', async () => {
    worldWithContacts()
    await exportTo('flat.parquet', { format: 'parquet' })
    const rows = await readParquet(folder.file('flat.parquet'))
    expect(rows.map((row) => [row.company_number, row.appointment_id, row.email])).toEqual([
      ['00000001', '-aBc', 'x@a.example'],
      ['00000001', 'zZ', null],
      ['00000002', null, null],
    ])
  })

  test('is written in row groups, and an empty table is a file with columns', async () => {
    db.$client.exec(`
      INSERT INTO companies (company_number, company_name, officers_state, source, fetched_at, run_id, first_seen_at)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5100)
        SELECT printf('%08d', i), 'COMPANY ' || i, 'complete', 'bulk', '2026-01-01', 1, '2026-01-01' FROM n`)
    await exportTo('out/', { format: 'parquet', include: ['companies', 'emails'] })
    const groups = parquetGroups(folder.file('out/companies.parquet'))
    expect(groups.length).toBe(2)
    expect(groups.reduce((a, b) => a + b)).toBe(5100)
    expect(await readParquet(folder.file('out/emails.parquet'))).toEqual([])
    expect(Object.keys(parquetSchemaOf(folder.file('out/emails.parquet')))).toContain('email')
  })
})

describe('xlsx', () => {
  test('has a sheet per table, text as text, and formulas made harmless', async () => {
    worldWithContacts()
    const { files } = await exportTo('out/', { format: 'xlsx' })
    expect(files.map(({ name, rows }) => [name, rows])).toEqual([['companies.xlsx', 7]])
    const sheets = await readXlsx(folder.file('out/companies.xlsx'))
    expect(Object.keys(sheets)).toEqual([...datasetTables])
    for (const table of datasetTables) {
      const guarded = storedTyped(table).map((row) => ({
        ...row,
        ...(table === 'companies' && row.company_number === '00000001'
          ? { company_name: `'=HYPERLINK("x"), LTD` }
          : {}),
        ...(row.occupation === '-' ? { occupation: "'-" } : {}),
      }))
      expect(sheets[table]).toEqual(guarded)
    }
  })

  test('keeps a bold header in view and filters by it, with dates as dates and ids as text', async () => {
    worldWithContacts()
    await exportTo('out.xlsx', { format: 'xlsx' })
    const sheet = await xlsxPart(folder.file('out.xlsx'), 'xl/worksheets/sheet1.xml')
    expect(sheet).toContain('<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>')
    expect(sheet).toMatch(/<autoFilter ref="A1:[A-Z]+\d+"\/>/)
    const [companies = {}] = (await readExcelFile(folder.file('out.xlsx')))[0]?.data.slice(1) ?? []
    expect(Object.values(companies)[0]).toBe('00000001')
    const styles = await xlsxPart(folder.file('out.xlsx'), 'xl/styles.xml')
    expect(styles).toContain('<b/>')
  })

  test('what is no date stays text, and no text is read as an escape of the format', async () => {
    smallWorld(db)
    const name = ' _x0041_ _X0041_ a\u0000b\uFFFEc\uFFFFd\uD800e <&> "\r\n\u2028\u{1F600} '
    db.$client
      .prepare("UPDATE companies SET company_name = ?, date_of_creation = '1 May' WHERE company_number = '00000002'")
      .run(name)
    db.$client.exec("UPDATE companies SET date_of_creation = '1856-12-31' WHERE company_number = '00000001'")
    await exportTo('out.xlsx', { format: 'xlsx' })
    const companies = (await readXlsx(folder.file('out.xlsx'))).companies ?? []
    const byNumber = (number: string) => companies.find(({ company_number }) => company_number === number)
    expect(byNumber('00000001')?.date_of_creation).toBe('1856-12-31')
    expect(byNumber('00000002')?.date_of_creation).toBe('1 May')
    expect(String(byNumber('00000002')?.company_name)).toContain('_x0041_ _X0041_ a')
  })

  test('a cell that Excel cannot hold is refused before anything is written', async () => {
    smallWorld(db)
    db.$client
      .prepare("UPDATE companies SET company_name = ? WHERE company_number = '00000002'")
      .run('x'.repeat(32_768))
    await expect(exportTo('new/out/', { format: 'xlsx' })).rejects.toMatchObject({
      kind: 'data',
      message: 'Excel cannot hold companies: company_name of 00000002 has more than 32,766 characters',
    })
    expect(readdirSync(folder.path).filter((name) => !name.startsWith('companies.db'))).toEqual([])
  })

  test('a table with more rows than a sheet has is refused', () => {
    const page = { ...emptyPage(), companies: [['1'], ['2'], ['3']] }
    const limits = { rows: 7, columns: 99, characters: 99 }
    const look = planSheets(['companies'], limits)
    look(page)
    look(page)
    expect(() => look(page)).toThrow('Excel cannot hold companies: more than 6 rows')
    expect(() => planSheets(['companies'], { ...limits, columns: 5 })(page)).toThrow('more than 5 columns')
  })
})

describe.each(['sqlite', 'parquet', 'xlsx'] as const)('%s', (format) => {
  test('two exports of the same data have the same bytes', async () => {
    worldWithContacts()
    fill(db, 200, 2, 10)
    const first = await exportTo('one/', { format })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 86_400_000 })
    const second = await exportTo('two/', { format })
    vi.useRealTimers()
    expect(second.files).toEqual(first.files)
    for (const { name, bytes } of first.files) expect(readFileSync(folder.file(`one/${name}`))).toHaveLength(bytes)
  })

  test('holds nobody who is suppressed, and no control characters', async () => {
    suppressWorld(db)
    db.$client.exec("UPDATE companies SET locality = 'Lon' || char(27) || 'don'")
    suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04' })
    await exportTo('out/', { format })
    const texts = await everything(format)
    expect(texts).toContain('paul.jones@alpha')
    expect(texts).toContain('Lon\uFFFDdon')
    for (const gone of ['o-jane', 'SMITHERS', 'jane', 'Whisper', '\\u001b']) expect(texts).not.toContain(gone)
  })

  async function everything(format: 'sqlite' | 'parquet' | 'xlsx'): Promise<string> {
    if (format === 'sqlite') return JSON.stringify(readSqlite(folder.file('out/companies.sqlite')))
    if (format === 'xlsx') return JSON.stringify(await readXlsx(folder.file('out/companies.xlsx')))
    const tables = readdirSync(folder.file('out')).filter((name) => name.endsWith('.parquet'))
    return JSON.stringify(await Promise.all(tables.map((name) => readParquet(folder.file(`out/${name}`)))))
  }
})

describe('--gzip', () => {
  test('compresses the same text, with the same bytes each time', async () => {
    worldWithContacts()
    const plain = await exportTo('plain/', {})
    const first = await exportTo('out/', { gzip: true })
    const second = await exportTo('out/', { gzip: true })
    expect(first.files.map(({ name }) => name)).toEqual(plain.files.map(({ name }) => `${name}.gz`))
    expect(first.files.map(({ rows }) => rows)).toEqual(plain.files.map(({ rows }) => rows))
    expect(second.files).toEqual(first.files)
    for (const { name } of plain.files) {
      const text = gunzipSync(readFileSync(folder.file(`out/${name}.gz`)))
      expect(text).toEqual(readFileSync(folder.file(`plain/${name}`)))
    }
  })

  test('goes to stdout as it comes', async () => {
    worldWithContacts()
    const plain = collected()
    await exportWorld(db, plain.destination, {})
    const chunks: Uint8Array[] = []
    const write = async (bytes: Uint8Array) => {
      chunks.push(bytes)
    }
    await exportWorld(db, { kind: 'stream', write }, { gzip: true })
    expect(gunzipSync(Buffer.concat(chunks)).toString()).toBe(plain.text())
  })

  test('takes the place of the files that were not compressed', async () => {
    worldWithContacts()
    await exportTo('out/', {})
    await exportTo('out/', { gzip: true, include: ['companies'] })
    expect(readdirSync(folder.file('out'))).toEqual(['companies.csv.gz', 'manifest.json'])
  })
})

describe('--include', () => {
  test('writes the tables that are named, empty or not, and says so', async () => {
    smallWorld(db)
    const { files, filters } = await exportTo('out/', { include: ['officers', 'domains'] })
    expect(files.map(({ name, rows }) => [name, rows])).toEqual([
      ['officers.csv', 2],
      ['domains.csv', 0],
    ])
    expect(filters).toEqual({ all: false, include: ['officers', 'domains'] })
  })

  test.each<[DatasetTable[], string[]]>([
    [['companies'], ['company_number', 'company_name']],
    [['emails'], ['company_number', 'appointment_id']],
    [
      ['officers', 'emails'],
      ['company_number', 'appointment_id'],
    ],
  ])('one flat table of %j begins with %j', async (include, columns) => {
    worldWithContacts()
    const out = collected()
    await exportWorld(db, out.destination, { include })
    expect(out.text().split(',').slice(0, 2)).toEqual(columns)
  })

  test('without officers, the flat table has a row per company', async () => {
    worldWithContacts()
    const out = collected()
    await exportWorld(db, out.destination, { include: ['companies', 'emails'] })
    const lines = out.text().split('\r\n')
    expect(lines).toHaveLength(4)
    expect(lines[1]).toMatch(/,,x@a\.example,valid$/)
  })

  test('nested, a company without its table is its number', async () => {
    worldWithContacts()
    const out = collected()
    await exportWorld(db, out.destination, { format: 'ndjson', include: ['domains'] })
    const [first] = out.text().split('\n')
    expect(Object.keys(JSON.parse(first ?? ''))).toEqual(['company_number', 'domains'])
  })
})
