// The built program against both sandboxes: what is stored must equal their truth, whatever happens on the way, and
// nothing may be bought twice.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { parseFaults } from '../../src/sandbox/companies-house/faults.ts'
import { parseSnovFaults } from '../../src/sandbox/snov/faults.ts'
import { companySearchName } from '../../src/steps/purchases/match.ts'
import { type EnrichStage, enrichStage } from './enriching.ts'
import { rounds } from './soak.ts'

/** Every company's domain by the truth; what leads nowhere is left out. */
function trueDomains({ world, snov }: EnrichStage): string[] {
  return [...world.numbers()]
    .flatMap((number) => {
      const found = snov.truth.domainOf(number)
      return found ? [`${number}|${found.domain}`] : []
    })
    .sort()
}

const storedDomains = (on: EnrichStage) => on.read().domains.map((line) => line.split('|').slice(0, 2).join('|'))

/** Nothing was asked for twice. */
function expectBoughtOnce({ snov }: EnrichStage): void {
  expect(Object.entries(snov.requests.starts).filter(([, count]) => count > 1)).toEqual([])
}

interface Doubt {
  id: number
  /** Company names, or people at the domain. */
  inputs: string[]
  domain: string | null
}

/** The companies whose answer a kill may have cost: those of the names and domains in doubt. */
function companiesOf(doubts: Doubt[], { world, snov }: EnrichStage): Set<string> {
  const isMeant = (number: string) => {
    const name = companySearchName(world.company(number)?.company_name ?? '')
    const domain = snov.truth.domainOf(number)?.domain
    return doubts.some((doubt) => doubt.inputs.includes(name) || (domain !== undefined && doubt.domain === domain))
  }
  return new Set([...world.numbers()].filter(isMeant))
}

/** What is stored of all other companies; the confidence in a domain depends on who shares it. */
function rowsOf(on: EnrichStage, without: Set<string>) {
  const { jobs, emails } = on.read()
  const kept = (line: string) => !without.has(line.slice(0, 8))
  return { jobs: jobs.filter(kept), domains: storedDomains(on).filter(kept), emails: emails.filter(kept) }
}

describe('enrich', () => {
  it('takes every stored company to its domain, officers and addresses', async () => {
    await using on = await enrichStage({ size: 24, bare: true })
    const { code, stdout, stderr } = await on.start(['--include-inactive']).ended
    expect([code, stderr]).toEqual([0, expect.stringContaining('domain found')])
    const report = JSON.parse(stdout)
    expect(storedDomains(on)).toEqual(trueDomains(on))
    const state = on.read()
    expect(report).toMatchObject({
      companies: 24,
      failed: 0,
      left: 0,
      domains: state.domains.length,
      rate_limited: 0,
      ended: 'nothing-left',
      credits_spent: on.snov.requests.creditsSpent,
      calls: { companies_house: on.rest.requests.total, snov: on.snov.requests.total },
    })
    expect(state.emails.length).toBeGreaterThan(1)
    expect(state.spent).toBe(1000 - on.snov.balance)
    expectBoughtOnce(on)
  })

  it('ends with the same rows after kill -9 at any moment, and buys nothing twice', async () => {
    // A kill can cost the answer to ten names, and some companies must be left to compare.
    const [kills, size] = [rounds(3, 12), rounds(32, 130)]
    await using unbroken = await enrichStage({ size })
    expect((await unbroken.start().ended).code).toBe(0)
    await using on = await enrichStage({ size, snov: { pendingPolls: 2 } })
    for (let kill = 0; kill < kills; kill += 1) {
      const child = on.start()
      await sleep(400 + kill * 131)
      child.process.kill('SIGKILL')
      await child.ended
    }
    expect((await on.start().ended).code).toBe(0)
    const doubts: Doubt[] = JSON.parse((await on.start(['--unconfirmed']).ended).stdout)
    expect(doubts.length).toBeLessThanOrEqual(kills)
    for (const { id } of doubts) await on.start(['--settle', String(id), 'bought']).ended
    const last = await on.start().ended
    expect([last.code, JSON.parse(last.stdout)]).toEqual([0, expect.objectContaining({ left: 0, failed: 0 })])
    expect(new Set(on.read().jobs.map((job) => job.split(' ')[0]))).toEqual(new Set(on.world.numbers()))
    const lost = companiesOf(doubts, unbroken)
    expect(lost.size).toBeLessThan(size)
    expect(rowsOf(on, lost)).toEqual(rowsOf(unbroken, lost))
    expect(trueDomains(on)).toEqual(expect.arrayContaining(storedDomains(on)))
    expectBoughtOnce(on)
  }, 300_000)

  it('shares the work of two processes, without a 429 and without buying twice', async () => {
    const snov = { callsPerMinute: 60, minuteMs: 1000 }
    await using on = await enrichStage({ size: 20, snov })
    const both = [1, 2].map(() => on.start([], { CHPIPE_SNOV_QUOTA: '60/1s' }))
    const ends = await Promise.all(both.map(({ ended }) => ended))
    expect(ends.map(({ code }) => code)).toEqual([0, 0])
    expect(storedDomains(on)).toEqual(trueDomains(on))
    expect([on.snov.requests.rateLimited, on.rest.requests.rateLimited]).toEqual([0, 0])
    expectBoughtOnce(on)
  })

  it('ends within five seconds of SIGTERM with 130, and goes on later', async () => {
    await using on = await enrichStage({ size: 16, rest: { latencyMs: 20 } })
    const child = on.start([], { CHPIPE_TIME_SCALE: '0.2' })
    await sleep(1500)
    const began = performance.now()
    child.process.kill('SIGTERM')
    expect((await child.ended).code).toBe(130)
    expect(performance.now() - began).toBeLessThan(5000)
    expect(on.read().jobs.filter((job) => !job.endsWith('null'))).toEqual([])
    expect((await on.start().ended).code).toBe(0)
    expect(storedDomains(on)).toEqual(trueDomains(on))
    expectBoughtOnce(on)
  })

  it('ends with the same rows when both services have their faults', async () => {
    await using on = await enrichStage({ size: 20, bare: true })
    on.rest.setFaults(parseFaults('500:0.06,reset:0.05,truncated:0.05'))
    on.snov.setFaults(
      parseSnovFaults(
        '500:0.1:@result,502:0.05:@result,reset:0.05:@result,recased:0.5,escaped:0.3,plainer:0.3,stranger:0.3',
      ),
    )
    const { code } = await on.start(['--include-inactive']).ended
    expect(code).toBe(0)
    expect(storedDomains(on)).toEqual(trueDomains(on))
    expectBoughtOnce(on)
  })
})
