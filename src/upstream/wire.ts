// One request over HTTP and what answers it.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { pipeline } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { errorMessage } from '../errors.ts'
import { type Abandonable, type ConnectionOptions, createAgent } from './connection.ts'

export interface WireCall {
  method?: 'GET' | 'POST'
  /** From the base URL, with its query. */
  path: string
  headers?: Record<string, string>
  /** Sent as the body. */
  json?: unknown
  /** Ends the call, and the reading of its answer. */
  signal: AbortSignal
}

/** The head of an answer. Its body waits in the connection until somebody reads it, or drops it. */
export interface Answer {
  status: number
  headers: Headers
  /** The bytes as they come, unpacked. Throws a `WireError` when they break off, and the signal's reason. */
  bytes: AsyncIterable<Uint8Array>
  signal: AbortSignal
  /** The body will not be read: ends the connection. */
  drop(): void
}

/** Sends one request. Rejects with a `WireError`, whose cause is the signal's reason when that ended the call. */
export type Wire = (call: WireCall) => Promise<Answer>

/** No whole answer came. */
export class WireError extends Error {
  override readonly name = 'WireError'
  /** Whether the request may have arrived: false when the connection never stood. */
  readonly sent: boolean

  constructor(message: string, { sent, cause }: { sent: boolean; cause: unknown }) {
    super(message, { cause })
    this.sent = sent
  }
}

/**
 * Makes the function that sends single calls below `baseUrl`: a status is an answer and never an error, nothing is
 * tried again or timed here, and a redirect is not followed, so that no other host ever sees a credential.
 */
export function createWire(baseUrl: string, options: ConnectionOptions & { headers: Record<string, string> }): Wire {
  const base = new URL(baseUrl)
  const agent = createAgent(base, options)
  const request = base.protocol === 'https:' ? httpsRequest : httpRequest
  return ({ method = 'GET', path, headers = {}, json, signal }) =>
    new Promise((resolve, reject) => {
      let sent = false
      const fail = (error: unknown) => reject(wireError(base, error, sent))
      if (signal.aborted) return fail(signal.reason)
      const body = json === undefined ? undefined : JSON.stringify(json)
      const wanted: Abandonable = {
        method,
        agent,
        givenUp: signal,
        headers: { ...options.headers, ...headers, ...(body === undefined ? {} : bodyHeaders(body)) },
      }
      const call = request(new URL(`${baseUrl}/${path.replace(/^\//, '')}`), wanted)
      const stop = () => {
        call.destroy()
        fail(signal.reason)
      }
      signal.addEventListener('abort', stop, { once: true })
      call.on('socket', () => {
        sent = true
      })
      call.on('response', (response) => resolve(readAnswer(base, call, response, signal)))
      call.on('error', fail)
      call.on('upgrade', (_response, socket) => socket.destroy())
      call.on('close', () => {
        signal.removeEventListener('abort', stop)
        fail(new Error('it was closed without an answer'))
      })
      call.end(body)
    })
}

function bodyHeaders(body: string): Record<string, string> {
  return { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
}

function readAnswer(base: URL, call: ClientRequest, response: IncomingMessage, signal: AbortSignal): Answer {
  // An error before somebody reads the body is met by whoever reads it then.
  response.on('error', () => {})
  return {
    status: response.statusCode ?? 0,
    headers: headersOf(response.rawHeaders),
    signal,
    bytes: readBytes(base, response, signal),
    drop: () => call.destroy(),
  }
}

async function* readBytes(base: URL, response: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    signal.throwIfAborted()
    for await (const chunk of unpacked(response)) yield chunk
    if (!response.complete) throw new Error('it broke off')
  } catch (error) {
    throw signal.aborted ? signal.reason : wireError(base, error, true)
  }
}

/** What `accept-encoding` may ask for. */
export const ACCEPT_ENCODING = 'gzip, deflate'

function unpacked(response: IncomingMessage): AsyncIterable<Uint8Array> {
  const coding = (response.headers['content-encoding'] ?? '').trim().toLowerCase()
  if (coding === '' || coding === 'identity') return response
  const unpack = UNPACKERS[coding]
  if (!unpack) throw new Error('its answer is packed in a way that nobody asked for')
  return pipeline(response, unpack(), () => {})
}

const UNPACKERS: Record<string, typeof createGunzip> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate as typeof createGunzip,
  br: createBrotliDecompress as typeof createGunzip,
}

/** What no `Headers` can hold is left out: nothing here reads it. */
function headersOf(raw: string[]): Headers {
  const headers = new Headers()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    try {
      headers.append(raw[at] ?? '', raw[at + 1] ?? '')
    } catch {}
  }
  return headers
}

function wireError({ host }: URL, error: unknown, sent: boolean): WireError {
  const message = `The connection to ${host} failed (${reasonsOf(error).join('; ')})`
  return new WireError(message, { sent, cause: error })
}

/**
 * Why something failed, each reason once: an error of several addresses has one for each and no message of its own, and
 * the cause of an error says more than the error.
 */
export function reasonsOf(error: unknown): string[] {
  const found = new Set<string>()
  const visit = (one: unknown, depth: number) => {
    const { errors, cause, code } = (one ?? {}) as { errors?: unknown; cause?: unknown; code?: unknown }
    if (Array.isArray(errors) && errors.length > 0 && depth < 5) {
      for (const each of errors) visit(each, depth + 1)
      return
    }
    const message = errorMessage(one)
    if (message !== '') found.add(message)
    if (cause !== undefined && depth < 5) visit(cause, depth + 1)
    else if (message === '') found.add(String(code ?? (one as Error | null)?.name ?? 'no reason was given'))
  }
  visit(error, 0)
  return withoutAddresses([...found])
}

/** `connect ECONNREFUSED ::1:80` and `connect ECONNREFUSED 127.0.0.1:80` are one reason. */
function withoutAddresses(reasons: string[]): string[] {
  if (reasons.length < 2) return reasons
  return [...new Set(reasons.map((reason) => reason.replace(/^(connect E[A-Z]+) \S+( - Local \(.*\))?$/, '$1')))]
}
