import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../random.ts'
import type { Reply } from '../replies.ts'
import { send, UNSPOILT } from '../wire.ts'
import { type Admitted, admit, gatewayFault } from './admission.ts'
import { type ConnectLimit, createConnectPace } from './connect-pace.ts'
import { type Connection, openConnection } from './connection.ts'
import { createRoom } from './connection-room.ts'
import { createDelivery } from './delivery.ts'
import type { EventLog } from './event-log.ts'
import type { StreamFaultSwitch, Struck } from './fault-switch.ts'
import type { StreamName } from './paths.ts'
import { countUnder, emptyCounts, type StreamCounts } from './stream-counts.ts'

export interface StreamServiceOptions {
  streamKey: string
  logs: Readonly<Record<StreamName, EventLog>>
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
  counts(): StreamCounts
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
    countUnder(counts.byStatus, String(reply.status))
    send(response, reply, { Date: new Date(now()).toUTCString() }, UNSPOILT)
  }

  return {
    async serve(request, response) {
      counts.connections += 1
      countUnder(counts.byTimepoint, askedTimepoint(request))
      response.sendDate = false
      const struck = faults.strike()
      const reset = struck.hits('reset')
      if (reset || struck.hits('hang')) {
        countUnder(counts.byStatus, 'none')
        if (reset) request.socket.resetAndDestroy()
        return
      }
      const gateway = gatewayFault(struck)
      if (gateway) {
        await delay(gateway.delayMs)
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
  counts: StreamCounts,
  response: ServerResponse,
  { stream, timepoint }: Admitted,
  struck: Struck,
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
