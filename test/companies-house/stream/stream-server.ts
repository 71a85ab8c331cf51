import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a connection does; the last one of a script is repeated for good. */
export type Connection = (response: ServerResponse, request: IncomingMessage) => unknown

export interface StreamServer {
  url: string
  /** Where each connection was asked to begin; null for live. */
  asked: (number | null)[]
  headers: IncomingMessage['headers'][]
  [Symbol.asyncDispose](): Promise<void>
}

/** A stream server that does what the script says, connection by connection. */
export async function streamServer(...script: Connection[]): Promise<StreamServer> {
  const asked: (number | null)[] = []
  const headers: IncomingMessage['headers'][] = []
  const server = createServer((request, response) => {
    const timepoint = new URL(request.url ?? '', 'http://x').searchParams.get('timepoint')
    const connection = script[Math.min(asked.length, script.length - 1)]
    asked.push(timepoint === null ? null : Number(timepoint))
    headers.push(request.headers)
    connection?.(response, request)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    headers,
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** Sends the text and leaves the connection open. */
export const send =
  (text: string | Buffer): Connection =>
  (response) =>
    response.write(text)

/** Sends the text and ends the body properly, as every night. */
export const sendAndClose =
  (text: string): Connection =>
  (response) =>
    response.end(text)

/** Sends the text and tears the connection down. */
export const sendAndBreak =
  (text: string | Buffer): Connection =>
  (response) =>
    response.write(text, () => setTimeout(() => response.socket?.resetAndDestroy(), 5))

export const status =
  (code: number, body = ''): Connection =>
  (response) =>
    response.writeHead(code).end(body)

/** Serves a log of events as the real one does: from the timepoint on, inclusive; without one, nothing but the future. */
export const serveLog =
  (lines: Map<number, string>): Connection =>
  (response, request) => {
    const from = new URL(request.url ?? '', 'http://x').searchParams.get('timepoint')
    if (from === null) return response.write('\n')
    return response.write([...lines].map(([timepoint, line]) => (timepoint < Number(from) ? '' : line)).join(''))
  }

interface More {
  name?: string
  data?: Record<string, unknown>
  publishedAt?: string
}

/** A changed event as the service writes it, with its line end. */
export function changed(timepoint: number, number: string, more: More = {}): string {
  const { name = `COMPANY ${number} AT ${timepoint}`, data = {}, publishedAt = '2026-01-05T10:00:00' } = more
  const event = { timepoint, published_at: publishedAt, type: 'changed' }
  const profile = { company_name: name, company_number: number, company_status: 'active', type: 'ltd', ...data }
  return `${JSON.stringify({
    resource_kind: 'company-profile',
    resource_uri: `/company/${number}`,
    resource_id: number,
    data: profile,
    event,
  })}\n`
}

/** A deleted event without data, as observed (facts 3.5). */
export function deleted(timepoint: number, number: string): string {
  const event = { type: 'deleted', timepoint, published_at: '2026-01-05T10:00:00' }
  const uri = `/company/${number}`
  return `${JSON.stringify({ event, resource_id: number, resource_uri: uri, resource_kind: 'company-profile' })}\n`
}
