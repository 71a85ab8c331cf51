// Parquet files against `COPY` of DuckDB, which writes the same rows from tables of its own, on all cores, and neither
// reads SQLite, leaves suppressed people out nor hashes what it writes. DuckDB is no dependency: it is put beside by hand.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MeasuredWork, measure, median, PROGRAM, type Row } from './measure.ts'
import { importScale } from './scale.ts'
import { drawScaleSource } from './scale-files.ts'

const COMPANIES = 57_000
const ROUNDS = 3
const MEMORY_MB = 250
const TABLES = ['companies', 'officers', 'persons_with_significant_control']

/** Arguments: the file of the database, then statements. */
const DUCKDB = `
import { DuckDBInstance } from '@duckdb/node-api'
const [path, ...statements] = process.argv.slice(1)
const connection = await (await DuckDBInstance.create(path)).connect()
for (const statement of statements) await connection.run(statement)`

/** Writes the same tables with both, turn by turn, and compares the medians; nothing without DuckDB. */
export async function benchParquet(): Promise<Row[]> {
  if (!existsSync(join('node_modules', '@duckdb', 'node-api'))) {
    console.error('  left out: npm i --no-save @duckdb/node-api, and run it again')
    return []
  }
  const db = await scaleDatabase(join(tmpdir(), `chpipe-bench-scale-${COMPANIES}.db`))
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  try {
    const out = join(folder, 'ours')
    const duck = (...statements: string[]) =>
      measure(process.execPath, ['--input-type=module', '-e', DUCKDB, join(folder, 'duck.db'), ...statements])
    const write = () =>
      measure(process.execPath, [
        ...[PROGRAM, 'export', '--all', '--format', 'parquet', '--quiet'],
        ...['--db', db, '--out', `${out}/`],
      ])
    const target = join(folder, 'theirs')
    mkdirSync(target)
    await write()
    await duck(...TABLES.map((table) => `CREATE TABLE ${table} AS FROM read_parquet('${out}/${table}.parquet')`))
    const [ours, theirs]: MeasuredWork[][] = [[], []]
    for (let round = 0; round < ROUNDS; round += 1) {
      ours?.push(await write())
      theirs?.push(await duck(...TABLES.map((table) => `COPY ${table} TO '${target}/${table}.parquet'`)))
    }
    return rowsOf(ours ?? [], theirs ?? [])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function rowsOf(ours: MeasuredWork[], theirs: MeasuredWork[]): Row[] {
  const [mine, yours] = [ours, theirs].map((runs) => ({
    seconds: median(runs.map(({ seconds }) => seconds)),
    cpu: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
    memory: Math.max(...runs.map(({ megabytes }) => megabytes)),
  }))
  if (!mine || !yours) return []
  const row = (what: string, unit: string, [own, other]: [number, number], target: string, digits = 2): Row => ({
    name: `export of ${COMPANIES} companies with all that is theirs to parquet, ${what}`,
    ours: `${own.toFixed(digits)} ${unit}`,
    theirs: `${other.toFixed(digits)} ${unit}`,
    ratio: own / other,
    target,
  })
  return [
    row('against COPY of DuckDB', 's', [mine.seconds, yours.seconds], '<= 4'),
    row('CPU against that of DuckDB', 's', [mine.cpu, yours.cpu], '<= 4'),
    row(`peak memory against ${MEMORY_MB} MB`, 'MB', [mine.memory, MEMORY_MB], '<= 1', 0),
    row('peak memory against DuckDB', 'MB', [mine.memory, yours.memory], '<= 1', 0),
  ]
}

/** Builds the database once; later runs on this machine find it. */
async function scaleDatabase(path: string): Promise<string> {
  if (existsSync(path)) return path
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-scale-'))
  try {
    const db = join(folder, 'companies.db')
    await importScale({ source: await drawScaleSource(), companies: COMPANIES, folder, db })
    renameSync(db, path)
    return path
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
