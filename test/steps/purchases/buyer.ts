import { type Clock, systemClock } from '../../../src/clock.ts'
import { type Db, openDb } from '../../../src/db/open.ts'
import { beginRun, type Run } from '../../../src/db/runs.ts'
import { credit_ledger, provider_answers, provider_requests } from '../../../src/db/schema.ts'
import type { Quota } from '../../../src/settings.ts'
import { type PollSummary, pollPurchases } from '../../../src/steps/purchases/poll.ts'
import { snovProvider } from '../../../src/steps/purchases/providers.ts'
import type { BuyOptions, PurchaseStep } from '../../../src/steps/purchases/purchase.ts'
import { connected, hurried } from '../../snov/connected.ts'

export const signal = new AbortController().signal
export const noLimits: BuyOptions = {
  lane: 'background',
  signal,
  limits: { maxCredits: null, budget: null },
  retryMissesBefore: null,
}

/** A clock whose wall time is moved by hand; waits are real, and short. */
export interface HandClock extends Clock {
  pass(ms: number): void
}

export function handClock(): HandClock {
  const system = systemClock()
  let passed = 0
  return {
    ...system,
    now: () => system.now() + passed,
    pass(ms) {
      passed += ms
    },
  }
}

export interface Buyer {
  step: PurchaseStep
  clock: HandClock
  run: Run
  warnings: string[]
  /** Polls until nothing is open or `rounds` have gone by, a minute of wall time apart; adds the summaries up. */
  settleAll(rounds?: number): Promise<PollSummary>
}

/** One process that buys: a run of its own on the database, and a client of its own. */
export async function buyer(
  url: string,
  db: Db = openDb(':memory:'),
  clock: HandClock = handClock(),
  quota?: Quota,
): Promise<Buyer> {
  const run = beginRun(db, clock, 'enrich')
  const warnings: string[] = []
  const log = { info() {}, warn: (message: string) => void warnings.push(message), error() {} }
  const snov = await connected(url, { db, clock, ...(quota ? { quota } : {}) })
  const step: PurchaseStep = { db, providers: [snovProvider(snov)], clock, log, timings: hurried, runId: run.id }
  const settleAll = async (rounds = 10) => {
    const total: PollSummary = { polled: 0, settled: 0, creditsOfOthers: 0, notEnoughCredits: false }
    for (let round = 0; round < rounds; round += 1) {
      clock.pass(60_000)
      const { polled, settled, notEnoughCredits } = await pollPurchases(step, { lane: 'background', signal })
      total.polled += polled
      total.settled += settled
      total.notEnoughCredits ||= notEnoughCredits
    }
    return total
  }
  return { step, clock, run, warnings, settleAll }
}

/** The process is gone as after `kill -9`: nothing it awaits is heard of again. */
export function kill({ run }: Buyer): void {
  run[Symbol.dispose]()
}

export const requests = (db: Db) =>
  db
    .select()
    .from(provider_requests)
    .all()
    .map(({ status, reserved, task_hash }) => ({ status, reserved, hashed: task_hash !== null }))

export const ledger = (db: Db) =>
  db
    .select()
    .from(credit_ledger)
    .all()
    .map(({ operation, expected, observed, balance_before, balance_after }) => ({
      operation,
      expected,
      observed,
      before: balance_before,
      after: balance_after,
    }))

export const outcomes = (db: Db) =>
  db
    .select()
    .from(provider_answers)
    .all()
    .map(({ outcome, answer }) => [outcome, answer && JSON.parse(answer)])
