import type { Random } from '../random.ts'
import type { StreamFaultName, StreamFaultPlan, StreamFaultRule } from './fault-plan.ts'

/** A fault that had its effect. */
export interface Hit {
  /** Undefined unless its rule names a delay. */
  delayMs: number | undefined
  /** Whether its plan is still set and its span not over. */
  lasts(): boolean
}

/** The faults that strike one connection or one event. */
export interface Struck {
  /** Uses up one of the fault's times: to be asked only where the fault then has its effect. */
  hits(name: StreamFaultName): Hit | undefined
}

export interface StreamFaultSwitch {
  set(plan: StreamFaultPlan): void
  /** Whether the plan that is set names this fault. */
  plans(name: StreamFaultName): boolean
  /** Decides which faults strike; `resourceId` is absent for connections. */
  strike(resourceId?: string): Struck
  /** How often each fault had its effect. */
  readonly spent: Record<string, number>
}

interface Armed {
  rule: StreamFaultRule
  untilMs: number
  left: number
}

const UNSTRUCK: Struck = { hits: () => undefined }

/** Keeps a plan with its spans and counts; draws come from `random`, so that the same course of events meets the same faults. */
export function createStreamFaultSwitch(random: Random, now: () => number): StreamFaultSwitch {
  let armed: Armed[] = []
  const spent: Record<string, number> = {}

  function strikes({ rule, untilMs, left }: Armed, resourceId: string | undefined): boolean {
    if (left <= 0 || now() >= untilMs) return false
    if (rule.resources && !(resourceId !== undefined && rule.resources.includes(resourceId))) return false
    return rule.probability === undefined || random.chance(rule.probability)
  }

  function hit(fault: Armed | undefined): Hit | undefined {
    // What happened at the same time may have used up the last of its times.
    if (!fault || fault.left <= 0) return undefined
    const { rule, untilMs } = fault
    fault.left -= 1
    spent[rule.name] = (spent[rule.name] ?? 0) + 1
    return { delayMs: rule.delayMs, lasts: () => armed.includes(fault) && now() < untilMs }
  }

  return {
    set(plan) {
      armed = plan.map((rule) => ({
        rule,
        untilMs: rule.forMs === undefined ? Number.POSITIVE_INFINITY : now() + rule.forMs,
        left: rule.count ?? Number.POSITIVE_INFINITY,
      }))
    },
    plans: (name) => armed.some(({ rule }) => rule.name === name),
    strike(resourceId) {
      if (armed.length === 0) return UNSTRUCK
      const struck = armed.filter((each) => strikes(each, resourceId))
      return { hits: (name) => hit(struck.find(({ rule }) => rule.name === name)) }
    },
    spent,
  }
}
