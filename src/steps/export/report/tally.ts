// What counting a report needs: cells by their names, and how often each value came.
import { type Cell, type DatasetTable, datasetColumns, type Row } from '../../../db/dataset/columns.ts'

/** What stands for a cell that is empty. */
export const NOT_GIVEN = 'not given'

/** Reads a cell by its column's name; undefined for a column that the table does not have. */
export function cellReader(table: DatasetTable): (row: Row, name: string) => Cell | undefined {
  const places = new Map(datasetColumns[table].map(({ name }, index) => [name, index]))
  return (row, name) => row[places.get(name) ?? -1]
}

/** The cell as text; null for an empty one. */
export function textOf(cell: Cell | undefined): string | null {
  return cell === null || cell === undefined || cell === '' ? null : String(cell)
}

/** How often each name came; `distinct` bounds its memory, whatever the data holds. */
export interface Tally {
  add(name: string): void
  /** Most frequent first, then by name. */
  entries(): Count[]
}

export interface Count {
  name: string
  count: number
}

const OTHER = 'Others'

/** Counts up to `distinct` names one by one; whatever name comes after that counts as `Others`. */
export function createTally(distinct = 200): Tally {
  const counts = new Map<string, number>()
  return {
    add(name) {
      const known = counts.has(name) || counts.size < distinct ? name : OTHER
      counts.set(known, (counts.get(known) ?? 0) + 1)
    },
    entries: () =>
      [...counts]
        .map(([name, count]) => ({ name, count }))
        .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
  }
}
