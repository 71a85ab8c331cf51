import type { ServerResponse } from 'node:http'
import type { Random } from '../world/random.ts'
import { type Struck, UNSTRUCK } from './faults.ts'

/** An answer before it is put on the wire. */
export interface Reply {
  status: number
  headers?: Record<string, string>
  /** A JSON answer; faults may alter it before it is written. */
  json?: unknown
  /** An answer as plain text. */
  text?: string
}

/** As the Java services write it: nothing at all (facts 1.3). */
export function empty(status: number): Reply {
  return { status }
}

/** A JSON answer. */
export function json(value: unknown, status = 200): Reply {
  return { status, json: value }
}

/** A sentence. That it is sent as text/plain is [B]. */
export function sentence(status: number, text: string): Reply {
  return { status, text, headers: { 'Content-Type': 'text/plain;charset=UTF-8' } }
}

/** Neither a missing nor a wrong key gets the rate headers [B]: both are turned away before any count. */
export function unauthorized(problem: 'Invalid Authorization' | 'Empty Authorization header'): Reply {
  return {
    status: 401,
    json: { error: problem, type: 'ch:service' },
    headers: {
      'Ch-Authentication-Error': problem,
      'Www-Authenticate': 'Invalid or no Authorisation header has been provided',
    },
  }
}

/** What a company number of more than 8 characters gets, and what the `500` fault sends. */
export function internalError(random: Random): Reply {
  return json({ exception_id: random.id(12).toLowerCase().replace(/[-_]/g, 'x'), error: 'Internal server error' }, 500)
}

/** Unknown company, since February 2025; the timestamp has nine decimals and no zone. */
export function unknownCompany(number: string, nowMs: number, random: Random): Reply {
  const nanos = String(random.below(1_000_000)).padStart(6, '0')
  return json(
    {
      timestamp: `${new Date(nowMs).toISOString().slice(0, -1)}${nanos}`,
      message: `404 NOT_FOUND "Resource not found for company profile ${number}"`,
      request_id: random.id(28),
    },
    404,
  )
}

/** Unknown company, before. */
export function unknownCompanyLegacy(): Reply {
  return json({ errors: [{ type: 'ch:service', error: 'company-profile-not-found' }] }, 404)
}

/** Spring's own 404. The recording's timestamp is a date only. */
export function springNotFound(path: string, nowMs: number): Reply {
  return json({ timestamp: new Date(nowMs).toISOString().slice(0, 10), status: 404, error: 'Not Found', path }, 404)
}

const GATEWAY_TEXTS: Record<number, readonly [string, string]> = {
  502: ['502 Bad Gateway', 'The server returned an invalid or incomplete response.'],
  503: ['503 Service Unavailable', 'No server is available to handle this request.'],
  504: ['504 Gateway Time-out', "The server didn't respond in time."],
}

/** HAProxy's own page: the API behind it has not seen the call. */
export function gatewayPage(status: 502 | 503 | 504): Reply {
  const [title, text] = GATEWAY_TEXTS[status] ?? ['', '']
  return {
    status,
    text: `<html><body><h1>${title}</h1>\n${text}\n</body></html>\n`,
    headers: { 'Content-Type': 'text/html', 'Cache-Control': 'no-cache' },
  }
}

/** What every answer of the API itself carries (recorded 2020, facts 1.1). */
export const API_HEADERS: Record<string, string> = {
  'Cache-Control': 'no-store, no-cache, must-revalidate, post-check=0, pre-check=0',
  Pragma: 'no-cache',
  Server: 'CompaniesHouse',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers':
    'X-RateLimit-Window, X-RateLimit-Limit, X-RateLimit-Remain, X-RateLimit-Reset, Location',
  'Access-Control-Max-Age': '3600',
}

/** What is not the service's own, with no content for a 204. */
export function strangePage(status: number): Reply {
  if (status === 204) return { status }
  const location = status === 302 ? { Location: '/sign-in' } : {}
  const text = `<html><body><h1>${status}</h1>\nThis page is not available.\n</body></html>\n`
  return { status, text, headers: { 'Content-Type': 'text/html', ...location } }
}

const GARBAGE = '\u0000\u0001not json at all <<<'
const WEB_PAGE =
  '<!DOCTYPE html>\n<html><head><title>Sorry</title></head><body>Sorry, there is a problem.</body></html>\n'

const SPOILERS = ['reset-mid-body', 'truncated', 'garbage', 'html'] as const

/** Puts a reply on the wire, spoilt by the faults that make a good answer unreadable. */
export function send(
  response: ServerResponse,
  reply: Reply,
  headers: Record<string, string> = {},
  struck: Struck<(typeof SPOILERS)[number]> = UNSTRUCK,
): void {
  const spoiler = reply.status === 200 ? SPOILERS.find((name) => struck.hits(name)) : undefined
  const whole = reply.json === undefined ? (reply.text ?? '') : JSON.stringify(reply.json)
  const body = spoiler === 'garbage' ? GARBAGE : spoiler === 'html' ? WEB_PAGE : whole
  const bytes = Buffer.from(spoiler === 'truncated' ? halfOf(body) : body)
  response.writeHead(reply.status, {
    ...(reply.json === undefined ? {} : { 'Content-Type': spoiler === 'html' ? 'text/html' : 'application/json' }),
    ...headers,
    ...reply.headers,
    'Content-Length': String(bytes.length),
  })
  if (spoiler !== 'reset-mid-body') response.end(bytes)
  else response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.socket?.resetAndDestroy())
}

function halfOf(text: string): string {
  return text.slice(0, Math.floor(text.length / 2))
}
