import { describe, expect, it } from 'vitest'
import { startSandbox } from '../../../src/sandbox/companies-house/server.ts'
import { basic, TODAY } from '../companies-house/opened.ts'
import { type OpenedStream, openedStream, since } from './opened.ts'

/** A stream sandbox with a REST sandbox on the same world, and a client of the latter's officers. */
async function both(options: Parameters<typeof openedStream>[0] = {}) {
  const open = await openedStream(options)
  const rest = await startSandbox({ world: open.world })
  return {
    ...open,
    async get(path: string) {
      const response = await fetch(rest.url + path, { headers: { Authorization: basic(rest.apiKey) } })
      const text = await response.text()
      return { status: response.status, text, body: text === '' ? undefined : JSON.parse(text) }
    },
    async [Symbol.asyncDispose]() {
      await rest.close()
      await open.sandbox.close()
    },
  }
}

function eventsOf({ sandbox }: OpenedStream, number: string) {
  return [...sandbox.logs.companies.events()].filter((event) => event.resource_id === number)
}

describe('a new company', () => {
  it('is told of first with no link but its own, as a company formed today', async () => {
    await using open = await both({ race: { linkMs: 60_000, metricsMs: 60_000 } })
    const { company_number: number, company_name } = open.sandbox.publishNewCompany()
    const events = eventsOf(open, number)
    expect(events.map(({ event }) => event.type)).toEqual(['changed'])
    expect(events[0]?.data).toMatchObject({
      company_name,
      company_number: number,
      date_of_creation: TODAY,
      links: { self: `/company/${number}` },
    })
    const { data = {} } = events[0] ?? {}
    expect(Object.keys(Object(data.links))).toEqual(['self'])
    expect(Object(data.accounts).next_accounts).toBeDefined()
    expect(Object(data.accounts).last_accounts).toBeUndefined()
  })

  it('has an empty list of officers, then none, then its officers', async () => {
    await using open = await both({ race: { linkMs: 1000, metricsMs: 500 } })
    await open.get('/company/00000000')
    const { company_number: number } = open.sandbox.publishNewCompany({ officerCount: 2 })
    const path = `/company/${number}/officers`
    const first = await open.get(path)
    expect([first.status, first.body]).toEqual([
      200,
      expect.objectContaining({ items: [], total_results: 0, links: {} }),
    ])
    expect((await open.get(`/company/${number}`)).body.links.officers).toBeUndefined()

    const linked = () => eventsOf(open, number).find(({ data }) => Object(data?.links).officers !== undefined)
    await expect.poll(linked, { interval: 5, timeout: 10_000 }).toBeDefined()
    const missing = await open.get(path)
    expect([missing.status, missing.text]).toEqual([404, ''])
    expect((await open.get(`/company/${number}`)).body.links.officers).toBe(path)

    await expect.poll(async () => (await open.get(path)).status, { interval: 20, timeout: 10_000 }).toBe(200)
    expect((await open.get(path)).body.items).toEqual(
      JSON.parse(JSON.stringify(open.world.officers(number).map(({ item }) => item))),
    )
  })

  it('gives one event for each link, each with an etag of its own, and one for each officer', async () => {
    await using open = await both({ race: { linkMs: 0, metricsMs: 0 } })
    const company = open.sandbox.publishNewCompany({ officerCount: 3 })
    const events = eventsOf(open, company.company_number)
    expect(events.length).toBe(Object.keys(company.links).length)
    expect(events.at(-1)?.data?.links).toEqual(company.links)
    expect(new Set(events.map(({ data }) => data?.etag)).size).toBe(events.length)
    expect([...open.sandbox.logs.officers.events()].map(({ resource_id }) => resource_id)).toEqual(
      open.world.officers(company.company_number).map(({ appointmentId }) => appointmentId),
    )
  })

  it('shows in each event as it was then, also when that is replayed later', async () => {
    await using open = await both({ race: { linkMs: 0, metricsMs: 0 } })
    const { company_number: number } = open.sandbox.publishNewCompany()
    open.sandbox.changeCompany(number, { company_name: 'SECOND NAME LTD' }, ['company_name'])
    const [first] = eventsOf(open, number)
    const reading = await open.read(since(first?.event.timepoint ?? 0))
    await expect.poll(() => reading.events.at(-1)?.data?.company_name).toBe('SECOND NAME LTD')
    expect(Object.keys(Object(reading.events[0]?.data?.links))).toEqual(['self'])
    expect(reading.events[0]?.data?.company_name).not.toBe('SECOND NAME LTD')
    expect(reading.events.at(-1)?.event.fields_changed).toEqual(['company_name'])
    expect(open.world.company(number)?.company_name).toBe('SECOND NAME LTD')
  })

  it('is born at the rate that was set', async () => {
    await using open = await both({ bornPerMinute: 1200, race: { linkMs: 0, metricsMs: 0 } })
    const size = () => open.world.size - 300
    await expect.poll(size, { interval: 10 }).toBeGreaterThan(5)
    const began = performance.now()
    const before = size()
    await expect.poll(size, { interval: 10 }).toBeGreaterThan(before + 10)
    const perMinute = ((size() - before) / (performance.now() - began)) * 60_000
    expect(perMinute).toBeGreaterThan(600)
    expect(perMinute).toBeLessThan(2400)
  })

  it('is born no more, nor goes on, once the sandbox is closed', async () => {
    const open = await both({ bornPerMinute: 6000, race: { linkMs: 30, metricsMs: 30 } })
    await expect.poll(() => open.world.size).toBeGreaterThan(301)
    await open[Symbol.asyncDispose]()
    const { revision } = open.world
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(open.world.revision).toBe(revision)
  })
})

describe('other happenings', () => {
  it('are changes that the register knows of, republications, and deletions with and without data', async () => {
    await using open = await both({ changesPerMinute: 60_000 })
    await expect.poll(() => [...open.sandbox.logs.companies.events()].length, { timeout: 10_000 }).toBeGreaterThan(900)
    const events = [...open.sandbox.logs.companies.events()]
    const deleted = events.filter(({ event }) => event.type === 'deleted')
    expect(deleted.filter(({ data }) => data === undefined).length).toBeGreaterThan(0)
    expect(deleted.filter(({ data }) => data !== undefined).length).toBeGreaterThan(0)
    expect(events.filter(({ event }) => event.fields_changed).length).toBeGreaterThan(20)
    const latest = new Map(events.map((event) => [event.resource_id, event]))
    for (const [number, { data }] of latest) {
      if (!data) continue
      const { company_name, company_status, etag, registered_office_address } = open.world.company(number) ?? {}
      expect(data).toMatchObject(
        JSON.parse(JSON.stringify({ company_name, company_status, etag, registered_office_address })),
      )
    }
    expect(new Set(events.map(({ data }) => data?.company_status)).size).toBeGreaterThan(3)
    expect(events.some(({ data }) => data?.previous_company_names !== undefined)).toBe(true)
  })

  it('leave alone what was deleted', async () => {
    await using open = await both({ changesPerMinute: 60_000, companies: 20 })
    const events = () => [...open.sandbox.logs.companies.events()]
    await expect.poll(() => events().filter(({ event }) => event.type === 'deleted').length).toBeGreaterThan(5)
    const all = events()
    const last = new Map(all.map((event) => [event.resource_id, event.event.type]))
    const deletions = all.filter(({ event }) => event.type === 'deleted').map(({ resource_id }) => resource_id)
    expect(deletions.map((number) => last.get(number))).toEqual(deletions.map(() => 'deleted'))
  })

  it('can be told of one by one', async () => {
    await using open = await both()
    const number = open.world.companyNumber(7)
    open.sandbox.deleteCompany(number, true)
    open.sandbox.deleteCompany(number, false)
    open.sandbox.publish({
      resource_kind: 'company-profile',
      resource_uri: '/company/90000000',
      resource_id: '90000000',
      event: { type: 'deleted', published_at: '2025-01-30T05:03:05' },
    })
    const events = [...open.sandbox.logs.companies.events()]
    expect(events.map(({ resource_id, data }) => [resource_id, data?.company_number])).toEqual([
      [number, number],
      [number, undefined],
      ['90000000', undefined],
    ])
    expect(events.at(-1)?.event).toEqual({
      type: 'deleted',
      published_at: '2025-01-30T05:03:05',
      timepoint: (events[0]?.event.timepoint ?? 0) + 2,
    })
  })
})

it('a burst tells of every company once before it tells of any twice', async () => {
  await using open = await both({ companies: 250 })
  open.sandbox.burst(500)
  const numbers = [...open.sandbox.logs.companies.events()].map(({ resource_id }) => resource_id)
  expect(numbers.slice(0, 250).sort()).toEqual([...open.world.numbers()].sort())
  expect(numbers.slice(250)).toEqual(numbers.slice(0, 250))
  expect(numbers.slice(0, 250)).not.toEqual([...open.world.numbers()])
})
