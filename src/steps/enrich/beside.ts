// Enriches what the stream has queued, alongside it. Whatever happens to it, the stream continues.
import type { Db } from '../../db/open.ts'
import { snapshot } from '../../db/open.ts'
import { readRunCredits } from '../../db/purchases/credits.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import type { EnrichCounts, EnrichOptions, EnrichStep, WakeUp } from './jobs.ts'
import { runEnrichment } from './run.ts'

/** What the stream lends to the enrichment beside it. */
export interface EnrichmentBeside {
  db: Db
  runId: number
  /** Rung when companies were queued. */
  wakeUp: WakeUp
  signal: AbortSignal
}

export interface EnrichedBeside extends Omit<EnrichCounts, 'earlierCredits'> {
  credits_spent: number
  /** Booked for purchases of earlier runs. */
  credits_settled_earlier: number
}

/** Enriches until the signal aborts, counting in `counts`; resolves with what it did, and never rejects. */
export async function keepEnriching(
  step: EnrichStep & EnrichmentBeside,
  options: Pick<EnrichOptions, 'limits' | 'minConfidence' | 'roles' | 'owners'>,
  counts: EnrichCounts,
): Promise<EnrichedBeside> {
  const { db, clock, log, timings, runId, signal } = step
  while (!signal.aborted) {
    try {
      await runEnrichment(step, { ...options, until: 'stopped', retryMissesBefore: null, scope: null, signal }, counts)
    } catch (error) {
      if (signal.aborted) break
      const hint = error instanceof ChpipeError ? error.hint : undefined
      log.error('enrichment is paused; the stream continues', { error: errorMessage(error), try: hint })
      await clock.sleep(timings.paidPauseMs, signal).catch(() => {})
    }
  }
  const { earlierCredits, ...found } = counts
  const credits_spent = snapshot(db, (tx) => readRunCredits(tx, runId).spent)
  return { ...found, credits_spent, credits_settled_earlier: earlierCredits }
}
