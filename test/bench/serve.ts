// The HTTP API against a bare Hono handler with the same SELECTs and the same bodies, which checks no token, no limit, no
// suppression and no parameter, escapes nothing that hides, sends no ETag, no Link and no header that protects, counts nothing
// and writes no log. Both are processes of their own; this one loads them in turns.
import { type ChildProcess, spawn } from 'node:child_process'
import { Agent, get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type DatasetTable, datasetColumns, NOT_GONE } from '../../src/db/dataset/columns.ts'
import { columnList } from '../../src/db/dataset/computed.ts'
import { dayAt } from '../../src/db/standing.ts'
import { buildDatabase } from './export.ts'
import { median, PROGRAM, quantile, type Row, watchWork } from './measure.ts'

const ROUNDS = 3
const SECONDS = 2
const CONNECTIONS = 16
const TOKEN = 'bench-token'
const MEMORY_MB = 250

const NUMBERS = Array.from({ length: 1000 }, (_, index) => String(1_000_000 + index * 97).padStart(8, '0'))
const ONE = (index: number) => `/v1/companies/${NUMBERS[index % NUMBERS.length]}`
const PAGE = (index: number) => `/v1/companies?limit=100&locality=London&created_from=2000-01-${10 + (index % 9)}`
const EVERYTHING = '/v1/companies?include=officers'
const SEARCH = '/v1/companies?limit=1&q=acme'

let unseen = 1_000_000
/** A company that nobody has asked for, so that no answer to it is kept. */
const NEW = () => `/v1/companies/${String(unseen++).padStart(8, '0')}`

/** Requests a second of both, and how long one company takes beside a reader of lines. */
export async function benchServe(): Promise<Row[]> {
  const db = buildDatabase(join(tmpdir(), 'chpipe-bench-export-100000.db'))
  const serve = ['serve', '--port', '0', '--token', TOKEN, '--limit', '1000000', '--quiet', '--db', db]
  await using ours = await start([PROGRAM, ...serve])
  await using bare = await start(['--input-type=module', '-e', BARE, db, statements()])
  await until200(ours.url, SEARCH)
  for (const path of [ONE(0), PAGE(0), `${EVERYTHING}&limit=20`]) await expectSame(path, ours.url, bare.url)
  const rows: Row[] = []
  for (const [name, path] of [
    ['one company by number', ONE],
    ['one company, each for the first time', NEW],
    ['a page of 100', PAGE],
  ] as const) {
    rows.push(await compare(name, ours.url, bare.url, (url) => load(url, path)))
  }
  rows.push(await compare('NDJSON, lines a second', ours.url, bare.url, lineRate))
  rows.push(await besideLines(ours.url))
  const megabytes = ours.peak()
  const [mine, theirs] = [megabytes, bare.peak()].map((peak) => `${peak.toFixed(0)} MB`)
  rows.push({
    name: '  its peak memory',
    ours: mine ?? '',
    theirs: theirs ?? '',
    ratio: megabytes / MEMORY_MB,
    target: `<= 1 (of ${MEMORY_MB} MB)`,
  })
  return rows
}

/** One company at a time, alone and while a reader takes lines as fast as they come. */
async function besideLines(url: string): Promise<Row> {
  const alone: number[] = []
  const beside: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    alone.push(quantile(await latencies(url), 0.99))
    const reader = new AbortController()
    const reading = read(url, EVERYTHING, { lines: true, signal: reader.signal })
    beside.push(quantile(await latencies(url), 0.99))
    reader.abort()
    await reading
  }
  const [mine, without] = [beside, alone].map((all) => `${median(all).toFixed(2)} ms`)
  return {
    name: 'serve: one company, p99 beside a reader of lines, against none',
    ours: mine ?? '',
    theirs: without ?? '',
    ratio: median(beside) / median(alone),
    target: '<= 3',
  }
}

/** Throws when the bodies differ in more than what pages alone tell. */
async function expectSame(path: string, ours: string, bare: string): Promise<void> {
  const accept = path.startsWith(EVERYTHING) ? 'application/x-ndjson' : 'application/json'
  const headers = { Authorization: `Bearer ${TOKEN}`, Accept: accept }
  const [mine = '', theirs] = await Promise.all(
    [ours, bare].map(async (url) => (await fetch(`${url}${path}`, { headers })).text()),
  )
  if (mine.replace(/,"next":"[^"]*"}$/, '}') !== theirs) throw new Error(`the bodies of ${path} differ`)
}

async function compare(name: string, ours: string, bare: string, rate: (url: string) => Promise<number>): Promise<Row> {
  const [mine, theirs]: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    mine.push(await rate(ours))
    theirs.push(await rate(bare))
  }
  const [a, b] = [median(mine), median(theirs)]
  const shown = (value: number) => `${value.toFixed(0)}/s`
  return { name: `serve: ${name}, against bare Hono`, ours: shown(a), theirs: shown(b), ratio: a / b, target: '>= 0.6' }
}

/** Requests a second over connections that are kept. */
async function load(url: string, path: (index: number) => string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const end = performance.now() + SECONDS * 1000
  let done = 0
  const worker = async (from: number) => {
    for (let index = from; performance.now() < end; index += CONNECTIONS) {
      await read(url, path(index), { agent })
      done += 1
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, from) => worker(from)))
  agent.destroy()
  return done / SECONDS
}

/** Milliseconds of each of many requests, one after the other. */
async function latencies(url: string): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const all: number[] = []
  for (let index = 0; index < 600; index += 1) {
    const begun = performance.now()
    await read(url, ONE(index), { agent })
    all.push(performance.now() - begun)
  }
  agent.destroy()
  return all.slice(100)
}

/** Lines a second of the list of everything, which is left before its end. */
async function lineRate(url: string): Promise<number> {
  const signal = AbortSignal.timeout(SECONDS * 1000)
  return (await read(url, EVERYTHING, { lines: true, signal })) / SECONDS
}

const NEWLINE = 0x0a

interface Reading {
  agent?: Agent
  /** Asks for lines, and counts them. */
  lines?: boolean
  signal?: AbortSignal
}

/** Reads an answer to its end or until it is left; throws unless it is 200. Returns how many lines it had. */
function read(url: string, path: string, { agent, lines = false, signal }: Reading): Promise<number> {
  const headers = { Authorization: `Bearer ${TOKEN}`, ...(lines && { Accept: 'application/x-ndjson' }) }
  return new Promise((done, fail) => {
    let count = 0
    const end = (error: Error) => (signal?.aborted ? done(count) : fail(error))
    const take = (response: IncomingMessage) => {
      response.on('data', (chunk: Buffer) => {
        if (!lines) return
        for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) count += 1
      })
      response.on('error', end)
      response.on('end', () => (response.statusCode === 200 ? done(count) : fail(new Error(`${response.statusCode}`))))
    }
    get(`${url}${path}`, { headers, ...(agent && { agent }), ...(signal && { signal }) }, take).on('error', end)
  })
}

/** Waits until the index of names is there, so that its making disturbs nothing. */
async function until200(url: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < 30; attempt += 1) {
    try {
      await read(url, path, {})
      return
    } catch {
      await sleep(1000)
    }
  }
  throw new Error('serve did not become ready')
}

interface Started extends AsyncDisposable {
  url: string
  /** The most memory that it took so far, in megabytes. */
  peak(): number
}

/** Starts a server that prints its address. */
async function start(args: string[]): Promise<Started> {
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const work = watchWork(child)
  const url = await new Promise<string>((found, fail) => {
    child.stdout?.once('data', (text: Buffer) => found(text.toString().trim()))
    child.once('exit', (code) => fail(new Error(`a server ended with ${code}`)))
  })
  const ended = new Promise((done) => child.once('exit', done))
  return {
    url,
    peak: () => work().megabytes,
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
    },
  }
}

/** What the bare handler reads of each table, and how the cells are shown. */
function statements(): string {
  const tables: DatasetTable[] = ['companies', 'officers', 'persons_with_significant_control', 'domains', 'emails']
  const table = (name: DatasetTable) => ({
    name,
    columns: datasetColumns[name],
    select: `SELECT ${columnList(name, dayAt(Date.now()))} FROM ${name} WHERE`,
  })
  return JSON.stringify({ tables: tables.map(table), and: NOT_GONE })
}

const BARE = `
import { serve } from '@hono/node-server'
import Database from 'better-sqlite3'
import { Hono } from 'hono'
const db = new Database(process.argv[1], { readonly: true })
db.function('natures_in_words', (text) => text)
const { tables: [companies, ...members], and } = JSON.parse(process.argv[2])
for (const table of members) {
  table.all = db.prepare(table.select + ' company_number = ? ' + (table.name === 'emails' ? and : '')).raw()
}
const values = {
  codes: (cell) => (cell === null ? [] : cell.split(',')),
  truth: (cell) => (cell === null ? null : cell === 1),
  json: (cell) => (cell === null ? null : JSON.parse(cell)),
}
const item = ({ columns }, row) => {
  const found = {}
  for (let at = 0; at < columns.length; at += 1) {
    const { name, kind } = columns[at]
    found[name] = values[kind] ? values[kind](row[at]) : row[at]
  }
  return found
}
const of = (table, number) => table.all.all(number).map((row) => item(table, row))
const [officers, pscs, domains, emails] = members
const one = db.prepare(companies.select + ' company_number = ?').raw()
const nested = (number) => {
  const company = item(companies, one.get(number))
  const all = of(emails, number)
  company.officers = of(officers, number)
  for (const officer of company.officers) officer.emails = all.filter((email) => email.appointment_id === officer.appointment_id)
  company.persons_with_significant_control = of(pscs, number)
  company.domains = of(domains, number)
  return company
}
const listed = companies.select + " officers_state = 'complete' AND company_number > ?"
const filtered = db.prepare(listed + ' AND locality = ? COLLATE NOCASE AND date_of_creation >= ? ORDER BY company_number LIMIT 101').raw()
const some = db.prepare(listed + ' ORDER BY company_number LIMIT 50').raw()
async function* lines(left) {
  for (let after = ''; left > 0; ) {
    const rows = some.all(after).slice(0, left)
    if (rows.length === 0) return
    after = rows.at(-1)[0]
    left -= rows.length
    const line = (row) => {
      const company = item(companies, row)
      company.officers = of(officers, row[0])
      for (const officer of company.officers) officer.emails = []
      return JSON.stringify(company) + '\\n'
    }
    yield Buffer.from(rows.map(line).join(''))
    await new Promise((next) => setImmediate(next))
  }
}
const app = new Hono()
app.get('/v1/companies/:number', (c) => c.json(nested(c.req.param('number'))))
app.get('/v1/companies', (c) => {
  if (c.req.header('accept') === 'application/x-ndjson') {
    return new Response(ReadableStream.from(lines(Number(c.req.query('limit') ?? Infinity))))
  }
  const rows = filtered.all('', c.req.query('locality'), c.req.query('created_from')).slice(0, 100)
  return c.json({ items: rows.map((row) => item(companies, row)) })
})
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log('http://127.0.0.1:' + port))
`
