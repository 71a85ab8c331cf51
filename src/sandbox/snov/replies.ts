import { json, type Reply } from '../kit/replies.ts'

/** The errors of API version 2. The body of a 404 is confirmed, that the other codes share its shape is [B]. */
export function snovProblem(code: number, title: string, source = ''): Reply {
  return json({ errors: { code, title, source } }, code)
}

/** A wrong path, and a blank or unknown hash in the path of a result (facts 6.5). */
export function unknownUrl(): Reply {
  return snovProblem(404, 'Sorry, but url or entity not found')
}

/** An unknown hash in the query of a result; the text is known, the body around it is [B]. */
export function unknownTask(): Reply {
  return snovProblem(422, 'Request not found')
}

/** [B] code and body of a missing, wrong or over-long parameter. */
export function invalid(source: string, complaint: string): Reply {
  return snovProblem(422, `The ${source} ${complaint}.`, source)
}

/** [B] the body of a 401. */
export function snovUnauthorized(): Reply {
  return snovProblem(401, 'Unauthorized')
}

export function badClient(): Reply {
  return json({ error: 'invalid_client', message: 'Client authentication failed' }, 401)
}

/** [B] status, body and the missing Retry-After: what happens beyond 60 calls a minute is not documented. */
export function tooMany(): Reply {
  return json({ message: 'Too Many Attempts.' }, 429)
}

const NO_CREDITS = { success: false, message: 'Sorry, you ran out of credits, please order more credits' }

/** Out of credits as an HTTP error: 400 was recorded with version 1; that 402 has the same body is [B]. */
export function outOfCredits(status: 400 | 402): Reply {
  return json(NO_CREDITS, status)
}

/** A 400 with an array of errors, as some operations have it; the text is [B]. */
export function refused(): Reply {
  return json({ success: false, errors: ['The operation could not be carried out'] }, 400)
}

/** [B] which gateway stands in front of the API, and so the looks of its pages. */
export function snovGatewayPage(status: 502 | 504): Reply {
  const title = status === 502 ? '502 Bad Gateway' : '504 Gateway Time-out'
  return {
    status,
    text: `<html>\n<head><title>${title}</title></head>\n<body><center><h1>${title}</h1></center></body>\n</html>\n`,
    headers: { 'Content-Type': 'text/html' },
  }
}

/** The parameters of a call, wherever and however they were sent. */
export interface Params {
  /** The last value of that name as text; empty when there is none. */
  text(name: string): string
  /** All values of that name, as they came. */
  list(name: string): unknown[]
}

/**
 * Reads query, form, multipart or JSON parameters alike (facts 1 and 2.2): a trailing `[]` or `[0]` is no part of a name,
 * and `rows[0][first_name]` is a member of a row [B]. A body that cannot be read has no parameters.
 */
export async function readParams(query: URLSearchParams, contentType: string, body: Buffer): Promise<Params> {
  const values = new Map<string, unknown[]>()
  const rows = new Map<string, Record<string, unknown>>()
  const add = (key: string, value: unknown) => {
    const [, list = '', index = '', member = ''] = /^(\w+)\[(\d+)\]\[(\w+)\]$/.exec(key) ?? []
    if (list === '') return push(values, key.replace(/\[\d*\]$/, ''), value)
    const row = rows.get(`${list} ${index}`)
    if (row) row[member] = value
    else {
      const first = { [member]: value }
      rows.set(`${list} ${index}`, first)
      push(values, list, first)
    }
  }
  for (const [key, value] of query) add(key, value)
  for (const [key, value] of await bodyPairs(contentType, body)) add(key, value)
  const list = (name: string) => values.get(name) ?? []
  return {
    list,
    text(name) {
      const last = list(name).at(-1)
      return typeof last === 'string' || typeof last === 'number' ? String(last) : ''
    },
  }
}

function push(values: Map<string, unknown[]>, name: string, value: unknown): void {
  const list = values.get(name) ?? []
  values.set(name, list)
  if (Array.isArray(value)) list.push(...value)
  else list.push(value)
}

async function bodyPairs(contentType: string, body: Buffer): Promise<Iterable<[string, unknown]>> {
  if (body.length === 0) return []
  try {
    if (/json/i.test(contentType)) return Object.entries(Object(JSON.parse(body.toString('utf8'))))
    const form = await new Response(body, { headers: { 'Content-Type': contentType } }).formData()
    return form.entries()
  } catch {
    return []
  }
}
