import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import { commands } from '../src/commands/index.ts'
import { openDb, schemaVersion } from '../src/db/open.ts'
import { formatNames } from '../src/steps/export/formats/formats.ts'
import { run, tempFolder } from './host.ts'

const KEY = 'secret-key-0123456789'

describe('usage', () => {
  const refused: [args: string[], stderr: string][] = [
    [['improt-officers'], "error: Unknown command 'improt-officers'\ntry: Did you mean import-officers?\n"],
    [
      ['help', 'improt-officers'],
      "error: Unknown command or topic 'improt-officers'\ntry: Did you mean import-officers?\n",
    ],
    [['exprot', '--help'], "error: Unknown command 'exprot'\ntry: Did you mean export?\n"],
    [['everything'], "error: Unknown command 'everything'\ntry: chpipe --help\n"],
    [['--quiet'], 'error: No command is named\ntry: chpipe --help\n'],
    [['progress', '--tarket', '5'], "error: Unknown option '--tarket'\ntry: Did you mean --target?\n"],
    [['--everything'], "error: Unknown option '--everything'\ntry: chpipe --help\n"],
    [['progress', '--db'], "error: Option '--db <file>' argument missing\ntry: chpipe --help\n"],
    [
      ['progress', 'now'],
      "error: Too many arguments for 'progress'. Expected 0 arguments but got 1: now.\ntry: chpipe progress --help\n",
    ],
    [
      ['import-officers', '--limit', 'ten'],
      'error: --limit: expected a whole number of at least 0, got: ten\ntry: chpipe import-officers --help\n',
    ],
    [
      ['import-officers', '--target', '0'],
      'error: --target: expected a whole number of at least 1, got: 0\ntry: chpipe import-officers --help\n',
    ],
    [
      ['import-officers', '--target', '-5'],
      'error: --target: expected a whole number of at least 1, got: -5\ntry: chpipe import-officers --help\n',
    ],
    [
      ['import-officers', '--concurrency', '65'],
      'error: --concurrency: expected a whole number from 1 to 64, got: 65\ntry: chpipe import-officers --help\n',
    ],
    [
      ['import-officers', '--refresh', '30'],
      'error: --refresh: expected a duration such as 30s, 15m, 12h or 30d, got: 30\ntry: chpipe import-officers --help\n',
    ],
    [
      ['import-officers', '--sic', '62020,abc'],
      'error: --sic: expected SIC codes of four or five digits separated by commas, got: abc\ntry: chpipe import-officers --help\n',
    ],
    [
      ['export', '--format', 'xml'],
      `error: --format: expected ${formatNames.join(', ')}, got: xml\ntry: chpipe export --help\n`,
    ],
    [
      ['export', '--format', 'jsno'],
      `error: --format: expected ${formatNames.join(', ')}, got: jsno\ntry: Did you mean json?\n`,
    ],
    [['suppress', 'lits'], "error: Unknown command 'lits'\ntry: Did you mean list?\n"],
    [['suppress', 'add', '--emial', 'x'], "error: Unknown option '--emial'\ntry: Did you mean --email?\n"],
    [['sandbox', '--fault', 'outag'], 'error: --fault: there is no fault "outag".\ntry: Did you mean outage?\n'],
    [['--log-format', 'xml', 'progress'], 'error: --log-format: expected text, json, got: xml\ntry: chpipe --help\n'],
  ]

  it.each(refused)('refuses %j before anything runs', async (args, stderr) => {
    using folder = tempFolder()
    expect(await run(args, { cwd: folder.path, env: { COMPANIES_HOUSE_API_KEY: KEY } })).toEqual({
      code: 2,
      stdout: '',
      stderr,
    })
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('takes a value that is also the name of a command', async () => {
    using folder = tempFolder()
    const { code, stderr } = await run(['--db', 'demo', 'progress'], { cwd: folder.path })
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(folder.file('demo')) })
  })

  it('prints errors as JSON under --json', async () => {
    const { code, stdout, stderr } = await run(['improt-officers', '--json'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(JSON.parse(stderr)).toEqual({
      error: { kind: 'usage', message: "Unknown command 'improt-officers'", hint: 'Did you mean import-officers?' },
    })
  })
})

describe('help and version', () => {
  const calls = [
    [],
    ['--help'],
    ['help'],
    ['--version'],
    ...commands.flatMap(({ name }) => [
      [name, '--help'],
      ['help', name],
    ]),
  ]

  it.each(calls.map((args) => [args]))('%j needs no key, no valid settings and no database', async (args) => {
    using folder = tempFolder()
    const env = { CHPIPE_CH_QUOTA: 'nonsense', CHPIPE_DB: folder.file('x.db') }
    const { code, stdout, stderr } = await run(args, { cwd: folder.path, env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toBe('')
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('prints the version of the package, and that of the databases it makes', async () => {
    using folder = tempFolder()
    const db = openDb(folder.file('x.db'))
    const schema = schemaVersion(db)
    db.$client.close()
    expect(await run(['--version'])).toEqual({
      code: 0,
      stdout: `chpipe ${packageJson.version} (schema ${schema})\n`,
      stderr: '',
    })
  })
})

describe('configuration', () => {
  it.each([['import-officers'], ['import-officers --refresh 30d']])('%s without a key ends with 3', async (line) => {
    using folder = tempFolder()
    makeDatabase(folder.file('companies.db'))
    expect(await run(line.split(' '), { cwd: folder.path })).toEqual({
      code: 3,
      stdout: '',
      stderr:
        'error: COMPANIES_HOUSE_API_KEY is not set\n' +
        'try: chpipe init asks for it, or put it in the environment or a .env file here; `chpipe demo` needs none\n',
    })
  })

  const wrong: [env: Record<string, string>, sentence: string][] = [
    [{ CHPIPE_CH_QUOTA: 'lots' }, 'CHPIPE_CH_QUOTA is not a count and a window: lots'],
    [{ CHPIPE_CH_QUOTA: '0/5m' }, 'CHPIPE_CH_QUOTA is not a count and a window: 0/5m'],
    [{ CHPIPE_TARGET: 'all' }, 'CHPIPE_TARGET is not a whole number above zero: all'],
    [{ CHPIPE_TIME_SCALE: '0' }, 'CHPIPE_TIME_SCALE is not a number above zero: 0'],
    [
      { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      'NODE_TLS_REJECT_UNAUTHORIZED=0 would send the keys to servers that nobody verified',
    ],
    [{ COMPANIES_HOUSE_API_URL: 'ftp://x' }, 'COMPANIES_HOUSE_API_URL is not an http(s) URL without credentials'],
  ]

  it.each(wrong)('%j ends with 3', async (env, sentence) => {
    using folder = tempFolder()
    const { code, stdout, stderr } = await run(['progress'], { cwd: folder.path, env })
    expect({ code, stdout, first: stderr.split('\n')[0] }).toEqual({ code: 3, stdout: '', first: `error: ${sentence}` })
  })

  it('reads .env, which the environment overrides', async () => {
    using folder = tempFolder()
    writeFileSync(folder.file('.env'), 'CHPIPE_DB=from-file.db\nCHPIPE_TARGET=none\n')
    const fromFile = await run(['progress'], { cwd: folder.path })
    expect(fromFile).toMatchObject({ code: 3, stderr: expect.stringContaining('CHPIPE_TARGET') })
    const overridden = await run(['progress'], { cwd: folder.path, env: { CHPIPE_TARGET: '5' } })
    expect(overridden).toMatchObject({ code: 1, stderr: expect.stringContaining(folder.file('from-file.db')) })
  })
})

describe('the database', () => {
  const refused: [what: string, make: (path: string) => void, sentence: RegExp][] = [
    [
      'text',
      (path) => writeFileSync(path, 'not a database\n'.repeat(500)),
      /^error: The file is not a SQLite database/,
    ],
    [
      'another program’s',
      (path) => new Database(path).exec('CREATE TABLE contacts (name)').close(),
      /^error: The file is a SQLite database of another program/,
    ],
    [
      'one of a newer chpipe',
      (path) => {
        makeDatabase(path)
        new Database(path).exec('PRAGMA user_version = 99').close()
      },
      /^error: The database was written by a newer chpipe/,
    ],
    [
      'a damaged one',
      (path) => {
        makeDatabase(path)
        const bytes = readFileSync(path)
        writeFileSync(path, Buffer.concat([bytes.subarray(0, 100), Buffer.alloc(bytes.length - 100, 0x5a)]))
      },
      /^error: The database is damaged/,
    ],
    [
      'one cut short',
      (path) => {
        makeDatabase(path)
        writeFileSync(path, readFileSync(path).subarray(0, 6000))
      },
      /^error: The database is damaged/,
    ],
  ]
  const lines = ['progress', 'export', 'import-officers --limit 1']

  it.each(lines.flatMap((line) => refused.map((row) => [line, ...row] as const)))(
    '%s refuses %s with 5 and leaves the file as it is',
    async (line, _what, make, sentence) => {
      using folder = tempFolder()
      const path = folder.file('companies.db')
      make(path)
      const before = readFileSync(path)
      const { code, stdout, stderr } = await run(line.split(' '), {
        cwd: folder.path,
        env: { COMPANIES_HOUSE_API_KEY: KEY },
      })
      expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
      expect(stderr).toMatch(sentence)
      expect(stderr).toContain(path)
      expect(readFileSync(path).equals(before)).toBe(true)
    },
  )

  it.each([
    ['progress', 1],
    ['import-officers --limit 1', 1],
    ['export', 5],
  ])('%s says with %i that there is none yet, and makes none', async (line, wanted) => {
    using folder = tempFolder()
    const env = { COMPANIES_HOUSE_API_KEY: KEY }
    const { code, stdout, stderr } = await run(line.split(' '), { cwd: folder.path, env })
    expect({ code, stdout }).toEqual({ code: wanted, stdout: '' })
    expect(stderr).toContain(`error: There is no database yet: ${folder.file('companies.db')}\ntry: load companies`)
    expect(existsSync(folder.file('companies.db'))).toBe(false)
  })

  it.each(lines)('%s ends with 5 when a folder is in its place', async (line) => {
    using folder = tempFolder()
    const env = { COMPANIES_HOUSE_API_KEY: KEY, CHPIPE_DB: folder.path }
    const { code, stdout, stderr } = await run(line.split(' '), { env })
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
    expect(stderr).toContain(`: ${folder.path}\ntry: `)
  })
})

function makeDatabase(path: string, companyNumber?: string): void {
  const db = openDb(path)
  if (companyNumber) {
    db.$client
      .prepare(
        `INSERT INTO companies (company_number, company_name, source, fetched_at, run_id, first_seen_at)
         VALUES (?, 'ONE LTD', 'test', '2026-01-01T00:00:00Z', 1, '2026-01-01T00:00:00Z')`,
      )
      .run(companyNumber)
  }
  db.$client.close()
}
