import type { Clock, Timings } from '../../clock.ts'
import type { CompaniesHouse } from '../../companies-house/client.ts'
import { isLive } from '../../db/companies/companies.ts'
import { NOT_ACTIVE } from '../../db/jobs/lists.ts'
import {
  claimJobs,
  endStage,
  type Job,
  type JobQuery,
  type Owner,
  postponeJob,
  readNextDueAt,
  releaseJobs,
  type Stage,
} from '../../db/jobs/queue.ts'
import { type Db, type Tx, write, writeSoon } from '../../db/open.ts'
import type { CompanyToEnrich } from '../../db/purchases/contacts.ts'
import type { CreditLimits } from '../../db/purchases/credits.ts'
import type { Lane } from '../../db/quota/ledger.ts'
import type { Log } from '../../log.ts'
import type { Provider } from '../purchases/provider.ts'

/** What every stage of enrichment works with. */
export interface EnrichStep {
  db: Db
  companiesHouse: CompaniesHouse
  providers: readonly Provider[]
  clock: Clock
  log: Log
  timings: Timings
  runId: number
  /** Rung by whoever queues companies in this process, so that they are taken up at once. */
  wakeUp?: WakeUp | undefined
}

export interface EnrichOptions {
  /**
   * `idle`: until nothing is due soon, tasks that a provider takes more than five minutes over left aside.
   * `stopped`: until the signal aborts.
   */
  until: 'idle' | 'stopped'
  limits: CreditLimits
  /** Below this confidence (0 to 100) a domain is kept, and no address is bought. */
  minConfidence: number
  /** Officers whose role contains one of these are asked for. */
  roles: readonly string[]
  /** Names that no provider knew before this moment (ms) are asked for again; null believes it for good. */
  retryMissesBefore: number | null
  /** Whose jobs are worked on, the most urgent first: what an `enrich` chose is bought by an `enrich`. */
  owners: readonly Owner[]
  /** Also jobs of an `enrich` whose company is not active. */
  includeInactive?: boolean | undefined
  /** Only these companies; null for every job that is due. */
  scope: string[] | null
  signal: AbortSignal
}

/** What a run did; counts are of this run alone. */
export interface EnrichCounts {
  /** Companies whose job came to its end, whichever it was. */
  done: number
  skipped: number
  failed: number
  domains: number
  emails: number
  /** Credits booked for purchases that earlier runs had made, and left without their answers. */
  earlierCredits: number
}

/** The stages' view of one run: the step, its options, its counts, and the companies set aside for now. */
export interface Enrichment extends EnrichStep {
  wakeUp: WakeUp
  options: EnrichOptions
  counts: EnrichCounts
  /** Companies whose next input cannot be paid for now. */
  setAside: Set<string>
  /** Purchases settled by this run so far: whoever waits for an answer looks again when it grows. */
  settled: number
}

/** A loop of the enrichment. */
export interface Worker {
  /** Does what there is to do now; returns whether there was anything. */
  round(signal: AbortSignal): Promise<boolean>
  /** When there will be something to do, in ms from now, as far as it is known. */
  restMs?: (() => number) | undefined
}

/** Answers that another process brings are noticed within this time. */
const LOOK_ANYWAY_MS = 1000

/** Says whether it is time to look for answers again: one was settled, or a while has gone by. */
export function lookAgain(run: Enrichment): () => boolean {
  const everyMs = Math.min(LOOK_ANYWAY_MS, run.timings.domainGatherMs)
  let seen = -1
  let at = 0
  return () => {
    if (run.settled === seen && run.clock.steady() < at) return false
    seen = run.settled
    at = run.clock.steady() + everyMs
    return true
  }
}

/** Every job there is, the stream's first. */
export const ALL_OWNERS = ['stream', 'enrich'] as const

export function noEnrichCounts(): EnrichCounts {
  return { done: 0, skipped: 0, failed: 0, domains: 0, emails: 0, earlierCredits: 0 }
}

/** The stream's companies go first. */
export function laneOf(jobs: Pick<Job, 'owner'>[]): Lane {
  return jobs.some(({ owner }) => owner === 'stream') ? 'stream' : 'background'
}

/** The jobs of a stage that this run may take now. */
export function queryOf({ options, setAside }: Enrichment, stage: Stage, owner: Owner): JobQuery {
  return { stage, owner, scope: options.scope, without: [...setAside] }
}

/** Ends a stage and stores its result with it, or neither where the claim was lost; returns which. */
export function moveJob(
  run: Enrichment,
  { companyNumber }: Job,
  end: Parameters<typeof endStage>[2],
  save: (tx: Tx, now: number) => void = () => {},
): boolean {
  const { db, clock, runId, counts, log } = run
  const now = clock.now()
  const moved = write(db, (tx) => {
    if (!endStage(tx, companyNumber, end, { runId, now })) return false
    save(tx, now)
    return true
  })
  if (!moved || !('state' in end)) return moved
  counts[end.state] += 1
  if (end.state === 'failed') log.warn('enrichment failed', { company: companyNumber, error: end.error })
  return true
}

/** Puts a job off after a failure, or fails it when its retries are used up. */
export function retryJob(run: Enrichment, job: Job, error: string): void {
  const { db, clock, runId, timings, log } = run
  const waitMs = timings.enrichRetryMs[job.attempts]
  if (waitMs === undefined) {
    moveJob(run, job, { state: 'failed', error })
    return
  }
  const now = clock.now()
  const { companyNumber, stage } = job
  write(db, (tx) => postponeJob(tx, companyNumber, { dueAt: now + waitMs, error, counted: true }, { runId, now }))
  log.info('enrichment put off', { company: companyNumber, stage, error })
}

/** Puts a job off without counting it as a failure. */
export function waitJob({ db, clock, runId }: Enrichment, { companyNumber }: Job, waitMs: number, why: string | null) {
  const now = clock.now()
  write(db, (tx) => postponeJob(tx, companyNumber, { dueAt: now + waitMs, error: why, counted: false }, { runId, now }))
}

/**
 * Why a company is not enriched although it has a job; null when it may be. What the stream chose may be anything that
 * the register still lists; an `enrich` buys for live companies unless it is told otherwise.
 */
export function refusalOf(
  company: CompanyToEnrich,
  { owner }: Pick<Job, 'owner'>,
  { includeInactive = false }: Pick<EnrichOptions, 'includeInactive'>,
  suppressions: { company(companyNumber: string): boolean },
): string | null {
  if (suppressions.company(company.company_number)) return 'suppressed'
  if (company.deleted_at !== null) return 'the company is deleted'
  if (includeInactive || isLive(company)) return null
  const isUnlisted = company.company_status === null && company.source === 'register-file'
  return owner === 'stream' && !isUnlisted ? null : NOT_ACTIVE
}

/** Jobs in hand at once when none of them can be paid for. */
const BULK = 5000

export interface HeldJob extends Job {
  /** `steady` ms. */
  since: number
}

/** Jobs of one paid stage that this run has claimed: they wait together for one purchase, or for its answer. */
export interface HeldJobs {
  readonly jobs: HeldJob[]
  /** Claims more, as far as there is room; returns whether it claimed any. */
  fill(): boolean
  /** They have moved on, or were put off. */
  drop(companyNumber: string): void
  /** Gives claims back, not to be taken again while nothing can be bought. */
  setAside(jobs: HeldJob[]): void
}

/** Makes an empty holding of at most `capacity` jobs, half of it for the stream alone. */
export function holdJobs(run: Enrichment, stage: Stage, capacity: number): HeldJobs {
  const { db, clock, runId } = run
  const { owners } = run.options
  const rank = ({ owner }: Pick<Job, 'owner'>) => ALL_OWNERS.indexOf(owner)
  const held = new Map<string, HeldJob>()
  const claim = (owner: Owner, limit: number): Job[] => {
    const query = queryOf(run, stage, owner)
    if (limit < 1 || (readNextDueAt(db, query) ?? Number.POSITIVE_INFINITY) > clock.now()) return []
    return writeSoon(db, () => claimJobs(db, query, { runId, limit, clock }))
  }
  return {
    get jobs() {
      return [...held.values()].sort((a, b) => rank(a) - rank(b) || a.since - b.since)
    },
    fill() {
      // While nothing can be bought, each job is looked at once, for answers that are there already.
      const room = run.setAside.size > 0 ? BULK : capacity
      const claimed = owners.flatMap((owner) => claim(owner, room / (rank({ owner }) + 1) - held.size))
      for (const job of claimed) held.set(job.companyNumber, { ...job, since: clock.steady() })
      return claimed.length > 0
    },
    drop(companyNumber) {
      held.delete(companyNumber)
    },
    setAside(jobs) {
      const numbers = jobs.map(({ companyNumber }) => companyNumber)
      writeSoon(db, () => releaseJobs(db, runId, numbers))
      for (const number of numbers) {
        held.delete(number)
        run.setAside.add(number)
      }
    },
  }
}

/** Tells those who wait for work that there may be some, so that nobody need look all the time. */
export interface WakeUp {
  /** How often it was notified. */
  readonly calls: number
  notify(): void
  /** Resolves after `ms`, or when it is notified or the signal aborts; at once when it was notified since `heard`. */
  wait(ms: number, heard: number, signal: AbortSignal): Promise<void>
}

/** Makes the wake-up call of one process. */
export function createWakeUp(clock: Clock): WakeUp {
  const waiting = new Set<() => void>()
  let calls = 0
  return {
    get calls() {
      return calls
    },
    notify() {
      calls += 1
      for (const wake of waiting) wake()
    },
    async wait(ms, heard, signal) {
      if (signal.aborted || calls !== heard) return
      const rest = new AbortController()
      const wake = () => rest.abort()
      waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
      await clock.sleep(ms, rest.signal).catch(() => {})
      waiting.delete(wake)
      signal.removeEventListener('abort', wake)
    },
  }
}
