// One permit, one HTTP exchange.
import * as z from 'zod'
import type { Clock } from '../clock.ts'
import type { Lane } from '../db/quota/ledger.ts'
import { ChpipeError, systemError } from '../errors.ts'
import type { Allowance } from '../quota/allowance.ts'
import { readRateHeaders } from '../quota/rate-headers.ts'
import type { Permit } from '../quota/store.ts'
import type { Proxies } from '../settings.ts'
import { BodyError, parseBody, readJson, readText } from '../upstream/body.ts'
import {
  ACCEPT_ENCODING,
  createWire,
  type Deadline,
  reasonsOf,
  startDeadline,
  type Wire,
  type WireAnswer,
  WireError,
} from '../upstream/wire.ts'

export interface RestReply {
  /** A 404 is the API's own: a page of a gateway or of somebody else is a fault. */
  status: 200 | 404
  /** The parsed body of a 200; null for a 404, whose body has several shapes and no news. */
  body: unknown
}

/** A reply, and when it was given by the service's own clock, in milliseconds; null where it does not say. */
export interface DatedReply {
  reply: RestReply
  repliedAt: number | null
}

export interface RestExchangeOptions {
  baseUrl: string
  apiKey: string
  allowance: Allowance
  clock: Clock
  proxies?: Proxies | undefined
  requestTimeoutMs: number
  connectTimeoutMs: number
  counts: { requests: number; rateLimited: number }
  /** Sees every answer before it is read. */
  onAnswer?: (status: number, headers: Headers) => void
}

/**
 * Makes the function that sends one GET. It resolves with the reply, or `limited` after a 429 or the per-IP 403; it
 * throws a `config` error for a refused key and an `UpstreamError` for everything else.
 */
export function createRestExchange(options: RestExchangeOptions) {
  const { baseUrl, apiKey, proxies, connectTimeoutMs } = options
  const headers = {
    authorization: `Basic ${Buffer.from(`${apiKey}:`).toString('base64')}`,
    accept: 'application/json',
    'accept-encoding': ACCEPT_ENCODING,
  }
  const wire = createWire(baseUrl, { headers, proxies, keepAlive: true, connectTimeoutMs })
  return async (path: string, lane: Lane, signal: AbortSignal): Promise<DatedReply | 'limited'> => {
    const permit = await options.allowance.acquire(lane, signal)
    options.counts.requests += 1
    using deadline = startDeadline(options.requestTimeoutMs, signal)
    try {
      const response = await send(wire, path, permit, options, deadline.signal)
      const reply = await read(response, path, options)
      const repliedAt = Date.parse(response.headers.get('date') ?? '')
      return reply === 'limited' ? reply : { reply, repliedAt: Number.isNaN(repliedAt) ? null : repliedAt }
    } catch (error) {
      throw explain(error, path, deadline, signal)
    }
  }
}

async function send(wire: Wire, path: string, permit: Permit, options: RestExchangeOptions, signal: AbortSignal) {
  try {
    const response = await wire({ path, signal })
    permit.settle(readRateHeaders(response.status, response.headers, options.clock.now()))
    options.onAnswer?.(response.status, response.headers)
    return response
  } catch (error) {
    permit.settle(null)
    throw error
  }
}

/** Decides on the status (facts 1.3: bodies of errors have no single shape), and of a 404 on whose it is. */
async function read(
  response: WireAnswer,
  path: string,
  { counts }: RestExchangeOptions,
): Promise<RestReply | 'limited'> {
  const { status } = response
  if (status === 200) return { status, body: await readJson(response) }
  if (status === 404) {
    if (await readText(response, isOwnNotFound)) return { status, body: null }
    throw new UpstreamError(`The 404 is not Companies House's own: GET ${path}`, { retryable: true })
  }
  response.drop()
  if (status === 401) throw refusedKey()
  if (status === 429 || status === 403) {
    counts.rateLimited += 1
    return 'limited'
  }
  throw new UpstreamError(`Companies House answered ${status}: GET ${path}`, { retryable: status >= 500 })
}

/**
 * Whether the body of a 404 is one that the API's services write (facts 1.3): nothing, an empty object, a list of service
 * errors, or Spring's report. Gateways, proxies and maintenance pages write HTML, plain text or JSON of other shapes.
 */
function isOwnNotFound(text: string): boolean {
  if (text.trim() === '') return true
  try {
    return notFoundBody.safeParse(parseBody(text)).success
  } catch {
    return false
  }
}

const notFoundBody = z.union([
  z.strictObject({}),
  z.looseObject({ errors: z.array(z.looseObject({ type: z.literal('ch:service') })) }),
  z.looseObject({ status: z.literal(404), path: z.string() }),
  z.looseObject({ timestamp: z.string(), message: z.string().regex(/^404\b/) }),
])

function refusedKey(): ChpipeError {
  return new ChpipeError('config', 'Companies House refused the API key (401)', {
    hint: 'check COMPANIES_HOUSE_API_KEY: it must be a REST key; a stream key does not work here',
  })
}

/** This machine has no descriptor left for a connection: the service is not to blame. */
const TOO_MANY_FILES = ['EMFILE', 'ENFILE']

function explain(error: unknown, path: string, deadline: Deadline, signal: AbortSignal): unknown {
  if (error instanceof ChpipeError) return error
  if (deadline.passed === 'timed-out') {
    return new UpstreamError(`No answer in time: GET ${path}`, { retryable: true, cause: error })
  }
  if (deadline.passed === 'interrupted') return signal.reason
  if (error instanceof BodyError) {
    const retryable = error.fault === 'not-json'
    return new UpstreamError(`${error.message}: GET ${path}`, { retryable, cause: error.cause })
  }
  const cause = error instanceof WireError ? error.cause : error
  const code = String((cause as NodeJS.ErrnoException | null)?.code ?? '')
  if (TOO_MANY_FILES.includes(code)) return systemError(cause)
  const what = error instanceof WireError ? error.message : reasonsOf(error).join('; ')
  return new UpstreamError(`${what}: GET ${path}`, { retryable: true, cause: error })
}

/** A call that Companies House did not answer well. It says itself whether the same call may succeed later. */
export class UpstreamError extends ChpipeError {
  readonly retryable: boolean
  /** A service that answers everybody so would still answer the question that is asked as a probe as it should. */
  readonly hidden: boolean

  constructor(
    message: string,
    { retryable, hidden = false, cause }: { retryable: boolean; hidden?: boolean; cause?: unknown },
  ) {
    super('upstream', message, { hint: 'try again later; nothing was lost', cause })
    this.retryable = retryable
    this.hidden = hidden
  }
}
