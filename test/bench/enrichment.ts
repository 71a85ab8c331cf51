import { benchDomainCalls } from './domain-calls.ts'
import type { Row } from './measure.ts'
import { benchPriority } from './priority.ts'

/** What enrichment costs in time beside an import, and in calls. */
export async function benchEnrichment(): Promise<Row[]> {
  return [...(await benchPriority()), ...(await benchDomainCalls())]
}
