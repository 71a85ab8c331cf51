// One connection to the stream, from its request to its end.
import type { Clock, Timings } from '../../clock.ts'
import { ChpipeError } from '../../errors.ts'
import type { Proxies } from '../../settings.ts'
import { createWire, reasonsOf, WireError } from '../../upstream/wire.ts'
import type { ReadBlock } from './block.ts'
import type { Line } from './lines.ts'
import { readAhead } from './read-ahead.ts'
import type { ReaderName } from './readers.ts'

/** `opened` comes once, before all lines; `timepoint` is where the stream was asked to begin, null for live. */
export type ConnectionItem = { kind: 'opened'; timepoint: number | null } | Line | ReadBlock

export interface ConnectionOptions {
  /** Where the streams live, without a path. */
  baseUrl: string
  /** The stream's name, which is its path. */
  stream: string
  key: string
  /** How its events are read while it is behind; without it they come as lines. */
  reader?: ReaderName | undefined
  clock: Clock
  proxies?: Proxies | undefined
  timings: Pick<Timings, 'streamHeadersMs' | 'streamIdleMs' | 'connectTimeoutMs'>
}

/**
 * Connects and yields the lines as they come; whoever takes them slowly slows the server down. It always ends with an
 * error: a `StreamError` that says how, or the signal's reason.
 */
export async function* connectStream(
  options: ConnectionOptions,
  timepoint: number | null,
  signal: AbortSignal,
): AsyncGenerator<ConnectionItem, never> {
  const { clock, reader, timings } = options
  using watch = watchSilence(clock, timings.streamHeadersMs, signal)
  try {
    const response = await request(options, timepoint, watch.signal)
    watch.limitMs = timings.streamIdleMs
    watch.pause()
    yield { kind: 'opened', timepoint }
    watch.resume()
    yield* readAhead(response, { clock, reader, watch })
    throw new StreamError('closed', 'Companies House ended the connection')
  } catch (error) {
    throw explain(error, watch.signal, signal)
  }
}

/** Sends the request (facts 3.1 and 3.4: gzip would buffer the heartbeats). */
async function request(options: ConnectionOptions, timepoint: number | null, signal: AbortSignal) {
  const { baseUrl, stream, key, proxies, timings } = options
  const headers = {
    authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}`,
    accept: 'application/json',
    'accept-encoding': 'identity',
  }
  const { connectTimeoutMs } = timings
  const wire = createWire(baseUrl, { headers, proxies, keepAlive: false, connectTimeoutMs })
  const query = timepoint === null ? '' : `?timepoint=${timepoint}`
  const response = await wire({ path: `${stream}${query}`, signal })
  if (response.status === 200) return response
  response.drop()
  throw statusError(response.status, timepoint !== null)
}

const SILENT = Symbol('silent')
const HELD_UP_MS = 20

/** Aborts when nothing has come for `limitMs`. While the reader is busy with what came, the time does not count. */
function watchSilence(clock: Clock, limitMs: number, signal: AbortSignal) {
  const controller = new AbortController()
  const stop = () => controller.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const done = new AbortController()
  let since: number | null = clock.steady()
  const watch = {
    limitMs,
    signal: controller.signal,
    pause() {
      since = null
    },
    resume() {
      since = clock.steady()
    },
    [Symbol.dispose]() {
      signal.removeEventListener('abort', stop)
      done.abort()
      controller.abort()
    },
  }
  const leftMs = () => (since === null ? watch.limitMs : since + watch.limitMs - clock.steady())
  const keepWatch = async () => {
    while (!controller.signal.aborted) {
      await clock.sleep(Math.min(leftMs(), watch.limitMs / 4), done.signal)
      if (leftMs() > 0) continue
      // After a hold-up of this process itself, what lies in the socket has its turn first.
      await clock.sleep(HELD_UP_MS, done.signal)
      if (leftMs() <= 0) return controller.abort(SILENT)
    }
  }
  keepWatch().catch(() => {})
  return watch
}

function explain(error: unknown, watch: AbortSignal, signal: AbortSignal): unknown {
  if (error instanceof StreamError) return error
  if (signal.aborted) return signal.reason
  if (watch.aborted && watch.reason === SILENT) {
    return new StreamError('idle', 'Not even a heartbeat came from the stream', { cause: error })
  }
  const why = error instanceof WireError ? error.message : reasonsOf(error).join('; ')
  return new StreamError('network', `The stream was interrupted: ${why}`, { cause: error })
}

/**
 * How a connection to the stream came to its end. `closed`: the server ended it, as it does every night. `network`: it
 * broke, or never came about. `idle`: not even a heartbeat came. `http`: another status than 200. `limited`: too many
 * connections (429, or the 403 of the per-IP limit). `expired`: the timepoint is too old (416). `refused`: a bad key (401).
 */
export type StreamEnd = 'closed' | 'network' | 'idle' | 'http' | 'limited' | 'expired' | 'refused'

/** The end of one connection. Whether and when to connect again is for the policy to say. */
export class StreamError extends ChpipeError {
  readonly end: StreamEnd

  constructor(end: StreamEnd, message: string, { hint, cause }: { hint?: string; cause?: unknown } = {}) {
    super(end === 'refused' ? 'config' : 'upstream', message, { ...(hint ? { hint } : {}), cause })
    this.end = end
  }
}

/** The error of a status other than 200 (facts 3.2: bodies are empty or HTML and say nothing more). */
function statusError(status: number, resumed: boolean): StreamError {
  if (status === 401) {
    return new StreamError('refused', 'Companies House refused the stream key (401)', {
      hint: 'check COMPANIES_HOUSE_STREAM_KEY: it must be a stream key; a REST key does not work here',
    })
  }
  if (status === 416 && resumed) {
    return new StreamError('expired', 'The timepoint is no longer kept by the stream (416)', {
      hint: 'search the days that were missed, and follow the stream from now on',
    })
  }
  if (status === 429 || status === 403) {
    return new StreamError('limited', `Companies House refuses more stream connections (${status})`)
  }
  return new StreamError('http', `Companies House answered ${status} instead of the stream`)
}
