// Each key is tried with one call. Calls to allowances take their permits there, so that they are counted.

import { type Clock, formatDuration } from '../../clock.ts'
import { createRestExchange } from '../../companies-house/call.ts'
import { connectStream, StreamError } from '../../companies-house/stream/connection.ts'
import { ChpipeError } from '../../errors.ts'
import { COMPANIES_HOUSE_ALLOWANCE } from '../../quota/report.ts'
import { createSnov, SNOV_ALLOWANCE } from '../../snov/client.ts'
import { type Check, type DoctorOptions, type DoctorStep, fail, ok, warn } from './check.ts'

const OFFLINE = 'set; not tried (--offline)'
const IN_ENV = 'chpipe init asks for it; or put it in the environment or in a .env file here'
const UNREACHABLE = 'check the network, the proxy and the address'

/** What is asked for without a company to ask about. */
const A_SEARCH = '/advanced-search/companies?company_status=active&size=1'

/** The REST key: the officers of a company that is stored are asked for, or a search of one company. */
export async function checkRestKey(
  step: DoctorStep,
  answers: Answers,
  { companyNumber, signal }: { companyNumber: string | null; signal: AbortSignal },
): Promise<Check> {
  const { settings, clock, timings, offline } = step
  const name = 'rest-key'
  const wrong = wrongSetting(name, step, ['COMPANIES_HOUSE_API_KEY', 'COMPANIES_HOUSE_API_URL'])
  if (wrong) return wrong
  const apiKey = settings.companiesHouseApiKey
  if (!apiKey) return fail(name, 'COMPANIES_HOUSE_API_KEY is not set', IN_ENV)
  if (offline) return ok(name, OFFLINE)
  const counts = { requests: 0, rateLimited: 0 }
  const baseUrl = settings.companiesHouseApiUrl
  const { requestTimeoutMs, connectTimeoutMs, probePatienceMs } = timings
  const attempt = createRestExchange({
    baseUrl,
    apiKey,
    clock,
    proxies: settings.proxies,
    requestTimeoutMs,
    connectTimeoutMs,
    counts,
    onAnswer: answers.hear,
    allowance: await step.allowance({
      name: COMPANIES_HOUSE_ALLOWANCE,
      quota: settings.quota,
      requestTimeoutMs,
      probePatienceMs,
    }),
  })
  try {
    const path = companyNumber === null ? A_SEARCH : `/company/${companyNumber}/officers?items_per_page=1`
    if ((await attempt(path, 'background', signal)) === 'limited') {
      return warn(
        name,
        `too many calls (${answers.status}): all chpipe calls rest until the window ends`,
        'see `allowance`',
      )
    }
    if (answers.hasRateHeaders) return ok(name, `accepted by ${baseUrl}`)
    return warn(name, `${baseUrl} answered, but not as Companies House does`, 'check COMPANIES_HOUSE_API_URL')
  } catch (error) {
    if (counts.requests === 0 && signal.aborted) return noRoom(name)
    return refusal(name, error, answers.status, signal)
  }
}

/** The stream key: the connection is left as soon as it stands. A stream that is being followed is not disturbed. */
export async function checkStreamKey(
  step: DoctorOptions,
  stream: { name: string; followedBy: number | null },
  signal: AbortSignal,
): Promise<Check> {
  const { settings, clock, timings, offline } = step
  const name = 'stream-key'
  const { companiesHouseStreamKey: key, companiesHouseStreamUrl: baseUrl } = settings
  const wrong = wrongSetting(name, step, ['COMPANIES_HOUSE_STREAM_KEY', 'COMPANIES_HOUSE_STREAM_URL'])
  if (wrong) return wrong
  if (!key) return warn(name, 'COMPANIES_HOUSE_STREAM_KEY is not set', `${IN_ENV}; only \`stream\` needs it`)
  if (offline) return ok(name, OFFLINE)
  if (stream.followedBy !== null) return ok(name, `set; not tried, as process ${stream.followedBy} follows the stream`)
  const { proxies } = settings
  const connection = { baseUrl, stream: stream.name, key, clock, timings, proxies }
  try {
    for await (const item of connectStream(connection, null, signal)) {
      if (item.kind === 'opened') break
    }
    return ok(name, `accepted by ${baseUrl}`)
  } catch (error) {
    if (!(error instanceof StreamError)) throw error
    if (error.end === 'refused') return refusal(name, error, 401, signal)
    if (error.end === 'network') return fail(name, error.message, UNREACHABLE)
    return warn(name, error.message, 'try again later; `stream` itself tries again by itself')
  }
}

/** The Snov client: a token and the balance, which cost nothing. */
async function checkSnov(step: DoctorStep, answers: Answers, signal: AbortSignal): Promise<Check> {
  const { settings, clock, timings, offline } = step
  const { snovClientId: clientId, snovClientSecret: clientSecret, snovApiUrl: baseUrl, snovQuota: quota } = settings
  const name = 'snov'
  const wrong = wrongSetting(name, step, ['SNOV_CLIENT_ID', 'SNOV_CLIENT_SECRET', 'SNOV_API_URL'])
  if (wrong) return wrong
  if (!clientId || !clientSecret) {
    const missing = [!clientId && 'SNOV_CLIENT_ID', !clientSecret && 'SNOV_CLIENT_SECRET'].filter(Boolean)
    const message = `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set`
    return warn(name, message, `${IN_ENV}; only enrichment needs them`)
  }
  if (offline) return ok(name, OFFLINE)
  const { requestTimeoutMs, probePatienceMs } = timings
  const allowance = await step.allowance({ name: SNOV_ALLOWANCE, quota, requestTimeoutMs, probePatienceMs })
  const { proxies } = settings
  const onAnswer = answers.hear
  const snov = createSnov({ baseUrl, clientId, clientSecret, allowance, clock, timings, proxies, onAnswer })
  try {
    const balance = await snov.balance({ lane: 'background', signal })
    if (Number(balance) > 0) return ok(name, `accepted by ${baseUrl}; ${balance} credits left`)
    return warn(name, `accepted, but ${balance} credits are left`, 'buy credits; until then only free work is done')
  } catch (error) {
    if (snov.counts.requests === 0 && signal.aborted) return noRoom(name)
    return refusal(name, error, answers.status, signal)
  }
}

/** The check of each provider: one free call with its credentials. */
export const PROVIDER_CHECKS = [{ name: 'snov', check: checkSnov }]

/** A key is not sent to wherever a wrong address would fall back to. */
function wrongSetting(check: string, { faults }: DoctorOptions, variables: string[]): Check | null {
  const fault = faults.find(({ message }) => variables.some((variable) => message.startsWith(`${variable} `)))
  return fault ? fail(check, `not tried: ${fault.message}`, fault.hint ?? 'correct the variable') : null
}

function noRoom(name: string): Check {
  return warn(name, 'set; not tried, as other runs use the whole allowance', 'try again when they have ended')
}

/** A refused key is a problem of this machine, and so is a server that cannot be reached; a server in trouble is not. */
function refusal(name: string, error: unknown, status: number | null, signal: AbortSignal): Check {
  const known = error instanceof ChpipeError ? error : null
  if (!known && !signal.aborted) throw error
  const message = known?.message ?? (status === null ? 'no answer in time' : `the last answer in time was ${status}`)
  if (known?.kind === 'config') return fail(name, message, known.hint ?? 'check the key')
  if (status === null) return fail(name, message, UNREACHABLE)
  if (status >= 500 || status === 429) return warn(name, message, 'try again later')
  return fail(name, message, 'check that the address is right')
}

const MOST_OFF_MS = 60_000

/** What the answers of one service told beside their bodies. */
interface Answers {
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
    return warn('clock', 'no server sent its time', 'set at least the REST key, and see that it is accepted')
  }
  if (Math.abs(nearest) <= MOST_OFF_MS)
    return ok('clock', `within ${Math.ceil(Math.abs(nearest) / 1000)} s of the servers'`)
  const way = nearest > 0 ? 'behind' : 'ahead of'
  const message = `this machine's clock is ${formatDuration(Math.abs(nearest))} ${way} the servers'`
  return fail('clock', message, 'switch on time synchronisation: timedatectl set-ntp true')
}
