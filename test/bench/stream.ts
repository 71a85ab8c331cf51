// Catching up from an old timepoint: how many events a second become durable, and in how much memory.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, timings } from '../../src/clock.ts'
import { createStreamClient } from '../../src/companies-house/stream/client.ts'
import { openDb } from '../../src/db/open.ts'
import { beginRun } from '../../src/db/runs.ts'
import { companiesStream, queueJobs } from '../../src/steps/stream/companies.ts'
import { followStream } from '../../src/steps/stream/follow.ts'
import type { Row } from './measure.ts'

const EVENTS = 200_000
/** A third of the events tell of a company for the first time, the others change one of these. */
const COMPANIES = Math.floor(EVENTS / 3)
const TARGET_PER_SECOND = 10_000
const MEMORY_MB = 200

/** A process of its own, so that making the events costs the consumer nothing. */
const SERVER = `
const event = (timepoint) => {
  const number = String(10000000 + (timepoint * 7919) % ${COMPANIES}).padStart(8, '0')
  return JSON.stringify({
    resource_kind: 'company-profile', resource_uri: '/company/' + number, resource_id: number,
    data: {
      accounts: {
        accounting_reference_date: { day: '30', month: '09' },
        last_accounts: { made_up_to: '2022-09-30', period_end_on: '2022-09-30', period_start_on: '2021-10-01', type: 'micro-entity' },
        next_accounts: { due_on: '2024-06-30', period_end_on: '2023-09-30', period_start_on: '2022-10-01' },
        next_due: '2024-06-30', next_made_up_to: '2023-09-30',
      },
      can_file: true, company_name: 'GLENCOYNE ENGINEERING ' + timepoint + ' LTD', company_number: number, company_status: 'active',
      confirmation_statement: { last_made_up_to: '2023-10-03', next_due: '2024-10-17', next_made_up_to: '2024-10-03' },
      date_of_creation: '2006-10-03', etag: '055ef4b361baa737e96bdaf5e7c0cb9b1ba31b3b', jurisdiction: 'england-wales',
      links: { filing_history: '/company/' + number + '/filing-history', officers: '/company/' + number + '/officers', self: '/company/' + number },
      registered_office_address: { address_line_1: 'Unit 10 Heath Road Industrial Estate', locality: 'Norwich', postal_code: 'NR16 2HS' },
      sic_codes: ['45200'], type: 'ltd',
    },
    event: { timepoint, published_at: '2023-11-04T14:33:29', type: 'changed' },
  }) + '\\n'
}
const blocks = []
for (let timepoint = 1; timepoint <= ${EVENTS}; timepoint += 100) {
  blocks.push(Buffer.from(Array.from({ length: 100 }, (_, at) => event(timepoint + at)).join('')))
}
const server = require('node:http').createServer(async (request, response) => {
  for (const block of blocks) {
    if (!response.write(block)) await new Promise((done) => response.once('drain', done))
  }
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port, blocks.reduce((sum, block) => sum + block.length, 0)))
`

/** Follows ${EVENTS} events of about 1.1 KB into an empty database file, storing every company. */
export async function benchStream(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(server.stdout, 'data')) as [Buffer]
    const [port, bytes] = line.toString().trim().split(' ').map(Number)
    const { seconds, megabytes } = await catchUp(join(folder, 'stream.db'), `http://127.0.0.1:${port}`)
    const perSecond = EVENTS / seconds
    return [
      {
        name: `stream: catch-up over ${EVENTS} events of ${Math.round(Number(bytes) / EVENTS)} bytes, events/s durable`,
        ours: perSecond.toFixed(0),
        theirs: String(TARGET_PER_SECOND),
        ratio: perSecond / TARGET_PER_SECOND,
        target: '>= 1',
      },
      {
        name: 'stream: most memory during catch-up',
        ours: `${megabytes.toFixed(0)} MB`,
        theirs: `${MEMORY_MB} MB`,
        ratio: megabytes / MEMORY_MB,
        target: '<= 1',
      },
    ]
  } finally {
    server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function catchUp(path: string, baseUrl: string): Promise<{ seconds: number; megabytes: number }> {
  const clock = systemClock()
  const log = { info() {}, warn() {}, error() {} }
  const db = openDb(path)
  using run = beginRun(db, clock, 'stream')
  const stream = createStreamClient({
    stream: 'companies',
    baseUrl,
    key: 'bench',
    clock,
    log,
    timings: timings(1),
  })
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 100)
  const began = clock.steady()
  const rules = { newWithinDays: 14, triggers: [] }
  const kind = companiesStream({ db, log, rules, all: true, onMatch: queueJobs({ clock, runId: run.id }) })
  const { signal } = new AbortController()
  await followStream(
    { db, kind, stream, clock, log, timings: timings(1), runId: run.id, signal, announce() {} },
    { from: 1, maxEvents: EVENTS },
  )
  clearInterval(watch)
  const seconds = (clock.steady() - began) / 1000
  db.$client.close()
  return { seconds, megabytes: most / 2 ** 20 }
}
