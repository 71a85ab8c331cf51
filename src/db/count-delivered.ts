import Database from 'better-sqlite3'

const TABLES = ['companies', 'officers', 'domains', 'emails', 'deletions']

/**
 * Rows in all tables of a delivered database. It may come from anywhere: nothing of its schema is run, a view or virtual
 * table under such a name is not read, and the file is opened for reading only. Throws what SQLite throws for a file that
 * is no database.
 */
export function countDeliveredRows(path: string): number {
  const client = new Database(path, { readonly: true, fileMustExist: true })
  try {
    client.pragma('trusted_schema = OFF')
    client.pragma('query_only = ON')
    const plain = client
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'`)
      .pluck()
      .all()
    const counts = TABLES.filter((table) => plain.includes(table)).map((table) =>
      Number(client.prepare(`SELECT count(*) FROM ${table}`).pluck().get()),
    )
    return counts.reduce((sum, count) => sum + count, 0)
  } finally {
    client.close()
  }
}
