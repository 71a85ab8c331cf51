// Fills `companies` from advanced search: each day's companies are shaped, filtered and stored in one transaction. Safe to
// run again: known companies are brought up to date, and what was learnt about their officers stays.
import type { Clock } from '../clock.ts'
import { type FoundCompany, foundFacts } from '../companies-house/advanced-search.ts'
import type { CompaniesHouse } from '../companies-house/client.ts'
import { isSlug, TYPE_SLUGS } from '../companies-house/register-prose.ts'
import type { CompanyFacts, Origin } from '../db/companies.ts'
import { saveFoundCompanies } from '../db/found-companies.ts'
import { type Db, write } from '../db/open.ts'
import { readTallies } from '../db/progress.ts'
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
  /** `incorporatedFrom` and `incorporatedTo` bound the days that are searched. */
  filter: CompanyFilter & { incorporatedFrom: string; incorporatedTo: string }
  /** Words of an address, as the search understands them. */
  location: string | undefined
  /** At most so many companies are stored, the first that pass the filter. */
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

const COMPANY_NUMBER = /^[A-Z0-9]{8}$/

/** Searches day by day and stores what passes. Throws what the client throws; the days before stay stored. */
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
  const save = (found: FoundCompany[]) => {
    const origin = { source: 'search', fetched_at: new Date(clock.now()).toISOString(), run_id: run.id }
    const rows = found
      .filter(({ company_number }) => COMPANY_NUMBER.test(company_number))
      .map((one) => ({ ...foundFacts(one), ...origin }))
    const wanted = rows.filter(accepts).slice(0, limit - counts.imported)
    const inserted = saveRows(db, wanted)
    counts.imported += wanted.length
    counts.inserted += inserted
    counts.updated += wanted.length - inserted
    counts.filtered_out += found.length - wanted.length
    return limit - counts.imported
  }
  const { type } = filter
  const filters = { ...filter, type: type?.every(isSlug.type) ? type : undefined, location }
  const searched = await searchCompaniesByDay(step, { filters, types: TYPE_SLUGS, save, onProgress })
  const summary = { ...searched, ...counts, elapsed_seconds: Math.round(clock.steady() - begun) / 1000 }
  run.finish(summary)
  return summary
}

/** Returns how many of the rows were new. */
function saveRows(db: Db, rows: (CompanyFacts & Omit<Origin, 'as_of'>)[]): number {
  const size = (tallies: ReturnType<typeof readTallies>) =>
    tallies.pending + tallies.complete + tallies.none + tallies.failed
  return write(db, (tx) => {
    const before = size(readTallies(tx))
    saveFoundCompanies(tx, rows)
    return size(readTallies(tx)) - before
  })
}
