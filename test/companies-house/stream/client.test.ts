import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { systemClock, type Timings, timings } from '../../../src/clock.ts'
import { createStreamClient, type StreamItem } from '../../../src/companies-house/stream/client.ts'
import { REDIRECTS } from '../../scripted-server.ts'
import { silentLog } from '../connected.ts'
import {
  type Connection,
  changed,
  type StreamServer,
  send,
  sendAndBreak,
  sendAndClose,
  status,
  streamServer,
} from './stream-server.ts'

interface Listen {
  /** Stop after so many items of any kind but `opened` and `closed`. */
  until: number
  /** What `resume` says, given the lines so far; live unless told. */
  resume?: (lines: string[]) => number | null
  timings?: Partial<Timings>
  signal?: AbortSignal
  /** Hears of every wait. */
  onSleep?: (ms: number) => void
}

const clock = systemClock()

/** Follows the stream until it has brought so much, and returns what it brought. */
async function listen(server: StreamServer, { until, resume = () => null, ...more }: Listen): Promise<StreamItem[]> {
  const stream = createStreamClient({
    stream: 'companies',
    baseUrl: server.url,
    key: 'a-stream-key',
    clock: {
      ...clock,
      sleep(ms, signal) {
        more.onSleep?.(ms)
        return clock.sleep(ms, signal)
      },
    },
    log: silentLog,
    timings: { ...timings(0.002), streamHeadersMs: 5000, streamIdleMs: 5000, ...more.timings },
    random: () => 0,
  })
  const items: StreamItem[] = []
  const lines: string[] = []
  let received = 0
  for await (const item of stream.lines(() => resume(lines), more.signal ?? new AbortController().signal)) {
    items.push(item)
    if (item.kind === 'line') lines.push(item.text)
    if (item.kind !== 'opened' && item.kind !== 'closed') received += 1
    if (received >= until) break
  }
  return items
}

const texts = (items: StreamItem[]) => items.flatMap((item) => (item.kind === 'line' ? [item.text] : []))
const kinds = (items: StreamItem[]) => items.map(({ kind }) => kind)

async function thrown(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'nothing was thrown',
    (error) => error,
  )
}

describe('a connection', () => {
  it('shows the key as Basic user name, asks for no compression, and begins live or at the timepoint', async () => {
    await using server = await streamServer(sendAndClose('a\n'), send('b\n'))
    await listen(server, { until: 2, resume: (lines) => (lines.length === 0 ? null : 12) })
    expect(server.asked).toEqual([null, 12])
    expect(server.headers[0]).toMatchObject({
      authorization: `Basic ${Buffer.from('a-stream-key:').toString('base64')}`,
      'accept-encoding': 'identity',
    })
  })

  it('brings lines and heartbeats in order', async () => {
    await using server = await streamServer(send('\na\n\nb\n'))
    expect(kinds(await listen(server, { until: 4 }))).toEqual(['opened', 'heartbeat', 'line', 'heartbeat', 'line'])
  })

  it('may send its headers as late as its first byte', async () => {
    await using server = await streamServer((response) => setTimeout(() => response.write('\n'), 300))
    const late = { streamHeadersMs: 1000, streamIdleMs: 100 }
    expect(kinds(await listen(server, { until: 1, timings: late }))).toEqual(['opened', 'heartbeat'])
    expect(server.asked).toHaveLength(1)
  })

  it('is let go when the reader has had enough', async () => {
    let closed = 0
    await using server = await streamServer((response) => {
      response.on('close', () => {
        closed += 1
      })
      response.write('a\nb\n')
    })
    await listen(server, { until: 1 })
    await expect.poll(() => closed).toBe(1)
  })

  it('slows the server down while the reader is slow', async () => {
    let written = 0
    const block = Buffer.from(changed(1, '01234567').repeat(100))
    await using server = await streamServer(async (response) => {
      for (let round = 0; round < 1000 && !response.destroyed; round += 1) {
        if (!response.write(block)) await new Promise((done) => response.once('drain', done))
        written += block.length
      }
    })
    const stream = createStreamClient({
      stream: 'companies',
      baseUrl: server.url,
      key: 'k',
      clock: systemClock(),
      log: silentLog,
      timings: timings(1),
    })
    const lines = stream.lines(() => 1, new AbortController().signal)
    await lines.next()
    await lines.next()
    await new Promise((done) => setTimeout(done, 500))
    expect(written).toBeLessThan(12_000_000)
    await lines.return()
  })
})

describe('a connection that ends', () => {
  const endings: [string, Connection][] = [
    ['properly, as every night', sendAndClose('a\n')],
    ['by a reset', sendAndBreak('a\n')],
    ['within an event', sendAndBreak('a\n{"half":')],
    ['within a character', sendAndBreak(Buffer.from([0x61, 0x0a, 0x22, 0xe2, 0x82]))],
    ['in silence', send('a\n')],
  ]
  it.each(endings)('%s is followed by one that begins where it is told', async (_name, ending) => {
    await using server = await streamServer(ending, send('b\n'))
    const items = await listen(server, {
      until: 2,
      resume: (lines) => 100 + lines.length,
      timings: { streamIdleMs: 150 },
    })
    expect(texts(items)).toEqual(['a', 'b'])
    expect(kinds(items)).toEqual(['opened', 'line', 'closed', 'opened', 'line'])
    expect(server.asked).toEqual([100, 101])
  })

  it('behind a whole event without a line end has brought that event', async () => {
    await using server = await streamServer(sendAndClose('{"a":1}\n{"b":2}'), send('c\n'))
    expect(texts(await listen(server, { until: 3 }))).toEqual(['{"a":1}', '{"b":2}', 'c'])
  })

  it.each(REDIRECTS)('never leads the key to where a redirect points: %i', async (code) => {
    await using destination = await streamServer(send('stolen\n'))
    const away: Connection = (response) => response.writeHead(code, { location: `${destination.url}/companies` }).end()
    await using server = await streamServer(away, send('a\n'))
    expect(texts(await listen(server, { until: 1 }))).toEqual(['a'])
    expect(destination.asked).toEqual([])
  })

  it('keeps only the ends of a line that unpacks to more than 8 MB', async () => {
    const packed = gzipSync(Buffer.concat([Buffer.alloc(20 * 1024 * 1024, 0x7e), Buffer.from('\n')]))
    const bomb: Connection = (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed)
    await using server = await streamServer(bomb)
    const [, line] = await listen(server, { until: 1 })
    expect(line).toMatchObject({ kind: 'overlong', bytes: 20 * 1024 * 1024 })
    expect(JSON.stringify(line).length).toBeLessThan(100_000)
  })

  const refusals: [string, Connection][] = [
    ['a gateway error in HTML', status(503, '<html><body><h1>503 Service Unavailable</h1></body></html>')],
    ['too many connections', status(429)],
    ['a bad timepoint', status(400)],
    ['a redirect', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['nothing at all', () => {}],
    ['a reset', (response) => response.socket?.resetAndDestroy()],
    ['a compressed error', (response) => response.writeHead(502, { 'content-encoding': 'gzip' }).end('no gzip')],
  ]
  it.each(refusals)('before it began is tried again: %s', async (_name, refusal) => {
    await using server = await streamServer(refusal, refusal, send('a\n'))
    const items = await listen(server, { until: 1, resume: () => 7, timings: { streamHeadersMs: 150 } })
    expect(kinds(items)).toEqual(['opened', 'line'])
    expect(server.asked).toEqual([7, 7, 7])
  })

  it('keeps every event when a log is cut at each of its bytes', async () => {
    const log = ['{"n":"ZÜRICH €"}', '{"n":"😀"}']
    const [first = '', second = ''] = log
    const whole = Buffer.from(`${first}\n${second}\n`)
    for (let cut = 0; cut < whole.length; cut += 1) {
      await using server = await streamServer(
        (response) => response.write(whole.subarray(0, cut), () => response.socket?.destroy()),
        (response, request) =>
          response.write(
            Number(new URL(request.url ?? '', 'http://x').searchParams.get('timepoint')) > 1 ? `${second}\n` : whole,
          ),
      )
      const seen = new Set(texts(await listen(server, { until: 2, resume: (lines) => lines.length + 1 })))
      expect([...seen].slice(0, 2)).toEqual(log)
    }
  })
})

describe('the waits', () => {
  it('grow while nothing comes of the connections, and begin anew when events came', async () => {
    const steps = { streamHttpRetryMs: 21, streamNetworkRetryMs: 5, streamRetryCapMs: 1000 }
    const waits: number[] = []
    const onSleep = (ms: number) => {
      if (ms < 400) waits.push(ms)
    }
    const bad = status(502)
    await using server = await streamServer(bad, bad, sendAndBreak('a\n'), bad, send('b\n'))
    await listen(server, { until: 2, resume: (lines) => lines.length, timings: steps, onSleep })
    expect(waits).toEqual([21, 42, 5, 42])
  })

  it('end at once when the run is stopped', async () => {
    await using server = await streamServer(status(429))
    const began = Date.now()
    await listen(server, { until: 1, signal: AbortSignal.timeout(200), timings: { streamLimitedRetryMs: 60_000 } })
    expect(Date.now() - began).toBeLessThan(2000)
  })
})

describe('an end that no other connection can mend', () => {
  it('is a config error when the key is refused, without the key in it', async () => {
    await using server = await streamServer(status(401, '{"error":"Invalid Authorization","type":"ch:service"}'))
    const error = await thrown(listen(server, { until: 1 }))
    expect(error).toMatchObject({ kind: 'config', end: 'refused' })
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('a-stream-key')
    expect(server.asked).toHaveLength(1)
  })

  it('is named when the timepoint is too old', async () => {
    await using server = await streamServer(status(416))
    expect(await thrown(listen(server, { until: 1, resume: () => 5 }))).toMatchObject({ end: 'expired' })
  })

  it('is not a 416 to a live connection, which asked for no timepoint', async () => {
    await using server = await streamServer(status(416), send('a\n'))
    expect(texts(await listen(server, { until: 1 }))).toEqual(['a'])
  })
})

describe('a stopped run', () => {
  it('ends the lines at once, though the stream goes on', async () => {
    await using server = await streamServer(send('a\n'))
    const items = await listen(server, { until: 99, signal: AbortSignal.timeout(200) })
    expect(kinds(items)).toEqual(['opened', 'line', 'closed'])
  })
})
