import { randomBytes } from 'node:crypto'
import { json, type Reply } from '../kit/replies.ts'
import type { SnovStruck } from './faults.ts'
import { badClient, type Params } from './replies.ts'
import type { SnovOperation } from './requests.ts'

export type TaskStatus = 'pending' | 'completed' | 'not_enough_credits'

/** One thing asked for: its name in the counts, its price when the task completes, its part of the result. */
export interface TaskItem {
  input: string
  credits: number
  row: unknown
}

/** A task as an operation describes it before it has a hash. */
export interface TaskDraft {
  items: TaskItem[]
  /** The answer to its start. */
  started(hash: string): Record<string, unknown>
  /** The answer to a poll; `rows` are those of the items paid for. */
  result(hash: string, status: TaskStatus, rows: unknown[]): Record<string, unknown>
}

interface Task {
  operation: SnovOperation
  draft: TaskDraft
  status: TaskStatus
  rows: unknown[]
  startedAtMs: number
  pollCount: number
  neverFinishes: boolean
}

export interface TasksOptions {
  credits: Credits
  /** How many polls of a task answer that it is pending. */
  pendingPolls: number
  /** After how long a task that nobody polls completes by itself. */
  unattendedMs: number
  now: () => number
}

export interface Tasks {
  /** Starts a task and returns its hash. */
  start(operation: SnovOperation, draft: TaskDraft, neverFinishes: boolean): string
  /** The state after one more poll; undefined for a hash that this operation never gave out. */
  poll(
    operation: SnovOperation,
    hash: string,
    struck: SnovStruck,
  ): { status: TaskStatus; body: Record<string, unknown> } | undefined
  /** Completes what nobody has polled for long enough: what was bought is charged although its buyer never came back. */
  settleUnattended(): void
  readonly starts: Record<string, number>
  readonly polls: Record<string, number>
}

/** Keeps the tasks. Credits move when a task completes [B], and an answer may be fetched again for nothing [B]. */
export function createTasks({ credits, pendingPolls, unattendedMs, now }: TasksOptions): Tasks {
  const tasks = new Map<string, Task>()
  const unattended = new Set<Task>()
  const starts = new Map<string, number>()

  return {
    start(operation, draft, neverFinishes) {
      const hash = randomBytes(16).toString('hex')
      const startedAtMs = now()
      const task: Task = { operation, draft, status: 'pending', rows: [], startedAtMs, pollCount: 0, neverFinishes }
      tasks.set(hash, task)
      if (!neverFinishes) unattended.add(task)
      for (const { input } of draft.items) starts.set(input, (starts.get(input) ?? 0) + 1)
      return hash
    },
    poll(operation, hash, struck) {
      const task = tasks.get(hash)
      if (task?.operation !== operation) return undefined
      task.pollCount += 1
      unattended.delete(task)
      const due = task.status === 'pending' && !task.neverFinishes && task.pollCount > pendingPolls
      if (due) complete(task, credits, struck)
      const shown = task.pollCount > pendingPolls ? task.status : 'pending'
      return { status: shown, body: task.draft.result(hash, shown, shown === 'pending' ? [] : task.rows) }
    },
    settleUnattended() {
      // In the order of their starts, so the first that is too young ends the search.
      for (const task of unattended) {
        if (now() - task.startedAtMs < unattendedMs) return
        unattended.delete(task)
        complete(task, credits)
      }
    },
    get starts() {
      return Object.fromEntries(starts)
    },
    get polls() {
      return Object.fromEntries([...tasks].map(([hash, { pollCount }]) => [hash, pollCount]))
    },
  }
}

/** [B] a task whose price is beyond the balance is not begun at all: no rows and no charge. */
function complete(task: Task, credits: Credits, struck?: SnovStruck): void {
  const { items } = task.draft
  const price = items.reduce((sum, item) => sum + item.credits, 0)
  const refused = price > 0 && struck?.hits('no-credits') !== undefined
  const short = refused || price > credits.balance
  const paid = !short ? items : !refused && struck?.hits('partial-credits') ? affordable(items, credits.balance) : []
  for (const { input, credits: creditCount } of paid) credits.charge(input, creditCount)
  task.status = short ? 'not_enough_credits' : 'completed'
  task.rows = paid.map(({ row }) => row)
}

function affordable(items: readonly TaskItem[], balance: number): TaskItem[] {
  let left = balance
  return items.filter((item) => {
    if (item.credits > left) return false
    left -= item.credits
    return true
  })
}

/** The account's credits and what they were spent on. */
export interface Credits {
  readonly balance: number
  /** Takes the price of one input. */
  charge(input: string, creditCount: number): void
  /** Moves the balance as if somebody else used the account; below zero it spends. */
  move(creditCount: number): void
  wasCharged(input: string): boolean
  readonly charges: Record<string, number>
  readonly spent: number
}

export function createCredits(start: number): Credits {
  let balance = start
  let spent = 0
  const charges = new Map<string, number>()
  return {
    get balance() {
      return balance
    },
    charge(input, creditCount) {
      if (creditCount === 0) return
      balance -= creditCount
      spent += creditCount
      charges.set(input, (charges.get(input) ?? 0) + creditCount)
    },
    move(creditCount) {
      balance = Math.max(0, balance + creditCount)
    },
    wasCharged: (input) => charges.has(input),
    get charges() {
      return Object.fromEntries(charges)
    },
    get spent() {
      return spent
    },
  }
}

export interface TokensOptions {
  clientId: string
  clientSecret: string
  tokenLifeMs: number
  now: () => number
}

export interface Tokens {
  /** Answers a request for a token; `exclusive` ends the older ones. */
  issue(params: Params, exclusive: () => boolean): Reply
  isGood(token: string): boolean
}

/** The token endpoint. An older token stays good until it expires [B]. */
export function createTokens({ clientId, clientSecret, tokenLifeMs, now }: TokensOptions): Tokens {
  const expiries = new Map<string, number>()
  return {
    issue(params, exclusive) {
      const named = params.text('client_id') === clientId && params.text('client_secret') === clientSecret
      // [B] a wrong grant type is answered like a wrong client.
      if (!named || params.text('grant_type') !== 'client_credentials') return badClient()
      if (exclusive()) expiries.clear()
      const token = randomBytes(40).toString('base64').replace(/[+/=]/g, 'x').slice(0, 40)
      expiries.set(token, now() + tokenLifeMs)
      return json({ access_token: token, token_type: 'Bearer', expires_in: Math.floor(tokenLifeMs / 1000) })
    },
    isGood: (token) => now() < (expiries.get(token) ?? Number.NEGATIVE_INFINITY),
  }
}

/** The token of a call: a Bearer header, the header without that word [B], or the `access_token` parameter. */
export function tokenOf(authorization: string | undefined, params: Params): string {
  return authorization === undefined ? params.text('access_token') : authorization.replace(/^bearer\s+/i, '').trim()
}
