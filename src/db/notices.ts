// What the operator is told of: once for each cause, until it is over. Times are milliseconds.
import { and, asc, eq, isNull, lt, or, sql } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { notices } from './schema.ts'

export interface Notice {
  cause: string
  /** What of several it is about, such as a stream; empty for what there is one of. */
  subject: string
  message: string
  raisedAt: number
}

/** Whoever sends a notice holds it for so long; a process that died over it leaves it to the next. */
const LEASE_MS = 120_000

const same = ({ cause, subject }: Pick<Notice, 'cause' | 'subject'>) =>
  and(eq(notices.cause, cause), eq(notices.subject, subject))

/** Notes a cause, unless it is noted already and not over; returns whether it is new. */
export function raiseNotice(tx: Tx, { cause, subject, message }: Omit<Notice, 'raisedAt'>, now: number): boolean {
  const raised = { message, raised_at: now, sent_at: null, cleared_at: null }
  const written = tx
    .insert(notices)
    .values({ cause, subject, ...raised })
    .onConflictDoUpdate({
      target: [notices.cause, notices.subject],
      set: raised,
      setWhere: sql`${notices.cleared_at} IS NOT NULL`,
    })
    .run()
  return written.changes > 0
}

/** The cause is over: when it comes again, it is told again. */
export function clearNotice(tx: Tx, notice: Pick<Notice, 'cause' | 'subject'>, now: number): void {
  tx.update(notices)
    .set({ cleared_at: now })
    .where(and(same(notice), isNull(notices.cleared_at)))
    .run()
}

/** What is noted now and not over, the oldest first, and whether it was sent. */
export function listNotices(tx: Tx): (Notice & { sentAt: number | null })[] {
  const open = tx.select().from(notices).where(isNull(notices.cleared_at)).orderBy(asc(notices.raised_at)).all()
  return open.map(({ cause, subject, message, raised_at: raisedAt, sent_at }) => ({
    ...{ cause, subject, message, raisedAt },
    sentAt: sent_at !== null && sent_at > 0 ? sent_at : null,
  }))
}

/**
 * Takes a notice that nobody has sent or is sending; undefined when there is none. It is held under a negative time, until
 * `settleNotice` says how it went.
 */
export function takeNotice(tx: Tx, now: number): Notice | undefined {
  const free = or(isNull(notices.sent_at), and(lt(notices.sent_at, 0), sql`-${notices.sent_at} < ${now - LEASE_MS}`))
  const next = tx
    .select()
    .from(notices)
    .where(and(free, isNull(notices.cleared_at)))
    .orderBy(asc(notices.raised_at))
    .get()
  if (!next) return undefined
  tx.update(notices).set({ sent_at: -now }).where(same(next)).run()
  return { cause: next.cause, subject: next.subject, message: next.message, raisedAt: next.raised_at }
}

/** It was sent, or it was not and is free again. */
export function settleNotice(tx: Tx, notice: Notice, sentAt: number | null): void {
  tx.update(notices)
    .set({ sent_at: sentAt })
    .where(and(same(notice), eq(notices.raised_at, notice.raisedAt)))
    .run()
}
