// What was bought, and what was found to be missing: asked once, kept for good.
import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Tx } from '../open.ts'
import { provider_answers, provider_requests, unmatched_answers } from '../schema.ts'
import { byId, fromRow, type Operation, type ProviderRequest, providersIn } from './requests.ts'

export interface ProviderAnswer {
  outcome: 'hit' | 'miss' | 'suppressed'
  /** As the buying step wrote it; null for a plain miss and for what may not be kept. */
  answer: unknown
  provider: string
  requestId: number
  answeredAt: number
}

export interface NewAnswer {
  key: string
  outcome: ProviderAnswer['outcome']
  answer: unknown
}

/** SQLite binds at most 32,766 values a statement. */
const KEYS_PER_QUERY = 1000

/** Of the answers of several providers to one input the first of these counts. */
const RANKS: ProviderAnswer['outcome'][] = ['suppressed', 'hit', 'miss']

/**
 * The stored answers by input key, whoever gave them. Plain misses cost nothing and may be asked again: those from before
 * `retryMissesBefore` do not count as answered.
 */
export function findAnswers(
  tx: Tx,
  operation: Operation,
  keys: string[],
  retryMissesBefore: number | null = null,
): Map<string, ProviderAnswer> {
  const found = new Map<string, ProviderAnswer>()
  for (let start = 0; start < keys.length; start += KEYS_PER_QUERY) {
    const wanted = and(
      inArray(provider_answers.provider, providersIn('provider_answers')),
      eq(provider_answers.operation, operation),
      inArray(provider_answers.input_key, keys.slice(start, start + KEYS_PER_QUERY)),
    )
    for (const row of tx.select().from(provider_answers).where(wanted).all()) {
      const { outcome, provider, request_id: requestId, answered_at: answeredAt } = row
      if (outcome === 'miss' && row.answer === null && answeredAt < (retryMissesBefore ?? 0)) continue
      const other = found.get(row.input_key)
      if (other && RANKS.indexOf(other.outcome) <= RANKS.indexOf(outcome)) continue
      const answer = row.answer && JSON.parse(row.answer)
      found.set(row.input_key, { outcome, provider, requestId, answeredAt, answer })
    }
  }
  return found
}

/**
 * Keeps the answers of one request. They replace older ones to the same inputs, but no miss replaces a hit, and nothing
 * replaces what is suppressed.
 */
export function saveAnswers(
  tx: Tx,
  answers: NewAnswer[],
  {
    provider,
    operation,
    requestId,
    answeredAt,
  }: Pick<ProviderAnswer, 'provider' | 'requestId' | 'answeredAt'> & { operation: Operation },
): void {
  for (const { key, outcome, answer } of answers) {
    const outcomeNow = provider_answers.outcome
    const said = {
      outcome,
      answer: answer === null ? null : JSON.stringify(answer),
      request_id: requestId,
      answered_at: answeredAt,
    }
    tx.insert(provider_answers)
      .values({ provider, operation, input_key: key, ...said })
      .onConflictDoUpdate({
        target: [provider_answers.provider, provider_answers.operation, provider_answers.input_key],
        set: said,
        setWhere: sql`${outcomeNow} = 'miss' OR (${outcomeNow} = 'hit' AND excluded.outcome <> 'miss')`,
      })
      .run()
  }
}

// Rows of answers that match none of the names asked for. They were paid for, so they are kept until the operator says whose
// they are; meanwhile the inputs that they may belong to count as waiting, and are not asked for again.

export interface UnmatchedAnswer {
  id: number
  /** As the provider writes it; empty where there was none. */
  name: string
  /** As the step that read it wrote it. */
  answer: unknown
  receivedAt: number
  request: ProviderRequest
}

const waiting = isNull(unmatched_answers.verdict)

/** Keeps the rows of one request. Belongs in the transaction that books it. */
export function keepUnmatched(
  tx: Tx,
  requestId: number,
  rows: { name: string; answer: unknown }[],
  receivedAt: number,
): void {
  for (const { name, answer } of rows) {
    const values = { request_id: requestId, name, answer: JSON.stringify(answer), received_at: receivedAt }
    tx.insert(unmatched_answers).values(values).run()
  }
}

/** The rows that wait for the operator's word, oldest first. */
export function listUnmatched(tx: Tx): UnmatchedAnswer[] {
  const rows = tx
    .select()
    .from(unmatched_answers)
    .innerJoin(provider_requests, eq(provider_requests.id, unmatched_answers.request_id))
    .where(waiting)
    .orderBy(asc(unmatched_answers.id))
    .all()
  return rows.map(({ unmatched_answers: row, provider_requests: request }) => ({
    id: row.id,
    name: row.name,
    answer: JSON.parse(row.answer) as unknown,
    receivedAt: row.received_at,
    request: fromRow(request),
  }))
}

/** Ends the wait of one row; false when it has ended before. */
export function settleUnmatched(
  tx: Tx,
  id: number,
  { verdict, settledAt }: { verdict: 'assigned' | 'dismissed'; settledAt: number },
): boolean {
  const row = and(waiting, eq(unmatched_answers.id, id))
  return tx.update(unmatched_answers).set({ verdict, settled_at: settledAt }).where(row).run().changes > 0
}

/** Removes what a row holds, and ends its wait. */
export function eraseUnmatched(tx: Tx, id: number, settledAt: number): void {
  const empty = { name: '', answer: '{}', verdict: 'dismissed', settled_at: settledAt } as const
  tx.update(unmatched_answers).set(empty).where(eq(unmatched_answers.id, id)).run()
}

/** The keys of a request's inputs that have no answer from it yet. */
export function findHeldKeys(tx: Tx, { id, operation, inputs }: ProviderRequest): Set<string> {
  const ofRequest = and(eq(provider_answers.request_id, id), eq(provider_answers.operation, operation))
  const rows = tx.select({ key: provider_answers.input_key }).from(provider_answers).where(ofRequest).all()
  const answered = new Set(rows.map(({ key }) => key))
  return new Set(inputs.map(({ key }) => key).filter((key) => !answered.has(key)))
}

/** Ends a request that waited for the operator, when none of its rows does any more; returns whether it did. */
export function endUnmatched(tx: Tx, requestId: number): boolean {
  const left = and(waiting, eq(unmatched_answers.request_id, requestId))
  if (tx.select({ n: sql<number>`1` }).from(unmatched_answers).where(left).limit(1).get()) return false
  const held = and(byId(requestId), eq(provider_requests.status, 'unmatched'))
  return tx.update(provider_requests).set({ status: 'completed' }).where(held).run().changes > 0
}
