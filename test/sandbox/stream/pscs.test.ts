import { describe, expect, it } from 'vitest'
import { readLine } from '../../../src/companies-house/stream/event.ts'
import { readPscEvent } from '../../../src/companies-house/stream/pscs.ts'
import { eventText } from '../../../src/sandbox/stream/event-log.ts'
import { pscIdOf, streamedPscs } from '../../../src/sandbox/stream/pscs.ts'
import { pscSnapshotLines } from '../../../src/sandbox/world/psc-snapshot.ts'
import { type OpenedStream, openedStream } from './opened.ts'

const published = ({ sandbox }: OpenedStream) => [...sandbox.logs['persons-with-significant-control'].events()]

/** A company with somebody in control. */
function someCompany({ world }: OpenedStream) {
  const number = [...world.numbers()].find((each) => streamedPscs(world, each).length === 1) ?? ''
  const [psc] = streamedPscs(world, number)
  return { number, id: psc ? pscIdOf(psc) : '' }
}

/** The records of a company in the snapshot, by their places. */
function inSnapshot({ world }: OpenedStream, number: string) {
  const lines = [...pscSnapshotLines(world, { persons: 0, statements: 0, exemptions: 0 })].map((line) =>
    JSON.parse(line),
  )
  const own = lines.filter((line) => line.company_number === number)
  return Object.fromEntries(own.map(({ data }) => [data.links.self, data]))
}

describe('the stream of persons with significant control of the sandbox', () => {
  it('tells of each change what the snapshot lists', async () => {
    await using open = await openedStream()
    const { number, id } = someCompany(open)
    const { sandbox } = open
    sandbox.changePsc(number, id, { nationality: 'Elbonian' })
    const newcomer = sandbox.notifyPsc(number)
    sandbox.ceasePsc(number, id)
    const events = published(open)
    expect(events.map(({ resource_id, event }) => [resource_id, event.type])).toEqual([
      [id, 'changed'],
      [pscIdOf(newcomer), 'changed'],
      [id, 'changed'],
    ])
    const listed = inSnapshot(open, number)
    for (const { resource_uri, data } of events.slice(1)) expect(data).toEqual(listed[resource_uri])
    expect(listed[events[0]?.resource_uri ?? '']).toMatchObject({
      nationality: 'Elbonian',
      ceased_on: open.world.today,
    })
  })

  it.each([true, false])('deletes with data: %s', async (withData) => {
    await using open = await openedStream()
    const { number, id } = someCompany(open)
    open.sandbox.deletePsc(number, id, withData)
    const [event] = published(open)
    expect([event?.event.type, event?.data !== undefined]).toEqual(['deleted', withData])
    expect(inSnapshot(open, number)).toEqual({})
    const text = event ? eventText(event) : ''
    const read = readLine({ kind: 'line', text, utf8: true, bytes: text.length }, readPscEvent)
    expect(read).toMatchObject([{ kind: 'deleted', companyNumber: number, pscId: id }])
  })

  it('lets nobody else control a company whose officers change', async () => {
    await using open = await openedStream()
    const { number } = someCompany(open)
    const before = open.world.pscs(number)
    open.sandbox.appointOfficer(number)
    expect(open.world.pscs(number)).toEqual(before)
  })

  it('goes on by itself where it is told to, with events that are read', async () => {
    await using open = await openedStream({ pscChangesPerMinute: 6000 })
    await expect.poll(() => published(open).length).toBeGreaterThan(30)
    for (const event of published(open)) {
      const text = eventText(event)
      const [read] = readLine({ kind: 'line', text, utf8: true, bytes: text.length }, readPscEvent)
      expect(read?.kind).toMatch(/^(changed|deleted)$/)
    }
  })
})

it('says of a company that somebody controls it in secret in its profile, as in the snapshot', async () => {
  await using open = await openedStream({ companies: 2000 })
  const secret = (number: string) => open.world.pscs(number).some(({ kind }) => kind.startsWith('super-secure'))
  const numbers = [...open.world.numbers()]
  const said = (number: string) => open.world.company(number)?.has_super_secure_pscs
  // Some kinds of company have no such member.
  const told = numbers.filter((number) => said(number) !== undefined)
  expect(told.some(secret)).toBe(true)
  for (const number of told) expect(said(number)).toBe(secret(number))
})
