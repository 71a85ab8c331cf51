// One permit, one HTTP exchange with Snov.
import { ChpipeError, errorMessage } from '../errors.ts'
import type { Permit } from '../quota/allowance.ts'
import type { ServerWord } from '../quota/word.ts'
import { parseJson } from '../text.ts'
import { readBody } from '../upstream/body.ts'
import { type Deadline, startDeadline } from '../upstream/deadline.ts'
import { createHttp } from '../upstream/http.ts'
import { type RawReply, replyFault } from './reply-fault.ts'
import { SnovError } from './snov-error.ts'

export interface ExchangeOptions {
  baseUrl: string
  requestTimeoutMs: number
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
export function createExchange({ baseUrl, requestTimeoutMs, counts, onAnswer }: ExchangeOptions): Exchange {
  const http = createHttp(baseUrl, { accept: 'application/json', connection: 'close' })
  const send = async ({ method, path, json, token, permit }: Call, signal: AbortSignal): Promise<Response> => {
    counts.requests += 1
    try {
      const headers = token ? { authorization: `Bearer ${token}` } : {}
      const options = { method, headers, signal, ...(json === undefined ? {} : { json }) }
      const response = await http(path.replace(/^\//, ''), options)
      permit.settle(readWord(response.status))
      onAnswer?.(response.status, response.headers)
      return response
    } catch (error) {
      permit.settle(null)
      throw error
    }
  }
  return async (call) => {
    if (call.signal.aborted) {
      call.permit.cancel()
      throw call.signal.reason
    }
    const name = `${call.method} ${call.path.split('?')[0]}`
    using deadline = startDeadline(requestTimeoutMs, call.signal)
    try {
      const response = await send(call, deadline.signal)
      if (response.status === 429) counts.rateLimited += 1
      return accept({ status: response.status, body: parse(await readText(response, name)), call: name })
    } catch (error) {
      throw explain(error, name, deadline, call.signal)
    }
  }
}

/** Snov sends no rate headers (facts 6.3): an answer only says that the service lives, or that the minute is used up. */
function readWord(status: number): ServerWord | null {
  if (status >= 500) return null
  return { limited: status === 429, limit: null, remain: null, resetEarliestMs: null, resetLatestMs: null }
}

function accept(reply: RawReply): unknown {
  const fault = replyFault(reply)
  if (fault) throw fault
  if (reply.body === null)
    throw new SnovError('passing', `The answer is not whole JSON: ${reply.call}`, { mayHaveActed: true })
  return reply.body
}

/** An error says enough by its status, so its body may break off; a success may not. */
async function readText(response: Response, call: string): Promise<string> {
  if (!response.ok) return (await readBody(response).catch(() => '')) ?? ''
  const text = await readBody(response)
  if (text !== null) return text
  throw new SnovError('passing', `The answer is larger than 16 MB: ${call}`, { mayHaveActed: true })
}

function parse(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return null
  }
}

/** Failures before a connection stood: the call surely never reached the API. */
const NEVER_ARRIVED = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]

function explain(error: unknown, call: string, deadline: Deadline, signal: AbortSignal): unknown {
  if (error instanceof SnovError) return error
  if (deadline.passed === 'interrupted') return signal.reason
  if (deadline.passed === 'timed-out') {
    return new SnovError('passing', `No answer in time: ${call}`, { mayHaveActed: true, cause: error })
  }
  if (error instanceof ChpipeError && error.kind === 'config') return error
  const cause = (error as Error).cause ?? error
  const mayHaveActed = !NEVER_ARRIVED.includes(String((cause as NodeJS.ErrnoException).code))
  return new SnovError('passing', `The connection failed (${errorMessage(cause)}): ${call}`, {
    mayHaveActed,
    cause: error,
  })
}
