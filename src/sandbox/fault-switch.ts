import { armFaults } from './armed-faults.ts'
import type { FaultName, FaultPlan, FaultRule } from './fault-plan.ts'
import type { Random } from './random.ts'

/** The faults that strike one call. */
export interface Struck {
  has(name: FaultName): boolean
  /** Like `has`, and uses up one of the fault's times: to be asked only where the fault then has its effect. */
  hits(name: FaultName): boolean
  /** How long the caller is to wait for the fault; 0 unless its rule says otherwise. */
  delayMs(name: FaultName): number
}

export interface FaultSwitch {
  set(plan: FaultPlan): void
  /** Decides which faults strike a call; `companyNumber` is absent for calls that concern no single company. */
  strike(companyNumber: string | undefined): Struck
  /** How often each fault had its effect. */
  readonly spent: Record<string, number>
}

/** Keeps a plan with its spans and counts; draws come from `random`, so that the same calls meet the same faults. */
export function createFaultSwitch(random: Random, now: () => number): FaultSwitch {
  const { set, strike, spend, spent } = armFaults<FaultRule>(random, now)
  return {
    set,
    strike(companyNumber) {
      const concerns = ({ companies }: FaultRule) =>
        !companies || (companyNumber !== undefined && companies.includes(companyNumber))
      const struck = new Map(strike(concerns).map((fault) => [fault.rule.name, fault]))
      return {
        has: (name) => struck.has(name),
        hits: (name) => spend(struck.get(name)),
        delayMs: (name) => struck.get(name)?.rule.delayMs ?? 0,
      }
    },
    spent,
  }
}
