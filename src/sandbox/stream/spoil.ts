import type { Random } from '../random.ts'
import { alphabetical, type StreamEvent } from './event.ts'
import type { Struck } from './fault-switch.ts'

const MEGABYTE = 1024 * 1024
const LONG_CHARS = 2 * MEGABYTE
const HUGE_CHARS = 10 * MEGABYTE

const GARBAGE = [
  '\u0000\u0001not json at all <<<',
  '{"resource_kind":"company-profile","resource_uri":"/comp',
  '}',
  'nul',
]

const ODD_JSON = [
  '[]',
  '42',
  '"company-profile"',
  '{}',
  '{"error":"upstream unavailable"}',
  '{"resource_kind":"company-profile","resource_id":"00000000","data":{"company_number":"00000000"}}',
  '{"resource_kind":7,"resource_uri":null,"resource_id":[],"data":"none","event":{"timepoint":"soon","type":"born"}}',
]

/** Lines that a fault puts before an event, of which none is an event. */
export function strayLines(struck: Struck, random: Random): string[] {
  const lines: string[] = []
  if (struck.hits('garbage')) lines.push(random.pick(GARBAGE))
  if (struck.hits('odd-json')) lines.push(random.pick(ODD_JSON))
  if (struck.hits('huge-junk')) lines.push('~'.repeat(HUGE_CHARS))
  return lines
}

/** How far ahead a wrong timepoint lies. */
const OUTLYING = 1_000_000_000

/** The event as the struck faults alter it; it stays valid, and says the same of its company. */
export function alterEvent(event: StreamEvent, struck: Struck): StreamEvent {
  const slashless = struck.hits('no-slash') ? { resource_uri: event.resource_uri.replace(/^\//, '') } : {}
  const size = struck.hits('huge-event') ? HUGE_CHARS : struck.hits('long-event') ? LONG_CHARS : 0
  const outlying = struck.hits('outlier')
    ? { event: { ...event.event, timepoint: event.event.timepoint + OUTLYING } }
    : {}
  const annotation = { created_on: '2026-01-05', description: 'x'.repeat(size), type: 'other' }
  return {
    ...event,
    ...slashless,
    ...outlying,
    ...(size > 0 ? { data: alphabetical({ ...event.data, corporate_annotation: [annotation] }) } : {}),
  }
}

const LONGEST_PIECE = 700
const FIRST_OF_SEVERAL = 0xc0

/** Cuts bytes at random, in the middle of each tenth character of several bytes or so, and always at least once. */
export function cutBytes(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = []
  let start = 0
  let end = random.between(1, Math.max(1, Math.min(LONGEST_PIECE, bytes.length - 1)))
  for (let at = 0; at < bytes.length; at += 1) {
    const inside = (bytes[at - 1] ?? 0) >= FIRST_OF_SEVERAL && random.chance(0.1)
    if (at === start || (at !== end && !inside)) continue
    pieces.push(bytes.subarray(start, at))
    start = at
    end = at + random.between(1, LONGEST_PIECE)
  }
  pieces.push(bytes.subarray(start))
  return pieces
}
