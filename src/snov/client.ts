import type { Clock } from '../clock.ts'
import type { Lane } from '../db/quota-room.ts'
import type { Allowance } from '../quota/allowance.ts'
import type { Proxies } from '../settings.ts'
import type { Timings } from '../timings.ts'
import { backoffMs } from '../upstream/backoff.ts'
import { type Call, createExchange } from './exchange.ts'
import { SnovError } from './snov-error.ts'
import {
  type DomainRow,
  type EmailsRow,
  type Poll,
  readBalance,
  readDomainPoll,
  readEmailsPoll,
  readTask,
  type TaskKind,
} from './tasks.ts'
import { keepToken, orRefusedClient } from './token.ts'

/** How often a call that costs nothing is sent before its failure counts. */
const MAX_ATTEMPTS = 3

export interface CallOptions {
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
export interface ReadyStart {
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
  readyStart(options: CallOptions): Promise<ReadyStart>
  /** Asks once for a result. A task that the API does not know is a `not-found` error. */
  pollDomains(task: string, options: CallOptions): Promise<Poll<DomainRow>>
  pollEmails(task: string, options: CallOptions): Promise<Poll<EmailsRow>>
  /** The account's credits as Snov writes them, a decimal string. */
  balance(options: CallOptions): Promise<string>
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
  const exchange = createExchange({ ...options, requestTimeoutMs, connectTimeoutMs, counts })

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

  const tokens = keepToken(clock, ({ lane, signal }: CallOptions) => {
    const json = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
    return freely(signal, async () => {
      const permit = await allowance.acquire(lane, signal)
      return orRefusedClient(exchange({ method: 'POST', path: '/v1/oauth/access_token', json, permit, signal }))
    })
  })

  const authorise = async (callOptions: CallOptions) => {
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

  const get = (path: string, callOptions: CallOptions) =>
    freely(callOptions.signal, async () => send({ method: 'GET', path, ...(await authorise(callOptions)) }))

  const balance = async (callOptions: CallOptions) => readBalance(await get('/v1/get-balance', callOptions))

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
