import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { errorMessage } from '../../errors.ts'
import { listen, send, stopListening, UNSPOILT } from '../kit/host.ts'
import { createRateWindow } from '../kit/rate-window.ts'
import { empty, json, type Reply, sentence } from '../kit/replies.ts'
import { hashText, mix, Random } from '../world/random.ts'
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
  const { world, port = 0, host = '127.0.0.1' } = options
  const clientId = options.clientId ?? `sandbox-${keyOf(world, 'snov id')}`
  const clientSecret = options.clientSecret ?? `secret-${keyOf(world, 'snov secret')}`
  const truth = createSnovTruth(world)
  const credits = createCredits(options.credits ?? 1000)
  let url = ''
  const calls = callServer({ ...options, clientId, clientSecret }, truth, credits, () => url)
  const view = adminView(calls, truth, credits)
  const server = createServer((request, response) => {
    response.sendDate = false
    // A rejection here is a bug of the sandbox, and ends the process as one.
    if (request.url?.startsWith(SNOV_ADMIN_PREFIX)) void serveAdmin(view, request, response)
    else void serveSnovCall(calls, request, response)
  })
  url = `http://${host}:${await listen(server, port, host)}`

  async function close(): Promise<void> {
    await stopListening(server)
  }
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
    tokens: createTokens({ clientId, clientSecret, tokenLifeMs: options.tokenLifeMs ?? 3_600_000, now }),
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

async function serveAdmin(view: SnovAdminView, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const reply = snovAdminReply(view, request.method ?? 'GET', request.url ?? '', await text(request))
  send(response, reply, {}, UNSPOILT)
}

function keyOf({ seed }: World, name: string): string {
  return mix(seed, hashText(name)).toString(16).padStart(8, '0')
}

/** Where the admin door is: it needs no token, counts nothing and suffers no fault. */
const SNOV_ADMIN_PREFIX = '/_sandbox/snov/'

/** What the admin door can see and do. */
interface SnovAdminView {
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
function snovAdminReply(view: SnovAdminView, method: string, target: string, body: string): Reply {
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
