// Companies that changed since: with their own columns, officers, domains or e-mails, with what was removed from them, by
// a suppression, by the calendar, or as the stream of persons with significant control lost events about anybody. Few changes
// are found by the index on their numbers; after many, a new rule or such a loss, a reader looks at every company of its
// scope once, in bounded windows.
import { AT_MOST } from '../bound.ts'
import { changesSince, dayOfSince, isCheckpoint, type Since, sinceCheckpoint } from '../changes.ts'
import type { Page } from '../dataset/columns.ts'
import { datasetColumns, datasetTables, type Row } from '../dataset/columns.ts'
import { type Db, prepared, snapshot } from '../open.ts'
import { pscDoubtChanged } from '../psc-doubt.ts'
import { verificationChanged } from '../standing.ts'
import {
  AFTER_ALL,
  type Candidates,
  COMPANY_COLUMNS,
  cutAtOfficers,
  filterScope,
  MEMBER_TABLES,
  numberOf,
  pageOf,
  readRulesSince,
  readServedRules,
  type ServedCompany,
  servedCompanies,
  type Window,
  windowEnd,
} from './companies.ts'
import { withSicDescriptions } from './sic.ts'

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
  since: Since
  after: string
  limit: number
  /** The day of reading, `YYYY-MM-DD`. */
  today: string
}

/** As many changes are looked up one by one; more are met on a walk along all companies. */
const FEW = 4000

const DELETED_AT = datasetColumns.companies.findIndex(({ name }) => name === 'deleted_at')

/** Reads the window of changes behind a company number. */
export function readChanges(db: Db, { all, since, after, limit, today }: ChangeOptions): ChangeWindow {
  return snapshot(db, () => {
    const recent = readRulesSince(db, since)
    const everything = !recent.suppressions.empty
    const { rows: found, reached } = candidates(db, { all, after, limit, since, today }, everything)
    const cut = cutAtOfficers({ rows: found, reached }, true)
    const told = new Map(cut.rows.map((row) => [numberOf(row), { at: String(row.at(-2)), changed: row.at(-1) === 1 }]))
    const page = pageOf(
      db,
      cut.rows.map((row) => row.slice(0, -2)),
      MEMBER_TABLES,
      today,
    )
    const touched = everything ? touchedBy(page, recent.clean(page)) : new Set<string>()
    const kept = new Map(
      withSicDescriptions(db, servedCompanies(readServedRules(db).clean(page))).map((one) => [one.number, one]),
    )
    const changes = page.companies.flatMap((row): Change[] => {
      const number = numberOf(row)
      const { at = '', changed = false } = told.get(number) ?? {}
      const company = row[DELETED_AT] === null ? (kept.get(number) ?? null) : null
      if (touched.has(number)) return [{ number, changedAt: changed ? at : null, company }]
      return changed && kept.has(number) ? [{ number, changedAt: at, company }] : []
    })
    return { changes, reached: cut.reached }
  })
}

/** From where to count for `since`: a checkpoint or a time, ISO 8601. Null for the checkpoint of another history. */
export function readSince(db: Db, text: string): Since | null {
  return snapshot(db, () => {
    return isCheckpoint(text) ? sinceCheckpoint(db, text) : changesSince(db, text)
  })
}

const newest = (table: string, column: string) =>
  `coalesce((SELECT max(${column}) FROM ${table} WHERE ${table}.company_number = companies.company_number), '')`

const NEWEST_TIME = `max(companies.fetched_at, coalesce(officers_fetched_at, ''), coalesce(companies.deleted_at, ''),
  ${newest('persons_with_significant_control', 'fetched_at')}, ${newest('domains', 'found_at')},
  ${newest('emails', 'found_at')}, ${newest('deletions', 'deleted_at')})`

const ROWS = `SELECT ${COMPANY_COLUMNS}, ${NEWEST_TIME}`

const changed = (since: Since, today: string) => `(companies.change_number > @number
  OR EXISTS (SELECT 1 FROM deletions WHERE deletions.company_number = companies.company_number AND change_number > @number)
  OR companies.company_number IN (${verificationChanged(dayOfSince(since), today)})
  OR (@number = 0 AND companies.change_number = 0 AND ${NEWEST_TIME} >= @moment))`

/** Company rows with two cells more: the time of their newest fact, and whether they changed since. */
function candidates(db: Db, { all, since, after, limit, today }: ChangeOptions, everything: boolean): Candidates {
  const doubted = pscDoubtChanged(db, since)
  const few = everything || doubted ? null : fewChanged(db, since, today)
  if (few) {
    const sql = `${ROWS}, 1 FROM companies
      WHERE companies.company_number IN (SELECT value FROM json_each(?)) AND ${filterScope({ all })} AND company_number > ?
      ORDER BY company_number ${AT_MOST}`
    const rows = prepared(db, sql).raw().all(JSON.stringify(few), after, limit) as Row[]
    return { rows, reached: rows.length < limit ? null : numberOf(rows.at(-1)) }
  }
  const last = prepared(db, windowEnd(filterScope({ all })))
    .pluck()
    .get(after) as string | undefined
  const condition = doubted ? `(${doubted} OR ${changed(since, today)})` : changed(since, today)
  const rows = prepared(
    db,
    `${ROWS}, ${condition} FROM companies
     WHERE ${filterScope({ all })} AND companies.company_number > @after AND companies.company_number <= @last
       ${everything ? '' : `AND ${condition}`}
     ORDER BY companies.company_number LIMIT @limit + 0`,
  )
    .raw()
    .all({ number: since.number, moment: since.moment, after, last: last ?? AFTER_ALL, limit }) as Row[]
  return { rows, reached: rows.length < limit ? (last ?? null) : numberOf(rows.at(-1)) }
}

/** The numbers of all companies that changed since, when they are few and have all been counted. */
function fewChanged(db: Db, since: Since, today: string): string[] | null {
  const { number } = since
  if (number === 0) return null
  const sql = `SELECT company_number FROM companies INDEXED BY companies_by_change WHERE change_number > @number
    UNION SELECT company_number FROM deletions WHERE change_number > @number
    UNION ${verificationChanged(dayOfSince(since), today)} LIMIT ${FEW + 1}`
  const found = prepared(db, sql).pluck().all({ number }) as string[]
  return found.length > FEW ? null : found
}

/** The companies of which something is missing in the second page. */
function touchedBy(whole: Page, left: Page): Set<string> {
  const counts = new Map<string, number>()
  const add = (page: Page, step: number) => {
    for (const row of datasetTables.flatMap((table) => page[table])) {
      const number = numberOf(row)
      counts.set(number, (counts.get(number) ?? 0) + step)
    }
  }
  add(whole, 1)
  add(left, -1)
  return new Set([...counts].flatMap(([number, missing]) => (missing > 0 ? [number] : [])))
}
