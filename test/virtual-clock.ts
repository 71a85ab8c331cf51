import type { Clock } from '../src/clock.ts'

export interface VirtualClock extends Clock {
  boot: string
  /** Lets everything that waits run until `done` resolves, jumping from one wake-up to the next. */
  runUntil<T>(done: Promise<T>): Promise<T>
  /** Moves the wall clock alone, as an NTP correction does. */
  jump(ms: number): void
  /** A machine that starts anew: another boot, and `steady` from zero. */
  reboot(name: string): void
}

interface Sleeper {
  at: number
  wake(): void
}

/** Time that moves only when nobody has anything left to do. */
export function virtualClock(): VirtualClock {
  let elapsed = 0
  let offset = Date.UTC(2026, 0, 5)
  let bootedAt = 0
  const sleepers = new Set<Sleeper>()

  return {
    boot: 'first',
    now: () => offset + elapsed,
    steady: () => Math.floor(elapsed - bootedAt),
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const leave = () => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        const sleeper = {
          at: elapsed + Math.max(0, ms),
          wake() {
            sleepers.delete(sleeper)
            signal?.removeEventListener('abort', leave)
            resolve()
          },
        }
        signal?.addEventListener('abort', leave, { once: true })
        sleepers.add(sleeper)
      })
    },
    async runUntil(done) {
      let ended = false
      const ending = done.finally(() => {
        ended = true
      })
      ending.catch(() => {})
      for (;;) {
        for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate)
        if (ended) return ending
        const next = [...sleepers].reduce<Sleeper | undefined>((a, b) => (a && a.at <= b.at ? a : b), undefined)
        if (!next) throw new Error('nobody waits for time to pass, and the work is not done')
        elapsed = Math.max(elapsed, next.at)
        next.wake()
      }
    },
    jump(ms) {
      offset += ms
    },
    reboot(name) {
      this.boot = name
      bootedAt = elapsed
    },
  }
}
