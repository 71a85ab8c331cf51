// A line of the log and a count for each request, when its answer has gone out or the client has left.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { clientAddress, type TrustedProxies } from './client-address.ts'
import { factsOf } from './guard.ts'
import type { HttpMetrics } from './http-metrics.ts'

export interface AccessLogOptions {
  clock: Clock
  log: Log
  counts: HttpMetrics
  trustedProxies: TrustedProxies
  trialToken: string | undefined
}

/** Notes a request. Neither its query nor any token is in the log. */
export function observe(request: IncomingMessage, response: ServerResponse, options: AccessLogOptions): void {
  const { clock, log, counts, trustedProxies, trialToken } = options
  const begun = clock.steady()
  const path = loggedPath(request.url ?? '', trialToken)
  const client = clientAddress(request, trustedProxies)
  counts.begin()
  response.once('close', () => {
    const ms = clock.steady() - begun
    const { route, token } = factsOf(request)
    const { method = '' } = request
    const status = response.statusCode
    const aborted = response.writableFinished ? undefined : true
    log.info('request', { method, path, status, ms, client, token: token ?? undefined, aborted })
    counts.end({ route, method, status, seconds: ms / 1000 })
  })
}

const PATH_SHOWN = 200
/** What is shown may be a token's beginning, and its end lies here, even if each character is encoded. */
const PATH_READ = 1000
/** No part of a path that is served is longer; a token that somebody has put there is. */
const PART_SHOWN = 20

/** The path of a request, without parts that may be a token. */
export function loggedPath(url: string, trialToken: string | undefined): string {
  const path = url.split(/[?#]/)[0] ?? ''
  if (trialToken !== undefined && decoded(path.slice(0, PATH_READ)).includes(trialToken)) return '/***'
  const parts = path.split('/').map((part) => (part.length > PART_SHOWN ? '***' : part))
  return parts.join('/').slice(0, PATH_SHOWN)
}

/** Percent-encoding taken off, also where it was put on several times. */
function decoded(path: string): string {
  let [text, before] = [path, '']
  while (text !== before) {
    before = text
    text = text.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
  return text
}
