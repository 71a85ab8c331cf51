import { chmodSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openDb } from '../src/db/open.ts'
import { ambiguousLines, meantEnvironment, readSettings } from '../src/settings.ts'
import { run, tempFolder } from './host.ts'

/** A target that `progress` shows, and that no default is. */
const TEXT = 'COMPANIES_HOUSE_API_KEY=a-key\nCHPIPE_TARGET=4321\n'
const utf16 = (text: string) => Buffer.from(text, 'utf16le')

describe('a .env file', () => {
  const saved: [string, Buffer][] = [
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-8 with a byte order mark', Buffer.from(`\uFEFFCHPIPE_TARGET=4321\n`)],
    ['UTF-16', utf16(`\uFEFF${TEXT}`)],
    ['UTF-16, the other way round', Buffer.from(utf16(`\uFEFF${TEXT}`)).swap16()],
    ['UTF-16 without a mark', utf16(TEXT)],
    ['Windows lines', Buffer.from(TEXT.replaceAll('\n', '\r\n'))],
    ['quotes', Buffer.from('CHPIPE_TARGET="4321"\n')],
    ['trailing blanks', Buffer.from('CHPIPE_TARGET=4321  \t\n')],
    ['a comment behind the value', Buffer.from('CHPIPE_TARGET=4321 # for now\n')],
  ]
  it.each(saved)('is understood: %s', async (_name, bytes) => {
    using folder = tempFolder()
    writeFileSync(folder.file('.env'), bytes)
    chmodSync(folder.file('.env'), 0o600)
    openDb(folder.file('companies.db')).$client.close()
    const { stdout, stderr } = await run(['progress', '--json'], { cwd: folder.path })
    expect([JSON.parse(stdout).target, stderr]).toEqual([4321, ''])
  })

  it('that is no text is named', async () => {
    using folder = tempFolder()
    writeFileSync(folder.file('.env'), Buffer.from('A=b\nC=d\0\0\n'))
    chmodSync(folder.file('.env'), 0o600)
    const { code, stderr } = await run(['progress'], { cwd: folder.path })
    expect([code, stderr]).toEqual([3, expect.stringContaining(folder.file('.env'))])
  })
})

describe('variables that another program read', () => {
  const meant: [given: string, understood: string][] = [
    ['"a-key"', 'a-key'],
    ["'a-key'", 'a-key'],
    ['a-key  ', 'a-key'],
    ['a-key\r', 'a-key'],
    ['"a-key" # mine', 'a-key'],
    ['a-key # mine', 'a-key'],
    ['# none', ''],
    ['a#key', 'a#key'],
  ]
  it.each(meant)('are understood: %j', (given, understood) => {
    expect(readSettings({ COMPANIES_HOUSE_API_KEY: given }).companiesHouseApiKey).toBe(understood || undefined)
    expect(meantEnvironment({ '\uFEFFSNOV_CLIENT_ID': given })).toEqual({ SNOV_CLIENT_ID: understood })
  })

  it.each(['"secret-1', 'secret-1"', 'secret 1', 'secret-\u20ac1', 'secret-\u00001'])(
    'are named, unprinted: %j',
    (given) => {
      for (const name of ['COMPANIES_HOUSE_API_KEY', 'SNOV_CLIENT_SECRET', 'CHPIPE_SERVE_TOKEN']) {
        const message = expect.not.stringContaining('secret')
        expect(() => readSettings({ [name]: given })).toThrow(expect.objectContaining({ kind: 'config', message }))
        expect(() => readSettings({ [name]: given })).toThrow(name)
      }
    },
  )
})

describe('doctor', () => {
  it('names what systemd, docker and shells read otherwise, and no value', async () => {
    using folder = tempFolder()
    const lines = [
      '# a comment of its own is read alike',
      'COMPANIES_HOUSE_API_KEY="secret-1"',
      'COMPANIES_HOUSE_STREAM_KEY=secret-2 # mine',
      'export SNOV_CLIENT_ID=secret-3',
      'SNOV_CLIENT_SECRET = secret-4',
      'CHPIPE_TARGET=5',
    ]
    writeFileSync(folder.file('.env'), lines.join('\n'))
    chmodSync(folder.file('.env'), 0o600)
    const env = { CHPIPE_SERVE_TOKEN: "'secret-5'" }
    const { stdout } = await run(['doctor', '--offline', '--json'], { cwd: folder.path, env })
    const checks = JSON.parse(stdout) as { check: string; state: string; message: string }[]
    const { state, message } = checks.find(({ check }) => check === 'environment') ?? expect.fail()
    expect(state).toBe('warn')
    expect(message.split(': ')[1]?.split('; ')).toEqual([
      'COMPANIES_HOUSE_API_KEY is in quotes',
      'COMPANIES_HOUSE_STREAM_KEY has ` # ...` behind its value',
      'SNOV_CLIENT_ID has `export` before it',
      'SNOV_CLIENT_SECRET has blanks around its `=`',
      'CHPIPE_SERVE_TOKEN is in quotes',
    ])
    expect(stdout).not.toContain('secret-')
  })

  it('has nothing to say about plain lines', () => {
    expect(ambiguousLines('A=b\r\n\n# c="d"\nE=f#g\nH=\n')).toEqual([])
  })
})
