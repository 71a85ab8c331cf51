// What changed since when. Every change of a public row takes a number from a counter that only grows, and the company
// keeps the number of its last change; clocks are not asked. The triggers of migration `change_counter` see to it for
// every writer; a writer of many rows takes one number for all of them and stores it itself. Marks tie numbers to times,
// and say whether a checkpoint was made by this database or by one that has been restored from a backup since.
import { countCapped } from './capped-count.ts'
import { type Db, prepared, type Tx } from './open.ts'
import { deletions } from './schema.ts'
import { dayAt } from './standing.ts'

/** From where a delta counts. */
export interface Since {
  /** Every change with a higher number belongs to it; 0 for what changed before there were numbers as well. */
  number: number
  /** ISO 8601: what is shown, and what rows from before there were numbers are compared with. */
  moment: string
  /** The day (`YYYY-MM-DD`) from which the calendar is compared, where it is not that of the moment. */
  day?: string
}

/** The day from which on what the calendar changes belongs to a delta. */
export function dayOfSince({ day, moment }: Since): string {
  return day ?? moment.slice(0, 10)
}

/** While a run lasts, its changes are tied to the time at least this often. */
const MARK_EVERY_MS = 600_000

/** Takes the next number; belongs in the transaction that stores it. */
export function nextChange(db: Db): number {
  return Number(prepared(db, 'UPDATE change_counter SET number = number + 1 RETURNING number').pluck().get())
}

/** The same without telling it: `LAST_CHANGE` is the number in the statement that stores it. */
export function countChange(db: Db): void {
  prepared(db, 'UPDATE change_counter SET number = number + 1').run()
}

/** The numbers of many changes in one transaction, for which the counter is moved once. */
export interface ChangeNumbers {
  next(): number
  /** Moves the counter behind them; before anything else in the transaction that may count, and at its end. */
  settle(): void
}

/** Takes numbers in the transaction that stores them. */
export function changeNumbers(db: Db): ChangeNumbers {
  let last: number | null = null
  return {
    next() {
      last = (last ?? Number(prepared(db, 'SELECT number FROM change_counter').pluck().get())) + 1
      return last
    },
    settle() {
      if (last !== null) prepared(db, 'UPDATE change_counter SET number = max(number, ?)').run(last)
      last = null
    },
  }
}

/** The number that was taken last, in SQL. */
export const LAST_CHANGE = '(SELECT number FROM change_counter)'

/** Gives companies a new number, although nothing stored of them changed; belongs in a transaction. */
export function touchCompanies(db: Db, companyNumbers: string[]): void {
  if (companyNumbers.length === 0) return
  const sql = 'UPDATE companies SET change_number = ? WHERE company_number IN (SELECT value FROM json_each(?))'
  prepared(db, sql).run(nextChange(db), JSON.stringify(companyNumbers))
}

/** Ties the number of the last change to `now` (ms), as a run begins; belongs in a transaction. */
export function markChanges(db: Db, now: number): void {
  prepared(db, `${MARK} FROM change_counter`).run(now)
}

/** The same during a run and at its end, where something has changed; `isEnd` waits for no interval. */
export function markChangesAgain(db: Db, now: number, isEnd: boolean): void {
  const due = isEnd ? '1' : `abs(? - marked_at) >= ${MARK_EVERY_MS}`
  const sql = `${MARK} FROM change_counter, (${NEWEST_MARK}) AS newest WHERE change_counter.number > newest.number AND ${due}`
  prepared(db, sql).run(...(isEnd ? [now] : [now, now]))
}

/**
 * Begins a history of its own in a copy of a database: what is written there has another mark than what the original
 * writes after the copy, and neither takes a checkpoint of the other's for its own. Older schemas know no marks.
 */
export function markCopy(copy: Db, now: number): void {
  const { $client: client } = copy
  const known = client.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'change_marks'").get()
  if (known) client.prepare(`${MARK} FROM change_counter`).run(now)
}

const MARK = `INSERT INTO change_marks (mark, number, marked_at) SELECT lower(hex(randomblob(4))), change_counter.number, ?`
const NEWEST_MARK = 'SELECT mark, number, marked_at FROM change_marks ORDER BY id DESC LIMIT 1'

/** The place of the open snapshot among all changes: a later delta counts from here and misses nothing. */
export function checkpointOf(db: Db): string {
  const sql = `SELECT newest.mark || '-' || change_counter.number FROM change_counter, (${NEWEST_MARK}) AS newest`
  return String(prepared(db, sql).pluck().get())
}

/** The same with the day (`YYYY-MM-DD`) of reading: what the calendar changes until then belongs to what was read. */
export function datedCheckpoint(db: Db, today: string): string {
  return `${checkpointOf(db)}-${today}`
}

const CHECKPOINT = /^([0-9a-f]{8})-(\d{1,15})(?:-(\d{4}-\d{2}-\d{2}))?$/

export function isCheckpoint(text: string): boolean {
  return CHECKPOINT.test(text)
}

/** The number of a checkpoint; null for one that lies outside this database's history. */
export function numberOfCheckpoint(db: Db, text: string): number | null {
  const [, mark = '', digits = ''] = CHECKPOINT.exec(text) ?? []
  const sql = `
    SELECT number AS low, coalesce(
      (SELECT number FROM change_marks AS later WHERE later.id > change_marks.id ORDER BY id LIMIT 1),
      (SELECT number FROM change_counter)) AS high
    FROM change_marks WHERE mark = ?`
  const bounds = prepared(db, sql).get(mark) as { low: number; high: number } | undefined
  const number = Number(digits)
  return bounds && number >= bounds.low && number <= bounds.high ? number : null
}

/** From where a delta counts after a checkpoint; null for one that lies outside this database's history. */
export function sinceCheckpoint(db: Db, text: string): Since | null {
  const number = numberOfCheckpoint(db, text)
  if (number === null) return null
  const [, mark = '', , day] = CHECKPOINT.exec(text) ?? []
  return { number, moment: '', day: day ?? dayOfMark(db, mark) }
}

/** The day of a mark, which is not later than that of any checkpoint with it. */
function dayOfMark(db: Db, mark: string): string {
  const markedAt = prepared(db, 'SELECT marked_at FROM change_marks WHERE mark = ?').pluck().get(mark)
  return dayAt(Number(markedAt ?? 0))
}

/** Companies of which anything stored changed behind a number, as `countCapped` counts. */
export function countChangedSince(db: Db, number: number): number {
  return countCapped(db, 'companies INDEXED BY companies_by_change WHERE change_number > ?', number)
}

/**
 * The number behind which all lies that changed at a moment (ISO 8601) or later: that of the last mark before the first one
 * with such a time. A clock that was set back makes it lower, never higher.
 */
export function changesSince(db: Db, moment: string): Since {
  const sql = `
    SELECT number FROM change_marks WHERE id < coalesce(
      (SELECT min(id) FROM change_marks WHERE marked_at >= ?), (SELECT max(id) + 1 FROM change_marks))
    ORDER BY id DESC LIMIT 1`
  return { number: Number(prepared(db, sql).pluck().get(Date.parse(moment)) ?? 0), moment }
}

// Rows of public tables that are gone, for deltas. Every function belongs in the transaction that takes the rows away.

export type DeletionKind = (typeof deletions.$inferInsert)['kind']

const STORED = "SELECT key FROM deletions WHERE kind = 'officer' AND company_number = ? AND key <> ''"
const BACK = "DELETE FROM deletions WHERE kind = 'officer' AND company_number = ? AND key = ?"
const GONE = `
  INSERT INTO deletions (kind, company_number, key, deleted_at, run_id) VALUES ('officer', ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET deleted_at = excluded.deleted_at, run_id = excluded.run_id`

const ADDRESSED = 'SELECT 1 FROM emails WHERE company_number = ? AND appointment_id = ?'
/** Addresses of somebody who is gone are not delivered any more: the company's are to be taken anew. */
const UNADDRESSED = `
  INSERT INTO deletions (kind, company_number, key, deleted_at, run_id) VALUES ('email', ?, '', ?, ?)
  ON CONFLICT DO UPDATE SET deleted_at = excluded.deleted_at, run_id = excluded.run_id`

/** What took the rows away, and when (ISO 8601). */
export interface DeletionOrigin {
  deletedAt: string
  runId: number
}

/** Notes the appointments that a company's new list no longer has, and takes back the notes on those that it has again. */
export function noteOfficers(
  db: Db,
  companyNumber: string,
  { before, after }: { before: string[]; after: Set<string> },
  { deletedAt, runId }: DeletionOrigin,
): void {
  for (const key of prepared(db, STORED).pluck().all(companyNumber) as string[]) {
    if (after.has(key)) prepared(db, BACK).run(companyNumber, key)
  }
  for (const key of before) {
    if (after.has(key)) continue
    prepared(db, GONE).run(companyNumber, key, deletedAt, runId)
    if (prepared(db, ADDRESSED).get(companyNumber, key)) prepared(db, UNADDRESSED).run(companyNumber, deletedAt, runId)
  }
}

/** No run erases: the operator does. */
const NO_RUN = 0

/**
 * Notes that something of these companies was erased. Of an erased person nothing may stay, so the note has no key: it
 * means that all rows of the company are to be taken anew.
 */
export function noteErased(tx: Tx, kind: DeletionKind, companyNumbers: string[], deletedAt: string): void {
  for (const company_number of new Set(companyNumbers)) {
    tx.insert(deletions)
      .values({ kind, company_number, key: '', deleted_at: deletedAt, run_id: NO_RUN })
      .onConflictDoUpdate({
        target: [deletions.kind, deletions.company_number, deletions.key],
        set: { deleted_at: deletedAt },
      })
      .run()
  }
}
