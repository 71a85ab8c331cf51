// What was bought about somebody who wants to be forgotten, and its removal. The hashes of the inputs stay, so that
// nothing is bought again. Every function belongs in one transaction.
import { and, eq, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import type { Tx } from './open.ts'
import type { AskedInput, Operation } from './provider-requests.ts'
import { provider_answers, provider_requests } from './schema.ts'

export interface StoredAnswer {
  operation: Operation
  key: string
  requestId: number
  answer: unknown
}

/** Every answer of one operation that holds something. */
export function listAnswers(tx: Tx, operation: Operation): StoredAnswer[] {
  const held = and(eq(provider_answers.operation, operation), isNotNull(provider_answers.answer))
  const rows = tx.select().from(provider_answers).where(held).all()
  return rows.map(({ input_key: key, request_id: requestId, answer }) => {
    return { operation, key, requestId, answer: JSON.parse(answer ?? 'null') as unknown }
  })
}

/** Replaces what an answer holds; `null` leaves only that the input is suppressed, so that it is never bought again. */
export function replaceAnswer(tx: Tx, { operation, key, requestId }: StoredAnswer, answer: unknown): void {
  const said = answer === null ? { outcome: 'suppressed' as const, answer } : { answer: JSON.stringify(answer) }
  const row = and(eq(provider_answers.operation, operation), eq(provider_answers.input_key, key))
  tx.update(provider_answers).set(said).where(row).run()
  tx.update(provider_requests).set({ answer: null }).where(eq(provider_requests.id, requestId)).run()
}

/** Leaves only that these inputs are suppressed, wherever they have an answer that holds something; returns how many. */
export function suppressAnswers(tx: Tx, keys: string[]): number {
  return tx
    .update(provider_answers)
    .set({ outcome: 'suppressed', answer: null })
    .where(and(sql`${provider_answers.input_key} IN ${listOf(keys)}`, isNotNull(provider_answers.answer)))
    .run().changes
}

/** A list of any length as one bound value. */
function listOf(values: string[]): SQL {
  return sql`(SELECT value FROM json_each(${JSON.stringify(values)}))`
}

export interface StoredRequest {
  id: number
  operation: Operation
  inputs: AskedInput[]
}

/** The requests that ask for one of the keys. */
export function findRequestsByKeys(tx: Tx, keys: string[]): StoredRequest[] {
  return findRequests(
    tx,
    sql`EXISTS (SELECT 1 FROM json_each(${provider_requests.input}) AS input
      WHERE json_extract(input.value, '$.key') IN ${listOf(keys)})`,
  )
}

/** The requests in whose inputs the domain is written, among them all that ask for somebody at it or below it. */
export function findRequestsByDomain(tx: Tx, domain: string): StoredRequest[] {
  return findRequests(tx, sql`instr(${provider_requests.input}, ${domain}) > 0`)
}

function findRequests(tx: Tx, where: SQL): StoredRequest[] {
  const rows = tx.select().from(provider_requests).where(where).all()
  return rows.map(({ id, operation, input }) => ({ id, operation, inputs: JSON.parse(input) as AskedInput[] }))
}

/** Replaces the inputs of a request; those that were `erased` are suppressed from now on, whatever is still to come. */
export function replaceInputs(
  tx: Tx,
  { id, operation, inputs }: StoredRequest,
  { erased, answeredAt }: { erased: string[]; answeredAt: number },
): void {
  const request = eq(provider_requests.id, id)
  const { provider } = tx
    .update(provider_requests)
    .set({ input: JSON.stringify(inputs), answer: null })
    .where(request)
    .returning({ provider: provider_requests.provider })
    .get()
  for (const key of erased) {
    const said = { outcome: 'suppressed' as const, answer: null, request_id: id, answered_at: answeredAt }
    tx.insert(provider_answers)
      .values({ provider, operation, input_key: key, ...said })
      .onConflictDoUpdate({
        target: [provider_answers.provider, provider_answers.operation, provider_answers.input_key],
        set: { outcome: 'suppressed' },
        setWhere: isNull(provider_answers.answer),
      })
      .run()
  }
}
