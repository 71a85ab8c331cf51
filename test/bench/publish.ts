// First publication against `psql \copy` of CSV files with the same rows into the same tables (the test server comes
// without psql: where the machine has none, COPY of the same files stands in), against COPY of rows that are taken cell by
// cell; and a delta.
import { spawnSync } from 'node:child_process'
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from, to } from 'pg-copy-streams'
import type { DatasetTable } from '../../src/db/dataset/columns.ts'
import { openDataset } from '../../src/db/dataset/dataset.ts'
import { openDb } from '../../src/db/open.ts'
import { printedSql } from '../../src/steps/publish/ddl.ts'
import { COPY_FORMAT, copyLine } from '../../src/steps/publish/encode.ts'
import { publishedColumns } from '../../src/steps/publish/types.ts'
import { startPostgres } from '../postgres.ts'
import { buildDatabase } from './export.ts'
import { type Measured, measure, median, PROGRAM, type Row } from './measure.ts'

const COMPANIES = 100_000
const CHANGED = 5_000
const ROUNDS = 3
const MEMORY_MB = 150
const TABLES: DatasetTable[] = ['companies', 'officers']

/** Publishes 400,000 rows all three ways, turn by turn, and compares the medians. */
export async function benchPublish(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  await using server = await startPostgres({ settings: { shared_buffers: '128MB' } })
  const client = new pg.Client(server.url)
  await client.connect()
  try {
    const db = join(folder, 'companies.db')
    await copyFile(buildDatabase(join(tmpdir(), `chpipe-bench-export-${COMPANIES}.db`)), db)
    process.env.CHPIPE_POSTGRES_URL = server.url
    const publish = () => measure(process.execPath, [PROGRAM, 'publish', '--quiet', '--db', db])
    const fresh = async (body: () => Promise<Measured | null>): Promise<Measured> => {
      await client.query('DROP SCHEMA IF EXISTS chpipe CASCADE; CHECKPOINT')
      const start = process.hrtime.bigint()
      const measured = await body()
      return measured ?? { seconds: Number(process.hrtime.bigint() - start) / 1e9, megabytes: 0 }
    }
    await publish()
    for (const table of TABLES) {
      const source = client.query(to(`COPY chpipe.${table} TO STDOUT (FORMAT csv)`))
      await pipeline(source, createWriteStream(join(folder, `${table}.csv`)))
    }
    const [ours, csv, cells]: Measured[][] = [[], [], []]
    const hasPsql = spawnSync('psql', ['--version']).status === 0
    const loadCsv = () =>
      hasPsql ? copyByPsql(server.url, folder) : inTables(client, (table) => copyCsv(client, table, folder))
    for (let round = 0; round < ROUNDS; round += 1) {
      csv?.push(await fresh(loadCsv))
      cells?.push(await fresh(() => inTables(client, (table) => copyCells(client, table, db))))
      ours?.push(await fresh(publish))
    }
    const name = hasPsql ? 'psql \\copy of CSV files' : 'COPY of CSV files (there is no psql)'
    return [...firstRows({ ours, csv, cells }, name), await deltaRow(db, publish)]
  } finally {
    await client.end()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The tables of `publish`, with keys and indexes made after the rows. */
async function inTables(client: pg.Client, load: (table: DatasetTable) => Promise<void>): Promise<null> {
  const { first, later } = statements()
  await client.query('BEGIN')
  await client.query(first)
  for (const table of TABLES) await load(table)
  await client.query(later)
  await client.query('COMMIT')
  return null
}

/** What makes the tables before the rows are there, and after. */
function statements(): { first: string; later: string } {
  const all = printedSql('chpipe').split(';\n')
  const isLater = (statement: string) => /^(ALTER|CREATE INDEX|COMMENT)/.test(statement)
  return {
    first: all.filter((statement) => !isLater(statement)).join(';'),
    later: `${all.filter(isLater).join(';')};ANALYZE chpipe.companies, chpipe.officers`,
  }
}

/** The same by psql, in one transaction as well. */
function copyByPsql(url: string, folder: string): Promise<Measured> {
  const { first, later } = statements()
  const copies = TABLES.map((table) => `\\copy chpipe.${table} FROM '${join(folder, `${table}.csv`)}' (FORMAT csv)`)
  const commands = [first, ...copies, later].flatMap((command) => ['-c', command])
  return measure('psql', ['--no-psqlrc', '--quiet', '--single-transaction', '-v', 'ON_ERROR_STOP=1', ...commands, url])
}

async function copyCsv(client: pg.Client, table: DatasetTable, folder: string): Promise<void> {
  const into = client.query(from(`COPY chpipe.${table} FROM STDIN (FORMAT csv)`))
  await pipeline(createReadStream(join(folder, `${table}.csv`), { highWaterMark: 1 << 17 }), into)
}

async function copyCells(client: pg.Client, table: DatasetTable, path: string): Promise<void> {
  const columns = publishedColumns(table)
  const db = openDb(path, { readonly: true })
  const dataset = openDataset(db, { all: false, today: new Date().toISOString().slice(0, 10) })
  const into = client.query(from(`COPY chpipe.${table} FROM STDIN WITH ${COPY_FORMAT}`))
  await pipeline(function* () {
    for (const page of dataset.pages()) {
      const rows = page[table].map((row) => columns.map(({ type }, index) => type.text(row[index] ?? null)))
      yield Buffer.from(rows.map((texts) => `${copyLine(texts)}\n`).join(''))
    }
  }, into)
  dataset[Symbol.dispose]()
  db.$client.close()
}

function firstRows(runs: Record<'ours' | 'csv' | 'cells', Measured[] | undefined>, csvName: string): Row[] {
  const seconds = (name: keyof typeof runs) => median((runs[name] ?? []).map((run) => run.seconds))
  const memory = Math.max(...(runs.ours ?? []).map(({ megabytes }) => megabytes))
  const against = (name: string, other: number, target: string): Row => ({
    name: `publish ${COMPANIES * 4} rows at first, against ${name}`,
    ours: `${seconds('ours').toFixed(2)} s`,
    theirs: `${other.toFixed(2)} s`,
    ratio: other / seconds('ours'),
    target,
  })
  return [
    against(csvName, seconds('csv'), '>= 0.7'),
    against('COPY cell by cell', seconds('cells'), '>= 1.5'),
    {
      name: 'publish, peak memory',
      ours: `${memory.toFixed(0)} MB`,
      theirs: `${MEMORY_MB} MB`,
      ratio: memory / MEMORY_MB,
      target: '<= 1',
    },
  ]
}

async function deltaRow(path: string, publish: () => Promise<Measured>): Promise<Row> {
  const db = openDb(path)
  const changed: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    db.$client.exec(`UPDATE companies SET company_name = company_name || 'X' WHERE company_number IN
      (SELECT company_number FROM companies ORDER BY company_number LIMIT ${CHANGED} OFFSET ${round * CHANGED})`)
    changed.push((await publish()).seconds)
  }
  db.$client.close()
  const bound = 6.3
  return {
    name: `publish a delta of ${CHANGED} companies`,
    ours: `${median(changed).toFixed(2)} s`,
    theirs: `${bound} s`,
    ratio: median(changed) / bound,
    target: '<= 1',
  }
}
