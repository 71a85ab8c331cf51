// When the answers of paid requests are asked for, and by whom: a due request is leased before anybody asks.
import { and, asc, eq, inArray, isNotNull, lte, min, sql } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { byId, fromRow, mine, open, type ProviderRequest } from './provider-requests.ts'
import { provider_requests } from './schema.ts'

/** Takes the due requests, started or in doubt, so that no other process asks before `leaseUntil`. */
export function claimDueRequests(tx: Tx, now: number, leaseUntil: number, limit: number): ProviderRequest[] {
  const due = and(
    mine,
    inArray(provider_requests.status, ['started', 'unconfirmed']),
    lte(provider_requests.next_poll_at, now),
  )
  const rows = tx.select().from(provider_requests).where(due).orderBy(asc(provider_requests.next_poll_at)).limit(limit)
  const requests = rows.all().map(fromRow)
  const ids = requests.map(({ id }) => id)
  tx.update(provider_requests)
    .set({ next_poll_at: leaseUntil, polls: sql`${provider_requests.polls} + 1` })
    .where(inArray(provider_requests.id, ids))
    .run()
  return requests
}

/** Puts the next question off; what went wrong with the last one is kept. */
export function postponeRequest(tx: Tx, id: number, nextPollAt: number, error: string | null): void {
  tx.update(provider_requests)
    .set({ next_poll_at: nextPollAt, last_error: error })
    .where(and(byId(id), open))
    .run()
}

/** Whoever begins to work asks for all answers at once, those that a dead process was about to ask for among them. */
export function wakePolls(tx: Tx, now: number): void {
  tx.update(provider_requests)
    .set({ next_poll_at: sql`min(${provider_requests.next_poll_at}, ${now})` })
    .where(and(mine, eq(provider_requests.status, 'started')))
    .run()
}

/** When the next request is due; null when none is open. */
export function readNextPollAt(tx: Tx): number | null {
  const waiting = and(open, isNotNull(provider_requests.next_poll_at))
  return (
    tx
      .select({ at: min(provider_requests.next_poll_at) })
      .from(provider_requests)
      .where(waiting)
      .get()?.at ?? null
  )
}
