// What is stored of one company, for its operator: as it is served, with a count of what a rule hides.
import { type DatasetTable, datasetTables } from '../dataset/columns.ts'
import { type Db, prepared } from '../open.ts'
import type { Suppression } from '../suppress/suppressions.ts'
import { MEMBER_TABLES, oneSource, pageOf, readServedRules, type ServedCompany, servedCompanies } from './companies.ts'

/** Counts only: what is hidden is never told. `officers` includes those whom a rule kept from being stored. */
export type HiddenCounts = Record<Exclude<DatasetTable, 'companies'>, number>

export interface StoredCompany {
  /** Null where the company as a whole is suppressed. */
  shown: ServedCompany | null
  /** The rule that suppresses the company. */
  rule: Pick<Suppression, 'id' | 'added_at'> | null
  hidden: HiddenCounts
}

/**
 * Reads one company within the caller's snapshot as it is on a day (`YYYY-MM-DD`); null when it is not stored. The number is
 * in the register's form.
 */
export function readStoredCompany(db: Db, number: string, today: string): StoredCompany | null {
  const { rows } = oneSource(db, { all: true }, number)('', 1)
  if (rows.length === 0) return null
  const page = pageOf(db, rows, MEMBER_TABLES, today)
  const clean = readServedRules(db).clean(page)
  const [shown = null] = servedCompanies(clean)
  const withheld = prepared(db, 'SELECT count(*) FROM withheld_officers WHERE company_number = ?').pluck()
  const hidden: HiddenCounts = { officers: 0, persons_with_significant_control: 0, domains: 0, emails: 0 }
  for (const table of datasetTables) {
    if (table !== 'companies') hidden[table] = page[table].length - clean[table].length
  }
  hidden.officers += Number(withheld.get(number))
  return { shown, rule: shown ? null : ruleOf(db, number), hidden }
}

function ruleOf(db: Db, number: string): StoredCompany['rule'] {
  const sql = `SELECT id, added_at FROM suppressions WHERE kind = 'company' AND value = ?`
  return (prepared(db, sql).get(number) as StoredCompany['rule'] | undefined) ?? null
}
