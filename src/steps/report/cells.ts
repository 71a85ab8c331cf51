import { type Cell, type DatasetTable, datasetColumns, type Row } from '../../db/dataset.ts'

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

/** The most confident domain of each company on a page, by company number. */
export function bestDomains(rows: Row[]): Map<string, string> {
  const cell = cellReader('domains')
  const confidence = (row: Row) => Number(cell(row, 'confidence') ?? -1)
  const best = rows.toSorted((a, b) => confidence(a) - confidence(b))
  return new Map(best.map((row) => [String(row[0]), String(cell(row, 'domain'))]))
}

/** The status of each company on a page, by company number. */
export function companyStatuses(rows: Row[]): Map<string, string | null> {
  const cell = cellReader('companies')
  return new Map(rows.map((row) => [String(row[0]), textOf(cell(row, 'company_status'))]))
}
