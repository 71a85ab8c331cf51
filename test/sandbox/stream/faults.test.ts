import { describe, expect, it } from 'vitest'
import { parseStreamFaults, STREAM_FAULTS } from '../../../src/sandbox/stream/faults.ts'
import { type OpenedStream, openedStream, type Reading, since, timepoints, truth } from './opened.ts'

const MEGABYTE = 1024 * 1024

/** A sandbox with faults, ten events in its log, and a reader of all of them. */
async function tried(plan: string, companies = 300): Promise<OpenedStream & { reading: Reading; first: number }> {
  const open = await openedStream({ faults: parseStreamFaults(plan), companies })
  const first = open.sandbox.burst(10)
  return { ...open, first, reading: await open.read(since(first)) }
}

/** The lines of ten events as they ought to be. */
function right({ sandbox, first }: { sandbox: OpenedStream['sandbox']; first: number }): string[] {
  return truth(sandbox, first, first + 9)
}

describe('a plan of stream faults', () => {
  it('is read from text', () => {
    expect(parseStreamFaults('cut, duplicate:0.1,503:3x:~2s,stall:10s,skip:20%:@00445790+SC123456')).toEqual([
      { name: 'cut' },
      { name: 'duplicate', probability: 0.1 },
      { name: '503', count: 3, delayMs: 2000 },
      { name: 'stall', forMs: 10_000 },
      { name: 'skip', probability: 0.2, resources: ['00445790', 'SC123456'] },
    ])
    expect(parseStreamFaults(' ')).toEqual([])
  })

  it.each([
    ['boom', 'There is no stream fault "boom".'],
    ['toString', 'There is no stream fault "toString".'],
    ['cut:often', '"often" in the stream fault "cut:often" is no condition.'],
    ['cut:2', '"2" in the stream fault "cut:2" is no condition.'],
    ['cut:', '"" in the stream fault "cut:" is no condition.'],
  ])('says what is wrong with %s', (text, message) => {
    expect(() => parseStreamFaults(text)).toThrow(message)
  })

  it('knows each fault by its name', () => {
    const names = Object.keys(STREAM_FAULTS)
    expect(parseStreamFaults(names.join()).map(({ name }) => name)).toEqual(names)
  })
})

describe('connecting', () => {
  it.each(['502', '503', '504', 'outage:1x'])('%s is a page of the gateway', async (plan) => {
    await using open = await openedStream({ faults: parseStreamFaults(plan) })
    const reading = await open.read()
    await expect.poll(() => reading.text).toMatch(/^<html><body><h1>50\d /)
    expect([reading.status, reading.headers['content-type']]).toEqual([Number.parseInt(plan, 10) || 503, 'text/html'])
  })

  it.each(['401', '416', '429'])('%s comes out of the blue, as often as it is told to', async (name) => {
    await using trial = await tried(`${name}:1x`)
    expect(trial.reading.status).toBe(Number(name))
    expect((await trial.read(since(trial.first))).status).toBe(200)
    expect(trial.sandbox.requests).toMatchObject({ byStatus: { [name]: 1, 200: 1 }, faults: { [name]: 1 } })
  })

  it('reset cuts the connection', async () => {
    await using open = await openedStream({ faults: parseStreamFaults('reset:1x') })
    await expect(open.read()).rejects.toThrow('ECONNRESET')
    expect((await open.read()).status).toBe(200)
    expect(open.sandbox.requests.byStatus).toEqual({ none: 1, 200: 1 })
  })

  it('hang never sends a byte', async () => {
    await using open = await openedStream({ faults: parseStreamFaults('hang:1x') })
    const answered = open.read().then(
      () => 'answered',
      () => 'cut at the end',
    )
    await expect.poll(() => open.sandbox.requests.connections).toBe(1)
    expect((await open.read()).status).toBe(200)
    await open.sandbox.close()
    expect(await answered).toBe('cut at the end')
  })
})

describe('delivering', () => {
  it('cut: chunks end inside JSON and inside characters, and no byte is lost', async () => {
    await using open = await openedStream({ faults: parseStreamFaults('cut'), heartbeatMs: 60_000 })
    const first = open.sandbox.changeCompany(open.world.companyNumber(0), { company_name: 'ÉÅÉÅÉÅÉÅ'.repeat(20) })
    open.sandbox.burst(40)
    const reading = await open.read(since(first))
    await expect.poll(() => reading.lines.length).toBe(41)
    expect(reading.lines).toEqual(truth(open.sandbox))
    const insideCharacter = reading.chunks.filter((chunk) => ((chunk[0] ?? 0) & 0xc0) === 0x80)
    const insideLine = reading.chunks.filter((chunk) => chunk.at(-1) !== 0x0a)
    expect(insideCharacter.length).toBeGreaterThan(0)
    expect(insideLine.length).toBeGreaterThan(40)
  })

  it('cut: an event that comes alone is cut too', async () => {
    await using open = await openedStream({ faults: parseStreamFaults('cut'), heartbeatMs: 60_000 })
    const reading = await open.read(since(open.sandbox.burst(1)))
    await expect.poll(() => reading.lines.length).toBe(1)
    expect(reading.chunks.length).toBeGreaterThan(1)
  })

  it('run-on: objects follow each other without a line end, a few at a time', async () => {
    await using trial = await tried('run-on')
    await expect.poll(() => trial.reading.text.match(/"timepoint"/g)?.length).toBe(10)
    expect(trial.reading.text).toContain('}{')
    expect(trial.reading.text.replaceAll('\n', '')).toBe(right(trial).join(''))
  })

  it.each<[string, number, (line: string) => boolean]>([
    ['garbage', 10, (line) => !isJson(line)],
    ['odd-json', 10, isJson],
    ['huge-junk:1x', 1, (line) => line.length === 10 * MEGABYTE && !isJson(line)],
  ])('%s: strange lines stand between the events, and every event is there', async (plan, count, isStrange) => {
    await using trial = await tried(plan)
    await expect.poll(() => trial.reading.lines.length, { timeout: 10_000 }).toBe(10 + count)
    const events = right(trial)
    expect(trial.reading.lines.filter((line) => events.includes(line))).toEqual(events)
    expect(trial.reading.lines.filter((line) => !events.includes(line) && isStrange(line)).length).toBe(count)
  })

  it.each([
    ['long-event', 2],
    ['huge-event', 10],
  ])('%s: one valid event of %d MB', async (name, megabytes) => {
    await using trial = await tried(`${name}:1x`)
    await expect.poll(() => trial.reading.lines.length, { timeout: 10_000 }).toBe(10)
    const [long = ''] = trial.reading.lines
    expect(long.length).toBeGreaterThan(megabytes * MEGABYTE)
    expect(trial.reading.lines.slice(1)).toEqual(right(trial).slice(1))
    const { data, ...envelope } = JSON.parse(long)
    const { corporate_annotation: _, ...profile } = data
    expect({ ...envelope, data: profile }).toEqual(JSON.parse(right(trial)[0] ?? ''))
  })

  it('duplicate: each event comes twice', async () => {
    await using trial = await tried('duplicate')
    await expect.poll(() => trial.reading.lines.length).toBe(20)
    expect(trial.reading.lines).toEqual(right(trial).flatMap((line) => [line, line]))
    expect(trial.sandbox.requests.eventsSent).toBe(20)
  })

  it('skip: an event is missing, and is there at the next replay', async () => {
    await using trial = await tried('skip:2x')
    await expect.poll(() => trial.reading.lines.length).toBe(8)
    expect(trial.reading.lines).toEqual(right(trial).slice(2))
    const again = await trial.read(since(trial.first))
    await expect.poll(() => again.lines).toEqual(right(trial))
  })

  it('no-slash: the address begins without its slash', async () => {
    await using trial = await tried('no-slash:1x')
    await expect.poll(() => trial.reading.lines.length).toBe(10)
    const [{ resource_uri, resource_id } = { resource_uri: '', resource_id: '' }] = trial.reading.events
    expect(resource_uri).toBe(`company/${resource_id}`)
    expect(trial.reading.lines.slice(1)).toEqual(right(trial).slice(1))
  })

  it('strikes the named resources only', async () => {
    await using open = await openedStream()
    const first = open.sandbox.burst(10)
    const [, , third] = truth(open.sandbox)
    const { resource_id: number } = JSON.parse(third ?? '')
    open.sandbox.setFaults(parseStreamFaults(`skip:@${number}`))
    const reading = await open.read(since(first))
    await expect.poll(() => reading.lines.length).toBe(9)
    expect(timepoints(reading.events)).not.toContain(first + 2)
  })
})

describe('connections that go wrong', () => {
  it('close: the connection ends cleanly behind an event, and resumes behind it', async () => {
    await using trial = await tried('close:1x')
    await expect.poll(() => trial.reading.ended).toBe('clean')
    expect(trial.reading.lines).toEqual(right(trial).slice(0, 1))
    const again = await trial.read(since(trial.first + 1))
    await expect.poll(() => again.lines).toEqual(right(trial).slice(1))
  })

  it('reset-mid-event: half an event, then the connection breaks', async () => {
    await using open = await openedStream()
    const first = open.sandbox.burst(1)
    const reading = await open.read(since(first))
    await expect.poll(() => reading.lines.length).toBe(1)
    open.sandbox.setFaults(parseStreamFaults('reset-mid-event:1x'))
    open.sandbox.burst(1)
    await expect.poll(() => reading.ended).toBe('broken')
    const next = truth(open.sandbox)[1] ?? ''
    const half = reading.text.slice(reading.text.lastIndexOf('\n') + 1)
    expect(next.startsWith(half)).toBe(true)
    expect([half.length > 0, reading.lines.length]).toEqual([true, 1])
  })

  it('half-open: no byte comes any more, heartbeats neither, on an open connection', async () => {
    await using trial = await tried('half-open:1x')
    await expect.poll(() => trial.reading.lines.length).toBe(1)
    const { heartbeatsSent } = trial.sandbox.requests
    const other = await trial.read()
    await expect.poll(() => trial.sandbox.requests.heartbeatsSent).toBeGreaterThan(heartbeatsSent + 5)
    await expect.poll(() => other.text.length).toBeGreaterThan(4)
    expect([trial.reading.lines.length, trial.reading.ended]).toEqual([1, undefined])
    expect(trial.reading.text.endsWith('}\n')).toBe(true)
  })

  it('stall: heartbeats go on while events wait, and then come', async () => {
    await using trial = await tried('stall')
    await expect.poll(() => trial.reading.text).toMatch(/^\n{4,}$/)
    const { heartbeatsSent } = trial.sandbox.requests
    trial.sandbox.burst(1)
    await expect.poll(() => trial.sandbox.requests.heartbeatsSent).toBeGreaterThan(heartbeatsSent + 2)
    expect(trial.reading.lines).toEqual([])
    trial.sandbox.setFaults([])
    await expect.poll(() => trial.reading.lines).toEqual(truth(trial.sandbox))
  })

  it('stall: ends with its span', async () => {
    await using trial = await tried('stall:10s')
    await expect.poll(() => trial.reading.text).toMatch(/^\n{2,}$/)
    trial.clock.nowMs += 10_000
    await expect.poll(() => trial.reading.lines).toEqual(right(trial))
  })

  it('loss-window: what is published while the replay hands over is lost to this connection', async () => {
    await using trial = await tried('loss-window:~150ms')
    await expect.poll(() => trial.reading.lines.length).toBe(10)
    const [lost = 0] = [trial.sandbox.burst(2)]
    await expect
      .poll(() => {
        const timepoint = trial.sandbox.changeCompany(trial.world.companyNumber(1))
        return timepoints(trial.reading.events).at(-1) === timepoint || trial.reading.lines.length > 10
      })
      .toBe(true)
    const seen = timepoints(trial.reading.events)
    expect(seen).not.toContain(lost)
    expect(seen).not.toContain(lost + 1)
    expect(Math.max(...seen)).toBeGreaterThan(lost + 1)
  })
})

describe('publishing', () => {
  it('republish: the same once more under the next timepoint', async () => {
    await using open = await openedStream({ faults: parseStreamFaults('republish') })
    const first = open.sandbox.changeCompany(open.world.companyNumber(1))
    const events = [...open.sandbox.logs.companies.events()]
    expect(timepoints(events)).toEqual([first, first + 1])
    expect(events[1]?.data).toEqual(events[0]?.data)
  })

  it('jump: timepoints are missing for good, and the replay goes over them', async () => {
    await using open = await openedStream({ faults: parseStreamFaults('jump:1x') })
    const { next } = open.sandbox.logs.companies
    const first = open.sandbox.changeCompany(open.world.companyNumber(1))
    const second = open.sandbox.changeCompany(open.world.companyNumber(2))
    expect(first).toBeGreaterThan(next)
    expect(second).toBe(first + 1)
    const reading = await open.read(since(next))
    await expect.poll(() => reading.lines).toEqual(truth(open.sandbox))
    expect(timepoints(reading.events)).toEqual([first, second])
  })

  it('withhold: some companies are never told of, and no timepoint shows it', async () => {
    await using open = await openedStream({
      faults: parseStreamFaults('withhold:2x'),
      race: { linkMs: 0, metricsMs: 0 },
    })
    const first = open.sandbox.logs.companies.next
    const born = Array.from({ length: 5 }, () => open.sandbox.publishNewCompany().company_number)
    open.sandbox.setFaults([])
    open.sandbox.changeCompany(born[0] ?? '')
    const events = [...open.sandbox.logs.companies.events()]
    expect(new Set(events.map(({ resource_id }) => resource_id))).toEqual(new Set(born.slice(2)))
    expect(timepoints(events)).toEqual(events.map((_, index) => first + index))
    expect(born.map((number) => open.world.company(number)?.company_number)).toEqual(born)
    expect(open.sandbox.requests.faults).toEqual({ withhold: 2 })
  })
})

function isJson(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

describe('numbers', () => {
  it('an outlier comes under a timepoint far ahead, and right when it is asked for again', async () => {
    await using trial = await tried('outlier:1x')
    const { first, reading } = trial
    await expect.poll(() => reading.events.length).toBe(10)
    const behind = Array.from({ length: 9 }, (_, index) => first + 1 + index)
    expect(timepoints(reading.events)).toEqual([first + 1_000_000_000, ...behind])
    const again = await trial.read(since(first))
    await expect.poll(() => again.lines.length).toBe(10)
    expect(again.lines).toEqual(right(trial))
  })

  it('begin anew for every reader, and nothing of what was before is replayed', async () => {
    await using open = await openedStream()
    const [one = '', other = ''] = [...open.world.numbers()]
    const first = open.sandbox.burst(3)
    const live = await open.read(since(first))
    open.sandbox.setFaults(parseStreamFaults('renumber:1x'))
    open.sandbox.changeCompany(one, { company_name: 'RENAMED LTD' })
    open.sandbox.changeCompany(other)
    await expect.poll(() => timepoints(live.events)).toEqual([first, first + 1, first + 2, 1, 2])
    expect(live.events[3]?.data).toMatchObject({ company_number: one, company_name: 'RENAMED LTD' })
    const { floor, next } = open.sandbox.logs.companies
    expect([floor, next]).toEqual([1, 3])
    const again = await open.read(since(1))
    await expect.poll(() => again.lines).toEqual(live.lines.slice(3))
    expect((await open.read(since(first + 3))).status).toBe(416)
  })
})
