import { createServer } from 'node:http'
import { listen, stopListening } from '../listen.ts'
import { hashText, mix, Random } from '../random.ts'
import type { SyntheticCompany } from '../shapes.ts'
import type { World } from '../world.ts'
import { STREAM_ADMIN_PREFIX, serveStreamAdmin } from './admin.ts'
import { createBackground } from './background.ts'
import { createBirths, type NewCompany, type OfficersRace } from './births.ts'
import type { ConnectLimit } from './connect-pace.ts'
import { createEventLog, type EventLog, type Retention } from './event-log.ts'
import type { StreamFaultPlan } from './fault-plan.ts'
import { createStreamFaultSwitch } from './fault-switch.ts'
import { keepPace } from './pace.ts'
import { STREAMS, type StreamName } from './paths.ts'
import { createPublisher, type Publisher } from './publisher.ts'
import { createStreamService } from './service.ts'
import type { StreamCounts } from './stream-counts.ts'

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
