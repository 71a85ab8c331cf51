import { type FaultConditions, parseFaultPlan } from './fault-grammar.ts'

/** Every way in which the sandbox can misbehave, and what the caller then sees. */
export const FAULTS = {
  '500': 'the documented JSON error, counted against the allowance',
  '502': 'HTML of the gateway, not counted; slow with a delay',
  '503': 'HTML of the gateway, not counted; slow with a delay',
  '504': 'HTML of the gateway, not counted; slow with a delay',
  outage: 'the gateway answers 503 to everything',
  '403': 'the limit per IP address: an empty 403',
  '204': 'no content, instead of any answer',
  '302': 'a redirect to a sign-in page, instead of any answer',
  '400': 'a 400 with a web page, instead of any answer',
  '410': 'a 410 with a web page, instead of any answer',
  '451': 'a 451 with a web page, instead of any answer',
  html404: "a 404 with a web page, which is not the service's own",
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
  'not-a-list': 'a 200 with other JSON: nothing, an error, null for the items, or no items although some are counted',
  emptied: 'officers: an empty list of nobody, in place of any list',
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
export interface FaultRule extends FaultConditions {
  name: FaultName
  /** Only calls about these companies. */
  companies?: readonly string[] | undefined
}

export type FaultPlan = readonly FaultRule[]

/** Reads a plan such as `500:0.2,reset:0.05,outage:10s,404:2x:@00445790,slow:~2s`; an empty text is no fault at all. */
export function parseFaults(text: string): FaultPlan {
  return parseFaultPlan(text, {
    faults: FAULTS,
    noun: 'fault',
    listed: 'The faults',
    targets: 'companies (@00445790+SC123456)',
    readTarget: (companies) => (companies.every((number) => /^\w+$/.test(number)) ? { companies } : undefined),
  })
}
