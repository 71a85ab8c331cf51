// Tells a service that is down from one request that fails: the former pauses everybody, the latter concerns one company.
import type { Clock } from '../clock.ts'
import { formatDuration } from '../durations.ts'
import { ChpipeError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Timings } from '../timings.ts'
import { backoffMs } from '../upstream/backoff.ts'

/** So many failures in a row, of whatever requests, are worth a probe. */
const SUSPICIOUS_FAILURES = 10

/** `alive`: the service answers others. `recovered`: it was down and is back. */
export type Diagnosis = 'alive' | 'recovered'

export interface OutageOptions {
  clock: Clock
  log: Log
  timings: Pick<Timings, 'outageProbeMs' | 'outageProbeCapMs'>
  maxOutageMs: number
  /** One call that succeeds when the service is up, and throws when it is not. */
  probe(signal: AbortSignal): Promise<void>
}

export interface Outage {
  succeeded(): void
  failed(): void
  suspected(): boolean
  /** Resolves at once unless an outage is on; then when it is over. */
  over(): Promise<unknown>
  /** Finds out about the service, given when the failing request began. Throws `upstream` after `maxOutageMs`. */
  diagnose(since: number, signal: AbortSignal): Promise<Diagnosis>
}

/** Watches the calls of one process. */
export function watchOutage({ clock, log, timings, maxOutageMs, probe }: OutageOptions): Outage {
  let lastSuccess = clock.steady() - 1
  let failures = 0
  let probing: Promise<Diagnosis> | undefined

  const probeUntilUp = async (signal: AbortSignal): Promise<Diagnosis> => {
    const began = clock.steady()
    for (let attempt = 0; ; attempt += 1) {
      try {
        await probe(signal)
        if (attempt > 0) log.info('Companies House answers again', { after: formatDuration(clock.steady() - began) })
        return attempt > 0 ? 'recovered' : 'alive'
      } catch (error) {
        if (signal.aborted || (error instanceof ChpipeError && error.kind !== 'upstream')) throw error
        if (attempt === 0) log.warn('Companies House does not answer; waiting for it', { error: errorMessage(error) })
        const waitMs = timings.outageProbeMs / 2 + backoffMs(attempt, timings.outageProbeMs, timings.outageProbeCapMs)
        if (clock.steady() + waitMs - began > maxOutageMs) throw gaveUp(maxOutageMs, error)
        await clock.sleep(waitMs, signal)
      }
    }
  }

  return {
    succeeded() {
      lastSuccess = clock.steady()
      failures = 0
    },
    failed() {
      failures += 1
    },
    suspected: () => failures >= SUSPICIOUS_FAILURES,
    over: async () => probing,
    async diagnose(since, signal) {
      if (lastSuccess > since && failures < SUSPICIOUS_FAILURES) return 'alive'
      probing ??= probeUntilUp(signal).finally(() => {
        probing = undefined
        failures = 0
      })
      return probing
    },
  }
}

function gaveUp(maxOutageMs: number, cause: unknown): ChpipeError {
  return new ChpipeError(
    'upstream',
    `Companies House has been unavailable for ${formatDuration(maxOutageMs)} (${errorMessage(cause)})`,
    { hint: 'run the same command later; what is not fetched yet is still pending', cause },
  )
}
