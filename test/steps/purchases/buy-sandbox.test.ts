import { describe, expect, it } from 'vitest'
import type { Db } from '../../../src/db/open.ts'
import { readCreditReport } from '../../../src/db/purchases/credits.ts'
import { listUnconfirmed } from '../../../src/db/purchases/requests.ts'
import { parseSnovFaults } from '../../../src/sandbox/snov/faults.ts'
import { type SnovSandbox, startSnovSandbox } from '../../../src/sandbox/snov/server.ts'
import { createWorld } from '../../../src/sandbox/world/world.ts'
import type { DomainAnswer, EmailsAnswer } from '../../../src/steps/purchases/answers.ts'
import { settleByOperator } from '../../../src/steps/purchases/doubt.ts'
import { domainInput, personInput, readKnown } from '../../../src/steps/purchases/inputs.ts'
import { companySearchName } from '../../../src/steps/purchases/match.ts'
import { buyDomains, buyEmails } from '../../../src/steps/purchases/orders.ts'
import type { BuyOptions } from '../../../src/steps/purchases/purchase.ts'
import { rounds } from '../../acceptance/soak.ts'
import { type Buyer, buyer, type HandClock, kill, noLimits } from './buyer.ts'

const world = createWorld({ seed: 11, companies: 200, today: '2026-01-05' })
const names = [...world.companies()].slice(0, rounds(30, 60)).map(({ company_name }) => companySearchName(company_name))
const people = ['Ann', 'Bob', 'Cyn', 'Dan', 'Eve', 'Flo'].map((firstName) => ({ firstName, lastName: "O'Brien" }))

function open(faults: string, credits = 1000): Promise<SnovSandbox> {
  const credentials = { clientId: 'an-id', clientSecret: 'a-secret-0123456789abcdef' }
  const faultPlan = parseSnovFaults(faults)
  return startSnovSandbox({
    world,
    credits,
    callsPerMinute: 100_000,
    unattendedMs: 0,
    faults: faultPlan,
    ...credentials,
  })
}

/** A process whose allowance opens again soon after a 429. */
function begin(sandbox: SnovSandbox, db?: Db, clock?: HandClock): Promise<Buyer> {
  return buyer(sandbox.url, db, clock, { limit: 1000, windowMs: 50 })
}

/** Buys every domain, and the addresses at those that were found, through as many processes as it takes. */
async function buyEverything(first: Buyer, sandbox: SnovSandbox, options: BuyOptions): Promise<Buyer> {
  let current = first
  const { db } = first.step
  const settle = async () => {
    await current.settleAll(12)
    for (const { id } of listUnconfirmed(db)) settleByOperator(db, current.clock, id, 'bought')
    kill(current)
    current = await begin(sandbox, db, current.clock)
  }
  for (let round = 0; round < 40; round += 1) {
    const { ended } = await buyDomains(current.step, names, options)
    if (ended === 'answered' || ended === 'limit-reached' || ended === 'not-enough-credits') break
    await settle()
  }
  for (const domain of foundDomains(first)) {
    for (let round = 0; round < 12; round += 1) {
      const { ended } = await buyEmails(current.step, { domain, people }, options)
      if (ended === 'answered' || ended === 'limit-reached' || ended === 'not-enough-credits') break
      await settle()
    }
  }
  await settle()
  return current
}

function foundDomains({ step }: Buyer): string[] {
  const known = [...readKnown(step.db, 'domain', names.map(domainInput)).values()]
  const found = known.flatMap((one) => (one.state === 'answered' && one.answer.outcome === 'hit' ? one.answer : []))
  return [...new Set(found.map(({ answer }) => (answer as DomainAnswer).domain))].slice(0, 6)
}

describe('against the sandbox', () => {
  it('ends with what Snov knows, each input started once and every credit in the ledger', async () => {
    await using sandbox = await open('')
    const { step } = await buyEverything(await begin(sandbox), sandbox, noLimits)
    for (const [key, one] of readKnown(step.db, 'domain', names.map(domainInput))) {
      const name = names.find((each) => domainInput(each).key === key) ?? ''
      const truth = sandbox.truth.domainOf(name)
      const told = one.state === 'answered' ? (one.answer.answer as DomainAnswer | null) : null
      expect([name, told?.domain]).toEqual([name, truth?.domain])
    }
    for (const domain of foundDomains({ step } as Buyer)) {
      const inputs = people.map((person) => personInput(person, domain))
      const [first] = readKnown(step.db, 'emails', inputs).values()
      const told = first?.state === 'answered' ? (first.answer.answer as EmailsAnswer | null) : null
      const truth = sandbox.truth.emailsOf('Ann', "O'Brien", domain).map(({ email }) => email)
      expect((told?.emails ?? []).map(({ email }) => email).sort()).toEqual(truth.sort())
    }
    expect(Math.max(...Object.values(sandbox.requests.starts))).toBe(1)
    expect(readCreditReport(step.db).spent).toBe(1000 - sandbox.balance)
  })

  it.each([
    'recased,stranger,odd:30%:@result,other-hash',
    'escaped:50%,plainer:50%,miss-no-row',
    'miss-null:50%,miss-object:50%,hidden:20%,more-emails:20%,odd-status:20%',
    '401:1x:@result,429:5%,502:10%:@result,truncated:10%:@result,huge:1x:@result,deep:5%',
  ])('loses nothing and starts nothing twice under %s', async (faults) => {
    await using sandbox = await open(faults)
    const { step } = await buyEverything(await begin(sandbox), sandbox, noLimits)
    const known = [...readKnown(step.db, 'domain', names.map(domainInput)).values()]
    expect(known.every(({ state }) => state === 'answered')).toBe(true)
    expect(Math.max(...Object.values(sandbox.requests.starts))).toBe(1)
    expect(readCreditReport(step.db).spent).toBe(1000 - sandbox.balance)
  })

  it('starts nothing twice and passes no budget when starts fail in every way', async () => {
    const lost = ['504-after', 'reset-after', 'reset-mid-body', 'truncated', 'garbage', 'no-hash', '502', 'reset']
    await using sandbox = await open(`401:1x:@start,${lost.map((fault) => `${fault}:6%:@start`).join(',')}`)
    const budget = { limit: rounds(10, 30), windowMs: 86_400_000 }
    const options = { ...noLimits, limits: { maxCredits: null, budget } }
    const { step } = await buyEverything(await begin(sandbox), sandbox, options)
    expect(Math.max(...Object.values(sandbox.requests.starts))).toBe(1)
    expect(1000 - sandbox.balance).toBeLessThanOrEqual(budget.limit)
    expect(readCreditReport(step.db).spent).toBeLessThanOrEqual(budget.limit)
  })
})
