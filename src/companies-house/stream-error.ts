import { ChpipeError } from '../errors.ts'

/**
 * How a connection to the stream came to its end. `closed`: the server ended it, as it does every night. `network`: it
 * broke, or never came about. `idle`: not even a heartbeat came. `http`: another status than 200. `limited`: too many
 * connections (429, or the 403 of the per-IP limit). `expired`: the timepoint is too old (416). `refused`: a bad key (401).
 */
export type StreamEnd = 'closed' | 'network' | 'idle' | 'http' | 'limited' | 'expired' | 'refused'

/** The end of one connection. Whether and when to connect again is for the policy to say. */
export class StreamError extends ChpipeError {
  readonly end: StreamEnd

  constructor(end: StreamEnd, message: string, { hint, cause }: { hint?: string; cause?: unknown } = {}) {
    super(end === 'refused' ? 'config' : 'upstream', message, { ...(hint ? { hint } : {}), cause })
    this.end = end
  }
}

/** The error of a status other than 200 (facts 3.2: bodies are empty or HTML and say nothing more). */
export function statusError(status: number, resumed: boolean): StreamError {
  if (status === 401) {
    return new StreamError('refused', 'Companies House refused the stream key (401)', {
      hint: 'check COMPANIES_HOUSE_STREAM_KEY: it must be a stream key; a REST key does not work here',
    })
  }
  if (status === 416 && resumed) {
    return new StreamError('expired', 'The timepoint is no longer kept by the stream (416)', {
      hint: 'search the days that were missed, and follow the stream from now on',
    })
  }
  if (status === 429 || status === 403) {
    return new StreamError('limited', `Companies House refuses more stream connections (${status})`)
  }
  return new StreamError('http', `Companies House answered ${status} instead of the stream`)
}
