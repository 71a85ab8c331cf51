// Finds what an expired span of the companies stream has lost: reads `stream_gaps`, asks advanced search for the
// incorporations of its days in the background lane, and adds those that are not stored to `companies`, queued as their
// events would have been. Safe to run again: a day's companies and jobs commit together, and what is stored is not missing.
import type { Clock } from '../../clock.ts'
import type { CompaniesHouse } from '../../companies-house/client.ts'
import { type FoundCompany, foundFacts } from '../../companies-house/search.ts'
import { COMPANY_NUMBER } from '../../company-number.ts'
import { findKnownCompany, insertCompany } from '../../db/companies/companies.ts'
import { type Db, write } from '../../db/open.ts'
import { readUnrepaired, saveRepaired } from '../../db/stream/gaps.ts'
import type { Log } from '../../log.ts'
import { searchCompaniesByDay } from '../companies/search.ts'
import { COMPANIES, type OnMatch, tellMatch } from './companies.ts'
import { isCompanyWanted, NEW, type StreamRules } from './rules.ts'

export interface RepairStep {
  db: Db
  companiesHouse: CompaniesHouse
  clock: Clock
  log: Log
  runId: number
  signal: AbortSignal
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
export async function repairExpiredGaps(step: RepairStep): Promise<RepairSummary> {
  const { db, clock, log } = step
  const summary = { gaps: 0, days: 0, inserted: 0, queued: 0, missed: 0 }
  for (const gap of readUnrepaired(db, COMPANIES)) {
    const [incorporatedFrom, incorporatedTo] = [gap.from_day ?? '', gap.to_day ?? '']
    const { days, missed } = await searchCompaniesByDay(step, {
      filters: { incorporatedFrom, incorporatedTo },
      types: step.types,
      save(found) {
        const saved = saveMissing(step, found)
        summary.inserted += saved.inserted
        summary.queued += saved.queued
        return Number.POSITIVE_INFINITY
      },
      onProgress() {},
    })
    summary.days += days
    summary.missed += missed
    if (write(db, (tx) => saveRepaired(tx, gap, clock.now()))) summary.gaps += 1
    log.info('missing days searched', { stream: COMPANIES, from_day: gap.from_day, to_day: gap.to_day, ...summary })
  }
  return summary
}

function saveMissing({ db, clock, log, runId, rules, all, onMatch }: RepairStep, found: FoundCompany[]) {
  const origin = { source: 'search', fetchedAt: new Date(clock.now()).toISOString(), runId }
  const saved = { inserted: 0, queued: 0 }
  write(db, (tx) => {
    for (const company of found.filter(({ company_number }) => COMPANY_NUMBER.test(company_number)).map(foundFacts)) {
      const wanted = isCompanyWanted(rules, company)
      if (findKnownCompany(db, company.company_number) || !(wanted || all)) continue
      insertCompany(db, company, origin)
      saved.inserted += 1
      const match = { company, cause: NEW, stage: 'details' } as const
      if (!wanted || !onMatch(tx, match)) continue
      saved.queued += 1
      tellMatch(log, match, null)
    }
  })
  return saved
}
