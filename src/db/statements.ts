import type { Statement } from 'better-sqlite3'
import type { Db } from './open.ts'

const caches = new WeakMap<Db, Map<string, Statement>>()

/** A statement prepared once per database: for the few queries that run with every call, where building them would show. */
export function prepared(db: Db, sql: string): Statement {
  const cache = caches.get(db) ?? new Map<string, Statement>()
  caches.set(db, cache)
  const statement = cache.get(sql) ?? db.$client.prepare(sql)
  cache.set(sql, statement)
  return statement
}
