import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { refusedClient } from './reply-fault.ts'
import { SnovError } from './snov-error.ts'

const MARGIN_MS = 60_000

/**
 * `expires_in` is in seconds (Snov facts 1); a refresh token does not exist. What cannot stand in a header is no token:
 * the error about the header would show it.
 */
const reply = z.looseObject({
  access_token: z.string().regex(/^[\x21-\x7e]{1,8192}$/),
  expires_in: z.number().positive().catch(3600),
})

export interface Tokens<Options> {
  /** A token that is good for some time yet; asks for one when there is none. */
  get(options: Options): Promise<string>
  holds(token: string): boolean
  /** The API refused the token. Throws a `config` error when it refuses one after the other. */
  refused(token: string): void
  accepted(token: string): void
}

/** Keeps the access token in memory until shortly before its end; `ask` sends the one call that renews it. */
export function keepToken<Options>(clock: Clock, ask: (options: Options) => Promise<unknown>): Tokens<Options> {
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
export async function orRefusedClient<T>(asked: Promise<T>): Promise<T> {
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
