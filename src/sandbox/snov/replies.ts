import { json, type Reply } from '../replies.ts'

/** The errors of API version 2. The body of a 404 is confirmed, that the other codes share its shape is [B]. */
export function problem(code: number, title: string, source = ''): Reply {
  return json({ errors: { code, title, source } }, code)
}

/** A wrong path, and a blank or unknown hash in the path of a result (facts 6.5). */
export function unknownUrl(): Reply {
  return problem(404, 'Sorry, but url or entity not found')
}

/** An unknown hash in the query of a result; the text is known, the body around it is [B]. */
export function unknownTask(): Reply {
  return problem(422, 'Request not found')
}

/** [B] code and body of a missing, wrong or over-long parameter. */
export function invalid(source: string, complaint: string): Reply {
  return problem(422, `The ${source} ${complaint}.`, source)
}

/** [B] the body of a 401. */
export function unauthorized(): Reply {
  return problem(401, 'Unauthorized')
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
export function gatewayPage(status: 502 | 504): Reply {
  const title = status === 502 ? '502 Bad Gateway' : '504 Gateway Time-out'
  return {
    status,
    text: `<html>\n<head><title>${title}</title></head>\n<body><center><h1>${title}</h1></center></body>\n</html>\n`,
    headers: { 'Content-Type': 'text/html' },
  }
}
