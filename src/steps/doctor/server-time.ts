import type { Clock } from '../../clock.ts'
import { formatDuration } from '../../durations.ts'
import { type Check, fail, ok, warn } from './check.ts'

const MOST_OFF_MS = 60_000

/** What the answers of one service told beside their bodies. */
export interface Answers {
  hear(status: number, headers: Headers): void
  /** Of the last answer; null before the first. */
  readonly status: number | null
  /** An answer told the state of the allowance, as Companies House does. */
  readonly hasRateHeaders: boolean
  /** How far the server's clock is ahead of ours, as each `Date` tells (ms). */
  readonly aheadMs: number[]
}

/** Listens to the answers of one service. */
export function listen(clock: Clock): Answers {
  const heard = {
    status: null as number | null,
    hasRateHeaders: false,
    aheadMs: [] as number[],
    hear(status: number, headers: Headers) {
      heard.status = status
      const names = ['x-ratelimit-limit', 'x-ratelimit-remain', 'x-ratelimit-remaining']
      heard.hasRateHeaders ||= names.some((name) => headers.has(name))
      const date = Date.parse(headers.get('date') ?? '')
      // `Date` counts whole seconds: half a second later is the better guess.
      if (!Number.isNaN(date)) heard.aheadMs.push(date + 500 - clock.now())
    },
  }
  return heard
}

/** Our clock against the servers'. Where they disagree, the server that is nearer is believed. */
export function checkClock(aheadMs: number[], offline: boolean): Check {
  const [nearest] = aheadMs.toSorted((a, b) => Math.abs(a) - Math.abs(b))
  if (nearest === undefined) {
    if (offline) return ok('clock', 'not compared (--offline)')
    return warn('clock', 'no server told its time', 'set at least the REST key, and see that it is accepted')
  }
  if (Math.abs(nearest) <= MOST_OFF_MS)
    return ok('clock', `within ${Math.ceil(Math.abs(nearest) / 1000)} s of the servers'`)
  const way = nearest > 0 ? 'behind' : 'ahead of'
  const message = `this machine's clock is ${formatDuration(Math.abs(nearest))} ${way} the servers'`
  return fail('clock', message, 'switch on time synchronisation: timedatectl set-ntp true')
}
