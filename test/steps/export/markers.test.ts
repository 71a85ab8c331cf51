// A value of its own in every column, found again in every format and over HTTP by readers that are not chpipe's.
import { readFileSync } from 'node:fs'
import { inferSchema, initParser } from 'udsv'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Column, columnsOfTable } from '../../../src/db/dataset/columns.ts'
import { dataDictionary } from '../../../src/db/dataset/dictionary.ts'
import type { Db } from '../../../src/db/open.ts'
import { destinationOf } from '../../../src/steps/export/destination.ts'
import type { ExportFormat } from '../../../src/steps/export/formats/formats.ts'
import { type TempFolder, tempFolder } from '../../host.ts'
import { serving } from '../../http/serving.ts'
import { addCompany, addOfficer, addPsc, exportWorld, newDatabase } from './export-world.ts'
import { parquetSchemaOf, readParquet, readSqlite, readXlsx } from './read-back.ts'

const TABLES = ['companies', 'officers', 'persons_with_significant_control'] as const
type Table = (typeof TABLES)[number]
type Cells = Record<string, unknown>

let folder: TempFolder
let db: Db

beforeEach(() => {
  folder = tempFolder()
  db = newDatabase(folder.file('a.db'))
  fillMarkers(db)
})

afterEach(() => {
  db.$client.close()
  folder[Symbol.dispose]()
})

const FIXED: Cells = {
  company_number: '00000001',
  officers_state: 'complete',
  officers_count: 1,
  pscs_state: 'none',
  deleted_at: null,
  identity_verification: 'verified',
  is_active: false,
}

/** What the column holds, as JSON has it: the name, or a number, day or truth that only its neighbours do not share. */
function marker({ name, kind }: Column, index: number): unknown {
  if (name in FIXED) return FIXED[name]
  const day = new Date(Date.UTC(2031, 0, 1 + index)).toISOString()
  if (name === 'natures_of_control_words') return `m${index - 1}; n${index - 1}`
  if (kind === 'number') return 1000 + index
  if (kind === 'truth') return index % 2 === 0
  if (kind === 'date') return name.endsWith('_at') ? day : day.slice(0, 10)
  if (kind === 'codes') return [`m${index}`, `n${index}`]
  return kind === 'json' ? [{ [name]: `"m", ${index}\u00e9` }] : `m-${name}, ${index}`
}

function markers(table: Table): Cells {
  return Object.fromEntries(columnsOfTable(table).map((column, index) => [column.name, marker(column, index)]))
}

/** The same as SQLite stores it. */
function stored(table: Table): Cells {
  const { columns } = dataDictionary[table]
  return Object.fromEntries(
    Object.entries(markers(table)).flatMap(([name, value]) => {
      const entry = columns[name]
      if (entry?.computed) return []
      if (entry?.type === 'list of codes') return [[name, (value as string[]).join(',')]]
      if (entry?.type === 'JSON') return [[name, JSON.stringify(value)]]
      return [[name, typeof value === 'boolean' ? Number(value) : value]]
    }),
  )
}

function fillMarkers(into: Db): void {
  addCompany(into, stored('companies') as never)
  addOfficer(into, stored('officers') as never)
  addPsc(into, stored('persons_with_significant_control') as never)
}

async function exported(format: ExportFormat): Promise<string> {
  await exportWorld(db, destinationOf(folder.file('out'), true), { format, include: TABLES })
  return folder.file('out')
}

/** As a format without types of its own has it. */
function asText(table: Table): Cells {
  return Object.fromEntries(
    Object.entries(markers(table)).map(([name, value]) => {
      const { type } = dataDictionary[table].columns[name] ?? {}
      if (type === 'list of codes') return [name, (value as string[]).join(',')]
      return [name, type === 'JSON' ? JSON.stringify(value) : value]
    }),
  )
}

describe.each(TABLES)('every column of %s is found again in', (table) => {
  test('csv', async () => {
    const text = readFileSync(`${await exported('csv')}/${table}.csv`, 'utf8')
    const [row] = initParser(inferSchema(text)).stringObjs(text)
    const cells = Object.entries(asText(table)).map(([name, value]) => [name, value === null ? '' : String(value)])
    expect(row).toEqual(Object.fromEntries(cells))
  })

  test('json and ndjson', async () => {
    const json = JSON.parse(readFileSync(`${await exported('json')}/companies.json`, 'utf8'))
    const ndjson = readFileSync(`${await exported('ndjson')}/companies.ndjson`, 'utf8')
    expect(JSON.parse(ndjson)).toEqual(json[0])
    const { officers, persons_with_significant_control, ...companies } = json[0]
    const found = {
      companies,
      officers: officers[0],
      persons_with_significant_control: persons_with_significant_control[0],
    }
    expect(found[table]).toEqual(markers(table))
  })

  test('sqlite', async () => {
    const path = `${await exported('sqlite')}/companies.sqlite`
    const truth = Object.entries(asText(table)).map(([name, value]) => [
      name,
      typeof value === 'boolean' ? Number(value) : value,
    ])
    expect(readSqlite(path)[table]).toEqual([Object.fromEntries(truth)])
  })

  test('parquet, with the types that each value has', async () => {
    const path = `${await exported('parquet')}/${table}.parquet`
    const [row = {}] = await readParquet(path)
    const expected = Object.entries(markers(table)).map(([name, value]) => {
      return [name, dataDictionary[table].columns[name]?.type === 'JSON' ? value : asText(table)[name]]
    })
    expect(row).toEqual(Object.fromEntries(expected))
    const types = parquetSchemaOf(path)
    for (const { name, kind } of columnsOfTable(table)) {
      if (kind === 'truth') expect([name, types[name]]).toEqual([name, 'BOOLEAN'])
      if (kind === 'json') expect([name, types[name]]).toEqual([name, 'JSON'])
    }
  })

  test('xlsx', async () => {
    const sheets = await readXlsx(`${await exported('xlsx')}/companies.xlsx`)
    expect(sheets[table]).toEqual([asText(table)])
  })

  test('the API', async () => {
    await using api = await serving(fillMarkers)
    const { body } = await api.json('/v1/companies/00000001')
    const { officers: all, persons_with_significant_control: pscs, domains: _, ...companies } = body
    const { emails: __, ...officers } = all[0]
    const found = { companies, officers, persons_with_significant_control: pscs[0] }
    expect(found[table]).toEqual(markers(table))
  })
})
