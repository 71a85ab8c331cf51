// Bearer tokens of the HTTP API. A token itself is never stored: only its SHA-256 hash is.
import { hash as hashOf, timingSafeEqual } from 'node:crypto'
import { and, asc, eq, isNull } from 'drizzle-orm'
import { type Db, prepared, type Tx } from '../open.ts'
import { api_tokens } from '../schema.ts'

export type ApiToken = Omit<typeof api_tokens.$inferSelect, 'hash'>
export type TokenScope = ApiToken['scope']

const shown = {
  id: api_tokens.id,
  name: api_tokens.name,
  added_at: api_tokens.added_at,
  revoked_at: api_tokens.revoked_at,
  scope: api_tokens.scope,
}

/** The hash under which a token is kept: SHA-256 in hex. A token of 256 random bits needs no slow hash. */
export function tokenHash(token: string): string {
  return hashOf('sha256', token)
}

/** Stores a token under its name; null when the name was given before, even to one that is revoked. */
export function addToken(
  tx: Tx,
  { name, hash, addedAt, scope = 'data' }: { name: string; hash: string; addedAt: string; scope?: TokenScope },
): ApiToken | null {
  const values = { name, hash, scope, added_at: addedAt }
  return (
    tx.insert(api_tokens).values(values).onConflictDoNothing({ target: api_tokens.name }).returning(shown).get() ?? null
  )
}

/** Takes back a token that was never shown to anybody, as if it had not been added. */
export function deleteToken(tx: Tx, id: number): void {
  tx.delete(api_tokens).where(eq(api_tokens.id, id)).run()
}

/** All tokens, revoked ones included, in the order in which they were added. */
export function listTokens(tx: Tx): ApiToken[] {
  return tx.select(shown).from(api_tokens).orderBy(asc(api_tokens.id)).all()
}

/** The token of this id, or of this name; null when there is none. */
export function findToken(tx: Tx, nameOrId: string): ApiToken | null {
  const wanted = /^\d{1,9}$/.test(nameOrId) ? eq(api_tokens.id, Number(nameOrId)) : eq(api_tokens.name, nameOrId)
  return tx.select(shown).from(api_tokens).where(wanted).get() ?? null
}

/** Revokes a token for good. */
export function revokeToken(tx: Tx, id: number, revokedAt: string): void {
  tx.update(api_tokens)
    .set({ revoked_at: revokedAt })
    .where(and(eq(api_tokens.id, id), isNull(api_tokens.revoked_at)))
    .run()
}

/** How many tokens are valid now. */
export function countTokens(tx: Tx): number {
  return tx.select({ id: api_tokens.id }).from(api_tokens).where(isNull(api_tokens.revoked_at)).all().length
}

type ValidToken = Pick<ApiToken, 'name' | 'scope'>

/** Valid tokens by their hashes, known for as long as nobody has written. */
const valid = new WeakMap<Db, { version: number; found: Map<string, ValidToken> }>()

/**
 * Whose a valid token is, and for what; null for any other. `version` is the `dataVersion` of now: what was read at another
 * one is forgotten, so that a revoked token is refused at once. For a connection that does not write.
 */
export function findValidToken(db: Db, token: string, version: number): ValidToken | null {
  const hash = tokenHash(token)
  const known = valid.get(db)
  const found = known?.version === version ? known.found : new Map<string, ValidToken>()
  if (found !== known?.found) valid.set(db, { version, found })
  const kept = found.get(hash)
  if (kept) return kept
  const read = readValidToken(db, hash)
  if (read) found.set(hash, read)
  return read
}

function readValidToken(db: Db, hash: string): ValidToken | null {
  const sql = 'SELECT name, hash, scope FROM api_tokens WHERE hash = ? AND revoked_at IS NULL'
  const found = prepared(db, sql).get(hash) as (ValidToken & { hash: string }) | undefined
  if (!found || !timingSafeEqual(Buffer.from(found.hash), Buffer.from(hash))) return null
  return { name: found.name, scope: found.scope }
}
