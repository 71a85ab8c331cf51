import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

export interface ScriptedServer {
  url: string
  /** Paths with their queries, in order of arrival. */
  asked: string[]
  [Symbol.asyncDispose](): Promise<void>
}

/** An HTTP server on a free port that answers what `answer` says, for cases in which the sandbox is too polite. */
export async function scriptedServer(answer: (path: string, nth: number) => Answer): Promise<ScriptedServer> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    answer(path, asked.length)(request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

export const json =
  (body: unknown, status = 200): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

export const plain =
  (status: number, body = ''): Answer =>
  (_request, response) => {
    response.writeHead(status).end(body)
  }

/** A whole page that breaks off: the connection closes before the promised length. */
export const cut: Answer = (_request, response) => {
  response.writeHead(200, { 'content-length': '500' }).write('{"items":[')
  setTimeout(() => response.destroy(), 5)
}

export const reset: Answer = (request) => {
  request.socket.resetAndDestroy()
}

/** A body that never ends, as fast as the reader takes it. */
export const endless: Answer = (_request, response) => {
  response.writeHead(200)
  const chunk = Buffer.alloc(1024 * 1024, 0x20)
  const more = () => {
    while (response.write(chunk)) if (response.destroyed) return
    response.once('drain', more)
  }
  response.on('error', () => {})
  more()
}

/** A few kilobytes that unpack to 20 MB. */
export const bomb: Answer = (_request, response) => {
  response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(20 * 1024 * 1024, 0x20)))
}

/** Every kind of redirect. */
export const REDIRECTS = [301, 302, 303, 307, 308]

/** Sends the caller elsewhere. */
export const redirect =
  (status: number, location: string): Answer =>
  (_request, response) => {
    response.writeHead(status, { location }).end()
  }

export const silent: Answer = () => {}

/** One page of an officer list as the API writes it. */
export function officersPage(
  number: string,
  ids: string[],
  { start = 0, perPage = 100, total = ids.length }: { start?: number; perPage?: number; total?: number } = {},
): Answer {
  const items = ids.slice(start, start + perPage).map((id) => ({
    name: `PERSON, ${id}`,
    officer_role: 'director',
    appointed_on: '2020-01-02',
    links: {
      self: `/company/${number}/appointments/${id}`,
      officer: { appointments: `/officers/o-${id}/appointments` },
    },
  }))
  return json({
    items,
    items_per_page: perPage,
    start_index: start,
    total_results: items.length ? total : 0,
    kind: 'officer-list',
  })
}

/** What the query asks for: `start_index`, from zero. */
export function startIndex(path: string): number {
  return Number(new URL(path, 'http://x').searchParams.get('start_index') ?? 0)
}
