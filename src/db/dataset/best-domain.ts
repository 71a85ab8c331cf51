// Which of a company's domains stands for it where there is room for one.
import { type Cell, datasetColumns, type Row } from './columns.ts'

const DOMAIN = datasetColumns.domains.findIndex(({ name }) => name === 'domain')
const CONFIDENCE = datasetColumns.domains.findIndex(({ name }) => name === 'confidence')

/** The most confident domain of each company among rows of domains, by company number; of equals the first by name. */
export function bestDomains(rows: Row[]): Map<Cell, string> {
  const best = new Map<Cell, Row>()
  for (const row of rows) {
    const [company = null] = row
    const other = best.get(company)
    if (!other || isBetter(row, other)) best.set(company, row)
  }
  return new Map([...best].map(([company, row]) => [company, String(row[DOMAIN])]))
}

function isBetter(row: Row, other: Row): boolean {
  const ahead = Number(row[CONFIDENCE] ?? -1) - Number(other[CONFIDENCE] ?? -1)
  return ahead > 0 || (ahead === 0 && String(row[DOMAIN]) < String(other[DOMAIN]))
}
