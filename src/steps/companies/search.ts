// Fills `companies` from advanced search: each day's companies are shaped, filtered and stored in one transaction. Safe to
// run again: known companies are brought up to date, and what was learnt about their officers stays.
import { type Clock, DAY_MS } from '../../clock.ts'
import type { CompaniesHouse } from '../../companies-house/client.ts'
import { isSlug, TYPE_SLUGS } from '../../companies-house/register/prose.ts'
import {
  type FoundCompany,
  foundFacts,
  SEARCH_WINDOW,
  type SearchFilters,
  searchCompanies,
} from '../../companies-house/search.ts'
import { findStored, knownDays, type SearchedFacts, saveFoundCompanies } from '../../db/companies/companies.ts'
import type { Origin } from '../../db/companies/register-files.ts'
import { type Db, write } from '../../db/open.ts'
import { beginRun } from '../../db/runs.ts'
import type { Log } from '../../log.ts'
import { companyTest, type ImportFilter } from './read.ts'

export interface ImportFoundStep {
  db: Db
  companiesHouse: CompaniesHouse
  clock: Clock
  log: Log
  signal: AbortSignal
}

export interface ImportFoundOptions {
  /** Which new companies are taken. `incorporatedFrom` and `incorporatedTo` bound the days that are searched. */
  filter: ImportFilter & { incorporatedFrom: string; incorporatedTo: string }
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
    const isNew = (company: SearchedFacts) => takesNew && accepts(company)
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

type Found = SearchedFacts & Omit<Origin, 'as_of'>

/** Stores the rows of known companies, and those of new ones up to the limit. */
function saveRows(
  db: Db,
  rows: Found[],
  { isNew, limit }: { isNew(company: SearchedFacts): boolean; limit: number },
): { inserted: number; updated: number } {
  return write(db, (tx) => {
    const stored = findStored(
      tx,
      rows.map(({ company_number }) => company_number),
    )
    const known = rows.filter(({ company_number }) => stored.has(company_number))
    const fresh = rows.filter((row) => !stored.has(row.company_number) && isNew(row)).slice(0, limit)
    saveFoundCompanies(db, [...known, ...fresh])
    return { inserted: fresh.length, updated: known.length }
  })
}

// Fills `companies` from advanced search instead of the register file: day by day, since a search never shows more than
// 10,000 hits, and by company type where even one day has more. Safe to run again: each day is an upsert.

export interface SearchCompaniesStep {
  companiesHouse: CompaniesHouse
  log: Log
  signal: AbortSignal
}

export interface SearchCompaniesOptions {
  filters: SearchFilters
  /** The types to slice by where a day has too many hits. */
  types: readonly string[]
  /** What to ask about a day; nothing skips it. The whole filter unless given. */
  searches?: (day: string) => SearchFilters[]
  /** Stores what one search of a day found, in a transaction; returns how many more are wanted. */
  save(found: FoundCompany[], search: SearchFilters): number
  onProgress(progress: SearchProgress): void
}

export interface SearchProgress {
  day: string
  days: number
  daysDone: number
  found: number
}

interface SearchCompaniesSummary {
  days: number
  found: number
  /** Search items that named no company. */
  odd: number
  /** Hits that the register reported but never showed. */
  missed: number
}

/** How often an unsorted result that skipped some companies between pages is read again. */
const MAX_READS = 3

/** Searches every day from `incorporatedFrom` to `incorporatedTo` until `save` wants no more. */
export async function searchCompaniesByDay(
  step: SearchCompaniesStep,
  { filters, types, searches, save, onProgress }: SearchCompaniesOptions,
): Promise<SearchCompaniesSummary> {
  const days = daysBetween(filters.incorporatedFrom, filters.incorporatedTo)
  const summary = { days: 0, found: 0, odd: 0, missed: 0 }
  for (const [index, day] of days.entries()) {
    step.signal.throwIfAborted()
    const asked = searches?.(day) ?? [{ ...filters, incorporatedFrom: day, incorporatedTo: day }]
    if (asked.length === 0) continue
    let wanted = 0
    const seen = new Set<string>()
    for (const search of asked) {
      const { found, odd, missed } = await searchSlice(step, search, types)
      if (missed > 0) step.log.warn('the register reported more companies than it showed', { day, missed })
      wanted = save(found, search)
      for (const { company_number } of found) seen.add(company_number)
      summary.odd += odd
      summary.missed += missed
    }
    summary.days += 1
    summary.found += seen.size
    onProgress({ day, days: days.length, daysDone: index + 1, found: summary.found })
    if (wanted <= 0) break
  }
  return summary
}

/** The days from one to the other, both included. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = []
  const last = Date.parse(to)
  for (let time = Date.parse(from); time <= last; time += DAY_MS) days.push(new Date(time).toISOString().slice(0, 10))
  return days
}

/** What a search has shown; `missed` are hits that were counted but never shown. */
export interface Slice {
  found: FoundCompany[]
  /** Items that named no company. */
  odd: number
  missed: number
}

/** Searches what the filters let through, by type where that is more than a search shows. Throws what the client throws. */
export async function searchSlice(
  step: SearchCompaniesStep,
  filters: SearchFilters,
  types: readonly string[],
): Promise<Slice> {
  const options = { lane: 'background', signal: step.signal } as const
  const byNumber = new Map<string, FoundCompany>()
  let hits = 0
  let odd = 0
  for (let read = 0; read < MAX_READS; read += 1) {
    odd = 0
    for (let start = 0; ; ) {
      const page = await searchCompanies(step.companiesHouse, filters, start, options)
      if (start === 0) hits = page.hits
      const slices = sliceTypes(filters, types)
      if (hits > SEARCH_WINDOW && slices)
        return mergeSlices(await inTurn(slices, (slice) => searchSlice(step, slice, types)))
      for (const company of page.companies) byNumber.set(company.company_number, company)
      odd += page.odd
      const received = page.companies.length + page.odd
      start += received
      if (received === 0 || start >= Math.min(hits, SEARCH_WINDOW)) break
    }
    if (byNumber.size + odd >= Math.min(hits, SEARCH_WINDOW)) break
  }
  return { found: [...byNumber.values()], odd, missed: Math.max(0, hits - byNumber.size - odd) }
}

/** One search a type; null when the search names a single type already. */
function sliceTypes(filters: SearchFilters, types: readonly string[]): SearchFilters[] | null {
  if (filters.type?.length === 1) return null
  return (filters.type ?? types).map((type) => ({ ...filters, type: [type] }))
}

async function inTurn<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await work(item))
  return results
}

function mergeSlices(slices: Slice[]): Slice {
  return {
    found: slices.flatMap(({ found }) => found),
    odd: slices.reduce((sum, slice) => sum + slice.odd, 0),
    missed: slices.reduce((sum, slice) => sum + slice.missed, 0),
  }
}
