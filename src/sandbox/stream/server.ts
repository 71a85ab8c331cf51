import { DAY_MS, MINUTE_MS } from '../../clock.ts'
import { ChpipeError } from '../../errors.ts'
import { type AdminActions, type AdminRequest, faultsAction, wholeNumber } from '../kit/admin.ts'
import { startHost } from '../kit/host.ts'
import { empty, json, type Reply } from '../kit/replies.ts'
import { hashText, keyOf, Random } from '../world/random.ts'
import type { SyntheticCompany } from '../world/shapes.ts'
import type { World } from '../world/world.ts'
import { createBackground, createBirths, type NewCompany, type OfficersRace } from './births.ts'
import type { ConnectLimit, StreamRequestCounts } from './connection.ts'
import {
  createEventLog,
  type EventLog,
  eventText,
  isStream,
  type Retention,
  type SandboxStreamName,
  STREAMS,
} from './event-log.ts'
import { createStreamFaultSwitch, parseStreamFaults, type StreamFaultPlan } from './faults.ts'
import {
  createOfficerBackground,
  createOfficerHappenings,
  type DeletedForm,
  type OfficerHappenings,
} from './officers.ts'
import { createPscBackground, createPscHappenings, type PscHappenings, pscActions } from './pscs.ts'
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
  /** Happenings to officers a minute: appointments, resignations, merges, deletions; none unless given. */
  officerChangesPerMinute?: number
  /** Happenings to those who control companies a minute: notifications, changes, ends, deletions; none unless given. */
  pscChangesPerMinute?: number
  /** How long a new company's officers cannot be had; 20 s empty and 10 s missing unless given. */
  race?: OfficersRace
}

/** A running stand-in for the Companies House streaming API. */
export interface StreamSandbox extends AsyncDisposable, Publisher, OfficerHappenings, PscHappenings {
  readonly url: string
  readonly streamKey: string
  /** A copy of the counts so far. */
  readonly requests: StreamRequestCounts
  /** The register as it really is. */
  readonly truth: World
  /** All that was published, stream by stream; here events can also be forgotten, and timepoints skipped. */
  readonly logs: Readonly<Record<SandboxStreamName, EventLog>>
  /** Forms a company and reports it as the register does, step by step; returns it as it will be. */
  publishNewCompany(company?: NewCompany): SyntheticCompany
  setFaults(plan: StreamFaultPlan): void
  /** Ends every connection cleanly. */
  endConnections(): void
  close(): Promise<void>
}

const DEFAULTS = { heartbeatMs: 30_000, lifespanMs: DAY_MS, slowReaderMs: 60_000, connectionLimit: 2 }
const DEFAULT_RACE: OfficersRace = { linkMs: 20_000, metricsMs: 10_000 }

/** Starts the stand-in on 127.0.0.1 unless told otherwise; it resolves when the server listens. */
export async function startStreamSandbox(options: StreamSandboxOptions): Promise<StreamSandbox> {
  const { world, port, host } = options
  const { streamKey, logs, faults, service, publisher, births, officers, pscs, ...backgrounds } = assemble(options)
  let url = ''
  let stop = async () => {}
  const close = () => stop()
  const sandbox: StreamSandbox = {
    ...publisher,
    ...officers,
    ...pscs,
    get url() {
      return url
    },
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
  const door = { prefix: '/_sandbox/stream/', actions: adminActions(sandbox) }
  const listening = await startHost({ port, host }, door, service.serve)
  url = listening.url
  const paces = [
    births.stop,
    keepPace(options.bornPerMinute ?? 0, () => births.bear()),
    keepPace(options.changesPerMinute ?? 0, backgrounds.background),
    keepPace(options.officerChangesPerMinute ?? 0, backgrounds.officerBackground),
    keepPace(options.pscChangesPerMinute ?? 0, backgrounds.pscBackground),
  ]

  stop = async () => {
    for (const end of paces) end()
    await listening.close()
    await service.over()
  }
  return sandbox
}

/** The parts of a sandbox, each with draws of its own, so that one's use does not shift another's. */
function assemble({ world, retention = {}, race = DEFAULT_RACE, ...options }: StreamSandboxOptions) {
  const now = () => options.clock?.now() ?? Date.now()
  const random = (purpose: string) => new Random(world.seed, hashText(`stream ${purpose}`))
  const ownKey = `stream-${keyOf(world.seed, 'stream key')}`
  const { streamKey = ownKey } = options
  const faults = createStreamFaultSwitch(random('faults'), now)
  faults.set(options.faults ?? [])
  const logs = createLogs(retention, now)
  const settings = { ...DEFAULTS, ...options, streamKey, logs, faults, now }
  const service = createStreamService({ ...settings, random: random('wire') })
  const publisher = createPublisher({ ...settings, world, random: random('publishing'), published: service.rouse })
  const births = createBirths(world, publisher, random('births'), race)
  const background = createBackground(world, publisher, random('background'))
  const officers = createOfficerHappenings(world, publisher, random('officers'))
  const officerBackground = createOfficerBackground(world, officers, random('officer background'))
  const pscs = createPscHappenings(world, publisher, random('pscs'), now)
  const pscBackground = createPscBackground(world, pscs, random('psc background'))
  const happenings = { births, officers, pscs, background, officerBackground, pscBackground }
  return { streamKey, logs, faults, service, publisher, ...happenings }
}

function createLogs(retention: Retention, now: () => number): Record<SandboxStreamName, EventLog> {
  const logs = Object.entries(STREAMS).map(([name, first]) => [name, createEventLog(first, retention, now)])
  return Object.fromEntries(logs)
}

const MOST_BORN = 10_000
const MOST_BURST = 10_000_000

/**
 * `GET requests`, `GET log?stream=` (where it begins and ends), `GET events?stream=&from=&to=` (lines of JSON, all that was
 * ever published), `POST faults` (a plan as text), `POST born?count=`, `POST changed?company=`,
 * `POST deleted?company=&data=false`, `POST appointed?company=`, `POST officer-changed?company=&appointment=`,
 * `POST officer-merged?company=&appointment=`, `POST officer-deleted?company=&appointment=&form=`, `POST psc-notified?company=&super-secure=true`,
 * `POST psc-changed?company=&psc=`, `POST psc-ceased?company=&psc=`, `POST psc-deleted?company=&psc=&data=false`,
 * `POST burst?count=`, `POST event` (a JSON event), `POST forget?before=`,
 * `POST jump?count=`, `POST renumber?from=` and `POST end`.
 */
function adminActions(sandbox: StreamSandbox): AdminActions {
  const logOf = ({ query }: AdminRequest) => {
    const name = query.get('stream') ?? 'companies'
    if (!isStream(name)) throw new ChpipeError('usage', `There is no stream "${name}".`)
    return sandbox.logs[name]
  }
  const companyOf = ({ query }: AdminRequest) => {
    const number = query.get('company') ?? ''
    if (!sandbox.truth.company(number)) throw new ChpipeError('usage', `There is no company "${number}".`)
    return number
  }
  return {
    'GET requests': () => json(sandbox.requests),
    'GET log': (request) => {
      const { floor, next } = logOf(request)
      return json({ floor, next })
    },
    'GET events': (request) => ({ lines: lines(logOf(request), whole(request, 'from'), whole(request, 'to')) }),
    ...faultsAction(parseStreamFaults, sandbox.setFaults),
    'POST born': (request) => {
      const count = Math.min(whole(request, 'count') ?? 1, MOST_BORN)
      return json(Array.from({ length: count }, () => sandbox.publishNewCompany().company_number))
    },
    'POST changed': (request) => json({ timepoint: sandbox.changeCompany(companyOf(request)) }),
    'POST deleted': (request) =>
      json({ timepoint: sandbox.deleteCompany(companyOf(request), request.query.get('data') !== 'false') }),
    ...officerActions(sandbox, companyOf),
    ...pscActions(sandbox, companyOf),
    'POST burst': (request) => json({ timepoint: sandbox.burst(Math.min(whole(request, 'count') ?? 1, MOST_BURST)) }),
    'POST event': ({ body }) => json({ timepoint: sandbox.publish(readEvent(body)) }),
    'POST forget': (request) => done(() => logOf(request).forget(whole(request, 'before') ?? logOf(request).next)),
    'POST jump': (request) => done(() => logOf(request).jump(whole(request, 'count') ?? 1)),
    'POST renumber': (request) => done(() => logOf(request).renumber(whole(request, 'from') ?? 1)),
    'POST end': () => done(sandbox.endConnections),
  }
}

/** The first appointment of the company, unless another is named; it is deleted in one of three forms. */
function officerActions(sandbox: StreamSandbox, companyOf: (request: AdminRequest) => string): AdminActions {
  const appointmentOf = (request: AdminRequest): [number: string, appointmentId: string] => {
    const number = companyOf(request)
    const ids = sandbox.truth.officers(number).map(({ appointmentId }) => appointmentId)
    const [id = ids[0] ?? ''] = request.query.getAll('appointment')
    if (!ids.includes(id)) throw new ChpipeError('usage', `There is no appointment "${id}" in ${number}.`)
    return [number, id]
  }
  const formOf = ({ query }: AdminRequest): DeletedForm => {
    const form = query.get('form') ?? 'data'
    if (form === 'data' || form === 'link' || form === 'none') return form
    throw new ChpipeError('usage', `A deleted event has the form data, link or none, not "${form}".`)
  }
  return {
    'POST appointed': (request) => json({ appointment: sandbox.appointOfficer(companyOf(request)).appointmentId }),
    'POST officer-changed': (request) => json({ timepoint: sandbox.changeOfficer(...appointmentOf(request)) }),
    'POST officer-merged': (request) => json({ timepoint: sandbox.mergeOfficer(...appointmentOf(request)) }),
    'POST officer-deleted': (request) =>
      json({ timepoint: sandbox.deleteOfficer(...appointmentOf(request), formOf(request)) }),
  }
}

function done(act: () => void): Reply {
  act()
  return empty(204)
}

function* lines(log: EventLog, from: number | undefined, to: number | undefined): Generator<string> {
  for (const event of log.events(from, to)) yield `${eventText(event)}\n`
}

function whole({ query }: AdminRequest, name: string): number | undefined {
  return query.has(name) ? wholeNumber(query, name, /^\d{1,15}$/) : undefined
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
