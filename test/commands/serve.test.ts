import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { startChild } from '../child.ts'
import { readExposition } from '../exposition-reader.ts'
import { run, tempFolder } from '../host.ts'
import { fill, newDatabase } from '../steps/export/export-world.ts'

test('without a database ends with 5, on a port in use with 3, and says when nobody may ask', async () => {
  using folder = tempFolder()
  const cwd = folder.path
  expect((await run(['serve', '--token', 'just-a-trial'], { cwd })).code).toBe(5)
  newDatabase(folder.file('companies.db')).$client.close()
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const port = String((other.address() as AddressInfo).port)
  const busy = await run(['serve', '--port', port, '--quiet'], { cwd, env: { CHPIPE_SERVE_TOKEN: 'just-a-trial' } })
  expect([busy.code, busy.stderr]).toEqual([
    3,
    `error: Port ${port} on 127.0.0.1 is in use\ntry: name another one with --port, or 0 for any free one\n`,
  ])
  const nobody = await run(['serve', '--port', port], { cwd })
  expect(nobody.stderr).toContain('no token exists yet, so nobody can query the API try="chpipe token add <name>"')
  other.close()
})

test.each([
  [['--token', 'short'], 2],
  [['--port', '70000'], 2],
  [['--limit', '0'], 2],
  [['--streams', '0'], 2],
  [['--trust-proxy', 'proxy.example'], 2],
  [['--base-path', 'register'], 2],
  [['--base-path', '/v1/x'], 2],
  [['--base-path', '/a/../b'], 2],
])('refuses %j', async (args, code) => {
  using folder = tempFolder()
  const finished = await run(['serve', ...args], { cwd: folder.path })
  expect([finished.code, finished.stdout]).toEqual([code, ''])
  expect(finished.stderr).not.toContain('short')
})

test('takes stored tokens, refuses a revoked one at once, logs no token, and ends with 0 when told', async () => {
  using folder = tempFolder()
  const cwd = folder.path
  const db = newDatabase(folder.file('companies.db'))
  fill(db, 3, 1)
  db.$client.close()
  const token = (await run(['token', 'add', 'acme'], { cwd })).stdout.trim()
  const child = startChild(['serve', '--port', '0'], { cwd })
  const url = await firstLine(child.process)
  const ask = (path: string) => fetch(`${url}${path}`, { headers: { Authorization: `Bearer ${token}` } })
  expect((await ask('/v1/companies?q=company')).status).toBe(200)
  const later = (await run(['token', 'add', 'beta'], { cwd })).stdout.trim()
  expect((await fetch(`${url}/v1/officers`, { headers: { Authorization: `bearer ${later}` } })).status).toBe(200)
  expect((await ask('/metrics')).status).toBe(403)
  const monitor = (await run(['token', 'add', 'monitor', '--metrics'], { cwd })).stdout.trim()
  const told = await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${monitor}` } })
  const metrics = readExposition(await told.text())
  expect((await ask(`/v1/companies/${token}`)).status).toBe(400)
  expect(metrics.get('chpipe_companies')?.samples[0]).toEqual({
    name: 'chpipe_companies',
    labels: { officers_state: 'complete' },
    value: 3,
  })
  expect(metrics.get('chpipe_http_requests_total')?.samples[0]?.labels).toEqual({
    route: '/v1/companies',
    method: 'GET',
    status: '200',
  })
  await run(['token', 'revoke', 'acme'], { cwd })
  expect((await ask('/v1/companies')).status).toBe(401)
  expect(await garbage(new URL(url).port)).toMatch(
    /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json/,
  )
  rmSync(folder.file('companies.db'))
  expect((await fetch(`${url}/healthz`)).status).toBe(503)
  child.process.kill('SIGTERM')
  const { code, stderr } = await child.ended
  expect(code).toBe(0)
  expect(stderr).toMatch(/request method=GET path=\/v1\/companies status=200 ms=\d+ client=127\.0\.0\.1 token=acme\n/)
  expect(stderr).not.toContain(token)
})

test('progress --prometheus ends with 0 when not ready, and excludes --json and --watch', async () => {
  using folder = tempFolder()
  const cwd = folder.path
  expect((await run(['progress', '--prometheus'], { cwd })).code).toBe(1)
  const db = newDatabase(folder.file('companies.db'))
  fill(db, 2, 1)
  db.$client.close()
  const { code, stdout, stderr } = await run(['progress', '--prometheus', '--target', '3'], { cwd })
  expect([code, stderr, readExposition(stdout).get('chpipe_ready')?.samples[0]?.value]).toEqual([0, '', 0])
  expect((await run(['progress', '--prometheus', '--json'], { cwd })).code).toBe(2)
  expect((await run(['progress', '--prometheus', '--watch'], { cwd })).code).toBe(2)
})

function firstLine(child: ReturnType<typeof startChild>['process']): Promise<string> {
  return new Promise((done) => child.stdout?.once('data', (chunk) => done(String(chunk).trim())))
}

function garbage(port: string): Promise<string> {
  return new Promise((done, fail) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('this is no HTTP\r\n\r\n'))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('close', () => done(text))
    socket.on('error', fail)
  })
}
