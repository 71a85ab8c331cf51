// The HTTP API against a bare Hono handler with the same SELECTs, which checks no token, no limit, no suppression and no
// parameter, sends no ETag and writes no log. Both are processes of their own; this one loads them in turns.
import { type ChildProcess, spawn } from 'node:child_process'
import { Agent, get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildDatabase } from './export.ts'
import { median, PROGRAM, quantile, type Row } from './measure.ts'

const ROUNDS = 3
const SECONDS = 2
const CONNECTIONS = 16
const TOKEN = 'bench-token'
/** A list of lines takes up to so many. */
const LINES = 1000

const NUMBERS = Array.from({ length: 1000 }, (_, index) => String(1_000_000 + index * 97).padStart(8, '0'))
const ONE = (index: number) => `/v1/companies/${NUMBERS[index % NUMBERS.length]}`
const PAGE = (index: number) => `/v1/companies?limit=100&locality=London&created_from=2000-01-${10 + (index % 9)}`
const LIST = '/v1/companies?limit=1'

/** Requests a second of both, and how long one company takes beside a reader of lines. */
export async function benchServe(): Promise<Row[]> {
  const db = buildDatabase(join(tmpdir(), 'chpipe-bench-export-100000.db'))
  const serve = ['serve', '--port', '0', '--token', TOKEN, '--limit', '1000000', '--quiet', '--db', db]
  await using ours = await start([PROGRAM, ...serve])
  await using bare = await start(['--input-type=module', '-e', BARE, db])
  await get200(ours.url, `${LIST}&q=acme`)
  const rows: Row[] = []
  for (const [name, path] of [
    ['one company by number', ONE],
    ['a page of 100', PAGE],
  ] as const) {
    rows.push(await compare(name, ours.url, bare.url, (url) => load(url, path)))
  }
  rows.push(await compare('NDJSON, lines a second', ours.url, bare.url, lineRate))
  const alone = quantile(await latencies(ours.url), 0.99)
  const reader = new AbortController()
  const reading = read(ours.url, '/v1/companies?include=officers', { lines: true, signal: reader.signal }).catch(
    () => 0,
  )
  const beside = quantile(await latencies(ours.url), 0.99)
  reader.abort()
  await reading
  const ratio = beside / alone
  const [mine, without] = [beside, alone].map((ms) => `${ms.toFixed(2)} ms`)
  rows.push({
    name: 'one company, p99 beside a reader of lines',
    ours: mine ?? '',
    theirs: without ?? '',
    ratio,
    target: '<= 3',
  })
  return rows
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

async function lineRate(url: string): Promise<number> {
  const begun = performance.now()
  const count = await read(url, `/v1/companies?include=officers&limit=${LINES}`, { lines: true })
  return (count * 1000) / (performance.now() - begun)
}

interface Reading {
  agent?: Agent
  /** Asks for lines, and counts them. */
  lines?: boolean
  signal?: AbortSignal
}

/** Reads an answer to its end; throws unless it is 200. Returns how many lines it had. */
function read(url: string, path: string, { agent, lines = false, signal }: Reading): Promise<number> {
  const headers = { Authorization: `Bearer ${TOKEN}`, ...(lines && { Accept: 'application/x-ndjson' }) }
  return new Promise((done, fail) => {
    const take = (response: IncomingMessage) => {
      let count = 0
      response.on('data', (chunk: Buffer) => {
        if (lines) for (const byte of chunk) if (byte === 0x0a) count += 1
      })
      response.on('error', fail)
      response.on('end', () => (response.statusCode === 200 ? done(count) : fail(new Error(`${response.statusCode}`))))
    }
    get(`${url}${path}`, { headers, ...(agent && { agent }), ...(signal && { signal }) }, take).on('error', fail)
  })
}

/** Waits until the index of names is there, so that its making disturbs nothing. */
async function get200(url: string, path: string): Promise<void> {
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

/** Starts a server that prints its address. */
async function start(args: string[]): Promise<{ url: string } & AsyncDisposable> {
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await new Promise<string>((found, fail) => {
    child.stdout?.once('data', (text: Buffer) => found(text.toString().trim()))
    child.once('exit', (code) => fail(new Error(`a server ended with ${code}`)))
  })
  const ended = new Promise((done) => child.once('exit', done))
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
    },
  }
}

const BARE = `
import { serve } from '@hono/node-server'
import Database from 'better-sqlite3'
import { Hono } from 'hono'
const db = new Database(process.argv[1], { readonly: true })
const one = db.prepare('SELECT * FROM companies WHERE company_number = ?')
const members = ['officers', 'persons_with_significant_control', 'domains', 'emails']
const of = members.map((table) => db.prepare('SELECT * FROM ' + table + ' WHERE company_number = ?'))
const nested = (row) => ({ ...row, ...Object.fromEntries(of.map((some, n) => [members[n], some.all(row.company_number)])) })
const where = "officers_state = 'complete' AND company_number > ?"
const filtered = db.prepare('SELECT * FROM companies WHERE ' + where +
  ' AND locality = ? COLLATE NOCASE AND date_of_creation >= ? ORDER BY company_number LIMIT 101')
const some = db.prepare('SELECT * FROM companies WHERE ' + where + ' ORDER BY company_number LIMIT 50')
async function* lines(left) {
  for (let after = ''; left > 0; ) {
    const rows = some.all(after)
    if (rows.length === 0) return
    after = rows.at(-1).company_number
    left -= rows.length
    yield Buffer.from(rows.map((row) => JSON.stringify({ ...row, officers: of[0].all(row.company_number) }) + '\\n').join(''))
    await new Promise((next) => setImmediate(next))
  }
}
const app = new Hono()
app.get('/v1/companies/:number', (c) => c.json(nested(one.get(c.req.param('number')))))
app.get('/v1/companies', (c) => {
  if (c.req.header('accept') === 'application/x-ndjson') return new Response(ReadableStream.from(lines(Number(c.req.query('limit')))))
  return c.json({ items: filtered.all('', c.req.query('locality'), c.req.query('created_from')).slice(0, 100) })
})
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log('http://127.0.0.1:' + port))
`
