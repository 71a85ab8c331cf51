// Tells how far stored officer lists have drifted from the register: lists of a random sample of complete companies are
// fetched again in the background lane and compared, appointment by appointment. Writes only to repair: a company's list
// is replaced whole, unless somebody else has stored a newer one meanwhile. Safe to run again.
import type { Clock } from '../../clock.ts'
import { UpstreamError } from '../../companies-house/call.ts'
import type { CompaniesHouse } from '../../companies-house/client.ts'
import type { OfficerList } from '../../companies-house/officers.ts'
import { saveNotes } from '../../db/officers/fetches.ts'
import { findListTime, listComplete, listOfficers, type OfficerRow, saveOfficers } from '../../db/officers/officers.ts'
import { type Db, write } from '../../db/open.ts'
import { isFollowed } from '../../db/stream/cursor.ts'
import { partOfficers } from '../../db/suppress/withheld.ts'
import { errorMessage } from '../../errors.ts'
import { asRegisterWrites } from '../officers/filed-list.ts'
import {
  isSteady,
  notesAboutOthers,
  type OfficerDrift,
  officerDrift,
  officerNotes,
  officerRows,
} from '../officers/rows.ts'
import { asOf, type BegunFetch, beginFetch, fetchWhole, isOvertaken } from '../officers/store.ts'

export interface AuditOfficersStep {
  db: Db
  companiesHouse: CompaniesHouse
  clock: Clock
  runId: number
  signal: AbortSignal
}

export interface OfficersAuditOptions {
  /** The same list of companies and the same seed give the same sample. */
  count: number
  seed: number
  repair: boolean
  onCompany(audit: ListAudit, place: { done: number; of: number }): void
}

export interface ListAudit {
  company_number: string
  /** When the stored list was fetched, ISO 8601. */
  fetched_at: string
  /** Null when the list could not be fetched: `error` says why. */
  drift: OfficerDrift | null
  error: string | null
  equal: boolean
  /** The fresh list is stored. */
  repaired: boolean
}

/**
 * Audits the sample, company by company. Throws when the service is away or the key refused, and the signal's reason; the
 * companies before have been reported by then.
 */
export async function auditOfficers(step: AuditOfficersStep, options: OfficersAuditOptions): Promise<void> {
  const sample = randomSample(listComplete(step.db), options.count, options.seed)
  for (const [place, companyNumber] of sample.entries()) {
    step.signal.throwIfAborted()
    const audit = await auditList(step, companyNumber, options.repair)
    if (audit) options.onCompany(audit, { done: place + 1, of: sample.length })
  }
}

/** Null when the company lost its list since the sample was drawn. */
async function auditList(step: AuditOfficersStep, companyNumber: string, repair: boolean): Promise<ListAudit | null> {
  const { db, companiesHouse, clock, runId, signal } = step
  const fetched_at = findListTime(db, companyNumber)
  if (fetched_at === null) return null
  const audit = { company_number: companyNumber, fetched_at, drift: null, error: null, equal: false, repaired: false }
  const begun = beginFetch(step, companyNumber)
  const list = await fetchOrExplain(companiesHouse, companyNumber, signal)
  if ('error' in list) return { ...audit, error: list.error }
  const fetchedAt = new Date(clock.now()).toISOString()
  const fresh = officerRows(list, { companyNumber, fetchedAt, runId })
  const compare = () => {
    const stored = asRegisterWrites(listOfficers(db, companyNumber), fresh)
    return officerDrift(stored, withoutErased(db, stored, fresh))
  }
  let drift = compare()
  if (!isSteady(drift) && isFollowed(db, 'officers', clock)) {
    await clock.sleep(SETTLE_MS, signal)
    drift = compare()
  }
  const equal = isSteady(drift)
  const fetched = { list, rows: fresh, fetchedAt, before: fetched_at, begun }
  const repaired = repair && !equal && storeFresh(step, fetched, companyNumber)
  return { ...audit, drift, equal, repaired }
}

/** The stream tells a moment later than the register what both know. */
const SETTLE_MS = 2000

/** What concerns this company alone becomes a sentence. */
async function fetchOrExplain(
  companiesHouse: CompaniesHouse,
  companyNumber: string,
  signal: AbortSignal,
): Promise<OfficerList | { error: string }> {
  try {
    return (
      (await fetchWhole(companiesHouse, companyNumber, { lane: 'background', signal, known: true })) ?? {
        error: 'answered 404',
      }
    )
  } catch (error) {
    if (!(error instanceof UpstreamError) || signal.aborted) throw error
    return { error: errorMessage(error) }
  }
}

/** Suppressed people who are not stored were erased: that they are on the register is no drift, and they stay erased. */
function withoutErased(db: Db, stored: OfficerRow[], fresh: OfficerRow[]): OfficerRow[] {
  const [first] = fresh
  const parted = first ? partOfficers(db, first.company_number, fresh) : null
  const known = new Set(stored.map(({ appointment_id }) => appointment_id))
  const withheld = new Set(parted?.withheld.map(({ row }) => row))
  return fresh.filter((row) => known.has(row.appointment_id) || !withheld.has(row))
}

interface Fresh {
  list: OfficerList
  rows: OfficerRow[]
  fetchedAt: string
  /** When the list that was compared had been fetched. */
  before: string
  begun: BegunFetch
}

function storeFresh(
  { db, clock, runId }: AuditOfficersStep,
  { list, rows, fetchedAt, before, begun }: Fresh,
  companyNumber: string,
): boolean {
  return write(db, (tx) => {
    if (findListTime(db, companyNumber) !== before || isOvertaken(db, companyNumber, begun)) return false
    const state = rows.length > 0 ? 'complete' : 'none'
    const withheld = saveOfficers(db, companyNumber, rows, { state, fetchedAt, asOf: asOf(list), runId })
    saveNotes(tx, notesAboutOthers(officerNotes(list, companyNumber), withheld), { notedAt: clock.now(), runId })
    return true
  })
}

// A sample that can be drawn again: the same seed picks the same items of the same list. Pure.

/** Draws `count` of the items, in their order, each as likely as any other; all of them when there are no more. */
export function randomSample<T>(items: Iterable<T>, count: number, seed: number): T[] {
  const random = seededRandom(seed)
  const kept: { place: number; item: T }[] = []
  let place = 0
  for (const item of items) {
    const slot = place < count ? place : Math.floor(random() * (place + 1))
    if (slot < count) kept[slot] = { place, item }
    place += 1
  }
  return kept.sort((left, right) => left.place - right.place).map(({ item }) => item)
}

/** Numbers from 0 to 1, by mulberry32: enough for fairness, not for secrets. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
