// A stream that is behind is read by a thread of its own: what comes out is the same as line by line.
import { describe, expect, it } from 'vitest'
import { systemClock, timings } from '../../../src/clock.ts'
import { type Read, readsOf } from '../../../src/companies-house/stream/block.ts'
import { createStreamClient } from '../../../src/companies-house/stream/client.ts'
import { type CompanyEvent, companyReader, filledOfEvent } from '../../../src/companies-house/stream/companies.ts'
import type { ReaderName } from '../../../src/companies-house/stream/readers.ts'
import { silentLog } from '../connected.ts'
import { send, streamServer } from './stream-server.ts'

const COUNT = 3000
/** Where the reading in place has surely ended. */
const ODD = 2500

const clock = systemClock()

const line = (timepoint: number, data: object | null = {}, type = 'changed') =>
  JSON.stringify({
    resource_kind: 'company-profile',
    resource_id: '00000001',
    data: data && { company_name: `ACME ${timepoint} \u20ac LTD`, term: 'x'.repeat(900), ...data },
    event: { timepoint, type, published_at: '2026-01-05T10:00:00' },
  })

/** Of every kind, late enough to be read ahead. */
const ODD_LINES: Record<number, string> = {
  [ODD]: line(ODD, null, 'deleted'),
  [ODD + 1]: '{"cut',
  [ODD + 2]: line(ODD + 2, { can_file: 'yes', sic_codes: ['62012', '45200'], accounts: { overdue: true } }),
  [ODD + 3]: line(ODD + 3, { company_name: 5 }),
  [ODD + 4]: `${line(ODD + 4)}${line(ODD + 5)}`,
  [ODD + 6]: '',
  [ODD + 7]: line(ODD + 7, { term: 'y'.repeat(300_000) }),
}
const LINES = Array.from({ length: COUNT }, (_, at) => ODD_LINES[at + 1] ?? line(at + 1))
const BODY = `${LINES.join('\n')}\n${line(COUNT + 1)}\n`

/** What the stream brings, over as many connections as it takes, and in how many blocks. */
async function read(reader: ReaderName | undefined) {
  await using server = await streamServer(send(BODY))
  const stream = createStreamClient({
    stream: 'companies',
    baseUrl: server.url,
    key: 'k',
    reader,
    clock,
    log: silentLog,
    timings: { ...timings(0.002), streamHeadersMs: 5000, streamIdleMs: 5000 },
  })
  let reads: Read<CompanyEvent>[] = []
  let blocks = 0
  const stop = new AbortController()
  const isLast = (read: Read<CompanyEvent>) => 'event' in read && read.event.timepoint === COUNT + 1
  for await (const item of stream.lines(() => null, stop.signal)) {
    if (item.kind === 'opened') reads = []
    if (item.kind === 'block') blocks += 1
    if (item.kind === 'opened' || item.kind === 'closed' || item.kind === 'heartbeat') continue
    const some = [...readsOf(item, companyReader)]
    reads.push(...some)
    if (some.some(isLast)) break
  }
  return { reads: reads.map(spelt), blocks, connections: server.asked.length }
}

function spelt(read: Read<CompanyEvent>) {
  if (!('event' in read)) return read
  const { event, print } = read
  const { kind, timepoint, publishedAt, companyNumber } = event
  const told = event.kind === 'changed' ? { ...event.company, odd: event.odd, ...filledOfEvent(event).filled } : null
  return { print, kind, timepoint, publishedAt, companyNumber, told }
}

describe('a stream that is behind', () => {
  it('is read ahead with the same outcome, whatever its lines hold', async () => {
    const inPlace = await read(undefined)
    const ahead = await read('companies')
    expect(inPlace).toMatchObject({ blocks: 0, connections: 1 })
    expect(inPlace.reads.length).toBe(COUNT + 1)
    expect(ahead.blocks).toBeGreaterThan(10)
    expect(ahead.connections).toBe(1)
    expect(ahead.reads).toEqual(inPlace.reads)
  })

  it('is read in place where the thread fails', async () => {
    const inPlace = await read(undefined)
    const failing = await read('no-such-reader' as ReaderName)
    expect(failing).toMatchObject({ blocks: 0, connections: 2 })
    expect(failing.reads).toEqual(inPlace.reads)
  })
})
