// Catching up from an old timepoint: how many events a second become durable, and in how much memory.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MeasuredWork, measure, median, PROGRAM, type Row } from './measure.ts'

const EVENTS = 200_000
/** A third of the events tell of a company for the first time, the others change one of these. */
const COMPANIES = Math.floor(EVENTS / 3)
const TARGET_PER_SECOND = 50_000
const MEMORY_MB = 160
const ROUNDS = 3

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
require('node:fs').writeFileSync(process.argv[1], Buffer.concat(blocks))
const server = require('node:http').createServer(async (request, response) => {
  for (const block of blocks) {
    if (!response.write(block)) await new Promise((done) => response.once('drain', done))
  }
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port, blocks.reduce((sum, block) => sum + block.length, 0)))
`

/** What an event fills, by its path. */
const MEMBERS = {
  company_number: 'resource_id',
  ...Object.fromEntries(
    ['company_name', 'company_status', 'type', 'jurisdiction', 'date_of_creation', 'sic_codes', 'can_file', 'etag'].map(
      (name) => [name, `data.${name}`],
    ),
  ),
  ...Object.fromEntries(
    ['address_line_1', 'locality', 'postal_code'].map((name) => [name, `data.registered_office_address.${name}`]),
  ),
  ...Object.fromEntries(
    [
      'accounting_reference_date.day',
      'accounting_reference_date.month',
      'last_accounts.made_up_to',
      'last_accounts.period_end_on',
      'last_accounts.period_start_on',
      'last_accounts.type',
      'next_accounts.due_on',
      'next_accounts.period_end_on',
      'next_accounts.period_start_on',
      'next_due',
      'next_made_up_to',
    ].map((path) => [`accounts_${path.replace('.', '_')}`, `data.accounts.${path}`]),
  ),
  ...Object.fromEntries(
    ['last_made_up_to', 'next_due', 'next_made_up_to'].map((name) => [
      `statement_${name}`,
      `data.confirmation_statement.${name}`,
    ]),
  ),
}

/** Follows ${EVENTS} events of about 1.1 KB into an empty database file, storing every company. */
export async function benchStream(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  const file = join(folder, 'events.ndjson')
  const server = spawn(process.execPath, ['-e', SERVER, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(server.stdout, 'data')) as [Buffer]
    const [port, bytes] = line.toString().trim().split(' ').map(Number)
    const [ours, theirs]: [MeasuredWork[], MeasuredWork[]] = [[], []]
    for (let round = 0; round < ROUNDS; round += 1) {
      ours.push(await catchUp(join(folder, `ours-${round}.db`), `http://127.0.0.1:${port}`))
      theirs.push(await loadPlainly(join(folder, `theirs-${round}.db`), file))
    }
    const [mine, yours, cpu, theirCpu] = [
      median(ours.map(({ seconds }) => seconds)),
      median(theirs.map(({ seconds }) => seconds)),
      median(ours.map(({ cpuSeconds }) => cpuSeconds)),
      median(theirs.map(({ cpuSeconds }) => cpuSeconds)),
    ]
    const [memory, theirMemory] = [ours, theirs].map((runs) => Math.max(...runs.map(({ megabytes }) => megabytes)))
    const perSecond = EVENTS / mine
    return [
      {
        name: `stream: catch-up over ${EVENTS} events of ${Math.round(Number(bytes) / EVENTS)} bytes, events/s durable, start included`,
        ours: perSecond.toFixed(0),
        theirs: String(TARGET_PER_SECOND),
        ratio: perSecond / TARGET_PER_SECOND,
        target: '>= 1',
      },
      {
        name: 'the same against sqlite3 json_extract of their file into a table (no network, checks, order, cursor, history or index)',
        ours: `${mine.toFixed(2)} s (${cpu.toFixed(1)} s of CPU)`,
        theirs: `${yours.toFixed(2)} s (${theirCpu.toFixed(1)} s of CPU, ${theirMemory?.toFixed(0)} MB)`,
        ratio: mine / yours,
        target: '-',
      },
      {
        name: 'stream: most memory during catch-up',
        ours: `${memory?.toFixed(0)} MB`,
        theirs: `${MEMORY_MB} MB`,
        ratio: Number(memory) / MEMORY_MB,
        target: '<= 1',
      },
    ]
  } finally {
    server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The program as people run it, up to the last event. */
function catchUp(db: string, url: string): Promise<MeasuredWork> {
  const settings = ['COMPANIES_HOUSE_STREAM_KEY=bench', `COMPANIES_HOUSE_STREAM_URL=${url}`]
  const options = ['--all', '--from', '1', '--max-events', String(EVENTS), '--quiet', '--db', db]
  return measure('env', [...settings, process.execPath, PROGRAM, 'stream', ...options])
}

/** What the shell makes of the lines: the last event of each company, as durable as ours. */
function loadPlainly(db: string, file: string): Promise<MeasuredWork> {
  const columns = Object.keys(MEMBERS).map((name) => (name === 'company_number' ? `${name} TEXT PRIMARY KEY` : name))
  const values = Object.values(MEMBERS).map((path) => `json_extract(line, '$.${path}')`)
  return measure('sqlite3', [
    db,
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE companies (${columns.join(', ')}); CREATE TEMP TABLE lines (line)`,
    '.mode ascii',
    '.separator "\\037" "\\n"',
    `.import "${file}" lines`,
    `INSERT OR REPLACE INTO companies SELECT ${values.join(', ')} FROM lines`,
  ])
}
