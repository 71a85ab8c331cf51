// Makes up for the events that an audit finds missing: stores the companies and queues them as their events would have
// been, corrects days, and marks as deleted what the register no longer knows. One transaction a day; safe to repeat.
import type { Clock } from '../clock.ts'
import { type FoundCompany, foundFacts } from '../companies-house/advanced-search.ts'
import { saveFoundCompanies } from '../db/found-companies.ts'
import { enqueueJob } from '../db/jobs.ts'
import { type Db, write } from '../db/open.ts'
import { findKnownCompany, insertCompany, markDeleted, updateCompany } from '../db/stream-companies.ts'
import type { Missing } from './audit-compare.ts'
import type { AskedExtra } from './audit-extra.ts'
import { NEW } from './stream-rules.ts'

export interface AuditRepairStep {
  db: Db
  clock: Clock
  runId: number
}

export interface Repairs {
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
export function repairDay(step: AuditRepairStep, day: string, { missing, extra, searchWorks }: Repairs): Repaired {
  const { db, clock, runId } = step
  const now = clock.now()
  const fetchedAt = new Date(now).toISOString()
  const origin = (source: string) => ({ source, fetchedAt, runId })
  return write(db, (tx) => {
    const repaired = { queued: 0, corrected: 0 }
    for (const { found } of missing) {
      const facts = missingFacts(found, day)
      if (findKnownCompany(db, found.company_number)) {
        saveFoundCompanies(tx, [{ ...facts, source: 'search', fetched_at: fetchedAt, run_id: runId }])
      } else insertCompany(db, { ...facts, jurisdiction: null }, origin('search'))
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
