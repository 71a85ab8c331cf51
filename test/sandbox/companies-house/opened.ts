import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/companies-house/server.ts'
import { createWorld, type World } from '../../../src/sandbox/world/world.ts'

export const TODAY = '2026-09-15'

/** A wall clock that only a test moves. */
export interface HandClock {
  nowMs: number
  now(): number
}

export function handClock(nowMs = Date.parse(`${TODAY}T10:00:00Z`)): HandClock {
  return {
    nowMs,
    now() {
      return this.nowMs
    },
  }
}

export interface Answer {
  status: number
  headers: Headers
  text: string
  // Answers are looked at as tests need them.
  body: Record<string, unknown>
}

export interface Opened extends AsyncDisposable {
  sandbox: Sandbox
  world: World
  clock: HandClock
  get(path: string, headers?: Record<string, string>): Promise<Answer>
}

/** A world of `companies` with a sandbox on a free port, and a client that holds its key. */
export async function opened(
  options: Partial<SandboxOptions> & { companies?: number; seed?: number } = {},
): Promise<Opened> {
  const { companies = 300, seed = 5, ...rest } = options
  const world = createWorld({ seed, companies, today: TODAY })
  const clock = handClock()
  const sandbox = await startSandbox({ world, clock, ...rest })
  return {
    sandbox,
    world,
    clock,
    async get(path, headers = { Authorization: basic(sandbox.apiKey) }) {
      const response = await fetch(sandbox.url + path, { headers })
      const text = await response.text()
      return { status: response.status, headers: response.headers, text, body: parsed(text) }
    },
    [Symbol.asyncDispose]: () => sandbox.close(),
  }
}

export function basic(key: string): string {
  return `Basic ${Buffer.from(`${key}:`).toString('base64')}`
}

function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

/** A company of the world that `wanted` accepts. */
export function findCompany(world: World, wanted: (number: string) => boolean): string {
  for (const number of world.numbers()) if (wanted(number)) return number
  throw new Error('the world has no such company')
}
