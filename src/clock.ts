import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

/** Time as commands and steps see it; tests hand in one that they wind by hand. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. It may jump. */
  now(): number
  /** Milliseconds since this machine started, the same for all its processes. It never jumps. */
  steady(): number
  /** Names the machine's current boot: `steady()` values compare only under the same name. */
  readonly boot: string
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

const NANOS_PER_MS = 1_000_000n

/** Node's longest timer, about 24 days; a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647

/** The machine's own clock. `steady` is the monotonic clock, which every process of one boot shares. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    steady: () => Number(process.hrtime.bigint() / NANOS_PER_MS),
    boot: readBoot(),
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      try {
        await delay(Math.min(Math.max(0, ms), MAX_TIMER_MS), undefined, signal ? { signal } : {})
      } catch (error) {
        signal?.throwIfAborted()
        throw error
      }
    },
  }
}

/** Linux names every boot; elsewhere the host's name stands in, and a reboot shows as `steady` running backwards. */
function readBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return hostname()
  }
}
