import { setMaxListeners } from 'node:events'
import type { Host } from './context.ts'
import { ChpipeError, type ErrorKind, errorMessage, systemError } from './errors.ts'
import { outlivesTerminal, writeTo } from './print.ts'
import { hang, printable, safeJson, widthOf, withoutControls } from './text.ts'

/** The one table of exit codes; the README shows it. */
export const exitCodes: Record<ErrorKind, number> = {
  no: 1,
  usage: 2,
  config: 3,
  upstream: 4,
  data: 5,
  bug: 70,
  interrupted: 130,
}

/** Runs one command line and returns its exit code; never throws and never ends the process but on a second Ctrl-C. */
export async function main(host: Host): Promise<number> {
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const interrupt = () => {
    if (stop.signal.aborted) host.exit(exitCodes.interrupted)
    stop.abort(
      new ChpipeError('interrupted', 'Interrupted', {
        hint: 'run the same command again',
      }),
    )
  }
  const listeners = {
    SIGINT: interrupt,
    SIGTERM: interrupt,
    SIGHUP: outlivesTerminal(host.env) ? ignore : interrupt,
    // Node would open a debugger, through which others on this machine could read the keys.
    SIGUSR1: ignore,
  }
  const signals = Object.keys(listeners) as (keyof typeof listeners)[]
  for (const signal of signals) host.on(signal, listeners[signal])
  host.stdout.on('error', ignore)
  host.stderr.on('error', ignore)
  try {
    return await run(host, stop.signal)
  } catch (error) {
    return reportError(host, error)
  } finally {
    for (const signal of signals) host.off(signal, listeners[signal])
  }
}

/** A write to a closed pipe also rejects where it was awaited; without a listener it would end the process. */
function ignore(): void {}

/** The help of the program is told without loading the parser, which takes longer than all the rest. */
async function run(host: Host, signal: AbortSignal): Promise<number> {
  const [first = 'help', ...rest] = host.argv.slice(2)
  if (rest.length === 0 && ['help', '--help', '-h'].includes(first)) {
    const { helpWidth, programUsage } = await import('./commands/usage.ts')
    await writeTo(host.stdout, programUsage(helpWidth(host)))
    return 0
  }
  const { runCommandLine } = await import('./command-line.ts')
  return runCommandLine(host, signal)
}

function reportError(host: Host, error: unknown): number {
  if ((error as NodeJS.ErrnoException | null)?.code === 'EPIPE') return 0
  const known = toChpipeError(error)
  if (host.argv.includes('--json')) {
    const { kind, message, hint } = known
    host.stderr.write(`${safeJson({ error: { kind, message, hint } })}\n`)
  } else {
    // Whoever interrupts a run knows it, and has its summary: that is no error.
    const prefix = known.kind === 'interrupted' ? '' : 'error: '
    const message = fitted(host, `${prefix}${printable(known.message)}`, prefix.length)
    host.stderr.write(`${prefix && red(host, prefix.trim())}${message.slice(prefix.trim().length)}\n`)
    if (known.hint) host.stderr.write(`${fitted(host, `try: ${printable(known.hint)}`, 5)}\n`)
    if (known.kind === 'bug' && error instanceof Error) host.stderr.write(`${withoutControls(error.stack ?? '')}\n`)
  }
  return exitCodes[known.kind]
}

/** On a terminal no word is broken. */
function fitted({ stderr }: Host, line: string, indent: number): string {
  return stderr.isTTY === true ? hang(line, widthOf(stderr), indent) : line
}

/** Only on a terminal that shows colours. */
function red({ stderr, env }: Host, text: string): string {
  return stderr.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb' ? `\x1b[31m${text}\x1b[39m` : text
}

function toChpipeError(error: unknown): ChpipeError {
  if (error instanceof ChpipeError) return error
  const refused = systemError(error)
  if (refused) return refused
  return new ChpipeError('bug', `Unexpected: ${errorMessage(error)}`, {
    hint: 'please report this with the lines below',
    cause: error,
  })
}
