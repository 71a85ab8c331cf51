/** Lets one loop sleep until somebody rings. */
export interface Bell {
  /** Wakes the sleeper; without one it does nothing. */
  ring(): void
  /** Resolves at the next ring, or after `ms`. */
  wait(ms?: number): Promise<void>
}

/** Node's longest timer; a longer one would fire at once. */
export const LONGEST_TIMER_MS = 2_147_483_647

/** Makes a bell by which nobody sleeps yet. */
export function createBell(): Bell {
  let wake = () => {}
  return {
    ring: () => wake(),
    wait(ms = LONGEST_TIMER_MS) {
      return new Promise((resolve) => {
        const timer = setTimeout(() => wake(), Math.min(ms, LONGEST_TIMER_MS))
        wake = () => {
          clearTimeout(timer)
          wake = () => {}
          resolve()
        }
      })
    },
  }
}
