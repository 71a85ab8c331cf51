import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

/** `silent`: nothing arrives any more, and nothing is refused. `cut`: connections end, and new ones are refused. */
export type ProxyMode = 'open' | 'silent' | 'cut'

export interface TcpProxy {
  port: number
  mode(mode: ProxyMode): void
  /** From now each piece takes so long, each way (ms). */
  delay(ms: number): void
  [Symbol.asyncDispose](): Promise<void>
}

/** Stands between a program and the server at `target` of 127.0.0.1, and fails as networks do. */
export async function tcpProxy(target: number): Promise<TcpProxy> {
  let mode: ProxyMode = 'open'
  let delayMs = 0
  const sockets = new Set<Socket>()

  /** Whole pieces in their order, each after the delay. */
  const forward = (from: Socket, to: Socket) => {
    from.on('data', (piece) => {
      setTimeout(() => {
        if (mode === 'open' && !to.destroyed) to.write(piece)
      }, delayMs)
    })
    from.on('close', () => setTimeout(() => mode !== 'silent' && to.destroy(), delayMs))
    from.on('error', () => {})
  }

  const server = createServer((socket) => {
    if (mode === 'cut') return void socket.resetAndDestroy()
    const onward = connect(target, '127.0.0.1')
    for (const one of [socket, onward]) {
      one.setNoDelay(true)
      sockets.add(one)
      one.on('close', () => sockets.delete(one))
    }
    forward(socket, onward)
    forward(onward, socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    port: (server.address() as AddressInfo).port,
    mode(next) {
      mode = next
      if (next === 'cut') for (const socket of sockets) socket.destroy()
    },
    delay(ms) {
      delayMs = ms
    },
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
