import type { IncomingMessage, ServerResponse } from 'node:http'
import { DEFAULT_SLOW_MS, pause } from '../kit/host.ts'
import { type RateWindow, rateHeaders } from '../kit/rate-window.ts'
import {
  API_HEADERS,
  empty,
  gatewayPage,
  internalError,
  type Reply,
  send,
  strangePage,
  unauthorized,
} from '../kit/replies.ts'
import type { Random } from '../world/random.ts'
import type { SandboxApi } from './api.ts'
import { alterPayload, type RestFaultSwitch, type RestStruck } from './faults.ts'
import { type RequestLog, type Route, routeOf } from './requests.ts'

/** Answers of whatever may stand between a client and the service: a proxy, a firewall, a maintenance page. */
const STRANGE = ['204', '302', '400', '410', '451', 'html404'] as const

export interface CallServer {
  api: SandboxApi
  apiKey: string
  faults: RestFaultSwitch
  rate: RateWindow
  windowMs: number
  log: RequestLog
  /** How long every call takes; it is counted half-way. */
  latencyMs: number
  random: Random
  now: () => number
}

/** Serves one call from its arrival to its answer, through gateway, authorisation, allowance and API, in that order. */
export async function serveCall(server: CallServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { log, latencyMs, now } = server
  const route = routeOf(request.url ?? '/')
  log.arrived(route.kind, route.companyNumber)
  const struck = server.faults.strike(route.companyNumber)
  if (struck.hits('reset')) {
    log.answered(undefined)
    request.socket.resetAndDestroy()
    return
  }
  await pause(latencyMs / 2)
  const reply =
    (await gatewayReply(struck)) ?? refusal(request, server.apiKey) ?? (await countedReply(server, route, struck))
  if (reply === 'none') return log.answered(undefined)
  await pause(latencyMs / 2)
  log.answered(reply.status)
  send(response, reply, { Date: new Date(now()).toUTCString() }, struck)
}

/** What stands in front of the API. These calls do not reach it, so they use up none of the allowance. */
async function gatewayReply(struck: RestStruck): Promise<Reply | undefined> {
  for (const status of [502, 503, 504] as const) {
    const hit = struck.hits(`${status}`)
    if (!hit) continue
    await pause(hit.delayMs)
    return gatewayPage(status)
  }
  const outage = struck.hits('outage')
  if (outage) {
    await pause(outage.delayMs)
    return gatewayPage(503)
  }
  const strange = STRANGE.find((name) => struck.hits(name))
  if (strange) return strangePage(strange === 'html404' ? 404 : Number(strange))
  // [B] the body of the per-IP 403 is not known.
  return struck.hits('403') ? { status: 403, headers: API_HEADERS } : undefined
}

/** HTTP Basic with the key as user name and no password. A key may only read: [C] for 403, [B] for its empty body. */
function refusal({ headers, method }: IncomingMessage, apiKey: string): Reply | undefined {
  const { authorization } = headers
  if (authorization === undefined) return unauthorized('Empty Authorization header')
  const [scheme = '', credentials = ''] = authorization.split(' ')
  const [user] = Buffer.from(credentials, 'base64').toString('utf8').split(':')
  if (scheme.toLowerCase() !== 'basic' || user !== apiKey) return unauthorized('Invalid Authorization')
  return method === 'GET' || method === 'HEAD' ? undefined : empty(403)
}

/** An authorised call is counted when it reaches the API, whatever becomes of it then; `none` is no answer ever. */
async function countedReply(server: CallServer, route: Route, struck: RestStruck): Promise<Reply | 'none'> {
  const { rate, windowMs, log, random } = server
  const state = rate.take()
  const headers = { ...API_HEADERS, ...(struck.hits('no-rate-headers') ? {} : rateHeaders(state, windowMs)) }
  if (state.allowed) log.counted()
  // [B] a 429 carries the same headers, no body and no Retry-After.
  if (!state.allowed || struck.hits('429')) return { status: 429, headers }
  if (struck.hits('hang')) return 'none'
  const slow = struck.hits('slow')
  if (slow) await pause(slow.delayMs || DEFAULT_SLOW_MS)
  const reply = struck.hits('500') ? internalError(random) : await server.api(route, struck)
  const json = reply.status === 200 ? alterPayload(reply.json, struck, route) : reply.json
  return { ...reply, ...(json === undefined ? {} : { json }), headers: { ...headers, ...reply.headers } }
}
