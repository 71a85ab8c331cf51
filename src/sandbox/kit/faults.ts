import { parseDuration } from '../../clock.ts'
import { ChpipeError } from '../../errors.ts'
import { didYouMean } from '../../text.ts'
import type { Random } from '../world/random.ts'

/** When a fault strikes. Without any condition it strikes every time that it may. */
export interface FaultConditions {
  /** 0 to 1. */
  probability?: number | undefined
  /** How often it strikes at most. */
  count?: number | undefined
  /** How long it lasts from the moment the plan is set. */
  forMs?: number | undefined
  /** How long the caller waits for it. */
  delayMs?: number | undefined
}

/** One fault, when it strikes and what it concerns. */
export type FaultRule<Name extends string, Target = object> = FaultConditions & Partial<Target> & { name: Name }

/** A fault that had its effect. */
export interface Hit {
  /** How long the caller waits for it; undefined unless its rule says so. */
  delayMs: number | undefined
  /** Whether its plan is still set and its span not over. */
  lasts(): boolean
}

/** The faults that strike one call, one connection or one event. */
export interface Struck<Name extends string> {
  /** Whether the fault strikes and has a time left. */
  has(name: Name): boolean
  /** Uses up one of the fault's times: ask only where the fault then has its effect. */
  hits(name: Name): Hit | undefined
}

/** No fault at all. */
export const UNSTRUCK: Struck<string> = { has: () => false, hits: () => undefined }

/** The plan that a service follows, with its spans and counts. */
export interface FaultSwitch<Rule extends FaultRule<string>, Target> {
  set(plan: readonly Rule[]): void
  /** Whether the plan that is set names this fault. */
  plans(name: Rule['name']): boolean
  /** Decides which faults strike a target now. */
  strike(target: Target): Struck<Rule['name']>
  /** How often each fault had its effect. */
  readonly spent: Record<string, number>
}

interface Armed<Rule> {
  rule: Rule
  untilMs: number
  left: number
}

/**
 * Keeps the plan that is set; `concerns` says whether a rule is about a target. Draws come from `random`, so that the same
 * course of things meets the same faults.
 */
export function createFaultSwitch<Rule extends FaultRule<string>, Target>(
  random: Random,
  now: () => number,
  concerns: (rule: Rule, target: Target) => boolean,
): FaultSwitch<Rule, Target> {
  let armed: Armed<Rule>[] = []
  const spent: Record<string, number> = {}
  const strikes = ({ rule, untilMs, left }: Armed<Rule>, target: Target) => {
    if (left <= 0 || now() >= untilMs || !concerns(rule, target)) return false
    return rule.probability === undefined || random.chance(rule.probability)
  }
  const spend = (fault: Armed<Rule> | undefined): Hit | undefined => {
    // What happened at the same time may have used up the last of its times.
    if (!fault || fault.left <= 0) return undefined
    fault.left -= 1
    spent[fault.rule.name] = (spent[fault.rule.name] ?? 0) + 1
    return { delayMs: fault.rule.delayMs, lasts: () => armed.includes(fault) && now() < fault.untilMs }
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
    strike(target) {
      const struck = armed.filter((fault) => strikes(fault, target))
      if (struck.length === 0) return UNSTRUCK
      const byName = new Map(struck.map((fault) => [fault.rule.name, fault]))
      return {
        has: (name) => (byName.get(name)?.left ?? 0) > 0,
        hits: (name) => spend(byName.get(name)),
      }
    },
    spent,
  }
}

export interface FaultGrammar<Name extends string, Target> {
  /** Every fault and what it does. */
  faults: Readonly<Record<Name, string>>
  /** How one of them is called in errors, and how their list begins. */
  noun: string
  listed: string
  /** What a condition that begins with `@` narrows the fault to; undefined when it is none. */
  readTarget(words: string[]): Target | undefined
  /** How such a condition is written. */
  targets: string
}

/**
 * Reads a plan such as `500:0.2,reset:0.05,outage:10s,404:2x,slow:~2s`; an empty text is no fault at all. Throws a `usage`
 * error that names the wrong part.
 */
export function parseFaultPlan<Name extends string, Target>(
  text: string,
  grammar: FaultGrammar<Name, Target>,
): FaultRule<Name, Target>[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => parseRule(part, grammar))
}

function parseRule<Name extends string, Target>(text: string, grammar: FaultGrammar<Name, Target>) {
  const [name = '', ...conditions] = text.split(':').map((part) => part.trim())
  const known = Object.keys(grammar.faults)
  if (!known.includes(name)) {
    throw new ChpipeError('usage', `There is no ${grammar.noun} "${name}".`, {
      hint: didYouMean(name, known) ?? `${grammar.listed} are ${known.join(', ')}.`,
    })
  }
  return Object.assign(
    { name: name as Name },
    ...conditions.map((condition) => parseCondition(condition, text, grammar)),
  )
}

function parseCondition<Name extends string, Target>(
  text: string,
  rule: string,
  { noun, readTarget, targets }: FaultGrammar<Name, Target>,
): FaultConditions | Target {
  if (/^\d+x$/.test(text)) return { count: Number(text.slice(0, -1)) }
  const target = text.startsWith('@') ? readTarget(text.slice(1).split('+')) : undefined
  if (target) return target
  const share = /^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) / 100 : Number(text === '' ? Number.NaN : text)
  if (share >= 0 && share <= 1) return { probability: share }
  const delayMs = text.startsWith('~') ? parseDuration(text.slice(1)) : null
  if (delayMs !== null) return { delayMs }
  const forMs = parseDuration(text)
  if (forMs !== null) return { forMs }
  throw new ChpipeError('usage', `"${text}" in the ${noun} "${rule}" is no condition.`, {
    hint:
      'A fault is a name with conditions after colons: a share (0.2 or 20%), a number of times (3x), a span (10s), ' +
      `a delay (~2s) or ${targets}.`,
  })
}
