// What it means that a company is not in the register file. The file has live companies only, so that one which a newer
// whole file lacks was probably dissolved; but a file that is cut, narrowed or a part proves nothing.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, DAY_MS } from '../../clock.ts'
import { UpstreamError } from '../../companies-house/call.ts'
import type { CompaniesHouse } from '../../companies-house/client.ts'
import { fetchProfile } from '../../companies-house/fetch-profile.ts'
import { oddMemberNotes } from '../../companies-house/profile-members.ts'
import { companyNumber } from '../../company-number.ts'
import { updateCompany } from '../../db/companies/companies.ts'
import {
  findEarlierDay,
  findToAsk,
  findUnlisted,
  isToAsk,
  listedPrefixes,
  type Origin,
  readCoverage,
  saveUnlisted,
  saveWholeFile,
} from '../../db/companies/register-files.ts'
import type { Reject } from '../../db/companies/staging.ts'
import { whenFree } from '../../db/lock-wait.ts'
import { saveNotes } from '../../db/officers/fetches.ts'
import { type Db, snapshot, type Tx, write } from '../../db/open.ts'
import { ENDED_STATUSES } from '../../db/standing.ts'
import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { ReadTotals } from './read.ts'

export interface Unlisted {
  no_longer_listed: number
  no_longer_listed_companies: string[]
  no_longer_listed_doubted: number
}

export const NOTHING_UNLISTED: Unlisted = {
  no_longer_listed: 0,
  no_longer_listed_companies: [],
  no_longer_listed_doubted: 0,
}

export interface ReadFile {
  read: ReadTotals
  rejects: Iterable<Reject>
  origin: Origin
  /** Companies in it that had been known before. */
  known: number
  /** Every stored company is in it. */
  listsAll: boolean
}

/** A file with more bad rows than this is not whole: one of the missing companies may be in each. */
const MOST_REJECTED_SHARE = 0.001
/** So few may be missing from a short file as well. */
const FEW = 10
/** About one company in a hundred leaves the register in a month. */
const USUAL_SHARE = 0.05
const SHARE_PER_MONTH = 0.02
const SHARE_WITHOUT_DAYS = 0.1
const MONTH_MS = 30 * DAY_MS
const MOST_LISTED = 1000
const COMPANIES_PER_WRITE = 2000

/**
 * Takes back the status of the companies that the file lists no more, once it has been read to its end and its companies
 * are stored. Of a file in parts it waits for the last one of that day.
 */
export async function concludeUnlisted(
  { db, signal }: { db: Db; signal: AbortSignal },
  { read, rejects, origin, known, listsAll }: ReadFile,
): Promise<Unlisted> {
  if (read.rows === 0 || read.rejected > Math.max(1, read.rows * MOST_REJECTED_SHARE)) return NOTHING_UNLISTED
  write(db, (tx) => saveWholeFile(tx, origin.run_id, known))
  const coverage = snapshot(db, (tx) => readCoverage(tx, origin.run_id))
  if (!coverage.whole || listsAll) return NOTHING_UNLISTED
  const prefixes = new Set([...read.prefixes, ...listedPrefixes(db, origin)])
  const unread = numbersIn(rejects)
  const missing = findUnlisted(db, origin).filter((number) => prefixes.has(number.slice(0, 2)) && !unread.has(number))
  const earlier = origin.as_of === null ? null : findEarlierDay(db, origin.as_of)
  if (missing.length > mostMissing(coverage.known, origin.as_of, earlier))
    return { ...NOTHING_UNLISTED, no_longer_listed_doubted: missing.length }
  let marked = 0
  for (let start = 0; start < missing.length; start += COMPANIES_PER_WRITE) {
    const some = missing.slice(start, start + COMPANIES_PER_WRITE)
    marked += write(db, () => saveUnlisted(db, some, origin))
    await nextTurn()
    signal.throwIfAborted()
  }
  return {
    no_longer_listed: marked,
    no_longer_listed_companies: missing.slice(0, MOST_LISTED),
    no_longer_listed_doubted: 0,
  }
}

/** How many known companies a whole file may lack beside the `known` that it lists; more missing, and it is cut. */
export function mostMissing(known: number, asOf: string | null, earlier: string | null): number {
  const months = asOf === null || earlier === null ? null : (Date.parse(asOf) - Date.parse(earlier)) / MONTH_MS
  const share = months === null ? SHARE_WITHOUT_DAYS : Math.min(0.5, USUAL_SHARE + SHARE_PER_MONTH * months)
  return Math.min(known, Math.max(FEW, (known * share) / (1 - share)))
}

/** Whatever looks like a company number in rows that could not be read: that company may be listed. */
function numbersIn(rejects: Iterable<Reject>): Set<string> {
  const numbers = new Set<string>()
  for (const { row } of rejects) {
    for (const [word] of row.toUpperCase().matchAll(/[A-Z0-9]+/g)) {
      numbers.add(word)
      const number = companyNumber(word)
      if (number !== null) numbers.add(number)
    }
  }
  return numbers
}

// Asks the register about companies that its file no longer lists, beside the fetching of officers: GET /company/{n} into
// `companies`. Safe to run again, and beside itself: whom to ask is a query, and an answer only fills what is still open.

export interface AskStep {
  db: Db
  companiesHouse: CompaniesHouse
  clock: Clock
  log: Log
  runId: number
}

export interface AskOptions {
  /** At most so many companies are asked about. */
  limit: number
  counts: AskCounts
  signal: AbortSignal
}

export interface AskCounts {
  asked: number
  /** Those that are dissolved, converted or closed. */
  ended: number
  /** Those that did not answer: the next run asks again. */
  unanswered: number
}

/** How many are asked about at a time; the allowance sets the pace. */
const AT_ONCE = 4

export function noAskCounts(): AskCounts {
  return { asked: 0, ended: 0, unanswered: 0 }
}

/**
 * Asks about each company once, those with officers first, until there is none or the signal aborts. Throws when the
 * service is away or the key is refused.
 */
export async function askAboutUnlisted(step: AskStep, { limit, counts, signal }: AskOptions): Promise<void> {
  for (const complete of [true, false]) {
    for (let after = ''; !signal.aborted && counts.asked < limit; ) {
      const numbers = findToAsk(step.db, { after, limit: Math.min(AT_ONCE, limit - counts.asked), complete })
      const last = numbers.at(-1)
      if (last === undefined) break
      counts.asked += numbers.length
      const asked = await Promise.allSettled(numbers.map((number) => askAbout(step, number, { counts, signal })))
      for (const one of asked) if (one.status === 'rejected' && !signal.aborted) throw one.reason
      after = last
    }
  }
}

async function askAbout(
  { db, companiesHouse, clock, log, runId }: AskStep,
  companyNumber: string,
  { counts, signal }: Pick<AskOptions, 'counts' | 'signal'>,
): Promise<void> {
  try {
    const fetched = await fetchProfile(companiesHouse, companyNumber, { lane: 'background', signal })
    if (!fetched) throw new UpstreamError('the answer is 404', { retryable: false })
    const { details, odd } = fetched
    const origin = { source: 'rest', fetchedAt: new Date(clock.now()).toISOString(), runId }
    const save = (tx: Tx) => {
      if (!isToAsk(db, companyNumber)) return
      updateCompany(db, details, origin)
      saveNotes(tx, oddMemberNotes(companyNumber, odd), { notedAt: Date.parse(origin.fetchedAt), runId })
    }
    await whenFree(db, () => write(db, save))
    if (ENDED_STATUSES.includes(details.company_status ?? '')) counts.ended += 1
  } catch (error) {
    if (!(error instanceof UpstreamError) || signal.aborted) throw error
    counts.unanswered += 1
    log.warn(
      'Companies House did not say what became of a company that the register file no longer lists; the next run asks again',
      {
        company: companyNumber,
        error: errorMessage(error),
      },
    )
  }
}
