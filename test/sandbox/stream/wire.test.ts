import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { startSandbox } from '../../../src/sandbox/companies-house/server.ts'
import { parseStreamFaults } from '../../../src/sandbox/stream/faults.ts'
import { basic, opened } from '../companies-house/opened.ts'
import { openedStream, since, timepoints, truth } from './opened.ts'

describe('letting in', () => {
  it.each([
    ['Empty Authorization header', {}],
    ['Invalid Authorization', { Authorization: basic('wrong') }],
  ])('refuses with 401: %s', async (problem, headers) => {
    await using open = await openedStream()
    const reading = await open.read('/companies', headers)
    await expect.poll(() => reading.text).toBe(JSON.stringify({ error: problem, type: 'ch:service' }))
    expect([reading.status, reading.headers['ch-authentication-error']]).toEqual([401, problem])
    expect(open.sandbox.requests).toMatchObject({ connections: 1, open: 0, byStatus: { 401: 1 } })
  })

  it('refuses the REST key with the body for a wrong key, and REST refuses the stream key', async () => {
    await using open = await openedStream()
    await using rest = await startSandbox({ world: open.world })
    const reading = await open.read('/companies', { Authorization: basic(rest.apiKey) })
    await expect.poll(() => reading.text).toBe('{"error":"Invalid Authorization","type":"ch:service"}')
    const other = await fetch(`${rest.url}/company/x`, { headers: { Authorization: basic(open.sandbox.streamKey) } })
    expect([reading.status, other.status]).toEqual([401, 401])
  })

  it.each(['-1', '1.5', 'yesterday', '1e3', '%20'])('answers the timepoint %s with an empty 400', async (timepoint) => {
    await using open = await openedStream()
    const reading = await open.read(`/companies?timepoint=${timepoint}`)
    await expect.poll(() => reading.ended).toBe('clean')
    expect([reading.status, reading.text]).toEqual([400, ''])
  })

  it('answers 416 below what it still replays and beyond what comes next, and to nothing between', async () => {
    await using open = await openedStream()
    const first = open.sandbox.burst(10)
    open.sandbox.logs.companies.forget(first + 4)
    const statuses = []
    for (const timepoint of [first + 3, first + 4, first + 10, first + 11]) {
      const reading = await open.read(since(timepoint))
      statuses.push(reading.status)
      reading.leave()
    }
    expect(statuses).toEqual([416, 200, 200, 416])
    expect(open.sandbox.requests.byTimepoint).toMatchObject({ [first + 3]: 1, [first + 10]: 1 })
  })

  it.each([
    ['by their number', { eventCount: 5 }, 0],
    ['by their age', { ageMs: 60_000 }, 61_000],
  ])('forgets old events %s', async (_, retention, laterMs) => {
    await using open = await openedStream({ retention })
    const first = open.sandbox.burst(5)
    open.clock.nowMs += laterMs
    open.sandbox.burst(5)
    const { floor, next } = open.sandbox.logs.companies
    expect([floor, next]).toEqual([first + 5, first + 10])
    expect(truth(open.sandbox).length).toBe(10)
  })

  it('serves every stream of the real one, and no other', async () => {
    await using open = await openedStream({ connectionLimit: 99 })
    const status = async (name: string) => (await open.read(`/${name}`)).status
    for (const name of Object.keys(open.sandbox.logs)) expect([name, await status(name)]).toEqual([name, 200])
    expect(Object.keys(open.sandbox.logs).length).toBe(9)
    expect(await status('weather')).toBe(404)
  })
})

describe('what is sent', () => {
  it('is everything from the timepoint on, it included, then what is published', async () => {
    await using open = await openedStream()
    const first = open.sandbox.burst(6)
    const reading = await open.read(since(first + 2))
    await expect.poll(() => reading.lines.length).toBe(4)
    open.sandbox.changeCompany(open.world.companyNumber(1))
    await expect.poll(() => reading.lines.length).toBe(5)
    expect(reading.lines).toEqual(truth(open.sandbox, first + 2))
    expect(timepoints(reading.events)).toEqual([2, 3, 4, 5, 6].map((at) => first + at))
  })

  it.each(['/companies', '/companies?timepoint='])('is only what comes, at %s', async (path) => {
    await using open = await openedStream()
    const first = open.sandbox.burst(6)
    const reading = await open.read(path)
    open.sandbox.changeCompany(open.world.companyNumber(1))
    await expect.poll(() => reading.lines.length).toBe(1)
    expect(timepoints(reading.events)).toEqual([first + 6])
  })

  it('is the same at each replay', async () => {
    await using open = await openedStream()
    const first = open.sandbox.burst(300)
    const readings = [await open.read(since(first)), await open.read(since(first))]
    await expect.poll(() => readings.map(({ lines }) => lines.length)).toEqual([300, 300])
    expect(readings[0]?.lines).toEqual(readings[1]?.lines)
    expect(readings[0]?.lines).toEqual(truth(open.sandbox))
  })

  it('holds several events in one chunk when there are several', async () => {
    await using open = await openedStream()
    const reading = await open.read(since(open.sandbox.burst(40)))
    await expect.poll(() => reading.lines.length).toBe(40)
    expect(reading.chunks.filter((chunk) => chunk.length > 1).length).toBeLessThan(20)
  })

  it('is kept apart by stream', async () => {
    await using open = await openedStream()
    open.world.override(open.world.companyNumber(2), { officers: 3 })
    const reading = await open.read('/officers')
    open.sandbox.burst(5)
    open.sandbox.publishOfficers(open.world.companyNumber(2))
    await expect.poll(() => reading.lines.length).toBe(3)
    expect(reading.events.map((event) => [event.resource_kind, event.resource_uri])).toEqual(
      open.world.officers(open.world.companyNumber(2)).map(({ item }) => ['company-officers', item.links.self]),
    )
  })
})

describe('heartbeats and headers', () => {
  it('beats with a lone line feed, between events too', async () => {
    await using open = await openedStream()
    const reading = await open.read()
    await expect.poll(() => reading.text).toMatch(/^\n\n\n/)
    open.sandbox.changeCompany(open.world.companyNumber(1))
    await expect.poll(() => reading.text).toMatch(/\n\{.*\}\n\n\n/)
    expect(open.sandbox.requests.heartbeatsSent).toBeGreaterThan(4)
  })

  it('sends the head with the first heartbeat, unless told to send it at once', async () => {
    await using open = await openedStream({ heartbeatMs: 400 })
    const waited = async () => {
      const began = performance.now()
      const reading = await open.read()
      return { ms: performance.now() - began, status: reading.status }
    }
    const late = await waited()
    open.sandbox.setFaults(parseStreamFaults('early-headers'))
    const early = await waited()
    expect([late.status, early.status]).toEqual([200, 200])
    expect(late.ms).toBeGreaterThan(350)
    expect(early.ms).toBeLessThan(350)
  })

  it('sends the head with the first event when that comes before', async () => {
    await using open = await openedStream({ heartbeatMs: 60_000 })
    const reading = await open.read(since(open.sandbox.burst(1)))
    expect(reading.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'transfer-encoding': 'chunked',
    })
    expect(reading.headers['content-encoding']).toBeUndefined()
  })
})

describe('the end of a connection', () => {
  it('comes cleanly when a newer one goes beyond the limit: the oldest goes', async () => {
    await using open = await openedStream()
    const readings = [await open.read(), await open.read(), await open.read()]
    await expect.poll(() => readings.map(({ ended }) => ended)).toEqual(['clean', undefined, undefined])
    expect(open.sandbox.requests).toMatchObject({ connections: 3, open: 2, openPeak: 2, kicked: 1 })
  })

  it('comes cleanly after its life span', async () => {
    await using open = await openedStream({ lifespanMs: 60 })
    const reading = await open.read()
    await expect.poll(() => reading.ended).toBe('clean')
    expect(open.sandbox.requests).toMatchObject({ open: 0, kicked: 0 })
  })

  it('is noticed when the reader leaves', async () => {
    await using open = await openedStream()
    const reading = await open.read()
    reading.leave()
    await expect.poll(() => open.sandbox.requests.open).toBe(0)
  })

  it('answers 429 to those who connect too often, until they let it be', async () => {
    await using open = await openedStream({ connectLimit: { count: 2, windowMs: 60_000 } })
    const statuses = []
    for (let call = 0; call < 3; call += 1) statuses.push((await open.read()).status)
    open.clock.nowMs += 60_000
    statuses.push((await open.read()).status)
    expect(statuses).toEqual([200, 200, 429, 200])
  })
})

describe('a reader who takes nothing', () => {
  /** A reader on a bare socket, which takes what a socket takes and then no more. */
  function stuck(url: string, path: string, key: string) {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic(key)}\r\n\r\n`)
    socket.pause()
    return socket
  }

  it('holds back what is read from the log, and no other reader', async () => {
    await using open = await openedStream({ companies: 3000 })
    const first = open.sandbox.burst(30_000)
    const socket = stuck(open.sandbox.url, since(first), open.sandbox.streamKey)
    await expect.poll(() => open.sandbox.requests.eventsSent).toBeGreaterThan(100)
    const reading = await open.read(since(first + 29_000))
    await expect.poll(() => reading.lines.length).toBe(1000)
    expect(open.sandbox.requests.eventsSent).toBeLessThan(25_000)
    socket.destroy()
  })

  it('is cut off at last', async () => {
    await using open = await openedStream({ companies: 3000, slowReaderMs: 100 })
    const socket = stuck(open.sandbox.url, since(open.sandbox.burst(30_000)), open.sandbox.streamKey)
    await expect.poll(() => open.sandbox.requests, { timeout: 5000 }).toMatchObject({ slow: 1, open: 0 })
    socket.destroy()
  })
})

it('REST and stream speak of the same register', async () => {
  await using rest = await opened()
  await using open = await openedStream({ world: rest.world })
  const number = rest.world.companyNumber(4)
  open.sandbox.changeCompany(number, { company_name: 'ANOTHER NAME LTD' })
  expect((await rest.get(`/company/${number}`)).body.company_name).toBe('ANOTHER NAME LTD')
})
