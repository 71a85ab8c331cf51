import { randomBytes } from 'node:crypto'
import { write } from '../db/open.ts'
import { addToken, deleteToken, findToken, listTokens, revokeToken, tokenHash } from '../db/served/tokens.ts'
import { ChpipeError } from '../errors.ts'
import { safeJson } from '../text.ts'
import { type CommandGroup, defineCommand } from './command.ts'
import { terminalWidth } from './output.ts'
import { fitTable } from './table.ts'

/** Lets secret scanners, and people, see what they have found. */
const PREFIX = 'chp_'
const TOKEN_BYTES = 32

const addVerb = defineCommand({
  name: 'add',
  summary: 'Make a token and show it once',
  description: `Makes a token of 256 random bits and prints it, alone on stdout, so that you can pipe it into a secret store. It is not
shown again. A running server accepts it at once.`,
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
    const scope = options.metrics ? 'metrics' : 'data'
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
})

const listVerb = defineCommand({
  name: 'list',
  summary: 'Show who has a token, and whose is revoked',
  description: `Shows all tokens by name, in the order in which they were made. The tokens themselves are not stored and cannot be shown.`,
  options: [],
  examples: [
    { line: 'chpipe token list', does: 'names, ids and dates' },
    { line: 'chpipe token list --json', does: 'the same for scripts, as an array' },
  ],
  async run(context) {
    const { existingDb, json, print } = context
    const tokens = listTokens(await existingDb())
    if (json) {
      await print(`${safeJson(tokens)}\n`)
      return 0
    }
    const rows = tokens.map(({ id, name, scope, added_at, revoked_at }) => [
      String(id),
      name,
      scope,
      added_at.slice(0, 10),
      revoked_at?.slice(0, 10) ?? '',
    ])
    const listed = fitTable([['id', 'name', 'for', 'added', 'revoked'], ...rows], terminalWidth(context))
    await print(rows.length === 0 ? 'there are no tokens\n' : listed)
    return 0
  },
})

const revokeVerb = defineCommand({
  name: 'revoke',
  summary: 'Refuse a token from now on',
  description: `Revokes a token for good, by its name or by its id in \`chpipe token list\`. A running server refuses it from the next
request on. Its name stays taken, so that a name in the log always means the same token.`,
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
})

export const tokenCommand: CommandGroup = {
  name: 'token',
  summary: 'Give and revoke access to `chpipe serve`',
  description: `Keeps the bearer tokens that may ask \`chpipe serve\`. A token is shown once, when it is made; the database keeps only its
SHA-256 hash. Give every customer one of their own: limits are counted and requests logged by its name.`,
  verbs: [addVerb, listVerb, revokeVerb],
}
