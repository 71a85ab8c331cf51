// What every request passes before its endpoint: does the path exist, the method, no body, a token, room for it.
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { HttpBindings } from '@hono/node-server'
import type { MiddlewareHandler } from 'hono'
import { findValidToken, type TokenScope, tokenHash } from '../db/served/tokens.ts'
import { MAX_CALL_BYTES, MCP_PATH } from './mcp.ts'
import type { Moment, Now } from './moment.ts'
import { Problem } from './respond.ts'
import { routeScope, routes } from './routes.ts'

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
  now: Now
  /** A token that is valid besides the stored ones. */
  trialToken: string | undefined
  limitPerMinute: number
  steady(): number
}

interface Endpoint {
  path: string
  open: boolean
  scope: TokenScope
  pattern: RegExp
  methods: readonly string[]
  /** The longest body that is read. */
  bodyBytes: number
}

const READING = { methods: ['GET', 'HEAD'], bodyBytes: 0 }

const endpoints: Endpoint[] = [
  ...routes.map(({ path, security }) => ({
    path,
    open: security?.length === 0,
    scope: routeScope(path),
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    ...READING,
  })),
  {
    path: MCP_PATH,
    open: false,
    scope: 'data',
    pattern: new RegExp(`^${MCP_PATH}$`),
    methods: ['POST'],
    bodyBytes: MAX_CALL_BYTES,
  },
]

const CHALLENGE = 'Bearer realm="chpipe"'

/** Who may ask, and how often: one for all ways that lead to an answer. */
export interface Admission {
  /** Who asks, as it is known at a moment; null for nobody, which is not counted as a guess. */
  recognise(authorization: string | undefined, at: At): Caller | null
  /** Who asks. Throws the problem of a token that is not valid, and counts it as a guess. */
  authenticate(authorization: string | undefined): Caller
  /** Takes one of the requests that a name has in a minute; one that is refused takes none. */
  grant(name: string): Grant
}

/** Reads the database for each token, and counts for as long as the server runs. */
export function createAdmission(options: GuardOptions): Admission {
  const guesses = createGuessLock(MAX_GUESSES, options.steady)
  const isTrial = tokenTest(options.trialToken)
  return {
    recognise(authorization, at) {
      const token = bearerOf(authorization)
      const trial = () => (guesses.lockedFor() === 0 && isTrial(token) ? TRIAL : null)
      return storedCaller(at, token) ?? trial()
    },
    authenticate: (authorization) => authenticate(authorization, options.now, { guesses, isTrial }),
    grant: createLimiter(options.limitPerMinute, options.steady),
  }
}

/** Refuses what needs no endpoint to refuse it. Throws the problem. */
export function guard({ authenticate, grant }: Admission): MiddlewareHandler<{ Bindings: HttpBindings }> {
  return async (c, next) => {
    const own = factsOf(c.env.incoming)
    const endpoint = endpoints.find(({ pattern }) => pattern.test(c.req.path))
    if (!endpoint) throw new Problem(404, { detail: 'There is no such path; see /openapi.json' })
    own.route = endpoint.path
    refuseRequest(endpoint, c.req.method, c.env.incoming)
    if (endpoint.open) return next()
    const { name, scopes } = authenticate(c.req.header('authorization'))
    own.token = name
    if (!scopes.includes(endpoint.scope)) throw new Problem(403, { detail: WRONG_SCOPE[endpoint.scope] })
    const { allowed, headers: limits } = grant(own.token)
    if (!allowed) throw new Problem(429, { detail: 'This token has made too many requests', headers: limits })
    await next()
    for (const [name, value] of Object.entries(limits)) c.res.headers.set(name, value)
  }
}

/** Throws a problem for a method that the endpoint does not have, and for a body that it does not take. */
function refuseRequest({ methods, bodyBytes }: Endpoint, method: string, { headers }: IncomingMessage): void {
  if (!methods.includes(method)) {
    const detail = `Only ${methods.join(' and ')} ${methods.length === 1 ? 'is' : 'are'} there`
    throw new Problem(405, { detail, headers: { Allow: methods.join(', '), Connection: 'close' } })
  }
  const length = Number(headers['content-length'] ?? 0)
  if (bodyBytes === 0 && hasBody(headers)) {
    throw new Problem(400, { detail: 'No request takes a body', headers: { Connection: 'close' } })
  }
  if (length > bodyBytes) throw new Problem(413, { detail: 'The call is too long', headers: { Connection: 'close' } })
}

/** Whether a request says that it has a body. */
export function hasBody(headers: IncomingMessage['headers']): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

const WRONG_SCOPE: Record<TokenScope, string> = {
  data: 'This token is for /metrics alone',
  metrics: 'The metrics need a token of their own; the operator makes one with: chpipe token add --metrics',
}

export interface Caller {
  /** The name under which the request counts. */
  name: string
  scopes: readonly TokenScope[]
}

/** Wrong tokens in a minute, of all clients together, after which the trial token is not taken either. */
const MAX_GUESSES = 100

function bearerOf(authorization: string | undefined): string {
  const [, token = ''] = /^bearer +([\w.~+/=-]{1,200})$/i.exec(authorization?.trim() ?? '') ?? []
  return token
}

type At = Pick<Moment, 'db' | 'version'>

function storedCaller({ db, version }: At, token: string): Caller | null {
  const stored = findValidToken(db, token, version)
  return stored && { name: stored.name, scopes: [stored.scope] }
}

/** A stored token is too long to be guessed and always taken; the trial token may be a short word. */
function authenticate(
  authorization: string | undefined,
  now: Now,
  { guesses, isTrial }: { guesses: GuessLock; isTrial(token: string): boolean },
): Caller {
  const challenge = (error?: string) => ({ 'WWW-Authenticate': error ? `${CHALLENGE}, error="${error}"` : CHALLENGE })
  if (authorization === undefined) {
    throw new Problem(401, { detail: 'Send a token: Authorization: Bearer chp_...', headers: challenge() })
  }
  const token = bearerOf(authorization)
  const stored = storedCaller(now(), token)
  if (stored !== null) return stored
  const lockedFor = guesses.lockedFor()
  if (lockedFor > 0) {
    const headers = { 'Retry-After': String(lockedFor) }
    throw new Problem(429, { detail: 'Too many wrong tokens were tried', headers })
  }
  if (isTrial(token)) return TRIAL
  guesses.failed()
  throw new Problem(401, { detail: 'The token is not valid', headers: challenge('invalid_token') })
}

/** Stored tokens have names without brackets. */
const TRIAL: Caller = { name: '(trial)', scopes: ['data', 'metrics'] }

/** Whether a token is the one given; none is where none is given. */
function tokenTest(given: string | undefined): (token: string) => boolean {
  if (given === undefined) return () => false
  const hash = Buffer.from(tokenHash(given))
  return (token) => timingSafeEqual(Buffer.from(tokenHash(token)), hash)
}

// The request limit of each token: so many in a minute, counted from the first.

export interface Grant {
  allowed: boolean
  /** The fields of draft-ietf-httpapi-rate-limit-headers that clients know, and `Retry-After` with a refusal. */
  headers: Record<string, string>
}

const WINDOW_SECONDS = 60

interface GuessLock {
  /** Seconds for which nothing that can be guessed is taken; 0 while it is. */
  lockedFor(): number
  failed(): void
}

/** Locks for the rest of a minute in which so many attempts have failed. */
function createGuessLock(most: number, steady: () => number): GuessLock {
  let window = { endsAt: Number.NEGATIVE_INFINITY, failed: 0 }
  const current = () => {
    if (steady() >= window.endsAt) window = { endsAt: steady() + WINDOW_SECONDS * 1000, failed: 0 }
    return window
  }
  return {
    lockedFor: () => (current().failed < most ? 0 : Math.ceil((window.endsAt - steady()) / 1000)),
    failed() {
      current().failed += 1
    },
  }
}

/** Counts the requests of each name; `steady` are milliseconds that never jump. */
function createLimiter(limit: number, steady: () => number): (name: string) => Grant {
  const windows = new Map<string, { endsAt: number; used: number }>()
  return (name) => {
    const now = steady()
    const current = windows.get(name)
    const window = current && current.endsAt > now ? current : { endsAt: now + WINDOW_SECONDS * 1000, used: 0 }
    windows.set(name, window)
    const allowed = window.used < limit
    if (allowed) window.used += 1
    const reset = String(Math.ceil((window.endsAt - now) / 1000))
    return {
      allowed,
      headers: {
        'RateLimit-Limit': String(limit),
        'RateLimit-Remaining': String(limit - window.used),
        'RateLimit-Reset': reset,
        'RateLimit-Policy': `${limit};w=${WINDOW_SECONDS}`,
        ...(allowed ? {} : { 'Retry-After': reset }),
      },
    }
  }
}

// Where a request comes from, as far as it can be trusted.

/** Tells whether an address is that of a proxy that the operator trusts. */
export type TrustedProxies = (address: string) => boolean

const LOOPBACK = ['127.0.0.0/8', '::1']

/** Reads addresses, networks such as `10.0.0.0/8`, and `loopback`; null when one is none of these. */
export function parseTrustedProxies(list: string): TrustedProxies | null {
  const trusted = new BlockList()
  const parts = list.split(',').map((part) => part.trim())
  for (const part of parts.flatMap((part) => (part === 'loopback' ? LOOPBACK : [part]))) {
    const [address = '', prefix, ...rest] = part.split('/')
    const family = isIP(address)
    const bits = prefix === undefined ? null : Number(prefix)
    if (family === 0 || rest.length > 0) return null
    const kind = family === 4 ? 'ipv4' : 'ipv6'
    if (bits === null) trusted.addAddress(address, kind)
    else if (/^\d{1,3}$/.test(prefix ?? '') && bits <= (family === 4 ? 32 : 128)) trusted.addSubnet(address, bits, kind)
    else return null
  }
  return (address) => isIP(address) !== 0 && trusted.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}

/**
 * The address of the client: of the connection, unless that is a trusted proxy; then the right-most address of
 * `X-Forwarded-For` that is no address. What stands further left was written by the client, who may write anything.
 */
export function clientAddress(request: IncomingMessage, isTrusted: TrustedProxies): string | undefined {
  let address = plainAddress(request.socket.remoteAddress ?? '')
  const hops = String(request.headers['x-forwarded-for'] ?? '').split(',')
  while (address !== null && isTrusted(address) && hops.length > 0) {
    const hop = plainAddress(hops.pop() ?? '')
    if (hop === null) break
    address = hop
  }
  return address ?? undefined
}

/** Without a port, brackets, a zone, or the form that IPv4 has in IPv6; null when it is no address. */
function plainAddress(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^\[([^\]]*)\](?::\d+)?$/, '$1')
    .replace(/^([\d.]+):\d+$/, '$1')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=[\d.]+$)/i, '')
  return isIP(bare) === 0 ? null : bare
}
