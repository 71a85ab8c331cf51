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

interface Armed {
  rule: FaultRule
  untilMs: number
  left: number
}

/** Keeps a plan with its spans and counts; draws come from `random`, so that the same calls meet the same faults. */
export function createFaultSwitch(random: Random, now: () => number): FaultSwitch {
  let armed: Armed[] = []
  const spent: Record<string, number> = {}

  function strikes({ rule, untilMs, left }: Armed, companyNumber: string | undefined): boolean {
    if (left <= 0 || now() >= untilMs) return false
    if (rule.companies && !(companyNumber !== undefined && rule.companies.includes(companyNumber))) return false
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
    strike(companyNumber) {
      const struck = new Map(armed.filter((each) => strikes(each, companyNumber)).map((each) => [each.rule.name, each]))
      return {
        has: (name) => struck.has(name),
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
