import type { Clock } from '../../clock.ts'

/** Tells those who wait for work that there may be some, so that nobody need look all the time. */
export interface Bell {
  /** How often it was rung. */
  readonly rings: number
  ring(): void
  /** Resolves after `ms`, or when it is rung or the signal aborts; at once when it was rung since `heard`. */
  wait(ms: number, heard: number, signal: AbortSignal): Promise<void>
}

/** Makes a bell for one process. */
export function createBell(clock: Clock): Bell {
  const waiting = new Set<() => void>()
  let rings = 0
  return {
    get rings() {
      return rings
    },
    ring() {
      rings += 1
      for (const wake of waiting) wake()
    },
    async wait(ms, heard, signal) {
      if (signal.aborted || rings !== heard) return
      const rest = new AbortController()
      const wake = () => rest.abort()
      waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
      await clock.sleep(ms, rest.signal).catch(() => {})
      waiting.delete(wake)
      signal.removeEventListener('abort', wake)
    },
  }
}
