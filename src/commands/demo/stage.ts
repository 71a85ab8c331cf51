// Where the demo plays: it tells what happens and runs the commands that an operator would type.
import type { Context } from '../../context.ts'
import { ChpipeError } from '../../errors.ts'
import { type Child, cleanEnvironment, type Ended, startChpipe } from './child.ts'

export interface Stage {
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
export function createStage(context: Context, cwd: string, settings: Record<string, string>): Stage {
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
