// Stands between chpipe and PostgreSQL, and delays, cuts or swallows what passes.
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { PostgresServer } from '../../postgres.ts'

/** What becomes of a piece of bytes, and of all that follows. */
export type Fate =
  | 'pass'
  /** Both connections are closed at once, and the piece is lost. */
  | 'cut'
  /** The piece arrives, but its answer does not: the connections are closed when it comes. */
  | 'cut-answer'
  /** Nothing passes any more, and nothing is closed. */
  | 'swallow'

export interface PostgresProxy {
  url: string
  /** No further connection is taken. */
  refuse(): void
  [Symbol.asyncDispose](): Promise<void>
}

/** `fate` sees every piece on its way to the server, as text; each is held back for `delayMs`. */
export async function startProxy(
  server: PostgresServer,
  fate: (sent: string) => Fate | Promise<Fate>,
  delayMs = 0,
): Promise<PostgresProxy> {
  const sockets = new Set<Socket>()
  let isOpen = true
  const proxy = createServer((client) => {
    if (!isOpen) {
      client.destroy()
      return
    }
    const upstream = connect(server.port, '127.0.0.1')
    for (const socket of [client, upstream]) sockets.add(socket)
    relay(client, upstream, fate, delayMs)
  })
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
  const { port } = proxy.address() as { port: number }
  const url = new URL(server.url)
  url.port = String(port)
  return {
    url: url.href,
    refuse() {
      isOpen = false
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => proxy.close(done))
    },
  }
}

function relay(client: Socket, upstream: Socket, fate: (sent: string) => Fate | Promise<Fate>, delayMs: number): void {
  let [swallows, cutsAnswer] = [false, false]
  const cut = () => {
    client.destroy()
    upstream.destroy()
  }
  for (const socket of [client, upstream]) {
    socket.on('error', cut)
    socket.on('close', cut)
  }
  let before = Promise.resolve()
  const inOrder = (work: () => Promise<void>) => {
    before = before.then(work)
  }
  client.on('data', (bytes: Buffer) =>
    inOrder(async () => {
      if (delayMs > 0) await delay(delayMs)
      if (swallows) return
      const decided = await fate(bytes.toString('latin1'))
      if (decided === 'cut') cut()
      else if (decided === 'swallow') swallows = true
      else {
        cutsAnswer = decided === 'cut-answer'
        upstream.write(bytes)
      }
    }),
  )
  upstream.on('data', (bytes: Buffer) => {
    if (cutsAnswer) cut()
    else if (!swallows) client.write(bytes)
  })
}
