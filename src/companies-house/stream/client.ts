import { type Clock, formatDuration, type Timings } from '../../clock.ts'
import { ChpipeError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Proxies } from '../../settings.ts'
import { ThreadError } from '../../thread.ts'
import {
  type ConnectionItem,
  type ConnectionOptions,
  connectStream,
  type StreamEnd,
  StreamError,
} from './connection.ts'
import type { ReaderName } from './readers.ts'

/** What comes out of the stream: the lines of one connection after the other, each between `opened` and `closed`. */
export type StreamItem = ConnectionItem | { kind: 'closed' }

export interface StreamClient {
  /** The stream's name, which is its path, and what its cursor is called. */
  readonly name: string
  /**
   * Follows the stream over any number of connections. Before each one, `resume` says at which timepoint it begins
   * (inclusive; null for live): what was committed, plus one. Ends when the signal aborts. Throws a `StreamError` that
   * is not worth another connection: `refused` (a config error) or `expired`.
   */
  lines(resume: () => number | null, signal: AbortSignal): AsyncGenerator<StreamItem, void>
}

export interface StreamClientOptions extends ConnectionOptions {
  log: Log
  timings: StreamTimings & Pick<Timings, 'streamHeadersMs' | 'streamIdleMs' | 'streamHealthyMs' | 'connectTimeoutMs'>
  random?: () => number
}

/** Makes the client of a stream. Nothing is connected before its lines are asked for. */
export function createStreamClient(options: StreamClientOptions): StreamClient {
  return { name: options.stream, lines: (resume, signal) => followLines(options, resume, signal) }
}

async function* followLines(
  options: StreamClientOptions,
  resume: () => number | null,
  signal: AbortSignal,
): AsyncGenerator<StreamItem, void> {
  const { clock, log, timings, stream, random = Math.random } = options
  let { reader } = options
  let failures = 0
  while (!signal.aborted) {
    const timepoint = resume()
    const began = clock.steady()
    let opened = false
    try {
      for await (const item of connectStream({ ...options, reader }, timepoint, signal)) {
        if (item.kind === 'opened') opened = true
        yield item
      }
    } catch (error) {
      if (opened) yield { kind: 'closed' }
      if (signal.aborted) return
      if (!(error instanceof StreamError)) throw error
      if (error.cause instanceof ThreadError) reader = undefined
      const lived = opened && clock.steady() - began >= timings.streamHealthyMs
      if (lived || resume() !== timepoint) failures = 0
      const waitMs = reconnectMs(error.end, failures, timings, random)
      if (waitMs === 'fatal') throw error
      failures += 1
      tell(log, error, { stream, timepoint, wait: formatDuration(waitMs) })
      await clock.sleep(waitMs, signal).catch(() => {})
    }
  }
}

/** A nightly close is normal; everything else is worth a warning. */
function tell(log: Log, error: StreamError, fields: Record<string, string | number | null>): void {
  if (error.end === 'closed') log.info('stream closed; reconnecting', fields)
  else log.warn('stream interrupted; reconnecting', { ...fields, error: error.message })
}

type StreamTimings = Pick<
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

export interface ConnectStreamOptions {
  clock: Clock
  log: Log
  timings: Timings
  settings: { companiesHouseStreamKey: string | undefined; companiesHouseStreamUrl: string; proxies?: Proxies }
}

/**
 * The client of a stream, named as its path, as the settings name its address and key. Throws `config` when there is no
 * stream key.
 */
export function streamClient(
  stream: string,
  { clock, log, timings, settings }: ConnectStreamOptions,
  reader?: ReaderName,
): StreamClient {
  const { companiesHouseStreamKey: key, companiesHouseStreamUrl: baseUrl, proxies } = settings
  if (!key) {
    throw new ChpipeError('config', 'COMPANIES_HOUSE_STREAM_KEY is not set', {
      hint: 'chpipe init asks for a stream key (not a REST key), or put it in the environment or a .env file here; `chpipe demo` needs none',
    })
  }
  return createStreamClient({ baseUrl, stream, reader, key, clock, log, timings, proxies })
}
