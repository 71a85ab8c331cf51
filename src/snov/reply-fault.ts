// What an answer that is no success means. The bodies of errors have no single shape (Snov facts 6.5), so the status
// decides, and a text is only searched where one status has several meanings.
import { ChpipeError } from '../errors.ts'
import { printable } from '../text.ts'
import { SnovError, type SnovFault } from './snov-error.ts'

/** An answer as it came: `body` is the parsed JSON, or null where it was none. */
export interface RawReply {
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
export function replyFault(reply: RawReply): ChpipeError | null {
  const { status, call } = reply
  const said = saidBy(reply.body)
  const failed = (fault: SnovFault, mayHaveActed: boolean) =>
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
