import { sql } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { jobs } from './schema.ts'

/** Who chose a company: the stream (also the audit, in its place) or an `enrich`. The stream's jobs go first. */
export type Owner = (typeof jobs.$inferSelect)['owner']

export interface NewJob {
  companyNumber: string
  /** `details` when no profile is stored yet, `domain` when an event carried it. */
  stage: 'details' | 'domain'
  owner: Owner
  /** Why: `new`, or the trigger that matched. */
  cause: string
  dueAt: number
  runId: number
}

/**
 * Sends a company on its way through enrichment, unless it is or was on it; returns whether it was not. What an `enrich`
 * has queued and not ended becomes the stream's when the stream asks for it too, and never the other way round.
 */
export function enqueueJob(tx: Tx, { companyNumber, stage, owner, cause, dueAt, runId }: NewJob): boolean {
  const values = {
    company_number: companyNumber,
    stage,
    state: 'due',
    owner,
    cause,
    due_at: dueAt,
    created_at: dueAt,
    updated_at: dueAt,
    run_id: runId,
  } as const
  const takesOver = sql`${jobs.owner} = 'enrich' AND ${jobs.state} = 'due' AND excluded.owner = 'stream'`
  return (
    tx
      .insert(jobs)
      .values(values)
      .onConflictDoUpdate({ target: jobs.company_number, set: { owner, cause, run_id: runId }, setWhere: takesOver })
      .run().changes > 0
  )
}
