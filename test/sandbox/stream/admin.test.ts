import { describe, expect, it } from 'vitest'
import { type OpenedStream, openedStream, since, truth } from './opened.ts'

function door({ sandbox }: OpenedStream) {
  const call = async (method: string, name: string, body?: string) => {
    const response = await fetch(`${sandbox.url}/_sandbox/stream/${name}`, { method, ...(body ? { body } : {}) })
    return { status: response.status, text: await response.text() }
  }
  return {
    get: (name: string) => call('GET', name),
    post: (name: string, body?: string) => call('POST', name, body),
  }
}

describe("the stream's admin door", () => {
  it('tells what was asked, needs no key and counts nothing', async () => {
    await using open = await openedStream()
    const first = open.sandbox.burst(2)
    const reading = await open.read(since(first))
    await expect.poll(() => reading.lines.length).toBe(2)
    reading.leave()
    await expect.poll(() => open.sandbox.requests.open).toBe(0)
    const { status, text } = await door(open).get('requests')
    expect([status, JSON.parse(text)]).toEqual([200, open.sandbox.requests])
    expect(open.sandbox.requests).toMatchObject({
      connections: 1,
      byStatus: { 200: 1 },
      byTimepoint: { [first]: 1 },
      eventsSent: 2,
      kicked: 0,
    })
  })

  it('tells all that was ever published, what is forgotten too, or a part of it', async () => {
    await using open = await openedStream()
    const first = open.sandbox.burst(20)
    expect((await door(open).post(`forget?before=${first + 15}`)).status).toBe(204)
    const all = await door(open).get('events')
    expect(all.text.trimEnd().split('\n')).toEqual(truth(open.sandbox))
    const part = await door(open).get(`events?stream=companies&from=${first + 3}&to=${first + 5}`)
    expect(part.text.trimEnd().split('\n')).toEqual(truth(open.sandbox, first + 3, first + 5))
    expect(JSON.parse((await door(open).get('log')).text)).toEqual({ floor: first + 15, next: first + 20 })
    expect((await door(open).get('events?stream=officers')).text).toBe('')
  })

  it('publishes', async () => {
    await using open = await openedStream({ race: { linkMs: 0, metricsMs: 0 } })
    const admin = door(open)
    const number = open.world.companyNumber(1)
    const { next } = open.sandbox.logs.companies
    const [born] = JSON.parse((await admin.post('born?count=2')).text)
    expect(open.world.company(born)?.date_of_creation).toBe(open.world.today)
    expect(open.world.size).toBe(302)
    await admin.post(`changed?company=${number}`)
    await admin.post(`deleted?company=${number}&data=false`)
    const given = {
      resource_kind: 'company-profile',
      resource_uri: '/company/1',
      resource_id: '1',
      data: { b: 1, a: 2 },
    }
    await admin.post('event', JSON.stringify(given))
    await admin.post('jump?count=7')
    const burst = JSON.parse((await admin.post('burst?count=3')).text).timepoint
    const lines = truth(open.sandbox, next)
    expect(lines.at(-6)).toContain(`"resource_id":"${number}","data":{`)
    expect(lines.at(-5)).toMatch(/^\{"event":\{"type":"deleted"/)
    expect(lines.at(-4)).toContain('"data":{"a":2,"b":1},')
    expect(JSON.parse(lines.at(-3) ?? '').event.timepoint).toBe(burst)
    expect(JSON.parse(lines.at(-4) ?? '').event.timepoint).toBe(burst - 8)
  })

  it('sets faults and ends connections', async () => {
    await using open = await openedStream()
    const reading = await open.read()
    expect((await door(open).post('end')).status).toBe(204)
    await expect.poll(() => reading.ended).toBe('clean')
    expect((await door(open).post('faults', '503')).status).toBe(204)
    expect((await open.read()).status).toBe(503)
    expect((await door(open).post('faults')).status).toBe(204)
    expect((await open.read()).status).toBe(200)
  })

  it.each([
    ['faults', 'boom', 'There is no stream fault "boom".\n'],
    ['born?count=some', '', 'count must be a whole number, not "some".\n'],
    ['changed?company=ZZ999999', '', 'There is no company "ZZ999999".\n'],
    ['forget?stream=weather', '', 'There is no stream "weather".\n'],
    ['event', '{}', 'An event needs resource_kind, resource_uri and resource_id, and a stream that exists.\n'],
  ])('says what is wrong: %s %s', async (name, body, message) => {
    await using open = await openedStream()
    expect(await door(open).post(name, body)).toEqual({ status: 400, text: message })
  })

  it('has no other doors', async () => {
    await using open = await openedStream()
    expect((await door(open).get('faults')).status).toBe(404)
    expect((await door(open).post('toString')).status).toBe(404)
  })
})
