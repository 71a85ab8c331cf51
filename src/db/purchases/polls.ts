// When the answers of paid requests are asked for, and by whom: a process asks for its own and for those of ended runs;
// those of another living process it takes over only when they are overdue. A due request is leased before anybody asks.
import { and, asc, eq, gt, inArray, isNotNull, lte, notInArray, type SQL, sql } from 'drizzle-orm'
import type { Clock } from '../../clock.ts'
import type { Tx } from '../open.ts'
import { deadRuns } from '../runs.ts'
import { provider_requests } from '../schema.ts'
import { byId, fromRow, open, type ProviderRequest } from './requests.ts'

/** Runs of other living processes, and for how long past its time a request of theirs is left to them. */
export interface Others {
  runs: number[]
  graceMs: number
}

const NOBODY: Others = { runs: [], graceMs: 0 }

/** The living runs besides `ownRun` that have requests open. */
export function findOtherRuns(tx: Tx, ownRun: number, clock: Clock): number[] {
  const rows = tx.selectDistinct({ run: provider_requests.run_id }).from(provider_requests).where(open).all()
  const others = rows.flatMap(({ run }) => (run === ownRun ? [] : [run]))
  const dead = new Set(deadRuns(tx, clock, others))
  return others.filter((run) => !dead.has(run))
}

/** When a request is due for somebody who leaves those of `others` to them. */
function dueAt({ runs, graceMs }: Others): SQL<number> {
  const { next_poll_at: at, run_id: run } = provider_requests
  if (runs.length === 0) return sql`${at}`
  return sql`${at} + CASE WHEN ${inArray(run, runs)} THEN ${graceMs} ELSE 0 END`
}

/** Takes the due requests, started or in doubt, so that no other process asks before `leaseUntil`. */
export function claimDueRequests(
  tx: Tx,
  now: number,
  leaseUntil: number,
  limit: number,
  others: Others = NOBODY,
): ProviderRequest[] {
  const due = and(inArray(provider_requests.status, ['started', 'unconfirmed']), lte(dueAt(others), now))
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

/** Whoever begins to work asks at once for all answers that no other living process asks for. */
export function wakePolls(tx: Tx, now: number, otherRuns: number[] = []): void {
  tx.update(provider_requests)
    .set({ next_poll_at: sql`min(${provider_requests.next_poll_at}, ${now})` })
    .where(and(eq(provider_requests.status, 'started'), notInArray(provider_requests.run_id, otherRuns)))
    .run()
}

/** When the next request is due for somebody who leaves those of `others` to them; null when none is open. */
export function readNextPollAt(tx: Tx, others: Others = NOBODY): number | null {
  const waiting = and(open, isNotNull(provider_requests.next_poll_at))
  return (
    tx
      .select({ at: sql<number | null>`min(${dueAt(others)})` })
      .from(provider_requests)
      .where(waiting)
      .get()?.at ?? null
  )
}

/** How many purchases written down after `since` (ms) are on their way: their answers are worth waiting for. */
export function countPromising(tx: Tx, since: number): number {
  const promising = and(
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
