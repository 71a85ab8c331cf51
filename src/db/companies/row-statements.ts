// Statements that write what is told of a company. Most of what a source can tell is absent, and an absent value that is bound
// costs as much time as any other: so there is a statement for each set of columns that have a value.
import type { Statement } from 'better-sqlite3'
import { type Db, prepared } from '../open.ts'
import type { Told } from './told.ts'

type Value = string | number | null

/** One way of writing a row. */
export interface RowStatements {
  /** Writes the `columns` of `told`, absent ones as NULL; `others` are bound behind them. Belongs in a transaction. */
  run(db: Db, told: Told, others: readonly Value[]): void
}

/** Companies differ in what they have; of each database so many statements are kept, and rarer rows bind every column. */
const MOST_STATEMENTS = 200

/** Bits of a key's character that are no half of a surrogate pair. */
const BITS = 14

/** `sql` makes the statement from the columns that have a value and those that have none. */
export function rowStatements(
  columns: readonly string[],
  sql: (filled: readonly string[], absent: readonly string[]) => string,
): RowStatements {
  const kept = new WeakMap<Db, Map<string, Statement>>()
  const everyColumn = sql(columns, [])
  const units = new Array<number>(Math.ceil(columns.length / BITS))
  return {
    run(db, told, others) {
      const values: Value[] = []
      units.fill(0)
      for (let at = 0; at < columns.length; at += 1) {
        const value = told[columns[at] as string] ?? null
        if (value === null) continue
        values.push(value)
        units[Math.floor(at / BITS)] = (units[Math.floor(at / BITS)] as number) | (1 << (at % BITS))
      }
      const key = String.fromCharCode(...units)
      let statements = kept.get(db)
      if (!statements) {
        statements = new Map()
        kept.set(db, statements)
      }
      let statement = statements.get(key)
      if (!statement) {
        if (statements.size >= MOST_STATEMENTS) {
          prepared(db, everyColumn).run(...columns.map((column) => told[column] ?? null), ...others)
          return
        }
        const isFilled = (column: string) => (told[column] ?? null) !== null
        const absent = columns.filter((column) => !isFilled(column))
        statement = db.$client.prepare(sql(columns.filter(isFilled), absent))
        statements.set(key, statement)
      }
      statement.run(...values, ...others)
    },
  }
}
