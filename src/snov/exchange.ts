// One permit, one HTTP exchange with Snov.
import { ChpipeError } from '../errors.ts'
import type { RateHeaders } from '../quota/rate-headers.ts'
import type { Permit } from '../quota/store.ts'
import type { Proxies } from '../settings.ts'
import { printable } from '../text.ts'
import { BodyError, readJson } from '../upstream/body.ts'
import { ProviderError, type ProviderFault } from '../upstream/provider-error.ts'
import {
  ACCEPT_ENCODING,
  createWire,
  type Deadline,
  reasonsOf,
  startDeadline,
  type WireAnswer,
  WireError,
} from '../upstream/wire.ts'

export interface SnovExchangeOptions {
  baseUrl: string
  proxies?: Proxies | undefined
  requestTimeoutMs: number
  connectTimeoutMs: number
  counts: { requests: number; rateLimited: number }
  /** Sees every answer before it is read. */
  onAnswer?: (status: number, headers: Headers) => void
}

export interface Call {
  method: 'GET' | 'POST'
  /** From the API's root, with its query. */
  path: string
  json?: unknown
  token?: string
  permit: Permit
  signal: AbortSignal
}

/** Sends one call and resolves with the JSON of its success. */
export type SnovExchange = (call: Call) => Promise<unknown>

/**
 * Makes the function that sends. It throws a `config` error for a plan without API access, a `SnovError` for every
 * other failure, and the signal's reason when an interrupt outlives its grace. No connection is kept for the next
 * call: on one that the server is just closing nobody could say whether a start arrived.
 */
export function createSnovExchange(options: SnovExchangeOptions): SnovExchange {
  const { baseUrl, proxies, requestTimeoutMs, connectTimeoutMs, counts, onAnswer } = options
  const headers = { accept: 'application/json', 'accept-encoding': ACCEPT_ENCODING }
  const wire = createWire(baseUrl, { headers, proxies, keepAlive: false, connectTimeoutMs })
  const send = async ({ method, path, json, token, permit }: Call, signal: AbortSignal): Promise<WireAnswer> => {
    counts.requests += 1
    try {
      const headers = token ? { authorization: `Bearer ${token}` } : {}
      const response = await wire({ method, path, headers, signal, json })
      permit.settle(readWord(response.status))
      onAnswer?.(response.status, response.headers)
      return response
    } catch (error) {
      permit.settle(null)
      throw error
    }
  }
  return async (call) => {
    const name = `${call.method} ${call.path.split('?')[0]}`
    using deadline = startDeadline(requestTimeoutMs, call.signal)
    try {
      if (call.signal.aborted) throw unsent(call)
      const response = await send(call, deadline.signal)
      if (response.status === 429) counts.rateLimited += 1
      return accept({ status: response.status, body: await readBody(response), call: name })
    } catch (error) {
      throw explain(error, name, deadline, call.signal)
    }
  }
}

/** The operator stopped before anything was sent: the permit is not used. */
function unsent({ permit, signal }: Call): WireError {
  permit.cancel()
  return new WireError('Interrupted', { sent: false, cause: signal.reason })
}

/** Snov sends no rate headers (facts 6.3): an answer only says that the service lives, or that the minute is used up. */
function readWord(status: number): RateHeaders | null {
  if (status >= 500) return null
  return { limited: status === 429, limit: null, remain: null, resetEarliestMs: null, resetLatestMs: null }
}

function accept(reply: RawReply): unknown {
  const fault = replyFault(reply)
  if (fault) throw fault
  return reply.body
}

/** An error says enough by its status, so its body may break off; a success may not. */
async function readBody(response: WireAnswer): Promise<unknown> {
  if (response.status >= 200 && response.status < 300) return readJson(response)
  return readJson(response).catch(() => null)
}

/** Only what never left surely bought nothing: of everything else some bytes may have arrived. */
function explain(error: unknown, call: string, deadline: Deadline, signal: AbortSignal): unknown {
  if (error instanceof ChpipeError) return error
  const mayHaveActed = !(error instanceof WireError) || error.sent
  const passing = (message: string) => new SnovError('passing', `${message}: ${call}`, { mayHaveActed, cause: error })
  if (signal.aborted && !mayHaveActed) return passing('Interrupted before it was sent')
  if (deadline.passed === 'interrupted') return signal.reason
  if (deadline.passed === 'timed-out') return passing(mayHaveActed ? 'No answer in time' : 'No connection in time')
  if (error instanceof WireError || error instanceof BodyError) return passing(error.message)
  return passing(reasonsOf(error).join('; '))
}

// What an answer that is no success means. The bodies of errors have no single shape (Snov facts 6.5), so the status
// decides, and a text is only searched where one status has several meanings.

/** An answer as it came: `body` is the parsed JSON, or null where it was none. */
interface RawReply {
  status: number
  body: unknown
  call: string
}

/** Seen as HTTP 400, and possible under other statuses (Snov facts 6.5). */
const OUT_OF_CREDITS = /ran out of credits|not[ _-]enough[ _-]credits/i
const TASK_UNKNOWN = /request not found|entity not found/i

const MAX_SAID_LENGTH = 200
/** Long enough to be a token or a secret that the answer repeats. */
const SECRET_LIKE = /[\w-]{24,}/g

/** The error that an answer stands for; null for a success. */
function replyFault(reply: RawReply): ChpipeError | null {
  const { status, call } = reply
  const said = saidBy(reply.body)
  const failed = (fault: ProviderFault, mayHaveActed: boolean) =>
    new SnovError(fault, `Snov answered ${status}${said ? ` (${said})` : ''}: ${call}`, { mayHaveActed })
  if (status >= 200 && status < 300) {
    if (!isRefusal(reply.body)) return null
    return OUT_OF_CREDITS.test(said) ? failed('not-enough-credits', false) : failed('refused', false)
  }
  if (status === 401) return failed('token', false)
  if (status === 402 || (isRefusalStatus(status) && OUT_OF_CREDITS.test(said)))
    return failed('not-enough-credits', false)
  if (status === 403) return refusedClient(`it answered ${status}: ${call}`)
  if (status === 404 || (status === 422 && TASK_UNKNOWN.test(said))) return failed('not-found', false)
  if (status === 429) return failed('rate-limited', false)
  return isRefusalStatus(status) ? failed('refused', false) : failed('passing', true)
}

/** The client, or its plan, may not use the API. */
export function refusedClient(why: string): ChpipeError {
  return new ChpipeError('config', `Snov refused the client (${why})`, {
    hint: 'check SNOV_CLIENT_ID and SNOV_CLIENT_SECRET, and that the plan includes API access',
  })
}

/** Answers to a question that was read and not acted on. */
function isRefusalStatus(status: number): boolean {
  return status === 400 || status === 403 || status === 405 || status === 422
}

/** `success: false` on a 200 (Snov facts 6.5). */
function isRefusal(body: unknown): boolean {
  return isObject(body) && body.success === false
}

/** What an error's body says, in whichever of its shapes, made safe for a line. */
function saidBy(body: unknown): string {
  if (!isObject(body)) return ''
  const { message, errors, error } = body
  const titled = isObject(errors) && !Array.isArray(errors) ? errors.title : undefined
  const listed = Array.isArray(errors) ? errors[0] : errors
  const said = [message, titled, listed, error].find((text) => typeof text === 'string')
  return printable(String(said ?? '').slice(0, MAX_SAID_LENGTH)).replace(SECRET_LIKE, '...')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** A Snov call that did not go well. */
export class SnovError extends ProviderError {
  constructor(
    fault: ProviderFault,
    message: string,
    { mayHaveActed, cause }: { mayHaveActed: boolean; cause?: unknown },
  ) {
    super(fault, message, { mayHaveActed, hint: HINTS[fault] ?? 'try again later; nothing was lost', cause })
  }
}

const HINTS: Partial<Record<ProviderFault, string>> = {
  'not-enough-credits': 'buy credits or wait for the next billing month, then run the command again',
  refused: 'see what Snov says about the input; asking again unchanged will not help',
}
