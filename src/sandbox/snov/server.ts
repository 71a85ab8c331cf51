import { HOUR_MS } from '../../clock.ts'
import { type AdminActions, faultsAction, wholeNumber } from '../kit/admin.ts'
import { startHost } from '../kit/host.ts'
import { createRateWindow } from '../kit/rate-window.ts'
import { empty, json } from '../kit/replies.ts'
import { hashText, keyOf, Random } from '../world/random.ts'
import type { World } from '../world/world.ts'
import { createSnovApi, type PendingSpelling } from './api.ts'
import { createSnovFaultSwitch, parseSnovFaults, type SnovFaultPlan } from './faults.ts'
import { createSnovRequestLog, type SnovRequestCounts } from './requests.ts'
import { type SnovCallServer, serveSnovCall } from './serve.ts'
import { type Credits, createCredits, createTasks, createTokens } from './tasks.ts'
import { createSnovTruth, type SnovTruth } from './truth.ts'

export interface SnovSandboxOptions {
  /** Its seed decides what Snov knows; its companies may be asked for by number in `truth`. */
  world: World
  /** 0, the default, takes any free port. */
  port?: number
  host?: string
  clientId?: string
  clientSecret?: string
  /** The balance at the start; 1000 unless given. */
  credits?: number
  /** How many polls of a task answer that it is pending; 1 unless given. */
  pendingPolls?: number
  /** Everywhere; as documented when absent, `in_progress` by list and `in progress` by domain. */
  pendingSpelling?: PendingSpelling
  /** An hour unless given. */
  tokenLifeMs?: number
  /** 60 unless given. */
  callsPerMinute?: number
  /** How long the minute of `callsPerMinute` is: shorter in scaled tests. */
  minuteMs?: number
  /**
   * After how long a task that nobody ever polls completes and is charged, 1 s unless given: a buyer who lost the hash
   * sees its price in the balance.
   */
  unattendedMs?: number
  faults?: SnovFaultPlan
  /** The server's clock, which its minutes, tokens and fault spans follow; delays are always real. */
  clock?: { now(): number }
}

/** A running stand-in for Snov.io. */
export interface SnovSandbox extends AsyncDisposable {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  /** A copy of the counts so far. */
  readonly requests: SnovRequestCounts
  /** Credits left. */
  readonly balance: number
  /** What Snov knows, faults aside. */
  readonly truth: SnovTruth
  setFaults(plan: SnovFaultPlan): void
  /** Moves the balance as if somebody else used the account; below zero it spends. */
  moveBalance(creditCount: number): void
  close(): Promise<void>
}

/** Starts the stand-in on 127.0.0.1 unless told otherwise; it resolves when the server listens. */
export async function startSnovSandbox(options: SnovSandboxOptions): Promise<SnovSandbox> {
  const { world, port, host } = options
  const clientId = options.clientId ?? `sandbox-${keyOf(world.seed, 'snov id')}`
  const clientSecret = options.clientSecret ?? `secret-${keyOf(world.seed, 'snov secret')}`
  const truth = createSnovTruth(world)
  const credits = createCredits(options.credits ?? 1000)
  let url = ''
  const calls = callServer({ ...options, clientId, clientSecret }, truth, credits, () => url)
  const view = adminView(calls, truth, credits)
  const door = { prefix: '/_sandbox/snov/', actions: adminActions(view) }
  const listening = await startHost({ port, host }, door, (...call) => serveSnovCall(calls, ...call))
  url = listening.url
  const { close } = listening
  return {
    url,
    clientId,
    clientSecret,
    truth,
    get requests() {
      return view.requests
    },
    get balance() {
      return view.balance
    },
    setFaults: view.setFaults,
    moveBalance: view.moveBalance,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function callServer(
  options: SnovSandboxOptions & { clientId: string; clientSecret: string },
  truth: SnovTruth,
  credits: Credits,
  baseUrl: () => string,
): SnovCallServer {
  const { world, clientId, clientSecret, pendingPolls = 1, unattendedMs = 1000, pendingSpelling } = options
  const now = () => options.clock?.now() ?? Date.now()
  const random = new Random(world.seed, hashText('snov sandbox'))
  const faults = createSnovFaultSwitch(random, now)
  faults.set(options.faults ?? [])
  const tasks = createTasks({ credits, pendingPolls, unattendedMs, now })
  const limit = options.callsPerMinute ?? 60
  return {
    api: createSnovApi({ truth, credits, tasks, seed: world.seed, baseUrl, pendingSpelling, random, now }),
    tokens: createTokens({ clientId, clientSecret, tokenLifeMs: options.tokenLifeMs ?? HOUR_MS, now }),
    tasks,
    faults,
    // [B] how the minute is counted; a sliding one is the strictest.
    rate: createRateWindow({ kind: 'sliding', limit, windowMs: options.minuteMs ?? 60_000, phaseMs: 0, now }),
    log: createSnovRequestLog(),
    now,
  }
}

function adminView({ tasks, faults, rate, log }: SnovCallServer, truth: SnovTruth, credits: Credits): SnovAdminView {
  return {
    truth,
    get requests() {
      tasks.settleUnattended()
      const { starts, polls } = tasks
      const { charges, spent } = credits
      return {
        ...log.read(),
        starts,
        charges,
        polls,
        creditsSpent: spent,
        windowPeak: rate.peak,
        faults: { ...faults.spent },
      }
    },
    get balance() {
      tasks.settleUnattended()
      return credits.balance
    },
    setFaults: (plan) => faults.set(plan),
    moveBalance: (creditCount) => credits.move(creditCount),
  }
}

/**
 * `GET requests`, `GET balance`, `GET domains?company=` (number or name), `GET emails?first_name=&last_name=&domain=`,
 * `POST faults` (a plan as text) and `POST balance?by=-5`.
 */
function adminActions(view: SnovAdminView): AdminActions {
  return {
    'GET requests': () => json(view.requests),
    'GET balance': () => json({ balance: view.balance }),
    'GET domains': ({ query }) => json(view.truth.domainOf(query.get('company') ?? '') ?? null),
    'GET emails': ({ query }) => {
      const [first = '', last = '', domain = ''] = ['first_name', 'last_name', 'domain'].map((n) => query.get(n) ?? '')
      return json(view.truth.emailsOf(first, last, domain))
    },
    ...faultsAction(parseSnovFaults, view.setFaults),
    'POST balance': ({ query }) => {
      view.moveBalance(wholeNumber(query, 'by', /^[+-]?\d{1,9}$/))
      return empty(204)
    },
  }
}

/** What the admin door can see and do. */
type SnovAdminView = Pick<SnovSandbox, 'requests' | 'balance' | 'truth' | 'setFaults' | 'moveBalance'>
