import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

const own = (name: string) => fileURLToPath(new URL(`certificates/${name}`, import.meta.url))

/** The certificate that vouches for the server's, as NODE_EXTRA_CA_CERTS names it. Both are made for these tests. */
export const CA_FILE = own('ca.pem')

interface Listening {
  url: string
  port: number
  [Symbol.asyncDispose](): Promise<void>
}

/** A server for `https://localhost`, on a free port. */
export async function tlsServer(answer: RequestListener): Promise<Listening> {
  const server = createServer({ key: readFileSync(own('server.key')), cert: readFileSync(own('server.pem')) }, answer)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `https://localhost:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** A server that does to each connection what `treat` says, and never speaks by itself. */
export async function tcpServer(treat: (socket: Socket) => void): Promise<Listening> {
  const open = new Set<Socket>()
  const server = createTcpServer((socket) => {
    open.add(socket.on('error', () => {}))
    treat(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done())
        for (const socket of open) socket.destroy()
      }),
  }
}

export interface ConnectProxy extends Listening {
  /** What it was asked to connect to, and by whom. */
  asked: { destination: string; authorization: string | undefined }[]
}

/** A proxy that knows CONNECT alone; it refuses with `refusal`, or sees only what passes encrypted. */
export async function connectProxy({ refusal }: { refusal?: string } = {}): Promise<ConnectProxy> {
  const asked: ConnectProxy['asked'] = []
  const server = createHttpServer((_request, response) => response.writeHead(405).end())
  const open = new Set<Socket>()
  server.on('connect', (request, socket: Socket) => {
    open.add(socket.on('error', () => {}))
    const destination = request.url ?? ''
    asked.push({ destination, authorization: request.headers['proxy-authorization'] })
    if (refusal) return socket.end(`HTTP/1.1 ${refusal}\r\ncontent-length: 0\r\n\r\n`)
    const [, host = '', port] = /^(.*):(\d+)$/.exec(destination) ?? []
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    open.add(onward.on('error', () => socket.destroy()))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    asked,
    port,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
        for (const socket of open) socket.destroy()
      }),
  }
}
