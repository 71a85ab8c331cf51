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

interface Armed {
  rule: SnovFaultRule
  untilMs: number
  left: number
}

/** Keeps a plan with its spans and counts; draws come from `random`, so that the same calls meet the same faults. */
export function createSnovFaultSwitch(random: Random, now: () => number): SnovFaultSwitch {
  let armed: Armed[] = []
  const spent: Record<string, number> = {}

  function strikes({ rule, untilMs, left }: Armed, target: Target): boolean {
    if (left <= 0 || now() >= untilMs || !concerns(rule, target)) return false
    return rule.probability === undefined || random.chance(rule.probability)
  }

  return {
    set(plan) {
      armed = plan.map((rule) => ({
        rule,
        untilMs: rule.forMs === undefined ? Number.POSITIVE_INFINITY : now() + rule.forMs,
        left: rule.count ?? Number.POSITIVE_INFINITY,
      }))
    },
    strike(target) {
      const struck = new Map(armed.filter((each) => strikes(each, target)).map((each) => [each.rule.name, each]))
      return {
        has: (name) => (struck.get(name)?.left ?? 0) > 0,
        hits(name) {
          const fault = struck.get(name)
          // A call that came at the same time may have used up the last of its times.
          if (!fault || fault.left <= 0) return false
          fault.left -= 1
          spent[name] = (spent[name] ?? 0) + 1
          return true
        },
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
