// The HTTP API against whoever can reach its port. That every endpoint needs its token, and the limits by token:
// test/http/api.test.ts; tokens in the log and in the database: test/commands/serve.test.ts and token.test.ts.
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { timings } from '../../src/clock.ts'
import { write } from '../../src/db/open.ts'
import { addToken, tokenHash } from '../../src/db/served/tokens.ts'
import { type Serving, serving, TOKEN } from '../http/serving.ts'

let api: Serving
beforeAll(async () => {
  api = await serving()
})
afterAll(() => api[Symbol.asyncDispose]())

/** Sends bytes as they are and resolves with all that comes back until the server hangs up. */
function raw(url: string, ...pieces: string[]): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((done) => {
    let said = ''
    const socket = connect(Number(port), hostname, () => {
      for (const piece of pieces) socket.write(piece)
    })
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    socket.on('error', () => {}).on('close', () => done(said))
  })
}

const authorised = `Host: x\r\nAuthorization: Bearer ${TOKEN}\r\n`

describe('guessing', () => {
  it('ends after a hundred wrong tokens for the trial token, and for no stored one', async () => {
    await using guessed = await serving()
    const stored = 'chp_stored'
    const addedAt = '2026-01-01T00:00:00.000Z'
    write(guessed.db, (tx) => addToken(tx, { name: 'acme', hash: tokenHash(stored), addedAt }))
    const ask = async (token: string) => {
      // The address that a client claims to come from does not count.
      const headers = { Authorization: `Bearer ${token}`, 'X-Forwarded-For': `10.0.0.${Math.random()}` }
      return (await guessed.get('/v1/officers', { headers })).status
    }
    const guesses = await Promise.all(Array.from({ length: 100 }, (_, nth) => ask(`guess-${nth}`)))
    expect(new Set(guesses)).toEqual(new Set([401]))
    expect(await ask('one-more')).toBe(429)
    expect(await ask(TOKEN)).toBe(429)
    expect(await ask(stored)).toBe(200)
  })
})

describe('a query that wants more than an answer', () => {
  const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url')
  const queries = [
    '/v1/companies?q=%22%20OR%20scope%3Acomplete%20NEAR(%22',
    '/v1/companies?q=*&all=true',
    '/v1/companies?locality=%27%20OR%201%3D1--',
    '/v1/companies?type=ltd%27%3BDROP%20TABLE%20companies',
    '/v1/companies?postcode=%25',
    '/v1/companies?sic=1&sic=2',
    '/v1/companies?__proto__=1&constructor=2&toString=3',
    '/v1/companies?limit=1e3',
    '/v1/companies?limit=-1',
    '/v1/companies?all[]=true',
    `/v1/companies?cursor=${cursor('x', { $ne: 1 })}`,
    `/v1/companies?cursor=${cursor(null, 1)}`,
    `/v1/companies?cursor=${cursor('47DEQpj8', "' OR 1=1")}`,
    `/v1/companies?${'a=1&'.repeat(3000)}`,
    '/v1/companies/..%2f..%2fetc%2fpasswd',
    '/v1/companies/%2e%2e/officers',
    '/v1/companies/%00',
    '/v1/companies/%0d%0aSet-Cookie:%20a=b',
    '/v1/companies/%ff%fe',
    '/v1/officers?officer_id=%22%20OR%20%22',
    '/v1/officers?surname=%22*',
    `/v1/officers?officer_id=${'%F0%9F%98%80'.repeat(100)}`,
    '/v1/changes?since=2026-13-45T99:99:99Z',
    '/v1/changes?since=-271821-04-20T00:00:00Z',
    '//v1/companies',
    '/v1/companies/',
    '/V1/COMPANIES',
    '/metrics?x=%0a',
  ]
  it.each(queries)('gets an ordinary answer or a problem: %s', async (path) => {
    const answer = await raw(api.url, `GET ${path} HTTP/1.1\r\n${authorised}Connection: close\r\n\r\n`)
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    expect(Number(head.split(' ')[1])).toBeLessThan(500)
    expect(head).toMatch(/^HTTP\/1\.1 (200|400|404) /)
    expect(head).not.toMatch(/^(set-cookie|access-control)/im)
    expect(body).not.toMatch(/SQLITE|node_modules|\.ts:/)
    expect((await api.json('/v1/companies')).body.items).toHaveLength(4)
  })

  it('has no cursor of its own making: one of another position only begins there', async () => {
    const { body } = await api.json('/v1/companies?limit=1')
    const given = new URL(body.next, api.url).searchParams.get('cursor') ?? ''
    const [mark] = JSON.parse(Buffer.from(given, 'base64url').toString())
    for (const position of ["' OR 1=1--", '\u0000', '\u{10FFFF}', 'Z'.repeat(500), '']) {
      const { status } = await api.json(`/v1/companies?limit=1&cursor=${cursor(mark, position)}`)
      expect(status).toBe(200)
    }
  })
})

describe('a client that is no HTTP client', () => {
  it.each([
    ['headers that are too long', `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['a path that is too long', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ['two lengths', `GET /healthz HTTP/1.1\r\n${authorised}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400],
    [
      'a length and chunks',
      `GET /healthz HTTP/1.1\r\n${authorised}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n`,
      400,
    ],
    ['a bare line end in a header', `GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n`, 400],
  ])('is refused: %s', async (_name, request, status) => {
    expect(await raw(api.url, request)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  })

  it('and sends its headers a byte at a time is hung up on', async () => {
    await using slow = await serving(undefined, { timings: { ...timings(1), serveHeadersMs: 100 } })
    const { hostname, port } = new URL(slow.url)
    const socket = connect(Number(port), hostname)
    const drip = setInterval(() => socket.writable && socket.write('X'), 20)
    socket.on('error', () => {}).write('GET /healthz HTTP/1.1\r\n')
    await new Promise((closed) => socket.once('close', closed))
    clearInterval(drip)
    expect((await fetch(`${slow.url}/healthz`)).status).toBe(200)
  })
})

describe('an answer', () => {
  it.each(['/v1/companies', '/v1/companies/00000001', '/v1/officers'])(
    'with personal data is kept by no shared cache, and shown in no page of another: %s',
    async (path) => {
      const { headers } = await api.get(path, { headers: { Origin: 'https://evil.example' } })
      expect(headers.get('cache-control')).toMatch(/^private/)
      expect(headers.get('vary')).toContain('Authorization')
      expect(headers.get('access-control-allow-origin')).toBeNull()
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
    },
  )
})
