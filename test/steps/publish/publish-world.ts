// A database of chpipe beside a schema of a real PostgreSQL, and what both hold.
import pg from 'pg'
import { columnsOfTable, type DatasetTable, datasetTables } from '../../../src/db/dataset/columns.ts'
import { openDataset } from '../../../src/db/dataset/dataset.ts'
import { dataDictionary } from '../../../src/db/dataset/dictionary.ts'
import { type Db, openDb } from '../../../src/db/open.ts'
import { publishedType } from '../../../src/steps/publish/types.ts'
import { type Child, startChild } from '../../child.ts'
import { type Finished, run, type TempFolder, tempFolder } from '../../host.ts'
import type { PostgresServer } from '../../postgres.ts'
import { newDatabase } from '../export/export-world.ts'

export interface PublishWorldOfTest {
  folder: TempFolder
  db: Db
  schema: string
  /** A superuser's connection; its search path is the schema. */
  client: pg.Client
  env: Record<string, string>
  /** `chpipe publish` with these options. */
  publish(...options: string[]): Promise<Finished>
  /** The same as a process of its own, with the address of another way to the server. */
  start(options: string[], url?: string): Child
  /** Every row that an export would hold now, as the text that PostgreSQL should have of it. */
  here(all?: boolean): Rows
  /** Every row of the schema. */
  there(): Promise<Rows>
  [Symbol.asyncDispose](): Promise<void>
}

export type Rows = Record<DatasetTable, string[]>

let worlds = 0

/** Time-outs of a minute become three seconds. */
export const TIME_SCALE = '0.05'

export async function publishWorldOf(server: PostgresServer): Promise<PublishWorldOfTest> {
  const folder = tempFolder()
  const path = folder.file('companies.db')
  const db = newDatabase(path)
  worlds += 1
  const schema = `world_${worlds}`
  const client = new pg.Client(server.url)
  client.on('error', () => {})
  await client.connect()
  await client.query(`SET search_path TO ${schema}; SET timezone TO 'UTC'`)
  const env = { CHPIPE_POSTGRES_URL: server.url, CHPIPE_DB: path, CHPIPE_TIME_SCALE: TIME_SCALE }
  return {
    folder,
    db,
    schema,
    client,
    env,
    publish: (...options) => run(['publish', '--schema', schema, ...options], { env, cwd: folder.path }),
    start: (options, url = server.url) =>
      startChild(['publish', '--schema', schema, ...options], {
        env: { ...env, CHPIPE_POSTGRES_URL: url },
        cwd: folder.path,
      }),
    here: (all = false) => rowsHere(path, all),
    there: () => rowsThere(client, schema),
    async [Symbol.asyncDispose]() {
      db.$client.close()
      await client.end().catch(() => {})
      folder[Symbol.dispose]()
    },
  }
}

/** Read by the pages of the exports, not by the lines of `publish`. */
function rowsHere(path: string, all: boolean): Rows {
  const db = openDb(path, { readonly: true })
  const dataset = openDataset(db, { all, today: new Date().toISOString().slice(0, 10) })
  const pages = [...dataset.pages()]
  dataset[Symbol.dispose]()
  db.$client.close()
  return eachTable((table) => {
    const types = Object.entries(dataDictionary[table].columns).map(([name, { type }]) => publishedType(name, type))
    const rows = pages.flatMap((page) => page[table])
    return rows.map((row) => JSON.stringify(types.map((type, index) => type.text(row[index] ?? null)))).sort()
  })
}

async function rowsThere(client: pg.Client, schema: string): Promise<Rows> {
  const rows = new Map<DatasetTable, string[]>()
  for (const table of datasetTables) {
    const cells = columnsOfTable(table).map(({ name }) => `${table}."${name}"`)
    const { rows: found } = await client.query({
      text: `SELECT ${cells.join(', ')} FROM ${schema}.${table}`,
      rowMode: 'array',
      types: PLAIN,
    })
    rows.set(table, (found as (string | null)[][]).map((row) => JSON.stringify(row.map(asSent))).sort())
  }
  return eachTable((table) => rows.get(table) ?? [])
}

/** The server's own text of every value. */
const PLAIN = { getTypeParser: () => (text: string) => text } as pg.CustomTypesConfig

/** `2026-01-02 03:04:05.678+00` as chpipe writes a moment. */
function asSent(text: string | null): string | null {
  const [, day, time, fraction = ''] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?\+00$/.exec(text ?? '') ?? []
  return day === undefined ? text : `${day}T${time}.${fraction.slice(1).padEnd(3, '0')}Z`
}

function eachTable(rowsOf: (table: DatasetTable) => string[]): Rows {
  return Object.fromEntries(datasetTables.map((table) => [table, rowsOf(table)])) as Rows
}
