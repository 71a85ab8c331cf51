import type { Cell, Row } from '../../db/dataset.ts'

/** Rows of one table grouped by their first cell, the company number, in the order in which they come. */
export function byCompany(rows: Row[]): Map<Cell, Row[]> {
  const groups = new Map<Cell, Row[]>()
  for (const row of rows) {
    const number = row[0] ?? null
    const group = groups.get(number)
    if (group) group.push(row)
    else groups.set(number, [row])
  }
  return groups
}
