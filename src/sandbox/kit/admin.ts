// The admin door of a service: other processes read its counts and truth through it, and steer it. It needs no key, counts
// nothing and suffers no fault.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { ChpipeError, errorMessage } from '../../errors.ts'
import { empty, type Reply, send, sentence } from './replies.ts'

export interface AdminRequest {
  /** What stands behind the name in the path, such as a company number. */
  rest: string
  query: URLSearchParams
  body: string
}

/** A reply, or lines that are written as they come. */
export type AdminAnswer = Reply | { lines: Iterable<string> }

/** What can be asked, by method and name, such as `GET requests`. What an action throws is answered with 400. */
export type AdminActions = Record<string, (request: AdminRequest) => AdminAnswer>

export interface AdminDoor {
  /** Where the door is, such as `/_sandbox/`. */
  prefix: string
  actions: AdminActions
}

/** `POST faults`, which every service has: sets the plan that the body holds. */
export function faultsAction<Plan>(parse: (text: string) => Plan, set: (plan: Plan) => void): AdminActions {
  return {
    'POST faults': ({ body }) => {
      set(parse(body))
      return empty(204)
    },
  }
}

/** Answers one request at the door. */
export async function serveAdmin(
  { prefix, actions }: AdminDoor,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://sandbox')
  const [name = '', ...rest] = pathname.slice(prefix.length).split('/')
  const { method = 'GET' } = request
  const action = Object.hasOwn(actions, `${method} ${name}`) ? actions[`${method} ${name}`] : undefined
  const body = await text(request)
  const answer = action
    ? attempt(() => action({ rest: rest.join('/'), query, body }))
    : sentence(404, `The sandbox has no ${method} ${pathname}.\n`)
  if ('lines' in answer) {
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' })
    // A reader who leaves before the end is not the sandbox's concern.
    await pipeline(Readable.from(answer.lines), response).catch(() => {})
    return
  }
  send(response, answer)
}

function attempt(act: () => AdminAnswer): AdminAnswer {
  try {
    return act()
  } catch (error) {
    return sentence(400, `${errorMessage(error)}\n`)
  }
}

/** A whole number out of a query, which must have this form. Throws a `usage` error for anything else. */
export function wholeNumber(query: URLSearchParams, name: string, form: RegExp): number {
  const text = query.get(name) ?? ''
  if (!form.test(text.trim())) {
    throw new ChpipeError('usage', `${name} must be a whole number, not "${text}".`)
  }
  return Number(text)
}
