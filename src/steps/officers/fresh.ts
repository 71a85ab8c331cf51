// Fetches lists in doubt again beside the stream, on the background lane. Whatever happens to it, the stream continues.

import { HOUR_MS } from '../../clock.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import { type FetchCounts, refreshDoubtful } from './import.ts'
import type { OfficersStep } from './store.ts'

/** New doubts wait for a moment only. */
const LOOK_AGAIN_MS = 500
/** A list that failed is tried again after so long, in production. */
const FAILED_AGAIN_MS = HOUR_MS
const CONCURRENCY = 4

/** Fetches until the signal aborts, the oldest list first, counting in `counts`; never rejects. */
export async function keepListsFresh(step: OfficersStep, counts: FetchCounts, signal: AbortSignal): Promise<void> {
  const { clock, log, timings } = step
  while (!signal.aborted) {
    try {
      await refreshDoubtful(step, {
        limit: Number.POSITIVE_INFINITY,
        concurrency: CONCURRENCY,
        runStartedAt: clock.now() - FAILED_AGAIN_MS,
        counts,
        signal,
      })
      await clock.sleep(LOOK_AGAIN_MS, signal).catch(() => {})
    } catch (error) {
      if (signal.aborted) return
      const hint = error instanceof ChpipeError ? error.hint : undefined
      log.error('lists in doubt cannot be fetched now; the stream continues', { error: errorMessage(error), try: hint })
      await clock.sleep(timings.paidPauseMs, signal).catch(() => {})
    }
  }
}
