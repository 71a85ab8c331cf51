// Everything that is stored of one company, for its operator: what is known, where each row came from, and what is on its
// way. Reads only. Nobody who is suppressed is told, only that somebody is.

import type { Item } from '../../db/dataset/columns.ts'
import { findJob, type JobStanding } from '../../db/jobs/lists.ts'
import { findFetchTrouble } from '../../db/officers/failures.ts'
import { type Db, snapshot } from '../../db/open.ts'
import { type ConcerningPurchase, listPurchasesConcerning } from '../../db/purchases/concerning.ts'
import { findRuns } from '../../db/runs.ts'
import { readStoredCompany, type StoredCompany } from '../../db/served/stored.ts'
import { storageGuard } from '../../db/storage-error.ts'
import { domainInput } from '../purchases/inputs.ts'
import { companySearchName } from '../purchases/match.ts'

export interface CompanyFile {
  company_number: string
  stored: StoredCompany
  /** The runs that wrote its rows. */
  runs: { id: number; command: string; started_at: string }[]
  officersTrouble: ReturnType<typeof findFetchTrouble>
  job: JobStanding | null
  purchases: ConcerningPurchase[]
}

/**
 * What is known of the company with this number, in the register's form; null when it is not stored. Throws a `data` error
 * when the database cannot be read.
 */
export function readCompanyFile(db: Db, number: string, today: string): CompanyFile | null {
  return storageGuard(db.$client.name)(() =>
    snapshot(db, (tx) => {
      const stored = readStoredCompany(db, number, today)
      if (stored === null) return null
      const { shown } = stored
      const file: CompanyFile = {
        company_number: number,
        stored,
        runs: [],
        officersTrouble: null,
        job: null,
        purchases: [],
      }
      if (shown === null) return file
      const { company, officers, persons_with_significant_control: pscs, domains, emails } = shown
      const ids = new Set([company, ...officers, ...pscs, ...domains, ...emails].map(({ run_id }) => Number(run_id)))
      return {
        ...file,
        runs: findRuns(tx, [...ids]).map(({ id, command, started_at }) => ({
          id,
          command,
          started_at: new Date(started_at).toISOString(),
        })),
        officersTrouble: findFetchTrouble(tx, number),
        job: findJob(tx, number),
        purchases: listPurchasesConcerning(tx, {
          domainKey: domainInput(companySearchName(String(company.company_name))).key,
          domains: domains.map(({ domain }: Item) => String(domain)),
        }),
      }
    }),
  )
}
