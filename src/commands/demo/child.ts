// Runs the real chpipe as a child process, in an environment that knows nothing of the operator's keys.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A child that does not end within this after an interrupt is killed. */
const PATIENCE_MS = 3000

/** The terminal that the demo tells its story on; stdout is for its result. */
const STDERR = 2

const OWN_VARIABLES = /^((COMPANIES_HOUSE|SNOV|CHPIPE)_|(https?|no)_proxy$)/i

export interface ChildOptions {
  cwd: string
  env: Record<string, string | undefined>
  /** Ends the child when it aborts. */
  signal: AbortSignal
  /** Lets the child write and draw on this process's own terminal; then nobody else sees what it says. */
  terminal: boolean
  /** Receives what the child writes, results and notices alike. */
  onOutput?: (text: string) => void
}

export interface Child {
  /** What Ctrl-C does. */
  interrupt(): void
  ended: Promise<Ended>
}

export interface Ended {
  code: number
  /** Empty when the child wrote to the terminal itself, like `stderr`. */
  stdout: string
  stderr: string
}

/** Starts `chpipe` with these arguments. `ended` rejects with the signal's reason once the child is gone. */
export function startChpipe(args: string[], { cwd, env, signal, terminal, onOutput }: ChildOptions): Child {
  signal.throwIfAborted()
  const child = spawn(process.execPath, [programPath(), ...args], {
    cwd,
    env,
    stdio: terminal ? ['ignore', STDERR, STDERR] : ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text
      onOutput?.(text)
    })
  }

  let killer: NodeJS.Timeout | undefined
  const kill = () => child.kill('SIGKILL')
  const stop = () => {
    child.kill('SIGINT')
    killer = setTimeout(kill, PATIENCE_MS)
  }
  signal.addEventListener('abort', stop, { once: true })
  process.once('exit', kill)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 1, ...said }))
  }).finally(() => {
    clearTimeout(killer)
    signal.removeEventListener('abort', stop)
    process.off('exit', kill)
    signal.throwIfAborted()
  })
  return { interrupt: () => child.kill('SIGINT'), ended }
}

/** The caller's environment without keys and settings of chpipe and without proxies, and with those given. */
export function cleanEnvironment(
  env: Record<string, string | undefined>,
  settings: Record<string, string>,
): Record<string, string | undefined> {
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => !OWN_VARIABLES.test(name))), ...settings }
}

/** `bin/chpipe.js` of this package, which the sources and the built program reach from different depths. */
function programPath(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'bin', 'chpipe.js')) && folder !== dirname(folder)) folder = dirname(folder)
  return join(folder, 'bin', 'chpipe.js')
}
