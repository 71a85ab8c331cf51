import type { VirtualClock } from '../virtual-clock.ts'

export type WindowKind = 'fixed' | 'sliding' | 'anchored'

/** A server that counts calls in virtual time and refuses what is too much. */
export interface CountingServer {
  /** Counts one call, from chpipe or from anybody else. */
  call(): Response
  accepted(): number
  refused(): number
}

/** `phaseMs` is where in its window a fixed server stands at the start; headers are left out when `mute`. */
export function countingServer(
  clock: VirtualClock,
  kind: WindowKind,
  { limit, windowMs, phaseMs = 0, mute = false }: { limit: number; windowMs: number; phaseMs?: number; mute?: boolean },
): CountingServer {
  const begin = clock.steady()
  let elapsedBase = 0
  let lastSteady = begin
  let refused = 0
  const counted: number[] = []
  let start = 0

  /** The server has its own time: it neither jumps nor reboots with the client. */
  const time = () => {
    const steady = clock.steady()
    if (steady < lastSteady) elapsedBase += lastSteady
    lastSteady = steady
    return elapsedBase + steady
  }

  const windowStart = (now: number) => {
    if (kind === 'sliding') return now - windowMs
    if (kind === 'fixed') return Math.floor((now + phaseMs) / windowMs) * windowMs - phaseMs
    if (now >= start + windowMs || counted.length === 0) start = now
    return start
  }

  return {
    call() {
      const now = time()
      const from = windowStart(now)
      const inWindow = counted.filter((at) => (kind === 'sliding' ? at > from : at >= from)).length
      const ok = inWindow < limit
      if (ok) counted.push(now)
      else refused += 1
      const end = kind === 'sliding' ? (counted.find((at) => at > from) ?? now) : from
      const epoch = 1_800_000_000_000
      const headers = new Headers({ date: new Date(epoch + now).toUTCString() })
      if (!mute) {
        headers.set('x-ratelimit-limit', String(limit))
        headers.set('x-ratelimit-remain', String(ok ? limit - inWindow - 1 : 0))
        headers.set('x-ratelimit-reset', String(Math.ceil((epoch + end + windowMs) / 1000)))
      }
      return new Response(null, { status: ok ? 200 : 429, headers })
    },
    accepted: () => counted.length,
    refused: () => refused,
  }
}
