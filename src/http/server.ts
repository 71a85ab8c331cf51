// The HTTP server: listening, limits on what a client may send and how slowly, the access log, and a graceful end.
import { createServer, type Server, STATUS_CODES } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Clock } from '../clock.ts'
import type { Db } from '../db/open.ts'
import { serveDatabase } from '../db/served-database.ts'
import { ChpipeError, errorMessage } from '../errors.ts'
import type { Metric } from '../exposition.ts'
import { lenient } from '../log.ts'
import { observe } from './access-log.ts'
import { type AppOptions, createApp } from './app.ts'
import type { TrustedProxies } from './client-address.ts'
import { createHttpMetrics } from './http-metrics.ts'
import { startNameSearch } from './name-search.ts'
import { PROBLEM_TYPE, Problem, problemBody, problemResponse } from './problem.ts'

export interface ApiOptions
  extends Omit<AppOptions, 'database' | 'names' | 'metrics' | 'basePath' | 'streamsPerToken'>,
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

export interface Api {
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

/** Enough for a customer who fetches every list at once. */
export const DEFAULT_STREAMS = 4

/** Starts to serve. Throws a `config` error when the address cannot be listened on. */
export async function startApi(given: ApiOptions): Promise<Api> {
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
  const names = startNameSearch({ ...options, database })
  try {
    await listen(server, host, port)
  } catch (error) {
    await names.close()
    database[Symbol.dispose]()
    throw error
  }
  const metrics = () => [...options.pipelineMetrics(database.current()), ...counts.metrics(), ...processMetrics(clock)]
  const { streamsPerToken = DEFAULT_STREAMS } = options
  const app = createApp({ ...options, database, basePath, streamsPerToken, names, metrics })
  server.on('request', (request, response) => {
    request.url = withoutBase(request.url ?? '', basePath)
    observe(request, response, { clock, log, counts, trustedProxies, trialToken })
  })
  server.on('request', getRequestListener(app.fetch, { errorHandler, overrideGlobalObjects: false }))
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

/** A request that cannot become one for the application, such as one with a Host that is none. */
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
