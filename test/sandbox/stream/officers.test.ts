import { describe, expect, it } from 'vitest'
import { readLine } from '../../../src/companies-house/stream/event.ts'
import { readOfficerEvent } from '../../../src/companies-house/stream/officers.ts'
import { eventText } from '../../../src/sandbox/stream/event-log.ts'
import { parseStreamFaults } from '../../../src/sandbox/stream/faults.ts'
import { type OpenedStream, openedStream } from './opened.ts'

/** A company with two officers, and these. */
function someCompany({ world }: OpenedStream) {
  const number = [...world.numbers()].find((each) => world.officers(each).length === 2) ?? ''
  const [first, second] = world.officers(number).map(({ appointmentId }) => appointmentId)
  return { number, first: first ?? '', second: second ?? '' }
}

const published = ({ sandbox }: OpenedStream) => [...sandbox.logs.officers.events()]

describe('the officers stream of the sandbox', () => {
  it('tells of each change what the register lists', async () => {
    await using open = await openedStream()
    const { number, first, second } = someCompany(open)
    const { sandbox, world } = open
    const newcomer = sandbox.appointOfficer(number)
    sandbox.changeOfficer(number, first, { resigned_on: '2026-01-05' })
    const before = world.officers(number).find(({ appointmentId }) => appointmentId === second)
    sandbox.mergeOfficer(number, second)
    const events = published(open)
    expect(events.map(({ resource_id, event }) => [resource_id, event.type])).toEqual([
      [newcomer.appointmentId, 'changed'],
      [first, 'changed'],
      [second, 'changed'],
    ])
    for (const { resource_id, resource_uri, data } of events) {
      const listed = world.officers(number).find(({ appointmentId }) => appointmentId === resource_id)
      expect(data).toEqual(JSON.parse(JSON.stringify(listed?.item)))
      expect(resource_uri).toBe(`/company/${number}/appointments/${resource_id}`)
    }
    const after = world.officers(number).find(({ appointmentId }) => appointmentId === second)
    expect(after?.officerId).not.toBe(before?.officerId)
    expect(after?.item.person_number).not.toBe(before?.item.person_number)
  })

  it.each([
    ['data', (data: unknown) => Object.hasOwn(Object(data), 'name')],
    ['link', (data: unknown) => JSON.stringify(Object.keys(Object(data))) === '["links"]'],
    ['none', (data: unknown) => data === undefined],
  ] as const)('deletes in the form "%s"', async (form, isForm) => {
    await using open = await openedStream()
    const { number, first } = someCompany(open)
    open.sandbox.deleteOfficer(number, first, form)
    expect(open.world.officers(number)).toHaveLength(1)
    const [event] = published(open)
    expect([event?.event.type, isForm(event?.data)]).toEqual(['deleted', true])
    const text = event ? eventText(event) : ''
    const read = readLine({ kind: 'line', text, utf8: true, bytes: text.length }, readOfficerEvent)
    expect(read).toMatchObject([{ kind: 'deleted', companyNumber: number, appointmentId: first }])
  })

  it('is served beside the companies with their faults, two connections to an account', async () => {
    await using open = await openedStream()
    const { number, first } = someCompany(open)
    const { next } = open.sandbox.logs.officers
    open.sandbox.setFaults(parseStreamFaults('duplicate,early-officer'))
    open.sandbox.changeOfficer(number, first)
    const companies = await open.read('/companies')
    const officers = await open.read(`/officers?timepoint=${next}`)
    await expect.poll(() => officers.events.length).toBe(2)
    expect(officers.events[0]?.data).not.toHaveProperty('etag')
    expect(officers.events[0]?.data).toHaveProperty('name')
    const third = await open.read(`/officers?timepoint=${next}`)
    await expect.poll(() => companies.ended).toBe('clean')
    expect(open.sandbox.requests).toMatchObject({ kicked: 1, openPeak: 2 })
    third.leave()
    officers.leave()
  })

  it('goes on by itself, and its door makes each thing happen', async () => {
    await using open = await openedStream({ officerChangesPerMinute: 6000 })
    await expect.poll(() => published(open).length).toBeGreaterThan(20)
    await using quiet = await openedStream()
    const { number, first, second } = someCompany(quiet)
    const post = async (name: string) => {
      const response = await fetch(`${quiet.sandbox.url}/_sandbox/stream/${name}`, { method: 'POST' })
      return response.status
    }
    const of = `company=${number}&appointment=`
    const names = [`appointed?company=${number}`, `officer-changed?${of}${first}`, `officer-merged?${of}${first}`]
    for (const name of [...names, `officer-deleted?${of}${second}&form=link`]) expect(await post(name)).toBe(200)
    expect(published(quiet).map(({ event }) => event.type)).toEqual(['changed', 'changed', 'changed', 'deleted'])
    expect(await post(`officer-deleted?${of}nobody`)).toBe(400)
    expect(await post(`officer-deleted?${of}${first}&form=odd`)).toBe(400)
  })
})
