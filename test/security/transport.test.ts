// Keys travel over verified TLS to the host that was named, and to no other. That no redirect is followed, of any kind and
// by any client: the tests with REDIRECTS in test/companies-house/client.test.ts, stream/client.test.ts and
// test/snov/client.test.ts.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { connectStream } from '../../src/companies-house/stream/connection.ts'
import { readSettings } from '../../src/settings.ts'
import { connected } from '../companies-house/connected.ts'
import { run, tempFolder } from '../host.ts'
import { connected as connectedSnov } from '../snov/connected.ts'

const signal = new AbortController().signal

/** An HTTPS server whose certificate nobody has signed but itself, and what reached it. */
async function selfSigned() {
  using folder = tempFolder()
  const [key, cert] = [folder.file('key.pem'), folder.file('cert.pem')]
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert]
  execFileSync('openssl', ['req', '-x509', '-days', '1', ...made, ...subject], { stdio: 'ignore' })
  const reached = { connections: 0, requests: 0 }
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
    reached.requests += 1
    response.end('{}')
  })
  server.on('connection', () => {
    reached.connections += 1
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reached,
    [Symbol.asyncDispose]: () => new Promise<void>((closed) => server.close(() => closed())),
  }
}

describe('a server whose certificate nobody vouches for', () => {
  const clients: [string, (url: string) => Promise<unknown>][] = [
    [
      'the REST API',
      (url) => connected(url, { maxOutageMs: 1 }).get('/x', { lane: 'background', signal, read: (reply) => reply }),
    ],
    [
      'the stream',
      (baseUrl) => {
        const timings = { streamHeadersMs: 5000, streamIdleMs: 5000, connectTimeoutMs: 2000 }
        const options = { baseUrl, stream: 'companies', key: 'a-key', clock: systemClock(), timings }
        return connectStream(options, null, signal).next()
      },
    ],
    ['Snov', async (url) => (await connectedSnov(url)).balance({ lane: 'background', signal })],
  ]
  it.each(clients)('is told nothing by the client of %s', async (_name, ask) => {
    await using server = await selfSigned()
    await expect(ask(server.url)).rejects.toThrow(/self[- ]signed certificate/)
    expect(server.reached.connections).toBeGreaterThan(0)
    expect(server.reached.requests).toBe(0)
  })
})

describe('the environment', () => {
  it.each(['progress', 'doctor --offline', 'import-officers', 'stream', 'enrich --dry-run'])(
    'cannot switch the verification off: %s',
    async (line) => {
      using folder = tempFolder()
      const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }
      const { code, stderr } = await run(line.split(' '), { cwd: folder.path, env })
      expect(code).toBe(3)
      expect(stderr).toMatch(/^error: NODE_TLS_REJECT_UNAUTHORIZED=0 would send the keys/)
    },
  )

  const urls = ['COMPANIES_HOUSE_API_URL', 'COMPANIES_HOUSE_STREAM_URL', 'SNOV_API_URL']
  it.each(urls)('cannot send the keys of %s unencrypted, nor with more than an address', (name) => {
    const refused = [
      'http://proxy.example',
      'http://10.0.0.1:8080',
      'http://localhost.example',
      'http://127.0.0.1.example',
      'http://[::2]',
      'http://0.0.0.0',
      'https://user:secret@api.example',
      'https://api.example?key=secret',
      'https://api.example#secret',
      'file:///etc/passwd',
    ]
    for (const url of refused) {
      expect(() => readSettings({ [name]: url })).toThrow(expect.objectContaining({ kind: 'config' }))
      expect(() => readSettings({ [name]: url })).not.toThrow(/secret/)
    }
    for (const url of ['http://127.0.0.1:8', 'http://localhost:8', 'http://[::1]:8', 'https://api.example/base/']) {
      expect(Object.values(readSettings({ [name]: url }))).toContain(url.replace(/\/$/, ''))
    }
  })
})
