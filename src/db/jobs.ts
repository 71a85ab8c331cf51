import type { Tx } from './open.ts'
import { jobs } from './schema.ts'

export interface NewJob {
  companyNumber: string
  /** `details` when no profile is stored yet, `domain` when an event carried it. */
  stage: 'details' | 'domain'
  /** 0 for what the stream brought, 1 for the background. */
  priority: number
  /** Why: `new`, or the trigger that matched. */
  cause: string
  dueAt: number
  runId: number
}

/** Sends a company on its way through enrichment, unless it is or was on it; returns whether it was not. */
export function enqueueJob(tx: Tx, { companyNumber, stage, priority, cause, dueAt, runId }: NewJob): boolean {
  const values = {
    company_number: companyNumber,
    stage,
    state: 'due',
    priority,
    cause,
    due_at: dueAt,
    created_at: dueAt,
    updated_at: dueAt,
    run_id: runId,
  } as const
  return tx.insert(jobs).values(values).onConflictDoNothing().run().changes > 0
}
