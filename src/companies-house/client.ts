import type { Clock } from '../clock.ts'
import type { Lane } from '../db/quota-room.ts'
import { formatDuration } from '../durations.ts'
import { ChpipeError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Allowance } from '../quota/allowance.ts'
import type { Timings } from '../timings.ts'
import { backoffMs } from '../upstream/backoff.ts'
import { createAttempt, type Reply } from './attempt.ts'
import { watchOutage } from './outage.ts'
import { UpstreamError } from './upstream-error.ts'

const MAX_ATTEMPTS = 5

/** Asked when nothing has succeeded yet: an unknown company has an empty officer list (facts 1.5). */
export const NEUTRAL_PATH = '/company/00000000/officers'

export interface CompaniesHouse {
  /**
   * One GET, tried again while that may help: failed attempts back off, a limit waits for its end, an outage pauses
   * every call and is probed. Throws `UpstreamError` when this request fails although the service answers others,
   * `upstream` when the service stays away, `config` when the key is refused, and the signal's reason.
   */
  get(path: string, options: { lane: Lane; signal: AbortSignal }): Promise<Reply>
  /** Calls sent and refusals for too many calls, by this process. */
  readonly counts: { requests: number; rateLimited: number }
}

export interface ClientOptions {
  baseUrl: string
  apiKey: string
  allowance: Allowance
  clock: Clock
  log: Log
  timings: Timings
  maxOutageMs: number
}

/** Makes the REST client. All its calls share one view of whether the service is up. */
export function createCompaniesHouse(options: ClientOptions): CompaniesHouse {
  const { clock, timings, maxOutageMs } = options
  const counts = { requests: 0, rateLimited: 0 }
  const attempt = createAttempt({ ...options, requestTimeoutMs: timings.requestTimeoutMs, counts })
  let knownGood = NEUTRAL_PATH

  /** Limits are waited out by the allowance's gate; only refusals without end are given up. */
  const unlimited = async (path: string, lane: Lane, signal: AbortSignal): Promise<Reply> => {
    const began = clock.steady()
    for (let refusals = 1; ; refusals += 1) {
      const reply = await attempt(path, lane, signal)
      if (reply !== 'limited') return reply
      if (refusals > 3 && clock.steady() - began > maxOutageMs) throw refused(clock.steady() - began)
    }
  }

  const outage = watchOutage({
    ...options,
    probe: async (signal) => {
      await unlimited(knownGood, 'background', signal)
      outage.succeeded()
    },
  })

  const get: CompaniesHouse['get'] = async (path, { lane, signal }) => {
    let began = clock.steady()
    for (let attempts = 0; ; ) {
      await outage.over()
      signal.throwIfAborted()
      try {
        const reply = await unlimited(path, lane, signal)
        outage.succeeded()
        knownGood = path
        return reply
      } catch (error) {
        if (!(error instanceof UpstreamError) || !error.retryable) throw error
        outage.failed()
        attempts += 1
        if (attempts >= MAX_ATTEMPTS || outage.suspected()) {
          const diagnosis = await outage.diagnose(began, signal)
          if (diagnosis === 'alive' && attempts >= MAX_ATTEMPTS) throw error
          if (diagnosis === 'recovered') {
            began = clock.steady()
            attempts = 0
            continue
          }
        }
        await clock.sleep(backoffMs(attempts, timings.backoffBaseMs, timings.backoffCapMs), signal)
      }
    }
  }
  return { get, counts }
}

function refused(ms: number): ChpipeError {
  return new ChpipeError('upstream', `Companies House has refused every call for ${formatDuration(ms)}`, {
    hint: 'the key or this IP address may be banned: stop, and ask Companies House before going on',
  })
}
