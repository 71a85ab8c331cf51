// Of which day the facts of a register file are. Rows of `companies` that come from one name its run, so that the day of
// each is known without a column of its own; what the stream, the API or a search told carries its own time.
import { and, eq, gt, gte, isNotNull, lt, max } from 'drizzle-orm'
import { type Db, prepared, type Tx } from '../open.ts'
import { register_files } from '../schema.ts'
import { keepTellers } from './companies.ts'

/** A file, or one part of it, and the day that it is of; both null where it is unknown. */
export interface Origin {
  source: string
  /** ISO 8601. */
  fetched_at: string
  run_id: number
  /** The day that the facts are of; null where it is unknown. */
  as_of: string | null
}

export interface RegisterFile {
  asOf: string | null
  parts: { part: number; of: number }[] | null
}

/** Notes what a run is going to import; belongs before its first company. */
export function saveRegisterFile(tx: Tx, runId: number, { asOf, parts }: RegisterFile): void {
  const rows = parts ?? [{ part: null, of: null }]
  tx.insert(register_files)
    .values(rows.map(({ part, of }) => ({ run_id: runId, as_of: asOf, part, parts: of })))
    .run()
}

/** The file was read whole; `known` of its companies had been known before. */
export function saveWholeFile(tx: Tx, runId: number, known: number): void {
  const rows = tx.select().from(register_files).where(eq(register_files.run_id, runId)).all()
  for (const [index, { id }] of rows.entries()) {
    const values = { whole: true, known: index === 0 ? known : 0 }
    tx.update(register_files).set(values).where(eq(register_files.id, id)).run()
  }
}

/** The runs that imported a file of a later day, or with `same` one of the same day as well. */
export function runsOfLaterFiles(tx: Tx, asOf: string, { same = false } = {}): number[] {
  const later = same ? gte(register_files.as_of, asOf) : gt(register_files.as_of, asOf)
  return tx
    .selectDistinct({ run: register_files.run_id })
    .from(register_files)
    .where(later)
    .all()
    .map(({ run }) => run)
}

export interface Coverage {
  /** Every part of the register of that day was read whole. */
  whole: boolean
  /** Companies in it that had been known before. */
  known: number
}

/** What the run's file proves together with other parts of its day. */
export function readCoverage(tx: Tx, runId: number): Coverage {
  const own = tx.select().from(register_files).where(eq(register_files.run_id, runId)).all()
  const [first] = own
  if (!first) return { whole: false, known: 0 }
  if (first.parts === null) return { whole: first.whole, known: first.known }
  if (first.as_of === null) return { whole: false, known: 0 }
  const sameDay = and(eq(register_files.as_of, first.as_of), eq(register_files.parts, first.parts))
  const read = tx
    .select()
    .from(register_files)
    .where(and(sameDay, eq(register_files.whole, true)))
    .all()
  const latest = new Map(read.map((row) => [row.part, row.known]))
  const known = [...latest.values()].reduce((sum, count) => sum + count, 0)
  return { whole: latest.size === first.parts, known }
}

/** The day of the newest file before `asOf` that was read whole; null when there is none. */
export function findEarlierDay(tx: Tx, asOf: string): string | null {
  const earlier = and(eq(register_files.whole, true), isNotNull(register_files.as_of), lt(register_files.as_of, asOf))
  return (
    tx
      .select({ day: max(register_files.as_of) })
      .from(register_files)
      .where(earlier)
      .get()?.day ?? null
  )
}

/** ISO 8601; lower than every time where there is no day. */
export function startOfDay(asOf: string | null): string {
  return asOf === null ? '' : `${asOf}T00:00:00.000Z`
}

// Companies that a whole register file lists no more. Their status is not known then, until somebody has asked: it is
// taken back, with a note of what it was.

/** The register file lists live companies only, so that one in such a status is not missed there. */
const GONE = `'dissolved', 'converted-closed', 'closed', 'removed'`

/**
 * Live companies whose facts are older than the file's, once all that it lists have taken their rows. One formed in the
 * week before the file's day, or later, may have come too late for it.
 */
function condition(tx: Tx, { as_of, run_id }: Origin): string {
  const live = `deleted_at IS NULL AND company_status IS NOT NULL AND company_status NOT IN (${GONE})`
  if (as_of === null) return `${live} AND source = 'register-file' AND run_id <> ${run_id}`
  const notOlder = runsOfLaterFiles(tx, as_of, { same: true })
  return `${live} AND coalesce(date_of_creation, '') < date('${as_of}', '-7 days')
    AND CASE source WHEN 'register-file' THEN run_id NOT IN (${notOlder.join(', ')})
      ELSE fetched_at < '${startOfDay(as_of)}' END`
}

/** The numbers of the companies that the file of `origin` lists no more, in order. It looks at every company. */
export function findUnlisted(db: Db, origin: Origin): string[] {
  const sql = `SELECT company_number FROM companies WHERE ${condition(db, origin)} ORDER BY company_number`
  return db.$client.prepare<[], string>(sql).pluck().all()
}

/** The first two characters of the numbers of all companies that the files of the same day have brought up to date. */
export function listedPrefixes(db: Db, { as_of, run_id }: Origin): string[] {
  const runs = as_of === null ? [run_id] : runsOfLaterFiles(db, as_of, { same: true })
  const sql = `SELECT DISTINCT substr(company_number, 1, 2) FROM companies
    WHERE source = 'register-file' AND run_id IN (${runs.join(', ')})`
  return db.$client.prepare<[], string>(sql).pluck().all()
}

/** Takes the status back, where it is still as old; returns how many companies it was. Belongs in a transaction. */
export function saveUnlisted(db: Db, numbers: string[], origin: Origin): number {
  const { source, fetched_at, run_id, as_of } = origin
  const chosen = `company_number IN (SELECT value FROM json_each(?)) AND ${condition(db, origin)}`
  const list = JSON.stringify(numbers)
  const detail = `json_object('company_status', company_status, 'company_status_detail', company_status_detail, 'as_of', ?)`
  prepared(
    db,
    `INSERT INTO notes (kind, company_number, detail, noted_at, run_id)
     SELECT 'no-longer-listed', company_number, ${detail}, ?, ? FROM companies WHERE ${chosen}`,
  ).run(as_of, Date.parse(fetched_at), run_id, list)
  const gone = prepared(db, `SELECT company_number FROM companies WHERE ${chosen}`).pluck().all(list) as string[]
  for (const number of gone) keepTellers(db, number, source)
  const sql = `UPDATE companies SET company_status = NULL, company_status_detail = NULL, source = ?, fetched_at = ?,
    run_id = ? WHERE ${chosen}`
  return prepared(db, sql).run(source, fetched_at, run_id, list).changes
}

/** The note of the run that took the status back has them from companies of which the file never tells one. */
const TO_ASK = `company_status IS NULL AND source = 'register-file' AND deleted_at IS NULL AND EXISTS (
  SELECT 1 FROM notes WHERE notes.company_number = companies.company_number AND kind = 'no-longer-listed'
    AND notes.run_id = companies.run_id)`

export interface ToAsk {
  after: string
  limit: number
  /** Of those whose officers are complete, or of the others. */
  complete: boolean
}

/** Companies that lost their status and have not been asked about since, behind a number and in order. */
export function findToAsk(db: Db, { after, limit, complete }: ToAsk): string[] {
  const sql = `SELECT company_number FROM companies INDEXED BY companies_to_ask
    WHERE ${TO_ASK} AND company_number > ? AND officers_state ${complete ? '=' : '<>'} 'complete'
    ORDER BY company_number LIMIT ?`
  return prepared(db, sql).pluck().all(after, limit) as string[]
}

/** Whether nobody has told of the company since it lost its status. */
export function isToAsk(db: Db, companyNumber: string): boolean {
  const sql = `SELECT 1 FROM companies WHERE company_number = ? AND ${TO_ASK}`
  return prepared(db, sql).get(companyNumber) !== undefined
}
