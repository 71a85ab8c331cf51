// How the identity verifications of the stored officers stand, with somebody of each kind.
import { datasetColumns, type Row } from '../../db/dataset/columns.ts'
import { openDataset } from '../../db/dataset/dataset.ts'
import type { Db } from '../../db/open.ts'
import { VERIFICATIONS, type VerificationState } from '../../db/standing.ts'

export interface Standings {
  counts: Record<VerificationState, number>
  /** The first active officer who is verified, due and overdue. */
  examples: { state: VerificationState; name: string; company: string }[]
}

const SHOWN: readonly VerificationState[] = ['verified', 'due', 'overdue']

/** Walks all officers of complete companies as they stand on the day, `YYYY-MM-DD`. */
export function readStandings(db: Db, today: string): Standings {
  const counts = Object.fromEntries(VERIFICATIONS.map((state) => [state, 0])) as Standings['counts']
  const found = new Map<VerificationState, Standings['examples'][number]>()
  using dataset = openDataset(db, { all: false, today })
  for (const { companies, officers } of dataset.pages()) {
    const nameOf = new Map(companies.map((row) => [row[0], String(cell('companies', row, 'company_name'))]))
    for (const row of officers) {
      const state = cell('officers', row, 'identity_verification') as VerificationState
      counts[state] += 1
      if (!SHOWN.includes(state) || found.has(state) || cell('officers', row, 'is_active') !== 1) continue
      const name = String(cell('officers', row, 'name'))
      found.set(state, { state, name, company: nameOf.get(row[0] ?? null) ?? '' })
    }
  }
  return { counts, examples: SHOWN.flatMap((state) => found.get(state) ?? []) }
}

function cell(table: 'companies' | 'officers', row: Row, name: string) {
  return row[datasetColumns[table].findIndex((column) => column.name === name)]
}
