// The companies stream: what its events do to `companies` and `jobs`.
import { type Clock, londonTime } from '../../clock.ts'
import { ODD_MEMBER, oddMemberNotes } from '../../companies-house/profile-members.ts'
import {
  type ChangedCompany,
  type CompanyEvent,
  companyReader,
  filledOfEvent,
} from '../../companies-house/stream/companies.ts'
import { findKnownCompany, type KnownCompany, markDeleted, type SearchedFacts } from '../../db/companies/companies.ts'
import { storeProfile } from '../../db/companies/profiles.ts'
import { enqueueJob } from '../../db/jobs/queue.ts'
import { forgetNotes, saveNotes } from '../../db/officers/fetches.ts'
import type { Db, Tx } from '../../db/open.ts'
import type { Log } from '../../log.ts'
import type { EventOrigin, RowChanges, StreamKind } from './kind.ts'
import { causeOf, NEW, type StreamRules } from './rules.ts'

export const COMPANIES = 'companies'

export interface Match {
  company: SearchedFacts
  /** `new`, or the trigger that fired. */
  cause: string
  /** What is to be done first: an event carries the profile, a search result does not. */
  stage: 'domain' | 'details'
}

/** Called inside the transaction for a company that is worth a job; returns whether one was queued. */
export type OnMatch = (tx: Tx, match: Match) => boolean

export interface CompaniesOptions {
  db: Db
  log: Log
  rules: StreamRules
  /** Stores every company of a changed event, not only known and newly formed ones. */
  all: boolean
  onMatch: OnMatch
  repair?: StreamKind<CompanyEvent>['repair']
}

/** The companies stream of one run. */
export function companiesStream(options: CompaniesOptions): StreamKind<CompanyEvent> {
  const matches = new Map<string, Match>()
  const onMatch: OnMatch = (tx, match) => {
    const queued = options.onMatch(tx, match)
    if (queued) matches.set(match.company.company_number, match)
    return queued
  }
  return {
    name: COMPANIES,
    ...companyReader,
    reachDays: options.rules.newWithinDays,
    repair: options.repair,
    apply(tx, event, origin, changes) {
      if (event.kind === 'changed') return applyChange({ ...options, onMatch }, tx, event, origin, changes)
      origin.numbers.settle()
      if (markDeleted(options.db, event.companyNumber, origin)) changes.deleted += 1
    },
    applied(events) {
      for (const { kind, companyNumber, timepoint } of events) {
        const match = kind === 'changed' ? matches.get(companyNumber) : undefined
        if (match && matches.delete(companyNumber)) tellMatch(options.log, match, timepoint)
      }
      matches.clear()
    },
  }
}

/** Queues a job for a company that the stream has brought. */
export function queueJobs({ clock, runId }: { clock: Clock; runId: number }): OnMatch {
  return (tx, { company, stage, cause }) => {
    const job = { companyNumber: company.company_number, stage, owner: 'stream', cause, runId } as const
    return enqueueJob(tx, { ...job, dueAt: clock.now() })
  }
}

function applyChange(
  { db, rules, all, onMatch }: CompaniesOptions,
  tx: Tx,
  event: ChangedCompany,
  origin: EventOrigin,
  changes: RowChanges,
): void {
  const { companyNumber } = event
  const known = findKnownCompany(db, companyNumber)
  const cause = causeOfEvent(rules, known, event, origin)
  const isStored = known !== undefined || cause !== null || all
  if (isStored) {
    storeProfile(db, filledOfEvent(event), origin, known)
    changes[known ? 'updated' : 'inserted'] += 1
  }
  if (isStored && event.odd.length > 0) noteOdd(tx, event, origin)
  if (cause !== null && onMatch(tx, { company: event.company, cause, stage: 'domain' })) changes.queued += 1
}

/** Without triggers nothing happens to a company that is known. */
function causeOfEvent(
  rules: StreamRules,
  known: KnownCompany | undefined,
  event: ChangedCompany,
  { fetchedAt }: EventOrigin,
): string | null {
  if (known && rules.triggers.length === 0) return null
  return causeOf(rules, known, event.company, eventDay(event, fetchedAt))
}

/** Several events of a batch may tell of the company: the last one counts. */
function noteOdd(tx: Tx, { companyNumber, odd }: ChangedCompany, { fetchedAt, runId }: EventOrigin): void {
  forgetNotes(tx, ODD_MEMBER, companyNumber)
  saveNotes(tx, oddMemberNotes(companyNumber, odd), { notedAt: Date.parse(fetchedAt), runId })
}

/** The day on which the event was published, as it came; the day of its arrival where it does not tell. */
function eventDay({ publishedAt }: ChangedCompany, arrivedAt: string): string {
  return /^\d{4}-\d{2}-\d{2}/.exec(publishedAt ?? '')?.[0] ?? londonTime(Date.parse(arrivedAt)).day
}

const MAX_NAME = 60

/** A line in the log about a company that is to be enriched; `timepoint` is null where no event told of it. */
export function tellMatch(log: Log, { company, cause }: Match, timepoint: number | null): void {
  log.info(cause === NEW ? 'new company' : 'company to enrich', {
    company: company.company_number,
    timepoint,
    ...(cause === NEW ? {} : { cause }),
    name: (company.company_name ?? '').slice(0, MAX_NAME),
  })
}
