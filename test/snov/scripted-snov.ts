import type { IncomingMessage } from 'node:http'
import { type Answer, json, scriptedServer } from '../scripted-server.ts'

export interface FinderAsk {
  first_name: string
  last_name: string
  domain: string
}

export interface FoundAddress {
  email: string
  smtp_status?: string
  unknown_status_reason?: string
}

/** What the account knows, and how its server behaves; members may be changed while it runs. */
export interface SnovWorld {
  /** The domain that a company name leads to, by the name as it is sent. */
  domains: Record<string, string>
  /** Addresses by `Full Name@domain`. */
  people: Record<string, FoundAddress[]>
  credits: number
  /** Polls that answer pending before a task is done. */
  pendingPolls: number
  /** Takes a call over: its own answer instead of the usual one, which `usual` sends after all. */
  meddle: (call: SnovCall, usual: () => Answer) => Answer | undefined
}

export interface SnovCall {
  method: string
  /** Without the query. */
  path: string
  query: URLSearchParams
  authorization: string | undefined
  body: Record<string, unknown>
  port: number | undefined
}

export interface ScriptedSnov {
  url: string
  world: SnovWorld
  calls: SnovCall[]
  /** The inputs of every start that was accepted, in order: names, or `Full Name@domain`. */
  started: string[][]
  count(path: string | RegExp): number
  [Symbol.asyncDispose](): Promise<void>
}

interface Task {
  rows: unknown[]
  price: number
  polls: number
}

/** A Snov account on a free port: tokens, starts, polls and a balance that moves when a task completes. */
export async function scriptedSnov(world: Partial<SnovWorld> = {}): Promise<ScriptedSnov> {
  const all: SnovWorld = { domains: {}, people: {}, credits: 1000, pendingPolls: 0, meddle: () => undefined, ...world }
  const calls: SnovCall[] = []
  const started: string[][] = []
  const tasks = new Map<string, Task>()

  const start = (rows: unknown[], price: number, inputs: string[]) => {
    const hash = `${tasks.size}`.padStart(32, 'f')
    tasks.set(hash, { rows, price, polls: 0 })
    started.push(inputs)
    return json({ data: { task_hash: hash }, meta: {} })
  }
  const poll = (hash: string) => {
    const task = tasks.get(hash)
    if (!task) return json({ errors: { code: 422, title: 'Request not found' } }, 422)
    task.polls += 1
    if (task.polls <= all.pendingPolls) return json({ status: 'in_progress', data: [] })
    if (task.price > all.credits) return json({ status: 'not_enough_credits', data: [] })
    all.credits -= task.price
    task.price = 0
    return json({ status: 'completed', data: task.rows.toReversed() })
  }
  const usual = ({ method, path, query, body }: SnovCall): Answer => {
    const route = `${method} ${path}`
    if (route === 'POST /v1/oauth/access_token') {
      const nth = calls.filter((call) => call.path === path).length
      return json({ access_token: `token-${nth}`, token_type: 'Bearer', expires_in: 3600 })
    }
    if (route === 'GET /v1/get-balance') return json({ success: true, data: { balance: all.credits.toFixed(2) } })
    if (route === 'POST /v2/company-domain-by-name/start') {
      const names = body.names as string[]
      const rows = names.map((name) => ({ name, result: all.domains[name] ? { domain: all.domains[name] } : [] }))
      return start(rows, names.filter((name) => all.domains[name]).length, names)
    }
    if (route === 'POST /v2/emails-by-domain-by-name/start') {
      const asks = (body.rows as FinderAsk[]).map((row) => `${row.first_name} ${row.last_name}@${row.domain}`)
      const rows = asks.map((ask) => ({ people: ask.split('@')[0], result: all.people[ask] ?? [] }))
      return start(rows, asks.flatMap((ask) => all.people[ask] ?? []).length, asks)
    }
    if (method === 'GET' && path.endsWith('/result')) return poll(query.get('task_hash') ?? '')
    return json({ errors: { code: 404, title: 'Sorry, but url or entity not found' } }, 404)
  }

  const server = await scriptedServer(() => (request, response) => {
    void readCall(request).then((call) => {
      calls.push(call)
      const answer = all.meddle(call, () => usual(call)) ?? usual(call)
      answer(request, response)
    })
  })
  return {
    url: server.url,
    world: all,
    calls,
    started,
    count: (path) =>
      calls.filter((call) => (typeof path === 'string' ? call.path === path : path.test(call.path))).length,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function readCall(request: IncomingMessage): Promise<SnovCall> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString('utf8')
  const url = new URL(request.url ?? '', 'http://x')
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    authorization: request.headers.authorization,
    body: text ? JSON.parse(text) : {},
    port: request.socket.remotePort,
  }
}
