import { z } from 'zod'
import type { Clock, Timings } from '../clock.ts'
import type { Lane } from '../db/quota/ledger.ts'
import { ChpipeError } from '../errors.ts'
import type { Allowance } from '../quota/allowance.ts'
import type { OpenAllowance } from '../quota/open.ts'
import type { Proxies, Quota } from '../settings.ts'
import { backoffMs } from '../upstream/wire.ts'
import { type Call, createSnovExchange, refusedClient, SnovError } from './exchange.ts'
import {
  type Poll,
  readBalanceReply,
  readDomainPoll,
  readEmailsPoll,
  readTask,
  type SnovDomainRow,
  type SnovEmailsRow,
  type TaskKind,
} from './replies.ts'

/** How often a call that costs nothing is sent before its failure counts. */
const MAX_ATTEMPTS = 3

export interface SnovCallOptions {
  lane: Lane
  signal: AbortSignal
}

export interface FinderRow {
  firstName: string
  lastName: string
  domain: string
}

/**
 * A permit and a token in hand for one start, so that nothing lies between writing a purchase down and sending it. A
 * start is sent once, whatever happens; a `SnovError` whose `mayHaveActed` is false surely bought nothing.
 */
export interface SnovStart {
  /** Starts the search for the domains of up to 10 company names; resolves with the task to poll. */
  startDomains(names: string[]): Promise<string>
  /** Starts the search for the addresses of up to 10 people at one domain; resolves with the task to poll. */
  startEmails(rows: FinderRow[]): Promise<string>
  /** Nothing will be sent: the permit is given back. */
  cancel(): void
}

export interface Snov {
  /**
   * Makes a start possible. After a call that failed in passing, a free one must succeed first: a start that meets an
   * outage would leave a purchase in doubt.
   */
  readyStart(options: SnovCallOptions): Promise<SnovStart>
  /** Asks once for a result. A task that the API does not know is a `not-found` error. */
  pollDomains(task: string, options: SnovCallOptions): Promise<Poll<SnovDomainRow>>
  pollEmails(task: string, options: SnovCallOptions): Promise<Poll<SnovEmailsRow>>
  /** The account's credits as Snov writes them, a decimal string. */
  balance(options: SnovCallOptions): Promise<string>
  /** Calls sent and refusals for too many calls, by this process. */
  readonly counts: { requests: number; rateLimited: number }
}

export interface SnovOptions {
  baseUrl: string
  clientId: string
  clientSecret: string
  allowance: Allowance
  clock: Clock
  timings: Timings
  proxies?: Proxies | undefined
  onAnswer?: (status: number, headers: Headers) => void
}

/**
 * Makes the Snov client. Every attempt, the token's among them, takes a permit. Calls that cost nothing are tried again
 * while that may help; starts never are. All throw a `config` error for refused credentials, a `SnovError` for other
 * failures, and the signal's reason.
 */
export function createSnov(options: SnovOptions): Snov {
  const { baseUrl, clientId, clientSecret, allowance, clock, timings } = options
  const counts = { requests: 0, rateLimited: 0 }
  const { snovTimeoutMs: requestTimeoutMs, connectTimeoutMs } = timings
  const exchange = createSnovExchange({ ...options, requestTimeoutMs, connectTimeoutMs, counts })

  const freely = async <T>(signal: AbortSignal, once: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once()
      } catch (error) {
        signal.throwIfAborted()
        if (attempt >= MAX_ATTEMPTS || !(error instanceof SnovError) || !mayPass(error)) throw error
        if (error.fault !== 'passing') continue
        await clock.sleep(backoffMs(attempt, timings.backoffBaseMs, timings.backoffCapMs), signal)
      }
    }
  }

  const tokens = keepToken(clock, ({ lane, signal }: SnovCallOptions) => {
    const json = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
    return freely(signal, async () => {
      const permit = await allowance.acquire(lane, signal)
      return orRefusedClient(exchange({ method: 'POST', path: '/v1/oauth/access_token', json, permit, signal }))
    })
  })

  const authorise = async (callOptions: SnovCallOptions) => {
    for (;;) {
      const token = await tokens.get(callOptions)
      const permit = await allowance.acquire(callOptions.lane, callOptions.signal)
      if (tokens.holds(token)) return { token, permit, signal: callOptions.signal }
      permit.cancel()
    }
  }

  let shaky = false

  const send = async (call: Call & { token: string }) => {
    try {
      const body = await exchange(call)
      tokens.accepted(call.token)
      shaky = false
      return body
    } catch (error) {
      if (error instanceof SnovError && error.fault === 'passing') shaky = true
      if (error instanceof SnovError && error.fault === 'token') tokens.refused(call.token)
      throw error
    }
  }

  const get = (path: string, callOptions: SnovCallOptions) =>
    freely(callOptions.signal, async () => send({ method: 'GET', path, ...(await authorise(callOptions)) }))

  const balance = async (callOptions: SnovCallOptions) => readBalanceReply(await get('/v1/get-balance', callOptions))

  return {
    counts,
    async readyStart(callOptions) {
      if (shaky) await balance(callOptions)
      const ready = await authorise(callOptions)
      const start = async (kind: TaskKind, json: unknown) =>
        readTask(await send({ method: 'POST', path: `/v2/${kind}/start`, json, ...ready }), kind, baseUrl)
      return {
        startDomains: (names) => start('company-domain-by-name', { names }),
        startEmails: (rows) => start('emails-by-domain-by-name', { rows: rows.map(finderRow) }),
        cancel: () => ready.permit.cancel(),
      }
    },
    pollDomains: async (task, callOptions) => readDomainPoll(await get(task, callOptions)),
    pollEmails: async (task, callOptions) => readEmailsPoll(await get(task, callOptions)),
    balance,
  }
}

/** A refused token is renewed, a full minute is waited out by the allowance's gate. */
function mayPass({ fault }: SnovError): boolean {
  return fault === 'passing' || fault === 'token' || fault === 'rate-limited'
}

function finderRow({ firstName, lastName, domain }: FinderRow) {
  return { first_name: firstName, last_name: lastName, domain }
}

const MARGIN_MS = 60_000

/**
 * `expires_in` is in seconds (Snov facts 1); a refresh token does not exist. What cannot stand in a header is no token:
 * the error about the header would show it.
 */
const reply = z.looseObject({
  access_token: z.string().regex(/^[\x21-\x7e]{1,8192}$/),
  expires_in: z.number().positive().catch(3600),
})

export interface TokenKeeper<Options> {
  /** A token that is good for some time yet; asks for one when there is none. */
  get(options: Options): Promise<string>
  holds(token: string): boolean
  /** The API refused the token. Throws a `config` error when it refuses one after the other. */
  refused(token: string): void
  accepted(token: string): void
}

/** Keeps the access token in memory until shortly before its end; `ask` sends the one call that renews it. */
function keepToken<Options>(clock: Clock, ask: (options: Options) => Promise<unknown>): TokenKeeper<Options> {
  let held: { token: string; until: number } | null = null
  let asking: Promise<string> | null = null
  let refusals = 0

  const renew = async (options: Options): Promise<string> => {
    const { token, lifetimeMs } = readToken(await ask(options))
    held = { token, until: clock.steady() + lifetimeMs - Math.min(MARGIN_MS, lifetimeMs / 2) }
    return token
  }
  const holds = (token: string) => held?.token === token && clock.steady() < held.until

  return {
    holds,
    async get(options) {
      if (held && holds(held.token)) return held.token
      asking ??= renew(options).finally(() => {
        asking = null
      })
      return asking
    },
    refused(token) {
      if (held?.token !== token) return
      held = null
      refusals += 1
      if (refusals > 1) throw refusedClient('it refuses a token that it has just given')
    },
    accepted(token) {
      if (held?.token === token) refusals = 0
    },
  }
}

/** What a refusal of the token call means: these credentials will not do. */
async function orRefusedClient<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    const final = error instanceof SnovError && (error.fault === 'token' || error.fault === 'refused')
    throw final ? refusedClient(error.message) : error
  }
}

function readToken(body: unknown): { token: string; lifetimeMs: number } {
  const read = reply.safeParse(body)
  if (!read.success) throw new SnovError('passing', 'Snov answered without an access token', { mayHaveActed: false })
  return { token: read.data.access_token, lifetimeMs: read.data.expires_in * 1000 }
}

/** The allowance of the Snov account, as its row is named in the database. */
export const SNOV_ALLOWANCE = 'snov'

export interface ConnectSnovOptions {
  allowance: OpenAllowance
  clock: Clock
  timings: Timings
  settings: {
    snovClientId: string | undefined
    snovClientSecret: string | undefined
    snovApiUrl: string
    snovQuota: Quota
    proxies?: Proxies
  }
}

/** The Snov client on the shared allowance, as the settings name it. Throws `config` when the credentials are missing. */
export async function connectSnov({ allowance: open, clock, timings, settings }: ConnectSnovOptions): Promise<Snov> {
  const { snovClientId: clientId, snovClientSecret: clientSecret, snovApiUrl: baseUrl, snovQuota: quota } = settings
  if (!clientId || !clientSecret) {
    throw new ChpipeError('config', 'SNOV_CLIENT_ID and SNOV_CLIENT_SECRET are not both set', {
      hint: 'chpipe init asks for them, or put them in the environment or a .env file here; `chpipe demo` needs none',
    })
  }
  const { snovTimeoutMs: requestTimeoutMs, probePatienceMs } = timings
  const allowance = await open({ name: SNOV_ALLOWANCE, quota, requestTimeoutMs, probePatienceMs })
  return createSnov({ baseUrl, clientId, clientSecret, allowance, clock, timings, proxies: settings.proxies })
}
