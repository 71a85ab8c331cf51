import type { Cell, Column, DatasetTable, Page, Row } from './dataset.ts'
import { FACT_COLUMNS, type OfficerFacts, type Suppressions } from './suppressions.ts'

/**
 * A function that leaves out of a page whatever is suppressed: companies with all that is theirs, officers with their
 * e-mails, domains with their addresses, single addresses. `officers_count` counts the officers that stay. While any
 * person is suppressed, an e-mail whose officer is not stored is left out too: nobody can tell whose it is.
 */
export function withoutSuppressed(
  suppressions: Suppressions,
  columns: Record<DatasetTable, Column[]>,
): (page: Page) => Page {
  if (suppressions.empty) return (page) => page
  const place = (table: DatasetTable, name: string) => columns[table].findIndex((column) => column.name === name)
  const facts = FACT_COLUMNS.map((name) => [name, place('officers', name)] as const)
  const factsOf = (row: Row) => Object.fromEntries(facts.map(([name, at]) => [name, row[at]])) as OfficerFacts
  const appointment = { officers: place('officers', 'appointment_id'), emails: place('emails', 'appointment_id') }
  const [count, domain, email] = [
    place('companies', 'officers_count'),
    place('domains', 'domain'),
    place('emails', 'email'),
  ]

  return (page) => {
    const ofKept = ([number]: Row) => !suppressions.company(String(number))
    const officers = page.officers.filter((row) => ofKept(row) && !suppressions.officer(factsOf(row)))
    const left = countByCompany(page.officers, officers)
    const known = new Set(officers.map((row) => keyOf(row, appointment.officers)))
    const gone = new Set(page.officers.map((row) => keyOf(row, appointment.officers)))
    const mayHave = (row: Row) => {
      const key = keyOf(row, appointment.emails)
      return known.has(key) || (!suppressions.people && !gone.has(key))
    }
    return {
      companies: page.companies
        .filter(ofKept)
        .map((row) => row.with(count, Number(row[count]) - (left.get(row[0] ?? null) ?? 0))),
      officers,
      domains: page.domains.filter((row) => ofKept(row) && !suppressions.domain(String(row[domain]))),
      emails: page.emails.filter((row) => ofKept(row) && mayHave(row) && !suppressions.email(String(row[email]))),
    }
  }
}

/** How many rows of each company are in `all` and not in `kept`. */
function countByCompany(all: Row[], kept: Row[]): Map<Cell, number> {
  const counts = new Map<Cell, number>()
  for (const [number = null] of all) counts.set(number, (counts.get(number) ?? 0) + 1)
  for (const [number = null] of kept) counts.set(number, (counts.get(number) ?? 0) - 1)
  return counts
}

function keyOf(row: Row, appointment: number): string {
  return JSON.stringify([row[0], row[appointment]])
}
