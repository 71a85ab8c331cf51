import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { getTableColumns } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { columnsOfTable } from '../../../src/db/dataset/columns.ts'
import { dataDictionary } from '../../../src/db/dataset/dictionary.ts'
import type { Db } from '../../../src/db/open.ts'
import { companies, domains, emails, officers, persons_with_significant_control } from '../../../src/db/schema.ts'
import { dictionaryCsv } from '../../../src/steps/export/package.ts'
import type { TempFolder } from '../../host.ts'
import { eachDatabase } from '../../new-database.ts'
import { suppressOne, suppressWorld } from '../suppress/suppress-world.ts'
import { addCompany, addDomain, addOfficer, fill, smallWorld } from './export-world.ts'
import { packageWorld, unzipped } from './package-world.ts'

let folder: TempFolder
let db: Db

eachDatabase((made) => {
  ;({ folder, db } = made)
})

const packaged = async (options: Parameters<typeof packageWorld>[2] = {}) => {
  const made = await packageWorld(db, folder.file('a.zip'), options)
  return { made, files: await unzipped(folder.file('a.zip')) }
}

const rest = () => readdirSync(folder.path).filter((name) => !name.startsWith('companies.db'))

describe('a package', () => {
  test('holds the data, the report, the dictionary, and a manifest that lists them as they are', async () => {
    smallWorld(db)
    const { made, files } = await packaged()
    expect([...files.keys()]).toEqual([
      'report.html',
      'manifest.json',
      'data-dictionary.csv',
      'companies.csv',
      'officers.csv',
    ])
    const manifest = JSON.parse(String(files.get('manifest.json')))
    expect(manifest).toEqual(made.manifest)
    expect(manifest).toMatchObject({ program_version: '1.2.3', filters: { all: false } })
    expect(
      Object.fromEntries(manifest.files.map(({ name, rows }: { name: string; rows: number }) => [name, rows])),
    ).toEqual({
      'report.html': 0,
      'data-dictionary.csv': dictionaryCsv().rows,
      'companies.csv': 2,
      'officers.csv': 2,
    })
    for (const { name, bytes, sha256 } of manifest.files) {
      const file = files.get(name) ?? Buffer.alloc(0)
      expect([name, file.length, createHash('sha256').update(file).digest('hex')]).toEqual([name, bytes, sha256])
    }
  })

  test('is one file that only its owner may read, and its size and checksum are told', async () => {
    smallWorld(db)
    const { made } = await packaged()
    const bytes = readFileSync(folder.file('a.zip'))
    expect(rest()).toEqual(['a.zip'])
    expect(statSync(folder.file('a.zip')).mode & 0o777).toBe(0o600)
    expect([made.bytes, made.sha256]).toEqual([bytes.length, createHash('sha256').update(bytes).digest('hex')])
  })

  test.each(['csv', 'ndjson', 'sqlite', 'parquet'] as const)(
    'of the same data has the same bytes (%s)',
    async (format) => {
      smallWorld(db)
      const one = await packageWorld(db, folder.file('a.zip'), { format })
      const other = await packageWorld(db, folder.file('b.zip'), { format })
      expect(other.sha256).toBe(one.sha256)
    },
  )

  test('counts in the report what the files hold', async () => {
    fill(db, 70, 3)
    const { files } = await packaged()
    const report = String(files.get('report.html'))
    expect(report).toContain('<dt>Companies</dt><dd>70<')
    expect(report).toContain('<dt>Appointments</dt><dd>210<')
    expect(report).toContain('70 companies with officers')
    expect(String(files.get('officers.csv')).split('\r\n')).toHaveLength(212)
  })

  test('of some tables shows and counts only these', async () => {
    smallWorld(db)
    addDomain(db, '00000001', 'hidden.example', 90)
    const { files } = await packaged({ include: ['companies'] })
    expect([...files.keys()]).not.toContain('officers.csv')
    const report = String(files.get('report.html'))
    expect(report).not.toContain('hidden.example')
    expect(report).not.toContain('<h2>Officers</h2>')
    expect(report).toContain('Only these tables: companies.')
  })

  test('that is a delta says so, and lists what is gone', async () => {
    smallWorld(db)
    const { files } = await packaged({ since: { number: 0, moment: '2026-01-01T00:00:00.000Z' } })
    expect([...files.keys()]).toContain('deletions.csv')
    const report = String(files.get('report.html'))
    expect(report).toContain('How to apply these changes')
    expect(report).not.toContain('<h2>Coverage</h2>')
  })

  test.each([
    ['company', '00000001', ['ALPHA LIMITED', 'alpha.example', 'SMITHERS, Jane Mary']],
    ['domain', 'alpha.example', ['alpha.example']],
  ] as const)('names nothing that is suppressed, in no file (%s)', async (kind, value, gone) => {
    suppressWorld(db)
    const before = await packaged()
    const all = (files: Map<string, Buffer>) => [...files.values()].join('\n')
    expect(gone.filter((word) => !all(before.files).includes(word))).toEqual([])
    suppressOne(db, kind, value)
    const { files } = await packaged()
    expect(gone.filter((word) => all(files).includes(word))).toEqual([])
    const [rows] = [String(files.get('companies.csv')).split('\r\n').length - 2]
    expect(String(files.get('report.html'))).toContain(`<dt>Companies</dt><dd>${rows}<`)
  })
})

describe('when something is in the way', () => {
  test('a folder in its place is a data error, and stays with what is in it', async () => {
    smallWorld(db)
    mkdirSync(folder.file('a.zip'))
    writeFileSync(folder.file('a.zip/mine'), 'x')
    await expect(packageWorld(db, folder.file('a.zip'))).rejects.toMatchObject({ kind: 'data' })
    expect([rest(), readdirSync(folder.file('a.zip'))]).toEqual([['a.zip'], ['mine']])
  })

  test('a missing folder is a data error, and is not made', async () => {
    await expect(packageWorld(db, folder.file('missing/a.zip'))).rejects.toMatchObject({ kind: 'data' })
    expect(rest()).toEqual([])
  })

  test('interrupted, it leaves the earlier package and nothing else', async () => {
    fill(db, 90, 2)
    writeFileSync(folder.file('a.zip'), 'earlier')
    const controller = new AbortController()
    const onProgress = () => controller.abort(new Error('stopped'))
    await expect(packageWorld(db, folder.file('a.zip'), { signal: controller.signal, onProgress })).rejects.toThrow(
      'stopped',
    )
    expect(rest()).toEqual(['a.zip'])
    expect(readFileSync(folder.file('a.zip'), 'utf8')).toBe('earlier')
  })

  test('what a killed run left beside it is cleared, what a living one works on is not', async () => {
    smallWorld(db)
    mkdirSync(folder.file('.a.zip.chpipe-2147483646-0123abcd.parts'))
    writeFileSync(folder.file('.a.zip.chpipe-2147483646-0123abcd.parts/officers.csv'), 'x')
    mkdirSync(folder.file(`.a.zip.chpipe-${process.ppid}-0123abcd.parts`))
    await packaged()
    expect(rest()).toEqual([`.a.zip.chpipe-${process.ppid}-0123abcd.parts`, 'a.zip'])
  })

  test('a link is followed, and a package that others could read becomes private', async () => {
    smallWorld(db)
    writeFileSync(folder.file('a.zip'), 'earlier')
    chmodSync(folder.file('a.zip'), 0o644)
    symlinkSync('a.zip', folder.file('link.zip'))
    await packageWorld(db, folder.file('link.zip'))
    expect(rest()).toEqual(['a.zip', 'link.zip'])
    expect([...(await unzipped(folder.file('a.zip'))).keys()]).toContain('manifest.json')
    expect(statSync(folder.file('a.zip')).mode & 0o777).toBe(0o600)
  })
})

const SCHEMA = { companies, officers, persons_with_significant_control, domains, emails }

/** The columns as the database has them, without those that are chpipe's own; a delta's list is no table. */
function schemaColumns(table: string): string[] {
  if (table === 'deletions') return ['table', 'company_number', 'key', 'deleted_at']
  const columns = Object.keys(getTableColumns(SCHEMA[table as keyof typeof SCHEMA]))
  return columns.filter((name) => !['change_number', 'file_row', 'stream_timepoint'].includes(name))
}

describe('the data dictionary', () => {
  test.each(Object.entries(dataDictionary))(
    'tells of every column of %s, in their order, and of no other',
    (table, entry) => {
      const columns = columnsOfTable(table as keyof typeof dataDictionary).map(({ name }) => name)
      const isStored = (name: string) => entry.columns[name]?.computed !== true
      expect(Object.keys(entry.columns).filter(isStored)).toEqual(schemaColumns(table))
      expect(Object.keys(entry.columns)).toEqual(columns)
      expect(entry.key.filter((column) => !columns.includes(column))).toEqual([])
      const thin = Object.entries(entry.columns).filter(
        ([, { meaning, source }]) => meaning.length < 10 || source === '',
      )
      expect(thin).toEqual([])
    },
  )

  test('has a row per column as CSV', async () => {
    addCompany(db, { company_number: '00000001' })
    addOfficer(db, { company_number: '00000001', appointment_id: 'a' })
    const { files } = await packaged()
    const [header, ...lines] = String(files.get('data-dictionary.csv')).trimEnd().split('\r\n')
    expect(header).toBe('table,column,key,type,source,meaning')
    const columns = Object.entries(dataDictionary).flatMap(([table, { columns: own }]) =>
      Object.keys(own).map((column) => `${table},${column},`),
    )
    expect(lines.map((line) => columns.find((start) => line.startsWith(start)))).toEqual(columns)
  })
})
