import { describe, expect, it } from 'vitest'
import { readLine } from '../../../src/companies-house/stream/event.ts'
import { readPscEvent } from '../../../src/companies-house/stream/pscs.ts'
import { startSandbox } from '../../../src/sandbox/companies-house/server.ts'
import { eventText, type StreamEvent } from '../../../src/sandbox/stream/event-log.ts'
import { isPscTold, pscIdOf } from '../../../src/sandbox/stream/psc-events.ts'
import { pscSnapshotLines } from '../../../src/sandbox/world/psc-snapshot.ts'
import { createWorld } from '../../../src/sandbox/world/world.ts'
import { basic } from '../companies-house/opened.ts'
import { type OpenedStream, openedStream } from './opened.ts'

const PSC = 'persons-with-significant-control'
const published = ({ sandbox }: OpenedStream) => [...sandbox.logs[PSC].events()]

/** A company controlled by one individual, and the record. */
function someCompany({ world }: OpenedStream) {
  const number = [...world.numbers()].find((each) => world.pscs(each)[0]?.kind.startsWith('individual')) ?? ''
  const [psc] = world.pscs(number)
  return { number, id: psc ? pscIdOf(psc) : '' }
}

function readBack(event: StreamEvent) {
  const text = eventText(event)
  return readLine({ kind: 'line', text, utf8: true, bytes: text.length }, readPscEvent)
}

describe('the stream of persons with significant control', () => {
  it('tells of each change what the register has, in the published shape', async () => {
    await using open = await openedStream()
    const { sandbox, world } = open
    const { number, id } = someCompany(open)
    sandbox.changePsc(number, id, { nationality: 'Irish' })
    sandbox.ceasePsc(number, id)
    const body = sandbox.notifyPsc(number)
    const withheld = sandbox.notifyPsc(number, true)
    const events = published(open)
    expect(events.map(({ resource_id, event }) => [resource_id, event.type])).toEqual([
      [id, 'changed'],
      [id, 'changed'],
      [pscIdOf(body), 'changed'],
      [pscIdOf(withheld), 'changed'],
    ])
    expect(events.map(({ resource_kind }) => resource_kind)).toEqual([
      'company-psc-individual',
      'company-psc-individual',
      'company-psc-individual',
      'company-psc-supersecure',
    ])
    expect(world.pscs(number)).toHaveLength(3)
    for (const event of events.slice(1)) {
      const truth = world.pscs(number).find((psc) => pscIdOf(psc) === event.resource_id)
      expect(event.data).toEqual(JSON.parse(JSON.stringify(truth)))
      expect(event.resource_uri).toBe(truth?.links.self)
      expect(event.event.published_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
      expect(readBack(event)).toMatchObject([{ kind: 'changed', companyNumber: number, pscId: event.resource_id }])
    }
    expect(events[1]?.data?.ceased_on).toBe(world.today)
    expect(world.company(number)?.has_super_secure_pscs).toBe(true)
    expect([...sandbox.logs.companies.events()].map(({ resource_id }) => resource_id)).toEqual([number])
  })

  it.each([true, false])('deletes with its last data: %s', async (withData) => {
    await using open = await openedStream()
    const { number, id } = someCompany(open)
    open.sandbox.deletePsc(number, id, withData)
    expect(open.world.pscs(number).map(pscIdOf)).not.toContain(id)
    const [event] = published(open)
    expect(event?.data !== undefined).toBe(withData)
    expect(event && readBack(event)).toMatchObject([{ kind: 'deleted', companyNumber: number, pscId: id }])
  })

  it('tells of nobody in control changing because officers do', async () => {
    await using open = await openedStream()
    const { sandbox, world } = open
    const { number } = someCompany(open)
    const before = world.pscs(number)
    for (const { appointmentId } of world.officers(number)) sandbox.deleteOfficer(number, appointmentId)
    sandbox.appointOfficer(number)
    expect(world.pscs(number)).toEqual(before)
  })

  it('tells of those who control a new company once it is linked', async () => {
    await using open = await openedStream({ race: { linkMs: 0, metricsMs: 0 } })
    const born = Array.from({ length: 12 }, () => open.sandbox.publishNewCompany().company_number)
    const told = born.flatMap((number) => open.world.pscs(number).filter(isPscTold).map(pscIdOf))
    expect(told.length).toBeGreaterThan(5)
    expect(published(open).map(({ resource_id }) => resource_id)).toEqual(told)
  })

  it('goes on by itself, and its door makes each thing happen', async () => {
    await using open = await openedStream({ pscChangesPerMinute: 6000 })
    await expect.poll(() => published(open).length).toBeGreaterThan(20)
    for (const event of published(open)) expect(readBack(event)).not.toMatchObject([{ kind: 'rejected' }])
    await using quiet = await openedStream()
    const { number, id } = someCompany(quiet)
    const post = async (name: string) =>
      (await fetch(`${quiet.sandbox.url}/_sandbox/stream/${name}`, { method: 'POST' })).status
    const of = `company=${number}`
    const names = [
      `psc-notified?${of}`,
      `psc-changed?${of}`,
      `psc-ceased?${of}&psc=${id}`,
      `psc-deleted?${of}&data=false`,
    ]
    for (const name of names) expect(await post(name)).toBe(200)
    expect(published(quiet).map(({ event }) => event.type)).toEqual(['changed', 'changed', 'changed', 'deleted'])
    expect(await post(`psc-changed?${of}&psc=nobody`)).toBe(400)
  })
})

it('who is withheld by law is so in profile, list and snapshot', async () => {
  const world = createWorld({ seed: 5, companies: 400, today: '2026-08-07' })
  await using rest = await startSandbox({ world })
  const get = async (path: string) =>
    (await fetch(rest.url + path, { headers: { Authorization: basic(rest.apiKey) } })).json()
  const counts = { persons: 0, statements: 0, exemptions: 0 }
  const lines = [...pscSnapshotLines(world, counts)].map((line) => JSON.parse(line))
  const listed = new Set(
    lines.flatMap(({ company_number, data }) => (data.kind?.startsWith('super-secure') ? [company_number] : [])),
  )
  expect(listed.size).toBeGreaterThan(0)
  const flagged = [...world.companies()].filter(({ has_super_secure_pscs }) => has_super_secure_pscs)
  expect(flagged.map(({ company_number }) => company_number).sort()).toEqual([...listed].sort())
  const number = flagged[0]?.company_number ?? ''
  expect(await get(`/company/${number}`)).toMatchObject({ has_super_secure_pscs: true })
  expect(await get(`/company/${number}/persons-with-significant-control`)).toMatchObject({
    active_count: 1,
    ceased_count: 0,
    items: [{ kind: 'super-secure-person-with-significant-control' }],
    items_per_page: 25,
    total_results: 1,
  })
  expect(await get('/company/99999999/persons-with-significant-control')).toEqual({
    active_count: 0,
    ceased_count: 0,
    items: [],
    items_per_page: 25,
    links: { self: '/company/99999999/persons-with-significant-control' },
    start_index: 0,
    total_results: 0,
  })
})
