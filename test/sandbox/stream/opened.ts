import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { eventText, type StreamEvent } from '../../../src/sandbox/stream/event-log.ts'
import {
  type StreamSandbox,
  type StreamSandboxOptions,
  startStreamSandbox,
} from '../../../src/sandbox/stream/server.ts'
import { createWorld, type World } from '../../../src/sandbox/world/world.ts'
import { basic, type HandClock, handClock, TODAY } from '../companies-house/opened.ts'

/** What a reader of a stream has got so far. */
export interface Reading {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** As they came. */
  readonly chunks: readonly Buffer[]
  readonly text: string
  /** The lines that are complete, heartbeats left out. */
  readonly lines: readonly string[]
  readonly events: readonly StreamEvent[]
  /** How the connection ended; undefined while it is open. */
  readonly ended: 'clean' | 'broken' | undefined
  readonly socket: Socket
  leave(): void
}

export interface OpenedStream extends AsyncDisposable {
  sandbox: StreamSandbox
  world: World
  clock: HandClock
  /** Requests `path` and resolves with the head, be it late. */
  read(path?: string, headers?: Record<string, string>): Promise<Reading>
}

/** A stream sandbox on a free port with a reader that holds its key. Heartbeats are quick unless told otherwise. */
export async function openedStream(
  options: Partial<StreamSandboxOptions> & { companies?: number } = {},
): Promise<OpenedStream> {
  const { companies = 300, ...rest } = options
  const world = options.world ?? createWorld({ seed: 5, companies, today: TODAY })
  const clock = handClock()
  const sandbox = await startStreamSandbox({ heartbeatMs: 20, clock, ...rest, world })
  return {
    sandbox,
    world,
    clock,
    read: (path = '/companies', headers = { Authorization: basic(sandbox.streamKey) }) =>
      startReading(sandbox.url + path, headers),
    [Symbol.asyncDispose]: () => sandbox.close(),
  }
}

/** `/companies` from a timepoint on. */
export function since(timepoint: number): string {
  return `/companies?timepoint=${timepoint}`
}

function startReading(url: string, headers: Record<string, string>): Promise<Reading> {
  return new Promise((resolve, reject) => {
    const call = request(url, { headers, agent: false })
    call.on('response', (response) => resolve(collect(response)))
    call.on('error', reject)
    call.end()
  })
}

function collect(response: IncomingMessage): Reading {
  const chunks: Buffer[] = []
  let ended: Reading['ended']
  response.on('data', (chunk) => chunks.push(chunk))
  response.on('end', () => {
    ended = 'clean'
  })
  response.on('error', () => {
    ended = 'broken'
  })
  const text = () => Buffer.concat(chunks).toString('utf8')
  const lines = () =>
    text()
      .split('\n')
      .slice(0, -1)
      .filter((line) => line !== '')
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    chunks,
    get text() {
      return text()
    },
    get lines() {
      return lines()
    },
    get events() {
      return lines().map((line) => JSON.parse(line))
    },
    get ended() {
      return ended
    },
    socket: response.socket,
    leave: () => response.destroy(),
  }
}

export function timepoints(events: Iterable<StreamEvent>): number[] {
  return Array.from(events, ({ event }) => event.timepoint)
}

/** Everything that was published from `from` to `to`, as lines. */
export function truth({ logs }: StreamSandbox, from?: number, to?: number): string[] {
  return Array.from(logs.companies.events(from, to), eventText)
}
