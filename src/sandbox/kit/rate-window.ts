/** What the server says about the allowance after a call. */
export interface RateState {
  allowed: boolean
  limit: number
  remain: number
  /** Milliseconds since 1970 at which calls come free again. */
  resetAtMs: number
}

export interface RateWindow {
  /** Counts one call, unless the allowance is used up. */
  take(): RateState
  /** The most calls that one window has counted so far. */
  readonly peak: number
}

/** `fixed` is what Companies House does (facts section 2); the other two are what a client may wrongly expect. */
export type WindowKind = 'fixed' | 'sliding' | 'anchored'

export interface RateWindowOptions {
  kind: WindowKind
  limit: number
  windowMs: number
  /** Where fixed windows begin, in milliseconds after a whole multiple of `windowMs`: the server's secret. */
  phaseMs: number
  now: () => number
}

/** Counts calls against an allowance of `limit` per `windowMs`. */
export function createRateWindow(options: RateWindowOptions): RateWindow {
  return options.kind === 'sliding' ? slidingWindow(options) : periodicWindow(options)
}

/** Fixed windows follow each other without a gap; an anchored one begins with the first call after the last has ended. */
function periodicWindow({ kind, limit, windowMs, phaseMs, now }: RateWindowOptions): RateWindow {
  let endMs = Number.NEGATIVE_INFINITY
  let count = 0
  let peak = 0
  return {
    take() {
      const nowMs = now()
      if (nowMs >= endMs || nowMs < endMs - windowMs) {
        const startMs = kind === 'fixed' ? Math.floor((nowMs - phaseMs) / windowMs) * windowMs + phaseMs : nowMs
        endMs = startMs + windowMs
        count = 0
      }
      const allowed = count < limit
      if (allowed) count += 1
      peak = Math.max(peak, count)
      return { allowed, limit, remain: limit - count, resetAtMs: endMs }
    },
    get peak() {
      return peak
    },
  }
}

function slidingWindow({ limit, windowMs, now }: RateWindowOptions): RateWindow {
  let calls: number[] = []
  let peak = 0
  return {
    take() {
      const nowMs = now()
      calls = calls.filter((at) => at > nowMs - windowMs)
      const allowed = calls.length < limit
      if (allowed) calls.push(nowMs)
      peak = Math.max(peak, calls.length)
      return { allowed, limit, remain: limit - calls.length, resetAtMs: (calls[0] ?? nowMs) + windowMs }
    },
    get peak() {
      return peak
    },
  }
}

/** The four headers, spelt as Companies House spells them (facts section 2): `Reset` is in Unix seconds. */
export function rateHeaders(state: RateState, windowMs: number): Record<string, string> {
  return {
    'X-Ratelimit-Limit': String(state.limit),
    'X-Ratelimit-Remain': String(state.remain),
    // [B] a window that ends within a second is rounded up, so that nobody is told to come too early.
    'X-Ratelimit-Reset': String(Math.ceil(state.resetAtMs / 1000)),
    'X-Ratelimit-Window': windowMs % 60_000 === 0 ? `${windowMs / 60_000}m` : `${windowMs / 1000}s`,
  }
}
