import { formatDuration } from '../durations.ts'
import type { Log } from '../log.ts'
import type { Timings } from '../timings.ts'
import { type ConnectionItem, type ConnectionOptions, connectStream } from './stream-connection.ts'
import { StreamError } from './stream-error.ts'
import { reconnectMs, type StreamTimings } from './stream-policy.ts'

/** What comes out of the stream: the lines of one connection after the other, each between `opened` and `closed`. */
export type StreamItem = ConnectionItem | { kind: 'closed' }

export interface CompanyStream {
  /** The stream's name, as its cursor is called. */
  readonly name: string
  /**
   * Follows the stream over any number of connections. Before each one, `resume` says at which timepoint it begins
   * (inclusive; null for live): what was committed, plus one. Ends when the signal aborts. Throws a `StreamError` that
   * is not worth another connection: `refused` (a config error) or `expired`.
   */
  lines(resume: () => number | null, signal: AbortSignal): AsyncGenerator<StreamItem, void>
}

export interface StreamOptions extends Omit<ConnectionOptions, 'stream'> {
  log: Log
  timings: StreamTimings & Pick<Timings, 'streamHeadersMs' | 'streamIdleMs' | 'streamHealthyMs' | 'connectTimeoutMs'>
  random?: () => number
}

/** Makes the client of the companies stream. Nothing is connected before its lines are asked for. */
export function createCompanyStream(options: StreamOptions): CompanyStream {
  const stream = 'companies'
  return { name: stream, lines: (resume, signal) => followLines({ ...options, stream }, resume, signal) }
}

async function* followLines(
  options: StreamOptions & ConnectionOptions,
  resume: () => number | null,
  signal: AbortSignal,
): AsyncGenerator<StreamItem, void> {
  const { clock, log, timings, stream, random = Math.random } = options
  let failures = 0
  while (!signal.aborted) {
    const timepoint = resume()
    const began = clock.steady()
    let opened = false
    try {
      for await (const item of connectStream(options, timepoint, signal)) {
        if (item.kind === 'opened') opened = true
        yield item
      }
    } catch (error) {
      if (opened) yield { kind: 'closed' }
      if (signal.aborted) return
      if (!(error instanceof StreamError)) throw error
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
  if (error.end === 'closed') log.info('stream closed, connecting again', fields)
  else log.warn('stream interrupted, connecting again', { ...fields, error: error.message })
}
