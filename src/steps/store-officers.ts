// One company's officer list: fetched to the end, then stored in one transaction, or not at all. The company must be
// claimed by the run. Safe to repeat at any point, since nothing is written before the last page is here.
import type { Clock } from '../clock.ts'
import type { CompaniesHouse } from '../companies-house/client.ts'
import { fetchOfficers, type OfficerList } from '../companies-house/officers.ts'
import { UpstreamError } from '../companies-house/upstream-error.ts'
import { tidyWhenFree, whenFree } from '../db/lock-wait.ts'
import { saveNotes } from '../db/notes.ts'
import {
  believeNone,
  endFetch,
  failFetch,
  holdsClaim,
  postponeFetch,
  readAttempts,
  releaseClaim,
} from '../db/officer-fetches.ts'
import { saveOfficers } from '../db/officers.ts'
import { type Db, type Tx, write } from '../db/open.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Timings } from '../timings.ts'
import { officerNotes, officerRows, totalDiffers } from './officer-rows.ts'

export interface OfficersStep {
  db: Db
  companiesHouse: CompaniesHouse
  clock: Clock
  log: Log
  timings: Timings
  runId: number
}

/** `lost`: another process took the claim over, and stores the list itself. */
export type Outcome =
  | { state: 'complete' | 'none'; officers: number; odd: number }
  | { state: 'postponed' | 'failed' | 'lost' }

/**
 * Fetches and stores one company's officers. A company that fails while others succeed is put off, and after some
 * rounds given up for this run. Throws when the service is away or the key refused, and the signal's reason; the claim
 * is given back then.
 */
export async function storeOfficers(step: OfficersStep, companyNumber: string, signal: AbortSignal): Promise<Outcome> {
  try {
    const list = await fetchWhole(step.companiesHouse, companyNumber, { lane: 'background', signal })
    return await (list ? saveList(step, companyNumber, list) : putOff(step, companyNumber, 'answered 404', believe))
  } catch (error) {
    if (error instanceof UpstreamError && !signal.aborted)
      return putOff(step, companyNumber, errorMessage(error), giveUp)
    await tidyWhenFree(step.db, () => write(step.db, (tx) => releaseClaim(tx, companyNumber, step.runId)))
    throw error
  }
}

/**
 * One company's whole list; null after a 404. A list that disagrees with its total is fetched once more; then the list is
 * right. Throws what the client throws.
 */
export async function fetchWhole(...call: Parameters<typeof fetchOfficers>): Promise<OfficerList | null> {
  const list = await fetchOfficers(...call)
  return list && totalDiffers(list) ? fetchOfficers(...call) : list
}

function saveList({ db, clock, runId }: OfficersStep, companyNumber: string, list: OfficerList): Promise<Outcome> {
  const notedAt = clock.now()
  const fetchedAt = new Date(notedAt).toISOString()
  const rows = officerRows(list, { companyNumber, fetchedAt, runId })
  const notes = officerNotes(list, companyNumber)
  const state = rows.length > 0 ? 'complete' : 'none'
  const save = (tx: Tx): Outcome => {
    if (!holdsClaim(tx, companyNumber, runId)) return { state: 'lost' }
    saveOfficers(db, companyNumber, rows, { state, fetchedAt, runId })
    saveNotes(tx, notes, { notedAt, runId })
    endFetch(tx, companyNumber)
    return { state, officers: rows.length, odd: notes.length }
  }
  return whenFree(db, () => write(db, save))
}

type Conclude = (tx: Tx, step: OfficersStep, companyNumber: string, error: string) => Outcome

/** Puts the company off for a while, until its rounds are used up: then `conclude` has the last word. */
function putOff(step: OfficersStep, companyNumber: string, error: string, conclude: Conclude): Promise<Outcome> {
  const { db, clock, runId, timings, log } = step
  const save = (tx: Tx): Outcome => {
    if (!holdsClaim(tx, companyNumber, runId)) return { state: 'lost' }
    const waitMs = timings.officersRetryMs[readAttempts(tx, companyNumber)]
    if (waitMs === undefined) return conclude(tx, step, companyNumber, error)
    postponeFetch(tx, companyNumber, Math.ceil(clock.now() + waitMs), error)
    log.info('company put off', { company: companyNumber, error })
    return { state: 'postponed' }
  }
  return whenFree(db, () => write(db, save))
}

/** A 404 right after incorporation is a race with another service; later it means that there are no officers. */
const believe: Conclude = (tx, { clock }, companyNumber) => {
  believeNone(tx, companyNumber, new Date(clock.now()).toISOString())
  return { state: 'none', officers: 0, odd: 0 }
}

const giveUp: Conclude = (tx, { clock, log }, companyNumber, error) => {
  failFetch(tx, companyNumber, clock.now(), error)
  log.warn('company failed', { company: companyNumber, error })
  return { state: 'failed' }
}
