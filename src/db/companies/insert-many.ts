// Many companies at once, from another table. Where a trigger looks at each new row, SQLite first copies every row of the
// SELECT into a table of its own: a third of what the import of a register file takes.
import type { Db } from '../open.ts'

const TRIGGER = 'companies_inserted'

/**
 * Runs a statement that stores companies, the new ones as `pending`, without officers and with a change number; returns how
 * many are new. Only within a transaction: for its length the trigger that counts each of them is set aside, which nobody
 * else sees, and they are counted together.
 */
export type InsertMany = (store: () => void) => number

/** Prepares it for a connection. */
export function prepareInsertMany({ $client: client }: Db): InsertMany {
  const find = client
    .prepare<[string], string>(`SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?`)
    .pluck()
  const lastRow = client.prepare<[], number | null>('SELECT max(rowid) FROM companies').pluck()
  const count = client.prepare<[number]>(`UPDATE tallies SET count = count + ? WHERE name = 'pending'`)
  return (store) => {
    if (!client.inTransaction) throw new Error('companies are inserted within a transaction')
    const trigger = find.get(TRIGGER)
    if (trigger === undefined) throw new Error(`the database has no trigger ${TRIGGER}`)
    const before = lastRow.get() ?? 0
    client.exec(`DROP TRIGGER ${TRIGGER}`)
    store()
    client.exec(trigger)
    // A new row has the next number behind the last one.
    const inserted = (lastRow.get() ?? 0) - before
    count.run(inserted)
    return inserted
  }
}
