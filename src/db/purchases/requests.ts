// Paid requests. A row is written before its POST and names every input that it asks for, so that no process, now or
// after a crash, asks for the same again while nobody knows the answer.
import { and, asc, eq, inArray, max, ne, type SQL, sql } from 'drizzle-orm'
import type { Clock } from '../../clock.ts'
import type { Tx } from '../open.ts'
import { deadRuns } from '../runs.ts'
import { provider_requests } from '../schema.ts'

export type Operation = 'domain' | 'emails'

/** One input of a request: `key` is the hash of what is asked, `name` the company or person as results name it. */
export interface AskedInput {
  key: string
  name: string
  /** Where the person is looked for; absent for a company. */
  domain?: string | undefined
}

export interface ProviderRequest {
  id: number
  provider: string
  operation: Operation
  status: (typeof provider_requests.$inferSelect)['status']
  inputs: AskedInput[]
  task: string | null
  polls: number
  reserved: number
  balanceBefore: string | null
  requestedAt: number
  lastError: string | null
  runId: number
}

/** Neither answered nor refused: the inputs are on their way, or nobody knows. */
const OPEN = ['created', 'started', 'unconfirmed'] as const

/**
 * The providers in a table whose index begins with them, found by a step in that index for each: a condition on them lets
 * SQLite use the index whoever they are.
 */
export function providersIn(table: 'provider_answers' | 'credit_ledger'): SQL {
  const rows = sql.identifier(table)
  return sql`(WITH RECURSIVE names(name) AS (
    SELECT min(provider) FROM ${rows}
    UNION ALL SELECT (SELECT min(provider) FROM ${rows} WHERE provider > name) FROM names WHERE name IS NOT NULL
  ) SELECT name FROM names WHERE name IS NOT NULL)`
}

/** The open requests, and one of all. */
export const open = inArray(provider_requests.status, [...OPEN])
export const byId = (id: number) => eq(provider_requests.id, id)

export interface OpenInput {
  requestId: number
  status: (typeof OPEN)[number] | 'unmatched'
  key: string
  domain: string | null
}

/** Every input of one operation that waits for an answer: those of open requests, and those held for the operator. */
export function readOpenInputs(tx: Tx, operation: Operation): OpenInput[] {
  return tx.all<OpenInput>(sql`
    SELECT request.id AS requestId, request.status AS status,
      json_extract(input.value, '$.key') AS key, json_extract(input.value, '$.domain') AS domain
    FROM provider_requests AS request, json_each(request.input) AS input
    WHERE request.operation = ${operation}
      AND (request.status IN ('created', 'started', 'unconfirmed')
        OR (request.status = 'unmatched' AND NOT EXISTS (
          SELECT 1 FROM provider_answers AS answer
          WHERE answer.provider = request.provider AND answer.operation = request.operation
            AND answer.input_key = json_extract(input.value, '$.key') AND answer.request_id = request.id)))`)
}

/** The requests of one operation that inputs wait for. */
export function readOpenIds(tx: Tx, operation: Operation): Set<number> {
  const waitedFor = inArray(provider_requests.status, [...OPEN, 'unmatched'])
  const ofOperation = and(waitedFor, eq(provider_requests.operation, operation))
  const rows = tx.select({ id: provider_requests.id }).from(provider_requests).where(ofOperation).all()
  return new Set(rows.map(({ id }) => id))
}

/** A provider's open requests, and the id of its newest: what a reading of its balance must be judged by. */
export function readTraffic(tx: Tx, provider: string): { open: number; newestId: number } {
  const mine = eq(provider_requests.provider, provider)
  const count = tx.select({ n: sql<number>`count(*)` }).from(provider_requests).where(and(mine, open)).get()
  const newest = tx
    .select({ id: max(provider_requests.id) })
    .from(provider_requests)
    .where(mine)
    .get()
  return { open: count?.n ?? 0, newestId: newest?.id ?? 0 }
}

export interface NewRequest {
  provider: string
  operation: Operation
  requestKey: string
  inputs: AskedInput[]
  /** The worst case in credits, taken from the budget until the answer is booked. */
  reserved: number
  balanceBefore: string | null
  requestedAt: number
  runId: number
}

/** Writes a purchase down, before it is sent; returns its id. Belongs in the transaction that checked the budget. */
export function createRequest(tx: Tx, request: NewRequest): number {
  const { provider, operation, requestKey, inputs, reserved, balanceBefore, requestedAt, runId } = request
  const values = {
    provider,
    operation,
    request_key: requestKey,
    input: JSON.stringify(inputs),
    status: 'created' as const,
    reserved,
    balance_before: balanceBefore,
    requested_at: requestedAt,
    run_id: runId,
  }
  return tx.insert(provider_requests).values(values).returning({ id: provider_requests.id }).get().id
}

/** The provider took it: from now on it is only polled. */
export function startRequest(tx: Tx, id: number, { task, nextPollAt }: { task: string; nextPollAt: number }): void {
  tx.update(provider_requests)
    .set({ status: 'started', task_hash: task, next_poll_at: nextPollAt })
    .where(byId(id))
    .run()
}

/** It surely never arrived: as if it had not been written. */
export function withdrawRequest(tx: Tx, id: number): void {
  tx.delete(provider_requests)
    .where(and(byId(id), eq(provider_requests.status, 'created')))
    .run()
}

/** Nobody knows whether it was bought. It stays open, and is never sent again by itself. */
export function doubtRequest(tx: Tx, id: number, { error, nextPollAt }: { error: string; nextPollAt: number }): void {
  tx.update(provider_requests)
    .set({ status: 'unconfirmed', last_error: error, next_poll_at: nextPollAt, polls: 0 })
    .where(and(byId(id), open))
    .run()
}

/** Requests that a dead process left between its decision and the task hash. */
export function readLostStarts(tx: Tx, ownRun: number, clock: Clock): number[] {
  const created = and(eq(provider_requests.status, 'created'), ne(provider_requests.run_id, ownRun))
  const rows = tx
    .select({ id: provider_requests.id, run: provider_requests.run_id })
    .from(provider_requests)
    .where(created)
    .all()
  const dead = new Set(deadRuns(tx, clock, [...new Set(rows.map(({ run }) => run))]))
  return rows.filter(({ run }) => dead.has(run)).map(({ id }) => id)
}

/** Ends an open request; false when another process has done so already, and nothing may be booked. */
export function closeRequest(
  tx: Tx,
  id: number,
  {
    status,
    completedAt,
    error = null,
  }: { status: 'completed' | 'refused' | 'unmatched'; completedAt: number; error?: string | null },
): boolean {
  const values = { status, completed_at: completedAt, last_error: error, next_poll_at: null }
  return (
    tx
      .update(provider_requests)
      .set(values)
      .where(and(byId(id), open))
      .run().changes > 0
  )
}

export function findRequest(tx: Tx, id: number): ProviderRequest | null {
  const row = tx.select().from(provider_requests).where(byId(id)).get()
  return row ? fromRow(row) : null
}

/** The purchases that wait for the operator's word, oldest first. */
export function listUnconfirmed(tx: Tx): ProviderRequest[] {
  const unconfirmed = eq(provider_requests.status, 'unconfirmed')
  return tx.select().from(provider_requests).where(unconfirmed).orderBy(asc(provider_requests.id)).all().map(fromRow)
}

/** A stored request with its inputs read. */
export function fromRow(row: typeof provider_requests.$inferSelect): ProviderRequest {
  return {
    id: row.id,
    provider: row.provider,
    operation: row.operation,
    status: row.status,
    inputs: JSON.parse(row.input) as AskedInput[],
    task: row.task_hash,
    polls: row.polls,
    reserved: row.reserved,
    balanceBefore: row.balance_before,
    requestedAt: row.requested_at,
    lastError: row.last_error,
    runId: row.run_id,
  }
}
