import type { IncomingMessage, ServerResponse } from 'node:http'
import { countUnder, statusName } from '../kit/counts.ts'
import { pause } from '../kit/host.ts'
import { empty, gatewayPage, type Reply, send, sentence, unauthorized } from '../kit/replies.ts'
import type { Random } from '../world/random.ts'
import {
  type Connection,
  type ConnectLimit,
  createConnectPace,
  emptyCounts,
  openConnection,
  type StreamRequestCounts,
} from './connection.ts'
import { createDelivery } from './delivery.ts'
import { type EventLog, isStream, type SandboxStreamName } from './event-log.ts'
import type { StreamFaultSwitch, StreamStruck } from './faults.ts'

export interface StreamServiceOptions {
  streamKey: string
  logs: Readonly<Record<SandboxStreamName, EventLog>>
  faults: StreamFaultSwitch
  random: Random
  now: () => number
  heartbeatMs: number
  lifespanMs: number
  slowReaderMs: number
  connectionLimit: number
  connectLimit?: ConnectLimit | undefined
}

/** Serves requests for streams from their arrival to the end of their connections. */
export interface StreamService {
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** To be called when something was published, or faults changed. */
  rouse(): void
  endAll(): void
  /** Resolves when no connection is left. */
  over(): Promise<void>
  counts(): StreamRequestCounts
}

const LOSS_WINDOW_MS = 300

/** What Go's sniffing makes of the first byte [B]. */
const CONTENT_TYPE = 'text/plain; charset=utf-8'

/** Makes the service of one account's streams. */
export function createStreamService(options: StreamServiceOptions): StreamService {
  const { faults, now } = options
  const counts = emptyCounts(faults.spent)
  const connections = createRoom(options.connectionLimit, counts)
  const gate = { ...options, connectsTooOften: createConnectPace(options.connectLimit, now) }

  function refuse(response: ServerResponse, reply: Reply): void {
    countUnder(counts.byStatus, statusName(reply.status))
    send(response, reply, { Date: new Date(now()).toUTCString() })
  }

  return {
    async serve(request, response) {
      counts.connections += 1
      countUnder(counts.byTimepoint, askedTimepoint(request))
      const struck = faults.strike(undefined)
      const reset = struck.hits('reset')
      if (reset || struck.hits('hang')) {
        countUnder(counts.byStatus, statusName(undefined))
        if (reset) request.socket.resetAndDestroy()
        return
      }
      const gateway = gatewayFault(struck)
      if (gateway) {
        await pause(gateway.delayMs)
        return refuse(response, gateway.reply)
      }
      const admitted = admit(gate, request, struck)
      if ('status' in admitted) return refuse(response, admitted)
      countUnder(counts.byStatus, '200')
      connections.add(() => connect(options, counts, response, admitted, struck))
    },
    rouse: () => connections.each((connection) => connection.rouse()),
    endAll: () => connections.each((connection) => connection.end()),
    over: connections.over,
    counts: () => structuredClone(counts),
  }
}

/** Starts to serve a stream to a reader who was let in. */
function connect(
  options: StreamServiceOptions,
  counts: StreamRequestCounts,
  response: ServerResponse,
  { stream, timepoint }: Admitted,
  struck: StreamStruck,
): Connection {
  const log = options.logs[stream]
  const loss = timepoint === undefined ? undefined : struck.hits('loss-window')
  const lossWindow = loss && { from: log.next, ms: loss.delayMs ?? LOSS_WINDOW_MS }
  // Written without being flushed: the head leaves with the first event or heartbeat (facts 3.4).
  response.writeHead(200, { 'Content-Type': CONTENT_TYPE, Date: new Date(options.now()).toUTCString() })
  if (struck.hits('early-headers')) response.flushHeaders()
  const reader = log.read(timepoint ?? log.next)
  return openConnection({ ...options, response, counts, delivery: createDelivery({ ...options, reader, lossWindow }) })
}

function askedTimepoint({ url = '/' }: IncomingMessage): string {
  return new URL(url, 'http://sandbox').searchParams.get('timepoint') || 'live'
}

/** A request that is let in, and where it wants to start. */
interface Admitted {
  stream: SandboxStreamName
  /** Undefined: live only. */
  timepoint: number | undefined
}

export interface Gate {
  streamKey: string
  logs: Readonly<Record<SandboxStreamName, EventLog>>
  /** Notes a connection, and says whether the account connects too often. */
  connectsTooOften(): boolean
}

/** What a request for a stream gets: the stream, or the reply that turns it away (facts 3.2). */
function admit(gate: Gate, request: IncomingMessage, struck: StreamStruck): Admitted | Reply {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sandbox')
  const refused = refusal(request, gate.streamKey, struck)
  if (refused) return refused
  const stream = pathname.slice(1)
  // [B] Go's own answer to a path that it does not serve.
  if (!isStream(stream)) return sentence(404, '404 page not found\n')
  if (gate.connectsTooOften() || struck.hits('429')) return empty(429)
  const asked = searchParams.get('timepoint') ?? ''
  if (asked === '') return { stream, timepoint: undefined }
  if (!/^\d+$/.test(asked)) return empty(400)
  const timepoint = Number(asked)
  const { floor, next } = gate.logs[stream]
  // Documented for one that is too old or invalid (facts 3.2); that one from the future is among these is [B].
  return timepoint < floor || timepoint > next || struck.hits('416') ? empty(416) : { stream, timepoint }
}

/** HTTP Basic with the stream key as user name; a REST key is as wrong as any other. */
function refusal({ headers }: IncomingMessage, streamKey: string, struck: StreamStruck): Reply | undefined {
  const { authorization } = headers
  if (authorization === undefined) return unauthorized('Empty Authorization header')
  const [scheme = '', credentials = ''] = authorization.split(' ')
  const [user] = Buffer.from(credentials, 'base64').toString('utf8').split(':')
  const wrong = scheme.toLowerCase() !== 'basic' || user !== streamKey
  return wrong || struck.hits('401') ? unauthorized('Invalid Authorization') : undefined
}

/** What stands in front of the service, and how long the caller waits for it. */
function gatewayFault(struck: StreamStruck): { reply: Reply; delayMs: number | undefined } | undefined {
  for (const status of [502, 503, 504] as const) {
    const hit = struck.hits(`${status}`)
    if (hit) return { reply: gatewayPage(status), delayMs: hit.delayMs }
  }
  const outage = struck.hits('outage')
  return outage && { reply: gatewayPage(503), delayMs: outage.delayMs }
}

/** The connections of one account. */
export interface ConnectionRoom {
  /** Makes room for one more, then opens it. */
  add(open: () => Connection): void
  each(act: (connection: Connection) => void): void
  /** Resolves when no connection is left. */
  over(): Promise<void>
}

/** Holds up to `limit` connections: one more closes the oldest (facts 3.3). Keeps the counts of open and kicked ones. */
function createRoom(limit: number, counts: StreamRequestCounts): ConnectionRoom {
  const connections = new Set<Connection>()

  function leave(connection: Connection): void {
    if (connections.delete(connection)) counts.open -= 1
  }

  return {
    add(open) {
      for (const oldest of [...connections].slice(0, Math.max(0, connections.size + 1 - limit))) {
        counts.kicked += 1
        leave(oldest)
        oldest.end()
      }
      const connection = open()
      connections.add(connection)
      counts.open += 1
      counts.openPeak = Math.max(counts.openPeak, counts.open)
      void connection.over.finally(() => leave(connection))
    },
    each: (act) => connections.forEach(act),
    async over() {
      await Promise.all([...connections].map((connection) => connection.over))
    },
  }
}
