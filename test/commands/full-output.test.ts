import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, createWriteStream, openSync, writeFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commands } from '../../src/commands/index.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { type SnovSandbox, startSnovSandbox } from '../../src/sandbox/snov/server.ts'
import { type StreamSandbox, startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { loadCompanies } from '../acceptance/load-companies.ts'
import { individual, snapshotText } from '../companies-house/pscs/fixtures.ts'
import { csv, rows } from '../companies-house/register/fixtures.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'

const BIN = fileURLToPath(new URL('../../bin/chpipe.js', import.meta.url))

const PSCS = 'psc-snapshot-2026-08-07_1of1.txt'
const POSTCODES = 'pcds,doterm,lad25cd,ctry25cd,rgn25cd,lat,long\nSW1A 1AA,,E09000033,E92000001,E12000007,51.5,-0.14\n'

/** Lines of every command and verb that print something and otherwise end with 0 or 1. */
const LINES = [
  '--version',
  '--help',
  'help environment',
  'init',
  'stream --help',
  'import-companies register.csv',
  'import-companies register.csv --json',
  'import-officers --limit 1',
  'import-officers --failed',
  `import-pscs ${PSCS}`,
  'import-postcodes postcodes.csv',
  'publish --print-sql',
  'subject c@d.example',
  'purge --older-than 50y --yes',
  'show 00000001',
  'find limited',
  'progress',
  'progress --json',
  'progress --prometheus',
  'stream --for 300ms',
  'enrich --limit 1 --max-credits 0',
  'enrich --limit 1 --dry-run',
  'enrich --failed',
  'enrich --unconfirmed --json',
  'export --all --format ndjson',
  'export --all --out flat.csv --json',
  'export --verify delivery',
  'backup --out backups/',
  'doctor --offline',
  'audit --officers 1',
  'suppress add --company 00000001 --reason asked',
  'suppress list',
  'suppress import rules.csv',
  'suppress remove 1',
  'serve --port 0',
  'notify test',
  'notify list',
  'token add unseen',
  'token list',
  'token revoke acme',
  'sandbox --port 0 --companies 10',
  'completion bash',
]

/** Takes half a minute, and prints through the same function. */
const LEFT_OUT = ['demo']

let rest: Sandbox
let stream: StreamSandbox
let snov: SnovSandbox
let folder: TempFolder
let env: Record<string, string>

beforeAll(async () => {
  const world = createWorld({ seed: 35, companies: 20 })
  rest = await startSandbox({ world, quota: { limit: 600, windowMs: 1000 } })
  stream = await startStreamSandbox({ world, heartbeatMs: 50 })
  snov = await startSnovSandbox({ world })
  folder = tempFolder()
  loadCompanies(folder, world)
  writeFileSync(folder.file('register.csv'), csv(rows(1)))
  writeFileSync(folder.file('rules.csv'), 'kind,value,born,reason\nemail,a@b.example,,asked\n')
  writeFileSync(folder.file(PSCS), snapshotText([individual('00000001', 'a')]))
  writeFileSync(folder.file('postcodes.csv'), POSTCODES)
  env = {
    COMPANIES_HOUSE_API_URL: rest.url,
    COMPANIES_HOUSE_API_KEY: rest.apiKey,
    CHPIPE_CH_QUOTA: '600/1s',
    COMPANIES_HOUSE_STREAM_URL: stream.url,
    COMPANIES_HOUSE_STREAM_KEY: stream.streamKey,
    SNOV_API_URL: snov.url,
    SNOV_CLIENT_ID: snov.clientId,
    SNOV_CLIENT_SECRET: snov.clientSecret,
    CHPIPE_TIME_SCALE: '0.02',
    CHPIPE_NOTIFY_COMMAND: 'true',
  }
  for (const line of [
    'import-officers --limit 3',
    'export --all --out delivery/',
    'token add acme',
    'suppress add --email c@d.example --reason asked',
  ]) {
    expect(await run(line.split(' '), { cwd: folder.path, env })).toMatchObject({ code: 0 })
  }
})

afterAll(async () => {
  await Promise.all([rest.close(), stream.close(), snov.close()])
  folder[Symbol.dispose]()
})

/** As the built program itself does it, which answers some lines before it loads its commands. */
const IN_A_PROCESS = ['--version', '--help', 'progress', 'progress --json', 'completion bash']

async function intoFullDevice(line: string): Promise<{ code: number; stderr: string }> {
  const stdout = createWriteStream('/dev/full')
  return run(line.split(' '), { cwd: folder.path, env, stdout })
}

async function processIntoFullDevice(line: string): Promise<{ code: number; stderr: string }> {
  const full = openSync('/dev/full', 'w')
  const child = spawn(process.execPath, [BIN, ...line.split(' ')], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', full, 'pipe'],
  })
  closeSync(full)
  const [stderr, [code]] = await Promise.all([text(child.stderr as Readable), once(child, 'exit')])
  return { code, stderr }
}

describe('an output that cannot be written', () => {
  const processes = IN_A_PROCESS.map((line) => ['a process', line, processIntoFullDevice] as const)

  it.each([...processes, ...LINES.map((line) => ['a call', line, intoFullDevice] as const)])(
    'ends %s with 5 and a sentence: %s',
    async (_, line, intoIt) => {
      const { code, stderr } = await intoIt(line)
      const lines = stderr.trimEnd().split('\n')
      const last = line.includes('--json')
        ? [expect.stringContaining('"message":"The output could not be written: the disk is full"')]
        : [
            'error: The output could not be written: the disk is full',
            'try: free some space or send the output elsewhere, then run the command again',
          ]
      expect([code, lines.slice(-last.length)]).toEqual([5, last])
      expect(stderr).not.toContain('    at ')
    },
  )

  it('is tried with every command and verb', async () => {
    const loaded = await Promise.all(commands.map(({ load }) => load()))
    const all = loaded.flatMap((one) =>
      'verbs' in one ? one.verbs.map((verb) => `${one.name} ${verb.name}`) : one.name,
    )
    const untried = all.filter((name) => !LINES.some((line) => `${line} `.startsWith(`${name} `)))
    expect(untried).toEqual(LEFT_OUT)
  })

  it('leaves no token behind that nobody has seen', async () => {
    const db = new Database(folder.file('companies.db'), { readonly: true })
    const names = () => db.prepare('SELECT name FROM api_tokens').pluck().all()
    expect((await intoFullDevice('token add another')).code).toBe(5)
    expect(names()).not.toContain('another')
    expect(await run(['token', 'add', 'another'], { cwd: folder.path, env })).toMatchObject({ code: 0 })
    expect(names()).toContain('another')
    db.close()
  })
})
