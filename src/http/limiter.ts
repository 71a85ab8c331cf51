// The request limit of each token: so many in a minute, counted from the first.

export interface Grant {
  allowed: boolean
  /** The fields of draft-ietf-httpapi-rate-limit-headers that clients know, and `Retry-After` with a refusal. */
  headers: Record<string, string>
}

const WINDOW_SECONDS = 60

export interface GuessLock {
  /** Seconds for which nothing that can be guessed is taken; 0 while it is. */
  lockedFor(): number
  failed(): void
}

/** Locks for the rest of a minute in which so many attempts have failed. */
export function createGuessLock(most: number, steady: () => number): GuessLock {
  let window = { endsAt: Number.NEGATIVE_INFINITY, failed: 0 }
  const current = () => {
    if (steady() >= window.endsAt) window = { endsAt: steady() + WINDOW_SECONDS * 1000, failed: 0 }
    return window
  }
  return {
    lockedFor: () => (current().failed < most ? 0 : Math.ceil((window.endsAt - steady()) / 1000)),
    failed() {
      current().failed += 1
    },
  }
}

/** Counts the requests of each name; `steady` are milliseconds that never jump. */
export function createLimiter(limit: number, steady: () => number): (name: string) => Grant {
  const windows = new Map<string, { endsAt: number; used: number }>()
  return (name) => {
    const now = steady()
    const current = windows.get(name)
    const window = current && current.endsAt > now ? current : { endsAt: now + WINDOW_SECONDS * 1000, used: 0 }
    windows.set(name, window)
    const allowed = window.used < limit
    if (allowed) window.used += 1
    const reset = String(Math.ceil((window.endsAt - now) / 1000))
    return {
      allowed,
      headers: {
        'RateLimit-Limit': String(limit),
        'RateLimit-Remaining': String(limit - window.used),
        'RateLimit-Reset': reset,
        'RateLimit-Policy': `${limit};w=${WINDOW_SECONDS}`,
        ...(allowed ? {} : { 'Retry-After': reset }),
      },
    }
  }
}
