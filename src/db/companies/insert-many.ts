// Many companies at once, from another table. Where a trigger looks at each new row, SQLite first copies every row of the
// SELECT into a table of its own: a third of what the import of a register file takes.
import { type Db, prepared } from '../open.ts'

const TRIGGER = 'companies_inserted'

/**
 * Runs a statement that stores companies, the new ones as `pending`, without officers and with a change number; returns how
 * many are new. Only within a transaction: for its length the trigger that counts each of them is set aside, which nobody
 * else sees, and they are counted together.
 */
export function insertMany(db: Db, store: () => void): number {
  const { $client: client } = db
  if (!client.inTransaction) throw new Error('companies are inserted within a transaction')
  const trigger = prepared(db, `SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?`).pluck().get(TRIGGER)
  if (typeof trigger !== 'string') throw new Error(`the database has no trigger ${TRIGGER}`)
  const before = lastRow(db)
  client.exec(`DROP TRIGGER ${TRIGGER}`)
  store()
  client.exec(trigger)
  // A new row has the next number behind the last one.
  const inserted = lastRow(db) - before
  prepared(db, `UPDATE tallies SET count = count + ? WHERE name = 'pending'`).run(inserted)
  return inserted
}

function lastRow(db: Db): number {
  return Number(prepared(db, 'SELECT max(rowid) FROM companies').pluck().get() ?? 0)
}
