// One company's officer list: fetched to the end, then stored in one transaction, or not at all. The company must be
// claimed by the run. Safe to repeat at any point, since nothing is written before the last page is here.
import { type Clock, DAY_MS, type Timings } from '../../clock.ts'
import { UpstreamError } from '../../companies-house/call.ts'
import type { CompaniesHouse } from '../../companies-house/client.ts'
import { fetchProfile } from '../../companies-house/fetch-profile.ts'
import { EmptiedList, fetchOfficers, type OfficerList } from '../../companies-house/officers.ts'
import { tidyWhenFree, whenFree } from '../../db/lock-wait.ts'
import type { ClaimedCompany } from '../../db/officers/claims.ts'
import {
  believeNone,
  endFetch,
  failFetch,
  holdsClaim,
  postponeFetch,
  readAttempts,
  releaseClaim,
  reopenNone,
  saveNotes,
} from '../../db/officers/fetches.ts'
import { readTouched } from '../../db/officers/lists.ts'
import { saveOfficers } from '../../db/officers/officers.ts'
import { type Db, type Tx, write } from '../../db/open.ts'
import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { notesAboutOthers, officerNotes, officerRows, totalDiffers } from './rows.ts'

export interface OfficersStep {
  db: Db
  companiesHouse: CompaniesHouse
  clock: Clock
  log: Log
  timings: Timings
  runId: number
  /** When the run began, in milliseconds: nothing of it is dated earlier, even when the clock is set back. */
  startedAt: number
  emptyRow: EmptyRow
}

/** The companies without officers since a list with some arrived: a long row of them is suspicious. */
export interface EmptyRow {
  numbers: string[]
  /** The last comparison spoke against the row. */
  doubted: boolean
}

/** No list is empty yet. */
export function noEmptyRow(): EmptyRow {
  return { numbers: [], doubted: false }
}

/** `lost`: another process took the claim over, and stores the list itself. */
export type StoreOutcome =
  | { state: 'complete' | 'none'; officers: number; odd: number }
  | { state: 'postponed' | 'failed' | 'lost' }

/** So many lists in a row without a single officer are compared with the companies' profiles. */
export const SUSPICIOUS_ROW = 5

/** So long after its incorporation a company's officers may still be on their way (facts 1.5). */
export const YOUNG_MS = 14 * DAY_MS

/**
 * Fetches and stores one company's officers. A company that fails while others succeed is put off, and after some
 * rounds given up for this run. An empty list never replaces a stored one before it was seen several times and the
 * profile agrees. Throws when the service is away or the key refused, and the signal's reason; the claim is given back
 * then.
 */
export async function storeOfficers(
  step: OfficersStep,
  claimed: ClaimedCompany,
  signal: AbortSignal,
): Promise<StoreOutcome> {
  const { company: companyNumber } = claimed
  const known = claimed.known || step.emptyRow.doubted
  try {
    for (let round = 1; ; round += 1) {
      const begun = beginFetch(step, companyNumber)
      const list = await fetchWhole(step.companiesHouse, companyNumber, { lane: 'background', signal, known })
      if (!list?.officers.length) return await takeEmpty(step, claimed, { absent: list === null, signal })
      Object.assign(step.emptyRow, noEmptyRow())
      const outcome = await saveList(step, companyNumber, { list, begun })
      if (outcome !== 'overtaken') return outcome
      if (round === MAX_ROUNDS) return await takeOvertaken(step, companyNumber)
    }
  } catch (error) {
    if (error instanceof UpstreamError && !signal.aborted) return await takeFault(step, claimed, { error, signal })
    await tidyWhenFree(step.db, () => write(step.db, (tx) => releaseClaim(tx, companyNumber, step.runId)))
    throw error
  }
}

/**
 * One company's whole list; null after a 404. A list that disagrees with its total is fetched once more; then the list is
 * right. Throws what the client throws, and `EmptiedList`.
 */
export async function fetchWhole(...call: Parameters<typeof fetchOfficers>): Promise<OfficerList | null> {
  const list = await fetchOfficers(...call)
  return list && totalDiffers(list) ? fetchOfficers(...call) : list
}

/** Where a fetch begins: what the stream tells of the company from now on, the list may not have. */
export interface BegunFetch {
  touched: number
}

/** To be called before the list is asked for. */
export function beginFetch({ db }: Pick<OfficersStep, 'db'>, companyNumber: string): BegunFetch {
  return { touched: readTouched(db, companyNumber) }
}

/** Whether the stream has told of the company, or lost events, since the fetch began: the list may be older. */
export function isOvertaken(db: Db, companyNumber: string, { touched }: BegunFetch): boolean {
  return readTouched(db, companyNumber) !== touched
}

/** When a list was told, by the clock of Companies House. */
export function asOf({ repliedAt = null }: OfficerList): string | null {
  return repliedAt === null ? null : new Date(repliedAt).toISOString()
}

/** Events about one company in a row that each overtake its fetch. */
const MAX_ROUNDS = 3

/** Asked again later, when less happens. */
async function takeOvertaken(step: OfficersStep, companyNumber: string): Promise<StoreOutcome> {
  const error = 'events overtook the list while it was fetched'
  const postponed = await putOff(step, companyNumber, { error, waitsMs: step.timings.officersRetryMs })
  if (postponed) return postponed
  return conclude(step, companyNumber, (tx, now) => {
    failFetch(tx, companyNumber, now, error)
    return { state: 'failed' }
  })
}

interface FetchedList {
  list: OfficerList
  begun: BegunFetch
}

function saveList(
  step: OfficersStep,
  companyNumber: string,
  { list, begun }: FetchedList,
): Promise<StoreOutcome | 'overtaken'> {
  const { db, runId } = step
  const notedAt = nowOf(step)
  const fetchedAt = new Date(notedAt).toISOString()
  const rows = officerRows(list, { companyNumber, fetchedAt, runId })
  const notes = officerNotes(list, companyNumber)
  const state = rows.length > 0 ? 'complete' : 'none'
  const save = (tx: Tx): StoreOutcome | 'overtaken' => {
    if (!holdsClaim(tx, companyNumber, runId)) return { state: 'lost' }
    if (isOvertaken(db, companyNumber, begun)) return 'overtaken'
    const withheld = saveOfficers(db, companyNumber, rows, { state, fetchedAt, asOf: asOf(list), runId })
    saveNotes(tx, notesAboutOthers(notes, withheld), { notedAt, runId })
    endFetch(tx, companyNumber)
    return { state, officers: rows.length, odd: notes.length }
  }
  return whenFree(db, () => write(db, save))
}

interface Empty {
  /** The service answered 404, which right after incorporation is a race with another service. */
  absent: boolean
  signal: AbortSignal
}

/** A company of which no officers are known has none, or none yet: the young and the absent are asked again first. */
async function takeEmpty(
  step: OfficersStep,
  claimed: ClaimedCompany,
  { absent, signal }: Empty,
): Promise<StoreOutcome> {
  const { company: companyNumber, created } = claimed
  const young = isYoung(created, step.clock.now())
  if (absent || young) {
    const postponed = await putOff(step, companyNumber, {
      error: absent ? 'answered 404' : 'no officers yet',
      waitsMs: step.timings.officersRetryMs,
    })
    if (postponed) return postponed
  }
  const row = step.emptyRow.numbers.push(companyNumber)
  if (step.emptyRow.doubted || row % SUSPICIOUS_ROW === 0) await checkRow(step, companyNumber, signal)
  return conclude(step, companyNumber, (tx, now) => {
    const { officersRetryMs, youngOfficersRetryMs } = step.timings
    const round = Math.max(0, readAttempts(tx, companyNumber) - officersRetryMs.length)
    const waitMs = youngOfficersRetryMs[Math.min(round, youngOfficersRetryMs.length - 1)] ?? 0
    believeNone(tx, companyNumber, { fetchedAt: new Date(now).toISOString(), retryAt: young ? now + waitMs : null })
    return { state: 'none', officers: 0, odd: 0 }
  })
}

/**
 * Compares a row of empty lists with the latest company's profile. When that links officers, it is the service that is at
 * fault: the row is to be asked again, and the list is fetched as one that must hold officers. Throws `EmptiedList`.
 */
async function checkRow(step: OfficersStep, companyNumber: string, signal: AbortSignal): Promise<void> {
  const { companiesHouse, db, emptyRow, log } = step
  const fetched = await fetchProfile(companiesHouse, companyNumber, { lane: 'background', signal })
  if (fetched?.hasOfficers === false) {
    Object.assign(emptyRow, noEmptyRow())
    return
  }
  const reopened = await whenFree(db, () => write(db, (tx) => reopenNone(tx, emptyRow.numbers)))
  Object.assign(emptyRow, { numbers: [], doubted: true })
  if (reopened > 0) log.warn('many companies in a row have no officers; asking again', { companies: reopened })
  await fetchOfficers(companiesHouse, companyNumber, { lane: 'background', signal, known: true })
}

interface Fault {
  error: UpstreamError
  signal: AbortSignal
}

async function takeFault(step: OfficersStep, claimed: ClaimedCompany, { error, signal }: Fault): Promise<StoreOutcome> {
  const { company: companyNumber } = claimed
  const emptied = error instanceof EmptiedList
  const { officersRetryMs, emptiedListRetryMs } = step.timings
  const waitsMs = emptied && claimed.known ? emptiedListRetryMs : officersRetryMs
  const postponed = await putOff(step, companyNumber, { error: errorMessage(error), waitsMs })
  if (postponed) return postponed
  const begun = beginFetch(step, companyNumber)
  if (emptied && (await isConfirmedEmpty(step, companyNumber, signal))) {
    const outcome = await saveList(step, companyNumber, { list: NOTHING, begun })
    if (outcome !== 'overtaken') return outcome
  }
  return conclude(step, companyNumber, (tx, now) => {
    failFetch(tx, companyNumber, now, errorMessage(error))
    step.log.warn('company failed', { company: companyNumber, error: errorMessage(error) })
    return { state: 'failed' }
  })
}

const NOTHING: OfficerList = { officers: [], reportedTotal: 0, received: 0, unreadable: [] }

/** Whether the profile, too, says that there are no officers. */
async function isConfirmedEmpty(step: OfficersStep, companyNumber: string, signal: AbortSignal): Promise<boolean> {
  try {
    const fetched = await fetchProfile(step.companiesHouse, companyNumber, { lane: 'background', signal })
    return fetched?.hasOfficers === false
  } catch (error) {
    if (error instanceof UpstreamError && !signal.aborted) return false
    await tidyWhenFree(step.db, () => write(step.db, (tx) => releaseClaim(tx, companyNumber, step.runId)))
    throw error
  }
}

function nowOf({ clock, startedAt }: OfficersStep): number {
  return Math.max(clock.now(), startedAt)
}

/** Ends the fetch, unless the claim was lost. */
function conclude(
  step: OfficersStep,
  companyNumber: string,
  end: (tx: Tx, now: number) => StoreOutcome,
): Promise<StoreOutcome> {
  const { db, runId } = step
  const save = (tx: Tx): StoreOutcome =>
    holdsClaim(tx, companyNumber, runId) ? end(tx, nowOf(step)) : { state: 'lost' }
  return whenFree(db, () => write(db, save))
}

/** Puts the company off for a while; null when its rounds are used up. */
function putOff(
  step: OfficersStep,
  companyNumber: string,
  { error, waitsMs }: { error: string; waitsMs: readonly number[] },
): Promise<StoreOutcome | null> {
  const { db, clock, runId, log } = step
  const save = (tx: Tx): StoreOutcome | null => {
    if (!holdsClaim(tx, companyNumber, runId)) return { state: 'lost' }
    const waitMs = waitsMs[readAttempts(tx, companyNumber)]
    if (waitMs === undefined) return null
    postponeFetch(tx, companyNumber, Math.ceil(clock.now() + waitMs), error)
    log.info('company put off', { company: companyNumber, error })
    return { state: 'postponed' }
  }
  return whenFree(db, () => write(db, save))
}

/** Whether a company was incorporated (`YYYY-MM-DD`) so lately that its officers may still be on their way. */
export function isYoung(created: string | null, now: number): boolean {
  return created !== null && now - Date.parse(created) < YOUNG_MS
}
