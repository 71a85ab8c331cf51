// The whole register on this machine: time, memory and bytes per row of every command that touches all of it, and how
// each grows with the register. By hand only: `npm run bench -- scale 57000 570000`, and `-ndjson` leaves a job out.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Table from 'cli-table3'
import pg from 'pg'
import { openDb } from '../../src/db/open.ts'
import { formatNumber } from '../../src/text.ts'
import { startPostgres } from '../postgres.ts'
import { expectExit, type MeasuredWork, measure, PROGRAM, watchWork } from './measure.ts'
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

interface Job {
  name: string
  /** The rows that it passes over; bytes are told for each of them. */
  rows: number
  work: MeasuredWork
  /** Of the file or folder that it made; null when it makes none. */
  bytes: number | null
}

/** Builds each register, runs the jobs, and prints a table for each size and one of the growth between them. */
export async function benchScale(given: string[]): Promise<void> {
  const sizes = given.filter((one) => /^\d+$/.test(one)).map(Number)
  const without = new Set(given.filter((one) => one.startsWith('-')).map((one) => one.slice(1)))
  const source = await drawScaleSource()
  const runs: { companies: number; jobs: Job[] }[] = []
  for (const companies of sizes.length > 0 ? sizes : [FULL]) {
    const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-scale-'))
    try {
      const jobs = await runJobs({ source, companies, folder, without })
      runs.push({ companies, jobs })
      printJobs(companies, jobs)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  if (runs.length > 1) printGrowth(runs)
}

interface Ground {
  source: ScaleSource
  companies: number
  folder: string
  without: ReadonlySet<string>
}

async function runJobs(ground: Ground): Promise<Job[]> {
  const { companies, folder, without } = ground
  const db = join(folder, 'companies.db')
  const jobs: Job[] = []
  const add = (job: Job) => {
    console.error(`  ${companies}: ${job.name} ${job.work.seconds.toFixed(1)} s`)
    jobs.push(job)
  }
  const call = (...args: string[]) => measure(process.execPath, [PROGRAM, ...args, '--db', db])
  await importScale({ ...ground, db }, add)
  const rows = countRows(db)
  const all = rows.companies + rows.officers + rows.persons_with_significant_control
  const deliver = async (name: string, made: string, args: string[]) => {
    if (without.has(name)) return
    const work = await call(...args, '--quiet')
    add({ name, rows: all, work, bytes: await bytesOf(made) })
    rmSync(made, { recursive: true, force: true })
  }
  for (const format of ['csv', 'ndjson', 'parquet', 'sqlite', 'xlsx']) {
    if (format === 'xlsx' && companies > MOST_FOR_XLSX) continue
    const out = join(folder, format)
    await deliver(format, out, ['export', '--all', '--format', format, '--out', `${out}/`])
  }
  const [zip, copy] = [join(folder, 'delivery.zip'), join(folder, 'copy.db')]
  await deliver('package', zip, ['export', '--all', '--package', zip])
  await deliver('backup', copy, ['backup', '--out', copy])
  if (!without.has('publish')) add({ name: 'publish', rows: all, ...(await measurePublish(db)) })
  await addServe(db, (name, work) => add({ name, rows: rows.companies, work, bytes: null }))
  // Their answer may be no: a small register is not ready, and there are no keys.
  for (const name of ['progress', 'doctor']) {
    const work = await measure(process.execPath, [PROGRAM, name, '--json', '--db', db], undefined, [0, 1])
    add({ name, rows: all, work, bytes: null })
  }
  return jobs
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
  add: (job: Job) => void = () => {},
): Promise<void> {
  const file = join(folder, 'file')
  const size = () => (existsSync(db) ? statSync(db).size : 0)
  const take = async (name: string, table: CountedTable, args: string[]) => {
    const before = size()
    const work = await measure(process.execPath, [PROGRAM, ...args, '--quiet', '--db', db])
    add({ name, rows: countRows(db)[table], work, bytes: size() - before })
    rmSync(file, { recursive: true, force: true })
  }
  writeScaleRegister(source, companies, file)
  await take('import-companies', 'companies', ['import-companies', file])
  const byFile = companies > MOST_BY_FILE ? SOME_BY_FILE : companies
  const officers = ['import-officers', '--file', writeScaleOfficers(source, byFile, file), '--target', `${companies}`]
  await take('import-officers --file', 'officers', officers)
  if (byFile < companies) repeatOfficers(db, source, { from: byFile, to: companies })
  writeScalePscs(source, companies, file)
  await take('import-pscs', 'persons_with_significant_control', ['import-pscs', file])
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
async function addServe(db: string, add: (name: string, work: MeasuredWork) => void): Promise<void> {
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
  for (const [name, path] of [
    ['serve, a page of companies', '/v1/companies?limit=1'],
    ['serve, a search for names', '/v1/companies?q=software&limit=1'],
  ] as const) {
    while (!(await answers(path))) {
      if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}`)
      await delay(20)
    }
    add(name, read())
  }
  child.kill()
  await expectExit(child, 0)
}

function printJobs(companies: number, jobs: Job[]): void {
  const table = new Table({
    head: ['what', 'rows', 's', 'CPU s', 'MB', 'us/row', 'bytes/row'],
    colAligns: ['left', ...Array.from({ length: 6 }, () => 'right' as const)],
    style: { head: [], border: [], compact: true },
  })
  for (const { name, rows, work, bytes } of jobs) {
    const { seconds, cpuSeconds, megabytes } = work
    table.push([
      name,
      formatNumber(rows),
      seconds.toFixed(2),
      cpuSeconds.toFixed(2),
      megabytes.toFixed(0),
      ((seconds / rows) * 1e6).toFixed(1),
      bytes === null ? '' : (bytes / rows).toFixed(0),
    ])
  }
  const [load = 0] = loadavg()
  const machine = `${cpus().length} cores of ${cpus()[0]?.model}, Node ${process.version}, load ${load.toFixed(1)}`
  console.log(`${formatNumber(companies)} companies; ${machine}\n${table}`)
}

/** The exponents between one size and the next: 1 grows as the rows do, 0 not at all. */
function printGrowth(runs: { companies: number; jobs: Job[] }[]): void {
  const [, ...later] = runs
  const table = new Table({
    head: ['growth with the rows', ...later.flatMap(({ companies }) => [`CPU to ${companies}`, 's', 'MB'])],
    style: { head: [], border: [], compact: true },
  })
  for (const { name } of runs[0]?.jobs ?? []) {
    const found = runs.map(({ jobs }) => jobs.find((job) => job.name === name))
    const cells = later.flatMap((_, index) => {
      const [small, large] = [found[index], found[index + 1]]
      if (!small || !large || large.rows === small.rows) return ['', '', '']
      const growth = (of: (work: MeasuredWork) => number) =>
        (Math.log(of(large.work) / of(small.work)) / Math.log(large.rows / small.rows)).toFixed(2)
      return [growth((work) => work.cpuSeconds), growth((work) => work.seconds), growth((work) => work.megabytes)]
    })
    table.push([name, ...cells])
  }
  console.log(table.toString())
}
