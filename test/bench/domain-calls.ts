// How many calls of Snov's minute a domain costs when there is plenty to ask for.
import { expectExit, type Row } from './measure.ts'
import { openPipeline } from './pipeline.ts'

const COMPANIES = 300
const LIMIT = 0.4
const OPERATION = 'company-domain-by-name'

/** `enrich` over stored companies; every start and every poll of a domain task is a call. */
export async function benchDomainCalls(): Promise<Row[]> {
  await using pipeline = await openPipeline({ companies: COMPANIES * 2, quota: { limit: 1000, windowMs: 1000 } })
  const { snov, start } = pipeline
  await expectExit(start('enrich', '--limit', String(COMPANIES), '--max-credits', '100000'), 0)
  const { byPath, starts, rateLimited } = snov.requests
  const names = Object.keys(starts).filter((input) => input.startsWith(OPERATION)).length
  const calls = Object.entries(byPath)
    .filter(([path]) => path.includes(`/${OPERATION}/`))
    .flatMap(([, byStatus]) => Object.values(byStatus))
    .reduce((sum, count) => sum + count, 0)
  return [
    {
      name: `enrich ${COMPANIES} companies: Snov calls (starts and polls) per domain search`,
      ours: `${(calls / names).toFixed(2)} (${calls} calls for ${names} names, ${rateLimited} refused)`,
      theirs: String(LIMIT),
      ratio: calls / names / LIMIT,
      target: '<= 1',
    },
  ]
}
