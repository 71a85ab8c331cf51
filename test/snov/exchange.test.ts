// What never left is not in doubt: only of a request whose connection stood may bytes have arrived.
import { describe, expect, it } from 'vitest'
import type { Permit } from '../../src/quota/store.ts'
import type { Proxies } from '../../src/settings.ts'
import { createSnovExchange, type SnovError } from '../../src/snov/exchange.ts'
import { plain, reset, scriptedServer } from '../scripted-server.ts'
import { connectProxy, tcpServer, tlsServer } from '../upstream/tls-server.ts'

const permit: Permit = { settle() {}, cancel() {} }

interface Start {
  requestTimeoutMs?: number
  connectTimeoutMs?: number
  proxy?: string
  signal?: AbortSignal
}

/** Sends the start of a purchase, and returns how it failed. */
async function failed(baseUrl: string, start: Start = {}): Promise<SnovError> {
  const { requestTimeoutMs = 10_000, connectTimeoutMs = 10_000, proxy, signal = new AbortController().signal } = start
  const proxies: Proxies = { http: proxy ?? null, https: proxy ?? null, except: '' }
  const counts = { requests: 0, rateLimited: 0 }
  const exchange = createSnovExchange({ baseUrl, proxies, requestTimeoutMs, connectTimeoutMs, counts })
  const call = exchange({
    method: 'POST',
    path: '/v2/x/start',
    json: { names: ['x'] },
    token: 'a-token',
    permit,
    signal,
  })
  return call.then(
    () => expect.fail('it did not fail'),
    (error) => error,
  )
}

async function closedPort(): Promise<number> {
  const server = await tcpServer(() => {})
  await server[Symbol.asyncDispose]()
  return server.port
}

describe('a purchase surely never arrived', () => {
  it('where nobody listens', async () => {
    const error = await failed(`http://127.0.0.1:${await closedPort()}`)
    expect(error).toMatchObject({ fault: 'passing', mayHaveActed: false })
  })

  it('where no address of the name takes it, and each reason is told once', async () => {
    const port = await closedPort()
    const error = await failed(`http://localhost:${port}`)
    expect(error).toMatchObject({ fault: 'passing', mayHaveActed: false })
    expect(error.message).toContain(`localhost:${port}`)
    expect(error.message.match(/ECONNREFUSED/g)).toHaveLength(1)
  })

  it('when the connection is reset in the handshake', async () => {
    await using server = await tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
    expect(await failed(server.url)).toMatchObject({ fault: 'passing', mayHaveActed: false })
  })

  it('when the connection is closed in the handshake', async () => {
    await using server = await tcpServer((socket) => socket.once('data', () => socket.end()))
    expect(await failed(server.url)).toMatchObject({ fault: 'passing', mayHaveActed: false })
  })

  it('when what answers does not speak TLS', async () => {
    await using server = await tcpServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n')))
    expect(await failed(server.url)).toMatchObject({ fault: 'passing', mayHaveActed: false })
  })

  it('when the certificate is refused', async () => {
    let requests = 0
    await using server = await tlsServer((_request, response) => {
      requests += 1
      response.end('{}')
    })
    const error = await failed(server.url)
    expect(error).toMatchObject({
      fault: 'passing',
      mayHaveActed: false,
      message: expect.stringMatching(/certificate/),
    })
    expect(requests).toBe(0)
  })

  it.each([
    ['the connection', { connectTimeoutMs: 300 }],
    ['the call', { requestTimeoutMs: 300 }],
  ])('when nothing answers the handshake for as long as %s may take', async (_name, limits) => {
    await using server = await tcpServer(() => {})
    expect(await failed(server.url, limits)).toMatchObject({ fault: 'passing', mayHaveActed: false })
  })

  it('when the operator stops while the connection is being made, and is not sent later', async () => {
    const stop = new AbortController()
    let bytes = 0
    await using server = await tcpServer((socket) => {
      socket.on('data', (chunk) => {
        bytes += chunk.length
      })
      stop.abort(new Error('stopped'))
    })
    expect(await failed(server.url, { signal: stop.signal })).toMatchObject({ fault: 'passing', mayHaveActed: false })
    expect(bytes).toBeLessThan(2000)
  })

  it.each(['407 Proxy Authentication Required', '502 Bad Gateway'])('when the proxy refuses: %s', async (refusal) => {
    await using proxy = await connectProxy({ refusal })
    const error = await failed('https://api.snov.example', { proxy: proxy.url.replace('//', '//me:pass-word@') })
    expect(error).toMatchObject({ fault: 'passing', mayHaveActed: false })
    expect(error.message).toContain(refusal.slice(0, 3))
    expect(error.message).not.toContain('pass-word')
    expect(proxy.asked).toMatchObject([{ destination: 'api.snov.example:443' }])
  })

  it('when the proxy is not there, or never answers', async () => {
    const proxy = `http://127.0.0.1:${await closedPort()}`
    expect(await failed('https://api.snov.example', { proxy })).toMatchObject({ fault: 'passing', mayHaveActed: false })
    await using silent = await tcpServer(() => {})
    const late = { proxy: silent.url.replace('https', 'http'), requestTimeoutMs: 300 }
    expect(await failed('https://api.snov.example', late)).toMatchObject({ fault: 'passing', mayHaveActed: false })
  })
})

describe('a purchase may have arrived', () => {
  it('when the connection is reset after its bytes were read', async () => {
    await using server = await scriptedServer(() => reset)
    expect(await failed(server.url)).toMatchObject({ fault: 'passing', mayHaveActed: true })
    expect(server.asked).toEqual(['/v2/x/start'])
  })

  it('when the answer is late', async () => {
    await using server = await scriptedServer(() => () => {})
    expect(await failed(server.url, { requestTimeoutMs: 300 })).toMatchObject({ fault: 'passing', mayHaveActed: true })
  })

  it('when the answer is no JSON', async () => {
    await using server = await scriptedServer(() => plain(200, '<html>'))
    expect(await failed(server.url)).toMatchObject({ fault: 'passing', mayHaveActed: true })
  })
})
