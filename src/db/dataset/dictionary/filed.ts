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

/** A value as its column holds it: truth as 1 or 0, codes joined by commas, lists and objects as JSON. */
function stored(type: ColumnType, value: unknown): unknown {
  if (value === null || value === undefined) return value
  if (type === 'true or false') return typeof value === 'boolean' ? Number(value) : value
  if (type === 'list of codes' && Array.isArray(value)) return value.filter(Boolean).join(',') || null
  return type === 'JSON' ? JSON.stringify(value) : value
}

/** The member of a value, and of each element of a list. */
function memberOf(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((element) => memberOf(element, name))
  return (Object(value) as Record<string, unknown>)[name]
}

/** What an item of the service says, under the columns for it; undefined where a part of a path is absent. */
export function filedValues(item: object, filed: readonly FiledColumn[]): Record<string, unknown> {
  return Object.fromEntries(
    filed.map(({ column, member, type }) => [column, stored(type, member.split('.').reduce<unknown>(memberOf, item))]),
  )
}
