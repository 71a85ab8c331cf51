// What was bought, and what was found to be missing: asked once, kept for good.
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Tx } from './open.ts'
import { type Operation, PROVIDER } from './provider-requests.ts'
import { provider_answers } from './schema.ts'

export interface Answer {
  outcome: 'hit' | 'miss' | 'suppressed'
  /** As the buying step wrote it; null for a plain miss and for what may not be kept. */
  answer: unknown
  requestId: number
  answeredAt: number
}

export interface NewAnswer {
  key: string
  outcome: Answer['outcome']
  answer: unknown
}

/** SQLite binds at most 32,766 values a statement. */
const KEYS_PER_QUERY = 1000

/**
 * The stored answers by input key. Plain misses cost nothing and may be asked again: those from before
 * `retryMissesBefore` do not count as answered.
 */
export function findAnswers(
  tx: Tx,
  operation: Operation,
  keys: string[],
  retryMissesBefore: number | null = null,
): Map<string, Answer> {
  const found = new Map<string, Answer>()
  for (let start = 0; start < keys.length; start += KEYS_PER_QUERY) {
    const wanted = inArray(provider_answers.input_key, keys.slice(start, start + KEYS_PER_QUERY))
    for (const row of tx
      .select()
      .from(provider_answers)
      .where(and(ofOperation(operation), wanted))
      .all()) {
      const { outcome, request_id: requestId, answered_at: answeredAt } = row
      if (outcome === 'miss' && row.answer === null && answeredAt < (retryMissesBefore ?? 0)) continue
      found.set(row.input_key, { outcome, requestId, answeredAt, answer: row.answer && JSON.parse(row.answer) })
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
  { operation, requestId, answeredAt }: { operation: Operation; requestId: number; answeredAt: number },
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
      .values({ provider: PROVIDER, operation, input_key: key, ...said })
      .onConflictDoUpdate({
        target: [provider_answers.provider, provider_answers.operation, provider_answers.input_key],
        set: said,
        setWhere: sql`${outcomeNow} = 'miss' OR (${outcomeNow} = 'hit' AND excluded.outcome <> 'miss')`,
      })
      .run()
  }
}

function ofOperation(operation: Operation) {
  return and(eq(provider_answers.provider, PROVIDER), eq(provider_answers.operation, operation))
}
