import { type FaultConditions, parseFaultPlan } from '../fault-grammar.ts'
import { OPERATIONS, type Operation, type Phase } from './route.ts'

/** Every way in which the Snov sandbox can misbehave or differ, and what the caller then sees. */
export const SNOV_FAULTS = {
  '400': 'the operation is refused: 400 with an array of errors',
  '401': 'a good token is refused',
  '403': 'the account may not use the API',
  '429': 'a 429 although the allowance is not used up',
  '500': 'a JSON error; nothing was done',
  '502': 'HTML of the gateway; nothing was done; slow with a delay',
  '504': 'HTML of the gateway; nothing was done; slow with a delay',
  '504-after': 'HTML of the gateway, although the call was carried out',
  reset: 'the connection is reset; nothing was done',
  'reset-after': 'the call is carried out, and the connection is reset before the answer',
  'reset-mid-body': 'the call is carried out, and the connection is reset half-way through the body',
  hang: 'no answer at all, on an open connection; nothing was done',
  'hang-after': 'the call is carried out, and never answered',
  slow: 'the right answer, late (5 s unless a delay is given)',
  truncated: 'a 200 whose JSON text ends too early; the call was carried out',
  garbage: 'a 200 whose body is not JSON; the call was carried out',
  html: 'a 200 whose body is a web page; the call was carried out',
  huge: 'a 200 with a body of more than 16 MB',
  deep: 'a 200 with JSON nested 100,000 levels deep',
  odd: 'tasks: wrong types, nulls and unknown members',
  'odd-status': 'results: a status that nobody knows',
  'no-hash': 'starts: carried out, but the answer lacks the task hash',
  'other-hash': 'results by list: meta.task_hash is not the one of the start',
  'foreign-link': 'starts by domain: links.result points to another host',
  forget: 'results: a task is as unknown as if it had never been started',
  'never-finish': 'starts: a task that stays pending for ever and costs nothing',
  'no-credits': 'as if the balance were used up: the result says not_enough_credits',
  'credits-400': 'where credits are short, 400 with "you ran out of credits" instead',
  'credits-402': 'where credits are short, 402 instead',
  'partial-credits': 'where credits are short, the rows that they still pay for are delivered and charged',
  'repeat-free': 'an input that was charged before costs nothing again',
  'more-emails': 'finder: one more e-mail for every row found, charged too',
  'miss-object': 'misses are {} instead of []',
  'miss-null': 'misses are null instead of []',
  'miss-no-row': 'misses have no row at all',
  recased: 'results by list: names and addresses come back in capitals, with odd spaces',
  escaped: 'results by list: names come back with HTML escapes, such as &amp; and &#039;',
  plainer: 'results by list: names come back without accents and signs, and for &',
  renamed: 'results by list: the first name comes back as quite another one',
  stranger: 'results by list: one more row that nobody asked for',
  hidden: 'finder: every e-mail found is unknown, hidden_by_owner',
  'webhook-rejected': 'a start with a webhook_url is refused',
  'one-token': 'a new token ends the older ones',
} as const

export type SnovFaultName = keyof typeof SNOV_FAULTS

/** One fault and when it strikes. Without any condition it strikes every call that it concerns. */
export interface SnovFaultRule extends FaultConditions {
  name: SnovFaultName
  /** Only these operations, and only this half of a task. */
  calls?: readonly (Operation | Phase)[] | undefined
}

export type SnovFaultPlan = readonly SnovFaultRule[]

const CALLS: readonly string[] = [...OPERATIONS, 'start', 'result']

/** Reads a plan such as `500:0.2,reset-after:1x:@emails-by-domain-by-name+start,slow:~2s`; an empty text is no fault. */
export function parseSnovFaults(text: string): SnovFaultPlan {
  return parseFaultPlan(text, {
    faults: SNOV_FAULTS,
    noun: 'Snov fault',
    listed: 'The faults',
    targets: `calls (@email-verification+start, of ${CALLS.join(', ')})`,
    readTarget: (calls) => (calls.every(isCall) ? { calls } : undefined),
  })
}

/** Whether the sandbox knows a fault of this name. */
export function isSnovFault(name: string): name is SnovFaultName {
  return Object.hasOwn(SNOV_FAULTS, name)
}

function isCall(word: string): word is Operation | Phase {
  return CALLS.includes(word)
}
