// Each key is tried with one call. Calls to allowances take their permits there, so that they are counted.
import { createAttempt } from '../../companies-house/attempt.ts'
import { connectStream } from '../../companies-house/stream-connection.ts'
import { StreamError } from '../../companies-house/stream-error.ts'
import { ChpipeError } from '../../errors.ts'
import { openAllowance } from '../../quota/allowance.ts'
import { COMPANIES_HOUSE_ALLOWANCE } from '../../quota/report.ts'
import { createSnov } from '../../snov/client.ts'
import { SNOV_ALLOWANCE } from '../../snov/connect.ts'
import { type Check, fail, ok, warn } from './check.ts'
import type { DoctorOptions, DoctorStep } from './doctor-step.ts'
import type { Answers } from './server-time.ts'

const OFFLINE = 'set; not tried (--offline)'
const IN_ENV = 'put it in the environment or in a .env file here'
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
  const attempt = createAttempt({
    baseUrl,
    apiKey,
    clock,
    proxies: settings.proxies,
    requestTimeoutMs,
    connectTimeoutMs,
    counts,
    onAnswer: answers.hear,
    allowance: openAllowance({
      db: step.allowanceDb,
      clock,
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
  followedBy: number | null,
  signal: AbortSignal,
): Promise<Check> {
  const { settings, clock, timings, offline } = step
  const name = 'stream-key'
  const { companiesHouseStreamKey: key, companiesHouseStreamUrl: baseUrl } = settings
  const wrong = wrongSetting(name, step, ['COMPANIES_HOUSE_STREAM_KEY', 'COMPANIES_HOUSE_STREAM_URL'])
  if (wrong) return wrong
  if (!key) return warn(name, 'COMPANIES_HOUSE_STREAM_KEY is not set', `${IN_ENV}; only \`stream\` needs it`)
  if (offline) return ok(name, OFFLINE)
  if (followedBy !== null) return ok(name, `set; not tried, as process ${followedBy} follows the stream`)
  const { proxies } = settings
  const connection = { baseUrl, stream: 'companies', key, clock, timings, proxies }
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
export async function checkSnov(step: DoctorStep, answers: Answers, signal: AbortSignal): Promise<Check> {
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
  const allowance = openAllowance({
    db: step.allowanceDb,
    clock,
    name: SNOV_ALLOWANCE,
    quota,
    requestTimeoutMs,
    probePatienceMs,
  })
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
