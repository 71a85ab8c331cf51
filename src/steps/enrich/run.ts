// Takes companies from a stored name to their people's addresses: details, domain, officers, e-mails. Reads and writes
// `jobs` and what its stages fill. Each stage commits its result with the move to the next; the loops share nothing but
// the table, so a slow task of a provider never holds up a call to Companies House. Safe to interrupt, and beside itself.
import { setMaxListeners } from 'node:events'
import { countJobs } from '../../db/jobs/lists.ts'
import { freeDeadJobs, type Owner, readNextDueAt, releaseJobs, type Stage } from '../../db/jobs/queue.ts'
import { isLockError, tidyWhenFree, untilFree, whenFree } from '../../db/lock-wait.ts'
import { snapshot, write } from '../../db/open.ts'
import { readRunCredits } from '../../db/purchases/credits.ts'
import { readNextPollAt, wakePolls } from '../../db/purchases/polls.ts'
import { doubtLostStarts } from '../purchases/doubt.ts'
import { leftToOthers, pollPurchases } from '../purchases/poll.ts'
import { domainWorker } from './domains.ts'
import { emailWorker } from './emails.ts'
import { createPaidGate, type PaidGate } from './gate.ts'
import {
  createWakeUp,
  type EnrichCounts,
  type Enrichment,
  type EnrichOptions,
  type EnrichStep,
  noEnrichCounts,
  queryOf,
  type Worker,
} from './jobs.ts'
import { restWorker } from './rest.ts'

/** Other processes queue and settle unseen; a new company's first call may not wait longer than a moment. */
const LOOK_AGAIN_MS = 100
/** How often the claims and purchases of dead processes are looked for. */
const TIDY_MS = 1000

const STAGES: Stage[] = ['details', 'domain', 'officers', 'emails']

/** `away`: the provider did not answer. */
export type EnrichEnding = 'nothing-left' | 'limit-reached' | 'not-enough-credits' | 'away' | 'interrupted'

export interface EnrichSummary extends EnrichCounts {
  /** Jobs that are not ended yet: due later, waiting for an answer, or not paid for. */
  left: number
  creditsSpent: number
  ended: EnrichEnding
  /** What keeps the rest from being bought, in a sentence. */
  why: string | null
}

/**
 * Works until nothing is due soon, or until the signal aborts; then what is in flight ends or is abandoned within two
 * seconds, and all claims are given back. Throws a `config` error for refused credentials and, until idle, `upstream`
 * when Companies House is away. `counts` may be watched while it runs.
 */
export async function runEnrichment(
  step: EnrichStep,
  options: EnrichOptions,
  counts: EnrichCounts = noEnrichCounts(),
): Promise<EnrichSummary> {
  const { db, runId } = step
  const { signal } = options
  const wakeUp = step.wakeUp ?? createWakeUp(step.clock)
  const run: Enrichment = { ...step, wakeUp, options, counts, setAside: new Set(), settled: 0 }
  const gate = createPaidGate(run)
  const halt = new AbortController()
  setMaxListeners(0, halt.signal)
  const interrupted = () => halt.abort(signal.reason)
  signal.addEventListener('abort', interrupted, { once: true })
  if (signal.aborted) interrupted()
  const fail = (error: unknown) => halt.abort(error)

  const rest = options.owners.map((owner) => restWorker(run, owner, fail))
  const paid = [domainWorker(run, gate), emailWorker(run, gate)]
  const isOver = () =>
    options.until === 'idle' &&
    rest.every(({ flying }) => flying.size === 0) &&
    paid.every(({ held }) => held.jobs.length === 0) &&
    !isDueSoon(run)
  const workers: Worker[] = [...rest, ...paid, pollWorker(run, gate)]
  await whenFree(db, () => write(db, (tx) => wakePolls(tx, step.clock.now(), leftToOthers(tx, step).runs)))
  await Promise.all(loops(run, workers, isOver, halt.signal).map((one) => one.catch(fail)))
  await Promise.all(rest.flatMap(({ flying }) => [...flying]))
  signal.removeEventListener('abort', interrupted)
  await tidyWhenFree(db, () => write(db, (tx) => releaseJobs(tx, runId)))
  if (halt.signal.aborted && !signal.aborted) throw halt.signal.reason
  return summarize(run, gate)
}

/**
 * The workers' rounds until it is over for all: at once again after a busy one, when another worker was busy, and after a
 * moment otherwise. It is over when nobody is in the middle of a round.
 */
function loops({ db, clock, wakeUp }: Enrichment, workers: Worker[], isOver: () => boolean, signal: AbortSignal) {
  let rounds = 0
  let over = false
  return workers.map(async ({ round, restMs }) => {
    while (!signal.aborted && !over) {
      const heard = wakeUp.calls
      rounds += 1
      let busy = true
      try {
        busy = await round(signal).finally(() => {
          rounds -= 1
        })
        over ||= !busy && rounds === 0 && isOver()
      } catch (error) {
        // A round that another program's lock has cut short is done again when it is gone.
        if (!isLockError(error)) throw error
        await untilFree(db)
      }
      if (busy || over) wakeUp.notify()
      if (busy) await clock.sleep(0, signal)
      else await wakeUp.wait(Math.max(1, Math.min(LOOK_AGAIN_MS, restMs?.() ?? LOOK_AGAIN_MS)), heard, signal)
    }
  })
}

/** Asks for the answers of purchases, whoever began them, and tidies up after processes that died. */
function pollWorker(run: Enrichment, gate: PaidGate): Worker {
  const { db, clock, runId, options } = run
  let tidyAt = 0
  const nextAt = () => {
    const at = snapshot(db, (tx) => readNextPollAt(tx, leftToOthers(tx, run)))
    return at ?? Number.POSITIVE_INFINITY
  }
  const round = async (signal: AbortSignal): Promise<boolean> => {
    if (clock.steady() >= tidyAt) {
      tidyAt = clock.steady() + TIDY_MS
      doubtLostStarts(run)
      freeDeadJobs(db, runId, clock)
    }
    if (nextAt() > clock.now()) return false
    const lane = options.until === 'stopped' ? 'stream' : 'background'
    const { settled, creditsOfOthers, notEnoughCredits } = await pollPurchases(run, { lane, signal })
    run.settled += settled
    run.counts.earlierCredits += creditsOfOthers
    if (settled > 0 || notEnoughCredits) gate.settled(notEnoughCredits)
    return settled > 0
  }
  return { round, restMs: () => nextAt() - clock.now() }
}

function isDueSoon(run: Enrichment): boolean {
  const { db, clock, timings, runId, options } = run
  freeDeadJobs(db, runId, clock)
  const soon = clock.now() + timings.enrichPatienceMs
  const isDue = (stage: Stage, owner: Owner) =>
    (readNextDueAt(db, queryOf(run, stage, owner)) ?? Number.POSITIVE_INFINITY) <= soon
  return snapshot(db, () => options.owners.some((owner) => STAGES.some((stage) => isDue(stage, owner))))
}

function summarize({ db, runId, counts, options, setAside }: Enrichment, gate: PaidGate): EnrichSummary {
  const { left, creditsSpent } = snapshot(db, (tx) => {
    return { left: countJobs(tx, options.scope).due, creditsSpent: readRunCredits(tx, runId).spent }
  })
  const barrier = gate.closedBy()
  const isHeldUp = setAside.size > 0 || (left > 0 && barrier?.by === 'not-enough-credits')
  const closed = isHeldUp ? barrier : null
  const ended = options.signal.aborted ? 'interrupted' : (closed?.by ?? 'nothing-left')
  return { ...counts, left, creditsSpent, ended, why: closed?.why ?? null }
}
