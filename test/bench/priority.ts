// New companies of the stream beside an import that takes every call it can get: who waits, and what is left unused.
import { setTimeout as delay } from 'node:timers/promises'
import { timings } from '../../src/clock.ts'
import { openDb } from '../../src/db/open.ts'
import { expectExit, quantile, type Row } from './measure.ts'
import { openPipeline, type Pipeline, TIME_SCALE, until } from './pipeline.ts'

/** A scaled window, long enough that the time on the wire, for which a permit is held too, does not show. */
const QUOTA = { limit: 200, windowMs: 10_000 }
/** More than the import fetches meanwhile, so that it never has to stop, nor comes to the new ones. */
const COMPANIES = 2500
/** Found by the search after a 416, so that nothing carries their profile; all at once, they take 0.4 s of the allowance. */
const LOST = 8
const BORN = 60
/** Two births a second: the stream needs up to a tenth of the calls, the import has the rest. */
const BIRTH_EVERY_MS = 500
const SHARE = 0.95
/** The import leaves its bursts for an even pace within two windows; the share is counted from there. */
const SETTLED_AFTER_MS = 2 * QUOTA.windowMs
const LIMIT_MS = 1000

/** A name waits for others, and the stand-in's task is done at its second poll. */
const { domainGatherMs, snovPollMs } = timings(TIME_SCALE)
const DOMAIN_WAITS_MS = domainGatherMs + Number(snovPollMs[0]) + Number(snovPollMs[1])

/** An import, then `stream --enrich` on the same database and key. */
export async function benchPriority(): Promise<Row[]> {
  await using pipeline = await openPipeline({ companies: COMPANIES, quota: QUOTA })
  const { rest, stream, start } = pipeline
  const lost = loseCompanies(pipeline)
  const importer = start('import-officers', '--target', String(COMPANIES))
  await until('the import is at its limit', () => rest.requests.counted > QUOTA.limit)
  stream.setFaults([{ name: '416', count: 1 }])
  const streamer = start('stream', '--enrich', '--from', '1')
  await until('the stream is open', () => stream.requests.open > 0)
  await Promise.all([
    until('the lost companies are asked for', () => lost.every((number) => called(pipeline, number))),
    delay(SETTLED_AFTER_MS),
  ])
  const [countedBefore, startedAt] = [rest.requests.counted, performance.now()]
  const born = await bearCompanies(pipeline)
  const windows = Math.ceil((performance.now() - startedAt) / QUOTA.windowMs)
  await delay(startedAt + windows * QUOTA.windowMs - performance.now())
  const { counted, rateLimited } = rest.requests
  const used = (counted - countedBefore) / (windows * QUOTA.limit)
  importer.kill('SIGINT')
  streamer.kill('SIGINT')
  await expectExit(importer, 130)
  await expectExit(streamer, 0)
  return [...rowsOfWaits(pipeline, lost, born), rowOfShare(used, windows, rateLimited), rowOfCalls(pipeline, born)]
}

/** Companies that the register forms while nobody follows the stream. */
function loseCompanies({ world }: Pipeline): string[] {
  const today = new Date().toISOString().slice(0, 10)
  return Array.from({ length: LOST }, () => world.incorporate(today).company_number)
}

/** Lets companies be born one after the other; resolves with the moments of their first events, by number. */
async function bearCompanies({ stream }: Pipeline): Promise<Map<string, number>> {
  const on = new Date().toISOString().slice(0, 10)
  const born = new Map<string, number>()
  while (born.size < BORN) {
    const atMs = Date.now()
    born.set(stream.publishNewCompany({ on }).company_number, atMs)
    await delay(BIRTH_EVERY_MS)
  }
  return born
}

function called({ rest }: Pipeline, number: string): boolean {
  return rest.requests.firstCallMs[number] !== undefined
}

/** How long the first calls took, from the moment at which chpipe could send them. */
function rowsOfWaits(pipeline: Pipeline, lost: string[], born: Map<string, number>): Row[] {
  const { firstCallMs } = pipeline.rest.requests
  const { foundMs, storedMs } = readMoments(pipeline)
  const waits = (from: Iterable<[string, number | undefined]>) =>
    [...from].flatMap(([number, fromMs]) => {
      const callMs = firstCallMs[number]
      return callMs === undefined || fromMs === undefined ? [] : [callMs - fromMs]
    })
  const searched = lost.map((number): [string, number | undefined] => [number, storedMs.get(number)])
  const domains = [...born.keys()].map((number): [string, number | undefined] => [number, foundMs.get(number)])
  return [
    rowOfWaits('stored without a profile to its details call', waits(searched)),
    rowOfWaits('the answer of its domain to its officers call', waits(domains)),
    rowOfWaits(
      `its event to its first call, less the ${DOMAIN_WAITS_MS} ms for which the domain search has to wait`,
      waits(born).map((ms) => ms - DOMAIN_WAITS_MS),
    ),
  ]
}

function rowOfWaits(name: string, waits: number[]): Row {
  const late = quantile(waits, 0.95)
  return {
    name: `new company beside an import at its limit, from ${name}`,
    ours: `95 % of ${waits.length} within ${late.toFixed(0)} ms (median ${quantile(waits, 0.5).toFixed(0)} ms)`,
    theirs: `${LIMIT_MS} ms`,
    ratio: late / LIMIT_MS,
    target: '<= 1',
  }
}

function rowOfShare(used: number, windows: number, rateLimited: number): Row {
  return {
    name: `share of ${QUOTA.limit} calls in ${QUOTA.windowMs / 1000} s used by import and stream together`,
    ours: `${(used * 100).toFixed(1)} % over ${windows} windows, ${rateLimited} refused (429)`,
    theirs: `${SHARE * 100} %`,
    ratio: used / SHARE,
    target: '>= 1, none refused',
  }
}

/** Companies without a domain need no call at all. */
function rowOfCalls({ rest }: Pipeline, born: Map<string, number>): Row {
  const { officerCalls } = rest.requests
  const calls = [...born.keys()].flatMap((number) => officerCalls[number] ?? [])
  const each = calls.reduce((sum, count) => sum + count, 0) / calls.length
  return {
    name: 'REST calls per enriched company whose event carried the profile',
    ours: `${each.toFixed(2)} (${calls.length} of ${born.size} had a domain)`,
    theirs: '1',
    ratio: each,
    target: '1',
  }
}

/** When domains were found and companies first stored, in ms since 1970, by company number. */
function readMoments({ db }: Pipeline): { foundMs: Map<string, number>; storedMs: Map<string, number> } {
  const { $client: client } = openDb(db, { readonly: true })
  const read = (sql: string) =>
    new Map((client.prepare(sql).raw().all() as [string, string][]).map(([number, at]) => [number, Date.parse(at)]))
  try {
    return {
      foundMs: read('SELECT company_number, found_at FROM domains'),
      storedMs: read('SELECT company_number, first_seen_at FROM companies'),
    }
  } finally {
    client.close()
  }
}
