// Bodies on their way out: entity tags, conditional requests, gzip, and streams of lines.
import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import { parseAccept } from 'hono/utils/accept'
import { safeJson } from '../text.ts'

const compress = promisify(gzip)

/** Below this gzip gains nothing. */
const GZIP_FROM_BYTES = 1024
const GZIP_LEVEL = 5

export interface Body {
  type: string
  text: string
  headers?: Record<string, string>
  /** Given where the answer may be given again for as long as the state is this one; taken before anything was read. */
  state?: string | undefined
}

/** The body of an answer as it goes out. */
export interface WholeBody extends Pick<Body, 'state'> {
  bytes: Buffer
  etag: string
}

const wholeBodies = new WeakMap<IncomingMessage, WholeBody>()

/** The body that was last made for a request, once: bodies are large, and must go when they have gone out. */
export function takeWholeBody(request: IncomingMessage): WholeBody | undefined {
  const body = wholeBodies.get(request)
  wholeBodies.delete(request)
  return body
}

export interface RespondBindings extends HttpBindings {
  /** This process has asked itself, and reads the response. */
  isOwn?: true
}

/**
 * A whole body with a strong entity tag of its own for each encoding; 304 when the client has it already. What is sent to a
 * client has its headers alone, and the body goes by `takeWholeBody`: making a stream of it takes longer than sending it.
 */
export async function respond(
  c: Context<{ Bindings: RespondBindings }>,
  { type, text, headers = {}, state }: Body,
): Promise<Response> {
  const plain = Buffer.from(text)
  const zip = plain.length >= GZIP_FROM_BYTES && acceptsGzip(c.req.header('accept-encoding'))
  const etag = `"${hash('sha256', plain, 'base64url').slice(0, 27)}${zip ? '-gzip' : ''}"`
  const common = { ...KEPT_WITH_CARE, ...headers, ETag: etag }
  if (matchesTag(c.req.header('if-none-match'), etag)) return new Response(null, { status: 304, headers: common })
  const bytes = zip ? await compress(plain, { level: GZIP_LEVEL }) : plain
  if (!c.env.isOwn) wholeBodies.set(c.env.incoming, { bytes, etag, state })
  return new Response(c.env.isOwn ? new Uint8Array(bytes) : null, {
    headers: {
      ...common,
      'Content-Type': type,
      'Content-Length': String(bytes.length),
      ...(zip ? { 'Content-Encoding': 'gzip' } : {}),
    },
  })
}

/** So many paths are remembered with their tags. */
const TAGS = 10_000

/**
 * Remembers the tags of answers, so that a client who has the newest one hears so before anything is read. `state` is another
 * text whenever an answer may be another, and is taken before the answer is made.
 */
export function createTagMemory(): (c: Context, state: string, answer: () => Promise<Response>) => Promise<Response> {
  const tags = new Map<string, { state: string; etag: string }>()
  return async (c, state, answer) => {
    const key = JSON.stringify([c.req.path, c.req.query(), acceptsGzip(c.req.header('accept-encoding'))])
    const known = tags.get(key)
    if (known?.state === state && matchesTag(c.req.header('if-none-match'), known.etag)) {
      return new Response(null, { status: 304, headers: { ...KEPT_WITH_CARE, ETag: known.etag } })
    }
    const response = await answer()
    const etag = response.headers.get('ETag')
    tags.delete(key)
    if (etag !== null) tags.set(key, { state, etag })
    const [oldest] = tags.keys()
    if (tags.size > TAGS && oldest !== undefined) tags.delete(oldest)
    return response
  }
}

/**
 * Lines of JSON as they are read: no more is read than the client takes, and nothing any more when it leaves. `fail`
 * learns of a read that fails behind the headers, and must cut the connection.
 */
export function respondLines(
  c: Context,
  values: AsyncGenerator<unknown[]>,
  fail: (error: unknown) => void,
  headers: Record<string, string> = {},
): Response {
  const zip = acceptsGzip(c.req.header('accept-encoding'))
  const chunks = ReadableStream.from(linesOf(values, fail))
  const body = c.req.method === 'HEAD' ? null : zip ? chunks.pipeThrough(new CompressionStream('gzip')) : chunks
  return new Response(body as ConstructorParameters<typeof Response>[0], {
    headers: {
      'Content-Type': NDJSON,
      'Cache-Control': 'private, no-store',
      Vary: VARY,
      ...headers,
      ...(zip ? { 'Content-Encoding': 'gzip' } : {}),
    },
  })
}

export const JSON_TYPE = 'application/json'
export const NDJSON = 'application/x-ndjson'

const VARY = 'Accept, Accept-Encoding, Authorization'
const KEPT_WITH_CARE = { 'Cache-Control': 'private, no-cache', Vary: VARY }

async function* linesOf(values: AsyncGenerator<unknown[]>, fail: (error: unknown) => void): AsyncGenerator<Uint8Array> {
  try {
    for await (const some of values) yield Buffer.from(some.map((value) => `${safeJson(value)}\n`).join(''))
  } catch (error) {
    fail(error)
  }
}

/** Weak comparison, as RFC 9110 asks for (section 13.1.2). */
export function matchesTag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.trim() === '*' || [...ifNoneMatch.matchAll(/"[^"]*"/g)].some(([tag]) => tag === etag)
}

// What a client accepts (RFC 9110, sections 12.5.1 and 12.5.3).

interface Preference {
  name: string
  quality: number
}

/** The offered media type that the client likes best, the first one when it does not say; null when it takes none. */
export function acceptedType<T extends string>(accept: string | undefined, offered: readonly T[]): T | null {
  if (!accept?.trim()) return offered[0] ?? null
  const wanted = preferences(accept)
  const rated = offered.map((type) => ({ type, quality: qualityOf(type, wanted) }))
  const best = Math.max(...rated.map(({ quality }) => quality))
  return best > 0 ? (rated.find(({ quality }) => quality === best)?.type ?? null) : null
}

/** Whether the answer may be sent as gzip. */
function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const wanted = preferences(acceptEncoding ?? '')
  const named =
    wanted.find(({ name }) => name === 'gzip' || name === 'x-gzip') ?? wanted.find(({ name }) => name === '*')
  return (named?.quality ?? 0) > 0
}

/** The most exact range that covers the type decides. */
function qualityOf(type: string, wanted: Preference[]): number {
  const ranges = [type, `${type.split('/')[0]}/*`, '*/*']
  for (const range of ranges) {
    const found = wanted.find(({ name }) => name === range)
    if (found) return found.quality
  }
  return 0
}

function preferences(header: string): Preference[] {
  return parseAccept(header.toLowerCase()).map(({ type, q }) => ({ name: type, quality: q }))
}

// Errors as RFC 9457 problem details.

export interface ProblemDetails {
  detail?: string
  headers?: Record<string, string>
  /** What is wrong with which parameter. */
  errors?: { parameter: string; detail: string }[]
}

/** An answer other than the one that was asked for; it says nothing about the inside of the server. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly details: ProblemDetails

  constructor(status: number, details: ProblemDetails = {}) {
    super(details.detail ?? TITLES[status] ?? String(status))
    this.status = status
    this.details = details
  }
}

export const PROBLEM_TYPE = 'application/problem+json'

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** The body of a problem: `type` is `about:blank`, so that `title` is the status in words. */
export function problemBody({ status, details: { detail, errors } }: Problem): string {
  return safeJson({ type: 'about:blank', title: TITLES[status] ?? String(status), status, detail, errors })
}

/** The problem as an answer. */
export function problemResponse(problem: Problem): Response {
  const headers = { 'Content-Type': PROBLEM_TYPE, 'Cache-Control': 'no-store', ...problem.details.headers }
  return new Response(problemBody(problem), { status: problem.status, headers })
}
