import { findToken, revokeToken } from '../../db/api-tokens.ts'
import { write } from '../../db/open.ts'
import { ChpipeError } from '../../errors.ts'
import { safeJson } from '../../text.ts'
import type { Command } from '../command.ts'

export const revokeVerb: Command = {
  name: 'revoke',
  summary: 'Refuse a token from now on',
  description:
    'Revokes a token for good, by its name or its id in `chpipe token list`. A server that is running refuses it with the next request. Its name stays taken, so that the log stays clear.',
  argument: { name: '<name>', description: 'its name, or its id' },
  options: [],
  examples: [
    { line: 'chpipe token revoke acme', does: 'by name' },
    { line: 'chpipe token revoke 3', does: 'by id' },
  ],
  async run({ db: open, clock, json, print }, { argument = '' }) {
    const db = await open({ create: false })
    const now = new Date(clock.now()).toISOString()
    const token = write(db, (tx) => {
      const found = findToken(tx, argument)
      if (found && found.revoked_at === null) revokeToken(tx, found.id, now)
      return found
    })
    if (!token) {
      throw new ChpipeError('no', 'There is no token of this name or id', {
        hint: 'see their names and ids: chpipe token list',
      })
    }
    const { id, name, revoked_at: before } = token
    if (json) await print(`${safeJson({ ...token, revoked_at: before ?? now })}\n`)
    else
      await print(before ? `revoked already: ${name}, on ${before.slice(0, 10)}\n` : `revoked: ${name}, number ${id}\n`)
    return 0
  },
}
