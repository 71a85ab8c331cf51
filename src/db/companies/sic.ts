// What SIC codes are called, in the words of the register file.
import { sql } from 'drizzle-orm'
import type { Tx } from '../open.ts'
import { sic_descriptions } from '../schema.ts'

/** SQLite binds at most 32,766 values a statement. */
const PER_INSERT = 500

/** Stores what codes are called; with `newer` these words replace the stored ones. Belongs in a transaction. */
export function saveSicDescriptions(tx: Tx, descriptions: ReadonlyMap<string, string>, { newer }: { newer: boolean }) {
  const rows = Array.from(descriptions, ([code, description]) => ({ code, description }))
  for (let start = 0; start < rows.length; start += PER_INSERT) {
    const insert = tx.insert(sic_descriptions).values(rows.slice(start, start + PER_INSERT))
    if (!newer) insert.onConflictDoNothing().run()
    else {
      const set = { description: sql.raw('excluded.description') }
      insert.onConflictDoUpdate({ target: sic_descriptions.code, set }).run()
    }
  }
}

/** What each code is called, of those that a register file has named. */
export function readSicDescriptions(tx: Tx): Map<string, string> {
  const rows = tx.select().from(sic_descriptions).all()
  return new Map(rows.map(({ code, description }) => [code, description]))
}
