import { ChpipeError } from '../../errors.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/companies-house.ts'
import type { SnovFaultPlan } from '../../sandbox/snov/fault-plan.ts'
import { type SnovSandbox, startSnovSandbox } from '../../sandbox/snov/snov-io.ts'
import type { StreamFaultPlan } from '../../sandbox/stream/fault-plan.ts'
import { type StreamSandbox, startStreamSandbox } from '../../sandbox/stream/server.ts'
import { isBadPort } from './bad-ports.ts'

/** The three stand-ins on one world. */
export interface SandboxServers extends AsyncDisposable {
  rest: Sandbox
  stream: StreamSandbox
  snov: SnovSandbox
}

export interface ServersOptions extends SandboxOptions {
  /** Of the REST server; the others take the next two, or any free ones. 0 takes any free ones. */
  port: number
  streamFaults: StreamFaultPlan
  snovFaults: SnovFaultPlan
  bornPerMinute: number
}

/** Starts them; they end together. Throws `config` when the port cannot be used. */
export async function startServers(options: ServersOptions): Promise<SandboxServers> {
  const { world, port, streamFaults, snovFaults, bornPerMinute, ...rest } = options
  const started: AsyncDisposable[] = []
  const close = async () => {
    await Promise.all(started.splice(0).map((server) => server[Symbol.asyncDispose]()))
  }
  const keep = <T extends AsyncDisposable>(server: T): T => {
    started.push(server)
    return server
  }
  try {
    return {
      rest: keep(await startRest({ world, port, ...rest })),
      stream: keep(
        await nextTo(port, 1, (own) => startStreamSandbox({ world, port: own, faults: streamFaults, bornPerMinute })),
      ),
      snov: keep(await nextTo(port, 2, (own) => startSnovSandbox({ world, port: own, faults: snovFaults }))),
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function startRest(options: SandboxOptions): Promise<Sandbox> {
  try {
    return await startSandbox(options)
  } catch (error) {
    if (!isTaken(error)) throw error
    const reason = error.code === 'EACCES' ? 'may not be used by you' : 'is in use'
    throw new ChpipeError('config', `Port ${options.port} ${reason}`, {
      hint: 'name another with --port; --port 0 takes any free one',
      cause: error,
    })
  }
}

/** Starts on the port so many behind `port`, and on any free one where that is taken, refused by clients or none. */
async function nextTo<T>(port: number, behind: number, start: (port: number) => Promise<T>): Promise<T> {
  const wanted = port + behind
  if (port === 0 || wanted > 65_535 || isBadPort(wanted)) return start(0)
  try {
    return await start(wanted)
  } catch (error) {
    if (!isTaken(error)) throw error
    return start(0)
  }
}

function isTaken(error: unknown): error is NodeJS.ErrnoException {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EADDRINUSE' || code === 'EACCES'
}
