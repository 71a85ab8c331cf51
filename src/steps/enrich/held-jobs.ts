import { claimJobs, type Job, readNextDueAt, releaseJobs, type Stage } from '../../db/job-claims.ts'
import type { Owner } from '../../db/jobs.ts'
import { snapshot, writeSoon } from '../../db/open.ts'
import { ALL_OWNERS, type Enrichment, queryOf } from './enrich-step.ts'

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
    if (limit < 1 || (snapshot(db, (tx) => readNextDueAt(tx, query)) ?? Number.POSITIVE_INFINITY) > clock.now())
      return []
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
