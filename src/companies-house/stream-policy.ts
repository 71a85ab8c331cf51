import type { Timings } from '../timings.ts'
import type { StreamEnd } from './stream-error.ts'

export type StreamTimings = Pick<
  Timings,
  'streamClosedRetryMs' | 'streamNetworkRetryMs' | 'streamHttpRetryMs' | 'streamLimitedRetryMs' | 'streamRetryCapMs'
>

/** The wait grows up to half over its step, so that clients who lost the stream together do not return together. */
const JITTER = 0.5

/**
 * How long to wait before the next connection, given how the last one ended and how many in a row have come to nothing
 * (0 after a healthy one). The steps double up to the cap; a limit is never asked again earlier than its own step (facts
 * 3.3: network errors a few seconds, other statuses 10 s, 429 a minute).
 */
export function reconnectMs(end: StreamEnd, failures: number, timings: StreamTimings, random: () => number) {
  if (end === 'refused' || end === 'expired') return 'fatal' as const
  const first = firstStepMs(end, timings)
  const step = Math.min(first * 2 ** failures, Math.max(first, timings.streamRetryCapMs))
  return step * (1 + JITTER * random())
}

function firstStepMs(end: Exclude<StreamEnd, 'refused' | 'expired'>, timings: StreamTimings): number {
  if (end === 'closed') return timings.streamClosedRetryMs
  if (end === 'limited') return timings.streamLimitedRetryMs
  return end === 'http' ? timings.streamHttpRetryMs : timings.streamNetworkRetryMs
}
