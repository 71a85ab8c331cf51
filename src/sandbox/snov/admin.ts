import { errorMessage } from '../../errors.ts'
import { empty, json, type Reply, sentence } from '../replies.ts'
import { parseSnovFaults, type SnovFaultPlan } from './fault-plan.ts'
import type { SnovRequestCounts } from './request-log.ts'
import type { SnovTruth } from './truth.ts'

/** Where the admin door is: it needs no token, counts nothing and suffers no fault. */
export const SNOV_ADMIN_PREFIX = '/_sandbox/snov/'

/** What the admin door can see and do. */
export interface SnovAdminView {
  readonly requests: SnovRequestCounts
  readonly balance: number
  readonly truth: SnovTruth
  setFaults(plan: SnovFaultPlan): void
  moveBalance(creditCount: number): void
}

/**
 * Lets other processes read the sandbox's counts and truth, and steer it: `GET requests`, `GET balance`,
 * `GET domains?company=` (number or name), `GET emails?first_name=&last_name=&domain=`, `POST faults` (a plan as text)
 * and `POST balance?by=-5`.
 */
export function snovAdminReply(view: SnovAdminView, method: string, target: string, body: string): Reply {
  const url = new URL(target, 'http://sandbox')
  const query = (name: string) => url.searchParams.get(name) ?? ''
  switch (`${method} ${url.pathname.slice(SNOV_ADMIN_PREFIX.length)}`) {
    case 'GET requests':
      return json(view.requests)
    case 'GET balance':
      return json({ balance: view.balance })
    case 'GET domains':
      return json(view.truth.domainOf(query('company')) ?? null)
    case 'GET emails':
      return json(view.truth.emailsOf(query('first_name'), query('last_name'), query('domain')))
    case 'POST faults':
      return faultsReply(view, body)
    case 'POST balance':
      return balanceReply(view, query('by'))
    default:
      return sentence(404, `The Snov sandbox has no ${method} ${url.pathname}.\n`)
  }
}

function faultsReply(view: SnovAdminView, text: string): Reply {
  try {
    view.setFaults(parseSnovFaults(text))
    return empty(204)
  } catch (error) {
    return sentence(400, `${errorMessage(error)}\n`)
  }
}

function balanceReply(view: SnovAdminView, by: string): Reply {
  if (!/^[+-]?\d{1,9}$/.test(by.trim())) return sentence(400, `by must be a whole number, not "${by}".\n`)
  view.moveBalance(Number(by))
  return empty(204)
}
