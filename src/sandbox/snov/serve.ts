import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { DEFAULT_SLOW_MS, pause } from '../kit/host.ts'
import type { RateWindow } from '../kit/rate-window.ts'
import { type Reply, send } from '../kit/replies.ts'
import type { SnovApi } from './api.ts'
import { alterReply, type SnovFaultSwitch, type SnovStruck } from './faults.ts'
import {
  type Params,
  readParams,
  refused,
  snovGatewayPage,
  snovProblem,
  snovUnauthorized,
  tooMany,
  unknownUrl,
} from './replies.ts'
import { type SnovRequestLog, type SnovRoute, snovRouteOf } from './requests.ts'
import { type Tasks, type Tokens, tokenOf } from './tasks.ts'

export interface SnovCallServer {
  api: SnovApi
  tokens: Tokens
  tasks: Tasks
  faults: SnovFaultSwitch
  rate: RateWindow
  log: SnovRequestLog
  now: () => number
}

/** What becomes of a call: a reply, a dead connection, or silence. */
type Outcome = Reply | 'reset' | 'silence'

/** Serves one call from its arrival to its answer. */
export async function serveSnovCall(
  server: SnovCallServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { log, now } = server
  const route = snovRouteOf(request.url ?? '/')
  const name = `${request.method} ${route.path}`
  log.arrived()
  const struck = server.faults.strike(route)
  const body = await buffer(request).catch(() => undefined)
  const params = body && (await readParams(route.query, request.headers['content-type'] ?? '', body))
  const outcome = params ? await outcomeOf(server, request, route, params, struck) : 'reset'
  if (outcome === 'silence') return log.answered(name, undefined)
  if (outcome === 'reset') {
    log.answered(name, undefined)
    request.socket.resetAndDestroy()
    return
  }
  log.answered(name, outcome.status)
  send(response, outcome, { Date: new Date(now()).toUTCString() }, struck)
}

async function outcomeOf(
  server: SnovCallServer,
  request: IncomingMessage,
  route: SnovRoute,
  params: Params,
  struck: SnovStruck,
): Promise<Outcome> {
  server.tasks.settleUnattended()
  const lost = await lostBefore(struck)
  if (lost) return lost
  const refusal = refusalOf(server, request, route, params, struck)
  if (refusal) return refusal
  const issued =
    route.operation === 'token' ? server.tokens.issue(params, () => struck.hits('one-token') !== undefined) : undefined
  // [B] a call counts when it is known whose it is, so neither a wrong client nor a bad token does.
  if (issued && issued.status !== 200) return issued
  const { allowed } = server.rate.take()
  if (allowed) server.log.counted()
  if (!allowed || struck.hits('429')) return tooMany()
  const reply = trouble(struck) ?? issued ?? server.api(route, params, struck)
  return (await lostAfter(struck)) ?? alterReply(reply, struck, route)
}

/** What strikes before anything is done. */
async function lostBefore(struck: SnovStruck): Promise<Outcome | undefined> {
  if (struck.hits('reset')) return 'reset'
  if (struck.hits('hang')) return 'silence'
  for (const status of [502, 504] as const) {
    const hit = struck.hits(`${status}`)
    if (!hit) continue
    await pause(hit.delayMs)
    return snovGatewayPage(status)
  }
  return undefined
}

/** What strikes when the call has been carried out: its effect stays, its answer is lost. */
async function lostAfter(struck: SnovStruck): Promise<Outcome | undefined> {
  const slow = struck.hits('slow')
  if (slow) await pause(slow.delayMs || DEFAULT_SLOW_MS)
  if (struck.hits('reset-after')) return 'reset'
  if (struck.hits('hang-after')) return 'silence'
  const late = struck.hits('504-after')
  if (!late) return undefined
  await pause(late.delayMs)
  return snovGatewayPage(504)
}

function refusalOf(
  { tokens }: SnovCallServer,
  { method, headers }: IncomingMessage,
  { operation, method: expected }: SnovRoute,
  params: Params,
  struck: SnovStruck,
): Reply | undefined {
  // Probed without a token: an unknown path is told before authorisation (facts 6.5).
  if (expected === undefined) return unknownUrl()
  // [B] the body of a 405.
  if (method !== expected) return snovProblem(405, 'Method not allowed')
  if (operation === 'token') return undefined
  return tokens.isGood(tokenOf(headers.authorization, params)) && !struck.hits('401') ? undefined : snovUnauthorized()
}

/** Refusals of good calls; [B] the bodies of 403 and 500. */
function trouble(struck: SnovStruck): Reply | undefined {
  if (struck.hits('403')) return snovProblem(403, 'Access denied')
  if (struck.hits('500')) return snovProblem(500, 'Internal server error')
  return struck.hits('400') ? refused() : undefined
}
