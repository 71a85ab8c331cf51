import { and, eq, gt, inArray, sql } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { PROVIDER } from './provider-requests.ts'
import { provider_requests } from './schema.ts'

/** How many purchases written down after `since` (ms) are on their way: their answers are worth waiting for. */
export function countPromising(tx: Tx, since: number): number {
  const promising = and(
    eq(provider_requests.provider, PROVIDER),
    inArray(provider_requests.status, ['created', 'started']),
    gt(provider_requests.requested_at, since),
  )
  return tx.select({ n: sql<number>`count(*)` }).from(provider_requests).where(promising).get()?.n ?? 0
}

export interface Patience {
  /** Milliseconds. */
  before: number
  polls: number
  now: number
}

/**
 * Of the given requests, those that are in doubt or wait for the operator, or take long: written down at or before `before`, asked about so often,
 * and not to be asked about at `now`.
 */
export function findStuck(
  tx: Tx,
  ids: number[],
  { before, polls, now }: Patience,
): Map<number, 'in-doubt' | 'slow' | 'unmatched'> {
  const rows = tx.select().from(provider_requests).where(inArray(provider_requests.id, ids)).all()
  return new Map(
    rows.flatMap(
      ({
        id,
        status,
        requested_at: at,
        polls: asked,
        next_poll_at: pollAt,
      }): [number, 'in-doubt' | 'slow' | 'unmatched'][] => {
        if (status === 'unconfirmed') return [[id, 'in-doubt']]
        if (status === 'unmatched') return [[id, status]]
        return at <= before && asked >= polls && (pollAt ?? now) > now ? [[id, 'slow']] : []
      },
    ),
  )
}
