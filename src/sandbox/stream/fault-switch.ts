import { armFaults } from '../armed-faults.ts'
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

const UNSTRUCK: Struck = { hits: () => undefined }

/** Keeps a plan with its spans and counts; draws come from `random`, so that the same course of events meets the same faults. */
export function createStreamFaultSwitch(random: Random, now: () => number): StreamFaultSwitch {
  const { set, plans, strike, spend, lasts, spent } = armFaults<StreamFaultRule>(random, now)
  return {
    set,
    plans,
    strike(resourceId) {
      const struck = strike(
        ({ resources }) => !resources || (resourceId !== undefined && resources.includes(resourceId)),
      )
      if (struck.length === 0) return UNSTRUCK
      return {
        hits(name) {
          const fault = struck.find(({ rule }) => rule.name === name)
          return fault && spend(fault) ? { delayMs: fault.rule.delayMs, lasts: () => lasts(fault) } : undefined
        },
      }
    },
    spent,
  }
}
