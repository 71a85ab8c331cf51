// Fills `companies` from advanced search: each day's companies are shaped, filtered and stored in one transaction. Safe to
// run again: known companies are brought up to date, and what was learnt about their officers stays.
import type { Clock } from '../clock.ts'
import { type FoundCompany, foundFacts, type SearchFilters } from '../companies-house/advanced-search.ts'
import type { CompaniesHouse } from '../companies-house/client.ts'
import { isSlug, TYPE_SLUGS } from '../companies-house/register-prose.ts'
import type { CompanyFacts, Origin } from '../db/companies.ts'
import { findStored, knownDays, saveFoundCompanies } from '../db/found-companies.ts'
import { type Db, write } from '../db/open.ts'
import { beginRun } from '../db/runs.ts'
import type { Log } from '../log.ts'
import { type CompanyFilter, companyTest } from './import-companies-filter.ts'
import { type SearchCompaniesSummary, type SearchProgress, searchCompaniesByDay } from './search-companies.ts'

export interface ImportFoundStep {
  db: Db
  companiesHouse: CompaniesHouse
  clock: Clock
  log: Log
  signal: AbortSignal
}

export interface ImportFoundOptions {
  /** Which new companies are taken. `incorporatedFrom` and `incorporatedTo` bound the days that are searched. */
  filter: CompanyFilter & { incorporatedFrom: string; incorporatedTo: string }
  /** Words of an address, as the search understands them. */
  location: string | undefined
  /** At most so many new companies are taken, the first that pass the filter. */
  limit?: number | undefined
  onProgress(progress: SearchProgress): void
}

export interface ImportFoundSummary extends SearchCompaniesSummary {
  imported: number
  inserted: number
  updated: number
  filtered_out: number
  elapsed_seconds: number
}

/**
 * Searches day by day and stores the new companies that pass; known ones of these days are brought up to date whatever
 * they have become. Throws what the client throws; the days before stay stored.
 */
export async function importFoundCompanies(
  step: ImportFoundStep,
  options: ImportFoundOptions,
): Promise<ImportFoundSummary> {
  const { db, clock } = step
  const { filter, location, limit = Number.POSITIVE_INFINITY, onProgress } = options
  const begun = clock.steady()
  using run = beginRun(db, clock, 'import-companies')
  const accepts = companyTest(filter)
  const counts = { imported: 0, inserted: 0, updated: 0, filtered_out: 0 }
  const { type } = filter
  const filters = { ...filter, type: type?.every(isSlug.type) ? type : undefined, location }
  const daysOfKnown = knownDays(db, filter)
  const isFull = () => counts.inserted >= limit
  const searches = (day: string) => {
    const ofDay = { incorporatedFrom: day, incorporatedTo: day }
    const narrow = { ...filters, ...ofDay }
    if (!daysOfKnown.has(day)) return isFull() ? [] : [narrow]
    // Where the company lies is for the service to say, so that new ones need a search of their own there.
    return location === undefined || isFull() ? [ofDay] : [narrow, ofDay]
  }
  const stored = { day: '', numbers: new Set<string>() }
  const save = (found: FoundCompany[], search: SearchFilters) => {
    const origin = { source: 'search', fetched_at: new Date(clock.now()).toISOString(), run_id: run.id }
    if (stored.day !== search.incorporatedFrom)
      Object.assign(stored, { day: search.incorporatedFrom, numbers: new Set() })
    const takesNew = search.location === location
    const rows = found
      .filter(({ company_number }) => !stored.numbers.has(company_number))
      .map((one) => ({ ...foundFacts(one), ...origin }))
    for (const { company_number } of rows) stored.numbers.add(company_number)
    const isNew = (company: CompanyFacts) => takesNew && accepts(company)
    const { inserted, updated } = saveRows(db, rows, { isNew, limit: limit - counts.inserted })
    counts.imported += inserted + updated
    counts.inserted += inserted
    counts.updated += updated
    if (takesNew) counts.filtered_out += rows.length - inserted - updated
    return isFull() && daysOfKnown.size === 0 ? 0 : Number.POSITIVE_INFINITY
  }
  const searched = await searchCompaniesByDay(step, { filters, types: TYPE_SLUGS, searches, save, onProgress })
  const summary = { ...searched, ...counts, elapsed_seconds: Math.round(clock.steady() - begun) / 1000 }
  run.finish(summary)
  return summary
}

type Found = CompanyFacts & Omit<Origin, 'as_of'>

/** Stores the rows of known companies, and those of new ones up to the limit. */
function saveRows(
  db: Db,
  rows: Found[],
  { isNew, limit }: { isNew(company: CompanyFacts): boolean; limit: number },
): { inserted: number; updated: number } {
  return write(db, (tx) => {
    const stored = findStored(
      tx,
      rows.map(({ company_number }) => company_number),
    )
    const known = rows.filter(({ company_number }) => stored.has(company_number))
    const fresh = rows.filter((row) => !stored.has(row.company_number) && isNew(row)).slice(0, limit)
    saveFoundCompanies(tx, [...known, ...fresh])
    return { inserted: fresh.length, updated: known.length }
  })
}
