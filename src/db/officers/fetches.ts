// How the fetch of an officer list ends. The row of a company in `officer_fetches` lasts only while there is trouble.
import { and, eq, inArray, ne, not, sql } from 'drizzle-orm'
import type { Tx } from '../open.ts'
import { companies, notes, officer_fetches } from '../schema.ts'

/** Whether the claim still stands; one that was taken away must not save. */
export function holdsClaim(tx: Tx, companyNumber: string, runId: number): boolean {
  const row = tx
    .select({ holder: officer_fetches.claimed_by })
    .from(officer_fetches)
    .where(eq(officer_fetches.company_number, companyNumber))
    .get()
  return row?.holder === runId
}

/** The list is stored: nothing is left to say about the fetch. */
export function endFetch(tx: Tx, companyNumber: string): void {
  tx.delete(officer_fetches).where(eq(officer_fetches.company_number, companyNumber)).run()
}

/** Gives the claim back untouched, as after an interrupt. */
export function releaseClaim(tx: Tx, companyNumber: string, runId: number): void {
  const own = and(eq(officer_fetches.company_number, companyNumber), eq(officer_fetches.claimed_by, runId))
  tx.update(officer_fetches).set({ claimed_by: null }).where(own).run()
}

/** Puts the company off: not before `retryAt`, with one attempt more on its count. */
export function postponeFetch(tx: Tx, companyNumber: string, retryAt: number, error: string): void {
  tx.update(officer_fetches)
    .set({ claimed_by: null, retry_at: retryAt, last_error: error, attempts: sql`${officer_fetches.attempts} + 1` })
    .where(eq(officer_fetches.company_number, companyNumber))
    .run()
}

/** How often the fetch was put off since it last ended. */
export function readAttempts(tx: Tx, companyNumber: string): number {
  const where = eq(officer_fetches.company_number, companyNumber)
  return tx.select({ n: officer_fetches.attempts }).from(officer_fetches).where(where).get()?.n ?? 0
}

export interface Belief {
  /** ISO 8601. */
  fetchedAt: string
  /** When a young company is due again, in milliseconds; null when only a refresh asks again. */
  retryAt: number | null
}

/** A list is stored, be it in doubt. */
const LISTED = sql`(officers_state = 'complete' OR (officers_state = 'stale' AND officers_count > 0))`

/** Believes that the company has no officers, unless a list is stored: that one stays. */
export function believeNone(tx: Tx, companyNumber: string, { fetchedAt, retryAt }: Belief): void {
  if (retryAt === null) endFetch(tx, companyNumber)
  else {
    tx.insert(officer_fetches).values({ company_number: companyNumber }).onConflictDoNothing().run()
    postponeFetch(tx, companyNumber, Math.ceil(retryAt), 'no officers yet')
  }
  tx.update(companies)
    .set({ officers_state: 'none', officers_fetched_at: fetchedAt })
    .where(and(eq(companies.company_number, companyNumber), not(LISTED)))
    .run()
}

/** Takes the belief back for companies that are still believed to have none; returns how many are pending again. */
export function reopenNone(tx: Tx, companyNumbers: string[]): number {
  const believed = and(inArray(companies.company_number, companyNumbers), eq(companies.officers_state, 'none'))
  return tx.update(companies).set({ officers_state: 'pending', officers_fetched_at: null }).where(believed).run()
    .changes
}

function withoutList(companyNumber: string) {
  return and(eq(companies.company_number, companyNumber), inArray(companies.officers_state, ['pending', 'failed']))
}

/** Gives up for this run. A company that has a list keeps it, and its state; one that is believed to have none is due again. */
export function failFetch(tx: Tx, companyNumber: string, failedAt: number, error: string): void {
  const retryAt = sql`CASE WHEN (SELECT officers_state FROM companies
    WHERE companies.company_number = officer_fetches.company_number) = 'none' THEN ${failedAt} END`
  tx.update(officer_fetches)
    .set({ claimed_by: null, attempts: 0, retry_at: retryAt, failed_at: failedAt, last_error: error })
    .where(eq(officer_fetches.company_number, companyNumber))
    .run()
  tx.update(companies).set({ officers_state: 'failed' }).where(withoutList(companyNumber)).run()
}

export type NoteKind =
  | 'officers-total-differs'
  | 'odd-officer-item'
  | 'unknown-officer-members'
  | 'unreadable-officer-item'
  | 'odd-register-cell'
  | 'odd-profile-member'
  | 'filed-officers-differ'

export interface Note {
  kind: NoteKind
  companyNumber: string
  detail: string
}

/** A hostile item must not fill the database. */
const MAX_DETAIL_LENGTH = 4096

/** Keeps what is odd about the stored list of a company, instead of what was odd in the same way about earlier lists. */
export function saveNotes(tx: Tx, list: Note[], { notedAt, runId }: { notedAt: number; runId: number }): void {
  for (const { kind, companyNumber } of list) {
    tx.delete(notes)
      .where(and(eq(notes.company_number, companyNumber), eq(notes.kind, kind), ne(notes.noted_at, notedAt)))
      .run()
  }
  for (const { kind, companyNumber, detail } of list) {
    const cut = detail.slice(0, MAX_DETAIL_LENGTH)
    tx.insert(notes)
      .values({ kind, company_number: companyNumber, detail: cut, noted_at: notedAt, run_id: runId })
      .run()
  }
}

/** Forgets what was odd in this way about a company; belongs in the transaction that keeps what is odd about it now. */
export function forgetNotes(tx: Tx, kind: Note['kind'], companyNumber: string): void {
  tx.delete(notes)
    .where(and(eq(notes.company_number, companyNumber), eq(notes.kind, kind)))
    .run()
}
