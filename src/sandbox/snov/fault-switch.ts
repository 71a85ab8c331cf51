import { armFaults } from '../armed-faults.ts'
import type { Random } from '../random.ts'
import type { SnovFaultName, SnovFaultPlan, SnovFaultRule } from './fault-plan.ts'
import type { Operation, Phase } from './route.ts'

/** The call that a fault may strike. */
interface Target {
  operation: Operation
  phase?: Phase | undefined
}

/** The faults that strike one call. */
export interface SnovStruck {
  has(name: SnovFaultName): boolean
  /** Like `has`, and uses up one of the fault's times: to be asked only where the fault then has its effect. */
  hits(name: SnovFaultName): boolean
  /** How long the caller is to wait for the fault; 0 unless its rule says otherwise. */
  delayMs(name: SnovFaultName): number
}

export interface SnovFaultSwitch {
  set(plan: SnovFaultPlan): void
  strike(target: Target): SnovStruck
  /** How often each fault had its effect. */
  readonly spent: Record<string, number>
}

/** Keeps a plan with its spans and counts; draws come from `random`, so that the same calls meet the same faults. */
export function createSnovFaultSwitch(random: Random, now: () => number): SnovFaultSwitch {
  const { set, strike, spend, spent } = armFaults<SnovFaultRule>(random, now)
  return {
    set,
    strike(target) {
      const struck = new Map(strike((rule) => concerns(rule, target)).map((fault) => [fault.rule.name, fault]))
      return {
        has: (name) => (struck.get(name)?.left ?? 0) > 0,
        hits: (name) => spend(struck.get(name)),
        delayMs: (name) => struck.get(name)?.rule.delayMs ?? 0,
      }
    },
    spent,
  }
}

/** Named operations and named halves narrow each other: `@email-verification+start` is that start alone. */
function concerns({ calls }: SnovFaultRule, { operation, phase }: Target): boolean {
  if (!calls) return true
  const phases = calls.filter((call) => call === 'start' || call === 'result')
  const operations = calls.filter((call) => call !== 'start' && call !== 'result')
  if (phases.length > 0 && !(phase && phases.includes(phase))) return false
  return operations.length === 0 || operations.includes(operation)
}
