import * as z from 'zod'
import { type Clock, formatDuration, type Timings } from '../clock.ts'
import type { Lane } from '../db/quota/ledger.ts'
import { ChpipeError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Allowance } from '../quota/allowance.ts'
import type { OpenAllowance } from '../quota/open.ts'
import { COMPANIES_HOUSE_ALLOWANCE } from '../quota/report.ts'
import type { Proxies, Settings } from '../settings.ts'
import { backoffMs } from '../upstream/wire.ts'
import { createRestExchange, type RestReply, UpstreamError } from './call.ts'

const MAX_ATTEMPTS = 5

/** One of these may lose its answer for good, so there are several. */
const GOOD_KEPT = 3

/** So many different questions that fail in a row are no coincidence. */
const MANY_FAILING = 10

/** Asked when nothing has succeeded yet: an unknown company has an empty officer list (facts 1.5). */
const NEUTRAL_PATH = '/company/00000000/officers'

/**
 * Takes from a reply what was asked for; `repliedAt` is when it was given by the service's own clock, in milliseconds.
 * Throws an `UpstreamError` for a reply that does not hold it.
 */
export type ReadReply<T> = (reply: RestReply, repliedAt: number | null) => T

export interface GetOptions<T> {
  lane: Lane
  signal: AbortSignal
  read: ReadReply<T>
  /** Whether a broken service could give this answer, too: such a question is no probe. */
  isWeak?(answer: T): boolean
}

export interface CompaniesHouse {
  /**
   * One GET, tried again while that may help: failed attempts back off, a limit waits for its end, an outage pauses
   * every call and is probed. A reply counts as an answer once `read` has taken it. Throws `UpstreamError` when this
   * request fails although the service answers others, `upstream` when the service stays away, `config` when the key
   * is refused, and the signal's reason.
   */
  get<T>(path: string, options: GetOptions<T>): Promise<T>
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
  proxies?: Proxies | undefined
  maxOutageMs: number
}

/** Makes the REST client. All its calls to a service share one view of whether it is up. */
export function createCompaniesHouse(options: ClientOptions): CompaniesHouse {
  const { clock, timings, maxOutageMs } = options
  const { requestTimeoutMs, connectTimeoutMs } = timings
  const counts = { requests: 0, rateLimited: 0 }
  const attempt = createRestExchange({ ...options, requestTimeoutMs, connectTimeoutMs, counts })
  /** Limits are waited out by the allowance's gate; only refusals without end are given up. */
  const unlimited = async <T>(path: string, { lane, signal, read }: GetOptions<T>): Promise<T> => {
    const began = clock.steady()
    for (let refusals = 1; ; refusals += 1) {
      const answer = await attempt(path, lane, signal)
      if (answer !== 'limited') return read(answer.reply, answer.repliedAt)
      if (refusals > 3 && clock.steady() - began > maxOutageMs) throw refused(clock.steady() - began)
    }
  }

  const watches = new Map<string, Watch>()
  /** Services behind the API fail one by one, so that an answer of one proves nothing about another. */
  const watchOf = (path: string): Watch => {
    const service = serviceOf(path)
    const watch =
      watches.get(service) ??
      createWatch(options, (question, signal) => {
        const [asked, read] = question
        return unlimited(asked, { lane: 'background', signal, read })
      })
    watches.set(service, watch)
    return watch
  }

  const get = async <T>(path: string, asked: GetOptions<T>): Promise<T> => {
    const { signal, read, isWeak } = asked
    const { outage, failing, answered } = watchOf(path)
    let began = clock.steady()
    for (let attempts = 0; ; ) {
      await outage.over()
      signal.throwIfAborted()
      try {
        const answer = await unlimited(path, asked)
        answered(isWeak?.(answer) ? null : [path, read])
        return answer
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error
        outage.failed()
        if (error.hidden) failing.set(path, read)
        attempts = error.retryable ? attempts + 1 : MAX_ATTEMPTS
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

type Question = [path: string, read: ReadReply<unknown>]

const NEUTRAL: Question = [NEUTRAL_PATH, readNeutral]

interface Watch {
  outage: Outage
  /** What has failed since the last good answer, in ways that hide from the usual probe. */
  failing: Map<string, ReadReply<unknown>>
  /** A good answer came; the question is kept for probes. */
  answered(question: Question | null): void
}

/**
 * Watches one service. A probe asks again what was answered well before; while nothing was, an unknown company, unless so
 * many questions have failed in hidden ways that only a good answer to one of them would show that the service is up.
 */
function createWatch(
  options: ClientOptions,
  ask: (question: Question, signal: AbortSignal) => Promise<unknown>,
): Watch {
  const good: Question[] = []
  const failing = new Map<string, ReadReply<unknown>>()
  let probes = 0
  const outage = watchOutage({
    ...options,
    async probe(signal) {
      const known = good.length > 0 ? good : failing.size >= MANY_FAILING ? [...failing] : [NEUTRAL]
      await ask(known[probes++ % known.length] ?? NEUTRAL, signal)
      outage.succeeded()
    },
  })
  return {
    outage,
    failing,
    answered(question) {
      outage.succeeded()
      failing.clear()
      if (question) good.unshift(question)
      good.length = Math.min(good.length, GOOD_KEPT)
    },
  }
}

/** The last part of a path that is no company's number: `officers`, `companies` of a search, or `company` for a profile. */
function serviceOf(path: string): string {
  return /^\/company\/[^/?]+$/.test(path) ? 'company' : (/([^/?]+)(?:\?|$)/.exec(path)?.[1] ?? '')
}

/** An unknown company has an empty list, and anything else in its place is no answer of the service. */
function readNeutral({ status, body }: RestReply): void {
  const list = neutralList.safeParse(body)
  if (status === 404 || list.success) return
  throw new UpstreamError(`The answer is not an officer list: GET ${NEUTRAL_PATH}`, { retryable: true })
}

const neutralList = z.looseObject({ items: z.array(z.unknown()) })

function refused(ms: number): ChpipeError {
  return new ChpipeError('upstream', `Companies House has refused every call for ${formatDuration(ms)}`, {
    hint: 'the key or this IP address may be banned: stop, and ask Companies House before going on',
  })
}

// Tells a service that is down from one request that fails: the former pauses everybody, the latter concerns one company.

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

interface Outage {
  succeeded(): void
  failed(): void
  suspected(): boolean
  /** Resolves at once unless an outage is on; then when it is over. */
  over(): Promise<unknown>
  /** Finds out about the service, given when the failing request began. Throws `upstream` after `maxOutageMs`. */
  diagnose(since: number, signal: AbortSignal): Promise<Diagnosis>
}

/** Watches the calls of one process. */
function watchOutage({ clock, log, timings, maxOutageMs, probe }: OutageOptions): Outage {
  let lastSuccess = clock.steady() - 1
  let failures = 0
  let probing: Promise<Diagnosis> | undefined

  const probeUntilUp = async (signal: AbortSignal): Promise<Diagnosis> => {
    const began = clock.steady()
    for (let attempt = 0; ; attempt += 1) {
      try {
        await probe(signal)
        if (attempt > 0)
          log.info('Companies House is responding again', { after: formatDuration(clock.steady() - began) })
        return attempt > 0 ? 'recovered' : 'alive'
      } catch (error) {
        if (signal.aborted || (error instanceof ChpipeError && error.kind !== 'upstream')) throw error
        if (attempt === 0) log.warn('Companies House is not responding; waiting', { error: errorMessage(error) })
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

export interface ConnectOptions {
  allowance: OpenAllowance
  clock: Clock
  log: Log
  settings: Settings
  timings: Timings
}

/** The REST client on the shared allowance, as the settings name it. Throws `config` when there is no key. */
export async function connect(options: ConnectOptions, maxOutageMs?: number): Promise<CompaniesHouse> {
  const { clock, log, settings, timings } = options
  const apiKey = settings.companiesHouseApiKey
  if (!apiKey) {
    throw new ChpipeError('config', 'COMPANIES_HOUSE_API_KEY is not set', {
      hint: 'chpipe init asks for it, or put it in the environment or a .env file here; `chpipe demo` needs none',
    })
  }
  const allowance = await options.allowance({
    name: COMPANIES_HOUSE_ALLOWANCE,
    quota: settings.quota,
    requestTimeoutMs: timings.requestTimeoutMs,
    probePatienceMs: timings.probePatienceMs,
  })
  const baseUrl = settings.companiesHouseApiUrl
  return createCompaniesHouse({
    baseUrl,
    apiKey,
    allowance,
    clock,
    log,
    timings,
    proxies: settings.proxies,
    maxOutageMs: maxOutageMs ?? timings.maxOutageMs,
  })
}
