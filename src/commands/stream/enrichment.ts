// The enrichment beside the stream. Whatever becomes of it, the stream goes on.
import type { Context } from '../../context.ts'
import { readRunCredits } from '../../db/credits.ts'
import { type Db, snapshot } from '../../db/open.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import type { Bell } from '../../steps/enrich/bell.ts'
import { ALL_OWNERS, type EnrichCounts } from '../../steps/enrich/enrich-step.ts'
import { runEnrichment } from '../../steps/enrich/run-enrichment.ts'
import { DEFAULT_ROLES } from '../../steps/wanted-people.ts'
import { DEFAULT_MIN_CONFIDENCE } from '../enrich.ts'
import type { StreamOptions } from './run-stream.ts'

export interface EnrichmentStep {
  db: Db
  runId: number
  /** Rung when companies were queued. */
  bell: Bell
  signal: AbortSignal
}

export interface EnrichedSummary extends Omit<EnrichCounts, 'earlierCredits'> {
  credits_spent: number
  /** Booked for purchases of earlier runs. */
  credits_settled_earlier: number
}

/** Enriches what the stream has queued until the signal aborts; resolves with what it did, and never rejects. */
export type Enrichment = (step: EnrichmentStep) => Promise<EnrichedSummary>

/** Makes the enrichment ready; it counts in `counts`. Throws `config` when a key or the Snov credentials are missing. */
export async function prepareEnrichment(
  context: Context,
  { maxCredits, minConfidence = DEFAULT_MIN_CONFIDENCE, backlog }: StreamOptions,
  counts: EnrichCounts,
): Promise<Enrichment> {
  const { clock, log, settings, timings } = context
  const companiesHouse = await context.companiesHouse()
  const snov = await context.snov()
  return async ({ db, runId, bell, signal }) => {
    const step = { db, companiesHouse, snov, clock, log, timings, runId, bell }
    while (!signal.aborted) {
      try {
        await runEnrichment(
          step,
          {
            until: 'stopped',
            limits: { maxCredits: maxCredits ?? null, budget: settings.creditBudget },
            minConfidence,
            roles: DEFAULT_ROLES,
            retryMissesBefore: null,
            owners: backlog ? ALL_OWNERS : ['stream'],
            scope: null,
            signal,
          },
          counts,
        )
      } catch (error) {
        if (signal.aborted) break
        const hint = error instanceof ChpipeError ? error.hint : undefined
        log.error('enrichment rests, the stream goes on', { error: errorMessage(error), try: hint })
        await clock.sleep(timings.paidPauseMs, signal).catch(() => {})
      }
    }
    const { earlierCredits, ...found } = counts
    const credits_spent = snapshot(db, (tx) => readRunCredits(tx, runId).spent)
    return { ...found, credits_spent, credits_settled_earlier: earlierCredits }
  }
}
