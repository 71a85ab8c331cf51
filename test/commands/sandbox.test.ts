import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FAULTS } from '../../src/sandbox/companies-house/faults.ts'
import { SNOV_FAULTS } from '../../src/sandbox/snov/faults.ts'
import { STREAM_FAULTS } from '../../src/sandbox/stream/faults.ts'
import { type Finished, run, tempFolder } from '../host.ts'

const PROGRAM = fileURLToPath(new URL('../../bin/chpipe.js', import.meta.url))

describe('chpipe sandbox', () => {
  it('prints the environment to use, serves until it is interrupted, and ends with 0', async () => {
    const { finished, answers } = await serve(['--companies', '20'], async (url, key) => {
      const unknown = await ask(url, key, '/company/00000000')
      const unauthorised = await ask(url, 'wrong', '/company/00000000')
      return [unknown.status, unauthorised.status]
    })
    expect(answers).toEqual([404, 401])
    expect(finished.code).toBe(0)
    expect(finished.stdout).toMatch(
      /^export COMPANIES_HOUSE_API_URL=http:\/\/127\.0\.0\.1:\d+\nexport COMPANIES_HOUSE_API_KEY=\S+\nexport CHPIPE_CH_QUOTA=600\/5m\nexport COMPANIES_HOUSE_STREAM_URL=http:\/\/127\.0\.0\.1:\d+\nexport COMPANIES_HOUSE_STREAM_KEY=\S+\nexport SNOV_API_URL=http:\/\/127\.0\.0\.1:\d+\nexport SNOV_CLIENT_ID=\S+\nexport SNOV_CLIENT_SECRET=\S+\n$/,
    )
    expect(finished.stderr).toMatch(/info {2}requests served total=2 counted=1 rate_limited=0 window_peak=1\n$/)
  })

  it('prints one JSON object under --json, and nothing else when quiet', async () => {
    const options = ['--companies', '20', '--quota', '60/1500ms', '--json', '--quiet']
    const { finished, url } = await serve(options, (url, key) => ask(url, key, '/company/00000000'))
    expect({ ...finished, stdout: JSON.parse(finished.stdout) }).toEqual({
      code: 0,
      stdout: {
        COMPANIES_HOUSE_API_URL: url,
        COMPANIES_HOUSE_API_KEY: expect.stringMatching(/^sandbox-/),
        CHPIPE_CH_QUOTA: '60/1.5s',
        COMPANIES_HOUSE_STREAM_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        COMPANIES_HOUSE_STREAM_KEY: expect.stringMatching(/^stream-/),
        SNOV_API_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        SNOV_CLIENT_ID: expect.stringMatching(/^sandbox-/),
        SNOV_CLIENT_SECRET: expect.stringMatching(/^secret-/),
      },
      stderr: '',
    })
  })

  it.each([1, 25, 2049, 4190, 5060, 6000, 6667, 6697, 10080])('refuses port %i, as clients do', async (port) => {
    const asked = fetch(`http://127.0.0.1:${port}/`)
    await expect(asked).rejects.toMatchObject({ cause: { message: 'bad port' } })
    const { code, stdout, stderr } = await run(['sandbox', '--port', String(port)])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(
      /^error: --port: port \d+ belongs to another protocol, and HTTP clients refuse it\ntry: .+\n$/,
    )
  })

  it('takes no port that clients refuse for the stream or Snov either', async () => {
    const { finished } = await serve(['--companies', '5', '--port', '6564', '--json', '--quiet'], async () => 0)
    const { COMPANIES_HOUSE_API_URL: rest, SNOV_API_URL: snov } = JSON.parse(finished.stdout)
    expect(new URL(rest).port).toBe('6564')
    expect(new URL(snov).port).not.toBe('6566')
  })

  it('writes the register file of the companies that it serves', async () => {
    using folder = tempFolder()
    const options = ['--companies', '30', '--seed', '4', '--register', folder.file('register.csv')]
    const { answers: served } = await serve(options, async (url, key) => {
      const [, first = ''] = readFileSync(folder.file('register.csv'), 'utf8').split('\n')
      const [, name, number] = /^"([^"]+)","(\w{8})"/.exec(first) ?? []
      const profile = await ask(url, key, `/company/${number}`)
      return { name, profile: await profile.json() }
    })
    expect(served.name).toBeTruthy()
    expect(served.profile).toMatchObject({ company_name: served.name })
  })

  it('writes who controls the companies that it serves, plain or packed', async () => {
    using folder = tempFolder()
    for (const name of ['pscs.txt', 'pscs.zip']) {
      await serve(['--companies', '30', '--seed', '4', '--pscs', folder.file(name)], async () => 0)
    }
    const lines = readFileSync(folder.file('pscs.txt'), 'utf8').trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '').data.kind).toBe('totals#persons-of-significant-control-snapshot')
    expect(readFileSync(folder.file('pscs.zip')).subarray(0, 2).toString()).toBe('PK')
  })

  it('keeps the allowance, the page size, the delay and the faults that it is told', async () => {
    const options = ['--companies', '20', '--quota', '2/1h', '--page-cap', '7', '--latency', '60']
    const { answers } = await serve([...options, '--fault', '502:1x'], async (url, key) => {
      const statuses: number[] = []
      const startedAt = performance.now()
      for (let call = 0; call < 4; call += 1) statuses.push((await ask(url, key, '/company/x/officers')).status)
      return { statuses, ms: performance.now() - startedAt }
    })
    expect(answers.statuses).toEqual([502, 200, 200, 429])
    expect(answers.ms).toBeGreaterThan(120)
    const capped = await serve(options, async (url, key) => {
      const page = await ask(url, key, '/company/x/officers?items_per_page=100')
      return ((await page.json()) as { items_per_page: number }).items_per_page
    })
    expect(capped.answers).toBe(7)
  })

  it('tells of new companies on the stream, and of what Snov knows, with the faults that it is told', async () => {
    const options = [
      '--companies',
      '20',
      '--born',
      '600',
      '--stream-fault',
      '503:1x',
      '--snov-fault',
      '500:1x',
      '--json',
    ]
    const { answers } = await serve(options, async (_url, _key, env) => {
      const headers = { authorization: `Basic ${btoa(`${env.COMPANIES_HOUSE_STREAM_KEY}:`)}` }
      const first = await fetch(`${env.COMPANIES_HOUSE_STREAM_URL}/companies`, { headers })
      const stream = await fetch(`${env.COMPANIES_HOUSE_STREAM_URL}/companies`, { headers })
      const reader = stream.body?.getReader()
      const { value } = (await reader?.read()) ?? {}
      await reader?.cancel()
      const body = JSON.stringify({
        grant_type: 'client_credentials',
        client_id: env.SNOV_CLIENT_ID,
        client_secret: env.SNOV_CLIENT_SECRET,
      })
      const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
      const token = () => fetch(`${env.SNOV_API_URL}/v1/oauth/access_token`, post)
      return [
        first.status,
        stream.status,
        Buffer.from(value ?? []).toString(),
        (await token()).status,
        (await token()).status,
      ]
    })
    expect(answers).toEqual([503, 200, expect.stringContaining('"resource_kind":"company-profile"'), 500, 200])
  })

  it('says that a port is in use, and which', async () => {
    const server = createServer()
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const { port } = server.address() as AddressInfo
    expect(await run(['sandbox', '--port', String(port)])).toEqual({
      code: 3,
      stdout: '',
      stderr: `error: Port ${port} is in use\ntry: name another with --port; --port 0 takes any free one\n`,
    })
    await new Promise((closed) => server.close(closed))
  })

  it('refuses a register file that cannot be written', async () => {
    using folder = tempFolder()
    const args = ['sandbox', '--port', '0', '--companies', '5', '--register', folder.file('no/such/register.csv')]
    const { code, stdout, stderr } = await run(args)
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
    expect(stderr).toContain(
      `error: The register file cannot be written: ${folder.file('no/such/register.csv')}\ntry: `,
    )
  })

  it.each([
    ['--port', '65536'],
    ['--companies', '0'],
    ['--seed', 'one'],
    ['--quota', '600'],
    ['--page-cap', '0'],
    ['--latency', '1s'],
    ['--fault', 'gremlins'],
    ['--fault', '500:often'],
    ['--stream-fault', 'gremlins'],
    ['--snov-fault', 'gremlins'],
    ['--born', 'many'],
  ])('refuses %s %s', async (option, value) => {
    const { code, stdout, stderr } = await run(['sandbox', option, value])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(`error: ${option}: `)
  })

  it('lists every fault in its help', async () => {
    const { stdout } = await run(['sandbox', '--help'])
    const listed = stdout.split('\n').map((line) => line.trim().split(/ {2,}/)[0])
    const faults = [FAULTS, STREAM_FAULTS, SNOV_FAULTS].flatMap((table) => Object.keys(table))
    expect(faults.filter((name) => !listed.includes(name))).toEqual([])
  })
})

interface Served<T> {
  finished: Finished
  answers: T
  url: string
}

/** Runs the built `chpipe sandbox` on a free port, uses it as its environment tells, and interrupts it. */
async function serve<T>(
  options: string[],
  use: (url: string, key: string, env: Record<string, string>) => Promise<T>,
): Promise<Served<T>> {
  const child = spawn(process.execPath, [PROGRAM, 'sandbox', '--port', '0', ...options])
  try {
    const said = { stdout: '', stderr: '' }
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.stderr += text
    })
    const ended = once(child, 'close')
    child.stdout.setEncoding('utf8')
    for await (const text of child.stdout) {
      said.stdout += text
      const [, url, key] = /_API_URL\W+([\w:/.]+).*_API_KEY\W+([\w-]+).*_SECRET.*\n$/s.exec(said.stdout) ?? []
      if (!url || !key) continue
      const answers = await use(url, key, said.stdout.startsWith('{') ? JSON.parse(said.stdout) : {})
      child.kill('SIGINT')
      const [code] = (await ended) as [number]
      return { finished: { code, ...said }, answers, url }
    }
    throw new Error(`The sandbox ended too soon: ${said.stderr}`)
  } finally {
    child.kill('SIGKILL')
  }
}

function ask(url: string, key: string, path: string): Promise<Response> {
  return fetch(`${url}${path}`, { headers: { authorization: `Basic ${btoa(`${key}:`)}` } })
}
