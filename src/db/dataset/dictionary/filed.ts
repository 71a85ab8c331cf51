// Where a service keeps what the columns hold, and how a column holds it.
import type { ColumnType, TableEntry } from './entry.ts'

/** A column that holds what a service files, and where an item of the service has it. */
export interface FiledColumn {
  column: string
  member: string
  type: ColumnType
}

/** The columns of a table that hold what the service files. */
export function filedColumns({ columns }: TableEntry): FiledColumn[] {
  return Object.entries(columns).flatMap(([column, { member, type }]) =>
    member === undefined ? [] : [{ column, member, type }],
  )
}

/** A value as its column holds it: truth as 1 or 0, lists and objects as JSON. */
function stored(type: ColumnType, value: unknown): unknown {
  if (type === 'true or false') return typeof value === 'boolean' ? Number(value) : value
  if (type === 'JSON') return value === null || value === undefined ? value : JSON.stringify(value)
  return value
}

/** What an item of the service says, under the columns for it; undefined where a part of a path is absent. */
export function filedValues(item: object, filed: readonly FiledColumn[]): Record<string, unknown> {
  return Object.fromEntries(
    filed.map(({ column, member, type }) => [
      column,
      stored(
        type,
        member.split('.').reduce<unknown>((at, name) => (Object(at) as Record<string, unknown>)[name], item),
      ),
    ]),
  )
}
