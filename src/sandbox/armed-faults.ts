import type { FaultConditions } from './fault-grammar.ts'
import type { Random } from './random.ts'

/** A rule of the plan that is set, and how much of it is left. */
export interface Armed<Rule> {
  readonly rule: Rule
  readonly untilMs: number
  left: number
}

/** A plan with its spans and counts. */
export interface ArmedFaults<Rule extends { name: string }> {
  set(plan: readonly Rule[]): void
  /** Whether the plan that is set names this fault. */
  plans(name: Rule['name']): boolean
  /** The faults that strike something now, of those whose rule concerns it. */
  strike(concerns: (rule: Rule) => boolean): Armed<Rule>[]
  /** Uses up one of a fault's times; returns whether it had one left. */
  spend(fault: Armed<Rule> | undefined): boolean
  /** Whether its plan is still set and its span not over. */
  lasts(fault: Armed<Rule>): boolean
  /** How often each fault had its effect. */
  readonly spent: Record<string, number>
}

/** Keeps the plan that is set; draws come from `random`, so that the same course of things meets the same faults. */
export function armFaults<Rule extends FaultConditions & { name: string }>(
  random: Random,
  now: () => number,
): ArmedFaults<Rule> {
  let armed: Armed<Rule>[] = []
  const spent: Record<string, number> = {}
  const strikes = ({ rule, untilMs, left }: Armed<Rule>, concerns: (rule: Rule) => boolean) => {
    if (left <= 0 || now() >= untilMs || !concerns(rule)) return false
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
    plans: (name) => armed.some(({ rule }) => rule.name === name),
    strike: (concerns) => armed.filter((fault) => strikes(fault, concerns)),
    spend(fault) {
      // What happened at the same time may have used up the last of its times.
      if (!fault || fault.left <= 0) return false
      fault.left -= 1
      spent[fault.rule.name] = (spent[fault.rule.name] ?? 0) + 1
      return true
    },
    lasts: (fault) => armed.includes(fault) && now() < fault.untilMs,
    spent,
  }
}
