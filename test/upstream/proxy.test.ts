import { describe, expect, it } from 'vitest'
import { readSettings } from '../../src/settings.ts'
import { proxyFor } from '../../src/upstream/wire.ts'
import { startChild } from '../child.ts'
import { tempFolder } from '../host.ts'
import { CA_FILE, connectProxy, tlsServer } from './tls-server.ts'

const keys = {
  COMPANIES_HOUSE_API_KEY: 'a-rest-key',
  COMPANIES_HOUSE_STREAM_KEY: 'a-stream-key',
  SNOV_CLIENT_ID: 'an-id',
  SNOV_CLIENT_SECRET: 'a-snov-secret',
}

/** All three services under one roof, as far as `doctor` asks them. */
function services() {
  return tlsServer((request, response) => {
    const answer = (body: unknown) => response.end(JSON.stringify(body))
    if (request.url?.startsWith('/companies')) return response.writeHead(200).write('\n')
    if (request.url?.includes('access_token')) return answer({ access_token: 'token', expires_in: 3600 })
    if (request.url?.includes('get-balance')) return answer({ success: true, data: { balance: '5.00' } })
    response.setHeader('x-ratelimit-limit', '600')
    return answer({ items: [], total_results: 0 })
  })
}

async function doctor(target: string, env: Record<string, string>) {
  using folder = tempFolder()
  const urls = { COMPANIES_HOUSE_API_URL: target, COMPANIES_HOUSE_STREAM_URL: target, SNOV_API_URL: target }
  const scale = { CHPIPE_TIME_SCALE: '0.1' }
  const child = startChild(['doctor', '--json'], { cwd: folder.path, env: { ...keys, ...urls, ...scale, ...env } })
  const { stdout, stderr } = await child.ended
  const checks = JSON.parse(stdout) as { check: string; state: string; message: string }[]
  return { of: (name: string) => checks.find(({ check }) => check === name), text: stdout + stderr }
}

const CLIENTS = ['rest-key', 'stream-key', 'snov']

describe('HTTPS_PROXY', () => {
  it('is the way of all three clients, and the target proves who it is', async () => {
    await using target = await services()
    await using proxy = await connectProxy()
    const HTTPS_PROXY = proxy.url.replace('//', '//me:p%40ss-word@')
    const { of, text } = await doctor(target.url, { HTTPS_PROXY, NODE_EXTRA_CA_CERTS: CA_FILE })
    for (const client of CLIENTS) expect(of(client)).toMatchObject({ state: 'ok' })
    expect(of('proxy')).toMatchObject({ state: 'ok', message: expect.stringContaining(proxy.url) })
    expect(new Set(proxy.asked.map(({ destination }) => destination))).toEqual(new Set([`localhost:${target.port}`]))
    expect(proxy.asked.length).toBeGreaterThanOrEqual(3)
    const basic = `Basic ${Buffer.from('me:p@ss-word').toString('base64')}`
    expect(proxy.asked.every(({ authorization }) => authorization === basic)).toBe(true)
    expect(text).not.toMatch(/p%40ss-word|p@ss-word/)
  })

  it('cannot pass off another server: its certificate is checked through the tunnel', async () => {
    await using target = await services()
    await using proxy = await connectProxy()
    const { of } = await doctor(target.url, { https_proxy: proxy.url })
    for (const client of CLIENTS)
      expect(of(client)).toMatchObject({ state: 'fail', message: expect.stringMatching(/certificate/) })
    expect(proxy.asked.length).toBeGreaterThan(0)
  })

  it.each(['407 Proxy Authentication Required', '502 Bad Gateway'])('that refuses is named: %s', async (refusal) => {
    await using target = await services()
    await using proxy = await connectProxy({ refusal })
    const HTTPS_PROXY = proxy.url.replace('//', '//me:pass-word@')
    const { of, text } = await doctor(target.url, { HTTPS_PROXY, NODE_EXTRA_CA_CERTS: CA_FILE })
    for (const client of CLIENTS) {
      expect(of(client)?.message).toContain(`the proxy ${proxy.url}`)
      expect(of(client)?.message).toContain(refusal.slice(0, 3))
    }
    expect(text).not.toContain('pass-word')
  })

  it('is passed by for what NO_PROXY names', async () => {
    await using target = await services()
    await using proxy = await connectProxy()
    const env = { HTTPS_PROXY: proxy.url, NO_PROXY: 'other.example, localhost', NODE_EXTRA_CA_CERTS: CA_FILE }
    const { of } = await doctor(target.url, env)
    for (const client of CLIENTS) expect(of(client)).toMatchObject({ state: 'ok' })
    expect(proxy.asked).toEqual([])
  })
})

describe('the proxy for an address', () => {
  const through = (target: string, env: Record<string, string>) =>
    proxyFor(new URL(target), readSettings(env).proxies)?.href ?? null

  it('is that of its scheme, the lower-case name first', () => {
    const env = { HTTPS_PROXY: 'http://a:1', https_proxy: 'b:2', HTTP_PROXY: 'https://c:3' }
    expect(through('https://x.example', env)).toBe('http://b:2/')
    expect(through('http://x.example', env)).toBe('https://c:3/')
    expect(through('http://x.example', { HTTPS_PROXY: 'http://a:1' })).toBeNull()
  })

  const except: [list: string, target: string, excepted: boolean][] = [
    ['*', 'https://x.example', true],
    ['x.example', 'https://x.example', true],
    ['x.example', 'https://api.x.example', true],
    ['.x.example', 'https://api.x.example', true],
    ['*.x.example', 'https://api.x.example', true],
    ['x.example', 'https://ax.example', false],
    ['X.Example', 'https://x.EXAMPLE', true],
    ['x.example:443', 'https://x.example', true],
    ['x.example:8443', 'https://x.example', false],
    ['a.example b.example,c.example', 'https://b.example', true],
    ['10.0.0.0/8', 'https://10.1.2.3', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['::1', 'https://[::1]:8443', true],
    ['[::1]:8443', 'https://[::1]:8443', true],
    ['fd00::/8', 'https://[fd12::1]', true],
    ['', 'https://x.example', false],
    [' , ', 'https://x.example', false],
  ]
  it.each(except)('NO_PROXY=%s and %s: %s', (NO_PROXY, target, excepted) => {
    expect(through(target, { HTTPS_PROXY: 'http://p:1', NO_PROXY })).toBe(excepted ? null : 'http://p:1/')
  })

  it.each(['socks5://p:1', 'http://', 'http://p:port', 'ftp://me:secret@p'])(
    'is refused unprinted: %s',
    (HTTPS_PROXY) => {
      const refused = expect.objectContaining({
        kind: 'config',
        message: expect.stringMatching(/^HTTPS_PROXY is not[^:]*$/),
      })
      expect(() => readSettings({ HTTPS_PROXY })).toThrow(refused)
    },
  )
})
