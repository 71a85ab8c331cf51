// One permit, one HTTP exchange with Snov.
import ky from 'ky'
import { readBody } from '../companies-house/body.ts'
import { UpstreamError } from '../companies-house/upstream-error.ts'
import { ChpipeError, errorMessage } from '../errors.ts'
import type { Permit } from '../quota/allowance.ts'
import type { ServerWord } from '../quota/word.ts'
import { type RawReply, replyFault } from './reply-fault.ts'
import { SnovError } from './snov-error.ts'

/** After an interrupt a call that is already out may still finish for this long, so that its task is not lost. */
const GRACE_MS = 1500

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
  const http = ky.create({
    prefixUrl: baseUrl,
    headers: { accept: 'application/json', connection: 'close' },
    retry: 0,
    timeout: false,
    throwHttpErrors: false,
    redirect: 'manual',
  })
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
      throw explain(error, name, deadline.signal, call.signal)
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
  const text = readBody(response, call)
  return response.ok ? text : text.catch(() => '')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const TIMED_OUT = Symbol('timed out')

/** Aborts a call that takes too long, or that outlives an interrupt by more than the grace. */
function startDeadline(requestTimeoutMs: number, signal: AbortSignal) {
  const controller = new AbortController()
  const late = setTimeout(() => controller.abort(TIMED_OUT), requestTimeoutMs)
  let grace: NodeJS.Timeout | undefined
  const interrupted = () => {
    grace = setTimeout(() => controller.abort(signal.reason), GRACE_MS)
  }
  signal.addEventListener('abort', interrupted, { once: true })
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(late)
      clearTimeout(grace)
      signal.removeEventListener('abort', interrupted)
    },
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

function explain(error: unknown, call: string, deadline: AbortSignal, signal: AbortSignal): unknown {
  if (error instanceof SnovError) return error
  if (deadline.aborted && deadline.reason !== TIMED_OUT) return signal.reason
  if (deadline.aborted) {
    return new SnovError('passing', `No answer in time: ${call}`, { mayHaveActed: true, cause: error })
  }
  if (error instanceof ChpipeError && error.kind === 'config') return error
  if (error instanceof UpstreamError) {
    return new SnovError('passing', `The answer is larger than 16 MB: ${call}`, { mayHaveActed: true, cause: error })
  }
  const cause = (error as Error).cause ?? error
  const mayHaveActed = !NEVER_ARRIVED.includes(String((cause as NodeJS.ErrnoException).code))
  return new SnovError('passing', `The connection failed (${errorMessage(cause)}): ${call}`, {
    mayHaveActed,
    cause: error,
  })
}
