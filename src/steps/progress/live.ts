// How the stream and the enrichment stand. Reads only; what there is nothing to say about is left out.
import type { Clock } from '../../clock.ts'
import type { Db } from '../../db/open.ts'
import { readCreditReport, readProviders } from '../../db/purchases/credits.ts'
import { type FoundCounts, findBalanceBefore, type JobCount, readLiveCounts } from '../../db/tallies.ts'
import { type AllowanceUse, localUse } from '../../quota/report.ts'
import type { Quota } from '../../settings.ts'
import { STREAM_NAMES } from '../stream/kinds.ts'
import { readStreamReports, type StreamReport } from '../stream/report.ts'

export interface JobsReport {
  due: number
  /** Of those that are due, those that an `enrich` chose: no stream buys for them. */
  due_for_enrich: number
  /** Of those that are due, by what is to be done next. */
  stages: { details: number; domain: number; officers: number; emails: number }
  /** Without a domain. */
  skipped: number
  failed: number
  done: number
}

export interface DomainsReport {
  found: number
  /** Companies that have been looked for, and those that have a domain. */
  companies_asked: number
  companies_found: number
  /** Null before anything was asked. */
  hit_percent: number | null
}

export interface EmailsReport {
  found: number
  people_asked: number
  people_found: number
  hit_percent: number | null
}

export interface CreditsReport {
  spent: number
  /** Worst case of the purchases on their way. */
  reserved: number
  /** The balance that was read last, as the provider writes it; null when it never was. */
  left: string | null
  /** When that was. */
  left_read_at: string | null
  /** The same of each provider, where there are several; `left` is then that of the first. */
  providers?: (Omit<CreditsReport, 'providers'> & { provider: string })[]
}

/** Calls a minute. */
export interface CapacityReport {
  allowance_per_minute: number
  /** What the stream took in the last window; it goes first, so this is what it needs. */
  stream_per_minute: number
  background_per_minute: number
}

/** The names and their order are what `progress --json` prints after the rest. */
export interface LiveProgress {
  /** The first of the streams. */
  stream?: StreamReport
  /** All that were ever followed, where there is more than the first. */
  streams?: StreamReport[]
  jobs?: JobsReport
  domains?: DomainsReport
  emails?: EmailsReport
  credits?: CreditsReport
  capacity?: CapacityReport
}

/** Reads it within the caller's snapshot; empty before anything was streamed or queued. */
export function readLiveProgress(
  db: Db,
  clock: Clock,
  quota: Quota,
  use: AllowanceUse = localUse(db, clock),
): LiveProgress {
  const streams = readStreamReports(db, clock)
  const stream = streams.find((report) => report.stream === STREAM_NAMES[0])
  const { jobs: counts, dueForEnrich, found } = readLiveCounts(db)
  if (streams.length === 0 && counts.length === 0) return {}
  const credits = creditsReport(db)
  const asked = counts.filter(hasDomainAnswer).reduce((sum, { count }) => sum + count, 0)
  return {
    ...(stream ? { stream } : {}),
    ...(streams.length > (stream ? 1 : 0) ? { streams } : {}),
    ...(counts.length > 0 ? { jobs: jobsReport(counts, dueForEnrich) } : {}),
    ...(asked + found.domains > 0 ? { domains: domainsReport(found, asked) } : {}),
    ...(found.peopleAsked + found.emails > 0 ? { emails: emailsReport(found) } : {}),
    ...(credits.spent + credits.reserved > 0 || credits.left !== null ? { credits } : {}),
    ...(streams.length > 0 && use.stream !== null ? { capacity: capacityReport(use.stream, quota) } : {}),
  }
}

function creditsReport(db: Db): CreditsReport {
  const { spent, reserved } = readCreditReport(db)
  const providers = readProviders(db)
  const accounts = providers.map((provider) => ({ provider, ...accountOf(db, provider) }))
  const { left, left_read_at } = accounts[0] ?? { left: null, left_read_at: null }
  return { spent, reserved, left, left_read_at, ...(accounts.length > 1 ? { providers: accounts } : {}) }
}

function accountOf(db: Db, provider: string) {
  const { spent, reserved, balance, balanceAt } = readCreditReport(db, { provider })
  const read = balance !== null && balanceAt !== null ? { balance, at: balanceAt } : findBalanceBefore(db, provider)
  return {
    spent,
    reserved,
    left: read?.balance ?? null,
    left_read_at: read ? new Date(read.at).toISOString() : null,
  }
}

function jobsReport(counts: JobCount[], dueForEnrich: number): JobsReport {
  const of = (wanted: Partial<JobCount>) =>
    counts
      .filter(({ state, stage }) => state === wanted.state && (wanted.stage ?? stage) === stage)
      .reduce((sum, { count }) => sum + count, 0)
  const due = (stage: JobCount['stage']) => of({ state: 'due', stage })
  return {
    due: of({ state: 'due' }),
    due_for_enrich: dueForEnrich,
    stages: { details: due('details'), domain: due('domain'), officers: due('officers'), emails: due('emails') },
    skipped: of({ state: 'skipped' }),
    failed: of({ state: 'failed' }),
    done: of({ state: 'done' }),
  }
}

/** The job is past the search for its domain, found or not. */
function hasDomainAnswer({ stage, state }: JobCount): boolean {
  return state === 'skipped' || state === 'done' || stage === 'officers' || stage === 'emails'
}

function domainsReport({ domains, companiesWithDomain }: FoundCounts, asked: number): DomainsReport {
  return {
    found: domains,
    companies_asked: Math.max(asked, companiesWithDomain),
    companies_found: companiesWithDomain,
    hit_percent: share(companiesWithDomain, asked),
  }
}

function emailsReport({ emails, peopleAsked, peopleWithEmail }: FoundCounts): EmailsReport {
  return {
    found: emails,
    people_asked: peopleAsked,
    people_found: peopleWithEmail,
    hit_percent: share(peopleWithEmail, peopleAsked),
  }
}

/** Two companies may share an answer, so it is never counted as more than all. */
function share(found: number, asked: number): number | null {
  return asked > 0 || found > 0 ? Math.round((found / Math.max(asked, found)) * 1000) / 10 : null
}

function capacityReport(calls: number, { limit, windowMs }: Quota): CapacityReport {
  const perMinute = (calls: number) => Math.round((calls / windowMs) * 600_000) / 10
  return {
    allowance_per_minute: perMinute(limit),
    stream_per_minute: perMinute(calls),
    background_per_minute: perMinute(Math.max(0, limit - calls)),
  }
}
