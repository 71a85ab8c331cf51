// The purchases that concern one company.
import { sql } from 'drizzle-orm'
import type { Tx } from '../open.ts'
import type { Operation, ProviderRequest } from './requests.ts'

export interface ConcerningPurchase {
  id: number
  provider: string
  operation: Operation
  status: ProviderRequest['status']
  /** Credits that were booked; null while none are. */
  credits: number | null
  /** Milliseconds. */
  requestedAt: number
}

/**
 * Requests that ask for the domain of a company (by the key of its name) or for people at one of its domains, the oldest
 * first. A request may hold other companies' names as well.
 */
export function listPurchasesConcerning(
  tx: Tx,
  { domainKey, domains }: { domainKey: string; domains: string[] },
): ConcerningPurchase[] {
  return tx.all<ConcerningPurchase>(sql`
    SELECT request.id AS id, request.provider AS provider, request.operation AS operation, request.status AS status,
      (SELECT sum(coalesce(observed, expected)) FROM credit_ledger WHERE request_id = request.id) AS credits,
      request.requested_at AS requestedAt
    FROM provider_requests AS request
    WHERE EXISTS (SELECT 1 FROM json_each(request.input) AS input WHERE
      (request.operation = 'domain' AND json_extract(input.value, '$.key') = ${domainKey}) OR
      (request.operation = 'emails' AND
        json_extract(input.value, '$.domain') IN (SELECT value FROM json_each(${JSON.stringify(domains)}))))
    ORDER BY request.id`)
}
