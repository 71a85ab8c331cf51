// The HTTP server: listening, limits on what a client may send and how slowly, the access log, and a graceful end.
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import type { Clock } from '../clock.ts'
import type { Db } from '../db/open.ts'
import { serveDatabase } from '../db/served/database.ts'
import { ChpipeError, errorMessage } from '../errors.ts'
import { boundsYoungSpace } from '../heap-space.ts'
import { type Log, lenient } from '../log.ts'
import type { Labels, Metric, Sample } from '../metrics.ts'
import { type AppOptions, createApp } from './app.ts'
import { clientAddress, createAdmission, factsOf, type GuardOptions, type TrustedProxies } from './guard.ts'
import { keepAnswers, sendWhole } from './kept.ts'
import { createTurns } from './listing.ts'
import { createNow } from './moment.ts'
import { startNameSearch } from './name-search.ts'
import { PROBLEM_TYPE, Problem, problemBody, problemResponse } from './respond.ts'

export interface HttpApiOptions
  extends Omit<
      AppOptions,
      'database' | 'admission' | 'now' | 'turns' | 'names' | 'metrics' | 'basePath' | 'streamsPerToken'
    >,
    Pick<GuardOptions, 'trialToken' | 'limitPerMinute'>,
    Partial<Pick<AppOptions, 'basePath' | 'streamsPerToken'>> {
  /** A read-only connection. The file that is at its path later is opened anew. */
  db: Db
  host: string
  /** 0 takes any free port. */
  port: number
  /** Reads the metrics of the pipeline. */
  pipelineMetrics(db: Db): Metric[]
  /** Proxies whose `X-Forwarded-For` is believed; none unless given. */
  trustedProxies?: TrustedProxies
}

export interface HttpApi {
  url: string
  /** Takes no more requests, lets answers on their way end for a while, then cuts them. */
  [Symbol.asyncDispose](): Promise<void>
}

const MAX_HEADER_BYTES = 16 * 1024
const MAX_HEADERS = 100
const MAX_CONNECTIONS = 1000
const KEEP_ALIVE_MS = 5000
/** For a refused client to read why. */
const LINGER_MS = 500

/** Requests and steps of streams before the space for new objects is looked at. */
const CALLS_PER_LOOK = 64

/** Enough for a customer who fetches every list at once. */
export const DEFAULT_STREAMS = 4

/** Starts to serve. Throws a `config` error when the address cannot be listened on. */
export async function startApi(given: HttpApiOptions): Promise<HttpApi> {
  const options = { ...given, log: lenient(given.log) }
  const { db, host, port, timings, clock, log, trialToken, basePath = '', trustedProxies = () => false } = options
  const counts = createHttpMetrics()
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    // Else `node --insecure-http-parser` would let through what a proxy in front reads differently.
    insecureHTTPParser: false,
    headersTimeout: timings.serveHeadersMs,
    requestTimeout: timings.serveHeadersMs,
    connectionsCheckingInterval: timings.serveHeadersMs / 2,
    keepAliveTimeout: KEEP_ALIVE_MS,
  })
  server.maxHeadersCount = MAX_HEADERS
  server.maxConnections = MAX_CONNECTIONS
  server.setTimeout(timings.serveIdleMs)
  server.on('clientError', refuse)
  const database = serveDatabase(db, clock)
  const names = startNameSearch({ ...options, database, path: db.$client.name })
  try {
    await listen(server, host, port)
  } catch (error) {
    await names.close()
    database[Symbol.dispose]()
    throw error
  }
  const metrics = () => [...options.pipelineMetrics(database.current()), ...counts.metrics(), ...processMetrics(clock)]
  const { streamsPerToken = DEFAULT_STREAMS } = options
  const now = createNow(database, clock)
  const boundMemory = boundsYoungSpace({ every: CALLS_PER_LOOK })
  const turns = createTurns(boundMemory)
  const admission = createAdmission({ ...options, now, steady: clock.steady })
  const kept = keepAnswers({ now, admission })
  const app = createApp({ ...options, database, admission, now, turns, basePath, streamsPerToken, names, metrics })
  const fetch = sendWhole(app.fetch, kept)
  const answer = getRequestListener((request, env) => fetch(request, env as HttpBindings), {
    errorHandler,
    overrideGlobalObjects: false,
  })
  server.on('request', (request, response) => {
    request.url = withoutBase(request.url ?? '', basePath)
    observe(request, response, { clock, log, counts, trustedProxies, trialToken })
    turns.heard()
    now.forget()
    boundMemory()
    if (!kept.answer(request, response)) answer(request, response)
  })
  return {
    url: urlOf(server.address() as AddressInfo),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done))
      server.closeIdleConnections()
      const patience = new AbortController()
      await Promise.race([closed, clock.sleep(timings.serveDrainMs, patience.signal).catch(() => {})])
      patience.abort()
      server.closeAllConnections()
      await closed
      await names.close()
      database[Symbol.dispose]()
    },
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => fail(listenError(error, host, port)))
    server.listen(port, host, done)
  })
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): ChpipeError {
  const [sentence, hint] =
    cause.code === 'EADDRINUSE'
      ? [`Port ${port} on ${host} is in use`, 'name another one with --port, or 0 for any free one']
      : [`Cannot listen on ${host}, port ${port} (${errorMessage(cause)})`, 'name another --host or --port']
  return new ChpipeError('config', sentence, { hint, cause })
}

function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

/** The path below the prefix, which some proxies take off and others leave. */
function withoutBase(url: string, basePath: string): string {
  if (basePath === '' || !url.startsWith(basePath)) return url
  const rest = url.slice(basePath.length)
  if (rest === '' || rest.startsWith('?')) return `/${rest}`
  return rest.startsWith('/') ? rest : url
}

/** What is no HTTP, too large or too slow never reaches the application. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const body = problemBody(new Problem(status))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  // A client that goes on sending would hold the other half open for good.
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}

/** A request that cannot become one for the application, such as one with an invalid Host. */
function errorHandler(): Response {
  return problemResponse(new Problem(400))
}

function processMetrics(clock: Clock): Metric[] {
  const gauge = (name: string, help: string, value: number): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: [{ value }],
  })
  const started = Math.round(clock.now() / 1000 - process.uptime())
  return [
    gauge('process_resident_memory_bytes', 'Memory of the server process.', process.memoryUsage.rss()),
    gauge('process_start_time_seconds', 'When the server process started, as Unix time.', started),
  ]
}

// A line of the log and a count for each request, when its answer has gone out or the client has left.

export interface AccessLogOptions {
  clock: Clock
  log: Log
  counts: HttpMetrics
  trustedProxies: TrustedProxies
  trialToken: string | undefined
}

/** Notes a request. Neither its query nor any token is in the log. */
function observe(request: IncomingMessage, response: ServerResponse, options: AccessLogOptions): void {
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

// Counts of the server's own requests, as Prometheus metrics.

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

interface HttpMetrics {
  begin(): void
  end(request: { route: string; method: string; status: number; seconds: number }): void
  metrics(): Metric[]
}

interface Durations {
  buckets: number[]
  sum: number
  count: number
}

/** Starts counting from zero. Labels come from closed sets, so that strangers cannot make series. */
function createHttpMetrics(): HttpMetrics {
  const requests = new Map<string, { labels: Labels; count: number }>()
  const durations = new Map<string, Durations>()
  let inFlight = 0
  return {
    begin() {
      inFlight += 1
    },
    end({ route, method, status, seconds }) {
      inFlight -= 1
      const labels = { route, method: KNOWN_METHODS.has(method) ? method : 'other', status: String(status) }
      const key = JSON.stringify(labels)
      const known = requests.get(key) ?? { labels, count: 0 }
      requests.set(key, { labels, count: known.count + 1 })
      const taken = durations.get(route) ?? { buckets: BUCKETS_SECONDS.map(() => 0), sum: 0, count: 0 }
      durations.set(route, {
        buckets: taken.buckets.map((count, index) => count + (seconds <= (BUCKETS_SECONDS[index] ?? 0) ? 1 : 0)),
        sum: taken.sum + seconds,
        count: taken.count + 1,
      })
    },
    metrics: () => [
      {
        name: 'chpipe_http_requests_total',
        help: 'Requests answered, by route, method and status.',
        type: 'counter',
        samples: [...requests.values()].map(({ labels, count }) => ({ labels, value: count })),
      },
      {
        name: 'chpipe_http_request_duration_seconds',
        help: 'Time from the headers of a request to the end of its answer, streams included.',
        type: 'histogram',
        samples: [...durations].flatMap(([route, taken]) => histogram(route, taken)),
      },
      {
        name: 'chpipe_http_requests_in_flight',
        help: 'Requests that are being answered.',
        type: 'gauge',
        samples: [{ value: inFlight }],
      },
    ],
  }
}

const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function histogram(route: string, { buckets, sum, count }: Durations): Sample[] {
  return [
    ...buckets.map((value, index) => ({
      suffix: '_bucket',
      labels: { route, le: String(BUCKETS_SECONDS[index]) },
      value,
    })),
    { suffix: '_bucket', labels: { route, le: '+Inf' }, value: count },
    { suffix: '_sum', labels: { route }, value: sum },
    { suffix: '_count', labels: { route }, value: count },
  ]
}
