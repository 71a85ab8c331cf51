import { errorMessage } from '../errors.ts'
import { type FaultPlan, parseFaults } from './fault-plan.ts'
import { empty, json, type Reply, sentence } from './replies.ts'
import type { RequestCounts } from './request-log.ts'
import type { World } from './world.ts'

/** Where the admin door is: it needs no key, counts nothing and suffers no fault. */
export const ADMIN_PREFIX = '/_sandbox/'

/** What the admin door can see and do. */
export interface AdminView {
  readonly requests: RequestCounts
  readonly truth: World
  setFaults(plan: FaultPlan): void
  foreignCalls(callCount: number): void
}

/**
 * Lets other processes read the sandbox's counts and truth, and steer it: `GET requests`, `GET companies/{n}`,
 * `POST faults` (a plan as text) and `POST foreign?calls=N`.
 */
export function adminReply(view: AdminView, method: string, target: string, body: string): Reply {
  const url = new URL(target, 'http://sandbox')
  const [name, number = ''] = url.pathname.slice(ADMIN_PREFIX.length).split('/')
  switch (`${method} ${name}`) {
    case 'GET requests':
      return json(view.requests)
    case 'GET companies':
      return truthReply(view.truth, number)
    case 'POST faults':
      return faultsReply(view, body)
    case 'POST foreign':
      return foreignReply(view, url.searchParams.get('calls') ?? '')
    default:
      return sentence(404, `The sandbox has no ${method} ${url.pathname}.\n`)
  }
}

function truthReply(world: World, number: string): Reply {
  const company = world.company(number)
  return company
    ? json({ company, officers: world.officers(number) })
    : sentence(404, `There is no company ${number}.\n`)
}

function faultsReply(view: AdminView, text: string): Reply {
  try {
    view.setFaults(parseFaults(text))
    return empty(204)
  } catch (error) {
    return sentence(400, `${errorMessage(error)}\n`)
  }
}

function foreignReply(view: AdminView, calls: string): Reply {
  if (!/^\d{1,6}$/.test(calls)) return sentence(400, `calls must be a whole number, not "${calls}".\n`)
  view.foreignCalls(Number(calls))
  return empty(204)
}
