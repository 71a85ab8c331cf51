// What changed since a place among all changes: which companies a delta holds, and what the customer must remove. Everything here reads
// the snapshot of the connection's open transaction; what it notes down lives in a temporary table.
import { dayOfSince, type Since } from '../changes.ts'
import type { Db } from '../open.ts'
import { pscDoubtChanged } from '../psc-doubt.ts'
import { type VerificationState, verificationChanged } from '../standing.ts'
import { type HiddenRows, hiddenSince } from '../suppress/since.ts'
import { loadSuppressions } from '../suppress/suppressions.ts'
import type { Row } from './columns.ts'
import { goneByStanding, type StandingWanted } from './standing.ts'

/** The rows of the list of deletions for these tables, in the order of table, company and key. */
export type DeletionsReader = (tables: readonly string[]) => Row[]

/** The companies of a delta, in the order of their numbers, once `createDelta` has run in the same transaction. */
export const DELTA = 'temp.delta'

/** In a WHERE clause over `companies`: it belongs to the delta. */
export const IN_DELTA = `companies.company_number IN (SELECT company_number FROM ${DELTA})`

/** All that has a number. In one query SQLite would merge both in the order of the companies, and look at each of them. */
const CHANGED = [
  'SELECT company_number FROM companies INDEXED BY companies_by_change WHERE change_number > $number',
  'SELECT company_number FROM deletions WHERE change_number > $number',
]

/**
 * What changed before there were numbers, by its times. The last part: a domain's state and confidence have no time of
 * their own, but the work that sets them has.
 */
const CHANGED_EARLIER = `
  SELECT company_number FROM companies WHERE change_number = 0 AND
    (fetched_at >= $moment OR first_seen_at >= $moment OR officers_fetched_at >= $moment OR deleted_at >= $moment)
  UNION SELECT company_number FROM domains WHERE found_at >= $moment
  UNION SELECT company_number FROM emails WHERE found_at >= $moment
  UNION SELECT company_number FROM deletions WHERE change_number = 0 AND deleted_at >= $moment
  UNION SELECT company_number FROM domains WHERE domain IN (
    SELECT domain FROM domains JOIN jobs USING (company_number) WHERE jobs.updated_at >= $momentMs)`

export interface DeltaWanted {
  since: Since
  all: boolean
  /** The day of reading, `YYYY-MM-DD`. */
  today: string
  verification?: readonly VerificationState[] | null | undefined
}

/**
 * Notes down the companies of which anything changed since, by suppressions of their people and by the calendar as well, and
 * returns the reader of what is gone. Belongs in an open transaction, with whose end it is forgotten.
 */
export function createDelta(db: Db, { since, all, today, verification }: DeltaWanted): DeletionsReader {
  const client = db.$client
  const hidden = hiddenSince(db, since)
  client.exec('CREATE TEMP TABLE delta (company_number TEXT PRIMARY KEY) WITHOUT ROWID')
  const add = (select: string, values: object) => client.prepare(`INSERT OR IGNORE INTO ${DELTA} ${select}`).run(values)
  for (const select of CHANGED) add(select, { number: since.number })
  add('SELECT value FROM json_each($hidden)', {
    hidden: JSON.stringify(hidden.rows.map(({ company_number }) => company_number)),
  })
  add(verificationChanged(dayOfSince(since), today), {})
  const doubted = pscDoubtChanged(db, since)
  if (doubted) add(`SELECT company_number FROM companies WHERE ${doubted}`, {})
  if (since.number === 0) add(CHANGED_EARLIER, { moment: since.moment, momentMs: Date.parse(since.moment) })
  const standing = verification ? { verification, today } : null
  return (tables) => readDeletions(db, { since, all, hidden, standing }, tables)
}

interface DeltaFacts {
  since: Since
  all: boolean
  hidden: HiddenRows
  standing: StandingWanted | null
}

/** In a WHERE clause: the row changed since. `time` is what sends it of a row from before there were numbers. */
function changed(table: string, time: string): string {
  return `(${table}.change_number > $number OR ($number = 0 AND ${table}.change_number = 0 AND ${time} >= $moment))`
}

/** What the customer calls the table of a deletion. */
const TABLE_OF_KIND = `CASE kind WHEN 'psc' THEN 'persons_with_significant_control' ELSE kind || 's' END`

/**
 * The time of a company that left the register, that has no complete list any more, and of rows that vanished. Only
 * what has been a customer's can be gone, so a company counts as left behind when officers of it vanished. The plus keeps
 * SQLite from looking at every officer that ever vanished, where their numbers lead to the few that count.
 */
const GONE = (complete: string) => `
  SELECT 'companies' AS "table", company_number, '' AS key, deleted_at
    FROM ${DELTA} CROSS JOIN companies USING (company_number) WHERE deleted_at IS NOT NULL AND ${complete}
  UNION ALL
  SELECT 'companies', company_number, '', max(deletions.deleted_at) FROM deletions JOIN companies USING (company_number)
    WHERE +kind = 'officer' AND ${changed('deletions', 'deletions.deleted_at')} AND NOT (${complete}) GROUP BY company_number
  UNION ALL
  SELECT ${TABLE_OF_KIND}, company_number, key, deletions.deleted_at FROM deletions JOIN companies USING (company_number)
    WHERE ${changed('deletions', 'deletions.deleted_at')} AND ${complete}`

function readDeletions(db: Db, { since, all, hidden, standing }: DeltaFacts, tables: readonly string[]): Row[] {
  const complete = all ? '1' : `companies.officers_state = 'complete'`
  const suppressions = loadSuppressions(db)
  const { number, moment } = since
  const stored = db.$client.prepare(GONE(complete)).raw().all({ number, moment }) as string[][]
  if (standing) stored.push(...(goneByStanding(db, standing) as string[][]))
  const shown = (number: string) => !suppressions.company(number)
  const rows = [
    ...stored.filter(([, number = '']) => shown(number)),
    ...hidden.companies.map(({ company_number, at }) => ['companies', company_number, '', at]),
    ...hidden.rows.flatMap(({ table, company_number, at }) =>
      shown(company_number) ? [[table, company_number, '', at]] : [],
    ),
  ]
  return latestOfEach(rows.flatMap((row) => withinTables(row, tables)))
}

/** A company that is gone takes its rows with it, also where the companies themselves are not delivered. */
function withinTables(row: string[], tables: readonly string[]): string[][] {
  const [table = '', ...rest] = row
  if (tables.includes(table)) return [row]
  return table === 'companies' ? tables.map((own) => [own, ...rest]) : []
}

/** Each row once, with its latest time, in order. */
function latestOfEach(rows: string[][]): Row[] {
  const byKey = new Map<string, string[]>()
  for (const row of rows) {
    const key = row.slice(0, 3).join('\u0000')
    const known = byKey.get(key)
    if (!known || String(known[3]) < String(row[3])) byKey.set(key, row)
  }
  return [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}
