import type { Clock } from '../../clock.ts'
import type { CompaniesHouse } from '../../companies-house/client.ts'
import type { CreditLimits } from '../../db/credits.ts'
import type { Job, JobQuery, Stage } from '../../db/job-claims.ts'
import type { Owner } from '../../db/jobs.ts'
import type { Db } from '../../db/open.ts'
import type { Lane } from '../../db/quota-room.ts'
import type { Log } from '../../log.ts'
import type { Snov } from '../../snov/client.ts'
import type { Timings } from '../../timings.ts'
import type { Bell } from './bell.ts'

/** What every stage of enrichment works with. */
export interface EnrichStep {
  db: Db
  companiesHouse: CompaniesHouse
  snov: Snov
  clock: Clock
  log: Log
  timings: Timings
  runId: number
  /** Rung by whoever queues companies in this process, so that they are taken up at once. */
  bell?: Bell | undefined
}

export interface EnrichOptions {
  /**
   * `idle`: until nothing is due soon, tasks that Snov takes more than five minutes over left aside.
   * `stopped`: until the signal aborts.
   */
  until: 'idle' | 'stopped'
  limits: CreditLimits
  /** Below this confidence (0 to 100) a domain is kept, and no address is bought. */
  minConfidence: number
  /** Officers whose role contains one of these are asked for. */
  roles: readonly string[]
  /** Names that Snov did not know before this moment (ms) are asked for again; null believes it for good. */
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
  bell: Bell
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
