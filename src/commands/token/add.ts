import { randomBytes } from 'node:crypto'
import { addToken, deleteToken, tokenHash } from '../../db/api-tokens.ts'
import { write } from '../../db/open.ts'
import { ChpipeError } from '../../errors.ts'
import { safeJson } from '../../text.ts'
import type { Command } from '../command.ts'

/** Lets secret scanners, and people, see what they have found. */
const PREFIX = 'chp_'
const TOKEN_BYTES = 32

export const addVerb: Command = {
  name: 'add',
  summary: 'Make a token and show it once',
  description:
    'Makes a token of 256 random bits and prints it, alone on stdout, so that it may be piped into a secret store. It is not shown again. A server that is running takes it at once.',
  argument: { name: '<name>', description: 'who it is for: letters, digits, dots, hyphens and underscores' },
  options: [{ flags: '--metrics', description: 'for `/metrics` alone, which no other token may ask for' }],
  examples: [
    { line: 'chpipe token add acme', does: 'a token for the customer acme' },
    { line: 'chpipe token add prometheus --metrics', does: 'for a monitor of your own' },
    { line: 'chpipe token add acme --json', does: 'with its id, for scripts' },
  ],
  async run({ db: open, clock, json, print, log }, { argument: name = '', options }) {
    if (!/^[A-Za-z][\w.-]{0,63}$/.test(name)) {
      throw new ChpipeError('usage', 'Expected a name of at most 64 letters, digits, dots, hyphens and underscores', {
        hint: 'begin it with a letter: chpipe token add acme',
      })
    }
    const scope = (options as { metrics?: boolean }).metrics ? 'metrics' : 'data'
    const token = `${PREFIX}${randomBytes(TOKEN_BYTES).toString('base64url')}`
    const addedAt = new Date(clock.now()).toISOString()
    const db = await open()
    const added = write(db, (tx) => addToken(tx, { name, hash: tokenHash(token), addedAt, scope }))
    if (!added) {
      throw new ChpipeError('no', `There is a token of this name already, valid or revoked: ${name}`, {
        hint: `choose another name, such as ${name}-2; see them all: chpipe token list`,
      })
    }
    try {
      await print(json ? `${safeJson({ id: added.id, name, token, added_at: addedAt, scope })}\n` : `${token}\n`)
    } catch (error) {
      // Nobody has seen it, and nobody ever will.
      write(db, (tx) => deleteToken(tx, added.id))
      throw error
    }
    log.info('token added; it is not shown again', { id: added.id, name })
    return 0
  },
}
