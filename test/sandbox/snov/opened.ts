import { parseSnovFaults } from '../../../src/sandbox/snov/faults.ts'
import { type SnovSandbox, type SnovSandboxOptions, startSnovSandbox } from '../../../src/sandbox/snov/server.ts'
import type { SnovTruth } from '../../../src/sandbox/snov/truth.ts'
import { createWorld, type World } from '../../../src/sandbox/world/world.ts'
import { type Answer, type HandClock, handClock, TODAY } from '../companies-house/opened.ts'

export interface OpenedSnov extends AsyncDisposable {
  sandbox: SnovSandbox
  truth: SnovTruth
  world: World
  clock: HandClock
  token: string
  /** A call with the token; a body is sent as JSON. */
  call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer>
  /** Starts a task by list and returns its hash. */
  start(operation: string, body: unknown): Promise<string>
  /** Asks once for the result of a task by list. */
  poll(operation: string, hash: string): Promise<Answer>
  /** Starts a task by list and asks until it is no longer pending. */
  finish(operation: string, body: unknown): Promise<Answer>
  setFaults(plan: string): void
}

/** A Snov sandbox on a free port, and a client that holds its token. */
export async function openedSnov(
  options: Partial<Omit<SnovSandboxOptions, 'faults'>> & { faults?: string } = {},
): Promise<OpenedSnov> {
  const { faults = '', ...rest } = options
  const world = createWorld({ seed: 5, companies: 300, today: TODAY })
  const clock = handClock()
  const sandbox = await startSnovSandbox({ world, clock, ...rest })
  const { body } = await askToken(sandbox, 'application/json', JSON.stringify(credentials(sandbox)))
  sandbox.setFaults(parseSnovFaults(faults))
  const token = String(body.access_token)

  async function call(method: string, path: string, payload?: unknown): Promise<Answer> {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
    return answered(
      await fetch(sandbox.url + path, {
        method,
        headers,
        ...(payload === undefined ? {} : { body: JSON.stringify(payload) }),
      }),
    )
  }
  async function start(operation: string, payload: unknown): Promise<string> {
    const { body: started } = await call('POST', `/v2/${operation}/start`, payload)
    return String(Object(started.data).task_hash)
  }
  const poll = (operation: string, hash: string) => call('GET', `/v2/${operation}/result?task_hash=${hash}`)
  return {
    ...{ sandbox, truth: sandbox.truth, world, clock, token, call, start, poll },
    async finish(operation, payload) {
      const hash = await start(operation, payload)
      for (;;) {
        const answer = await poll(operation, hash)
        if (answer.body.status !== 'in_progress') return answer
      }
    },
    setFaults: (plan) => sandbox.setFaults(parseSnovFaults(plan)),
    [Symbol.asyncDispose]: () => sandbox.close(),
  }
}

export function credentials({ clientId, clientSecret }: SnovSandbox): Record<string, string> {
  return { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
}

/** Asks the token endpoint with any kind of body. */
export async function askToken(
  sandbox: SnovSandbox,
  type: string | undefined,
  body: string | FormData,
): Promise<Answer> {
  const headers = type === undefined ? {} : { 'Content-Type': type }
  return answered(await fetch(`${sandbox.url}/v1/oauth/access_token`, { method: 'POST', headers, body }))
}

export async function answered(response: Response): Promise<Answer> {
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: parsed(text) }
}

function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

/** The rows of an answer by list. */
export function rowsOf({ body }: Answer): Record<string, unknown>[] {
  return body.data as Record<string, unknown>[]
}

/** `count` company names that `wanted` accepts. */
function namesWith(count: number, wanted: (name: string) => boolean): string[] {
  return several(count, (at) => `Alder Works ${at}`, wanted)
}

export function hitNames(truth: SnovTruth, count: number): string[] {
  return namesWith(count, (name) => truth.domainOf(name) !== undefined)
}

export function missNames(truth: SnovTruth, count: number): string[] {
  return namesWith(count, (name) => truth.domainOf(name) === undefined)
}

export function domainWith(wanted: (domain: string) => boolean): string {
  return several(1, (at) => `alder-works-${at}.example`, wanted)[0] ?? ''
}

export interface Row {
  first_name: string
  last_name: string
  domain: string
}

/** `count` people of a domain for whom the finder finds so many e-mails of this status. */
export function peopleWith(
  truth: SnovTruth,
  domain: string,
  { count = 1, emails = 1, status }: { count?: number; emails?: number; status?: string },
): Row[] {
  const row = (at: number) => ({ first_name: 'Jo', last_name: `Bloggs${at}`, domain })
  return several(count, row, ({ first_name, last_name }) => {
    const found = truth.emailsOf(first_name, last_name, domain)
    return found.length === emails && found.every(({ smtp_status }) => !status || smtp_status === status)
  })
}

export function several<Thing>(count: number, make: (at: number) => Thing, wanted: (thing: Thing) => boolean): Thing[] {
  const found: Thing[] = []
  for (let at = 0; found.length < count; at += 1) {
    if (at > 100_000) throw new Error('there are too few of them')
    const thing = make(at)
    if (wanted(thing)) found.push(thing)
  }
  return found
}
