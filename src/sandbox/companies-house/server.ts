import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { errorMessage } from '../../errors.ts'
import { listen, send, stopListening, UNSPOILT } from '../kit/host.ts'
import { createRateWindow, type WindowKind } from '../kit/rate-window.ts'
import { empty, json, type Reply, sentence } from '../kit/replies.ts'
import { hashText, mix, Random } from '../world/random.ts'
import type { World } from '../world/world.ts'
import { createApi } from './api.ts'
import { createFaultSwitch, type FaultPlan, parseFaults } from './faults.ts'
import { createRequestLog, type RequestCounts } from './requests.ts'
import { type CallServer, serveCall } from './serve.ts'

export interface SandboxOptions {
  world: World
  /** 0, the default, takes any free port. */
  port?: number
  host?: string
  apiKey?: string
  /** 600 calls per 5 minutes unless given. */
  quota?: { limit: number; windowMs: number }
  /** How the allowance comes back; `fixed` is the real one. */
  windowKind?: WindowKind
  /** The most officers on one page: 500 were honoured once (facts 1.5), unless something in front of the service caps them. */
  pageCap?: number
  /** How long every call takes; it is counted half-way. */
  latencyMs?: number
  faults?: FaultPlan
  /** The server's clock, which its windows, dates and fault spans follow; delays are always real. */
  clock?: { now(): number }
}

/** A running stand-in for the Companies House public data API. */
export interface Sandbox extends AsyncDisposable {
  readonly url: string
  readonly apiKey: string
  /** A copy of the counts so far. */
  readonly requests: RequestCounts
  /** The register as it really is. */
  readonly truth: World
  setFaults(plan: FaultPlan): void
  /** Uses up the allowance as if somebody else called with the same key. */
  foreignCalls(callCount: number): void
  close(): Promise<void>
}

const DEFAULT_QUOTA = { limit: 600, windowMs: 300_000 }
const SECOND = 1000

/** Starts the stand-in on 127.0.0.1 unless told otherwise; it resolves when the server listens. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { world, port = 0, host = '127.0.0.1' } = options
  const calls = callServer(options)
  const view: AdminView = {
    truth: world,
    get requests() {
      return { ...calls.log.read(), windowPeak: calls.rate.peak, faults: { ...calls.faults.spent } }
    },
    setFaults: (plan) => calls.faults.set(plan),
    foreignCalls(callCount) {
      for (let call = 0; call < callCount; call += 1) calls.rate.take()
    },
  }
  const server = createServer((request, response) => {
    response.sendDate = false
    // A rejection here is a bug of the sandbox, and ends the process as one.
    if (request.url?.startsWith(ADMIN_PREFIX)) void serveAdmin(view, request, response)
    else void serveCall(calls, request, response)
  })
  const listening = await listen(server, port, host)

  async function close(): Promise<void> {
    await stopListening(server)
  }
  return {
    url: `http://${host}:${listening}`,
    apiKey: calls.apiKey,
    truth: world,
    get requests() {
      return view.requests
    },
    setFaults: view.setFaults,
    foreignCalls: view.foreignCalls,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function callServer({ world, quota = DEFAULT_QUOTA, windowKind = 'fixed', ...options }: SandboxOptions): CallServer {
  const now = () => options.clock?.now() ?? Date.now()
  const random = new Random(world.seed, hashText('sandbox'))
  const faults = createFaultSwitch(random, now)
  faults.set(options.faults ?? [])
  const windowSeconds = Math.max(1, Math.floor(quota.windowMs / SECOND))
  const phaseMs = (mix(world.seed, hashText('phase')) % windowSeconds) * SECOND
  return {
    api: createApi({ world, pageCap: options.pageCap ?? 500, now, random }),
    apiKey: options.apiKey ?? `sandbox-${mix(world.seed, hashText('key')).toString(16).padStart(8, '0')}`,
    faults,
    rate: createRateWindow({ kind: windowKind, ...quota, phaseMs, now }),
    windowMs: quota.windowMs,
    log: createRequestLog(now),
    latencyMs: options.latencyMs ?? 0,
    random,
    now,
  }
}

async function serveAdmin(view: AdminView, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const reply = adminReply(view, request.method ?? 'GET', request.url ?? '', await text(request))
  send(response, reply, {}, UNSPOILT)
}

/** Where the admin door is: it needs no key, counts nothing and suffers no fault. */
const ADMIN_PREFIX = '/_sandbox/'

/** What the admin door can see and do. */
interface AdminView {
  readonly requests: RequestCounts
  readonly truth: World
  setFaults(plan: FaultPlan): void
  foreignCalls(callCount: number): void
}

/**
 * Lets other processes read the sandbox's counts and truth, and steer it: `GET requests`, `GET companies/{n}`,
 * `POST faults` (a plan as text) and `POST foreign?calls=N`.
 */
function adminReply(view: AdminView, method: string, target: string, body: string): Reply {
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
