import { type AdminActions, faultsAction, wholeNumber } from '../kit/admin.ts'
import { startHost } from '../kit/host.ts'
import { createRateWindow, type WindowKind } from '../kit/rate-window.ts'
import { empty, json, sentence } from '../kit/replies.ts'
import { hashText, keyOf, mix, Random } from '../world/random.ts'
import type { World } from '../world/world.ts'
import { createApi } from './api.ts'
import { createRestFaultSwitch, type FaultPlan, parseFaults } from './faults.ts'
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
  const { world, port, host } = options
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
  const { url, close } = await startHost(
    { port, host },
    { prefix: '/_sandbox/', actions: adminActions(view) },
    (...call) => serveCall(calls, ...call),
  )
  return {
    url,
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
  const faults = createRestFaultSwitch(random, now)
  faults.set(options.faults ?? [])
  const windowSeconds = Math.max(1, Math.floor(quota.windowMs / SECOND))
  const phaseMs = (mix(world.seed, hashText('phase')) % windowSeconds) * SECOND
  return {
    api: createApi({ world, pageCap: options.pageCap ?? 500, now, random }),
    apiKey: options.apiKey ?? `sandbox-${keyOf(world.seed, 'key')}`,
    faults,
    rate: createRateWindow({ kind: windowKind, ...quota, phaseMs, now }),
    windowMs: quota.windowMs,
    log: createRequestLog(now),
    latencyMs: options.latencyMs ?? 0,
    random,
    now,
  }
}

/** `GET requests`, `GET companies/{n}`, `POST faults` (a plan as text) and `POST foreign?calls=N`. */
function adminActions(view: AdminView): AdminActions {
  return {
    'GET requests': () => json(view.requests),
    'GET companies': ({ rest: number }) => {
      const company = view.truth.company(number)
      return company
        ? json({ company, officers: view.truth.officers(number) })
        : sentence(404, `There is no company ${number}.\n`)
    },
    ...faultsAction(parseFaults, view.setFaults),
    'POST foreign': ({ query }) => {
      view.foreignCalls(wholeNumber(query, 'calls', /^\d{1,6}$/))
      return empty(204)
    },
  }
}

/** What the admin door can see and do. */
type AdminView = Pick<Sandbox, 'requests' | 'truth' | 'setFaults' | 'foreignCalls'>
