// What every request passes before its endpoint: does the path exist, the method, no body, a token, room for it.
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import type { MiddlewareHandler } from 'hono'
import { findValidToken, type TokenScope, tokenHash } from '../db/api-tokens.ts'
import type { ServedDatabase } from '../db/served-database.ts'
import { createGuessLock, createLimiter, type GuessLock } from './limiter.ts'
import { Problem } from './problem.ts'
import { routes, scopeOf } from './routes.ts'

/** What is known of a request, for the log and the metrics. */
export interface Facts {
  /** The path of the endpoint with its parameters, or `other`. */
  route: string
  /** The name of the token; null without a valid one. */
  token: string | null
}

const facts = new WeakMap<IncomingMessage, Facts>()

/** What has become known of a request so far. */
export function factsOf(request: IncomingMessage): Facts {
  const known = facts.get(request) ?? { route: 'other', token: null }
  facts.set(request, known)
  return known
}

export interface GuardOptions {
  database: ServedDatabase
  /** A token that is valid besides the stored ones. */
  trialToken: string | undefined
  limitPerMinute: number
  steady(): number
}

const endpoints = routes.map(({ path, security }) => ({
  path,
  open: security?.length === 0,
  scope: scopeOf(path),
  pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
}))

const CHALLENGE = 'Bearer realm="chpipe"'

/** Refuses what needs no endpoint to refuse it. Throws the problem. */
export function guard(options: GuardOptions): MiddlewareHandler<{ Bindings: HttpBindings }> {
  const grant = createLimiter(options.limitPerMinute, options.steady)
  const guesses = createGuessLock(MAX_GUESSES, options.steady)
  return async (c, next) => {
    const own = factsOf(c.env.incoming)
    const endpoint = endpoints.find(({ pattern }) => pattern.test(c.req.path))
    if (!endpoint) throw new Problem(404, { detail: 'There is no such path; see /openapi.json' })
    own.route = endpoint.path
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
      throw new Problem(405, {
        detail: 'Only GET and HEAD are there',
        headers: { Allow: 'GET, HEAD', Connection: 'close' },
      })
    }
    const { headers } = c.env.incoming
    if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0) {
      throw new Problem(400, { detail: 'No request takes a body', headers: { Connection: 'close' } })
    }
    if (endpoint.open) return next()
    const { name, scopes } = authenticate(c.req.header('authorization'), options, guesses)
    own.token = name
    if (!scopes.includes(endpoint.scope)) throw new Problem(403, { detail: WRONG_SCOPE[endpoint.scope] })
    const { allowed, headers: limits } = grant(own.token)
    if (!allowed) throw new Problem(429, { detail: 'This token has made too many requests', headers: limits })
    await next()
    for (const [name, value] of Object.entries(limits)) c.res.headers.set(name, value)
  }
}

const WRONG_SCOPE: Record<TokenScope, string> = {
  data: 'This token is for /metrics alone',
  metrics: 'The metrics need a token of their own; the operator makes one with: chpipe token add --metrics',
}

interface Caller {
  /** The name under which the request counts. */
  name: string
  scopes: readonly TokenScope[]
}

/** Wrong tokens in a minute, of all clients together, after which the trial token is not taken either. */
const MAX_GUESSES = 100

/**
 * Who asks. A stored token is too long to be guessed and always taken; the trial token may
 * be a short word.
 */
function authenticate(
  authorization: string | undefined,
  { database, trialToken }: GuardOptions,
  guesses: GuessLock,
): Caller {
  const challenge = (error?: string) => ({ 'WWW-Authenticate': error ? `${CHALLENGE}, error="${error}"` : CHALLENGE })
  if (authorization === undefined) {
    throw new Problem(401, { detail: 'Send a token: Authorization: Bearer chp_...', headers: challenge() })
  }
  const [, token = ''] = /^bearer +([\w.~+/=-]{1,200})$/i.exec(authorization.trim()) ?? []
  const stored = findValidToken(database.current(), token)
  if (stored !== null) return { name: stored.name, scopes: [stored.scope] }
  const lockedFor = guesses.lockedFor()
  if (lockedFor > 0) {
    const headers = { 'Retry-After': String(lockedFor) }
    throw new Problem(429, { detail: 'Too many wrong tokens were tried', headers })
  }
  if (isSame(token, trialToken)) return { name: TRIAL, scopes: ['data', 'metrics'] }
  guesses.failed()
  throw new Problem(401, { detail: 'The token is not valid', headers: challenge('invalid_token') })
}

/** Stored tokens have names without brackets. */
const TRIAL = '(trial)'

function isSame(token: string, other: string | undefined): boolean {
  return other !== undefined && timingSafeEqual(Buffer.from(tokenHash(token)), Buffer.from(tokenHash(other)))
}
