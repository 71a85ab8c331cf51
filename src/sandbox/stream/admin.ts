import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { ChpipeError, errorMessage } from '../../errors.ts'
import { empty, json, type Reply, sentence } from '../replies.ts'
import { send, UNSPOILT } from '../wire.ts'
import { eventText } from './event.ts'
import type { EventLog } from './event-log.ts'
import { parseStreamFaults } from './fault-plan.ts'
import { isStream } from './paths.ts'
import type { StreamSandbox } from './server.ts'

/** Where the stream's admin door is: it needs no key, counts nothing and suffers no fault. */
export const STREAM_ADMIN_PREFIX = '/_sandbox/stream/'

const MOST_BORN = 10_000
const MOST_BURST = 10_000_000

/**
 * Lets other processes read the stream sandbox's counts and truth, and steer it: `GET requests`, `GET log?stream=` (where
 * it begins and ends), `GET events?stream=&from=&to=` (lines of JSON, all that was ever published), `POST faults` (a plan
 * as text), `POST born?count=`, `POST changed?company=`, `POST deleted?company=&data=false`, `POST burst?count=`,
 * `POST event` (a JSON event), `POST forget?before=`, `POST jump?count=`, `POST renumber?from=` and `POST end`.
 */
export async function serveStreamAdmin(
  sandbox: StreamSandbox,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sandbox')
  const door: Door = { sandbox, query: url.searchParams, body: await text(request) }
  const act = DOORS[`${request.method ?? 'GET'} ${url.pathname.slice(STREAM_ADMIN_PREFIX.length)}`]
  if (act === undefined)
    return send(response, sentence(404, `There is no ${request.method} ${url.pathname}.\n`), {}, UNSPOILT)
  const reply = attempt(() => act(door))
  if (!('events' in reply)) return send(response, reply, {}, UNSPOILT)
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' })
  // A reader who leaves before the end is none of the sandbox's business.
  await pipeline(Readable.from(reply.events), response).catch(() => {})
}

interface Door {
  sandbox: StreamSandbox
  query: URLSearchParams
  body: string
}

type Answer = Reply | { events: Iterable<string> }

const DOORS: Record<string, (door: Door) => Answer> = {
  'GET requests': ({ sandbox }) => json(sandbox.requests),
  'GET log': (door) => {
    const { floor, next } = logOf(door)
    return json({ floor, next })
  },
  'GET events': (door) => ({ events: lines(logOf(door), whole(door, 'from'), whole(door, 'to')) }),
  'POST faults': ({ sandbox, body }) => {
    sandbox.setFaults(parseStreamFaults(body))
    return empty(204)
  },
  'POST born': (door) => {
    const count = Math.min(whole(door, 'count') ?? 1, MOST_BORN)
    return json(Array.from({ length: count }, () => door.sandbox.publishNewCompany().company_number))
  },
  'POST changed': (door) => json({ timepoint: door.sandbox.changeCompany(companyOf(door)) }),
  'POST deleted': (door) =>
    json({ timepoint: door.sandbox.deleteCompany(companyOf(door), door.query.get('data') !== 'false') }),
  'POST burst': (door) => json({ timepoint: door.sandbox.burst(Math.min(whole(door, 'count') ?? 1, MOST_BURST)) }),
  'POST event': ({ sandbox, body }) => json({ timepoint: sandbox.publish(readEvent(body)) }),
  'POST forget': (door) => {
    logOf(door).forget(whole(door, 'before') ?? logOf(door).next)
    return empty(204)
  },
  'POST jump': (door) => {
    logOf(door).jump(whole(door, 'count') ?? 1)
    return empty(204)
  },
  'POST renumber': (door) => {
    logOf(door).renumber(whole(door, 'from') ?? 1)
    return empty(204)
  },
  'POST end': ({ sandbox }) => {
    sandbox.endConnections()
    return empty(204)
  },
}

function attempt(act: () => Answer): Answer {
  try {
    return act()
  } catch (error) {
    return sentence(400, `${errorMessage(error)}\n`)
  }
}

function* lines(log: EventLog, from: number | undefined, to: number | undefined): Generator<string> {
  for (const event of log.events(from, to)) yield `${eventText(event)}\n`
}

function logOf({ sandbox, query }: Door): EventLog {
  const name = query.get('stream') ?? 'companies'
  if (!isStream(name)) throw new ChpipeError('usage', `There is no stream "${name}".`)
  return sandbox.logs[name]
}

function companyOf({ sandbox, query }: Door): string {
  const number = query.get('company') ?? ''
  if (!sandbox.truth.company(number)) throw new ChpipeError('usage', `There is no company "${number}".`)
  return number
}

function whole({ query }: Door, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!/^\d{1,15}$/.test(text)) throw new ChpipeError('usage', `${name} must be a whole number, not "${text}".`)
  return Number(text)
}

function readEvent(body: string): Parameters<StreamSandbox['publish']>[0] {
  const event: unknown = JSON.parse(body)
  if (isGiven(event)) return event
  throw new ChpipeError(
    'usage',
    'An event needs resource_kind, resource_uri and resource_id, and a stream that exists.',
  )
}

function isGiven(value: unknown): value is Parameters<StreamSandbox['publish']>[0] {
  const { stream = 'companies', ...event } = Object(value) as Record<string, unknown>
  const named = ['resource_kind', 'resource_uri', 'resource_id'].every((name) => typeof event[name] === 'string')
  return named && typeof stream === 'string' && isStream(stream)
}
