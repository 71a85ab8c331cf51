import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { ChpipeError, errorMessage } from '../../errors.ts'
import { listen, send, stopListening, UNSPOILT } from '../kit/host.ts'
import { empty, json, type Reply, sentence } from '../kit/replies.ts'
import { hashText, mix, Random } from '../world/random.ts'
import type { SyntheticCompany } from '../world/shapes.ts'
import type { World } from '../world/world.ts'
import { createBackground, createBirths, type NewCompany, type OfficersRace } from './births.ts'
import type { ConnectLimit, StreamCounts } from './connection.ts'
import {
  createEventLog,
  type EventLog,
  eventText,
  isStream,
  type Retention,
  STREAMS,
  type StreamName,
} from './event-log.ts'
import { createStreamFaultSwitch, parseStreamFaults, type StreamFaultPlan } from './faults.ts'
import { createPublisher, type Publisher } from './publisher.ts'
import { createStreamService } from './service.ts'

export interface StreamSandboxOptions {
  /** The register that the events are about; a REST sandbox on the same one answers accordingly. */
  world: World
  /** 0, the default, takes any free port. */
  port?: number
  host?: string
  streamKey?: string
  /** 30 s unless given. */
  heartbeatMs?: number
  /** How long a connection lives before it is closed cleanly; a day unless given. */
  lifespanMs?: number
  /** A reader that takes nothing for this long is cut off; a minute unless given. */
  slowReaderMs?: number
  /** How many connections an account may hold; one more closes the oldest. 2 unless given. */
  connectionLimit?: number
  /** How often an account may connect before it gets 429; without it as often as it likes. */
  connectLimit?: ConnectLimit
  /** How much is still replayed; everything unless given. */
  retention?: Retention
  faults?: StreamFaultPlan
  /** The server's clock, which dates, retention and fault spans follow; heartbeats, rates and delays are always real. */
  clock?: { now(): number }
  /** New companies a minute; none unless given. */
  bornPerMinute?: number
  /** Other happenings a minute: changes of companies, republications, deletions; none unless given. */
  changesPerMinute?: number
  /** How long a new company's officers cannot be had; 20 s empty and 10 s missing unless given. */
  race?: OfficersRace
}

/** A running stand-in for the Companies House streaming API. */
export interface StreamSandbox extends AsyncDisposable, Publisher {
  readonly url: string
  readonly streamKey: string
  /** A copy of the counts so far. */
  readonly requests: StreamCounts
  /** The register as it really is. */
  readonly truth: World
  /** All that was published, stream by stream; here events can also be forgotten, and timepoints skipped. */
  readonly logs: Readonly<Record<StreamName, EventLog>>
  /** Forms a company and tells of it as the register does, step by step; returns it as it will be. */
  publishNewCompany(company?: NewCompany): SyntheticCompany
  setFaults(plan: StreamFaultPlan): void
  /** Ends every connection cleanly. */
  endConnections(): void
  close(): Promise<void>
}

const DAY_MS = 86_400_000
const DEFAULTS = { heartbeatMs: 30_000, lifespanMs: DAY_MS, slowReaderMs: 60_000, connectionLimit: 2 }
const DEFAULT_RACE: OfficersRace = { linkMs: 20_000, metricsMs: 10_000 }

/** Starts the stand-in on 127.0.0.1 unless told otherwise; it resolves when the server listens. */
export async function startStreamSandbox(options: StreamSandboxOptions): Promise<StreamSandbox> {
  const { world, port = 0, host = '127.0.0.1' } = options
  const { streamKey, logs, faults, service, publisher, births, background } = assemble(options)
  const server = createServer((request, response) => {
    // A rejection here is a bug of the sandbox, and ends the process as one.
    if (request.url?.startsWith(STREAM_ADMIN_PREFIX)) void serveStreamAdmin(sandbox, request, response)
    else void service.serve(request, response)
  })
  const listening = await listen(server, port, host)
  const stops = [
    births.stop,
    keepPace(options.bornPerMinute ?? 0, () => births.bear()),
    keepPace(options.changesPerMinute ?? 0, background),
  ]

  async function close(): Promise<void> {
    for (const stop of stops) stop()
    await stopListening(server)
    await service.over()
  }

  const sandbox: StreamSandbox = {
    ...publisher,
    url: `http://${host}:${listening}`,
    streamKey,
    truth: world,
    logs,
    get requests() {
      return service.counts()
    },
    publishNewCompany: births.bear,
    setFaults(plan) {
      faults.set(plan)
      service.rouse()
    },
    endConnections: service.endAll,
    close,
    [Symbol.asyncDispose]: close,
  }
  return sandbox
}

/** The parts of a sandbox, each with draws of its own, so that one's use does not shift another's. */
function assemble({ world, retention = {}, race = DEFAULT_RACE, ...options }: StreamSandboxOptions) {
  const now = () => options.clock?.now() ?? Date.now()
  const random = (purpose: string) => new Random(world.seed, hashText(`stream ${purpose}`))
  const ownKey = `stream-${mix(world.seed, hashText('stream key')).toString(16).padStart(8, '0')}`
  const { streamKey = ownKey } = options
  const faults = createStreamFaultSwitch(random('faults'), now)
  faults.set(options.faults ?? [])
  const logs = createLogs(retention, now)
  const settings = { ...DEFAULTS, ...options, streamKey, logs, faults, now }
  const service = createStreamService({ ...settings, random: random('wire') })
  const publisher = createPublisher({ ...settings, world, random: random('publishing'), published: service.rouse })
  const births = createBirths(world, publisher, random('births'), race)
  const background = createBackground(world, publisher, random('background'))
  return { streamKey, logs, faults, service, publisher, births, background }
}

function createLogs(retention: Retention, now: () => number): Record<StreamName, EventLog> {
  const logs = Object.entries(STREAMS).map(([name, first]) => [name, createEventLog(first, retention, now)])
  return Object.fromEntries(logs)
}

/** Where the stream's admin door is: it needs no key, counts nothing and suffers no fault. */
const STREAM_ADMIN_PREFIX = '/_sandbox/stream/'

const MOST_BORN = 10_000
const MOST_BURST = 10_000_000

/**
 * Lets other processes read the stream sandbox's counts and truth, and steer it: `GET requests`, `GET log?stream=` (where
 * it begins and ends), `GET events?stream=&from=&to=` (lines of JSON, all that was ever published), `POST faults` (a plan
 * as text), `POST born?count=`, `POST changed?company=`, `POST deleted?company=&data=false`, `POST burst?count=`,
 * `POST event` (a JSON event), `POST forget?before=`, `POST jump?count=`, `POST renumber?from=` and `POST end`.
 */
async function serveStreamAdmin(
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

const SHORTEST_TICK_MS = 20
const MINUTE_MS = 60_000

/** Does something `perMinute` times a minute of real time until it is stopped; 0 is never. Returns what stops it. */
function keepPace(perMinute: number, act: () => void): () => void {
  if (!(perMinute > 0)) return () => {}
  const startedMs = performance.now()
  let doneCount = 0
  const timer = setInterval(
    () => {
      const due = Math.floor(((performance.now() - startedMs) * perMinute) / MINUTE_MS)
      for (; doneCount < due; doneCount += 1) act()
    },
    Math.max(SHORTEST_TICK_MS, Math.floor(MINUTE_MS / perMinute)),
  )
  return () => clearInterval(timer)
}
