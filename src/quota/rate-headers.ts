/** What one answer said about the server's own count. Times are milliseconds from the answer's arrival. */
export interface RateHeaders {
  /** A 429, or the 403 of the per-IP limit: nobody may call before the window ends. */
  limited: boolean
  limit: number | null
  remain: number | null
  /** `Reset` and `Date` count whole seconds, so the window's end is only known to lie between two moments. */
  resetEarliestMs: number | null
  resetLatestMs: number | null
}

const SECOND = 1000

/**
 * Reads the rate headers of an answer (facts section 2: Unix seconds, two spellings, no `Retry-After`); `Date` turns
 * the server's time into ours. Null for an answer that says nothing about the limit, such as a gateway's error page or a refused key.
 */
export function readRateHeaders(status: number, headers: Headers, nowMs: number): RateHeaders | null {
  const limited = status === 429 || status === 403
  const remain = readNumber(headers, 'x-ratelimit-remain') ?? readNumber(headers, 'x-ratelimit-remaining')
  if (status === 401 || (!limited && remain === null && status >= 500)) return null
  const reset = readNumber(headers, 'x-ratelimit-reset')
  const date = Date.parse(headers.get('date') ?? '')
  const aheadMs = reset === null ? null : reset * SECOND - (Number.isNaN(date) ? nowMs : date)
  return {
    limited,
    limit: readNumber(headers, 'x-ratelimit-limit'),
    remain,
    resetEarliestMs: aheadMs === null ? null : aheadMs - 2 * SECOND,
    resetLatestMs: aheadMs === null ? null : aheadMs + SECOND,
  }
}

function readNumber(headers: Headers, name: string): number | null {
  const text = headers.get(name)?.trim() ?? ''
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}
