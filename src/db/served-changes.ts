// Companies that changed since a moment: with their own columns, officers, domains or e-mails, with what was removed
// from them, or by a suppression. Times are those that the rows carry; there is no index on them, so a reader looks at
// every company of its scope once, in bounded windows.
import type { Clock } from '../clock.ts'
import { datasetColumns, type Page, type Row } from './dataset.ts'
import { type Db, snapshot } from './open.ts'
import { deadRuns } from './runs.ts'
import {
  AFTER_ALL,
  type Candidates,
  columnList,
  cutAtOfficers,
  numberOf,
  pageOf,
  type ServedCompany,
  servedCompanies,
  type Window,
  windowEnd,
} from './served-companies.ts'
import { scopeOf } from './served-filter.ts'
import { readRulesSince, readServedRules } from './served-rules.ts'
import { prepared } from './statements.ts'

export interface Change {
  number: string
  /** ISO 8601: the newest time that anything of the company carries; null when a suppression alone changed it. */
  changedAt: string | null
  /** The company as it is now; null when it is gone. */
  company: ServedCompany | null
}

export interface ChangeWindow extends Pick<Window, 'reached'> {
  changes: Change[]
}

export interface ChangeOptions {
  all: boolean
  /** ISO 8601 in UTC with milliseconds. */
  since: string
  after: string
  limit: number
}

/** Facts carry the time at which they were taken, a moment before they are committed. */
const COMMIT_MS = 60_000

const DELETED_AT = datasetColumns.companies.findIndex(({ name }) => name === 'deleted_at')

/** Reads the window of changes behind a company number. */
export function readChanges(db: Db, { all, since, after, limit }: ChangeOptions): ChangeWindow {
  return snapshot(db, () => {
    const recent = readRulesSince(db, since)
    const everything = !recent.suppressions.empty
    const { rows: found, reached } = candidates(db, { all, after, limit, since: everything ? '' : since })
    const cut = cutAtOfficers({ rows: found, reached }, true)
    const times = new Map(cut.rows.map((row) => [numberOf(row), String(row.at(-1))]))
    const page = pageOf(
      db,
      cut.rows.map((row) => row.slice(0, -1)),
      true,
    )
    const touched = everything ? touchedBy(page, recent.clean(page)) : new Set<string>()
    const kept = new Map(servedCompanies(readServedRules(db).clean(page)).map((one) => [one.number, one]))
    const changes = page.companies.flatMap((row): Change[] => {
      const number = numberOf(row)
      const changedAt = times.get(number) ?? ''
      const company = row[DELETED_AT] === null ? (kept.get(number) ?? null) : null
      if (touched.has(number)) return [{ number, changedAt: changedAt >= since ? changedAt : null, company }]
      return changedAt >= since && kept.has(number) ? [{ number, changedAt, company }] : []
    })
    return { changes, reached: cut.reached }
  })
}

/**
 * Up to when everything that carries an earlier time can be read, ISO 8601: the moment from which to ask for the next
 * changes. A register file is stamped when its import begins and committed when it ends.
 */
export function readCheckpoint(db: Db, clock: Clock): string {
  const sql = `SELECT id, started_at FROM runs WHERE command = 'import-companies' AND finished_at IS NULL`
  const open = prepared(db, sql).all() as { id: number; started_at: number }[]
  const dead = new Set(
    deadRuns(
      db,
      clock,
      open.map(({ id }) => id),
    ),
  )
  const begun = open.flatMap(({ id, started_at }) => (dead.has(id) ? [] : [started_at]))
  return new Date(Math.min(clock.now() - COMMIT_MS, ...begun)).toISOString()
}

/** Company rows with one cell more, the time of their newest fact. */
function candidates(db: Db, { all, since, after, limit }: ChangeOptions): Candidates {
  const last = prepared(db, windowEnd(scopeOf({ all })))
    .pluck()
    .get(after) as string | undefined
  const newest = (table: string) =>
    `coalesce((SELECT max(found_at) FROM ${table} WHERE ${table}.company_number = companies.company_number), '')`
  const rows = prepared(
    db,
    `WITH gone AS (
       SELECT company_number, max(deleted_at) AS at FROM deletions
       WHERE deleted_at >= @since AND company_number > @after AND company_number <= @last GROUP BY company_number)
     SELECT ${columnList('companies')},
       max(companies.fetched_at, coalesce(officers_fetched_at, ''), coalesce(companies.deleted_at, ''),
         ${newest('domains')}, ${newest('emails')}, coalesce(gone.at, '')) AS changed_at
     FROM companies LEFT JOIN gone USING (company_number)
     WHERE ${scopeOf({ all })} AND companies.company_number > @after AND companies.company_number <= @last
       AND changed_at >= @since
     ORDER BY companies.company_number LIMIT @limit`,
  )
    .raw()
    .all({ since, after, last: last ?? AFTER_ALL, limit }) as Row[]
  return { rows, reached: rows.length < limit ? (last ?? null) : numberOf(rows.at(-1)) }
}

/** The companies of which something is missing in the second page. */
function touchedBy(whole: Page, left: Page): Set<string> {
  const counts = new Map<string, number>()
  const add = (page: Page, step: number) => {
    for (const row of [...page.companies, ...page.officers, ...page.domains, ...page.emails]) {
      const number = numberOf(row)
      counts.set(number, (counts.get(number) ?? 0) + step)
    }
  }
  add(whole, 1)
  add(left, -1)
  return new Set([...counts].flatMap(([number, missing]) => (missing > 0 ? [number] : [])))
}
