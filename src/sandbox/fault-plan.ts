import { parseDuration } from '../durations.ts'
import { ChpipeError } from '../errors.ts'
import { didYouMean } from '../text.ts'

/** Every way in which the sandbox can misbehave, and what the caller then sees. */
export const FAULTS = {
  '500': 'the documented JSON error, counted against the allowance',
  '502': 'HTML of the gateway, not counted; slow with a delay',
  '503': 'HTML of the gateway, not counted; slow with a delay',
  '504': 'HTML of the gateway, not counted; slow with a delay',
  outage: 'the gateway answers 503 to everything',
  '403': 'the limit per IP address: an empty 403',
  '429': 'a 429 although the allowance is not used up',
  reset: 'the connection is reset before any answer',
  'reset-mid-body': 'the connection is reset half-way through the body',
  truncated: 'a 200 whose JSON text ends too early',
  garbage: 'a 200 whose body is not JSON',
  html: 'a 200 whose body is a web page',
  slow: 'the right answer, late (5 s unless a delay is given)',
  hang: 'no answer at all, on an open connection',
  '404': 'officers: an empty 404, as while the company-metrics record is missing',
  legacy404: 'the 404s of before 2023: no officers, and the old body for an unknown company',
  totals: 'officers: the totals disagree with the items',
  repeat: 'start_index is ignored: every page is the first',
  'no-rate-headers': 'an answer without the four rate headers',
  'odd-items': 'officers: items without name, with unknown roles, wrong types, nulls and unknown members',
  'no-links': 'officers: items without links.self',
  shift: 'officers: an appointment is added while somebody pages',
  huge: 'a body of more than 16 MB',
  nulls: 'null for every member that is absent',
  'escape-codes': 'terminal escape codes in names',
  unsorted: 'searches: another order each time',
} as const

export type FaultName = keyof typeof FAULTS

/** One fault and when it strikes. Without any condition it strikes every call that it concerns. */
export interface FaultRule {
  name: FaultName
  /** 0 to 1. */
  probability?: number | undefined
  /** How often it strikes at most. */
  count?: number | undefined
  /** Only calls about these companies. */
  companies?: readonly string[] | undefined
  /** How long it lasts from the moment the plan is set. */
  forMs?: number | undefined
  /** How long the caller waits for it. */
  delayMs?: number | undefined
}

export type FaultPlan = readonly FaultRule[]

const SYNTAX =
  'A fault is a name with conditions after colons: a share (0.2 or 20%), a number of times (3x), a span (10s), ' +
  'a delay (~2s) or companies (@00445790+SC123456).'

/** Reads a plan such as `500:0.2,reset:0.05,outage:10s,404:2x:@00445790,slow:~2s`; an empty text is no fault at all. */
export function parseFaults(text: string): FaultPlan {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseRule)
}

function parseRule(text: string): FaultRule {
  const [name = '', ...conditions] = text.split(':').map((part) => part.trim())
  if (!isFault(name)) {
    throw new ChpipeError('usage', `There is no fault "${name}".`, {
      hint: didYouMean(name, Object.keys(FAULTS)) ?? `The faults are ${Object.keys(FAULTS).join(', ')}.`,
    })
  }
  return Object.assign({ name }, ...conditions.map((condition) => parseCondition(condition, text)))
}

function isFault(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name)
}

function parseCondition(text: string, rule: string): Partial<FaultRule> {
  if (/^\d+x$/.test(text)) return { count: Number(text.slice(0, -1)) }
  if (/^@\w+(\+\w+)*$/.test(text)) return { companies: text.slice(1).split('+') }
  const probability = /^\d+(\.\d+)?%$/.test(text)
    ? Number(text.slice(0, -1)) / 100
    : Number(text === '' ? Number.NaN : text)
  if (probability >= 0 && probability <= 1) return { probability }
  const delayMs = text.startsWith('~') ? parseDuration(text.slice(1)) : null
  if (delayMs !== null) return { delayMs }
  const forMs = parseDuration(text)
  if (forMs !== null) return { forMs }
  throw new ChpipeError('usage', `"${text}" in the fault "${rule}" is no condition.`, { hint: SYNTAX })
}
