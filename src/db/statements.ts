import type Database from 'better-sqlite3'
import type { Statement } from 'better-sqlite3'

/** Far more than the texts of one step; lists of a changing length make a text of each length. */
const MOST_KEPT = 200

/** What drizzle asks of a statement. */
type Asked = Pick<Statement<unknown[]>, 'run' | 'all' | 'get'> & { raw(): Pick<Statement<unknown[]>, 'all' | 'get'> }

/**
 * The connection as drizzle sees it: a statement that it prepares for each query is prepared once for each text, since
 * SQLite compiles the triggers of a table along with every change to it. SQLite itself compiles a statement again when
 * the schema has changed. Keeps the 200 texts that were asked for last; closing the connection ends them all.
 */
export function keepStatements(client: Database.Database): Database.Database {
  const kept = new Map<string, Asked>()
  const prepare = (sql: string): Asked => {
    const statement = kept.get(sql) ?? askStatement(client.prepare(sql))
    kept.delete(sql)
    kept.set(sql, statement)
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value as string)
    return statement
  }
  return Object.create(client, { prepare: { value: prepare } }) as Database.Database
}

/** Rows as arrays are a state of better-sqlite3's statements; here each call says for itself what it wants. */
function askStatement(statement: Statement<unknown[]>): Asked {
  const rows = {
    all: (...values: unknown[]) => statement.raw(true).all(...values),
    get: (...values: unknown[]) => statement.raw(true).get(...values),
  }
  return {
    run: (...values) => statement.run(...values),
    all: (...values) => (statement.reader ? statement.raw(false) : statement).all(...values),
    get: (...values) => (statement.reader ? statement.raw(false) : statement).get(...values),
    raw: () => rows,
  }
}
