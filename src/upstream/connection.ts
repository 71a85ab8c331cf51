// How a connection comes about: name, address, proxy, TLS. A request is handed to it only once it stands, so that what
// failed before surely never left.
import { once } from 'node:events'
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Proxies } from '../settings.ts'
import { proxyFor, proxyName } from './proxy.ts'

export interface ConnectionOptions {
  /** Without them every connection is direct. */
  proxies?: Proxies | undefined
  /** Whether a connection may serve the next request, too. */
  keepAlive: boolean
  /** How long it may take until the connection stands, TLS and proxy included. */
  connectTimeoutMs: number
}

/** A request of `node:http` that tells when it is given up, so that the connection on its way is given up with it. */
export type Abandonable = RequestOptions & { givenUp: AbortSignal }

/** An idle connection is closed by us before most servers close it. */
const IDLE_MS = 4000

/** What `node:http` passes on to an agent, and to what makes its sockets. */
type SocketOptions = Abandonable & { socket?: Duplex }

/** The agent for all requests to `target`, which must be `Abandonable`. Certificates are always verified. */
export function createAgent(target: URL, { proxies, keepAlive, connectTimeoutMs }: ConnectionOptions) {
  const secure = target.protocol === 'https:'
  const proxy = proxies ? proxyFor(target, proxies) : null
  const agent = secure
    ? new HttpsAgent({ keepAlive, timeout: IDLE_MS })
    : new HttpAgent({ keepAlive, timeout: IDLE_MS })
  const maker = agent as unknown as { createConnection(options: SocketOptions, ...rest: unknown[]): Socket }
  const make = maker.createConnection.bind(agent)

  const connect = async (options: SocketOptions, signal: AbortSignal): Promise<Duplex> => {
    const tunnel = proxy && (await openTunnel(proxy, target, signal))
    if (tunnel && !secure) return tunnel
    const socket = make(tunnel ? { ...options, socket: tunnel } : options)
    try {
      await once(socket, secure ? 'secureConnect' : 'connect', { signal })
      return socket
    } catch (error) {
      socket.on('error', ignore).destroy()
      tunnel?.destroy()
      throw error
    }
  }

  return Object.assign(agent, {
    createConnection(options: SocketOptions, callback: (error: unknown, socket?: Duplex) => void) {
      const limit = new AbortController()
      const late = setTimeout(() => limit.abort(new Error('it was not made in time')), connectTimeoutMs)
      const giveUp = () => limit.abort(options.givenUp.reason)
      options.givenUp.addEventListener('abort', giveUp, { once: true })
      if (options.givenUp.aborted) giveUp()
      connect(options, limit.signal)
        .finally(() => {
          clearTimeout(late)
          options.givenUp.removeEventListener('abort', giveUp)
        })
        .then(
          (socket) => callback(null, socket.on('error', ignore)),
          (error) => callback(limit.signal.aborted ? limit.signal.reason : error),
        )
    },
  })
}

/** A tunnel to the target through the proxy. Throws when the proxy cannot be reached, or refuses. */
async function openTunnel(proxy: URL, target: URL, signal: AbortSignal): Promise<Duplex> {
  const goal = `${target.hostname}:${target.port || (target.protocol === 'https:' ? 443 : 80)}`
  const ask = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    method: 'CONNECT',
    path: goal,
    headers: { host: goal, ...authorization(proxy) },
    agent: false,
  })
  try {
    ask.end()
    const [response, socket, head] = await once(ask, 'connect', { signal })
    if (response.statusCode >= 200 && response.statusCode < 300) {
      if (head.length > 0) socket.unshift(head)
      return socket.on('error', ignore)
    }
    throw new Error(`it answered ${response.statusCode} ${response.statusMessage ?? ''}`.trim())
  } catch (error) {
    ask.on('error', ignore).destroy()
    if (signal.aborted) throw signal.reason
    throw new ProxyError(`the proxy ${proxyName(proxy)} did not connect`, { cause: error })
  }
}

/** The way through a proxy could not be opened. The message never holds its credentials. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }
}

function ignore(): void {}
