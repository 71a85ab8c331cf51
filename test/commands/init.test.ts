// `chpipe init` on a terminal that is played, against the sandboxes' keys.
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { holdsVariable, withVariable } from '../../src/commands/init-file.ts'
import { openPrompter } from '../../src/commands/prompt.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { type SnovSandbox, startSnovSandbox } from '../../src/sandbox/snov/server.ts'
import { type StreamSandbox, startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'

let rest: Sandbox
let stream: StreamSandbox
let snov: SnovSandbox
let urls: Record<string, string>

beforeAll(async () => {
  const world = createWorld({ seed: 3, companies: 5 })
  rest = await startSandbox({ world, quota: { limit: 600, windowMs: 1000 } })
  stream = await startStreamSandbox({ world, heartbeatMs: 50 })
  snov = await startSnovSandbox({ world })
  urls = {
    COMPANIES_HOUSE_API_URL: rest.url,
    COMPANIES_HOUSE_STREAM_URL: stream.url,
    SNOV_API_URL: snov.url,
    CHPIPE_TIME_SCALE: '0.05',
    NO_COLOR: '1',
  }
})

afterAll(async () => {
  await rest[Symbol.asyncDispose]()
  await stream[Symbol.asyncDispose]()
  await snov[Symbol.asyncDispose]()
})

const typing = (folder: TempFolder, lines: string[], env: Record<string, string> = {}) =>
  run(['init'], {
    cwd: folder.path,
    env: { ...urls, ...env },
    terminal: true,
    stdin: lines.map((line) => `${line}\r`).join(''),
  })

const envFile = (folder: TempFolder) => readFileSync(folder.file('.env'), 'utf8')
const modeOf = (folder: TempFolder) => statSync(folder.file('.env')).mode & 0o777

describe('chpipe init on a terminal', () => {
  it('tries each key, keeps it for its owner alone, shows none, and names what comes next', async () => {
    using folder = tempFolder()
    const { code, stdout, stderr } = await typing(folder, [
      rest.apiKey,
      stream.streamKey,
      snov.clientId,
      snov.clientSecret,
    ])
    expect(code).toBe(0)
    expect(envFile(folder)).toBe(
      `COMPANIES_HOUSE_API_KEY=${rest.apiKey}\nCOMPANIES_HOUSE_STREAM_KEY=${stream.streamKey}\nSNOV_CLIENT_ID=${snov.clientId}\nSNOV_CLIENT_SECRET=${snov.clientSecret}\n`,
    )
    expect(modeOf(folder)).toBe(0o600)
    expect(readdirSync(folder.path)).toEqual(['.env'])
    expect(stderr.match(/ {2}trying it ... ok: accepted by/g)).toHaveLength(3)
    for (const secret of [rest.apiKey, stream.streamKey, snov.clientId, snov.clientSecret]) {
      expect(stdout + stderr).not.toContain(secret)
    }
    expect(stdout).toContain('rest-key    stored  accepted by')
    expect(stdout).toContain('next: chpipe import-companies BasicCompanyData.zip --status active\n')
    const doctor = await run(['doctor', '--json'], { cwd: folder.path, env: urls })
    const states = Object.fromEntries(
      JSON.parse(doctor.stdout).map((one: { check: string; state: string }) => [one.check, one.state]),
    )
    expect(states).toMatchObject({ 'rest-key': 'ok', 'stream-key': 'ok', snov: 'ok', permissions: 'ok' })
  })

  it('leaves out what is skipped, and changes nothing when all is', async () => {
    using folder = tempFolder()
    const { code, stdout } = await typing(folder, ['', '', ''])
    expect([code, existsSync(folder.file('.env'))]).toEqual([0, false])
    expect(stdout).toBe(
      'rest-key    not set\nstream-key  not set\nsnov        not set\nnext: chpipe demo, which needs no key\n',
    )
  })

  it('keeps what is there, byte for byte, and closes it to others', async () => {
    using folder = tempFolder()
    const text = `# mine\r\nCHPIPE_TARGET=5 # five\r\nexport COMPANIES_HOUSE_API_KEY="${rest.apiKey}"\r\nODD LINE`
    writeFileSync(folder.file('.env'), text, { mode: 0o644 })
    const { code, stdout, stderr } = await typing(folder, ['', '', ''])
    expect([code, envFile(folder), modeOf(folder)]).toEqual([0, text, 0o600])
    expect(stderr).toContain('REST key (Enter keeps what is set): ')
    expect(stdout).toContain('rest-key    as it was  accepted by')
  })

  it('does not store a key that is refused, unless it is told to', async () => {
    using folder = tempFolder()
    const refused = await typing(folder, ['wrong-key', 'n', rest.apiKey, '', ''])
    expect(refused.stderr).toContain('Keep it all the same? [y/N]')
    expect(envFile(folder)).toBe(`COMPANIES_HOUSE_API_KEY=${rest.apiKey}\n`)
    await typing(folder, ['wrong-key', 'y', '', ''])
    expect(envFile(folder)).toBe('COMPANIES_HOUSE_API_KEY=wrong-key\n')
  })

  it('asks again for what no key can be, and takes one that was pasted as a line of .env', async () => {
    using folder = tempFolder()
    const { stderr } = await typing(folder, ['two words', `COMPANIES_HOUSE_API_KEY="${rest.apiKey}"`, '', ''])
    expect(stderr).toContain('COMPANIES_HOUSE_API_KEY holds a blank, or a character that no key has; it was not taken')
    expect(envFile(folder)).toBe(`COMPANIES_HOUSE_API_KEY=${rest.apiKey}\n`)
  })

  it('lets a good key take the place of a line that was wrong', async () => {
    using folder = tempFolder()
    writeFileSync(folder.file('.env'), 'COMPANIES_HOUSE_API_KEY=a b\nSNOV_CLIENT_ID=x\n')
    const { code } = await typing(folder, [rest.apiKey, '', ''])
    expect([code, envFile(folder)]).toEqual([0, `COMPANIES_HOUSE_API_KEY=${rest.apiKey}\nSNOV_CLIENT_ID=x\n`])
  })

  it('only tries what the environment sets', async () => {
    using folder = tempFolder()
    const { stdout, stderr } = await typing(folder, ['', ''], { COMPANIES_HOUSE_API_KEY: rest.apiKey })
    expect(stderr).toContain('set in the environment, which wins over .env')
    expect([stdout, existsSync(folder.file('.env'))]).toEqual([
      expect.stringContaining('as it was  accepted by'),
      false,
    ])
  })

  it('ends with 130 on Ctrl-C, and keeps what was accepted before', async () => {
    using folder = tempFolder()
    const { code, stdout } = await run(['init'], {
      cwd: folder.path,
      env: urls,
      terminal: true,
      stdin: `${rest.apiKey}\rhalf a k\x03`,
    })
    expect([code, stdout, envFile(folder)]).toEqual([130, '', `COMPANIES_HOUSE_API_KEY=${rest.apiKey}\n`])
  })

  it('writes through a link', async () => {
    using folder = tempFolder()
    writeFileSync(folder.file('real'), '')
    symlinkSync(folder.file('real'), folder.file('.env'))
    await typing(folder, [rest.apiKey, '', ''])
    expect(readFileSync(folder.file('real'), 'utf8')).toBe(`COMPANIES_HOUSE_API_KEY=${rest.apiKey}\n`)
  })
})

describe('chpipe init without a terminal', () => {
  it('says what to put where, asks nobody, and ends with 1', async () => {
    using folder = tempFolder()
    const asked = rest.requests
    const { code, stdout } = await run(['init'], { cwd: folder.path, env: urls })
    expect([code, existsSync(folder.file('.env'))]).toEqual([1, false])
    expect(stdout).toContain(`Put these lines into ${folder.file('.env')}`)
    expect(stdout).toContain('\n  COMPANIES_HOUSE_API_KEY=...\n')
    expect(stdout).toContain('\n  SNOV_CLIENT_ID=...\n  SNOV_CLIENT_SECRET=...\n')
    expect(rest.requests).toEqual(asked)
  })

  it('tells which are set, never their values', async () => {
    using folder = tempFolder()
    writeFileSync(folder.file('.env'), 'COMPANIES_HOUSE_API_KEY=a-secret\n', { mode: 0o600 })
    const env = { ...urls, COMPANIES_HOUSE_STREAM_KEY: 'b-secret' }
    const { code, stdout } = await run(['init', '--json'], { cwd: folder.path, env })
    expect(code).toBe(0)
    expect(JSON.parse(stdout).map((one: { set_in: string | null }) => one.set_in)).toEqual([
      '.env',
      'environment',
      null,
      null,
    ])
    expect(stdout).not.toContain('secret"')
  })
})

describe('a line of .env', () => {
  it.each([
    ['', 'A=1\n'],
    ['B=2', 'B=2\nA=1\n'],
    ['A=0\nB=2\n', 'A=1\nB=2\n'],
    ['A=0\r\nB=2\r\n', 'A=1\r\nB=2\r\n'],
    ['  export A = "0" # old\n', 'A=1\n'],
    ['#A=0\n', '#A=0\nA=1\n'],
    ['AA=0\nA_B=0\n', 'AA=0\nA_B=0\nA=1\n'],
    ['A=0\nA=5\n', 'A=0\nA=1\n'],
    ['A="many\nlines"\n', 'A="many\nlines"\nA=1\n'],
  ])('is set in %j', (text, expected) => {
    expect(withVariable(text, 'A', '1')).toBe(expected)
    expect(holdsVariable(expected, 'A', '1')).toBe(true)
  })

  it('is quoted where the value needs it', () => {
    const text = withVariable('', 'A', 'x#y$z')
    expect([text, holdsVariable(text, 'A', 'x#y$z')]).toEqual(["A='x#y$z'\n", true])
  })
})

describe('what is typed', () => {
  function terminal() {
    const stdin = Object.assign(new PassThrough(), { isTTY: true, raw: [] as boolean[] })
    const shown: string[] = []
    const host = {
      stdin: Object.assign(stdin, { setRawMode: (raw: boolean) => stdin.raw.push(raw) }),
      stderr: { write: (text: string) => shown.push(text) },
    }
    const stop = new AbortController()
    return { stdin, shown: () => shown.join(''), stop, prompter: openPrompter({ host, signal: stop.signal } as never) }
  }

  it('is not shown, can be corrected, and loses the keys that are no characters', async () => {
    const { stdin, shown, prompter } = terminal()
    const answer = prompter.ask('key: ', { hidden: true })
    for (const typed of ['wrong\x15', 'abx\x7f', '\x1b[D\x1b[200~', 'c d\x1b[201~ ', '\r']) stdin.write(typed)
    expect([await answer, shown()]).toEqual(['abc d', 'key: \n'])
    prompter[Symbol.dispose]()
    expect(stdin.raw).toEqual([true, false])
  })

  it('is shown where it is no secret, and waits for its question', async () => {
    const { stdin, shown, prompter } = terminal()
    stdin.write('first\r\ny\x7fn\n')
    expect([await prompter.ask('1 ', { hidden: true }), await prompter.ask('2 ')]).toEqual(['first', 'n'])
    expect(shown()).toBe('1 \n2 y\b \bn\n')
    prompter[Symbol.dispose]()
  })

  it('ends with the terminal, with Ctrl-D, or with the signal', async () => {
    const one = terminal()
    const last = one.prompter.ask('')
    one.stdin.end('no line end')
    expect([await last, await one.prompter.ask('')]).toEqual(['no line end', null])
    const two = terminal()
    const ended = two.prompter.ask('')
    two.stdin.write('\x04')
    expect(await ended).toBeNull()
    const stopped = two.prompter.ask('')
    two.stop.abort(new Error('stop'))
    await expect(stopped).rejects.toThrow('stop')
    expect(two.stdin.listenerCount('data')).toBe(1)
    two.prompter[Symbol.dispose]()
    expect(two.stdin.listenerCount('data')).toBe(0)
  })
})
