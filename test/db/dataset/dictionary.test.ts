import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { getTableColumns } from 'drizzle-orm'
import { getTableConfig } from 'drizzle-orm/sqlite-core'
import { describe, expect, it } from 'vitest'
import { columnsOf } from '../../../src/db/dataset/columns.ts'
import { dataDictionary, filedColumns, filedValues, type TableEntry } from '../../../src/db/dataset/dictionary.ts'
import { latestSchemaVersion } from '../../../src/db/open.ts'
import { companies, domains, emails, officers } from '../../../src/db/schema.ts'
import { rowSchema } from '../../../src/http/answers.ts'
import { dictionaryCsv } from '../../../src/steps/export/package.ts'
import { officerDrift } from '../../../src/steps/officers/rows.ts'

const SCHEMA = { companies, officers, domains, emails }
/** Columns of public tables that are chpipe's own. */
const PRIVATE = ['change_number', 'file_row', 'stream_timepoint']
const TABLES = ['companies', 'officers', 'domains', 'emails'] as const

describe('the dictionary agrees with the schema', () => {
  it.each(TABLES)('about the types, the gaps and the key of %s', (table) => {
    const columns = Object.values(getTableColumns(SCHEMA[table])).filter(({ name }) => !PRIVATE.includes(name))
    const { columns: entries, key } = dataDictionary[table]
    expect(
      Object.entries(entries).flatMap(([name, { type, required = false, computed = false }]) =>
        computed ? [] : [[name, type === 'whole number' || type === 'true or false', required]],
      ),
    ).toEqual(columns.map(({ name, dataType, notNull, primary }) => [name, dataType === 'number', notNull || primary]))
    const { primaryKeys } = getTableConfig(SCHEMA[table])
    const single = columns.filter(({ primary }) => primary).map(({ name }) => name)
    expect(key).toEqual(primaryKeys[0]?.columns.map(({ name }) => name) ?? single)
  })

  it('about what chpipe decides, and about its own age', () => {
    expect(dataDictionary.companies.columns.officers_state?.values).toEqual(
      getTableColumns(companies).officers_state.enumValues,
    )
    for (const { columns } of Object.values(dataDictionary)) {
      for (const { since } of Object.values(columns)) {
        expect(since).toBeGreaterThanOrEqual(1)
        expect(since).toBeLessThanOrEqual(latestSchemaVersion())
      }
    }
  })
})

describe('a column that is written there once', () => {
  const table: TableEntry = {
    row: 'One appointment.',
    key: ['appointment_id'],
    columns: {
      appointment_id: { type: 'identifier', source: 'somebody', meaning: 'The appointment', required: true, since: 1 },
      shoe_size: {
        type: 'whole number',
        source: 'Shoemakers House: fitting',
        meaning: 'Size of the shoes',
        member: 'fitting.size',
        example: 44,
        since: 99,
      },
    },
  }

  it('is in the exports, as the kind of cell that it is', () => {
    expect(columnsOf(table)).toEqual([
      { name: 'appointment_id', kind: 'id' },
      { name: 'shoe_size', kind: 'number' },
    ])
  })

  it('is read out of an item, wherever it stands, and may be absent', () => {
    const filed = filedColumns(table)
    expect(filed).toEqual([{ column: 'shoe_size', member: 'fitting.size', type: 'whole number' }])
    const read = (item: object) => filedValues(item, filed)
    expect(read({ fitting: { size: 44 } })).toEqual({ shoe_size: 44 })
    for (const item of [{}, { fitting: null }, { fitting: 'wide' }])
      expect(read(item)).toEqual({ shoe_size: undefined })
  })

  it('is in the data dictionary', () => {
    expect(dictionaryCsv({ fittings: table }).text.split('\r\n')[2]).toBe(
      'fittings,shoe_size,,whole number,Shoemakers House: fitting,Size of the shoes',
    )
  })

  it('is in the schema of the API, with its type, its gaps and its example', () => {
    const schema = rowSchema(table)
    expect(schema.safeParse({ appointment_id: 'a', shoe_size: null }).success).toBe(true)
    expect(schema.safeParse({ appointment_id: 'a', shoe_size: '44' }).success).toBe(false)
    expect(schema.safeParse({ appointment_id: null, shoe_size: 44 }).success).toBe(false)
    const app = new OpenAPIHono()
    const content = { 'application/json': { schema } }
    app.openAPIRegistry.registerPath(
      createRoute({ method: 'get', path: '/', responses: { 200: { description: 'ok', content } } }),
    )
    const page = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 't', version: '1' } })
    expect(JSON.stringify(page)).toContain('{"type":["integer","null"],"description":"Size of the shoes","example":44}')
  })

  it('is compared by the audit', () => {
    const row = (shoe_size: number) => ({ appointment_id: 'a', name: 'SMITH, Jane', shoe_size }) as never
    const compared = ['name', ...filedColumns(table).map(({ column }) => column)]
    expect(officerDrift([row(44)], [row(45)], compared as never).changed).toEqual([
      { appointment_id: 'a', name: 'SMITH, Jane', fields: { shoe_size: { stored: 44, register: 45 } } },
    ])
  })
})
