// The whole register on this machine: time, memory and bytes per row of every command that touches all of it, and how
// each grows with the register. By hand only: `npm run bench -- scale 57000 570000`, and `-ndjson` leaves a job out. With
// `--keep <folder>` the databases and the figures stay there: the same call again goes on where it was cut off.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { openDb } from '../../src/db/open.ts'
import { startPostgres } from '../postgres.ts'
import { expectExit, type MeasuredWork, measure, PROGRAM, watchWork } from './measure.ts'
import { type Figures, type Job, openFigures, printFigures, printGrowth } from './scale-figures.ts'
import {
  drawScaleSource,
  type ScaleSource,
  writeScaleOfficers,
  writeScalePscs,
  writeScaleRegister,
} from './scale-files.ts'
import { repeatOfficers } from './scale-officers.ts'

const FULL = 5_700_000
/** A sheet of Excel holds fewer rows than the officers of more companies. */
const MOST_FOR_XLSX = 200_000
/** The officers of more companies than this come by SQL, from those that came by file. */
const MOST_BY_FILE = 200_000
const SOME_BY_FILE = 57_000

/** Builds each register, runs the jobs, and prints a table for each size and one of the growth between them. */
export async function benchScale(given: string[]): Promise<void> {
  const { sizes, without, keep } = readWishes(given)
  const source = await drawScaleSource()
  const runs: Figures[] = []
  for (const companies of sizes) {
    const folder = keep ? join(keep, String(companies)) : mkdtempSync(join(tmpdir(), 'chpipe-bench-scale-'))
    mkdirSync(folder, { recursive: true })
    const figures = openFigures(join(folder, 'figures.json'), companies)
    try {
      await runJobs({ source, companies, folder, without, figures })
    } finally {
      if (!keep) rmSync(folder, { recursive: true, force: true })
    }
    runs.push(figures)
    printFigures(figures)
  }
  if (runs.length > 1) printGrowth(runs)
}

function readWishes(given: string[]) {
  const left = given.filter((one) => /^-[a-z]/.test(one))
  const { values, positionals } = parseArgs({
    args: given.filter((one) => !left.includes(one)),
    options: { keep: { type: 'string' } },
    allowPositionals: true,
  })
  const sizes = positionals.length > 0 ? positionals.map(Number) : [FULL]
  return { sizes, without: new Set(left.map((one) => one.slice(1))), keep: values.keep }
}

interface Ground {
  source: ScaleSource
  companies: number
  folder: string
  without: ReadonlySet<string>
  figures: Figures
}

async function runJobs(ground: Ground): Promise<void> {
  const { companies, folder, without, figures } = ground
  const db = join(folder, 'companies.db')
  await importScale({ ...ground, db }, figures.step)
  const rows = countRows(db)
  const all = rows.companies + rows.officers + rows.persons_with_significant_control
  const step = async (name: string, run: () => Promise<Job[]>) => {
    if (!without.has(name)) await figures.step(name, run)
  }
  await exportScale({ db, folder, companies, all }, step)
  await step('publish', async () => [{ name: 'publish', rows: all, ...(await measurePublish(db)) }])
  for (const name of ['serve', 'serve again']) {
    await step(`${name}, a page of companies`, () => {
      if (name === 'serve') rmSync(`${db}-names`, { force: true })
      return measureServe(name, db, rows.companies)
    })
  }
  // Their answer may be no: a small register is not ready, and there are no keys.
  for (const name of ['progress', 'doctor']) {
    await step(name, async () => {
      const work = await measure(process.execPath, [PROGRAM, name, '--json', '--db', db], undefined, [0, 1])
      return [{ name, rows: all, work, bytes: null }]
    })
  }
  // Last, since they take somebody out of the database; the first one may make an index.
  for (const [place, name] of ['suppress add --erase, at first', 'suppress add --erase, another'].entries()) {
    await step(name, async () => [{ name, rows: all, work: await measureErasure(db, place), bytes: null }])
  }
}

type Step = Figures['step']

interface Exported {
  db: string
  folder: string
  companies: number
  /** Rows of all tables. */
  all: number
}

/** Every format, and what is made of the whole database; each goes when it is counted. */
async function exportScale({ db, folder, companies, all }: Exported, step: Step): Promise<void> {
  const call = (...args: string[]) => measure(process.execPath, [PROGRAM, ...args, '--quiet', '--db', db])
  const deliver = (name: string, made: string, args: string[], more: () => Promise<Job[]> = async () => []) =>
    step(name, async () => {
      rmSync(made, { recursive: true, force: true })
      const work = await call(...args)
      const jobs = [{ name, rows: all, work, bytes: await bytesOf(made) }, ...(await more())]
      rmSync(made, { recursive: true, force: true })
      return jobs
    })
  for (const format of ['csv', 'parquet', 'sqlite', 'xlsx']) {
    if (format === 'xlsx' && companies > MOST_FOR_XLSX) continue
    const out = `${join(folder, format)}/`
    const args = ['export', '--all', '--format', format, '--out', out]
    await deliver(format, out, args, async () => {
      if (format !== 'csv') return []
      const work = await call('export', '--all', '--since', 'last', '--out', out)
      return [{ name: 'csv --since last, nothing changed', rows: all, work, bytes: null }]
    })
  }
  const lines = ['export', '--all', '--format', 'ndjson', '--quiet', '--db', db]
  await step('ndjson', async () => [{ name: 'ndjson', rows: all, ...(await measureStdout(lines)) }])
  const [zip, copy] = [join(folder, 'delivery.zip'), join(folder, 'copy.db')]
  await deliver('package', zip, ['export', '--all', '--package', zip])
  await deliver('backup', copy, ['backup', '--out', copy])
}

export interface ScaleImport {
  source: ScaleSource
  companies: number
  /** For the files, which go when they are read. */
  folder: string
  db: string
}

/** Companies, officers and persons with significant control, each from the file that Companies House would deliver. */
export async function importScale(
  { source, companies, folder, db }: ScaleImport,
  step: Step = async (_name, run) => {
    await run()
  },
): Promise<void> {
  const file = join(folder, 'file')
  const size = () => (existsSync(db) ? statSync(db).size : 0)
  const take = (name: string, table: CountedTable, args: () => string[]) =>
    step(name, async () => {
      const given = args()
      const before = size()
      const work = await measure(process.execPath, [PROGRAM, ...given, '--quiet', '--db', db])
      rmSync(file, { recursive: true, force: true })
      return [{ name, rows: countRows(db)[table], work, bytes: size() - before }]
    })
  await take('import-companies', 'companies', () => {
    for (const end of ['', '-wal', '-shm']) rmSync(db + end, { force: true })
    writeScaleRegister(source, companies, file)
    return ['import-companies', file]
  })
  const byFile = companies > MOST_BY_FILE ? SOME_BY_FILE : companies
  await take('import-officers --file', 'officers', () => {
    const snapshot = writeScaleOfficers(source, byFile, file)
    return ['import-officers', '--file', snapshot, '--target', `${companies}`]
  })
  await take('import-pscs', 'persons_with_significant_control', () => {
    if (byFile < companies) repeatOfficers(db, source, { from: byFile, to: companies })
    writeScalePscs(source, companies, file)
    return ['import-pscs', file]
  })
}

type CountedTable = 'companies' | 'officers' | 'persons_with_significant_control'

function countRows(path: string): Record<CountedTable, number> {
  const db = openDb(path, { readonly: true })
  const count = (table: CountedTable) => Number(db.$client.prepare(`SELECT count(*) FROM ${table}`).pluck().get())
  const rows = {
    companies: count('companies'),
    officers: count('officers'),
    persons_with_significant_control: count('persons_with_significant_control'),
  }
  db.$client.close()
  return rows
}

/** Of a file, or of all files in a folder. */
async function bytesOf(path: string): Promise<number> {
  const found = await stat(path)
  if (!found.isDirectory()) return found.size
  const names = await readdir(path)
  return (await Promise.all(names.map((name) => bytesOf(join(path, name))))).reduce((sum, bytes) => sum + bytes, 0)
}

/** Into an empty PostgreSQL on this machine. */
async function measurePublish(db: string): Promise<Pick<Job, 'work' | 'bytes'>> {
  await using server = await startPostgres({ settings: { shared_buffers: '128MB' } })
  process.env.CHPIPE_POSTGRES_URL = server.url
  const work = await measure(process.execPath, [PROGRAM, 'publish', '--all', '--quiet', '--db', db])
  delete process.env.CHPIPE_POSTGRES_URL
  const client = new pg.Client(server.url)
  await client.connect()
  const { rows } = await client.query('SELECT pg_database_size(current_database()) AS bytes')
  await client.end()
  return { work, bytes: Number(rows[0]?.bytes) }
}

const TOKEN = 'just-a-trial'

/** From its start until it answers for a company, and until it finds names. */
async function measureServe(name: string, db: string, rows: number): Promise<Job[]> {
  const args = ['serve', '--port', '0', '--token', TOKEN, '--limit', '1000000', '--quiet', '--db', db]
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  const read = watchWork(child)
  let url = ''
  child.stdout.on('data', (chunk: Buffer) => {
    url += chunk
  })
  const answers = async (path: string) => {
    if (!url.endsWith('\n')) return false
    const response = await fetch(url.trim() + path, { headers: { authorization: `Bearer ${TOKEN}` } })
    await response.arrayBuffer()
    if (response.status < 500 && !response.ok) throw new Error(`serve answered with ${response.status} to ${path}`)
    return response.ok
  }
  const jobs: Job[] = []
  for (const [what, path] of [
    ['a page of companies', '/v1/companies?limit=1'],
    ['a search for names', '/v1/companies?q=software&limit=1'],
  ] as const) {
    while (!(await answers(path))) {
      if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}`)
      await delay(20)
    }
    jobs.push({ name: `${name}, ${what}`, rows, work: read(), bytes: null })
  }
  child.kill()
  await expectExit(child, 0)
  return jobs
}

/** Its stdout is counted and forgotten: nested lines of the full register take more room than most machines have. */
async function measureStdout(args: string[]): Promise<Pick<Job, 'work' | 'bytes'>> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const read = watchWork(child)
  let bytes = 0
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  await once(child, 'close')
  await expectExit(child, 0)
  return { work: read(), bytes }
}

/** Of the first officer behind a place of the table. */
async function measureErasure(path: string, place: number): Promise<MeasuredWork> {
  const db = openDb(path, { readonly: true })
  const { surname, forenames, year, month } = db.$client
    .prepare(
      `SELECT surname, forenames, date_of_birth_year AS year, date_of_birth_month AS month FROM officers
        WHERE date_of_birth_year IS NOT NULL AND forenames IS NOT NULL AND rowid > ?`,
    )
    .get(place * 1000) as { surname: string; forenames: string; year: number; month: number }
  db.$client.close()
  const person = ['--name', `${surname}, ${forenames}`, '--born', `${year}-${String(month).padStart(2, '0')}`]
  const args = ['suppress', 'add', ...person, '--erase', '--quiet', '--db', path]
  return measure(process.execPath, [PROGRAM, ...args])
}
