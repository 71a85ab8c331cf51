// What all three services need to be on the wire: a listening server with an admin door, and replies that faults may spoil.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { type AdminDoor, serveAdmin } from './admin.ts'

/** How long a call takes under the fault `slow`, unless its rule says otherwise. */
export const DEFAULT_SLOW_MS = 5000

export interface ServiceHostOptions {
  /** 0, the default, takes any free port. */
  port?: number | undefined
  /** 127.0.0.1 unless given. */
  host?: string | undefined
}

export interface ServiceHost {
  readonly url: string
  /** Ends the server and all its connections, answered or not. */
  close(): Promise<void>
}

/** Starts a service and its admin door; resolves when the server listens. */
export async function startHost(
  { port = 0, host = '127.0.0.1' }: ServiceHostOptions,
  door: AdminDoor,
  serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<ServiceHost> {
  const server = createServer((request, response) => {
    response.sendDate = false
    // A rejection here is a bug of the sandbox, and ends the process as one.
    if (request.url?.startsWith(door.prefix)) void serveAdmin(door, request, response)
    else void serve(request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const listening = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host}:${listening}`,
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Waits in real time; not at all for 0 and undefined. */
export async function pause(ms: number | undefined): Promise<void> {
  if (ms !== undefined && ms > 0) await delay(ms)
}
