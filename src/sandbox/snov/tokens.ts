import { randomBytes } from 'node:crypto'
import { json, type Reply } from '../replies.ts'
import type { Params } from './params.ts'
import { badClient } from './replies.ts'

export interface TokensOptions {
  clientId: string
  clientSecret: string
  tokenLifeMs: number
  now: () => number
}

export interface Tokens {
  /** Answers a request for a token; `exclusive` ends the older ones. */
  issue(params: Params, exclusive: () => boolean): Reply
  isGood(token: string): boolean
}

/** The token endpoint. An older token stays good until it expires [B]. */
export function createTokens({ clientId, clientSecret, tokenLifeMs, now }: TokensOptions): Tokens {
  const expiries = new Map<string, number>()
  return {
    issue(params, exclusive) {
      const named = params.text('client_id') === clientId && params.text('client_secret') === clientSecret
      // [B] a wrong grant type is answered like a wrong client.
      if (!named || params.text('grant_type') !== 'client_credentials') return badClient()
      if (exclusive()) expiries.clear()
      const token = randomBytes(40).toString('base64').replace(/[+/=]/g, 'x').slice(0, 40)
      expiries.set(token, now() + tokenLifeMs)
      return json({ access_token: token, token_type: 'Bearer', expires_in: Math.floor(tokenLifeMs / 1000) })
    },
    isGood: (token) => now() < (expiries.get(token) ?? Number.NEGATIVE_INFINITY),
  }
}

/** The token of a call: a Bearer header, the header without that word [B], or the `access_token` parameter. */
export function tokenOf(authorization: string | undefined, params: Params): string {
  return authorization === undefined ? params.text('access_token') : authorization.replace(/^bearer\s+/i, '').trim()
}
