// Errors as RFC 9457 problem details.
import { safeJson } from '../text.ts'

export interface ProblemDetails {
  detail?: string
  headers?: Record<string, string>
  /** What is wrong with which parameter. */
  errors?: { parameter: string; detail: string }[]
}

/** An answer other than the one that was asked for; it says nothing about the inside of the server. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly details: ProblemDetails

  constructor(status: number, details: ProblemDetails = {}) {
    super(details.detail ?? TITLES[status] ?? String(status))
    this.status = status
    this.details = details
  }
}

export const PROBLEM_TYPE = 'application/problem+json'

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** The body of a problem: `type` is `about:blank`, so that `title` is the status in words. */
export function problemBody({ status, details: { detail, errors } }: Problem): string {
  return safeJson({ type: 'about:blank', title: TITLES[status] ?? String(status), status, detail, errors })
}

/** The problem as an answer. */
export function problemResponse(problem: Problem): Response {
  const headers = { 'Content-Type': PROBLEM_TYPE, 'Cache-Control': 'no-store', ...problem.details.headers }
  return new Response(problemBody(problem), { status: problem.status, headers })
}
