// Asks the register about companies that its file no longer lists, beside the fetching of officers: GET /company/{n} into
// `companies`. Safe to run again, and beside itself: whom to ask is a query, and an answer only fills what is still open.
import type { Clock } from '../clock.ts'
import type { CompaniesHouse } from '../companies-house/client.ts'
import { fetchProfile } from '../companies-house/company-profile.ts'
import { ENDED_STATUSES } from '../companies-house/company-status.ts'
import { UpstreamError } from '../companies-house/upstream-error.ts'
import { whenFree } from '../db/lock-wait.ts'
import { type Db, write } from '../db/open.ts'
import { updateCompany } from '../db/stream-companies.ts'
import { findToAsk, isToAsk } from '../db/unlisted-companies.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'

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
    const { details } = fetched
    const origin = { source: 'rest', fetchedAt: new Date(clock.now()).toISOString(), runId }
    const save = () => {
      if (isToAsk(db, companyNumber)) updateCompany(db, details, origin)
    }
    await whenFree(db, () => write(db, save))
    if (ENDED_STATUSES.includes(details.company_status ?? '')) counts.ended += 1
  } catch (error) {
    if (!(error instanceof UpstreamError) || signal.aborted) throw error
    counts.unanswered += 1
    log.warn('a company that the register file no longer lists was not told of; the next run asks again', {
      company: companyNumber,
      error: errorMessage(error),
    })
  }
}
