// One permit, one HTTP exchange with Snov.
import { ChpipeError } from '../errors.ts'
import type { Permit } from '../quota/allowance.ts'
import type { ServerWord } from '../quota/word.ts'
import type { Proxies } from '../settings.ts'
import { BodyError, readJson } from '../upstream/body.ts'
import { type Deadline, startDeadline } from '../upstream/deadline.ts'
import { ACCEPT_ENCODING, type Answer, createWire, reasonsOf, WireError } from '../upstream/wire.ts'
import { type RawReply, replyFault } from './reply-fault.ts'
import { SnovError } from './snov-error.ts'

export interface ExchangeOptions {
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
export type Exchange = (call: Call) => Promise<unknown>

/**
 * Makes the function that sends. It throws a `config` error for a plan without API access, a `SnovError` for every
 * other failure, and the signal's reason when an interrupt outlives its grace. No connection is kept for the next
 * call: on one that the server is just closing nobody could tell whether a start arrived.
 */
export function createExchange(options: ExchangeOptions): Exchange {
  const { baseUrl, proxies, requestTimeoutMs, connectTimeoutMs, counts, onAnswer } = options
  const headers = { accept: 'application/json', 'accept-encoding': ACCEPT_ENCODING }
  const wire = createWire(baseUrl, { headers, proxies, keepAlive: false, connectTimeoutMs })
  const send = async ({ method, path, json, token, permit }: Call, signal: AbortSignal): Promise<Answer> => {
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
function readWord(status: number): ServerWord | null {
  if (status >= 500) return null
  return { limited: status === 429, limit: null, remain: null, resetEarliestMs: null, resetLatestMs: null }
}

function accept(reply: RawReply): unknown {
  const fault = replyFault(reply)
  if (fault) throw fault
  return reply.body
}

/** An error says enough by its status, so its body may break off; a success may not. */
async function readBody(response: Answer): Promise<unknown> {
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
