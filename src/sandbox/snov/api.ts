import { json, type Reply } from '../kit/replies.ts'
import type { Random } from '../world/random.ts'
import { createDomainDrafts } from './by-domain.ts'
import { listDraft } from './by-list.ts'
import { plainText } from './domains.ts'
import type { SnovStruck } from './faults.ts'
import { invalid, outOfCredits, type Params, unknownTask, unknownUrl } from './replies.ts'
import type { DomainOperation, ListOperation, SnovRoute } from './requests.ts'
import type { Credits, TaskDraft, TaskItem, Tasks } from './tasks.ts'
import { isWebmail, type SnovTruth } from './truth.ts'

export type PendingSpelling = 'in_progress' | 'in progress'

export interface SnovApiOptions {
  truth: SnovTruth
  credits: Credits
  tasks: Tasks
  seed: number
  baseUrl: () => string
  /** As documented when absent: `in_progress` by list, `in progress` by domain. */
  pendingSpelling: PendingSpelling | undefined
  random: Random
  now: () => number
}

/** Answers one authorised, counted call other than those for a token. */
export type SnovApi = (route: SnovRoute, params: Params, struck: SnovStruck) => Reply

/** The endpoints that the sandbox serves (facts sections 3 to 6). */
export function createSnovApi(options: SnovApiOptions): SnovApi {
  const { truth, random } = options
  const domainDraft = createDomainDrafts(options)
  return (route, params, struck) => {
    switch (route.operation) {
      case 'balance':
        return balance(options.credits)
      case 'emails-count':
        return emailsCount(truth, params)
      case 'token':
      case 'other':
        return unknownUrl()
      case 'company-domain-by-name':
      case 'emails-by-domain-by-name':
      case 'email-verification':
      case 'li-profiles-by-urls':
        return route.phase === 'start'
          ? start(options, route.operation, params, struck, () => listDraft(route.operation, params, truth, random))
          : (result(options, route.operation, params.text('task_hash'), struck) ?? unknownTask())
      default:
        return route.phase === 'start'
          ? start(options, route.operation, params, struck, () => domainDraft(route.operation, params, route.hash))
          : (result(options, route.operation, route.hash, struck) ?? unknownUrl())
    }
  }
}

/** The balance is a decimal string; the other members never change here. */
function balance(credits: Credits): Reply {
  const data = {
    balance: credits.balance.toFixed(2),
    teamwork: false,
    unique_recipients_used: 0,
    limit_resets_in: 29,
    expires_in: 359,
  }
  return json({ success: true, data })
}

function emailsCount(truth: SnovTruth, params: Params): Reply {
  const domain = plainText(params.text('domain'))
  if (domain === '') return invalid('domain', 'field is required')
  return json({
    success: true,
    domain,
    webmail: isWebmail(domain),
    result: isWebmail(domain) ? 0 : truth.contactsOf(domain).emails.length,
  })
}

function start(
  { credits, tasks }: SnovApiOptions,
  operation: ListOperation | DomainOperation,
  params: Params,
  struck: SnovStruck,
  describe: () => TaskDraft | Reply,
): Reply {
  // [B] a webhook is never called, or it makes the start fail, as one user reported (facts 2.3).
  if (params.text('webhook_url') !== '' && struck.hits('webhook-rejected')) return invalid('webhook_url', 'is invalid')
  const draft = describe()
  if ('status' in draft) return draft
  // [B] an empty balance is noticed at the start only where it shows as an HTTP error.
  const refusal = shortage(struck, () => credits.balance < 1 || struck.hits('no-credits') !== undefined)
  if (refusal) return refusal
  const items = draft.items.map((item) => priced(item, credits, struck))
  const hash = tasks.start(operation, { ...draft, items }, struck.hits('never-finish') !== undefined)
  return json(draft.started(hash))
}

/** What faults make of an item: an input charged before may be free, and a row may hold one e-mail more. */
function priced(item: TaskItem, credits: Credits, struck: SnovStruck): TaskItem {
  const row: Record<string, unknown> = Object(item.row)
  const { result: found } = row
  const again = item.credits > 0 && credits.wasCharged(item.input) && struck.hits('repeat-free')
  if (!('people' in row) || !Array.isArray(found) || found.length === 0 || !struck.hits('more-emails')) {
    return again ? { ...item, credits: 0 } : item
  }
  const one: Record<string, unknown> = Object(found[0])
  const result = [...found, { ...one, email: `alias.${String(one.email)}` }]
  return { ...item, credits: again ? 0 : result.length, row: { ...row, result } }
}

function result(
  { tasks, pendingSpelling }: SnovApiOptions,
  operation: ListOperation | DomainOperation,
  hash: string,
  struck: SnovStruck,
): Reply | undefined {
  if (struck.hits('forget')) return undefined
  const polled = tasks.poll(operation, hash, struck)
  if (!polled) return undefined
  const { status, body } = polled
  if (status !== 'pending') return shortage(struck, () => status === 'not_enough_credits') ?? json(body)
  const documented = 'links' in body ? 'in progress' : 'in_progress'
  return json({ ...body, status: pendingSpelling ?? documented })
}

/** Out of credits as an HTTP error, where a fault says so; the fault is used up only by a shortage. */
function shortage(struck: SnovStruck, isShort: () => boolean): Reply | undefined {
  const code = struck.has('credits-400') ? 400 : struck.has('credits-402') ? 402 : undefined
  return code && isShort() && struck.hits(`credits-${code}`) ? outOfCredits(code) : undefined
}
