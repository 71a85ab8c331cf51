import type { Clock } from '../../clock.ts'

/** Wakes whoever waits for work, so that a new company need not wait for the next look at the table. */
export interface Bell {
  /** There may be something to do. */
  ring(): void
  /** Resolves at the next ring, after `ms` at the latest. */
  wait(ms: number): Promise<void>
}

/** Makes a bell that any number of loops may wait for. */
export function createBell(clock: Clock): Bell {
  let next = new AbortController()
  return {
    ring() {
      next.abort()
      next = new AbortController()
    },
    wait: (ms) => clock.sleep(ms, next.signal).catch(() => {}),
  }
}
