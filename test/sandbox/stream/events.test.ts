import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alphabetical, eventText, publishedAt, type StreamEvent } from '../../../src/sandbox/stream/event-log.ts'
import { openedStream, since } from './opened.ts'

function recorded(name: string): string {
  return readFileSync(new URL(`../recorded/${name}.recorded`, import.meta.url), 'utf8').trimEnd()
}

const CHANGED = recorded('event__companies_2023.json')
const DELETED = recorded('event__deleted_no_data__companies_SL037194.json')

/** The members of every object in a value, in their order. */
function keysOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value
  return Array.isArray(value) ? value.map(keysOf) : Object.entries(value).map(([name, each]) => [name, keysOf(each)])
}

describe('the recorded events', () => {
  it.each([
    ['changed', CHANGED],
    ['deleted without data', DELETED],
  ])('are written byte for byte: %s', (_, line) => {
    expect(eventText(JSON.parse(line))).toBe(line)
  })

  it('have the members that a sandbox event has, in the same order', async () => {
    await using open = await openedStream()
    const number = open.world.companyNumber(3)
    const { data } = JSON.parse(CHANGED)
    const first = open.sandbox.changeCompany(number, withoutCanFile({ ...data, company_number: number }))
    open.sandbox.deleteCompany(number, false)
    const reading = await open.read(since(first))
    await expect.poll(() => reading.lines.length).toBe(2)
    const [changed = '', deleted = ''] = reading.lines
    const { subtype: _, ...served } = JSON.parse(changed).data
    expect(keysOf({ ...JSON.parse(changed), data: served })).toEqual(keysOf(JSON.parse(CHANGED)))
    expect(keysOf(JSON.parse(deleted))).toEqual(keysOf(JSON.parse(DELETED)))
  })

  it('lack what is worked out at request time, as do all of the sandbox', async () => {
    await using open = await openedStream()
    open.sandbox.burst(300)
    const texts = Array.from(open.sandbox.logs.companies.events(), eventText)
    expect(texts.filter((text) => /"(overdue|has_\w+|registered_office_is_in_dispute)"/.test(text))).toEqual([])
    expect(texts.filter((text) => text.includes('"can_file":true')).length).toBeGreaterThan(200)
    expect(texts.filter((text) => text.includes(':null') || text.includes('undefined'))).toEqual([])
  })
})

describe('the text of an event', () => {
  const event = { timepoint: 7, published_at: '2026-09-15T10:00:00', type: 'changed' } as const
  const envelope = { resource_kind: 'company-profile', resource_uri: '/company/1', resource_id: '1' }

  it('escapes as Go does and leaves other characters as they are', () => {
    const text = eventText({ ...envelope, data: { company_name: 'A & B <CAFÉ> \u2028' }, event })
    expect(text).toContain('"A \\u0026 B \\u003cCAFÉ\\u003e \\u2028"')
  })

  it('puts fields_changed first, where there are any', () => {
    const text = eventText({ ...envelope, data: {}, event: { ...event, fields_changed: ['links.officers'] } })
    expect(text).toContain('"event":{"fields_changed":["links.officers"],"timepoint":7,')
  })

  it('says what the event says, whatever is in it', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
        const text = eventText({ ...envelope, data: alphabetical(data), event })
        expect(text).not.toMatch(/[&<>\n]/)
        expect(JSON.parse(text).data).toEqual(JSON.parse(JSON.stringify(data)))
      }),
    )
  })

  it('orders the keys of every object below data', () => {
    const data = { links: { self: '/', a: '1' }, accounts: { next_due: 'x', last_accounts: { type: 'y', a: 1 } } }
    expect(JSON.stringify(alphabetical(data))).toBe(
      '{"accounts":{"last_accounts":{"a":1,"type":"y"},"next_due":"x"},"links":{"a":"1","self":"/"}}',
    )
  })
})

it('published_at comes in the three recorded formats', () => {
  const momentMs = Date.parse('2026-09-15T10:00:00.123Z')
  expect([7, 1007, 2007].map((draw) => publishedAt(momentMs, draw))).toEqual([
    '2026-09-15T10:00:00',
    '2026-09-15T10:00:00.123007Z',
    '2026-09-15T11:00:00.123007+01:00',
  ])
})

it('the events of a sandbox show all three formats, and none is written out of order inside data', async () => {
  await using open = await openedStream()
  open.sandbox.burst(300)
  const events: StreamEvent[] = [...open.sandbox.logs.companies.events()]
  const formats = new Set(events.map(({ event }) => event.published_at.replace(/\d/g, '9')))
  expect([...formats].sort()).toEqual([
    '9999-99-99T99:99:99',
    '9999-99-99T99:99:99.999999+99:99',
    '9999-99-99T99:99:99.999999Z',
  ])
  for (const { data } of events) expect(JSON.stringify(alphabetical(data))).toBe(JSON.stringify(data))
})

function withoutCanFile({ can_file: _, ...profile }: Record<string, unknown>): object {
  return profile
}
