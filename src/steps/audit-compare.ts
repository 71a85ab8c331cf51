// One day's two lists side by side: what is stored, and what the register's search shows.
import type { FoundCompany } from '../companies-house/advanced-search.ts'
import { type DatedCompany, findDated } from '../db/audit.ts'
import type { Db } from '../db/open.ts'
import type { Suppressions } from '../db/suppressions.ts'
import { type CompanyFilters, isWanted } from './stream-rules.ts'

export interface Missing {
  found: FoundCompany
  /** How it is stored, under another day or none; undefined when it is not. */
  stored: DatedCompany | undefined
}

export interface Comparison {
  /** Stored under this day, and neither gone nor left out. */
  received: number
  listed: number
  missing: Missing[]
  /** Stored under this day, but not listed. */
  extra: DatedCompany[]
  /** Stored under this day and gone since, as an event told. */
  deleted: number
}

export interface CompareOptions {
  day: string
  /** The numbers that were stored under the day. */
  stored: readonly string[]
  listed: ReadonlyMap<string, FoundCompany>
  filters: CompanyFilters
  suppressions: Suppressions
}

/** Compares them as the database is now. A company that either side's facts let through the filters takes part. */
export function compareDay(db: Db, { day, stored, listed, filters, suppressions }: CompareOptions): Comparison {
  const comparison: Comparison = { received: 0, listed: 0, missing: [], extra: [], deleted: 0 }
  for (const number of new Set([...stored, ...listed.keys()])) {
    if (suppressions.company(number)) continue
    const found = listed.get(number)
    const row = findDated(db, number)
    const isHere = row?.date_of_creation === day
    if (!(found && isWanted(filters, searchFacts(found))) && !(isHere && isWanted(filters, row))) continue
    if (found) comparison.listed += 1
    if (isHere && !found && row.deleted_at !== null) comparison.deleted += 1
    else if (isHere) comparison.received += 1
    if (found && !isHere) comparison.missing.push({ found, stored: row })
    if (isHere && !found && row.deleted_at === null) comparison.extra.push(row)
  }
  return comparison
}

function searchFacts({ company_type, sic_codes, registered_office_address }: FoundCompany) {
  return {
    type: company_type ?? null,
    sic_codes: sic_codes?.join(',') ?? null,
    postal_code: registered_office_address?.postal_code ?? null,
  }
}
