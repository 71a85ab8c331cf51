// Statements that write what is told of a company. Most of what a source can tell is absent, and an absent value that is bound
// costs as much time as any other: so there is a statement for each set of columns that have a value.
import type { Statement } from 'better-sqlite3'
import { type Db, prepared } from '../open.ts'
import { type Filled, filledOf, isFilled, unfilled, type Value } from './filled.ts'
import type { Told } from './told.ts'

/** One way of writing a row. */
export interface RowStatements {
  /** Writes the columns of `told`, absent ones as NULL; `others` are bound behind them. Belongs in a transaction. */
  run(db: Db, told: Told, others: readonly Value[]): void
  /** The same of a row that is known by what is there. */
  runFilled(db: Db, filled: Filled, others: readonly Value[]): void
}

/** Companies differ in what they have; of each database so many statements are kept, and rarer rows bind every column. */
const MOST_STATEMENTS = 200

/** `sql` makes the statement from the columns that have a value and those that have none. */
export function rowStatements(
  columns: readonly string[],
  sql: (filled: readonly string[], absent: readonly string[]) => string,
): RowStatements {
  const kept = new WeakMap<Db, Map<string, Statement>>()
  const everyColumn = sql(columns, [])
  const statementOf = (db: Db, key: string): Statement | undefined => {
    let statements = kept.get(db)
    if (!statements) {
      statements = new Map()
      kept.set(db, statements)
    }
    const known = statements.get(key)
    if (known || statements.size >= MOST_STATEMENTS) return known
    const [filled, absent] = [true, false].map((is) => columns.filter((_, at) => isFilled(key, at) === is))
    const statement = db.$client.prepare(sql(filled ?? [], absent ?? []))
    statements.set(key, statement)
    return statement
  }
  const runFilled = (db: Db, filled: Filled, others: readonly Value[]) => {
    const statement = statementOf(db, filled.key)
    if (statement) statement.run(...filled.values, ...others)
    else prepared(db, everyColumn).run(...unfilled(filled, columns.length), ...others)
  }
  return { run: (db, told, others) => runFilled(db, filledOf(columns, told), others), runFilled }
}
