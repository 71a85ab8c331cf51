// The stages that ask Companies House, several calls side by side. Each owner's jobs have their own worker, so that no new
// company waits behind background calls that are short of permits.
import { claimJobs, type Job, readNextDueAt, releaseJobs } from '../../db/job-claims.ts'
import type { Owner } from '../../db/jobs.ts'
import { isLockError, tidyWhenFree } from '../../db/lock-wait.ts'
import { snapshot, writeSoon } from '../../db/open.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import { enrichDetails } from './enrich-details.ts'
import { enrichOfficers } from './enrich-officers.ts'
import { type Enrichment, queryOf } from './enrich-step.ts'

const CONCURRENCY = 8

const STAGES = [
  ['officers', enrichOfficers],
  ['details', enrichDetails],
] as const

/** Makes the worker of one owner's jobs: each round of it claims what there is room for. */
export function restWorker(run: Enrichment, owner: Owner, fail: (error: unknown) => void) {
  const { db, runId, clock, timings, options, log, bell } = run
  const flying = new Set<Promise<void>>()
  let restsUntil = 0

  /** A run that goes on for ever outlives an outage; any other ends with it. */
  const explain = async (error: unknown, { companyNumber }: Job) => {
    if (isLockError(error) && !options.signal.aborted) {
      await tidyWhenFree(db, () => writeSoon(db, () => releaseJobs(db, runId, [companyNumber])))
      return
    }
    const away = error instanceof ChpipeError && error.kind === 'upstream' && options.until === 'stopped'
    if (!away || options.signal.aborted) return fail(error)
    log.warn('enrichment waits for Companies House', { company: companyNumber, error: errorMessage(error) })
    writeSoon(db, () => releaseJobs(db, runId, [companyNumber]))
    restsUntil = clock.now() + timings.paidPauseMs
  }

  const claim = (stage: 'details' | 'officers'): Job[] => {
    const query = queryOf(run, stage, owner)
    const limit = CONCURRENCY - flying.size
    if (limit < 1 || (snapshot(db, (tx) => readNextDueAt(tx, query)) ?? Number.POSITIVE_INFINITY) > clock.now())
      return []
    return writeSoon(db, () => claimJobs(db, query, { runId, limit, clock }))
  }

  const round = async (signal: AbortSignal): Promise<boolean> => {
    if (restsUntil > clock.now()) return false
    let claimed = 0
    for (const [stage, enrich] of STAGES) {
      for (const job of claim(stage)) {
        claimed += 1
        const flight = enrich(run, job, signal)
          .catch((error) => explain(error, job))
          .catch(fail)
          .finally(() => {
            flying.delete(flight)
            bell.ring()
          })
        flying.add(flight)
      }
    }
    return claimed > 0
  }
  return { round, flying }
}
