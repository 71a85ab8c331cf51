import type { IncomingMessage } from 'node:http'
import { empty, gatewayPage, type Reply, sentence, unauthorized } from '../replies.ts'
import type { EventLog } from './event-log.ts'
import type { Struck } from './fault-switch.ts'
import { isStream, type StreamName } from './paths.ts'

/** A request that is let in, and where it wants to start. */
export interface Admitted {
  stream: StreamName
  /** Undefined: live only. */
  timepoint: number | undefined
}

export interface Gate {
  streamKey: string
  logs: Readonly<Record<StreamName, EventLog>>
  /** Notes a connection, and says whether the account connects too often. */
  connectsTooOften(): boolean
}

/** What a request for a stream gets: the stream, or the reply that turns it away (facts 3.2). */
export function admit(gate: Gate, request: IncomingMessage, struck: Struck): Admitted | Reply {
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
function refusal({ headers }: IncomingMessage, streamKey: string, struck: Struck): Reply | undefined {
  const { authorization } = headers
  if (authorization === undefined) return unauthorized('Empty Authorization header')
  const [scheme = '', credentials = ''] = authorization.split(' ')
  const [user] = Buffer.from(credentials, 'base64').toString('utf8').split(':')
  const wrong = scheme.toLowerCase() !== 'basic' || user !== streamKey
  return wrong || struck.hits('401') ? unauthorized('Invalid Authorization') : undefined
}

/** What stands in front of the service, and how long the caller waits for it. */
export function gatewayFault(struck: Struck): { reply: Reply; delayMs: number } | undefined {
  for (const status of [502, 503, 504] as const) {
    const hit = struck.hits(`${status}`)
    if (hit) return { reply: gatewayPage(status), delayMs: hit.delayMs ?? 0 }
  }
  const outage = struck.hits('outage')
  return outage && { reply: gatewayPage(503), delayMs: outage.delayMs ?? 0 }
}
