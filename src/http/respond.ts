// Bodies on their way out: entity tags, conditional requests, gzip, and streams of lines.
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Context } from 'hono'
import { safeJson } from '../text.ts'
import { acceptsGzip } from './accept.ts'

const compress = promisify(gzip)

/** Below this gzip gains nothing. */
const GZIP_FROM_BYTES = 1024
const GZIP_LEVEL = 5

export interface Body {
  type: string
  text: string
  headers?: Record<string, string>
}

/** A whole body with a strong entity tag of its own for each encoding; 304 when the client has it already. */
export async function respond(c: Context, { type, text, headers = {} }: Body): Promise<Response> {
  const plain = Buffer.from(text)
  const zip = plain.length >= GZIP_FROM_BYTES && acceptsGzip(c.req.header('accept-encoding'))
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 27)}${zip ? '-gzip' : ''}"`
  const common = { 'Cache-Control': 'private, no-cache', Vary: VARY, ...headers, ETag: etag }
  if (matches(c.req.header('if-none-match'), etag)) return new Response(null, { status: 304, headers: common })
  const bytes = zip ? await compress(plain, { level: GZIP_LEVEL }) : plain
  return new Response(new Uint8Array(bytes), {
    headers: {
      ...common,
      'Content-Type': type,
      'Content-Length': String(bytes.length),
      ...(zip ? { 'Content-Encoding': 'gzip' } : {}),
    },
  })
}

/**
 * Lines of JSON as they are read: no more is read than the client takes, and nothing any more when it leaves. `fail`
 * hears of a read that fails behind the headers, and must cut the connection.
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

async function* linesOf(values: AsyncGenerator<unknown[]>, fail: (error: unknown) => void): AsyncGenerator<Uint8Array> {
  try {
    for await (const some of values) yield Buffer.from(some.map((value) => `${safeJson(value)}\n`).join(''))
  } catch (error) {
    fail(error)
  }
}

/** Weak comparison, as RFC 9110 asks for (section 13.1.2). */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.trim() === '*' || [...ifNoneMatch.matchAll(/"[^"]*"/g)].some(([tag]) => tag === etag)
}
