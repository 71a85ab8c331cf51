// Answers that are given again as they went out, before anything is read, for as long as nothing has changed. Everything
// that an answer hangs on is in its key or in the state; who asks, and how often, is looked at each time.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Admission, type Caller, factsOf, hasBody } from './guard.ts'
import type { Moment, Now } from './moment.ts'
import { matchesTag, takeWholeBody, type WholeBody } from './respond.ts'

interface Kept {
  route: string
  etag: string
  /** Names and values in turn, without the limits of whoever asked. */
  headers: string[]
  /** Those of an answer without a body. */
  unchanged: string[]
  body: string | Buffer
}

const SHORT_BYTES = 16 * 1024

/** A short body as Latin-1, since text goes out in one piece with the headers. */
function bodyOf(bytes: Buffer): string | Buffer {
  return bytes.length <= SHORT_BYTES ? bytes.toString('latin1') : bytes
}

export interface KeptAnswers {
  /** Answers a request from what is kept; false when it must be answered otherwise, by whom it is also refused. */
  answer(request: IncomingMessage, response: ServerResponse): boolean
  /** Keeps a whole answer, whose body may be kept, with its headers in small letters. */
  keep(request: IncomingMessage, body: WholeBody, headers: readonly [string, string][]): void
}

export interface KeptOptions {
  now: Now
  admission: Admission
  /** Bodies and keys together take this many bytes at most. */
  maxBytes?: number
}

const MAX_BYTES = 16 * 1024 * 1024
/** One answer takes so much of that at most. */
const LARGEST_SHARE = 1 / 8

/** So many requests are remembered as asked once. */
const MOST_ASKED = 10_000

/** Nothing is kept yet. Kept is what is asked for a second time; what was asked for least recently makes room. */
export function keepAnswers({ now, admission, maxBytes = MAX_BYTES }: KeptOptions): KeptAnswers {
  const kept = new Map<string, Kept>()
  const asked = new Set<string>()
  let [taken, known] = [0, '']
  /** Forgets everything when something has changed. */
  const isOf = (current: string) => {
    if (current === known) return true
    kept.clear()
    asked.clear()
    ;[taken, known] = [0, current]
    return false
  }
  const drop = (key: string) => {
    taken -= sizeOf(key, kept.get(key))
    kept.delete(key)
  }
  return {
    answer(request, response) {
      const key = kept.size > 0 ? keyOf(request) : null
      const found = key === null ? undefined : kept.get(key)
      const moment = key !== null && found ? momentNow(now) : null
      if (key === null || !found || !moment || !isOf(moment.state)) return false
      const caller = callerOf(request, admission, moment)
      if (!caller?.scopes.includes('data')) return false
      const { allowed, headers: limits } = admission.grant(caller.name)
      if (!allowed) return false
      kept.delete(key)
      kept.set(key, found)
      Object.assign(factsOf(request), { route: found.route, token: caller.name })
      const unchanged = matchesTag(request.headers['if-none-match'], found.etag)
      const head = [...(unchanged ? found.unchanged : found.headers), ...flat(limits)]
      response.writeHead(unchanged ? 304 : 200, head)
      if (unchanged || request.method === 'HEAD') response.end()
      else response.end(found.body, 'latin1')
      return true
    },
    keep(request, { bytes, etag, state }, all) {
      const key = keyOf(request)
      if (key === null || state === undefined) return
      const size = bytes.length + key.length
      if (size > maxBytes * LARGEST_SHARE) return
      if (!isOf(state) || !asked.delete(key)) {
        if (asked.size >= MOST_ASKED) asked.clear()
        asked.add(key)
        return
      }
      if (kept.has(key)) drop(key)
      const lasting = all.filter(([name]) => !name.startsWith('ratelimit-'))
      kept.set(key, {
        route: factsOf(request).route,
        etag,
        headers: lasting.flat(),
        unchanged: lasting.filter(([name]) => !OF_BODIES.has(name)).flat(),
        body: bodyOf(bytes),
      })
      taken += size
      for (const oldest of kept.keys()) {
        if (taken <= maxBytes) break
        drop(oldest)
      }
    },
  }
}

/** What an answer without a body does not tell. */
const OF_BODIES = new Set(['content-type', 'content-length', 'content-encoding'])

/** Null for a request that no kept answer is for. Whatever else a client sends changes no answer. */
function keyOf({ method, url, headers }: IncomingMessage): string | null {
  if ((method !== 'GET' && method !== 'HEAD') || hasBody(headers)) return null
  return `${url}\n${headers.host ?? ''}\n${headers.accept ?? ''}\n${headers['accept-encoding'] ?? ''}`
}

function sizeOf(key: string, kept: Kept | undefined): number {
  return key.length + (kept?.body.length ?? 0)
}

/** Null for nobody, and where nobody can be told. */
function callerOf(request: IncomingMessage, admission: Admission, moment: Moment): Caller | null {
  try {
    return hasOneToken(request) ? admission.recognise(request.headers.authorization, moment) : null
  } catch {
    return null
  }
}

/** Node would take the first of several. */
function hasOneToken({ rawHeaders }: IncomingMessage): boolean {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    if (name.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION) count += 1
  }
  return count === 1
}

const AUTHORIZATION = 'authorization'

function momentNow(now: Now): Moment | null {
  try {
    return now()
  } catch {
    return null
  }
}

/** Names as all others are written. */
function flat(headers: Record<string, string>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => [name.toLowerCase(), value])
}

/**
 * The application with answers whose bodies are whole sent in one piece, past the streams that others go through, and kept
 * where they may be.
 */
export function sendWhole(fetch: Fetch, kept: KeptAnswers): Fetch {
  return async (request, env) => {
    const response = await fetch(request, env)
    const { incoming, outgoing } = env
    const body = takeWholeBody(incoming)
    if (!body || response.status !== 200 || response.headers.get('ETag') !== body.etag) return response
    const headers = [...response.headers]
    kept.keep(incoming, body, headers)
    outgoing.writeHead(200, headers.flat())
    if (incoming.method === 'HEAD') outgoing.end()
    else outgoing.end(bodyOf(body.bytes), 'latin1')
    return RESPONSE_ALREADY_SENT
  }
}

type Fetch = (request: Request, env: HttpBindings) => Response | Promise<Response>
