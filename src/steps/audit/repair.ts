// Makes up for the events that an audit finds missing: stores the companies and queues them as their events would have
// been, corrects days, and marks as deleted what the register no longer knows. One transaction a day; safe to repeat.
import type { Clock } from '../../clock.ts'
import { UpstreamError } from '../../companies-house/call.ts'
import type { CompaniesHouse } from '../../companies-house/client.ts'
import { fetchProfile } from '../../companies-house/fetch-profile.ts'
import { type FoundCompany, foundFacts } from '../../companies-house/search.ts'
import { markDeleted, saveFoundCompanies, updateCompany } from '../../db/companies/companies.ts'
import type { CompanyDetails } from '../../db/companies/told.ts'
import { enqueueJob } from '../../db/jobs/queue.ts'
import { type DatedCompany, findDated } from '../../db/officers/officers.ts'
import { type Db, write } from '../../db/open.ts'
import type { Suppressions } from '../../db/suppress/suppressions.ts'
import { type CompanyFilters, isCompanyWanted, NEW } from '../stream/rules.ts'

export interface AuditRepairStep {
  db: Db
  clock: Clock
  runId: number
}

export interface DayRepairs {
  missing: Missing[]
  extra: AskedExtra[]
  /** The search works for this day, so that what the register does not know is gone. */
  searchWorks: boolean
}

export interface Repaired {
  /** Missing companies that are on their way to enrichment now. */
  queued: number
  /** Extra companies brought to the register's word. */
  corrected: number
}

/** Repairs one day. Throws what the database throws; then nothing of the day is changed. */
export function repairDay(step: AuditRepairStep, day: string, { missing, extra, searchWorks }: DayRepairs): Repaired {
  const { db, clock, runId } = step
  const now = clock.now()
  const fetchedAt = new Date(now).toISOString()
  const origin = (source: string) => ({ source, fetchedAt, runId })
  return write(db, (tx) => {
    const repaired = { queued: 0, corrected: 0 }
    for (const { found } of missing) {
      const facts = missingFacts(found, day)
      saveFoundCompanies(db, [{ ...facts, source: 'search', fetched_at: fetchedAt, run_id: runId }])
      const job = { companyNumber: found.company_number, stage: 'details', cause: NEW, runId } as const
      enqueueJob(tx, { ...job, owner: 'stream', dueAt: now })
      repaired.queued += 1
    }
    for (const { company, register, details } of extra) {
      if (details) updateCompany(db, details, origin('rest'))
      else if (register !== 'unknown' || !searchWorks) continue
      else if (!markDeleted(db, company.company_number, origin('rest'))) continue
      repaired.corrected += 1
    }
    return repaired
  })
}

/** The search was asked for this day, so it is the company's, even where the item leaves it out. */
function missingFacts(found: FoundCompany, day: string) {
  return { ...foundFacts(found), date_of_creation: day }
}

// One day's two lists side by side: what is stored, and what the register's search shows.

export interface Missing {
  found: FoundCompany
  /** How it is stored, under another day or none; undefined when it is not. */
  stored: DatedCompany | undefined
}

export interface DayComparison {
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
export function compareDay(db: Db, { day, stored, listed, filters, suppressions }: CompareOptions): DayComparison {
  const comparison: DayComparison = { received: 0, listed: 0, missing: [], extra: [], deleted: 0 }
  for (const number of new Set([...stored, ...listed.keys()])) {
    if (suppressions.company(number)) continue
    const found = listed.get(number)
    const row = findDated(db, number)
    const isHere = row?.date_of_creation === day
    if (!(found && isCompanyWanted(filters, searchFacts(found))) && !(isHere && isCompanyWanted(filters, row))) continue
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

// The search index may lag behind the stream, and may leave companies out. So the register is asked itself about each
// company that it does not list.

/** Each is a call; a day whose search is broken must not use up the allowance. */
const MOST_ASKED = 200

/**
 * What the profile says: `confirmed` as formed on that day, formed on an `other-day` (with `details`), `unknown` to the
 * register, or `unasked` where it did not answer, or too many were left.
 */
export type RegisterWord = 'confirmed' | 'other-day' | 'unknown' | 'unasked'

export interface AskedExtra {
  company: DatedCompany
  register: RegisterWord
  details?: CompanyDetails
}

/**
 * Asks for the profiles in the background lane. A company is `unknown` only while the register knows `listed`, a company
 * that its search shows. Throws when the service is away or the key refused, and the signal's reason.
 */
export async function askAboutExtras(
  companiesHouse: CompaniesHouse,
  extras: DatedCompany[],
  { listed, signal }: { listed: string | undefined; signal: AbortSignal },
): Promise<AskedExtra[]> {
  const asked: AskedExtra[] = []
  for (const [place, company] of extras.entries()) {
    asked.push(place < MOST_ASKED ? await askAbout(companiesHouse, company, signal) : { company, register: 'unasked' })
  }
  if (!asked.some(({ register }) => register === 'unknown')) return asked
  if (listed && (await knows(companiesHouse, listed, signal))) return asked
  return asked.map((extra) => (extra.register === 'unknown' ? { ...extra, register: 'unasked' } : extra))
}

async function knows(companiesHouse: CompaniesHouse, companyNumber: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await fetchProfile(companiesHouse, companyNumber, { lane: 'background', signal })) !== null
  } catch (error) {
    if (!(error instanceof UpstreamError) || signal.aborted) throw error
    return false
  }
}

async function askAbout(
  companiesHouse: CompaniesHouse,
  company: DatedCompany,
  signal: AbortSignal,
): Promise<AskedExtra> {
  const number = company.company_number
  try {
    const fetched = await fetchProfile(companiesHouse, number, { lane: 'background', signal })
    if (!fetched) return { company, register: 'unknown' }
    const { details } = fetched
    const isSame = details.date_of_creation === company.date_of_creation
    return isSame ? { company, register: 'confirmed' } : { company, register: 'other-day', details }
  } catch (error) {
    if (!(error instanceof UpstreamError) || signal.aborted) throw error
    return { company, register: 'unasked' }
  }
}
