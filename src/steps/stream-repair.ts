// Finds what an expired span has lost: reads `stream_gaps`, asks advanced search for the incorporations of its days in the
// background lane, and adds those that are not stored to `companies`, queued as their events would have been. Safe to run
// again: a day's companies and jobs commit together, and what is stored is not missing.
import type { Clock } from '../clock.ts'
import { type FoundCompany, foundFacts } from '../companies-house/advanced-search.ts'
import type { CompaniesHouse } from '../companies-house/client.ts'
import { COMPANY_NUMBER } from '../companies-house/company-profile.ts'
import { type Db, write } from '../db/open.ts'
import { type CompanyDetails, findKnownCompany, insertCompany } from '../db/stream-companies.ts'
import { readUnrepaired, saveRepaired } from '../db/stream-gaps.ts'
import type { Log } from '../log.ts'
import { searchCompaniesByDay } from './search-companies.ts'
import type { OnMatch } from './stream-apply.ts'
import { isWanted, NEW, type StreamRules } from './stream-rules.ts'

export interface RepairStep {
  db: Db
  companiesHouse: CompaniesHouse
  stream: { readonly name: string }
  clock: Clock
  log: Log
  runId: number
  signal: AbortSignal
}

export interface RepairOptions {
  rules: StreamRules
  /** Adds what is missing even where the filters do not want it. */
  all: boolean
  /** The types to slice by where a day has more hits than a search shows. */
  types: readonly string[]
  onMatch: OnMatch
}

export interface RepairSummary {
  gaps: number
  days: number
  /** Companies that the stream had not brought. */
  inserted: number
  queued: number
  /** Hits that the register reported but never showed. */
  missed: number
}

/** Searches the days of every expired span that is not repaired yet. Throws what the client throws, and the signal's reason. */
export async function repairExpiredGaps(step: RepairStep, options: RepairOptions): Promise<RepairSummary> {
  const { db, clock, log, stream } = step
  const summary = { gaps: 0, days: 0, inserted: 0, queued: 0, missed: 0 }
  for (const gap of readUnrepaired(db, stream.name)) {
    const [incorporatedFrom, incorporatedTo] = [gap.from_day ?? '', gap.to_day ?? '']
    const { days, missed } = await searchCompaniesByDay(step, {
      filters: { incorporatedFrom, incorporatedTo },
      types: options.types,
      save(found) {
        const saved = saveMissing(step, options, found)
        summary.inserted += saved.inserted
        summary.queued += saved.queued
        return Number.POSITIVE_INFINITY
      },
      onProgress() {},
    })
    summary.days += days
    summary.missed += missed
    if (write(db, (tx) => saveRepaired(tx, gap, clock.now()))) summary.gaps += 1
    log.info('lost days searched', { stream: stream.name, from_day: gap.from_day, to_day: gap.to_day, ...summary })
  }
  return summary
}

function saveMissing(step: RepairStep, { rules, all, onMatch }: RepairOptions, found: FoundCompany[]) {
  const { db, clock, runId } = step
  const origin = { source: 'search', fetchedAt: new Date(clock.now()).toISOString(), runId }
  const saved = { inserted: 0, queued: 0 }
  write(db, (tx) => {
    for (const company of found.filter(({ company_number }) => COMPANY_NUMBER.test(company_number)).map(foundDetails)) {
      const wanted = isWanted(rules, company)
      if (findKnownCompany(db, company.company_number) || !(wanted || all)) continue
      insertCompany(db, company, origin)
      saved.inserted += 1
      if (wanted && onMatch(tx, { company, cause: NEW, stage: 'details' })) saved.queued += 1
    }
  })
  return saved
}

/** A search result tells less than a profile. */
function foundDetails(found: FoundCompany): CompanyDetails {
  return { ...foundFacts(found), jurisdiction: null }
}
