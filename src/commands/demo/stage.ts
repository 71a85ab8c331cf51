// Where the demo plays: it reports what happens and runs the commands that an operator would type.

import { spawn } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Context } from '../../context.ts'
import { ChpipeError } from '../../errors.ts'
import { isOwnVariable } from '../../settings.ts'

export interface DemoStage {
  /** Says a sentence to the watcher. */
  tell(text: string): void
  /** Shows the command line, runs it with its output shown, and checks how it ended. */
  play(args: string[], wanted: number): Promise<void>
  /** Shows the command line and starts it, output shown. */
  start(args: string[]): Child
  /** Runs a command unseen and returns what it printed. */
  ask(args: string[]): Promise<string>
}

/** Sets the stage: children run in `cwd` with nothing of chpipe in their environment but `settings`. */
export function createStage(context: Context, cwd: string, settings: Record<string, string>): DemoStage {
  const { host, signal, quiet } = context
  const env = cleanEnvironment(host.env, settings)
  const bright = host.stderr.isTTY === true && !host.env.NO_COLOR
  const terminal = host.stderr.isTTY === true && !quiet
  const write = (text: string) => {
    if (!quiet) host.stderr.write(text)
  }
  const start = (args: string[]) => {
    const line = `$ chpipe ${args.join(' ')}`
    write(`\n${bright ? `\x1b[1m${line}\x1b[0m` : line}\n`)
    return startChpipe(args, { cwd, env, signal, terminal, onOutput: write })
  }
  return {
    tell: (text) => write(`${text}\n`),
    start,
    async play(args, wanted) {
      checkEnd(args, await start(args).ended, wanted)
    },
    async ask(args) {
      const { stdout } = await startChpipe(args, { cwd, env, signal, terminal: false }).ended
      return stdout
    },
  }
}

/** Throws unless a command of the demo ended as it should: `data` when it refused the storage, else a bug. */
export function checkEnd(args: string[], { code, stderr }: Ended, wanted: number): void {
  if (code === wanted) return
  throw new ChpipeError(
    code === 5 ? 'data' : 'bug',
    `chpipe ${args.join(' ')} ended with ${code}, not with ${wanted}`,
    {
      hint: stderr ? `it said: ${stderr.trim()}` : 'see what it said above',
    },
  )
}

// Runs the real chpipe as a child process, in an environment that knows nothing of the operator's keys.

/** A child that does not end within this after an interrupt is killed. */
const PATIENCE_MS = 3000

/** The terminal that the demo is shown on; stdout is for its result. */
const STDERR = 2

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

interface Ended {
  code: number
  /** Empty when the child wrote to the terminal itself, like `stderr`. */
  stdout: string
  stderr: string
}

/** Starts `chpipe` with these arguments. `ended` rejects with the signal's reason once the child is gone. */
function startChpipe(args: string[], { cwd, env, signal, terminal, onOutput }: ChildOptions): Child {
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
function cleanEnvironment(
  env: Record<string, string | undefined>,
  settings: Record<string, string>,
): Record<string, string | undefined> {
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => !isOwnVariable(name))), ...settings }
}

/** `bin/chpipe.js` of this package, which the sources and the built program reach from different depths. */
function programPath(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'bin', 'chpipe.js')) && folder !== dirname(folder)) folder = dirname(folder)
  return join(folder, 'bin', 'chpipe.js')
}

/** Marks a folder as the demo's own, which alone may be replaced. */
const MARKER = '.chpipe-demo'

/** Makes `folder` anew, replacing what an earlier demo left. Throws `data` for a folder that is not the demo's. */
export function takeFolder(folder: string): void {
  if (exists(folder)) {
    if (!lstatSync(folder).isDirectory() || !existsSync(join(folder, MARKER))) {
      throw new ChpipeError('data', `The folder exists and was not made by the demo: ${folder}`, {
        hint: 'move it away, or run the demo in another folder',
      })
    }
    rmSync(folder, { recursive: true })
  }
  try {
    mkdirSync(folder)
    writeFileSync(join(folder, MARKER), 'Made by `chpipe demo`, which replaces this folder when it runs again.\n')
  } catch (cause) {
    throw new ChpipeError('data', `The folder cannot be made: ${folder}`, {
      hint: 'run the demo in a folder that you may write to',
      cause,
    })
  }
}

/** Also true for a link that leads nowhere. */
function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
