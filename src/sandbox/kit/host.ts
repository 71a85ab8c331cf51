import type { Server, ServerResponse } from 'node:http'
import type { Struck } from '../companies-house/faults.ts'
import type { Reply } from './replies.ts'

/** Lets the server listen, and resolves with its port; 0 takes any free one. */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

/** Ends the server and all its connections, answered or not. */
export async function stopListening(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise<void>((resolve) => server.close(() => resolve()))
}

const GARBAGE = '\u0000\u0001not json at all <<<'
const WEB_PAGE =
  '<!DOCTYPE html>\n<html><head><title>Sorry</title></head><body>Sorry, there is a problem.</body></html>\n'

const SPOILERS = ['reset-mid-body', 'truncated', 'garbage', 'html'] as const

/** No fault at all. */
export const UNSPOILT: Struck = { has: () => false, hits: () => false, delayMs: () => 0 }

/** Puts a reply on the wire, spoilt by the faults that make a good answer unreadable. */
export function send(response: ServerResponse, reply: Reply, headers: Record<string, string>, struck: Struck): void {
  const spoiler = reply.status === 200 ? SPOILERS.find((name) => struck.hits(name)) : undefined
  const whole = reply.json === undefined ? (reply.text ?? '') : JSON.stringify(reply.json)
  const body = spoiler === 'garbage' ? GARBAGE : spoiler === 'html' ? WEB_PAGE : whole
  const bytes = Buffer.from(spoiler === 'truncated' ? halfOf(body) : body)
  response.writeHead(reply.status, {
    ...(reply.json === undefined ? {} : { 'Content-Type': spoiler === 'html' ? 'text/html' : 'application/json' }),
    ...headers,
    ...reply.headers,
    'Content-Length': String(bytes.length),
  })
  if (spoiler !== 'reset-mid-body') response.end(bytes)
  else response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.socket?.resetAndDestroy())
}

function halfOf(text: string): string {
  return text.slice(0, Math.floor(text.length / 2))
}
