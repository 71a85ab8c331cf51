// One request over HTTP and what answers it: ky over undici, which is told here which way leads to the server.

import { BlockList, isIP } from 'node:net'
import { setDefaultHighWaterMark } from 'node:stream'
import ky, { isNetworkError } from 'ky'
import { Agent, DecoratorHandler, type Dispatcher, ProxyAgent, fetch as undiciFetch } from 'undici'
import { errorMessage } from '../errors.ts'
import type { Proxies } from '../settings.ts'

export interface WireOptions {
  /** Go with every call. */
  headers: Record<string, string>
  /** Without them every connection is direct. */
  proxies?: Proxies | undefined
  /** Whether a connection may serve the next request, too. */
  keepAlive: boolean
  /** How long it may take until the connection stands, TLS and proxy included. */
  connectTimeoutMs: number
}

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
export interface WireAnswer {
  status: number
  headers: Headers
  /** The bytes as they come, unpacked. Throws a `WireError` when they break off, and the signal's reason. */
  bytes: AsyncIterable<Uint8Array>
  signal: AbortSignal
  /** The body will not be read: ends the connection. */
  drop(): void
}

/** Sends one request. Rejects with a `WireError`, whose cause is the signal's reason when that ended the call. */
export type Wire = (call: WireCall) => Promise<WireAnswer>

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

/** A body in chunks of one byte is held as so many objects before anybody reads it. */
setDefaultHighWaterMark(false, 4 * 1024)

/** An idle connection is closed by us before most servers close it. */
const IDLE_MS = 4000

/**
 * Makes the function that sends single calls below `baseUrl`: a status is an answer and never an error, nothing is
 * tried again or timed here, and a redirect is not followed, so that no other host ever sees a credential.
 */
export function createWire(baseUrl: string, options: WireOptions): Wire {
  const base = new URL(baseUrl)
  const proxy = options.proxies ? proxyFor(base, options.proxies) : null
  const server = proxy ? `${base.host} through the proxy ${proxyName(proxy)}` : base.host
  const dispatcher = createDispatcher(proxy, options)
  const http = ky.create({
    prefix: baseUrl,
    headers: options.headers,
    retry: 0,
    timeout: false,
    throwHttpErrors: false,
    redirect: 'manual',
  })
  return async ({ method = 'GET', path, headers = {}, json, signal }) => {
    const way: Way = { sent: false }
    // The signal that ky would hand on may be collected as garbage once the head is here: this one is held by its reader.
    const call = new AbortController()
    const stop = () => call.abort(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    try {
      signal.throwIfAborted()
      const fetch = fetchBy(dispatcher, call.signal, way)
      const response = await http(path.replace(/^\//, ''), {
        method,
        headers,
        fetch,
        ...(json === undefined ? {} : { json }),
      })
      return readAnswer(server, response, signal, (reason) => {
        signal.removeEventListener('abort', stop)
        call.abort(new Error(reason))
      })
    } catch (error) {
      signal.removeEventListener('abort', stop)
      throw wireError(server, signal.aborted ? signal.reason : error, way.sent)
    }
  }
}

/** The way to the server. Certificates are always verified; a proxy is asked for a tunnel. */
function createDispatcher(proxy: URL | null, { keepAlive, connectTimeoutMs }: WireOptions): Dispatcher {
  const common = {
    // The deadlines are the callers'.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_MS,
    pipelining: keepAlive ? 1 : 0,
    connectTimeout: connectTimeoutMs,
  }
  if (!proxy) return new Agent(common)
  const { username, password } = proxy
  const token =
    username || password
      ? `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
      : undefined
  return new ProxyAgent({
    ...common,
    uri: `${proxy.protocol}//${proxy.host}`,
    proxyTunnel: true,
    ...(token ? { token } : {}),
    proxyTls: { timeout: connectTimeoutMs },
    requestTls: { timeout: connectTimeoutMs },
  })
}

/** What the types of undici leave out. */
interface RequestHandler {
  onRequestStart(...args: unknown[]): void
}
const Decorator = DecoratorHandler as unknown as new (
  handler: Dispatcher.DispatchHandler,
) => RequestHandler & Dispatcher.DispatchHandler

interface Way {
  /** The request was handed to a connection that stands; what fails before surely never left. */
  sent: boolean
}

/** Notes on its way that the request is being sent. */
class Noting extends Decorator {
  readonly #way: Way

  constructor(handler: Dispatcher.DispatchHandler, way: Way) {
    super(handler)
    this.#way = way
  }

  override onRequestStart(...args: unknown[]): void {
    this.#way.sent = true
    super.onRequestStart(...args)
  }
}

function fetchBy(dispatcher: Dispatcher, signal: AbortSignal, way: Way): typeof globalThis.fetch {
  const noted = dispatcher.compose((dispatch) => (options, handler) => dispatch(options, new Noting(handler, way)))
  const send = async (input: Request): Promise<Response> => {
    const response = await undiciFetch(input.url, {
      method: input.method,
      headers: [...input.headers],
      body: input.body ? await input.text() : null,
      redirect: 'manual',
      signal,
      dispatcher: noted,
    })
    return response as unknown as Response
  }
  return send as typeof globalThis.fetch
}

/** `end` closes the connection; so does the signal, whether or not somebody reads the answer. */
function readAnswer(
  server: string,
  response: Response,
  signal: AbortSignal,
  end: (reason: string) => void,
): WireAnswer {
  const { status, headers } = response
  const drop = () => end('nobody reads the answer')
  return { status, headers, signal, bytes: readBytes(server, response, signal, end), drop }
}

async function* readBytes(
  server: string,
  { body }: Response,
  signal: AbortSignal,
  end: (reason: string) => void,
): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader()
  if (!reader) return
  // A race with the signal for each chunk would hold something of every chunk until the signal is gone.
  const cancel = () => void reader.cancel(signal.reason).catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  try {
    for (;;) {
      signal.throwIfAborted()
      const { done, value } = await reader.read()
      signal.throwIfAborted()
      if (done) return
      yield value
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : wireError(server, error, true)
  } finally {
    signal.removeEventListener('abort', cancel)
    end('the reading of the answer has ended')
  }
}

/** What `accept-encoding` may ask for. */
export const ACCEPT_ENCODING = 'gzip, deflate'

/** `server` names the server, and the proxy before it. */
function wireError(server: string, error: unknown, sent: boolean): WireError {
  // What ky and fetch wrap around a failure says nothing of it.
  const raised = isNetworkError(error) ? error.cause : error
  const cause = raised instanceof TypeError && raised.cause !== undefined ? raised.cause : raised
  const message = `The connection to ${server} failed (${reasonsOf(cause).join('; ')})`
  return new WireError(message, { sent, cause })
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

// Which proxy, if any, leads to a server.

/** The proxy for calls to `target`, with its credentials; null when they go there directly. */
export function proxyFor(target: URL, { https, http, except }: Proxies): URL | null {
  const proxy = target.protocol === 'https:' ? https : http
  if (proxy === null || isExcepted(target, except)) return null
  return new URL(proxy)
}

/** The proxy as an operator may see it: without its credentials. */
export function proxyName({ protocol, host }: URL): string {
  return `${protocol}//${host}`
}

/**
 * Whether `NO_PROXY` names the host, as curl reads it: `*`, a name with or without a leading dot and all names below it,
 * an address, a range such as `10.0.0.0/8`; each may have a port.
 */
function isExcepted(target: URL, except: string): boolean {
  const host = target.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = target.port || (target.protocol === 'https:' ? '443' : '80')
  return except
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true
      const [, name = '', ofPort] = /^(\[.*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? []
      const meant = name.replace(/^\[|\]$/g, '').replace(/^\*?\./, '')
      if (meant === '' || (ofPort !== undefined && ofPort !== port)) return false
      return host === meant || host.endsWith(`.${meant}`) || isInRange(host, meant)
    })
}

function isInRange(host: string, range: string): boolean {
  const [net = '', bits = ''] = range.split('/')
  const version = isIP(net)
  if (version === 0 || isIP(host) !== version || !/^\d{1,3}$/.test(bits)) return false
  if (Number(bits) > (version === 4 ? 32 : 128)) return false
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(net, Number(bits), family)
  return list.check(host, family)
}

/** After an interrupt a call that is already out may still finish for this long, so that its answer is not lost. */
const GRACE_MS = 1500

const TIMED_OUT = Symbol('timed out')

export interface Deadline extends Disposable {
  /** For the call and the reading of its answer. */
  readonly signal: AbortSignal
  /** What ended the call early, if anything did. */
  readonly passed: 'timed-out' | 'interrupted' | null
}

/** Ends a call that takes longer than `timeoutMs`, or that outlives the interrupt of `signal` by more than the grace. */
export function startDeadline(timeoutMs: number, signal: AbortSignal): Deadline {
  const controller = new AbortController()
  const late = setTimeout(() => controller.abort(TIMED_OUT), timeoutMs)
  let grace: NodeJS.Timeout | undefined
  const interrupted = () => {
    grace = setTimeout(() => controller.abort(signal.reason), GRACE_MS)
  }
  signal.addEventListener('abort', interrupted, { once: true })
  return {
    signal: controller.signal,
    get passed() {
      if (!controller.signal.aborted) return null
      return controller.signal.reason === TIMED_OUT ? 'timed-out' : 'interrupted'
    },
    [Symbol.dispose]() {
      clearTimeout(late)
      clearTimeout(grace)
      signal.removeEventListener('abort', interrupted)
    },
  }
}

/** Full jitter: anything between zero and the doubled step, so that clients who failed together do not return together. */
export function backoffMs(attempt: number, baseMs: number, capMs: number, random: () => number = Math.random): number {
  return random() * Math.min(capMs, baseMs * 2 ** attempt)
}
